package printer_test

import (
	"errors"
	"fmt"
	"testing"

	"selfpay/device"
	"selfpay/device/printer"
)

func TestResultFollowsTheClass(t *testing.T) {
	for _, c := range []struct {
		err  error
		want printer.Result
	}{
		{nil, printer.Printed},
		{fmt.Errorf("print: %w", device.ErrNotSent), printer.NotPrinted},
		{fmt.Errorf("print: %w: no paper", device.ErrAttention), printer.NotPrinted},
		{fmt.Errorf("print: %w", device.ErrRefused), printer.NotPrinted},
		{fmt.Errorf("print: %w", device.ErrDoubt), printer.InDoubt},
		{errors.New("no class"), printer.InDoubt},
		{errors.Join(device.ErrNotSent, device.ErrDoubt), printer.InDoubt},
	} {
		if got := printer.ResultOf(c.err); got != c.want {
			t.Errorf("ResultOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}
