package config

import (
	"fmt"

	"selfpay/device"
)

// Ring is a ring of coloured lights. No driver: there is none.
type Ring struct {
	Driver     string  `toml:"driver"`
	Address    Address `toml:"address"`
	Lights     int     `toml:"lights"`
	Brightness int     `toml:"brightness"` // percent
}

// Intensity is the brightness as a light takes it, 0 to 255.
func (r Ring) Intensity() uint8 { return uint8(r.Brightness * 255 / 100) }

func defaultRing() Ring { return Ring{Lights: 12, Brightness: 30} }

func (k *checker) ring() {
	r := k.c.Ring
	if r.Lights < 1 || r.Lights > 300 {
		k.say("ring.lights", fmt.Sprintf("%d is no number of lights", r.Lights), "count them: 1 to 300")
	}
	if r.Brightness < 1 || r.Brightness > 100 {
		k.say("ring.brightness", fmt.Sprintf("%d is no brightness", r.Brightness), "use 1 to 100 percent")
	}
	if r.Driver == "" {
		return
	}
	k.oneOf("ring.driver", r.Driver, "apa102")
	if r.Address.Scheme == "" {
		k.say("ring.address", "this key is missing", "write where it is, as spi://0.0")
	} else if _, _, err := device.SPI(r.Address.URL); err != nil {
		k.say("ring.address", fmt.Sprintf("%s is %s", r.Address, err), "write it as spi://0.0")
	}
}
