package serialport

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"selfpay/device"
)

func openPty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close(); slave.Close() })
	return master, slave
}

func dialPty(t *testing.T, path string) io.ReadWriteCloser {
	t.Helper()
	l, err := Dial(Config{Path: path})(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestAddress(t *testing.T) {
	c, err := ParseAddress("serial:///dev/serial/by-id/usb-X?baud=115200&data=7&parity=even&stop=2&flow=rtscts")
	want := Config{Path: "/dev/serial/by-id/usb-X", Baud: 115200, DataBits: 7, Parity: "even", StopBits: "2", Flow: "rtscts", WriteTimeout: 5 * time.Second}
	if err != nil || c != want {
		t.Fatalf("ParseAddress = %+v, %v", c, err)
	}
	c, err = ParseAddress("serial:///dev/ttyX")
	want = Config{Path: "/dev/ttyX", Baud: 9600, DataBits: 8, Parity: "none", StopBits: "1", Flow: "none", WriteTimeout: 5 * time.Second}
	if err != nil || c != want {
		t.Fatalf("ParseAddress = %+v, %v", c, err)
	}
	for _, bad := range []string{
		"", "/dev/ttyX", "tcp://host:1", "serial:dev/ttyX", "serial://dev/ttyX", "serial:///dev/ttyX?speed=1",
		"serial:///dev/ttyX?baud=", "serial:///dev/ttyX?baud=fast", "serial:///dev/ttyX?baud=0", "serial:///dev/ttyX?stop=3",
		"serial:///dev/ttyX?stop=1.5", "serial:///dev/ttyX?flow=dtrdsr", "serial:///dev/ttyX?flow=", "serial:///dev/ttyX?flow=none&flow=none",
		"serial:///dev/ttyX?parity=maybe", "serial:///dev/ttyX?data=9", "serial:///dev/ttyX?baud=9600&baud=9600",
	} {
		if c, err := ParseAddress(bad); err == nil {
			t.Errorf("ParseAddress(%q) = %+v, want an error", bad, c)
		}
	}
}

func TestMissingDeviceIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ttyGone")
	_, err := Dial(Config{Path: path})(context.Background())
	if err == nil || err.Error() != "serial: cannot open "+path+": no such device; is it plugged in?" {
		t.Fatalf("Dial = %v", err)
	}
}

func TestALineMayBeNamedByItsModel(t *testing.T) {
	_, slave := openPty(t)
	folder := t.TempDir()
	name := filepath.Join(folder, "usb-FTDI_*-if00")
	if _, err := Dial(Config{Path: name})(t.Context()); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "plugged in") {
		t.Errorf("before it is there: %v", err)
	}
	for _, serial := range []string{"A1", "A2"} {
		if err := os.Symlink(slave.Name(), filepath.Join(folder, "usb-FTDI_"+serial+"-if00")); err != nil {
			t.Fatal(err)
		}
		l, err := Dial(Config{Path: name})(t.Context())
		if serial == "A1" && err != nil || serial == "A2" && !errors.Is(err, device.ErrSeveral) {
			t.Errorf("with %s: %v", serial, err)
		}
		if err == nil {
			l.Close()
		}
	}
}

func TestFileIsNoSerialLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Dial(Config{Path: path})(context.Background())
	if err == nil || !strings.Contains(err.Error(), "no serial line") {
		t.Fatalf("Dial = %v", err)
	}
}

func TestLineIsLockedUntilItIsClosed(t *testing.T) {
	_, slave := openPty(t)
	first := dialPty(t, slave.Name())
	_, err := Dial(Config{Path: slave.Name()})(context.Background())
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("second Dial = %v, want in use", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	dialPty(t, slave.Name())
}

func TestBytesPassBothWaysUnchanged(t *testing.T) {
	master, slave := openPty(t)
	l := dialPty(t, slave.Name())
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	if _, err := l.Write(all); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(all))
	if _, err := io.ReadFull(master, got); err != nil || string(got) != string(all) {
		t.Fatalf("out: % X, %v", got, err)
	}
	if _, err := master.Write(all); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(l, got); err != nil || string(got) != string(all) {
		t.Fatalf("in: % X, %v", got, err)
	}
}

func TestReadWaitsBeyondTheTimeoutOfTheLibrary(t *testing.T) {
	master, slave := openPty(t)
	l := dialPty(t, slave.Name())
	done := make(chan string, 1)
	go func() {
		b := make([]byte, 8)
		n, err := l.Read(b)
		if err != nil {
			done <- err.Error()
			return
		}
		done <- string(b[:n])
	}()
	time.Sleep(3 * readSlice)
	if _, err := master.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != "x" {
		t.Fatalf("Read = %q", got)
	}
}

func TestCloseWakesRead(t *testing.T) {
	_, slave := openPty(t)
	l := dialPty(t, slave.Name())
	done := make(chan error, 1)
	go func() {
		_, err := l.Read(make([]byte, 8))
		done <- err
	}()
	time.Sleep(readSlice / 2)
	l.Close()
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Fatalf("Read = %v, want closed", err)
	}
	if _, err := l.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("Write = %v, want closed", err)
	}
}

func TestPulledCableEndsRead(t *testing.T) {
	master, slave := openPty(t)
	l := dialPty(t, slave.Name())
	slave.Close()
	master.Close()
	if n, err := l.Read(make([]byte, 8)); err == nil {
		t.Fatalf("Read = %d bytes without error from a line that is gone", n)
	}
}

func TestWriteThatHangsClosesTheLine(t *testing.T) {
	_, slave := openPty(t)
	l, err := Dial(Config{Path: slave.Name(), WriteTimeout: 200 * time.Millisecond, Baud: 4_000_000})(context.Background())
	if errors.Is(err, syscall.EINVAL) {
		t.Skip("the pty does not take this speed")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// Nobody reads the master, so the buffer of the tty fills up.
	for range 100 {
		if _, err = l.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Fatalf("Write = %v", err)
	}
	if _, err := l.Read(make([]byte, 8)); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("Read after it = %v, want closed", err)
	}
}

// modeOf reads the mode of a line from its far end.
func modeOf(t *testing.T, master *os.File) (mode *unix.Termios) {
	t.Helper()
	if err := device.Control(master, func(fd int) (err error) { mode, err = unix.IoctlGetTermios(fd, unix.TCGETS); return err }); err != nil {
		t.Fatal(err)
	}
	return mode
}

func TestFlowControlIsSetAndStays(t *testing.T) {
	for name, want := range map[string]struct{ control, input uint32 }{
		"": {}, "none": {}, "rtscts": {control: unix.CRTSCTS}, "xonxoff": {input: unix.IXON},
	} {
		t.Run("flow="+name, func(t *testing.T) {
			master, slave := openPty(t)
			// The line was left in another mode.
			if err := (flow{control: unix.CRTSCTS, input: unix.IXON | unix.IXOFF | unix.IXANY}).set(slave); err != nil {
				t.Fatal(err)
			}
			l, err := Dial(Config{Path: slave.Name(), Baud: 19200, StopBits: "2", Flow: name})(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			look := func(when string) {
				t.Helper()
				m := modeOf(t, master)
				if m.Cflag&unix.CRTSCTS != want.control || m.Iflag&(unix.IXON|unix.IXOFF|unix.IXANY) != want.input {
					t.Errorf("%s: control %o, input %o", when, m.Cflag, m.Iflag)
				}
				if m.Cflag&unix.CBAUD != unix.B19200 || m.Cflag&unix.CSTOPB == 0 || m.Lflag&unix.ICANON != 0 {
					t.Errorf("%s: the rest of the mode is lost: control %o, local %o", when, m.Cflag, m.Lflag)
				}
			}
			look("opened")
			if _, err := l.Write([]byte("out")); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 3)
			if _, err := io.ReadFull(master, got); err != nil {
				t.Fatal(err)
			}
			if _, err := master.Write([]byte("in!")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(l, got); err != nil {
				t.Fatal(err)
			}
			look("used")
		})
	}
}

func TestADeviceMayHoldTheLineWithXOFF(t *testing.T) {
	master, slave := openPty(t)
	l, err := Dial(Config{Path: slave.Name(), Flow: "xonxoff"})(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := master.Write([]byte{0x13, 'a'}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1)
	if _, err := io.ReadFull(l, got); err != nil || got[0] != 'a' { // XOFF itself is eaten; it has come in
		t.Fatalf("Read = %q, %v", got, err)
	}
	written := make(chan error, 1)
	go func() {
		_, err := l.Write([]byte("held"))
		written <- err
	}()
	select {
	case err := <-written:
		t.Fatalf("Write = %v though the device holds the line", err)
	case <-time.After(200 * time.Millisecond):
	}
	if _, err := master.Write([]byte{0x11}); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 4)
	if _, err := io.ReadFull(master, text); err != nil || string(text) != "held" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestALineThatIsHeldForEverCanBeClosed(t *testing.T) {
	master, slave := openPty(t)
	l, err := Dial(Config{Path: slave.Name(), Flow: "xonxoff", WriteTimeout: 200 * time.Millisecond})(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := master.Write([]byte{0x13, 'a'}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(l, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write([]byte("held")); err == nil || !strings.Contains(err.Error(), "does not end") {
		t.Errorf("Write = %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	dialPty(t, slave.Name()) // the lock is free
}

func TestALineWithoutModemWiresIsALine(t *testing.T) {
	master, slave := openPty(t)
	if err := device.Control(slave, func(fd int) error { _, err := unix.IoctlGetInt(fd, unix.TIOCMGET); return err }); !errors.Is(err, syscall.ENOTTY) {
		t.Skipf("this pty has modem wires: %v", err)
	}
	l := dialPty(t, slave.Name())
	if _, err := l.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(master, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// latecomer is a line that was opened too late.
type latecomer struct {
	io.ReadWriteCloser
	closed bool
}

func (l *latecomer) Close() error { l.closed = true; return nil }

func TestALineThatTheSystemHoldsIsWaitedForUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := &latecomer{}
		open := func() (io.ReadWriteCloser, error) {
			time.Sleep(30 * time.Second)
			return late, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin := time.Now()
		if l, err := dial(ctx, "/dev/ttyX", open); !errors.Is(err, context.DeadlineExceeded) || l != nil || time.Since(begin) != 5*time.Second {
			t.Errorf("dial = %v, %v after %s", l, err, time.Since(begin))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if !late.closed {
			t.Error("a line that was opened too late stays open")
		}
		if l, err := dial(t.Context(), "/dev/ttyX", open); err != nil || l != io.ReadWriteCloser(late) {
			t.Errorf("dial = %v, %v", l, err)
		}
	})
}

func TestCloseDoesNotWaitForADeviceThatTakesNoBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		err := within(closeWithin, "/dev/ttyX", func() error { time.Sleep(30 * time.Second); return nil })
		if err == nil || time.Since(begin) != closeWithin {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
		if err := within(closeWithin, "/dev/ttyX", func() error { return errClosed }); err != errClosed {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Minute)
	})
}
