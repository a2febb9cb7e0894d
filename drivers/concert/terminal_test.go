package concert_test

import (
	"testing"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/cardholder/cardholdertest"
	"selfpay/drivers/concert"
	"selfpay/drivers/concert/concerttest"
)

func TestWholePurchaseOverASerialLine(t *testing.T) {
	patron := &cardholder.Cardholder{}
	cardholdertest.OverALine(t, concerttest.New(patron), 9600, func(dial device.Dial) {
		term := concert.New(dial, concert.Config{Currency: "EUR"})
		if s, err := term.Status(t.Context()); err != nil || !s.Ready {
			t.Fatalf("status %+v, %v", s, err)
		}
		for n := range 3 {
			_, err := term.Purchase(t.Context(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
				terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			if charged, _ := patron.Books(); err != nil || len(charged) != n+1 {
				t.Fatalf("purchase %d: %v, charged %+v", n+1, err, charged)
			}
		}
	})
}

func TestConformance(t *testing.T) {
	terminaltest.Run(t, func(*testing.T) terminaltest.Bench {
		return cardholdertest.Bench(terminaltest.Without{Memory: true, Cancelling: true, Reversal: true, EndOfDay: true, Slip: true, Receipt: true},
			concerttest.New, func(dial device.Dial) terminal.Terminal {
				return concert.New(dial, concert.Config{Currency: "EUR"})
			})
	})
}
