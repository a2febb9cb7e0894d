package client_test

import (
	"context"
	"errors"
	"fmt"

	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/client"
)

func ExampleClient_FeePaid() {
	library, err := acs.New(acs.Config{Mode: acs.Koha, Institution: "CPL", Decimals: 2, Login: "kiosk", Password: "word",
		Patrons: []acs.Patron{{Card: "20017", Fees: []acs.Fee{{ID: "104", OutstandingMinor: 1250}}}}})
	if err != nil {
		panic(err)
	}
	defer library.Close()
	c := client.New(client.Config{Dial: library.Dial, Login: &sip.Login{User: "kiosk", Password: "word"}})
	defer c.Close()

	paid := sip.FeePaid{FeeType: sip.FeeOther, PaymentType: sip.PaidCreditCard, Currency: "EUR", Amount: "12.50",
		Patron: "20017", Fee: "104", Transaction: "4821-000123-01"}
	if err := library.Next(acs.Drop); err != nil {
		panic(err)
	}
	_, err = c.FeePaid(context.Background(), paid)
	fmt.Println("in doubt:", errors.Is(err, sip.ErrDoubt), "booked:", len(library.Books().Postings))
	// Output: in doubt: true booked: 1
}
