//go:build vm

package serialport

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"

	"selfpay/systemd/vm/pretend"
)

// limit bounds what should come at once.
const limit = time.Minute

func cardLine(t *testing.T) pretend.Line {
	t.Helper()
	pretend.Only(t)
	l, err := pretend.Card()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dialLine(t *testing.T, c Config) io.ReadWriteCloser {
	t.Helper()
	l, err := Dial(c)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func farEnd(t *testing.T, l pretend.Line) net.Conn {
	t.Helper()
	far, err := l.Far()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return far
}

// every are all bytes there are, twice: also those that a tty in another mode takes for orders.
func every() []byte {
	var all []byte
	for i := range 512 {
		all = append(all, byte(i))
	}
	return all
}

func passes(t *testing.T, from io.Writer, to io.Reader) {
	t.Helper()
	if _, err := from.Write(every()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(every()))
	if _, err := io.ReadFull(to, got); err != nil || string(got) != string(every()) {
		t.Fatalf("there came % X, %v", got, err)
	}
}

// The same for an adapter of FTDI, a port of the 16550 kind and a device of the class CDC-ACM: nothing is added, changed or
// swallowed.
func TestRealLinesPassEveryByte(t *testing.T) {
	card := cardLine(t)
	uart, err := pretend.UART()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []pretend.Line{card, uart} {
		t.Run(filepath.Base(line.Path), func(t *testing.T) {
			near, far := dialLine(t, Config{Path: line.Path, Baud: 115200, Parity: "none", StopBits: "2"}), farEnd(t, line)
			passes(t, near, far)
			passes(t, far, near)
		})
	}
	t.Run("CDC-ACM", func(t *testing.T) {
		modem := newModem(t, "MODEM")
		near, far := dialLine(t, Config{Path: modem.Path}), dialLine(t, Config{Path: modem.Far()})
		passes(t, near, far)
		passes(t, far, near)
	})
}

func newModem(t *testing.T, serial string) pretend.Modem {
	t.Helper()
	m, err := pretend.NewModem(serial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// The kernel's own exclusive mode (TIOCEXCL) lets an administrator in, so that a second kiosk daemon, or a technician's tool
// run by root, would take bytes off the line. Our lock does not.
func TestSecondOpenerIsRefusedEvenAsRoot(t *testing.T) {
	line := cardLine(t)
	dialLine(t, Config{Path: line.Path})
	if os.Getuid() != 0 {
		t.Fatal("this proves nothing unless run by root")
	}
	if port, err := serial.Open(line.Path, &serial.Mode{}); err != nil {
		t.Logf("the library alone refuses: %v", err)
	} else {
		port.Close()
	}
	if _, err := Dial(Config{Path: line.Path})(t.Context()); err == nil || !strings.Contains(err.Error(), "it is in use") {
		t.Errorf("the second Dial = %v, want in use", err)
	}
}

// When the adapter is pulled the library says the same as after one's own Close, "port has been closed". Here the two differ,
// since only one of them needs somebody who looks at the cable.
func TestPulledAdapterIsNotOurOwnClose(t *testing.T) {
	line := cardLine(t)
	near := dialLine(t, Config{Path: line.Path})
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Read(make([]byte, 8)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read after Close = %v", err)
	}
	near = dialLine(t, Config{Path: line.Path})
	err := readUntilPulled(t, near)
	if err == nil || errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF) {
		t.Errorf("Read of a pulled adapter = %v", err)
	}
	if n, err := near.Write([]byte("x")); err == nil || n != 0 {
		t.Errorf("Write to a pulled adapter = %d, %v", n, err)
	}
	near.Close()
	back(t, line)
}

// readUntilPulled reads, pulls the adapter and returns what the read says.
func readUntilPulled(t *testing.T, near io.Reader) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { _, err := near.Read(make([]byte, 8)); ended <- err }()
	if err := pretend.Pull(pretend.CardAdapter); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(limit):
		t.Fatal("a read outlives its adapter")
		return nil
	}
}

// back plugs the adapter in again.
func back(t *testing.T, line pretend.Line) {
	t.Helper()
	if err := pretend.Plug(pretend.CardAdapter); err != nil {
		t.Fatal(err)
	}
	if err := pretend.Appears(line.Path); err != nil {
		t.Fatal(err)
	}
}

// An adapter that was pulled comes back under another number where its own has gone to another adapter meanwhile. Its link
// below by-id is what the configuration names, and leads to it.
func TestAdapterIsFoundAgainUnderAnotherNumber(t *testing.T) {
	line := cardLine(t)
	before, err := filepath.EvalSymlinks(line.Path)
	if err != nil {
		t.Fatal(err)
	}
	near := dialLine(t, Config{Path: line.Path})
	readUntilPulled(t, near)
	if err := near.Close(); err != nil {
		t.Errorf("Close of a pulled adapter = %v", err)
	}
	if err := pretend.Vanishes(line.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(Config{Path: line.Path})(t.Context()); err == nil || !strings.Contains(err.Error(), "is it plugged in?") {
		t.Errorf("Dial while it is away = %v", err)
	}
	if err := pretend.Plug(pretend.OtherAdapter); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pretend.Pull(pretend.OtherAdapter) })
	if err := pretend.Appears(before); err != nil {
		t.Fatal(err)
	}
	back(t, line)
	after, err := filepath.EvalSymlinks(line.Path)
	if err != nil || after == before {
		t.Fatalf("it was %s and is %s, %v: nothing was tried", before, after, err)
	}
	near, far := dialLine(t, Config{Path: line.Path}), farEnd(t, line)
	passes(t, near, far)
	passes(t, far, near)
}

// A write to a line that nobody drains has no end of its own in the kernel. Here it ends, the line is closed with it, and a
// read that waits ends too.
func TestWriteToAFullLineEnds(t *testing.T) {
	pretend.Only(t)
	modem := newModem(t, "FULL")
	near := dialLine(t, Config{Path: modem.Path, WriteTimeout: time.Second, Baud: 4_000_000})
	read := make(chan error, 1)
	go func() { _, err := near.Read(make([]byte, 8)); read <- err }()
	var err error
	for range 1000 {
		if _, err = near.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Fatalf("Write = %v", err)
	}
	select {
	case err := <-read:
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("Read beside it = %v", err)
		}
	case <-time.After(limit):
		t.Error("a read waits on")
	}
	if _, err := Dial(Config{Path: modem.Path})(t.Context()); err != nil {
		t.Errorf("the line cannot be opened again: %v", err)
	}
}

// A read that runs into the library's time limit has read nothing and has no error: the line is silent, not at its end.
func TestSilenceOfARealLineIsNotItsEnd(t *testing.T) {
	line := cardLine(t)
	near, far := dialLine(t, Config{Path: line.Path}), farEnd(t, line)
	got := make(chan string, 1)
	go func() {
		b := make([]byte, 1)
		_, err := io.ReadFull(near, b)
		got <- string(b) + errorText(err)
	}()
	time.Sleep(5 * readSlice) // a slower machine is silent for longer, and sees the same
	if _, err := far.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	select {
	case g := <-got:
		if g != "x" {
			t.Errorf("there came %q", g)
		}
	case <-time.After(limit):
		t.Fatal("nothing comes")
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Close ends a read that waits on a real line.
func TestCloseEndsAReadOfARealLine(t *testing.T) {
	near := dialLine(t, Config{Path: cardLine(t).Path})
	ended := make(chan error, 1)
	go func() { _, err := near.Read(make([]byte, 8)); ended <- err }()
	time.Sleep(readSlice / 2) // so that it waits; if it does not yet, it is refused instead
	if err := near.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EIO) {
			t.Errorf("Read = %v, want closed", err)
		}
	case <-time.After(limit):
		t.Fatal("a read outlives its line")
	}
}

// The drivers of an adapter of FTDI, a port of the 16550 kind and CDC-ACM keep the flow control that they were told.
func TestFlowControlOfRealLinesStays(t *testing.T) {
	card := cardLine(t)
	uart, err := pretend.UART()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{card.Path, uart.Path, newModem(t, "FLOW").Path} {
		for name, want := range map[string]flow{"none": {}, "rtscts": {control: unix.CRTSCTS}, "xonxoff": {input: unix.IXON}} {
			near, err := Dial(Config{Path: path, Baud: 19200, Flow: name})(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			mode, err := unix.IoctlGetTermios(int(near.(*line).lock.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			if got := (flow{mode.Cflag & allControl, mode.Iflag & allInput}); got != want || mode.Cflag&unix.CBAUD != unix.B19200 {
				t.Errorf("%s with flow=%s: %+v, control %o", path, name, got, mode.Cflag)
			}
			if err := near.Close(); err != nil {
				t.Errorf("%s with flow=%s: Close = %v", path, name, err)
			}
		}
	}
}

// What a device holds up with XOFF waits in the kernel. Close gives it a second, throws it away and lets the line go.
func TestWhatARealLineHoldsUpIsThrownAway(t *testing.T) {
	pretend.Only(t)
	uart, err := pretend.UART()
	if err != nil {
		t.Fatal(err)
	}
	far := farEnd(t, uart)
	near := dialLine(t, Config{Path: uart.Path, Flow: "xonxoff"})
	orders := func(b ...byte) {
		t.Helper()
		if _, err := far.Write(append(b, 'a')); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 1)
		if _, err := io.ReadFull(near, got); err != nil || got[0] != 'a' { // the order before it was taken
			t.Fatalf("Read = %q, %v", got, err)
		}
	}
	arrives := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if err := far.SetReadDeadline(time.Now().Add(limit)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(far, got); err != nil || string(got) != want {
			t.Fatalf("there came %q, %v; want %q", got, err, want)
		}
	}
	orders(0x13)
	if _, err := near.Write([]byte("held")); err != nil {
		t.Fatal(err)
	}
	waiting, err := unix.IoctlGetInt(int(near.(*line).lock.Fd()), unix.TIOCOUTQ)
	if err != nil || waiting != len("held") {
		t.Errorf("%d bytes are held, %v", waiting, err)
	}
	orders(0x11)
	arrives("held")
	orders(0x13)
	if _, err := near.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	if err := near.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	near = dialLine(t, Config{Path: uart.Path, Flow: "xonxoff"})
	if _, err := near.Write([]byte("next")); err != nil {
		t.Fatal(err)
	}
	arrives("next")
}

// The kernel waits half a minute for a device that takes no bytes; Close does not.
func TestARealDeviceThatTakesNoBytesIsLeft(t *testing.T) {
	pretend.Only(t)
	modem := newModem(t, "STUCK")
	near := dialLine(t, Config{Path: modem.Path})
	if _, err := near.Write([]byte("nobody reads this")); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := near.Close(); err == nil || !strings.Contains(err.Error(), "takes no bytes") {
		t.Errorf("Close = %v after %s", err, time.Since(begin))
	}
}
