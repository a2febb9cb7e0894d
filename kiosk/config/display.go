package config

import (
	"fmt"

	"selfpay/device"
)

// Display is the small display for staff. No driver: there is none.
type Display struct {
	Driver  string  `toml:"driver"`
	Address Address `toml:"address"`
}

// displayChip is the one address of an SSD1306 that its driver knows.
const displayChip = 0x3c

func (k *checker) display() {
	d := k.c.Display
	if d.Driver == "" {
		return
	}
	k.oneOf("display.driver", d.Driver, "ssd1306")
	_, chip, err := device.I2C(d.Address.URL)
	switch {
	case d.Address.Scheme == "":
		k.say("display.address", "this key is missing", "write where it is, as i2c://1/0x3c")
	case err != nil:
		k.say("display.address", fmt.Sprintf("%s is %s", d.Address, err), "write it as i2c://1/0x3c")
	case chip != displayChip:
		k.say("display.address", fmt.Sprintf("a display is driven at 0x3c only, not at %#x", chip), "set the display's jumper to 0x3c (0x78 where eight bits are counted)")
	}
}
