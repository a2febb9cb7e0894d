package handset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/holoplot/go-evdev"

	"selfpay/device"
	"selfpay/device/speech"
)

// Headset is the socket of a headset.
type Headset struct{ source[bool] }

var _ speech.Headset = (*Headset)(nil)

// Next waits for the next change, as the contract says.
func (h *Headset) Next(ctx context.Context) (bool, error) { return h.next(ctx) }

// NewSwitch makes a socket that the kernel watches, SW_HEADPHONE_INSERT of an input device.
func NewSwitch(path string) *Headset {
	return &Headset{source[bool]{name: "headset", open: func(_ context.Context, send func(bool)) (*opened, error) {
		d, err := openSwitch(path)
		if err != nil {
			return nil, err
		}
		now, err := d.State(evdev.EV_SW)
		if err != nil {
			d.Close()
			return nil, err
		}
		if err := d.NonBlock(); err != nil { // so that Close ends a read; the question before has undone it
			d.Close()
			return nil, err
		}
		send(now[evdev.SW_HEADPHONE_INSERT])
		return &opened{func() error { return readSwitch(d, send) }, func() { d.Close() }}, nil
	}}}
}

func openSwitch(name string) (*evdev.InputDevice, error) {
	path, err := device.Find(name)
	if err != nil {
		return nil, fmt.Errorf("%w; is it plugged in?", err)
	}
	d, err := evdev.OpenWithFlags(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(d.CapableEvents(evdev.EV_SW), evdev.SW_HEADPHONE_INSERT) {
		d.Close()
		return nil, fmt.Errorf("%s is no switch of a headphone socket", path)
	}
	return d, nil
}

func readSwitch(d *evdev.InputDevice, send func(bool)) error {
	for {
		e, err := d.ReadOne()
		if err != nil {
			return err
		}
		if e.Type == evdev.EV_SW && e.Code == evdev.SW_HEADPHONE_INSERT {
			send(e.Value != 0)
		}
	}
}

// NewSerialHeadset makes a socket whose microcontroller sends "in" and "out" as lines: when it changes, and when the line is opened.
func NewSerialHeadset(dial device.Dial) *Headset {
	return &Headset{source[bool]{name: "headset", open: func(ctx context.Context, send func(bool)) (*opened, error) {
		line, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		send(false)
		return &opened{func() error {
			return readWords(line, func(word string) {
				if word == "in" || word == "out" {
					send(word == "in")
				}
			})
		}, func() { line.Close() }}, nil
	}}}
}

// cardLook is how often a USB headset is looked for: pulled, it is silent by itself, and the screen waits for its patron no longer.
const cardLook = 500 * time.Millisecond

// NewCard makes a USB headset that is a sound card of its own, by the card's name, as /proc/asound/cards has it in brackets.
func NewCard(name string) *Headset { return newCard("/proc/asound", name) }

func newCard(cards, name string) *Headset {
	return &Headset{source[bool]{name: "headset", open: func(_ context.Context, send func(bool)) (*opened, error) {
		ended := make(chan struct{})
		there := func() bool { _, err := os.Stat(filepath.Join(cards, name)); return err == nil }
		was := there()
		send(was)
		return &opened{func() error {
			look := time.NewTicker(cardLook)
			defer look.Stop()
			for {
				select {
				case <-ended:
					return errors.New("closed")
				case <-look.C:
				}
				if now := there(); now != was {
					was = now
					send(now)
				}
			}
		}, func() { close(ended) }}, nil
	}}}
}
