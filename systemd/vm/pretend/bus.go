package pretend

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// I2CBus is an I2C bus with chips that are plain registers. The first byte of a write is a register's number.
type I2CBus struct {
	Number int // of /dev/i2c-N
}

// I2C finds the bus. Chips stay on it until the guest goes out.
func I2C() (I2CBus, error) {
	names, err := filepath.Glob("/sys/class/i2c-dev/i2c-*/name")
	if err != nil {
		return I2CBus{}, err
	}
	for _, name := range names {
		var b I2CBus
		if _, err := fmt.Sscanf(filepath.Base(filepath.Dir(name)), "i2c-%d", &b.Number); err == nil && attribute(name) == "pretended" {
			return b, Appears(fmt.Sprintf("/dev/i2c-%d", b.Number))
		}
	}
	return I2CBus{}, fmt.Errorf("pretend: the guest has no bus of pretend-i2c")
}

// Chip puts a chip on the bus, with 256 registers of one byte, or of two with the high byte first, all zero.
func (b I2CBus) Chip(address, width int) error { return b.order("chip %#x %d", address, width) }

// Set gives a register of a chip a value.
func (b I2CBus) Set(address, register, value int) error {
	return b.order("set %#x %#x %#x", address, register, value)
}

// Mute: the chip does not answer (NAK, ENXIO), or answers again.
func (b I2CBus) Mute(address int, mute bool) error {
	if mute {
		return b.order("nak %#x 1", address)
	}
	return b.order("nak %#x 0", address)
}

// Fail lets every transfer fail with an error: ETIMEDOUT for a bus that is held down, EAGAIN for an arbitration that is
// lost, EIO. 0 ends it.
func (b I2CBus) Fail(with syscall.Errno) error { return b.order("fail %d", int(with)) }

func (I2CBus) order(format string, arguments ...any) error {
	order := fmt.Appendf(nil, format, arguments...)
	if err := os.WriteFile("/dev/pretend-i2c", order, 0); err != nil {
		return fmt.Errorf("pretend: %s: %w", order, err)
	}
	return nil
}

// SPIDevice sends back whatever it is sent.
const SPIDevice = "/dev/spidev0.0"

// SPISent takes what was sent on the SPI bus since it was asked last, at most 64 KiB.
func SPISent() ([]byte, error) { return os.ReadFile("/dev/pretend-spi") }
