// Package plugged lists what hangs at this machine and may be a device of the station, each with the address by which the
// configuration names it. It opens no device; it reads names below /dev and /sys, so it may be used while kioskd runs.
//
// Names are those that stay the same when a device is plugged in again (udev's links by identity; by the place of the plug
// where a device tells no serial number of its own). A USB printer is found by its interface class, 7 (USB printing devices
// 1.1), a scanner that reports labels by its usage page, 8C (USB HID point of sale usage tables 1.02).
package plugged

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Device is one thing that was found.
type Device struct {
	Kind    string `json:"kind"`    // what it is to the system, in words
	Name    string `json:"name"`    // what it says of itself; may be empty
	Address string `json:"address"` // as the configuration names it
}

// The kinds.
const (
	SerialLine  = "serial line"  // a terminal, a printer or a scanner
	Keyboard    = "keyboard"     // or a scanner that types
	LabelReader = "label reader" // a scanner that reports whole labels
	USBPrinter  = "USB printer"
	I2CBus      = "I2C bus" // a chip's address is added: i2c://1/0x36
	SPIDevice   = "SPI chip select"
	GPIOChip    = "GPIO controller" // a line is added: gpio://pinctrl-rp1/17
)

// Find lists what hangs at the machine whose file system begins at root, "/" for this one. What cannot be read is left
// out: a machine without a kind of bus has not its folder either.
func Find(root string) []Device {
	m := machine{root}
	return slices.Concat(m.serial(), m.keyboards(), m.labelReaders(), m.printers(), m.gpio(), m.i2c(), m.spi())
}

type machine struct{ root string }

func (m machine) glob(pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(m.root, pattern)) // the patterns are ours
	return found
}

// inside is a path as the machine itself names it.
func (m machine) inside(path string) string {
	rel, err := filepath.Rel(m.root, path)
	if err != nil {
		return path
	}
	return "/" + rel
}

// word reads a file of one line.
func word(path ...string) string {
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// serial lists the lines by identity, and by their place those that have none.
func (m machine) serial() []Device {
	var all []Device
	named := map[string]bool{}
	for _, folder := range []string{"by-id", "by-path"} {
		for _, link := range m.glob("dev/serial/" + folder + "/*") {
			node, err := filepath.EvalSymlinks(link)
			if err != nil || named[node] {
				continue
			}
			named[node] = true
			all = append(all, Device{SerialLine, filepath.Base(node), "serial://" + m.inside(link)})
		}
	}
	return all
}

func (m machine) keyboards() []Device {
	var all []Device
	for _, link := range m.glob("dev/input/by-id/*-event-kbd") {
		node, err := filepath.EvalSymlinks(link)
		if err != nil {
			continue
		}
		name := word(m.root, "sys/class/input", filepath.Base(node), "device/name")
		all = append(all, Device{Keyboard, name, "evdev://" + m.inside(link)})
	}
	return all
}

// pointOfSale begins the report descriptor of a scanner that reports labels: usage page 8C, bar code scanner.
var pointOfSale = []byte{0x05, 0x8C}

func (m machine) labelReaders() []Device {
	var all []Device
	for _, folder := range m.glob("sys/class/hidraw/*") {
		descriptor, err := os.ReadFile(filepath.Join(folder, "device/report_descriptor"))
		if err != nil || !bytes.HasPrefix(descriptor, pointOfSale) {
			continue
		}
		name := ""
		for _, line := range strings.Split(word(folder, "device/uevent"), "\n") {
			if value, found := strings.CutPrefix(line, "HID_NAME="); found {
				name = value
			}
		}
		all = append(all, Device{LabelReader, name, "hidraw:///dev/" + filepath.Base(folder)})
	}
	return all
}

func (m machine) printers() []Device {
	var all []Device
	models := map[string]int{}
	var serials []string
	for _, class := range m.glob("sys/bus/usb/devices/*/bInterfaceClass") {
		if word(class) != "07" {
			continue
		}
		device, _, _ := strings.Cut(filepath.Dir(class), ":")
		model := word(device, "idVendor") + ":" + word(device, "idProduct")
		name := strings.TrimSpace(word(device, "manufacturer") + " " + word(device, "product"))
		models[model]++
		serials = append(serials, word(device, "serial"))
		all = append(all, Device{USBPrinter, name, "usb://" + model})
	}
	for i, d := range all {
		if models[strings.TrimPrefix(d.Address, "usb://")] > 1 && serials[i] != "" {
			all[i].Address += "?serial=" + serials[i]
		}
	}
	return all
}

func (m machine) gpio() []Device {
	var all []Device
	for _, folder := range m.glob("sys/class/gpio/gpiochip*") {
		if label := word(folder, "label"); label != "" {
			all = append(all, Device{GPIOChip, word(folder, "ngpio") + " lines", "gpio://" + label})
		}
	}
	return all
}

func (m machine) i2c() []Device {
	var all []Device
	for _, folder := range m.glob("sys/class/i2c-dev/i2c-*") {
		number := strings.TrimPrefix(filepath.Base(folder), "i2c-")
		all = append(all, Device{I2CBus, word(folder, "name"), "i2c://" + number})
	}
	return all
}

func (m machine) spi() []Device {
	var all []Device
	for _, node := range m.glob("dev/spidev*") {
		all = append(all, Device{SPIDevice, filepath.Base(node), "spi://" + strings.TrimPrefix(filepath.Base(node), "spidev")})
	}
	return all
}
