//go:build vm

package i2cdev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"periph.io/x/conn/v3/i2c"

	"selfpay/device"
)

// These run as root on a kernel with the module i2c-bench: a bus with chips of 16-bit registers at 0x36 and 0x40, which
// /dev/i2c-bench sets and takes off the bus.

// bench finds the bus and sends an order to what hangs on it.
func bench(t *testing.T) (bus *Bus, order func(format string, a ...any)) {
	t.Helper()
	names, err := filepath.Glob("/sys/class/i2c-dev/i2c-*/name")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range names {
		number := 0
		name, err := os.ReadFile(path)
		if n, _ := fmt.Sscanf(path, "/sys/class/i2c-dev/i2c-%d/name", &number); err != nil || n != 1 || !strings.HasPrefix(string(name), "bench i2c") {
			continue
		}
		if bus, err = Open(number); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { bus.Close() })
		return bus, func(format string, a ...any) {
			t.Helper()
			if err := os.WriteFile("/dev/i2c-bench", fmt.Appendf(nil, format, a...), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Fatalf("no bench among %q", names)
	return nil, nil
}

func TestRegistersOfAChip(t *testing.T) {
	bus, order := bench(t)
	order("0x36 4 0x2a80")
	order("0x40 4 0x1234")
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
	bus, order := bench(t)
	chip := &i2c.Dev{Bus: bus, Addr: 0x36}
	wants := func(errno syscall.Errno, words string) {
		t.Helper()
		err := chip.Tx([]byte{4}, make([]byte, 2))
		if device.Class(err) != device.ErrAttention || !errors.Is(err, errno) || !strings.Contains(err.Error(), words) {
			t.Errorf("Tx = %v, want %v, %q", err, errno, words)
		}
	}
	order("0x36 nak 1")
	wants(syscall.ENXIO, "at 0x36 does not answer")
	order("0x36 nak 0")
	order("bus stuck 1")
	wants(syscall.ETIMEDOUT, "stuck")
	order("bus stuck 0")
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
