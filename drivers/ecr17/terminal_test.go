package ecr17_test

import (
	"testing"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/cardholder/cardholdertest"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/ecr17/ecr17test"
)

func TestWholePurchaseOverASerialLine(t *testing.T) {
	patron := &cardholder.Cardholder{}
	cardholdertest.OverALine(t, ecr17test.New(patron), 9600, func(dial device.Dial) {
		term := ecr17.New(dial, ecr17.Config{Currency: "EUR"})
		if s, err := term.Status(t.Context()); err != nil || !s.Ready || s.TerminalID != ecr17test.TerminalID {
			t.Fatalf("status %+v, %v", s, err)
		}
		for n := range 3 {
			slip, err := term.Purchase(t.Context(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
				terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			if charged, _ := patron.Books(); err != nil || len(charged) != n+1 || len(slip.Customer) < 10 {
				t.Fatalf("purchase %d: %v, charged %+v, slip %q", n+1, err, charged, slip.Customer)
			}
			last, err := term.Last(t.Context())
			if err != nil || !last.Approved || last.Approval.Trace != n+2 || last.Approval.Amount != money.Of(1250, "EUR") {
				t.Fatalf("last %+v, %v", last, err)
			}
		}
		if total, err := term.EndOfDay(t.Context()); err != nil || total.Amount != money.Of(3750, "EUR") {
			t.Fatalf("end of day %+v, %v", total, err)
		}
	})
}

func TestConformance(t *testing.T) {
	terminaltest.Run(t, func(*testing.T) terminaltest.Bench {
		return cardholdertest.Bench(terminaltest.Without{Cancelling: true, Reversal: true, Receipt: true},
			ecr17test.New, func(dial device.Dial) terminal.Terminal {
				return ecr17.New(dial, ecr17.Config{Currency: "EUR"})
			})
	})
}
