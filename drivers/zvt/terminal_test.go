package zvt_test

import (
	"log/slog"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
)

func bench(far *zvttest.Terminal, cfg zvt.Config) terminaltest.Bench {
	minor := func(captures []zvttest.Capture) []int64 {
		var list []int64
		for _, c := range captures {
			list = append(list, c.AmountMinor)
		}
		return list
	}
	dial := far.Dial
	if cfg.Transport == zvt.Serial {
		dial = far.DialSerial
	}
	return terminaltest.Bench{
		Dial: dial,
		New:  func(dial device.Dial) terminal.Terminal { return zvt.New(dial, cfg, slog.New(slog.DiscardHandler)) },
		Next: func(text string) {
			order, err := zvttest.ParseOrder(text)
			if err != nil {
				panic(err)
			}
			far.Next(order)
		},
		Dialects:       []string{"keep", "reverse", "decline"},
		Unacknowledged: func(text string) { far.Unacknowledged(zvttest.Dialect(text)) },
		Charged:        func() []int64 { return minor(far.Books().Captures) },
		Reversed:       func() []int64 { return minor(far.Books().Reversals) },
		Close:          func() { far.Close() },
	}
}

func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name string
		far  zvttest.Config
		cfg  zvt.Config
	}{
		{"tcp", zvttest.Config{}, zvt.Config{Transport: zvt.TCP}},
		{"serial", zvttest.Config{}, zvt.Config{Transport: zvt.Serial}},
		{"tcp, numbered messages", zvttest.Config{MessageNumbers: true}, zvt.Config{Transport: zvt.TCP, MessageNumbers: true}},
		{"serial, numbered messages", zvttest.Config{MessageNumbers: true}, zvt.Config{Transport: zvt.Serial, MessageNumbers: true}},
		{"tcp, print lines, final after print", zvttest.Config{PrintLines: true, FinalAfterPrint: true}, zvt.Config{Transport: zvt.TCP}},
	} {
		t.Run(c.name, func(t *testing.T) {
			terminaltest.Run(t, func(*testing.T) terminaltest.Bench {
				far := c.far
				far.CardWait = 30 * time.Second
				return bench(zvttest.New(far), c.cfg)
			})
		})
	}
}
