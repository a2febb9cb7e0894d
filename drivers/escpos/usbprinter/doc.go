// Package usbprinter reaches a receipt printer on USB as a byte pipe for package escpos.
//
// There are two ways, and the build decides: libusb through gousb, which needs cgo, or, with the tag nousb or
// without cgo, the kernel's usblp driver at /dev/usb/lpN. Both are behind the same Dial. Access needs a udev rule:
// libusb opens the device below /dev/bus/usb, usblp its own node.
//
// Facts: USB Device Class Definition for Printing Devices 1.1 (class 7, subclass 1; protocol 2 is bidirectional);
// Linux drivers/usb/class/usblp.c. Both ways were
// tried on Linux 6.1 with a pretended printer (kernel_test.go), and no real one yet.
package usbprinter

import (
	"fmt"
	"time"
)

// emptyRead is the pause after an empty packet: some printers send them without end.
const emptyRead = 20 * time.Millisecond

// name is how errors call the printer.
func name(vid, pid uint16, serial string) string {
	s := fmt.Sprintf("usb printer %04x:%04x", vid, pid)
	if serial != "" {
		s += " with serial number " + serial
	}
	return s
}

func notPluggedIn(vid, pid uint16, serial string) error {
	return fmt.Errorf("%s is not plugged in", name(vid, pid, serial))
}
