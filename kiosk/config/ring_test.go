package config_test

import (
	"testing"

	"selfpay/kiosk/config"
)

func TestEachMistakeInTheRingIsNamed(t *testing.T) {
	namesMistakes(t, "ring", map[string][3]string{ // key, what, mend; no key: it is well
		"driver = \"apa102\"\naddress = \"spi://0.0\"\nlights = 24\nbrightness = 100": {},
		"driver = \"ws2812\"\naddress = \"spi://0.0\"":                                {"ring.driver", "ws2812", "apa102"},
		"driver = \"apa102\"":                        {"ring.address", "missing", "spi://0.0"},
		"driver = \"apa102\"\naddress = \"spi://0\"": {"ring.address", "no SPI address", "spi://0.0"},
		"lights = 0":       {"ring.lights", "0 is no number", "1 to 300"},
		"lights = 301":     {"ring.lights", "301", "1 to 300"},
		"brightness = 0":   {"ring.brightness", "0 is no brightness", "1 to 100"},
		"brightness = 101": {"ring.brightness", "101", "1 to 100"},
	})
	for percent, want := range map[int]uint8{1: 2, 30: 76, 100: 255} {
		if got := (config.Ring{Brightness: percent}).Intensity(); got != want {
			t.Errorf("%d percent is %d, want %d", percent, got, want)
		}
	}
}
