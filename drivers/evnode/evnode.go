// Package evnode finds and takes the kernel's input devices that belong together: one USB device may have several nodes, the digits
// on one and the keys for the volume on another.
package evnode

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/holoplot/go-evdev"
)

// All are the event device at path and behind it the others of the same USB device. sys is where sysfs is, "/sys".
func All(sys, path string) []string {
	all := []string{path}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return all
	}
	class := filepath.Join(sys, "class/input")
	device := usbDevice(filepath.Join(class, filepath.Base(real)))
	if device == "" {
		return all
	}
	found, err := filepath.Glob(filepath.Join(class, "event*"))
	if err != nil {
		return all
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, f := range found {
		name := filepath.Base(f)
		if name != filepath.Base(real) && usbDevice(f) == device {
			all = append(all, filepath.Join("/dev/input", name))
		}
	}
	return all
}

// usbDevice is the folder of the USB device that a node belongs to, empty if it belongs to none. It is the nearest one
// above the node with idVendor (Linux, Documentation/ABI/stable/sysfs-bus-usb).
func usbDevice(node string) string {
	folder, err := filepath.EvalSymlinks(node)
	if err != nil {
		return ""
	}
	for ; strings.Count(folder, "/") > 1; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "idVendor")); err == nil {
			return folder
		}
	}
	return ""
}

// Take takes d for this process alone: nobody else gets what it sends. Whoever reads d calls NonBlock behind it, and behind State, since
// every question to the kernel makes d one whose read no Close ends (os.File.Fd).
func Take(d *evdev.InputDevice) error {
	if err := d.Grab(); err != nil {
		if err.Error() == syscall.EBUSY.Error() { // the library keeps only the words of the kernel's error
			return errors.New("another program holds it")
		}
		return err
	}
	return nil
}
