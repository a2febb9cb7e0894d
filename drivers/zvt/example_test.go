package zvt_test

import (
	"context"
	"fmt"
	"log/slog"

	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
)

// A till charges a card. zvttest stands for the terminal; a real one is reached by zvt.DialTCP("192.0.2.20:20007").
func ExampleTerminal_Purchase() {
	far := zvttest.New(zvttest.Config{})
	defer far.Close()
	till := zvt.New(far.Dial, zvt.Config{Password: "000000"}, slog.New(slog.DiscardHandler))
	defer till.Close()

	_, err := till.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}, terminal.Watch{
		Seen: func(a terminal.Approval) error { // before the terminal learns that we know: save it here
			fmt.Println("approved:", a.Amount, "receipt", a.Receipt)
			return nil
		},
	})
	fmt.Println("charged:", err == nil)
	// Output:
	// approved: 12.50 EUR receipt 2
	// charged: true
}

// The till was switched off in the middle of a payment. It asks the terminal what became of it, and charges nothing again.
func ExampleTerminal_RecoverPurchase() {
	far := zvttest.New(zvttest.Config{})
	defer far.Close()
	till := zvt.New(far.Dial, zvt.Config{}, slog.New(slog.DiscardHandler))
	defer till.Close()
	ctx := context.Background()

	before, _ := till.Last(ctx) // saved before each purchase
	wanted := terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}
	till.Purchase(ctx, wanted, terminal.Watch{Seen: func(terminal.Approval) error { return nil }}) // whose answer is lost

	found, err := till.RecoverPurchase(ctx, terminal.Attempt{Purchase: wanted, Baseline: &before})
	fmt.Println(found.Verdict, err)
	// Output: charged <nil>
}

func ExampleReadMessage() {
	apdu, _, _ := zvt.ParseAPDU([]byte{0x04, 0x0F, 0x09, 0x27, 0x00, 0x04, 0, 0, 0, 0, 0x12, 0x50})
	m := zvt.ReadMessage(apdu)
	code, _ := m.Fields.Byte(zvt.BMPResultCode)
	minor, _ := m.Fields.Number(zvt.BMPAmount)
	fmt.Printf("%s: %s, %d cents\n", m.Control.Name(), zvt.ResultText(code), minor)
	// Output: status information: approved, 1250 cents
}

func ExampleFindProfile() {
	p, err := zvt.FindProfile("pax")
	fmt.Println(p.Family, p.Memory.Reverses, err)
	// Output: PAX last <nil>
}
