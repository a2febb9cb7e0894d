package config_test

import "testing"

func TestEachMistakeInTheScreenIsNamed(t *testing.T) {
	namesMistakes(t, "screen", map[string][3]string{ // key, what, mend; no key: it is well
		`theme = "dark"` + "\n" + `colour = "#ffd75e"` + "\n" + `logo = "/etc/kiosk/logo.svg"` + "\n" + `fonts = ""`: {},
		`colour = "#6b0f1a"`:    {},
		`theme = "night"`:       {"screen.theme", "night", "light, dark"},
		`colour = "blue"`:       {"screen.colour", "no colour", "hexadecimal"},
		`colour = "#ffd75e"`:    {"screen.colour", "contrast of 1.4:1", "darker"},
		`colour = "#5a5a5a"`:    {"screen.colour", "contrast of 6.9:1", "7:1"},
		`logo = "logo.svg"`:     {"screen.logo", "no absolute path", "beginning with /"},
		`fonts = "fonts/woff2"`: {"screen.fonts", "no absolute path", "beginning with /"},
	})
}
