package device_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"selfpay/device"
)

func TestAnErrorWithoutOneClearClassIsInDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		err, want error
	}{
		"no error":                   {nil, nil},
		"refused":                    {device.ErrRefused, device.ErrRefused},
		"not sent, wrapped":          {fmt.Errorf("dial: %w: %w", device.ErrNotSent, errors.New("no route")), device.ErrNotSent},
		"attention, wrapped twice":   {fmt.Errorf("b: %w", fmt.Errorf("a: %w", device.ErrAttention)), device.ErrAttention},
		"in doubt":                   {fmt.Errorf("purchase: %w", device.ErrDoubt), device.ErrDoubt},
		"no class":                   {errors.New("something broke"), device.ErrDoubt},
		"a context's end":            {context.Canceled, device.ErrDoubt},
		"two classes":                {errors.Join(device.ErrNotSent, device.ErrRefused), device.ErrDoubt},
		"a class beside doubt":       {fmt.Errorf("%w: %w", device.ErrNotSent, device.ErrDoubt), device.ErrDoubt},
		"the same class in two ways": {errors.Join(device.ErrRefused, fmt.Errorf("again: %w", device.ErrRefused)), device.ErrRefused},
	} {
		if got := device.Class(c.err); got != c.want {
			t.Errorf("%s: Class = %v, want %v", name, got, c.want)
		}
	}
}

func ExampleClass() {
	err := fmt.Errorf("purchase 4821-123: %w: connection reset", device.ErrDoubt)
	switch device.Class(err) {
	case nil:
		fmt.Println("charged")
	case device.ErrRefused, device.ErrNotSent, device.ErrAttention:
		fmt.Println("not charged")
	default:
		fmt.Println("ask the terminal what became of it")
	}
	// Output: ask the terminal what became of it
}
