package hotplug

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// message is an event as the kernel writes it.
func message(lines ...string) []byte { return []byte(strings.Join(lines, "\x00") + "\x00") }

// As Linux 6.1 tells of a USB serial adapter and of a battery.
var (
	adapter = message("add@/devices/pci0000:00/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0", "ACTION=add", "DEVPATH=/devices/pci0000:00/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0",
		"SUBSYSTEM=tty", "MAJOR=188", "MINOR=0", "DEVNAME=ttyUSB0", "SEQNUM=1287")
	battery = message("change@/devices/LNXSYSTM:00/power_supply/BAT0", "ACTION=change", "SUBSYSTEM=power_supply", "SEQNUM=1288")
)

func TestAnEventOfOurDevicesIsRead(t *testing.T) {
	if e, ok := parse(adapter); !ok || e != (Event{Action: "add", Subsystem: "tty", Name: "ttyUSB0"}) {
		t.Errorf("parse = %+v, %v", e, ok)
	}
	for name, text := range map[string][]byte{
		"of another subsystem": battery,
		"of udev":              append([]byte("libudev\x00\xfe\xed\xca\xfe"), adapter...),
		"without action":       message("add@/devices/x", "SUBSYSTEM=tty"),
		"empty":                nil,
		"cut off":              []byte("add@/devices/x"),
		"zeros":                make([]byte, 100),
	} {
		if e, ok := parse(text); ok {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(adapter)
	f.Add(battery)
	f.Fuzz(func(t *testing.T, text []byte) {
		if e, ok := parse(text); ok && (e.Action == "" || e.Subsystem == "") {
			t.Errorf("%+v", e)
		}
	})
}

// listening opens the socket and tells its port.
func listening(t *testing.T) (waiter, uint32) {
	t.Helper()
	socket, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var port uint32
	if err := raw.Control(func(fd uintptr) {
		if own, err := unix.Getsockname(int(fd)); err == nil {
			port = own.(*unix.SockaddrNetlink).Pid
		}
	}); err != nil || port == 0 {
		t.Fatal(err, port)
	}
	return raw, port
}

func TestAForgedEventDoesNotCount(t *testing.T) {
	raw, port := listening(t)
	forger, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(forger)
	if err := unix.Sendto(forger, adapter, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: port}); err != nil {
		t.Skip("only an administrator may write to the socket here: ", err)
	}
	if e, ok, err := next(raw, make([]byte, longestMessage)); ok || err != nil {
		t.Errorf("next = %+v, %v, %v", e, ok, err)
	}
}

// The kernel repeats an event when its action is written to the device's file.
func TestAnEventOfTheKernelIsHeard(t *testing.T) {
	const file = "/sys/class/tty/tty/uevent"
	if f, err := os.OpenFile(file, os.O_WRONLY, 0); err != nil {
		t.Skip("only an administrator may have an event repeated: ", err)
	} else {
		f.Close()
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	heard := make(chan Event, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- Watch(ctx, func(e Event) {
			select {
			case heard <- e:
			default:
			}
		})
	}()
	for {
		if err := os.WriteFile(file, []byte("change"), 0); err != nil {
			t.Skip("the kernel repeats no event here: ", err)
		}
		select {
		case e := <-heard:
			if e != (Event{Action: "change", Subsystem: "tty", Name: "tty"}) {
				t.Errorf("heard %+v", e)
			}
			return
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond): // it may not listen yet
		}
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Watch(ctx, func(Event) {}) }()
	stop()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Watch = %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
}

// fails is a socket whose wait fails.
type fails struct{ err error }

func (f fails) Read(func(uintptr) bool) error { return f.err }

func TestALostSocketIsTold(t *testing.T) {
	if _, _, err := next(fails{os.ErrClosed}, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("next = %v", err)
	}
}

// dry is a socket that gives an error instead of a message.
type dry struct{}

func (dry) Read(f func(uintptr) bool) error {
	if !f(^uintptr(0)) { // no descriptor: EBADF
		return errors.New("it is waited for")
	}
	return nil
}

func TestAnErrorOfTheSocketIsNoEvent(t *testing.T) {
	if e, ok, err := next(dry{}, make([]byte, 10)); ok || !errors.Is(err, unix.EBADF) {
		t.Errorf("next = %+v, %v, %v", e, ok, err)
	}
}
