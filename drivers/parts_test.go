package drivers

import (
	"fmt"
	"net/url"
	"testing"
)

func TestPartsAreMadeByName(t *testing.T) {
	address := func(text string) url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return *u
	}
	i2c, spi := address("i2c://1/0x3c"), address("spi://0.0")
	for name, c := range map[string]struct {
		make        func(driver string, address url.URL) (any, error)
		driver      string
		right, odd  url.URL
		description string
	}{
		"ring": {func(d string, a url.URL) (any, error) { r, err := Ring(d, a, 12, 80); return r, err }, "apa102", spi, i2c, "ring of 12 APA102"},
		"gauge": {func(d string, a url.URL) (any, error) { s, err := Supply(d, a, 100); return s, err }, "max17048", address("i2c://1/0x36"), spi,
			"fuel gauge MAX17048"},
		"sensor": {func(d string, a url.URL) (any, error) { s, err := Supply(d, a, 100); return s, err }, "ina219", address("i2c://1/0x40"), spi,
			"current sensor INA219"},
		"display": {func(d string, a url.URL) (any, error) { s, err := Display(d, a); return s, err }, "ssd1306", i2c, address("i2c://1/0x3d"), "display SSD1306"},
	} {
		part, err := c.make(c.driver, c.right)
		if named, ok := part.(interface{ String() string }); err != nil || !ok || named.String() != c.description {
			t.Errorf("%s: %v, %v", name, part, err)
		}
		if part, err := c.make("", url.URL{}); part != nil || err != nil {
			t.Errorf("%s that is not configured: %v, %v", name, part, err)
		}
		if _, err := c.make("abacus", c.right); err == nil {
			t.Errorf("%s: an unknown driver passes", name)
		}
		if _, err := c.make(c.driver, c.odd); err == nil {
			t.Errorf("%s: %s passes", name, c.odd.String())
		}
	}
}

func TestKeypadAndHeadsetAreMadeByAddress(t *testing.T) {
	for text, want := range map[string]string{"": "<nil> <nil>", "evdev:///dev/input/event9": "*handset.Keypad *handset.Headset",
		"serial:///dev/ttyUSB9": "*handset.Keypad *handset.Headset", "gpio://x/1": "fault fault"} {
		address, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		k, err1 := Keypad(*address)
		h, err2 := Headset(*address)
		got := fmt.Sprintf("%T %T", k, h)
		if err1 != nil && err2 != nil {
			got = "fault fault"
		}
		if got != want {
			t.Errorf("%q: %s, %v, %v", text, got, err1, err2)
		}
	}
}
