package sip_test

import (
	"fmt"
	"time"

	"selfpay/sip"
	"selfpay/sip/wire"
)

func ExampleFeePaid() {
	paid := sip.FeePaid{
		At:      time.Date(2024, 5, 1, 10, 15, 30, 0, time.UTC),
		FeeType: sip.FeeOverdue, PaymentType: sip.PaidCreditCard, Currency: "EUR", Amount: "2.50",
		Institution: "CPL", Patron: "P1001", Fee: "104", Transaction: "4821-000042-01",
	}
	m, err := paid.Encode()
	if err != nil {
		panic(err)
	}
	m.Sequence, m.Checksum = 3, wire.OK
	line, err := wire.Format{Charset: wire.Latin1}.Encode(m)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%q\n", line)
	// Output: "3720240501    1015300402EURBV2.50|CG104|BK4821-000042-01|AOCPL|AC|AD|AAP1001|AY3AZEC1B\r"
}
