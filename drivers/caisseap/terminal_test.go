package caisseap_test

import (
	"testing"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/caisseap"
	"selfpay/drivers/caisseap/caisseaptest"
	"selfpay/drivers/cardholder/cardholdertest"
)

func TestConformance(t *testing.T) {
	terminaltest.Run(t, func(*testing.T) terminaltest.Bench {
		return cardholdertest.Bench(terminaltest.Without{Memory: true, Cancelling: true, Reversal: true, EndOfDay: true, Slip: true},
			caisseaptest.New, func(dial device.Dial) terminal.Terminal {
				return caisseap.New(dial, caisseap.Config{Currency: "EUR"})
			})
	})
}
