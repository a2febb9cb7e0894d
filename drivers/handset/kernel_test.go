//go:build vm

package handset

import (
	"errors"
	"testing"
	"time"

	"github.com/holoplot/go-evdev"

	"selfpay/device"
	"selfpay/device/keypad"
	"selfpay/systemd/vm/pretend"
)

// made is an input device that the test makes by uinput, and the path at which it appears.
func made(t *testing.T, name string, capabilities map[evdev.EvType][]evdev.EvCode) (*evdev.InputDevice, string) {
	t.Helper()
	pretend.Only(t)
	d, err := evdev.CreateDevice(name, evdev.InputID{BusType: 0x03, Vendor: 0x1209, Product: 0x5e1f}, capabilities)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { evdev.DestroyDevice(d) })
	path := ""
	err = pretend.Until("the node of "+name, func() bool {
		all, err := evdev.ListDevicePaths()
		for _, found := range all {
			if err == nil && found.Name == name {
				path = found.Path
			}
		}
		return path != ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, path
}

func send(t *testing.T, d *evdev.InputDevice, kind evdev.EvType, code evdev.EvCode, value int32) {
	t.Helper()
	for _, e := range []evdev.InputEvent{{Type: kind, Code: code, Value: value}, {Type: evdev.EV_SYN, Code: evdev.SYN_REPORT}} {
		if err := d.WriteOne(&e); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeypadOfTheKernelIsTakenAndRead(t *testing.T) {
	codes := []evdev.EvCode{evdev.KEY_UP, evdev.KEY_DOWN, evdev.KEY_ENTER, evdev.KEY_F1, evdev.KEY_KP7, evdev.KEY_VOLUMEUP, evdev.KEY_A}
	d, path := made(t, "Pretended Keypad", map[evdev.EvType][]evdev.EvCode{evdev.EV_KEY: codes})
	k := NewKeypad(path)
	defer k.Close()
	if _, err := k.live(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		send(t, d, evdev.EV_KEY, code, 1)
		send(t, d, evdev.EV_KEY, code, 0)
	}
	for _, want := range []keypad.Key{keypad.Up, keypad.Down, keypad.OK, keypad.Help, "7", keypad.Louder} {
		if got, err := k.Read(t.Context()); got != want || err != nil {
			t.Errorf("Read = %q, %v, want %q", got, err, want)
		}
	}
	if _, err := NewKeypad(path).Read(t.Context()); !errors.Is(err, device.ErrAttention) {
		t.Errorf("a second one gets its keys too: %v", err)
	}
	if err := evdev.DestroyDevice(d); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Read(t.Context()); !errors.Is(err, device.ErrAttention) {
		t.Errorf("a keypad that was pulled: %v", err)
	}
	closed := make(chan error, 1)
	go func() { closed <- k.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("a pulled keypad cannot be closed")
	}
}

func TestASocketOfTheKernelSaysWhetherAHeadsetIsIn(t *testing.T) {
	d, path := made(t, "Pretended Headphone", map[evdev.EvType][]evdev.EvCode{evdev.EV_SW: {evdev.SW_HEADPHONE_INSERT}})
	send(t, d, evdev.EV_SW, evdev.SW_HEADPHONE_INSERT, 1) // before anybody looks
	h := NewSwitch(path)
	for i, want := range []bool{true, false, true} {
		if i > 0 {
			send(t, d, evdev.EV_SW, evdev.SW_HEADPHONE_INSERT, map[bool]int32{true: 1}[want])
		}
		if got, err := h.Next(t.Context()); got != want || err != nil {
			t.Errorf("%d: Next = %v, %v", i, got, err)
		}
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}
