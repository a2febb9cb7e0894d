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
	"time"

	"github.com/creack/pty"
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
	c, err := ParseAddress("serial:///dev/serial/by-id/usb-X?baud=115200&data=7&parity=even&stop=2")
	want := Config{Path: "/dev/serial/by-id/usb-X", Baud: 115200, DataBits: 7, Parity: "even", StopBits: "2", WriteTimeout: 5 * time.Second}
	if err != nil || c != want {
		t.Fatalf("ParseAddress = %+v, %v", c, err)
	}
	c, err = ParseAddress("serial:///dev/ttyX")
	want = Config{Path: "/dev/ttyX", Baud: 9600, DataBits: 8, Parity: "none", StopBits: "1", WriteTimeout: 5 * time.Second}
	if err != nil || c != want {
		t.Fatalf("ParseAddress = %+v, %v", c, err)
	}
	for _, bad := range []string{
		"", "/dev/ttyX", "tcp://host:1", "serial:dev/ttyX", "serial://dev/ttyX", "serial:///dev/ttyX?speed=1",
		"serial:///dev/ttyX?baud=", "serial:///dev/ttyX?baud=fast", "serial:///dev/ttyX?baud=0", "serial:///dev/ttyX?stop=3",
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
