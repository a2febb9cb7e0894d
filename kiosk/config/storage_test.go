package config_test

import "testing"

func TestEachMistakeInTheStorageIsNamed(t *testing.T) {
	namesMistakes(t, "storage", map[string][3]string{ // key, what, mend; no key: it is well
		"ballast = 0": {},
		"ballast = 1024\nsecond_copy = \"/media/second/events\"": {},
		"ballast = -1":                                {"storage.ballast", "-1", "1 to 1024"},
		"ballast = 1025":                              {"storage.ballast", "1025", "1 to 1024"},
		"ballast = \"16\"":                            {"storage.ballast", "", "whole number"},
		"second_copy = \"events\"":                    {"storage.second_copy", "whole path", "/media/second/events"},
		"second_copy = \"/media/second/\"":            {"storage.second_copy", "whole path", "/media/second/events"},
		"second_copy = \"/var/lib/kiosk/../kiosk/x\"": {"storage.second_copy", "state folder", "another medium"},
	})
}
