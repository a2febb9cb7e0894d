package scanline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"

	"github.com/holoplot/go-evdev"

	"selfpay/device"
	"selfpay/drivers/evnode"
)

// NewEvdev makes a scanner that types, at a link below /dev/input/by-id that stays the same; a star in it stands for what
// differs from one scanner to the next, see device.Find. It opens nothing; Read does, and again after the scanner was unplugged. While it is open nobody else gets its keys. A scanner may have
// several nodes: when that of the link does not type, the one of the same device that does is taken.
func NewEvdev(path string, cfg Config, log *slog.Logger) *Scanner {
	return newEvdev(func() (keyboard, error) { return openKeyboard(path) }, cfg, log)
}

// keyboard is what is used of an evdev.InputDevice.
type keyboard interface {
	ReadOne() (*evdev.InputEvent, error)
	CapsLock() bool // was on when it was opened
	Close() error
}

func newEvdev(open func() (keyboard, error), cfg Config, log *slog.Logger) *Scanner {
	cfg = cfg.withDefaults()
	return newScanner(func(_ context.Context, count *counter) (*feed, error) {
		board, err := open()
		if err != nil {
			return nil, err
		}
		f := newFeed(board, count, log)
		in := make(chan evdev.InputEvent)
		go func() {
			defer close(in)
			for {
				e, err := board.ReadOne()
				if err != nil {
					f.lose(err)
					return
				}
				in <- *e
			}
		}()
		go assemble(f, in, cfg.Silence, newKeys(cfg.Layout, cfg.Human, board.CapsLock()))
		return f, nil
	})
}

// input is an open event device.
type input struct {
	*evdev.InputDevice
	caps bool
}

func (i *input) CapsLock() bool { return i.caps }

func openKeyboard(name string) (keyboard, error) {
	path, err := device.Find(name)
	if err != nil {
		return nil, fmt.Errorf("scanner: %w; is it plugged in?", err)
	}
	var failure error
	for i, node := range evnode.All("/sys", path) {
		d, err := evdev.OpenWithFlags(node, os.O_RDONLY)
		switch {
		case err == nil && types(d.CapableEvents(evdev.EV_KEY)):
			board, err := seize(d)
			if err != nil {
				d.Close()
				return nil, fmt.Errorf("scanner %s: %w", path, err)
			}
			return board, nil
		case err == nil:
			d.Close()
		case errors.Is(err, fs.ErrNotExist) && i == 0:
			return nil, fmt.Errorf("scanner %s is not plugged in", path)
		case failure == nil:
			failure = err
		}
	}
	if failure != nil {
		return nil, failure
	}
	return nil, fmt.Errorf("scanner %s does not type: look for the link that ends in -event-kbd", path)
}

// types says whether a device with these keys can type a card number and end it.
func types(codes []evdev.EvCode) bool {
	for digit := evdev.EvCode(evdev.KEY_1); digit <= evdev.KEY_0; digit++ {
		if !slices.Contains(codes, digit) {
			return false
		}
	}
	return slices.Contains(codes, evdev.KEY_ENTER)
}

// seize takes d for this process alone.
func seize(d *evdev.InputDevice) (keyboard, error) {
	if err := evnode.Take(d); err != nil {
		return nil, err
	}
	// A scanner that sees the light of Caps Lock turns its letters round. Nobody can switch it while d is grabbed.
	lights, err := d.State(evdev.EV_LED)
	if err != nil {
		return nil, err
	}
	return &input{d, lights[evdev.LED_CAPSL]}, d.NonBlock() // so that Close ends a read
}
