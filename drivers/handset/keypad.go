package handset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/holoplot/go-evdev"

	"selfpay/device"
	"selfpay/device/keypad"
	"selfpay/drivers/evnode"
)

// Keypad is one keypad.
type Keypad struct{ source[keypad.Key] }

var _ keypad.Keypad = (*Keypad)(nil)

// NewKeypad makes a keypad of the kernel, at a link below /dev/input/by-id; a star in it stands for what differs from one keypad to
// the next, see device.Find. It opens nothing; Read does, and again after the keypad was unplugged.
func NewKeypad(path string) *Keypad {
	return &Keypad{source[keypad.Key]{name: "keypad", open: func(_ context.Context, send func(keypad.Key)) (*opened, error) {
		boards, err := openBoards(path)
		if err != nil {
			return nil, err
		}
		return &opened{func() error { return readBoards(boards, send) }, boards.close}, nil
	}}}
}

// NewSerialKeypad makes a keypad that sends the name of each key as a line.
func NewSerialKeypad(dial device.Dial) *Keypad {
	return &Keypad{source[keypad.Key]{name: "keypad", open: func(ctx context.Context, send func(keypad.Key)) (*opened, error) {
		line, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &opened{func() error {
			return readWords(line, func(word string) {
				if k := keypad.Key(word); k.Known() {
					send(k)
				}
			})
		}, func() { line.Close() }}, nil
	}}}
}

// Read waits for the next key, as the contract says.
func (k *Keypad) Read(ctx context.Context) (keypad.Key, error) { return k.next(ctx) }

// meanings are the keys that mean something, by the kernel's codes. The digits of a number block mean digits whatever Num Lock says.
var meanings = map[evdev.EvCode]keypad.Key{
	evdev.KEY_UP: keypad.Up, evdev.KEY_DOWN: keypad.Down, evdev.KEY_LEFT: keypad.Left, evdev.KEY_RIGHT: keypad.Right,
	evdev.KEY_ENTER: keypad.OK, evdev.KEY_KPENTER: keypad.OK, evdev.KEY_OK: keypad.OK, evdev.KEY_SELECT: keypad.OK,
	evdev.KEY_BACKSPACE: keypad.Erase, evdev.KEY_DELETE: keypad.Erase,
	evdev.KEY_F1: keypad.Help, evdev.KEY_HELP: keypad.Help, evdev.KEY_INFO: keypad.Help,
	evdev.KEY_VOLUMEUP: keypad.Louder, evdev.KEY_KPPLUS: keypad.Louder,
	evdev.KEY_VOLUMEDOWN: keypad.Quieter, evdev.KEY_KPMINUS: keypad.Quieter,
	evdev.KEY_F2: keypad.Curtain, evdev.KEY_KPASTERISK: keypad.Curtain,
	evdev.KEY_1: "1", evdev.KEY_2: "2", evdev.KEY_3: "3", evdev.KEY_4: "4", evdev.KEY_5: "5",
	evdev.KEY_6: "6", evdev.KEY_7: "7", evdev.KEY_8: "8", evdev.KEY_9: "9", evdev.KEY_0: "0",
	evdev.KEY_KP1: "1", evdev.KEY_KP2: "2", evdev.KEY_KP3: "3", evdev.KEY_KP4: "4", evdev.KEY_KP5: "5",
	evdev.KEY_KP6: "6", evdev.KEY_KP7: "7", evdev.KEY_KP8: "8", evdev.KEY_KP9: "9", evdev.KEY_KP0: "0",
}

// meaning is the key that an event means, and whether it means one: a key that goes down. One that is held down repeats nothing.
func meaning(e evdev.InputEvent) (keypad.Key, bool) {
	k, known := meanings[e.Code]
	return k, known && e.Type == evdev.EV_KEY && e.Value == 1
}

// boards are the nodes of one keypad.
type boards []*evdev.InputDevice

func (b boards) close() {
	for _, d := range b {
		d.Close()
	}
}

// openBoards takes all nodes of the device at a link that have a key which means something.
func openBoards(name string) (boards, error) {
	path, err := device.Find(name)
	if err != nil {
		return nil, fmt.Errorf("%w; is it plugged in?", err)
	}
	var taken boards
	for i, node := range evnode.All("/sys", path) {
		d, err := evdev.OpenWithFlags(node, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) && i == 0 {
			return nil, fmt.Errorf("%s is not plugged in", path)
		}
		if err == nil && !slices.ContainsFunc(d.CapableEvents(evdev.EV_KEY), func(c evdev.EvCode) bool { return meanings[c] != "" }) {
			d.Close()
			continue
		}
		if err == nil {
			taken = append(taken, d)
			err = errors.Join(evnode.Take(d), d.NonBlock()) // the second so that Close ends a read
		}
		if err != nil {
			taken.close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if len(taken) == 0 {
		return nil, fmt.Errorf("%s has no arrows and no digits: look for the link that ends in -event-kbd", path)
	}
	return taken, nil
}

// readBoards reads all nodes until the first is lost.
func readBoards(all boards, send func(keypad.Key)) error {
	lost := make(chan error, len(all))
	for _, d := range all {
		go func() {
			for {
				e, err := d.ReadOne()
				if err != nil {
					lost <- err
					return
				}
				if k, means := meaning(*e); means {
					send(k)
				}
			}
		}()
	}
	err := <-lost
	all.close()
	for range len(all) - 1 {
		<-lost
	}
	return errors.New(strings.TrimPrefix(err.Error(), "read "))
}
