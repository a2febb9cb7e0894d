package mdb_test

import (
	"context"
	"fmt"

	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/mdb"
	"selfpay/drivers/mdb/mdbtest"
)

func ExampleTerminal_Purchase() {
	patron := &cardholder.Cardholder{}
	reader := mdbtest.New(patron)
	defer reader.Close()
	term := mdb.New(reader.Dial, mdb.Config{Currency: "EUR"})

	_, err := term.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
		terminal.Watch{Seen: func(a terminal.Approval) error {
			fmt.Println("saved:", a.Amount)
			return nil
		}})
	charged, _ := patron.Books()
	fmt.Println(err, cardholder.Minor(charged))
	// Output:
	// saved: 12.50 EUR
	// <nil> [1250]
}

func ExampleExplain() {
	for _, field := range mdb.Explain([]byte("D,REQ,-1\nd,STATUS,RESULT,-1\n")).Fields {
		fmt.Printf("%s %s %s: %s\n", field.Tag, field.Name, field.Value, field.Means)
	}
	// Output:
	// 1 kiosk D,REQ,-1: withdraws the pending request
	// 2 adapter d,STATUS,RESULT,-1: the reader denies
}
