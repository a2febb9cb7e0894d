package config_test

import (
	"strings"
	"testing"

	"selfpay/kiosk/config"
)

func TestEachMistakeInTheSupplyIsNamed(t *testing.T) {
	for text, want := range map[string][3]string{ // key, what, mend; no key: it is well
		"driver = \"max17048\"\naddress = \"i2c://1/0x36\"":                    {},
		"driver = \"ina219\"\naddress = \"i2c://1/0x4f\"\nshunt_milliohm = 10": {},
		"least_charge = 0": {},
		"driver = \"max17043\"\naddress = \"i2c://1/0x36\"":                        {"power.driver", "max17043", "max17048, ina219"},
		"driver = \"max17048\"":                                                    {"power.address", "missing", "i2c://1/0x36"},
		"driver = \"max17048\"\naddress = \"i2c://1\"":                             {"power.address", "no I2C address", "i2c://1/0x36"},
		"driver = \"max17048\"\naddress = \"spi://0.0\"":                           {"power.address", "no I2C address", "i2c://1/0x36"},
		"driver = \"max17048\"\naddress = \"i2c://1/0x40\"":                        {"power.address", "0x36, not 0x40", "i2c://1/0x36"},
		"driver = \"ina219\"\naddress = \"i2c://1/0x36\"":                          {"power.address", "not 0x36", "i2c://1/0x40"},
		"shunt_milliohm = 0":                                                       {"power.shunt_milliohm", "no resistor", "100"},
		"least_charge = 91":                                                        {"power.least_charge", "91", "0 to 90"},
		"least_charge = -1":                                                        {"power.least_charge", "-1", "0 to 90"},
		"driver = \"max17048\"\naddress = \"i2c://1/0x36\"\nleast_charge = \"20\"": {"power.least_charge", "", "whole number"},
	} {
		_, mistakes := config.Parse(example + "\n[power]\n" + text + "\n")
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
