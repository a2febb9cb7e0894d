package sip2_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip/acs"
)

func ExampleNew() {
	system, err := acs.New(acs.Config{Mode: acs.Koha, Institution: "CPL", Decimals: 2, Patrons: []acs.Patron{
		{Card: "20017", Name: "Doe, Jo", Fees: []acs.Fee{{ID: "104", Description: "Lost Item", OutstandingMinor: 1250}}}}})
	if err != nil {
		panic(err)
	}
	defer system.Close()
	library, err := sip2.New(sip2.Config{Dial: system.Dial, Profile: "koha", Currency: "EUR"}, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	defer library.Close()
	patron := ils.Patron{Card: "20017"}
	account, err := library.Account(context.Background(), patron, ils.Doubt{})
	if err != nil {
		panic(err)
	}
	fee := account.Fees[0]
	fmt.Println(account.Initials, "owes", fee.Balance, "for fee", fee.ID)
	_, err = library.Post(context.Background(), ils.Leg{Reference: "4821-000123-01", Patron: patron, Fee: fee.ID, Amount: fee.Balance, PaidAt: time.Now()})
	fmt.Println("posted:", err == nil)
	// Output:
	// JD owes 12.50 EUR for fee 104
	// posted: true
}
