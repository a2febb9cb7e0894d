package plugged_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"selfpay/drivers/plugged"
)

// tree makes files with their content; a content that begins with -> is a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if target, link := "", len(content) > 2 && content[:2] == "->"; err == nil && link {
			target = content[2:]
			err = os.Symlink(target, path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// The tree is a Raspberry Pi with a station's devices, as Linux 6.1 and udev show it.
func TestEachDeviceIsListedWithTheAddressThatStays(t *testing.T) {
	root := tree(t, map[string]string{
		"dev/ttyUSB0": "", "dev/ttyUSB1": "", "dev/input/event3": "", "dev/spidev0.1": "", "dev/spidev0.0": "", "dev/ttyACM7": "",
		"dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0": "->../../ttyUSB0",
		"dev/serial/by-path/platform-usb-0:1.1:1.0-port0":      "->../../ttyUSB0",
		"dev/serial/by-path/platform-usb-0:1.2:1.0-port0":      "->../../ttyUSB1",
		"dev/serial/by-id/usb-gone":                            "->../../ttyUSB9",
		"dev/input/by-id/usb-Honeywell_1470g-event-kbd":        "->../event3",
		"sys/class/input/event3/device/name":                   "Honeywell 1470g\n",
		"sys/class/hidraw/hidraw0/device/report_descriptor":    "\x05\x01\x09\x06",
		"sys/class/hidraw/hidraw1/device/report_descriptor":    "\x05\x8c\x09\x02\xa1\x01",
		"sys/class/hidraw/hidraw1/device/uevent":               "DRIVER=hid-generic\nHID_NAME=Zebra DS457\n",
		"sys/bus/usb/devices/1-1.3/idVendor":                   "04b8\n",
		"sys/bus/usb/devices/1-1.3/idProduct":                  "0202\n",
		"sys/bus/usb/devices/1-1.3/manufacturer":               "EPSON\n",
		"sys/bus/usb/devices/1-1.3/product":                    "TM-T88V\n",
		"sys/bus/usb/devices/1-1.3/serial":                     "J5KF1\n",
		"sys/bus/usb/devices/1-1.3:1.0/bInterfaceClass":        "07\n",
		"sys/bus/usb/devices/1-1.4:1.0/bInterfaceClass":        "03\n",
		"sys/class/gpio/gpiochip512/label":                     "pinctrl-rp1\n",
		"sys/class/gpio/gpiochip512/ngpio":                     "54\n",
		"sys/class/i2c-dev/i2c-1/name":                         "bcm2835 (i2c@7e804000)\n",
	})
	want := []plugged.Device{
		{Kind: plugged.SerialLine, Name: "ttyUSB0", Address: "serial:///dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0"},
		{Kind: plugged.SerialLine, Name: "ttyUSB1", Address: "serial:///dev/serial/by-path/platform-usb-0:1.2:1.0-port0"},
		{Kind: plugged.Keyboard, Name: "Honeywell 1470g", Address: "evdev:///dev/input/by-id/usb-Honeywell_1470g-event-kbd"},
		{Kind: plugged.LabelReader, Name: "Zebra DS457", Address: "hidraw:///dev/hidraw1"},
		{Kind: plugged.USBPrinter, Name: "EPSON TM-T88V", Address: "usb://04b8:0202"},
		{Kind: plugged.GPIOChip, Name: "54 lines", Address: "gpio://pinctrl-rp1"},
		{Kind: plugged.I2CBus, Name: "bcm2835 (i2c@7e804000)", Address: "i2c://1"},
		{Kind: plugged.SPIDevice, Name: "spidev0.0", Address: "spi://0.0"},
		{Kind: plugged.SPIDevice, Name: "spidev0.1", Address: "spi://0.1"},
	}
	if got := plugged.Find(root); !slices.Equal(got, want) {
		for _, d := range got {
			t.Logf("%+v", d)
		}
		t.Error("that is not what hangs there")
	}
}

func TestTwoPrintersOfOneModelAreToldApartByTheirSerialNumbers(t *testing.T) {
	files := map[string]string{}
	for plug, serial := range map[string]string{"1-1": "A1", "1-2": "A2", "1-3": ""} {
		files["sys/bus/usb/devices/"+plug+"/idVendor"] = "04b8"
		files["sys/bus/usb/devices/"+plug+"/idProduct"] = "0202"
		files["sys/bus/usb/devices/"+plug+"/serial"] = serial
		files["sys/bus/usb/devices/"+plug+":1.0/bInterfaceClass"] = "07"
	}
	var got []string
	for _, d := range plugged.Find(tree(t, files)) {
		got = append(got, d.Address)
	}
	if want := []string{"usb://04b8:0202?serial=A1", "usb://04b8:0202?serial=A2", "usb://04b8:0202"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestAMachineWithoutAnyBusHasNothing(t *testing.T) {
	if got := plugged.Find(t.TempDir()); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
