package config_test

import "testing"

func TestEachMistakeInTheSupplyIsNamed(t *testing.T) {
	namesMistakes(t, "power", map[string][3]string{ // key, what, mend; no key: it is well
		"driver = \"max17048\"\naddress = \"i2c://1/0x36\"":                    {},
		"driver = \"ina219\"\naddress = \"i2c://1/0x4f\"\nshunt_milliohm = 10": {},
		"least_charge = 0": {},
		"driver = \"max17043\"\naddress = \"i2c://1/0x36\"": {"power.driver", "max17043", "max17048, ina219"},
		"driver = \"max17048\"":                             {"power.address", "missing", "i2c://1/0x36"},
		"driver = \"max17048\"\naddress = \"i2c://1\"":      {"power.address", "no I2C address", "i2c://1/0x36"},
		"driver = \"max17048\"\naddress = \"spi://0.0\"":    {"power.address", "no I2C address", "i2c://1/0x36"},
		"driver = \"max17048\"\naddress = \"i2c://1/0x40\"": {"power.address", "0x36, not 0x40", "i2c://1/0x36"},
		"driver = \"ina219\"\naddress = \"i2c://1/0x36\"":   {"power.address", "not 0x36", "i2c://1/0x40"},
		"shunt_milliohm = 0":                                {"power.shunt_milliohm", "no resistor", "100"},
		"least_charge = 91":                                 {"power.least_charge", "91", "0 to 90"},
		"off_charge = 0\nhold = \"0s\"":                     {},
		"off_charge = 91":                                   {"power.off_charge", "91", "1 to 90"},
		"off_charge = -1":                                   {"power.off_charge", "-1", "1 to 90"},
		"hold = \"2h\"":                                     {"power.hold", "2h0m0s", "up to 1h"},
		"hold = \"-1s\"":                                    {"power.hold", "-1s", "up to 1h"},
		"hold = 10":                                         {"power.hold", "", "120s"},
		"least_charge = -1":                                 {"power.least_charge", "-1", "0 to 90"},
		"driver = \"max17048\"\naddress = \"i2c://1/0x36\"\nleast_charge = \"20\"": {"power.least_charge", "", "whole number"},
	})
}
