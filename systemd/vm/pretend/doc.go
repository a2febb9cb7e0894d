// Package pretend gives tests that run in the bench's guest devices that are not there. All are made below the kernel's
// drivers, so that the code under test opens the nodes that it opens at a station, and the test holds the far ends of
// their cables.
//
//	NewPrinter    a receipt printer on USB: usblp at /dev/usb/lp0, and libusb
//	NewKeyboard   a scanner that types: evdev, /dev/input/by-id/...-event-kbd
//	NewHIDPOS     a scanner with reports of its own: /dev/hidrawN
//	NewModem      a device on USB CDC-ACM: /dev/ttyACM0
//	Card          a serial adapter of FTDI, /dev/serial/by-id/..., by QEMU
//	UART          a serial line of the 16550 kind, by QEMU
//	I2C           a bus with chips that are plain registers, /dev/i2c-N
//	SPI           a bus that sends back what it is sent, /dev/spidev0.0
//	Plug, Pull    the cables of what QEMU makes
//
// GPIO chips are made with github.com/warthog618/go-gpiosim: the kernel's gpio-sim is loaded and configfs is mounted.
//
// The far ends of USB devices that the guest makes are nodes of the same guest: dummy_hcd, a USB host and device in one,
// connects the two (Linux, Documentation/usb/gadget_configfs.rst, gadget_printer.rst, gadget_hid.rst).
//
// A test that needs the guest stands in a file kernel_test.go with the build tag vm and begins with Only. make vm builds the
// tests of such files, and runs them in the guest as root, one package after the other.
package pretend

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Places are addresses at which the guest reaches its host.
type Places struct {
	Card    string `json:"card"`    // the far end of Card
	UART    string `json:"uart"`    // the far end of UART
	Errands string `json:"errands"` // where Plug and Pull ask
}

// PlacesFile is the file with the Places, and the sign that a program runs in the guest; it stands in folder.
const (
	PlacesFile = "places.json"
	folder     = "/bench"
)

// Only skips a test outside of the guest.
func Only(t interface{ Skip(...any) }) {
	if _, err := places(); err != nil {
		t.Skip("runs in the guest of make vm")
	}
}

func places() (Places, error) {
	var p Places
	text, err := os.ReadFile(filepath.Join(folder, PlacesFile))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, fmt.Errorf("pretend: the host's places: %w", err)
	}
	return p, nil
}

// patience bounds every wait for the kernel. An emulated machine on a busy host is slow.
const patience = time.Minute

// Until waits until holds says yes.
func Until(what string, holds func() bool) error {
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("pretend: %s: it does not come", what)
		}
	}
	return nil
}

// Appears waits for a file, such as a node that udev makes.
func Appears(path string) error {
	return Until(path, func() bool { _, err := os.Stat(path); return err == nil })
}

// Vanishes waits until there is no such file.
func Vanishes(path string) error {
	return Until("the end of "+path, func() bool { _, err := os.Lstat(path); return errors.Is(err, fs.ErrNotExist) })
}

// Devices with a cable that QEMU makes. The network's is in the hands of the host alone: a guest that pulled it would not
// hear that it is done.
const (
	CardAdapter  = "card"  // see Card; plugged in at the beginning
	OtherAdapter = "other" // one more of the kind, to take a number away
)

// Plug puts the cable of such a device in.
func Plug(device string) error { return errand("plug", device) }

// Pull pulls it out, and returns when the machine has no such device any more; its drivers may be a moment behind.
func Pull(device string) error { return errand("pull", device) }

func errand(verb, device string) error {
	p, err := places()
	if err != nil {
		return err
	}
	client := http.Client{Timeout: patience}
	answer, err := client.PostForm("http://"+p.Errands+"/", url.Values{"do": {verb}, "device": {device}})
	if err != nil {
		return fmt.Errorf("pretend: %s %s: %w", verb, device, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("pretend: %s %s: %s", verb, device, answer.Status)
	}
	return nil
}
