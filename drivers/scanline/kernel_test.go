//go:build vm

package scanline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holoplot/go-evdev"
	"golang.org/x/sys/unix"

	"selfpay/device"
	"selfpay/systemd/vm/pretend"
)

// unhurried are times for an emulated machine, which may stand still for a while between two keys.
var unhurried = Config{Silence: 20 * time.Second, Human: 20 * time.Second}

// limit bounds what should come at once.
const limit = time.Minute

func newScannerThatTypes(t *testing.T, serial string) pretend.Keyboard {
	t.Helper()
	pretend.Only(t)
	k, err := pretend.NewKeyboard(serial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// opened opens the scanner: a read that nobody feeds leaves it open.
func opened(t *testing.T, s *Scanner) {
	t.Helper()
	t.Cleanup(func() { s.Close() })
	err := pretend.Until("the scanner opens", func() bool {
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		_, err := s.Read(ctx)
		return errors.Is(err, context.DeadlineExceeded)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reading starts a Read and waits until it runs.
func reading(t *testing.T, s *Scanner) <-chan string {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		scan, err := s.Read(t.Context())
		if err != nil {
			got <- "error: " + err.Error()
			return
		}
		got <- scan.Text
	}()
	if err := pretend.Until("the read runs", func() bool { return len(s.turn) == 1 || len(got) == 1 }); err != nil {
		t.Fatal(err)
	}
	return got
}

func typed(t *testing.T, k pretend.Keyboard, text string) {
	t.Helper()
	if err := k.Type(text, 0); err != nil {
		t.Fatal(err)
	}
}

func comes[T comparable](t *testing.T, what string, from <-chan T, want T) {
	t.Helper()
	select {
	case got := <-from:
		if got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	case <-time.After(limit):
		t.Fatalf("%s: nothing comes", what)
	}
}

// console is what is typed on the machine's own console. The kernel's keyboard driver for it listens to every keyboard that
// nobody has taken (Linux, drivers/tty/vt/keyboard.c).
func console(t *testing.T) <-chan byte {
	t.Helper()
	tty, err := os.OpenFile("/dev/tty1", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
	keys := make(chan byte, 256)
	go func() {
		for b := make([]byte, 1); ; {
			if _, err := tty.Read(b); err != nil {
				return
			}
			keys <- b[0]
		}
	}()
	return keys
}

// witness is another program that reads the same event node: the keys that are pressed.
func witness(t *testing.T, path string) <-chan evdev.EvCode {
	t.Helper()
	d, err := evdev.OpenWithFlags(path, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.NonBlock(); err != nil {
		t.Fatal(err)
	}
	keys := make(chan evdev.EvCode, 256)
	go func() {
		for {
			e, err := d.ReadOne()
			if err != nil {
				return
			}
			if e.Type == evdev.EV_KEY && e.Value == 1 {
				keys <- e.Code
			}
		}
	}()
	return keys
}

// What the scanner types reaches neither the console nor another program, as long as it is ours: EVIOCGRAB hands events to
// one reader alone (Linux, drivers/input/evdev.c). That nothing came is known by what comes next.
func TestAGrabbedScannerTypesNowhereElse(t *testing.T) {
	k := newScannerThatTypes(t, "GRABBED")
	tty, other := console(t), witness(t, k.Path)
	typed(t, k, "a")
	comes(t, "the console, while nobody has the scanner", tty, 'a')
	comes(t, "another program, while nobody has the scanner", other, evdev.KEY_A)

	s := NewEvdev(k.Path, unhurried, quiet)
	opened(t, s)
	label := reading(t, s)
	typed(t, k, "21234000567894\n")
	comes(t, "the kiosk", label, "21234000567894")

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	typed(t, k, "z")
	comes(t, "the console, after the scan", tty, 'z')
	comes(t, "another program, after the scan", other, evdev.KEY_Z)
}

// The kernel lets one program take an event node; for the second it is busy.
func TestScannerThatAnotherProgramHoldsIsNamed(t *testing.T) {
	k := newScannerThatTypes(t, "HELD")
	opened(t, NewEvdev(k.Path, unhurried, quiet))
	_, err := NewEvdev(k.Path, unhurried, quiet).Read(t.Context())
	if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "another program holds it") {
		t.Errorf("Read = %v", err)
	}
}

// A scanner sends its keys as fast as the bus takes them, a millisecond or two for each, with capitals and all that a label
// may hold.
func TestBurstsOfKeysComeWhole(t *testing.T) {
	k := newScannerThatTypes(t, "BURST")
	s := NewEvdev(k.Path, unhurried, quiet)
	opened(t, s)
	for i := range 10 {
		want := fmt.Sprintf("A2123400056%03d-b./ =;Z", i)
		label := reading(t, s)
		typed(t, k, want+"\n")
		comes(t, "the kiosk", label, want)
	}
}

// A scanner that was pulled ends a read, and comes back under another number where a keyboard has taken its own meanwhile. Its
// link below by-id leads to it.
func TestScannerIsFoundAgainUnderAnotherNumber(t *testing.T) {
	k := newScannerThatTypes(t, "PULLED")
	before, err := filepath.EvalSymlinks(k.Path)
	if err != nil {
		t.Fatal(err)
	}
	s := NewEvdev(k.Path, unhurried, quiet)
	opened(t, s)
	waiting := make(chan error, 1)
	go func() { _, err := s.Read(t.Context()); waiting <- err }()
	if err := k.Pull(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-waiting:
		if device.Class(err) != device.ErrAttention || !errors.Is(err, syscall.ENODEV) {
			t.Errorf("Read, when the scanner is pulled = %v", err)
		}
	case <-time.After(limit):
		t.Fatal("a read outlives its scanner")
	}
	if err := pretend.Vanishes(k.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "not plugged in") {
		t.Errorf("Read, while it is away = %v", err)
	}

	newScannerThatTypes(t, "OTHER")
	if err := k.Plug(); err != nil {
		t.Fatal(err)
	}
	opened(t, s)
	after, err := filepath.EvalSymlinks(k.Path)
	if err != nil || after == before {
		t.Fatalf("it was %s and is %s, %v: nothing was tried", before, after, err)
	}
	label := reading(t, s)
	typed(t, k, "1234\n")
	comes(t, "the kiosk", label, "1234")
}

// A scanner that was exchanged has another serial number, and so another link.
func TestAScannerMayBeExchangedForAnotherOfItsModel(t *testing.T) {
	const model = "/dev/input/by-id/usb-Pretended_Scanner_*-event-kbd"
	s := NewEvdev(model, unhurried, quiet)
	first := newScannerThatTypes(t, "EXCHANGED-1")
	opened(t, s)
	label := reading(t, s)
	typed(t, first, "1111\n")
	comes(t, "the kiosk", label, "1111")
	if err := first.Pull(); err != nil {
		t.Fatal(err)
	}
	if err := pretend.Vanishes(first.Path); err != nil {
		t.Fatal(err)
	}
	second := newScannerThatTypes(t, "EXCHANGED-2")
	opened(t, s)
	label = reading(t, s)
	typed(t, second, "2222\n")
	comes(t, "the kiosk", label, "2222")

	if err := first.Plug(); err != nil {
		t.Fatal(err)
	}
	if err := pretend.Appears(first.Path); err != nil {
		t.Fatal(err)
	}
	_, err := NewEvdev(model, unhurried, quiet).Read(t.Context())
	if device.Class(err) != device.ErrAttention || !errors.Is(err, device.ErrSeveral) {
		t.Errorf("Read with two scanners of the model = %v", err)
	}
}
