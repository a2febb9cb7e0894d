package caisseap_test

import (
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/caisseap"
	"selfpay/drivers/caisseap/caisseaptest"
	"selfpay/drivers/cardholder"
)

func TestConformance(t *testing.T) {
	terminaltest.Run(t, func(*testing.T) terminaltest.Bench {
		patron := &cardholder.Cardholder{Wait: 30 * time.Second}
		far := caisseaptest.New(patron)
		return terminaltest.Bench{
			Without: terminaltest.Without{Memory: true, Cancelling: true, Reversal: true, EndOfDay: true, Slip: true},
			Dial:    far.Dial,
			New: func(dial device.Dial) terminal.Terminal {
				return caisseap.New(dial, caisseap.Config{Currency: "EUR"})
			},
			Next:           func(order string) { patron.Next(cardholder.Order(order)) },
			Dialects:       []string{"keep"},
			Unacknowledged: func(string) {},
			Charged:        func() []int64 { charged, _ := patron.Books(); return cardholder.Minor(charged) },
			Reversed:       func() []int64 { _, reversed := patron.Books(); return cardholder.Minor(reversed) },
			Close:          func() { far.Close() },
		}
	})
}
