package config_test

import (
	"strings"
	"testing"

	"selfpay/kiosk/config"
)

func TestEachMistakeInTheDisplayIsNamed(t *testing.T) {
	for text, want := range map[string][3]string{ // key, what, mend; no key: it is well
		`driver = "ssd1306"` + "\n" + `address = "i2c://1/0x3c"`: {},
		`driver = "sh1106"` + "\n" + `address = "i2c://1/0x3c"`:  {"display.driver", "sh1106", "ssd1306"},
		`driver = "ssd1306"`: {"display.address", "missing", "i2c://1/0x3c"},
		`driver = "ssd1306"` + "\n" + `address = "i2c://1/0x3d"`: {"display.address", "not at 0x3d", "jumper"},
		`driver = "ssd1306"` + "\n" + `address = "spi://0.0"`:    {"display.address", "no I2C address", "i2c://1/0x3c"},
	} {
		_, mistakes := config.Parse(example + "\n[display]\n" + text + "\n")
		if want[0] == "" {
			if len(mistakes) > 0 {
				t.Errorf("%s: %+v", text, mistakes)
			}
			continue
		}
		if len(mistakes) != 1 || mistakes[0].Key != want[0] || mistakes[0].Line == 0 || !strings.Contains(mistakes[0].What, want[1]) || !strings.Contains(mistakes[0].Mend, want[2]) {
			t.Errorf("%s: %+v, want %q", text, mistakes, want)
		}
	}
}
