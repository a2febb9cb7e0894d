// Package battery is a station's supply as the parts on a battery board tell it: a fuel gauge MAX17048, or a current
// sensor INA219 in the line of the battery.
//
// Where the power comes from is concluded. Of a gauge: the charge falls by more than one percent an hour; it averages, so
// that it notices minutes late. Of a current sensor: more than 50 mA leave the battery; a current out of the battery
// reads below zero, as boards with this part are wired. A sensor knows no charge.
//
// Not tried on a board yet.
package battery

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/ina219"

	"selfpay/device"
	"selfpay/device/power"
	"selfpay/drivers/max17048"
)

// Open opens the bus.
type Open func() (i2c.BusCloser, error)

// Supply is one battery board.
type Supply struct {
	name string
	open Open
	part func(bus i2c.Bus) (read, error) // may talk to the chip

	mu   sync.Mutex
	bus  i2c.BusCloser // nil while it is not open
	read read
}

type read func() (power.Reading, error)

var _ power.Supply = (*Supply)(nil)

// emptied is the fall of the charge that means that the battery is in use, in thousandths of a percent an hour.
const emptied = -1000

// NewMAX17048 makes a supply with a fuel gauge. It opens nothing; Read does.
func NewMAX17048(open Open) *Supply {
	return &Supply{name: "fuel gauge MAX17048", open: open, part: func(bus i2c.Bus) (read, error) {
		gauge := max17048.New(bus)
		return func() (power.Reading, error) {
			r, err := gauge.Sense()
			if err != nil {
				return power.Reading{}, err
			}
			source := power.Mains
			if r.MilliPercentPerHour < emptied {
				source = power.Battery
			}
			return power.Reading{Source: source, MilliVolt: milliVolt(r.Cell), ChargePercent: r.ChargePercent, ChargeKnown: true}, nil
		}, nil
	}}
}

// drawn is the current that means that the battery is in use.
const drawn = -50 * physic.MilliAmpere

// NewINA219 makes a supply with a current sensor at an address from 0x40 to 0x4f, over a resistor of so many thousandths
// of an ohm. It opens nothing; Read does.
func NewINA219(open Open, address uint16, shuntMilliOhm int) *Supply {
	return &Supply{name: "current sensor INA219", open: open, part: func(bus i2c.Bus) (read, error) {
		heard := &listening{Bus: bus} // periph's driver does not say what the bus said
		sensor, err := ina219.New(heard, &ina219.Opts{Address: int(address), SenseResistor: physic.ElectricResistance(shuntMilliOhm) * physic.MilliOhm})
		if err != nil {
			return nil, errors.Join(err, heard.err)
		}
		return func() (power.Reading, error) {
			m, err := sensor.Sense()
			if err != nil {
				return power.Reading{}, errors.Join(err, heard.err)
			}
			source := power.Mains
			if m.Current < drawn {
				source = power.Battery
			}
			return power.Reading{Source: source, MilliVolt: milliVolt(m.Voltage)}, nil
		}, nil
	}}
}

// listening is a bus that keeps what it said last.
type listening struct {
	i2c.Bus
	err error
}

func (l *listening) Tx(address uint16, w, r []byte) error {
	err := l.Bus.Tx(address, w, r)
	if err != nil {
		l.err = err
	}
	return err
}

func milliVolt(p physic.ElectricPotential) int { return int(p / physic.MilliVolt) }

func (s *Supply) String() string { return s.name }

// Read asks the part, as the contract says. What fails is opened anew the next time.
func (s *Supply) Read(ctx context.Context) (power.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return power.Reading{}, fmt.Errorf("battery: %w: %w", device.ErrNotSent, err)
	}
	r, err := s.ask()
	if err != nil {
		s.drop()
		return power.Reading{}, fmt.Errorf("battery: %s: %w: %w", s.name, device.ErrAttention, err)
	}
	return r, nil
}

func (s *Supply) ask() (power.Reading, error) {
	if s.bus == nil {
		bus, err := s.open()
		if err != nil {
			return power.Reading{}, err
		}
		s.bus = bus
		if s.read, err = s.part(bus); err != nil {
			return power.Reading{}, err
		}
	}
	return s.read()
}

func (s *Supply) drop() error {
	if s.bus == nil {
		return nil
	}
	err := s.bus.Close()
	s.bus, s.read = nil, nil
	return err
}

// Close releases the bus.
func (s *Supply) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drop()
}
