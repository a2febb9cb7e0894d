// Package hotplug hears from the kernel that a device was plugged in or pulled. It opens no device.
//
// The kernel tells it on a netlink socket (netlink(7), NETLINK_KOBJECT_UEVENT, multicast group 1) as soon as it knows; the
// links under /dev/serial, /dev/input/by-id and the like are made by udev a moment later. No rights are needed to listen.
// A message counts only where the kernel sent it, port 0: another program may write to the socket too. What the socket
// could not hold is lost (ENOBUFS), and told as an event that names nothing. So an event is a hint to look, never a fact.
package hotplug

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Event is one thing that happened to a device. All of it is empty where events were lost.
type Event struct {
	Action    string // "add", "remove", "bind", "change"
	Subsystem string // "tty", "usb", "input"
	Name      string // below /dev, where the device has a node: "ttyUSB0"
}

// subsystems are those in which this station's devices stand.
var subsystems = []string{"usb", "usbmisc", "tty", "input", "hidraw", "gpio", "i2c-dev", "spidev"}

// longestMessage is the kernel's own bound for the text of an event, and room for its header (linux/kobject.h, UEVENT_BUFFER_SIZE).
const longestMessage = 8 << 10

// group is the kernel's own multicast group; those of udev come later and have another form.
const group = 1

// Watch tells of plugs until ctx ends. The error is that of the socket.
func Watch(ctx context.Context, plugged func(Event)) error {
	socket, err := open()
	if err != nil {
		return fmt.Errorf("hotplug: %w", err)
	}
	defer socket.Close()
	defer context.AfterFunc(ctx, func() { socket.Close() })()
	raw, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("hotplug: %w", err)
	}
	buffer := make([]byte, longestMessage)
	for {
		e, ok, err := next(raw, buffer)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("hotplug: %w", err)
		case ok:
			plugged(e)
		}
	}
}

// open listens to the kernel. The socket can be waited for and closed as a file.
func open() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: group}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "uevents"), nil
}

// waiter is what is used of a syscall.RawConn.
type waiter interface {
	Read(func(fd uintptr) (done bool)) error
}

// next waits for a message. ok is false for one that does not concern us.
func next(raw waiter, buffer []byte) (e Event, ok bool, err error) {
	var n int
	var from unix.Sockaddr
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, from, failed = unix.Recvfrom(int(fd), buffer, 0)
		return !errors.Is(failed, unix.EAGAIN) && !errors.Is(failed, unix.EINTR)
	})
	switch sender, kernel := from.(*unix.SockaddrNetlink); {
	case err != nil:
		return Event{}, false, err
	case errors.Is(failed, unix.ENOBUFS):
		return Event{}, true, nil
	case failed != nil:
		return Event{}, false, failed
	case !kernel || sender.Pid != 0:
		return Event{}, false, nil
	}
	e, ok = parse(buffer[:n])
	return e, ok, nil
}

// parse reads a message: a line for people, then KEY=value, each ended by a zero. ok is false where it is none, or of a
// subsystem that is not ours.
func parse(message []byte) (e Event, ok bool) {
	head, rest, found := bytes.Cut(message, []byte{0})
	if !found || !bytes.Contains(head, []byte("@/")) {
		return Event{}, false
	}
	for _, pair := range bytes.Split(rest, []byte{0}) {
		key, value, _ := strings.Cut(string(pair), "=")
		switch key {
		case "ACTION":
			e.Action = value
		case "SUBSYSTEM":
			e.Subsystem = value
		case "DEVNAME":
			e.Name = value
		}
	}
	return e, e.Action != "" && slices.Contains(subsystems, e.Subsystem)
}
