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
	"selfpay/device/scanner"
	"selfpay/device/scanner/scannertest"
	"selfpay/drivers/scanline/scanlinetest"
	"selfpay/systemd/vm/pretend"
)

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

// ready opens the scanner and lets a label end: one may have been under way when it was opened.
func ready(t *testing.T, s *Scanner, k pretend.Keyboard) {
	t.Helper()
	opened(t, s)
	typed(t, k, "\n")
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
	ready(t, s, k)
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
	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	_, err := NewEvdev(k.Path, unhurried, quiet).Read(ctx)
	if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "another program holds it") {
		t.Errorf("Read = %v", err)
	}
}

// A scanner sends its keys as fast as the bus takes them, a millisecond or two for each, with capitals and all that a label
// may hold.
func TestBurstsOfKeysComeWhole(t *testing.T) {
	k := newScannerThatTypes(t, "BURST")
	s := NewEvdev(k.Path, unhurried, quiet)
	ready(t, s, k)
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
	ready(t, s, k)
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
	ready(t, s, first)
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
	ready(t, s, second)
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

// onUSB is a scanner of the conformance suite, at the far end of a USB cable.
type onUSB struct {
	cable interface {
		Pull() error
		Plug() error
	}
	gone  func() error             // waits for the end of its node
	there func() error             // waits for its node
	send  func(label string) error // with its AIM identifier
	fatal func(...any)
	aim   string
}

func (u *onUSB) SetAIM(id string)        { u.aim = id }
func (u *onUSB) Scan(label string) error { return u.send(label) }
func (u *onUSB) Plug() error             { return errors.Join(u.cable.Plug(), u.there()) }

func (u *onUSB) Unplug() {
	if err := errors.Join(u.cable.Pull(), u.gone()); err != nil {
		u.fatal(err)
	}
}

func TestConformanceOverRealKeyboards(t *testing.T) {
	number := 0
	scannertest.Run(t, func(t *testing.T) (scanner.Scanner, scannertest.Far) {
		number++ // else its link may be that of the scanner before
		k := newScannerThatTypes(t, fmt.Sprintf("CONFORMANCE-%d", number))
		far := &onUSB{cable: k, gone: func() error { return pretend.Vanishes(k.Path) }, there: func() error { return pretend.Appears(k.Path) }, fatal: t.Fatal}
		far.send = func(label string) error { return k.Type(far.aim+label+"\n", 0) }
		return NewEvdev(k.Path, unhurried, quiet), far
	})
}

func newScannerWithReports(t *testing.T, serial string) pretend.HIDPOS {
	t.Helper()
	pretend.Only(t)
	h, err := pretend.NewHIDPOS(serial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// A hidraw node has no name of its own that stays; at a station a udev rule gives it one.
func TestConformanceOverRealReports(t *testing.T) {
	number := 0
	scannertest.Run(t, func(t *testing.T) (scanner.Scanner, scannertest.Far) {
		number++
		h := newScannerWithReports(t, fmt.Sprintf("CONFORMANCE-%d", number))
		name := filepath.Join(t.TempDir(), "scanner")
		node := ""
		named := func() (err error) {
			node, err = h.Node()
			if err != nil {
				return err
			}
			os.Remove(name)
			return os.Symlink(node, name)
		}
		if err := named(); err != nil {
			t.Fatal(err)
		}
		far := &onUSB{cable: h, gone: func() error { return pretend.Vanishes(node) }, there: named, fatal: t.Fatal}
		far.send = func(label string) error {
			var all error
			for _, report := range scanlinetest.Reports(far.aim, label) {
				all = errors.Join(all, h.Send(report))
			}
			return all
		}
		return NewHIDPOS(name, unhurried, quiet), far
	})
}

// The lock is ours: the kernel hands the reports to everybody who has the node open.
func TestScannerWithReportsIsOursAlone(t *testing.T) {
	h := newScannerWithReports(t, "LOCKED")
	node, err := h.Node()
	if err != nil {
		t.Fatal(err)
	}
	opened(t, NewHIDPOS(node, unhurried, quiet))
	_, err = NewHIDPOS(node, unhurried, quiet).Read(t.Context())
	if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("Read = %v", err)
	}
}

// A scanner that types has a hidraw node too. It is no scanner with reports of its own.
func TestTheReportsOfAKeyboardAreNoLabels(t *testing.T) {
	k := newScannerThatTypes(t, "KEYBOARD")
	var node string
	err := pretend.Until("the hidraw node of the keyboard", func() bool {
		found, err := filepath.Glob("/sys/class/hidraw/hidraw*")
		if err != nil {
			return false
		}
		for _, class := range found {
			text, err := os.ReadFile(filepath.Join(class, "device/uevent"))
			if err == nil && strings.Contains(string(text), "HID_UNIQ="+k.Serial) {
				node = "/dev/" + filepath.Base(class)
			}
		}
		return node != ""
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewHIDPOS(node, unhurried, quiet).Read(t.Context())
	if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "set it to HID POS") {
		t.Errorf("Read = %v", err)
	}
}
