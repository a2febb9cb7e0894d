package scanline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/holoplot/go-evdev"

	"selfpay/device"
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
	for i, node := range nodes("/sys", path) {
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

// nodes are the event device at path and behind it the others of the same USB device.
func nodes(sys, path string) []string {
	all := []string{path}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return all
	}
	class := filepath.Join(sys, "class/input")
	device := usbDevice(filepath.Join(class, filepath.Base(real)))
	if device == "" {
		return all
	}
	found, err := filepath.Glob(filepath.Join(class, "event*"))
	if err != nil {
		return all
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, f := range found {
		name := filepath.Base(f)
		if name != filepath.Base(real) && usbDevice(f) == device {
			all = append(all, filepath.Join("/dev/input", name))
		}
	}
	return all
}

// usbDevice is the folder of the USB device that a node belongs to, empty if it belongs to none. It is the nearest one
// above the node with idVendor (Linux, Documentation/ABI/stable/sysfs-bus-usb).
func usbDevice(node string) string {
	folder, err := filepath.EvalSymlinks(node)
	if err != nil {
		return ""
	}
	for ; strings.Count(folder, "/") > 1; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "idVendor")); err == nil {
			return folder
		}
	}
	return ""
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
	if err := d.Grab(); err != nil {
		if err.Error() == syscall.EBUSY.Error() { // the library keeps only the words of the kernel's error
			return nil, errors.New("another program holds it")
		}
		return nil, err
	}
	// A scanner that sees the light of Caps Lock turns its letters round. Nobody can switch it while d is grabbed.
	lights, err := d.State(evdev.EV_LED)
	if err != nil {
		return nil, err
	}
	return &input{d, lights[evdev.LED_CAPSL]}, d.NonBlock() // so that Close ends a read
}
