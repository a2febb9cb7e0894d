//go:build vm

package battery

import (
	"errors"
	"testing"

	"periph.io/x/conn/v3/i2c"

	"selfpay/device"
	"selfpay/device/power"
	"selfpay/drivers/i2cdev"
	"selfpay/systemd/vm/pretend"
)

// A fuel gauge on a real bus: read, taken off, put back.
func TestAGaugeIsReadOverARealBus(t *testing.T) {
	pretend.Only(t)
	far, err := pretend.I2C()
	if err != nil {
		t.Fatal(err)
	}
	const at = 0x36
	registers := func(charge, rate int) error { // VCELL, SOC, VERSION, CRATE
		return errors.Join(far.Set(at, 0x02, 0xC800), far.Set(at, 0x04, charge), far.Set(at, 0x08, 0x0012), far.Set(at, 0x16, rate))
	}
	if err := errors.Join(far.Chip(at, 2), registers(0x5000, 0)); err != nil {
		t.Fatal(err)
	}
	s := NewMAX17048(func() (i2c.BusCloser, error) { return i2cdev.Open(far.Number) })
	defer s.Close()
	reads := func(want power.Reading) {
		t.Helper()
		if got, err := s.Read(t.Context()); err != nil || got != want {
			t.Errorf("Read = %+v, %v; want %+v", got, err, want)
		}
	}
	reads(power.Reading{Source: power.Mains, MilliVolt: 4000, ChargePercent: 80, ChargeKnown: true})
	if err := registers(0x1300, 0xFF9C); err != nil { // -100 times 0.208 % an hour
		t.Fatal(err)
	}
	reads(power.Reading{Source: power.Battery, MilliVolt: 4000, ChargePercent: 19, ChargeKnown: true})
	if err := far.Mute(at, true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); device.Class(err) != device.ErrAttention {
		t.Errorf("off the bus: %v", err)
	}
	if err := far.Mute(at, false); err != nil {
		t.Fatal(err)
	}
	reads(power.Reading{Source: power.Battery, MilliVolt: 4000, ChargePercent: 19, ChargeKnown: true})
}
