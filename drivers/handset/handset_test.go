package handset

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holoplot/go-evdev"

	"selfpay/device"
	"selfpay/device/keypad"
)

// line is a serial line whose far end the test holds; each call of dial is a new one.
func line() (device.Dial, <-chan net.Conn) {
	far := make(chan net.Conn, 1)
	return func(context.Context) (io.ReadWriteCloser, error) {
		near, other := net.Pipe()
		far <- other
		return near, nil
	}, far
}

func TestKeysOfALineAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, far := line()
		k := NewSerialKeypad(dial)
		go func() {
			end := <-far
			for _, part := range []string{"do", "wn\r\nup\nnonsense\n7\n", "a word that never ends and ends no", "t\nok\n"} {
				io.WriteString(end, part)
			}
			end.Close()
		}()
		for _, want := range []keypad.Key{keypad.Down, keypad.Up, "7", keypad.OK} {
			if got, err := k.Read(t.Context()); got != want || err != nil {
				t.Errorf("Read = %q, %v, want %q", got, err, want)
			}
		}
		if _, err := k.Read(t.Context()); !errors.Is(err, device.ErrAttention) {
			t.Errorf("a line that was pulled: %v", err)
		}
		go func() { io.WriteString(<-far, "help\n") }()
		if got, err := k.Read(t.Context()); got != keypad.Help || err != nil {
			t.Errorf("plugged in again: %q, %v", got, err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := k.Read(ctx); !errors.Is(err, device.ErrNotSent) {
			t.Errorf("nobody presses a key: %v", err)
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestASocketOnALineSaysInAndOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, far := line()
		h := NewSerialHeadset(dial)
		defer h.Close()
		go func() { io.WriteString(<-far, "in\nwhat\nout\n") }()
		for i, want := range []bool{false, true, false} {
			if got, err := h.Next(t.Context()); got != want || err != nil {
				t.Errorf("%d: Next = %v, %v", i, got, err)
			}
		}
	})
}

func TestAUSBHeadsetIsInWhileItsCardIsThere(t *testing.T) {
	cards := t.TempDir()
	card := filepath.Join(cards, "Headset")
	h := newCard(cards, "Headset")
	next := func(want bool) {
		t.Helper()
		if got, err := h.Next(t.Context()); got != want || err != nil {
			t.Errorf("Next = %v, %v, want %v", got, err, want)
		}
	}
	next(false)
	if err := os.Mkdir(card, 0o700); err != nil {
		t.Fatal(err)
	}
	next(true)
	if err := os.Remove(card); err != nil {
		t.Fatal(err)
	}
	next(false)
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

func TestAHeldKeyAndItsReleaseMeanNothing(t *testing.T) {
	for value, want := range map[int32]bool{0: false, 1: true, 2: false} {
		if k, means := meaning(evdev.InputEvent{Type: evdev.EV_KEY, Code: evdev.KEY_DOWN, Value: value}); means != want {
			t.Errorf("value %d: %q, %v", value, k, means)
		}
	}
	if _, means := meaning(evdev.InputEvent{Type: evdev.EV_KEY, Code: evdev.KEY_A, Value: 1}); means {
		t.Error("a letter means something")
	}
	if _, means := meaning(evdev.InputEvent{Type: evdev.EV_MSC, Code: evdev.KEY_DOWN, Value: 1}); means {
		t.Error("an event that is no key means something")
	}
	for code, k := range meanings {
		if !k.Known() {
			t.Errorf("code %d means %q", code, k)
		}
	}
}

func TestAKeypadThatIsNotThereNeedsAttention(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "usb-Keypad-event-kbd")
	if _, err := NewKeypad(missing).Read(t.Context()); !errors.Is(err, device.ErrAttention) {
		t.Errorf("keypad: %v", err)
	}
	if _, err := NewSwitch(missing).Next(t.Context()); !errors.Is(err, device.ErrAttention) {
		t.Errorf("switch: %v", err)
	}
}
