// Package cardholdertest puts a driver and its far end before the conformance suite of card terminals, with a patron who takes half a
// minute.
package cardholdertest

import (
	"context"
	"io"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/cardholder"
)

// FarEnd is the terminal's end of the cable.
type FarEnd interface {
	Dial(context.Context) (io.ReadWriteCloser, error)
	Close() error
}

// Bench is that of a terminal that keeps what it charged, acknowledged or not.
func Bench[F FarEnd](without terminaltest.Without, farEnd func(*cardholder.Cardholder) F, driver func(device.Dial) terminal.Terminal) terminaltest.Bench {
	patron := &cardholder.Cardholder{Wait: 30 * time.Second}
	far := farEnd(patron)
	return terminaltest.Bench{
		Without:        without,
		Dial:           far.Dial,
		New:            driver,
		Next:           func(order string) { patron.Next(cardholder.Order(order)) },
		Dialects:       []string{"keep"},
		Unacknowledged: func(string) {},
		Charged:        func() []int64 { charged, _ := patron.Books(); return cardholder.Minor(charged) },
		Reversed:       func() []int64 { _, reversed := patron.Books(); return cardholder.Minor(reversed) },
		Close:          func() { far.Close() },
	}
}
