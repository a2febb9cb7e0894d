//go:build vm

package zvt_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/serialport"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/systemd/vm/pretend"
)

// The adapter of the terminal's line is pulled while the patron holds the card, and comes back under another number. The
// terminal has charged; nothing is asked twice, the last result settles it, and the next payment is as any other.
func TestPurchaseOutlivesAPulledAdapter(t *testing.T) {
	pretend.Only(t)
	line, err := pretend.Card()
	if err != nil {
		t.Fatal(err)
	}
	cable, err := line.Far()
	if err != nil {
		t.Fatal(err)
	}
	far := zvttest.New(zvttest.Config{CardWait: time.Second, AnswerWait: 5 * time.Second})
	defer far.Close()
	go far.ServeSerial(cable)
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Minute)
	defer stop()
	term := zvt.New(serialport.Dial(serialport.Config{Path: line.Path, StopBits: "2"}),
		zvt.Config{Transport: zvt.Serial, Password: "000000", Currency: "EUR"}, slog.New(slog.DiscardHandler))
	defer term.Close()
	before, err := term.Last(ctx)
	if err != nil {
		t.Fatal(err)
	}

	var pulled sync.Once
	_, err = term.Purchase(ctx, fine, terminal.Watch{
		Seen: func(terminal.Approval) error { return nil },
		Progress: func(terminal.Progress) {
			pulled.Do(func() {
				if err := pretend.Pull(pretend.CardAdapter); err != nil {
					t.Error(err)
				}
			})
		},
	})
	if device.Class(err) != device.ErrDoubt {
		t.Fatalf("Purchase, when the adapter is pulled = %v, want in doubt", err)
	}
	for _, adapter := range []string{pretend.OtherAdapter, pretend.CardAdapter} { // the other takes the number
		if err := pretend.Plug(adapter); err != nil {
			t.Fatal(err)
		}
	}
	defer pretend.Pull(pretend.OtherAdapter)

	var found terminal.Recovery
	err = pretend.Until("the terminal's last result", func() bool {
		found, err = term.RecoverPurchase(ctx, terminal.Attempt{Purchase: fine, Baseline: &before})
		return err == nil && found.Verdict != terminal.StillUnknown
	})
	if err != nil || found.Verdict != terminal.Charged {
		t.Fatalf("RecoverPurchase = %+v, %v", found, err)
	}
	next := terminal.Purchase{Ref: "4821-124", Amount: money.Of(300, "EUR")}
	if _, err := term.Purchase(ctx, next, terminal.Watch{Seen: func(terminal.Approval) error { return nil }}); err != nil {
		t.Errorf("the next payment: %v", err)
	}
	if got := far.Books().Captures; len(got) != 2 || got[0].Reference != "4821-123" || got[1].Reference != "4821-124" {
		t.Errorf("the terminal has charged %+v", got)
	}
}
