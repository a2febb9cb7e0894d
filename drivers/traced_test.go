package drivers

import (
	"context"
	"testing"

	"selfpay/device/tap"
	"selfpay/drivers/trace"
)

func TestEveryTerminalCanBeTraced(t *testing.T) {
	ended, stop := context.WithCancel(t.Context())
	stop()
	for driver := range terminals {
		if err := trace.Terminal(ended, driver, false, &tap.Tap{}, func(trace.Message) error { return nil }); err != nil {
			t.Error(err)
		}
	}
}
