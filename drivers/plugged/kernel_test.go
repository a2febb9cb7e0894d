//go:build vm

package plugged_test

import (
	"slices"
	"testing"

	"selfpay/drivers/plugged"
	"selfpay/systemd/vm/pretend"
)

// What udev and the kernel show of devices that are plugged in.
func TestWhatIsPluggedInIsListed(t *testing.T) {
	pretend.Only(t)
	printer, err := pretend.NewPrinter("LISTED-1")
	if err != nil {
		t.Fatal(err)
	}
	defer printer.Close()
	keyboard, err := pretend.NewKeyboard("LISTED-2")
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	card, err := pretend.Card()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []plugged.Device{
		{Kind: plugged.USBPrinter, Name: "Pretended Printer", Address: "usb://04b8:0e15"},
		{Kind: plugged.Keyboard, Name: "Pretended Scanner", Address: "evdev://" + keyboard.Path},
		{Kind: plugged.SerialLine, Name: "ttyUSB0", Address: "serial://" + card.Path},
		{Kind: plugged.I2CBus, Name: "pretended", Address: "i2c://"},
	} {
		found := plugged.Find("/")
		if !slices.ContainsFunc(found, func(d plugged.Device) bool {
			return d.Kind == want.Kind && d.Name == want.Name && d.Address[:min(len(d.Address), len(want.Address))] == want.Address
		}) {
			t.Errorf("no %+v among %+v", want, found)
		}
	}
	if err := printer.Pull(); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(plugged.Find("/"), func(d plugged.Device) bool { return d.Kind == plugged.USBPrinter }) {
		t.Error("a printer that was pulled is listed")
	}
}
