package client_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// koha is a library system in memory, in place of a real one.
func koha() *acs.System {
	library, err := acs.New(acs.Config{Mode: acs.Koha, Institution: "CPL", Decimals: 2, Login: "kiosk", Password: "word",
		Patrons: []acs.Patron{{Card: "20017", PIN: "4711", Name: "Jo Doe", Fees: []acs.Fee{
			{ID: "104", Description: "Lost Item", OutstandingMinor: 1250}, {ID: "105", Description: "Overdue", OutstandingMinor: 300}}}}})
	if err != nil {
		panic(err)
	}
	return library
}

// Login and what the library system can do: nothing is opened before the first request.
func ExampleNew() {
	library := koha()
	defer library.Close()
	c := client.New(client.Config{
		Dial:      library.Dial, // over TCP: func(ctx) { return new(net.Dialer).DialContext(ctx, "tcp", address) }
		Login:     &sip.Login{User: "kiosk", Password: "word"},
		Format:    wire.Format{Charset: wire.UTF8},
		KeepAlive: 5 * time.Minute,
	})
	defer c.Close()
	status, err := c.Status(context.Background())
	if err != nil {
		panic(err)
	}
	fmt.Println(status.OnLine, status.Institution, status.Supports(sip.BXFeePaid) == sip.Supported)

	wrong := client.New(client.Config{Dial: library.Dial, Login: &sip.Login{User: "kiosk", Password: "wrong"}})
	defer wrong.Close()
	_, err = wrong.Status(context.Background())
	fmt.Println("login refused:", errors.Is(err, client.ErrLogin), "nothing happened:", errors.Is(err, sip.ErrNotSent))
	// Output:
	// true CPL true
	// login refused: true nothing happened: true
}

// A patron and what is owed. The list of fees has no form in the document: what it means, the site's library system
// says.
func ExampleClient_PatronInformation() {
	library := koha()
	defer library.Close()
	c := client.New(client.Config{Dial: library.Dial, Login: &sip.Login{User: "kiosk", Password: "word"}})
	defer c.Close()
	r, err := c.PatronInformation(context.Background(), sip.PatronInformation{Patron: "20017", PatronPassword: "4711", List: sip.FineItems})
	if err != nil {
		panic(err)
	}
	fmt.Println(r.Name, r.Valid == sip.AnswerYes, r.PasswordValid == sip.AnswerYes, r.Status[sip.ChargeDenied])
	fmt.Println(r.Fees, r.FineItems, r.Fines)
	// Output:
	// Jo Doe true true false
	// 15.50 2 [104 Lost Item 12.50 105 Overdue 3.00]
}

// Paying, with an answer that gets lost on its way: the payment is in doubt, and the account tells what happened.
func ExampleClient_FeePaid() {
	library := koha()
	defer library.Close()
	c := client.New(client.Config{Dial: library.Dial, Login: &sip.Login{User: "kiosk", Password: "word"}})
	defer c.Close()

	paid := sip.FeePaid{FeeType: sip.FeeOther, PaymentType: sip.PaidCreditCard, Currency: "EUR", Amount: "12.50",
		Patron: "20017", Fee: "104", Transaction: "4821-000123-01"}
	if err := library.Next(acs.Drop); err != nil {
		panic(err)
	}
	_, err := c.FeePaid(context.Background(), paid)
	fmt.Println("in doubt:", errors.Is(err, sip.ErrDoubt), "booked:", len(library.Books().Postings))

	// never repeat it: look
	r, err := c.PatronInformation(context.Background(), sip.PatronInformation{Patron: "20017", PatronPassword: "4711", List: sip.FineItems})
	if err != nil {
		panic(err)
	}
	fmt.Println("owed now:", r.Fees, r.Fines)
	// Output:
	// in doubt: true booked: 1
	// owed now: 3 [105 Overdue 3.00]
}
