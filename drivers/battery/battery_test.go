package battery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"

	"selfpay/device"
	"selfpay/device/power"
	"selfpay/drivers/battery"
	"selfpay/drivers/i2cdev/i2cdevtest"
)

func read(address uint16, register byte, value uint16) i2ctest.IO {
	return i2ctest.IO{Addr: address, W: []byte{register}, R: []byte{byte(value >> 8), byte(value)}}
}

func write(address uint16, register byte, value uint16) i2ctest.IO {
	return i2ctest.IO{Addr: address, W: []byte{register, byte(value >> 8), byte(value)}}
}

func gauge(cell, charge, rate uint16) []i2ctest.IO {
	return []i2ctest.IO{read(0x36, 8, 0x0011), read(0x36, 2, cell), read(0x36, 4, charge), read(0x36, 0x16, rate)}
}

// setUp is what periph's driver sends first, for 3.2 A over 0.1 ohm: 0.04096 / (3.2/32768 * 0.1), and the configuration.
func setUp() []i2ctest.IO { return []i2ctest.IO{write(0x41, 5, 4194), write(0x41, 0, 0x1fff)} }

// sensed is one measurement; a count of current is 97.656 µA.
func sensed(bus, current uint16) []i2ctest.IO {
	return []i2ctest.IO{read(0x41, 1, 0), read(0x41, 2, bus), read(0x41, 4, current), read(0x41, 3, 0)}
}

// on makes a bus that is opened once.
func on(t *testing.T, ops ...[]i2ctest.IO) battery.Open {
	bus := &i2ctest.Playback{DontPanic: true}
	for _, o := range ops {
		bus.Ops = append(bus.Ops, o...)
	}
	t.Cleanup(func() {
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
	opened := false
	return func() (i2c.BusCloser, error) {
		if opened {
			return nil, errors.New("opened twice")
		}
		opened = true
		return &i2cdevtest.Failing{Bus: bus}, nil
	}
}

func TestAGaugeTellsChargeAndSource(t *testing.T) {
	s := battery.NewMAX17048(on(t, gauge(0xbe00, 0x3200, 0), gauge(0xbe00, 0x3200, 0xfffb), gauge(0xb400, 0x1400, 0xfffc)))
	for i, want := range []power.Reading{
		{Source: power.Mains, MilliVolt: 3800, ChargePercent: 50, ChargeKnown: true},
		{Source: power.Battery, MilliVolt: 3800, ChargePercent: 50, ChargeKnown: true}, // -1.04 % an hour
		{Source: power.Mains, MilliVolt: 3600, ChargePercent: 20, ChargeKnown: true},   // -0.83 % an hour
	} {
		if got, err := s.Read(t.Context()); err != nil || got != want {
			t.Errorf("reading %d is %+v, %v; want %+v", i, got, err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestASensorTellsTheSource(t *testing.T) {
	s := battery.NewINA219(on(t, setUp(), sensed(0x2000, 0x0400), sensed(0x1f40, 0xfdff), sensed(0x1f40, 0xfe01)), 0x41, 100)
	for i, want := range []power.Reading{
		{Source: power.Mains, MilliVolt: 4096},   // 100 mA into the battery
		{Source: power.Battery, MilliVolt: 4000}, // 50.1 mA out of it
		{Source: power.Mains, MilliVolt: 4000},   // 49.9 mA
	} {
		if got, err := s.Read(t.Context()); err != nil || got != want {
			t.Errorf("reading %d is %+v, %v; want %+v", i, got, err, want)
		}
	}
}

func TestWhatFailsIsOpenedAnew(t *testing.T) {
	for _, errno := range []error{syscall.EIO, syscall.EREMOTEIO, syscall.ETIMEDOUT} {
		for name, c := range map[string]struct {
			make         func(battery.Open) *battery.Supply
			first        []i2ctest.IO
			transactions int
		}{
			"gauge":  {battery.NewMAX17048, gauge(0xbe00, 0x3200, 0), 4},
			"sensor": {func(o battery.Open) *battery.Supply { return battery.NewINA219(o, 0x41, 100) }, append(setUp(), sensed(0x1f40, 0)...), 6},
		} {
			for n := range c.transactions {
				opened := 0
				s := c.make(func() (i2c.BusCloser, error) {
					opened++
					bus := &i2cdevtest.Failing{Bus: &i2ctest.Playback{DontPanic: true, Ops: c.first}}
					if opened == 1 {
						bus.At, bus.With = n, fmt.Errorf("bus: %w", errno)
					}
					return bus, nil
				})
				_, err := s.Read(t.Context())
				if device.Class(err) != device.ErrAttention || !errors.Is(err, errno) {
					t.Errorf("%s, transaction %d: Read = %v, want %v", name, n, err, errno)
				}
				if r, err := s.Read(t.Context()); err != nil || r.MilliVolt < 3000 || opened != 2 {
					t.Errorf("%s, after transaction %d failed: Read = %+v, %v; opened %d times", name, n, r, err, opened)
				}
			}
		}
	}
}

func TestASupplyThatIsNotThereNeedsAttention(t *testing.T) {
	s := battery.NewMAX17048(func() (i2c.BusCloser, error) { return nil, errors.New("no bus") })
	if _, err := s.Read(t.Context()); device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "no bus") {
		t.Errorf("Read = %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Read(ended); device.Class(err) != device.ErrNotSent {
		t.Errorf("Read = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
