// Package oled is a text display on an SSD1306 of 128 x 64 points over I2C, by periph.io's driver, which knows the chip at
// 0x3c only.
//
// Two traits of that driver (devices/v3 v3.7.4, ssd1306.go) are hidden here: a picture that equals the last one is not
// sent, so that a dark display would stay dark; and it takes a picture for sent of which a part was lost. So the chip is
// set up anew after it was dark, and after each error. Points that stay lit burn in: whoever shows something must end it.
// Not tried on a display yet.
package oled

import (
	"fmt"
	"image"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/devices/v3/ssd1306"
	"periph.io/x/devices/v3/ssd1306/image1bit"

	"selfpay/device"
	"selfpay/device/display"
)

// Address is the chip's.
const Address = 0x3c

// Open opens the bus.
type Open func() (i2c.BusCloser, error)

// Display is one display.
type Display struct {
	open Open

	mu   sync.Mutex
	bus  i2c.BusCloser // nil while it is not open
	chip *ssd1306.Dev  // nil while it is not set up
}

var _ display.Display = (*Display)(nil)

// New makes a display. It opens nothing; Show does.
func New(open Open) *Display { return &Display{open: open} }

func (d *Display) String() string { return "display SSD1306" }

// Show shows lines of text, as the contract says.
func (d *Display) Show(lines []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.show(lines); err != nil {
		d.drop()
		return fmt.Errorf("oled: %w: %w", device.ErrAttention, err)
	}
	return nil
}

func (d *Display) show(lines []string) error {
	if err := d.setUp(); err != nil {
		return err
	}
	if len(lines) == 0 {
		err := d.chip.Halt()
		d.chip = nil
		return err
	}
	picture := draw(d.chip.Bounds(), lines)
	return d.chip.Draw(picture.Rect, picture, image.Point{})
}

func (d *Display) setUp() error {
	if d.bus == nil {
		bus, err := d.open()
		if err != nil {
			return err
		}
		d.bus = bus
	}
	if d.chip != nil {
		return nil
	}
	var err error
	d.chip, err = ssd1306.NewI2C(d.bus, &ssd1306.DefaultOpts)
	return err
}

// draw writes lines of text, 16 points high.
func draw(size image.Rectangle, lines []string) *image1bit.VerticalLSB {
	picture := image1bit.NewVerticalLSB(size)
	face := basicfont.Face7x13
	for i, line := range lines[:min(len(lines), display.Lines)] {
		pen := font.Drawer{Dst: picture, Src: &image.Uniform{C: image1bit.On}, Face: face, Dot: fixed.P(0, 16*i+face.Ascent+1)}
		pen.DrawString(cut(line))
	}
	return picture
}

// cut leaves what fits into a line; characters that the font has not become question marks.
func cut(line string) string {
	var text strings.Builder
	columns := 0
	for _, r := range line {
		if columns++; columns > display.Columns {
			break
		}
		if r < ' ' || r > '~' {
			r = '?'
		}
		text.WriteRune(r)
	}
	return text.String()
}

// drop lets go of the bus.
func (d *Display) drop() error {
	if d.bus == nil {
		return nil
	}
	err := d.bus.Close()
	d.bus, d.chip = nil, nil
	return err
}

// Close makes the display dark.
func (d *Display) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	if d.chip != nil {
		err = d.chip.Halt()
	}
	if closed := d.drop(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("oled: make it dark: %w: %w", device.ErrAttention, err)
	}
	return nil
}
