package aleph_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/rest/resttest"
)

func Example() {
	far, err := alephtest.New(alephtest.Config{
		Institutions: []alephtest.Institution{{Code: "USM50", Name: "Central Library"}},
		Patrons: []resttest.Patron{{Card: "2110300777", Number: "LIB000012345", Name: "Anna Müller", Fees: []resttest.Fee{
			{ID: "0000001", Branch: "USM50", Description: "Overdue fine", OutstandingMinor: 950},
			{ID: "0000002", Branch: "USM50", Description: "New card", OutstandingMinor: 300}}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer far.Close()
	library, err := aleph.New(aleph.Config{
		Base: &url.URL{Scheme: "http", Host: "aleph.example.org:1892"}, XServer: &url.URL{Scheme: "http", Host: "aleph.example.org:8995"},
		Dial: far.Dial, Currency: "EUR",
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, patron := context.Background(), ils.Patron{Card: "2110300777"}
	account, err := library.Account(ctx, patron, ils.Doubt{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, fee := range account.Fees {
		fmt.Printf("%s %s (%s)\n", fee.ID, fee.Balance, fee.Description)
		_, err := library.Post(ctx, ils.Leg{Reference: "4821-000123-01", Patron: patron, Fee: fee.ID, Amount: fee.Balance, PaidAt: time.Now()})
		fmt.Println("posted:", err == nil)
	}
	// Output:
	// USM50 12.50 EUR (Central Library: Overdue fine; New card)
	// posted: true
}
