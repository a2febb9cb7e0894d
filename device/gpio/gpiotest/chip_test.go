package gpiotest_test

import (
	"testing"

	"selfpay/device/gpio"
	"selfpay/device/gpio/gpiotest"
)

func TestChipInMemory(t *testing.T) {
	gpiotest.Run(t, func(*testing.T) (gpio.Chip, gpiotest.Far) {
		c := gpiotest.New(gpiotest.Inputs, gpiotest.Outputs)
		return c, c
	})
}
