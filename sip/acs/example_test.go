package acs_test

import (
	"fmt"
	"net"

	"selfpay/sip/acs"
)

// A library system on a real listener, with a fault on order.
func ExampleSystem_Serve() {
	library, err := acs.New(acs.Config{Mode: acs.Evergreen, Institution: "CPL", Currency: "EUR", Decimals: 2,
		Patrons: []acs.Patron{{Card: "20017", Fees: []acs.Fee{{ID: "104", Kind: "Lost", Description: "Momo", OutstandingMinor: 1250}}}}})
	if err != nil {
		panic(err)
	}
	defer library.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { _ = library.Serve(listener) }()
	if err := library.Next(acs.Silent); err != nil { // the next Fee Paid is not booked and gets no answer
		panic(err)
	}
	fmt.Println(library.Books().Patrons[0].Fees, acs.Modes())
	// Output: [{104 1250 1250}] [aleph-std aleph-tpl carlx evergreen folio generic idle joined koha late lf polaris pool sierra split totals]
}
