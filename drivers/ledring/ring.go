// Package ledring is a ring of APA102 lights on an SPI port, by periph.io's driver.
//
// SPI acknowledges nothing: a ring that is not there, or has no power, takes every colour. Colours are sent as they are,
// without the second, slower dimmer of the chips, which the eye sees flicker. A light draws up to 60 mA at full white
// (APA102 data sheet): the intensity bounds what a supply must give. Not tried on a ring yet.
package ledring

import (
	"fmt"
	"sync"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/devices/v3/apa102"

	"selfpay/device"
	"selfpay/device/ring"
)

// Open opens the port.
type Open func() (spi.PortCloser, error)

// speed is what a metre of loose wire carries.
const speed = 4 * physic.MegaHertz

// Ring is one ring.
type Ring struct {
	open      Open
	lights    int
	intensity uint8

	mu   sync.Mutex
	port spi.PortCloser // nil while it is not open
	leds *apa102.Dev
}

var _ ring.Ring = (*Ring)(nil)

// New makes a ring of so many lights, with an intensity from 0 to 255. It opens nothing; Show does.
func New(open Open, lights int, intensity uint8) *Ring {
	return &Ring{open: open, lights: lights, intensity: intensity}
}

func (r *Ring) String() string { return fmt.Sprintf("ring of %d APA102", r.lights) }

// Show lights the whole ring in a colour, as the contract says.
func (r *Ring) Show(c ring.Colour) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.show(c); err != nil {
		r.drop()
		return fmt.Errorf("ledring: %w: %w", device.ErrAttention, err)
	}
	return nil
}

func (r *Ring) show(c ring.Colour) error {
	if r.port == nil {
		port, err := r.open()
		if err != nil {
			return err
		}
		r.port = port
		if err := port.LimitSpeed(speed); err != nil {
			return err
		}
		opts := apa102.PassThruOpts
		opts.NumPixels, opts.Intensity = r.lights, r.intensity
		if r.leds, err = apa102.New(port, &opts); err != nil {
			return err
		}
	}
	var colours []byte
	for range r.lights {
		colours = append(colours, c.R, c.G, c.B)
	}
	_, err := r.leds.Write(colours)
	return err
}

// drop lets go of the port.
func (r *Ring) drop() error {
	if r.port == nil {
		return nil
	}
	err := r.port.Close()
	r.port, r.leds = nil, nil
	return err
}

// Close brings the ring to rest.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leds == nil {
		return r.drop()
	}
	err := r.leds.Halt()
	if closed := r.drop(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("ledring: bring to rest: %w: %w", device.ErrAttention, err)
	}
	return nil
}
