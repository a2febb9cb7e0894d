// Package cardholdertest puts a driver and its far end before the conformance suite of card terminals, with a patron who takes half a
// minute.
package cardholdertest

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/creack/pty"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/serialport"
)

// OverALine lets a driver be used over a pty, with the driver of serial ports that a kiosk has. use must end the test where something fails.
func OverALine(t *testing.T, far interface {
	ServeSerial(io.ReadWriteCloser) error
	Close() error
}, baud int, use func(device.Dial)) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	ended := make(chan error, 1)
	go func() { ended <- far.ServeSerial(master) }()
	address, err := serialport.ParseAddress(fmt.Sprintf("serial://%s?baud=%d", slave.Name(), baud))
	if err != nil {
		t.Fatal(err)
	}
	use(serialport.Dial(address))
	far.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

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
