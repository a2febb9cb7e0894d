// Package max17048 reads the MAX17048, a fuel gauge of a lithium cell, over I2C. It follows the conventions of periph.io:
// values have units, a constructor does no I/O, and the owner of the bus closes it.
//
// Facts (Maxim, MAX17048/MAX17049 data sheet 19-6171, register summary): 16-bit registers, high byte first; the address
// is 0x36. VCELL 0x02 counts 78.125 µV; SOC 0x04 counts 1/256 %; MODE 0x06 takes 0x4000 for a quick start; VERSION 0x08
// reads 0x001x; CRATE 0x16, signed, counts 0.208 % an hour and is averaged over minutes. A charge may read above 100 %.
// Not tried on a chip yet.
package max17048

import (
	"encoding/binary"
	"fmt"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// Address is the only one that the chip has.
const Address = 0x36

const (
	registerVCell   = 0x02
	registerCharge  = 0x04
	registerMode    = 0x06
	registerVersion = 0x08
	registerRate    = 0x16

	modeQuickStart = 0x4000

	versionMask = 0xfff0
	version     = 0x0010
)

// What one count of a register means.
const (
	cellCount = 78125 * physic.NanoVolt
	rateCount = 208 // thousandths of a percent an hour
)

// Dev is one gauge.
type Dev struct{ chip i2c.Dev }

var _ conn.Resource = (*Dev)(nil)

// New makes a gauge on a bus.
func New(bus i2c.Bus) *Dev { return &Dev{i2c.Dev{Bus: bus, Addr: Address}} }

func (d *Dev) String() string { return "MAX17048 on " + d.chip.Bus.String() }

// Halt does nothing: the gauge goes on measuring.
func (d *Dev) Halt() error { return nil }

// Reading is what the gauge has measured.
type Reading struct {
	Cell          physic.ElectricPotential
	ChargePercent int // 0 to 100
	// MilliPercentPerHour is how fast the charge changes, below zero while the cell is emptied; an average over minutes.
	MilliPercentPerHour int
}

// Sense reads the gauge. Before that it looks whether the chip is one.
func (d *Dev) Sense() (Reading, error) {
	var values [4]uint16
	for i, register := range []byte{registerVersion, registerVCell, registerCharge, registerRate} {
		var err error
		if values[i], err = d.read(register); err != nil {
			return Reading{}, err
		}
		if i == 0 && values[0]&versionMask != version {
			return Reading{}, fmt.Errorf("max17048: the chip at %#x says version %#04x and is no MAX17048", Address, values[0])
		}
	}
	return Reading{
		Cell:                physic.ElectricPotential(values[1]) * cellCount,
		ChargePercent:       min(100, (int(values[2])+128)/256),
		MilliPercentPerHour: int(int16(values[3])) * rateCount,
	}, nil
}

// QuickStart has the gauge guess the charge anew from the voltage of the cell. Right only after a battery was put in, at
// rest; otherwise what it had learnt is lost.
func (d *Dev) QuickStart() error {
	if err := d.chip.Tx([]byte{registerMode, modeQuickStart >> 8, modeQuickStart & 0xff}, nil); err != nil {
		return fmt.Errorf("max17048: quick start: %w", err)
	}
	return nil
}

func (d *Dev) read(register byte) (uint16, error) {
	var value [2]byte
	if err := d.chip.Tx([]byte{register}, value[:]); err != nil {
		return 0, fmt.Errorf("max17048: read register %#02x: %w", register, err)
	}
	return binary.BigEndian.Uint16(value[:]), nil
}
