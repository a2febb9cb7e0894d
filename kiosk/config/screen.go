package config

import (
	"fmt"
	"path/filepath"

	"selfpay/kiosk/colour"
)

// Screen is how the patron's screen looks.
type Screen struct {
	Theme  string `toml:"theme"`  // "light" or "dark"
	Colour string `toml:"colour"` // the library's, as "#0b3c5d"
	Logo   string `toml:"logo"`   // an SVG or PNG file beside the library's name; empty: none
	Fonts  string `toml:"fonts"`  // folder with the fonts of the package; without it those of the system are taken

	HideDetails bool `toml:"hide_details"` // what fees are for is shown only when the patron asks
}

func defaultScreen() Screen {
	return Screen{Theme: "light", Colour: "#0b3c5d", Fonts: "/usr/share/kiosk/fonts"}
}

func (k *checker) screen() {
	s := k.c.Screen
	k.oneOf("screen.theme", s.Theme, "light", "dark")
	c, err := colour.Parse(s.Colour)
	switch {
	case err != nil:
		k.say("screen.colour", err.Error(), "write red, green and blue with two hexadecimal digits each")
	case s.Theme == "light" && c.OnWhite() < colour.Readable:
		k.say("screen.colour", fmt.Sprintf("white words on %s have a contrast of %.1f:1, and many people cannot read that", c, c.OnWhite()),
			fmt.Sprintf("take a darker colour, of %d:1 or more", colour.Readable))
	}
	for key, path := range map[string]string{"screen.logo": s.Logo, "screen.fonts": s.Fonts} {
		if path != "" && !filepath.IsAbs(path) {
			k.say(key, fmt.Sprintf("%q is no absolute path", path), "write the whole path, beginning with /")
		}
	}
}
