package device

import (
	"net/url"
	"testing"
)

func TestAnI2CAddressNamesBusAndChip(t *testing.T) {
	for text, want := range map[string][2]int{
		"i2c://1/0x36": {1, 0x36}, "i2c://0/64": {0, 0x40}, "i2c://13/0x77": {13, 0x77},
		"i2c://1": {}, "i2c://1/": {}, "i2c:///0x36": {}, "i2c://1/0x07": {}, "i2c://1/0x78": {}, "i2c://one/0x36": {},
		"i2c://300/0x36": {}, "i2c://1/0x36?x=1": {}, "i2c://1/0x36#a": {}, "i2c://me@1/0x36": {}, "spi://1/0x36": {}, "i2c://1/0x36/2": {},
	} {
		address, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		bus, chip, err := I2C(*address)
		if good := want[1] != 0; good != (err == nil) || bus != want[0] || int(chip) != want[1] {
			t.Errorf("I2C(%s) = %d, %#x, %v; want %v", text, bus, chip, err, want)
		}
	}
}
