package scanline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"selfpay/device"
)

// NewHIDPOS makes a scanner in HID POS mode at a hidraw node, by a udev link that stays the same. It opens nothing; Read
// does, and again after the scanner was unplugged. While it is open no other process of this kiosk gets it.
func NewHIDPOS(path string, cfg Config, log *slog.Logger) *Scanner {
	return newHIDPOS(func() (hid, error) { return openHID(path) }, cfg, log)
}

// hid is a device that sends reports, one with each Read, which Close ends.
type hid interface {
	io.ReadCloser
	Descriptor() ([]byte, error)
	Vendor() (uint16, error)
	SetFeature(report []byte) error
}

// maxReport is the longest input report that the kernel hands out here.
const maxReport = maxReportBits/8 + 1

// Honeywell's scanners send labels in HID POS form after this feature report, also when they were set to another.
const honeywell = 0x0C2E

var honeywellPOS = []byte{0xFE, 0x01}

func newHIDPOS(open func() (hid, error), cfg Config, log *slog.Logger) *Scanner {
	cfg = cfg.withDefaults()
	return newScanner(func(_ context.Context, count *counter) (*feed, error) {
		d, err := open()
		if err != nil {
			return nil, err
		}
		form, err := begin(d, log)
		if err != nil {
			d.Close()
			return nil, err
		}
		f := newFeed(d, count, log)
		in := make(chan []byte)
		go func() {
			defer close(in)
			f.lose(readReports(d, in))
		}()
		go assemble(f, in, cfg.Silence, newReports(form, leftover*cfg.Silence))
		return f, nil
	})
}

// begin learns how d sends labels, and makes it do so.
func begin(d hid, log *slog.Logger) (form, error) {
	described, err := d.Descriptor()
	if err != nil {
		return form{}, err
	}
	f, err := parseDescriptor(described)
	if err != nil {
		return form{}, err
	}
	vendor, err := d.Vendor()
	if err != nil {
		return form{}, err
	}
	if vendor == honeywell {
		if err := d.SetFeature(honeywellPOS); err != nil { // older ones know no other mode
			log.Info("scanner does not take the order to send HID POS reports", "error", err)
		}
	}
	return f, nil
}

func readReports(d io.Reader, in chan<- []byte) error {
	buf := make([]byte, maxReport)
	for {
		n, err := d.Read(buf)
		if err != nil {
			return err
		}
		if n == 0 {
			return io.EOF // a hidraw node never sends an empty report
		}
		in <- append([]byte(nil), buf[:n]...)
	}
}

// hidraw is a device of the kernel's hidraw driver (Linux, Documentation/hid/hidraw.rst).
type hidraw struct{ *os.File }

func openHID(name string) (hid, error) {
	path, err := device.Find(name)
	if err != nil {
		return nil, fmt.Errorf("scanner: %w; is it plugged in?", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0) // so that Close ends a read
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return nil, fmt.Errorf("scanner %s is not plugged in", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("scanner %s may not be opened; a udev rule must give it to the service's group", path)
	case err != nil:
		return nil, err
	}
	d := hidraw{f}
	var busy error
	if err := device.Control(d.File, func(fd int) error { busy = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); return nil }); err != nil {
		f.Close()
		return nil, err
	}
	if busy != nil {
		f.Close()
		return nil, fmt.Errorf("scanner %s is in use; does another process of this kiosk run?", path)
	}
	return d, nil
}

func (d hidraw) Descriptor() ([]byte, error) {
	var r unix.HIDRawReportDescriptor
	err := device.Control(d.File, func(fd int) error {
		size, err := unix.IoctlGetInt(fd, unix.HIDIOCGRDESCSIZE)
		if err != nil {
			return err
		}
		r.Size = uint32(size)
		return unix.IoctlHIDGetDesc(fd, &r)
	})
	if errors.Is(err, syscall.ENOTTY) {
		return nil, fmt.Errorf("scanner %s is no hidraw node", d.Name())
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDescriptor, err)
	}
	if int(r.Size) > len(r.Value) {
		return nil, errDescriptor
	}
	return r.Value[:r.Size], nil
}

func (d hidraw) Vendor() (uint16, error) {
	vendor := uint16(0)
	err := device.Control(d.File, func(fd int) error {
		info, err := unix.IoctlHIDGetRawInfo(fd)
		if err == nil {
			vendor = uint16(info.Vendor)
		}
		return err
	})
	return vendor, err
}

func (d hidraw) SetFeature(report []byte) error {
	sent := append([]byte(nil), report...)
	return device.Control(d.File, func(fd int) error {
		// HIDIOCSFEATURE(len), linux/hidraw.h: _IOC(_IOC_WRITE|_IOC_READ, 'H', 0x06, len)
		request := uintptr(3<<30) | uintptr(len(sent))<<16 | 'H'<<8 | 0x06
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&sent[0]))); errno != 0 {
			return errno
		}
		return nil
	})
}
