//go:build !cgo || nousb

package usbprinter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"selfpay/device"
)

// Dial opens the printer with these USB ids and, if serial is not empty, that serial number, through the kernel's
// printer driver. Whoever gets the pipe closes it; Close ends a Read that waits. After the printer was unplugged Read
// and Write return an error, and dialling again finds it when it is back.
func Dial(vid, pid uint16, serial string) device.Dial {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		node, err := find("/sys/class/usbmisc", vid, pid, serial)
		if err != nil {
			return nil, err
		}
		f, err := os.OpenFile(filepath.Join("/dev/usb", node), os.O_RDWR, 0)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be opened: %w", name(vid, pid, serial), err)
		}
		return pipe{f}, nil
	}
}

// find returns the node, lpN, of the printer. Below class each node is a link to its interface, the folder above
// that is the device with idVendor, idProduct and serial (Linux, Documentation/ABI/stable/sysfs-bus-usb).
func find(class string, vid, pid uint16, serial string) (string, error) {
	nodes, err := filepath.Glob(filepath.Join(class, "lp*"))
	if err != nil {
		return "", err
	}
	for _, node := range nodes {
		intf, err := filepath.EvalSymlinks(filepath.Join(node, "device"))
		if err != nil {
			continue // unplugged meanwhile
		}
		usb := filepath.Dir(intf)
		if attribute(usb, "idVendor") == fmt.Sprintf("%04x", vid) && attribute(usb, "idProduct") == fmt.Sprintf("%04x", pid) &&
			(serial == "" || attribute(usb, "serial") == serial) {
			return filepath.Base(node), nil
		}
	}
	return "", notPluggedIn(vid, pid, serial)
}

func attribute(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// pipe is the open node.
type pipe struct{ *os.File }

// Read waits for what the printer sends; usblp ends a read with nothing when the printer sent an empty packet.
func (p pipe) Read(b []byte) (int, error) {
	for {
		n, err := p.File.Read(b)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		time.Sleep(emptyRead)
	}
}
