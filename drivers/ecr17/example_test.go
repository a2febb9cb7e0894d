package ecr17_test

import (
	"context"
	"errors"
	"fmt"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/ecr17/ecr17test"
)

// A payment at a terminal that is simulated. In a kiosk the dial is that of a serial port or of a TCP port, and Seen writes the approval
// to disk.
func Example() {
	far := ecr17test.New(&cardholder.Cardholder{})
	defer far.Close()
	term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR", TerminalID: ecr17test.TerminalID})
	slip, err := term.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}, terminal.Watch{
		Seen: func(a terminal.Approval) error {
			fmt.Printf("%s, STAN %06d, card %s\n", a.Amount, a.Trace, a.MaskedPAN)
			return nil
		},
	})
	fmt.Println(err)
	for _, line := range slip.Customer[:9] {
		fmt.Println(line)
	}
	// Output:
	// 12.50 EUR, STAN 000002, card ************5938
	// <nil>
	// BIBLIOTECA CIVICA
	// VIA ROMA 1
	//
	// PagoBANCOMAT
	// ACQUISTO
	// TML 30350039
	// PAN ************5938
	// IMPORTO EUR        12,50
	// TRANSAZIONE ESEGUITA
}

// The cable is pulled while the patron holds the card to the terminal. The terminal charges it, and tells so when it is asked.
func ExampleTerminal_RecoverPurchase() {
	patron := &cardholder.Cardholder{}
	far := ecr17test.New(patron)
	defer far.Close()
	patron.Approved = far.Cut
	term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"})
	purchase := terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}
	before, err := term.Last(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = term.Purchase(context.Background(), purchase, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
	fmt.Println("in doubt:", errors.Is(err, device.ErrDoubt))
	far.Restore()
	found, err := term.RecoverPurchase(context.Background(), terminal.Attempt{Purchase: purchase, Baseline: &before})
	fmt.Println(found.Verdict, err)
	fmt.Println(found.Evidence)
	// Output:
	// in doubt: true
	// charged <nil>
	// the terminal's last result is a yes with STAN 000002 and 12.50 EUR; it is newer than the one from before, STAN 000001; asked was 12.50 EUR
}

func ExampleExplain() {
	d := ecr17.Explain([]byte("\x06\x03\x7a\x02303500390s000000000029112610152ECR01.55\x03\x73"))
	for _, p := range d.Packets {
		fmt.Printf("%s, check sum %q\n", p.Name, p.LRC)
		for _, f := range p.Fields {
			fmt.Printf("%d %s: %s (%s)\n", f.At, f.Name, f.Value, f.Means)
		}
	}
	fmt.Println(d.Problems)
	// Output:
	// ACK, check sum ""
	// how the terminal is, check sum "message-etx"
	// 1 terminal: 30350039 ()
	// 10 code: s (how the terminal is)
	// 21 date and time, DDMMYYhhmm: 2911261015 ()
	// 31 state: 2 (operative)
	// 32 release: ECR01.55 ()
	// []
}
