package pretend

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
)

// Line is a serial line by QEMU. It has no speed, no noise and no parity errors; its modem lines are always on.
type Line struct {
	Path string // its node: for Card the link that stays the same, whatever number the adapter gets
	far  string
}

// Card is the line on a USB serial adapter of FTDI (ftdi_sio). Its cable is CardAdapter.
func Card() (Line, error) {
	p, err := places()
	if err != nil {
		return Line{}, err
	}
	l := Line{Path: "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_CARD-if00-port0", far: p.Card}
	return l, Appears(l.Path)
}

// UART is the line of the 16550 kind (8250_pci).
func UART() (Line, error) {
	p, err := places()
	if err != nil {
		return Line{}, err
	}
	ports, err := filepath.Glob("/sys/class/tty/ttyS*/device/vendor")
	if err != nil {
		return Line{}, err
	}
	for _, vendor := range ports {
		if attribute(vendor) == "0x1b36" { // Red Hat's, for devices of QEMU (docs/specs/pci-ids.txt)
			return Line{Path: "/dev/" + strings.Split(vendor, "/")[4], far: p.UART}, nil
		}
	}
	return Line{}, fmt.Errorf("pretend: there is no serial line of QEMU among %q", ports)
}

// Far is the far end of the cable. One may be open at a time. What is written to it while the adapter is away is lost.
func (l Line) Far() (net.Conn, error) {
	d := net.Dialer{Timeout: patience}
	return d.Dial("tcp", l.far)
}
