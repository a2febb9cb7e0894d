package config_test

import "testing"

func TestEachMistakeInTheDisplayIsNamed(t *testing.T) {
	namesMistakes(t, "display", map[string][3]string{ // key, what, mend; no key: it is well
		`driver = "ssd1306"` + "\n" + `address = "i2c://1/0x3c"`: {},
		`driver = "sh1106"` + "\n" + `address = "i2c://1/0x3c"`:  {"display.driver", "sh1106", "ssd1306"},
		`driver = "ssd1306"`: {"display.address", "missing", "i2c://1/0x3c"},
		`driver = "ssd1306"` + "\n" + `address = "i2c://1/0x3d"`: {"display.address", "not at 0x3d", "jumper"},
		`driver = "ssd1306"` + "\n" + `address = "spi://0.0"`:    {"display.address", "no I2C address", "i2c://1/0x3c"},
	})
}
