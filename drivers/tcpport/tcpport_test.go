package tcpport

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// slack is far more than anything here may take.
const slack = 20 * time.Second

// pair dials a device that the test plays.
func pair(t *testing.T) (near io.ReadWriteCloser, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = DialAlone(l.Addr().String())(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	return near, accepted.(*net.TCPConn)
}

func option(t *testing.T, c syscall.Conn, level, name int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, name) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestADeadConnectionIsFound(t *testing.T) {
	near, _ := pair(t)
	c := near.(*alone)
	for name, got := range map[string][2]int{
		"TCP_USER_TIMEOUT": {option(t, c, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT), 15_000},
		"SO_KEEPALIVE":     {option(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE), 1},
		"TCP_KEEPIDLE":     {option(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE), 10},
		"TCP_KEEPINTVL":    {option(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL), 10},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %d, want %d", name, got[0], got[1])
		}
	}
}

func TestThePrinterIsReadToItsEnd(t *testing.T) {
	near, far := pair(t)
	if _, err := near.Write([]byte("receipt")); err != nil {
		t.Fatal(err)
	}
	near.(*alone).within = time.Hour
	closed := make(chan error, 1)
	go func() { closed <- near.Close() }()
	far.SetReadDeadline(time.Now().Add(slack))
	got, err := io.ReadAll(far) // the kiosk's side ends in order: with a reset this would be an error
	if err != nil || string(got) != "receipt" {
		t.Fatalf("the printer got %q, %v", got, err)
	}
	if _, err := far.Write(make([]byte, 1<<16)); err != nil { // status that nobody asked for
		t.Fatalf("the printer cannot send any more: %v", err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(slack):
		t.Fatal("Close hangs")
	}
}

func TestAPrinterThatDoesNotEndIsLeft(t *testing.T) {
	near, far := pair(t)
	read := make(chan error, 1)
	go func() {
		_, err := near.Read(make([]byte, 1))
		read <- err
	}()
	time.Sleep(50 * time.Millisecond) // for Read to wait
	closed := make(chan error, 1)
	begin := time.Now()
	go func() { closed <- near.Close() }()
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the printer reads %v, want the end", err)
	}
	for name, c := range map[string]chan error{"Close": closed, "Read": read} {
		select {
		case err := <-c:
			if name == "Close" && time.Since(begin) < endsWithin {
				t.Error("Close did not give the printer its time")
			}
			if name == "Read" && !errors.Is(err, net.ErrClosed) || name == "Close" && err != nil {
				t.Errorf("%s = %v", name, err)
			}
		case <-time.After(slack):
			t.Fatalf("%s hangs", name)
		}
	}
	if err := near.Close(); err != nil {
		t.Errorf("Close again = %v", err)
	}
}

func TestCloseEndsAWriteThatWaits(t *testing.T) {
	near, _ := pair(t) // nobody reads
	written := make(chan error, 1)
	go func() {
		for {
			if _, err := near.Write(make([]byte, 1<<16)); err != nil {
				written <- err
				return
			}
		}
	}()
	time.Sleep(100 * time.Millisecond)
	go near.Close()
	select {
	case <-written:
	case <-time.After(slack):
		t.Fatal("Write hangs")
	}
}

func TestAPrinterThatRefusesMayBeHeld(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	_, err = DialAlone(address)(t.Context())
	if !errors.Is(err, syscall.ECONNREFUSED) || !strings.HasSuffix(err.Error(), "another host may hold the printer") {
		t.Errorf("Dial = %v", err)
	}
}

// busy is a printer whose one place is taken: connections beyond it get no answer.
func busy(t *testing.T) (address string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address = (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}).String()
	for range 8 { // the kernel holds a few more than it was told
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this kernel refuses no connection")
	return ""
}

func TestAPrinterThatDoesNotAnswerMayBeHeld(t *testing.T) {
	address := busy(t)
	_, err := dialAlone(address, 300*time.Millisecond)(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another host may hold the printer") {
		t.Errorf("Dial = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err = DialAlone(address)(ctx); err == nil || strings.Contains(err.Error(), "another host") {
		t.Errorf("Dial that was called off = %v", err)
	}
}

func TestANameThatDoesNotExistIsNotHeldByAnybody(t *testing.T) {
	_, err := DialAlone("printer.invalid:9100")(t.Context())
	if err == nil || strings.Contains(err.Error(), "another host") {
		t.Errorf("Dial = %v", err)
	}
}

func TestOtherDevicesAreClosedAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := Dial(l.Addr().String())(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := option(t, near.(syscall.Conn), unix.SOL_SOCKET, unix.SO_KEEPALIVE); got != 1 {
		t.Error("the connection is not kept alive")
	}
	if _, lone := near.(*alone); lone {
		t.Error("a terminal's connection waits for its end")
	}
	near.Close()
}
