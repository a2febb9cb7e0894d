//go:build vm

package i2cdev

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"periph.io/x/conn/v3/i2c"

	"selfpay/device"
	"selfpay/systemd/vm/pretend"
)

// opened is the guest's bus, with chips of 16-bit registers at 0x36 and 0x40.
func opened(t *testing.T) (*Bus, pretend.I2CBus) {
	t.Helper()
	pretend.Only(t)
	far, err := pretend.I2C()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(far.Chip(0x36, 2), far.Chip(0x40, 2)); err != nil {
		t.Fatal(err)
	}
	bus, err := Open(far.Number)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	return bus, far
}

func TestRegistersOfAChip(t *testing.T) {
	bus, far := opened(t)
	if err := errors.Join(far.Set(0x36, 4, 0x2a80), far.Set(0x40, 4, 0x1234)); err != nil {
		t.Fatal(err)
	}
	chip, other := &i2c.Dev{Bus: bus, Addr: 0x36}, &i2c.Dev{Bus: bus, Addr: 0x40}
	read := func(d *i2c.Dev, register byte, want uint16) {
		t.Helper()
		r := make([]byte, 2)
		if err := d.Tx([]byte{register}, r); err != nil || uint16(r[0])<<8|uint16(r[1]) != want {
			t.Errorf("%v register %d = % x, %v; want %#x", d, register, r, err, want)
		}
	}
	read(chip, 4, 0x2a80)
	read(other, 4, 0x1234)
	if err := chip.Tx([]byte{6, 0x40, 0x00}, nil); err != nil {
		t.Error(err)
	}
	read(chip, 6, 0x4000)
	read(other, 4, 0x1234)
}

func TestAChipOffTheBusAndAStuckBus(t *testing.T) {
	bus, far := opened(t)
	chip := &i2c.Dev{Bus: bus, Addr: 0x36}
	wants := func(errno syscall.Errno, words string) {
		t.Helper()
		err := chip.Tx([]byte{4}, make([]byte, 2))
		if device.Class(err) != device.ErrAttention || !errors.Is(err, errno) || !strings.Contains(err.Error(), words) {
			t.Errorf("Tx = %v, want %v, %q", err, errno, words)
		}
	}
	order := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	order(far.Mute(0x36, true))
	wants(syscall.ENXIO, "at 0x36 does not answer")
	order(far.Mute(0x36, false))
	order(far.Fail(syscall.ETIMEDOUT))
	wants(syscall.ETIMEDOUT, "stuck")
	order(far.Fail(0))
	if err := chip.Tx([]byte{4}, make([]byte, 2)); err != nil {
		t.Error(err)
	}
	if err := bus.Tx(0x37, []byte{4}, make([]byte, 2)); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("no chip = %v", err)
	}
	if err := bus.Close(); err != nil {
		t.Error(err)
	}
	if err := chip.Tx([]byte{4}, make([]byte, 2)); device.Class(err) != device.ErrAttention {
		t.Errorf("closed = %v", err)
	}
}
