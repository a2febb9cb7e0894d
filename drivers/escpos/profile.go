package escpos

import (
	"sort"
	"unicode"

	"golang.org/x/text/encoding/charmap"
)

// Profile is what one model can do. Differences between models stand here and nowhere else.
type Profile struct {
	Name          string
	Columns       int    // characters on a line in font A
	Pages         []Page // code pages, the ones to use first at the front; never empty
	NearEndSensor bool   // without the sensor the near-end bits mean nothing
	Chunk         int    // bytes that are sent before the printer has to answer that it is through with them
}

// Page is one code page: its number for ESC t, which differs from make to make, and its characters.
type Page struct {
	Number  byte
	Charmap *charmap.Charmap
}

// DefaultProfile is the profile of a Config that names none.
const DefaultProfile = "epson-tm-t88v"

var profiles = map[string]Profile{
	// Epson TM-T88V, 80 mm paper, 512 dots. Page numbers: escpos-printer-db, profile TM-T88V.
	"epson-tm-t88v": {
		Name:    "epson-tm-t88v",
		Columns: 42,
		Pages: []Page{
			{19, charmap.CodePage858},
			{16, charmap.Windows1252},
			{0, charmap.CodePage437},
			{2, charmap.CodePage850},
			{18, charmap.CodePage852},
			{45, charmap.Windows1250},
			{17, charmap.CodePage866},
			{46, charmap.Windows1251},
			{47, charmap.Windows1253},
			{48, charmap.Windows1254},
			{51, charmap.Windows1257},
			{40, charmap.ISO8859_15},
		},
		NearEndSensor: true,
		Chunk:         1024,
	},
}

// ProfileNamed returns the built-in profile of that name.
func ProfileNamed(name string) (Profile, bool) {
	p, ok := profiles[name]
	return p, ok
}

// ProfileNames lists the built-in profiles in alphabetical order.
func ProfileNames() []string {
	var names []string
	for name := range profiles {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// encode gives r's byte on the page. Only printing characters have one: a byte below 20, or 7F, would be a command.
func (p Page) encode(r rune) (byte, bool) {
	if r < 0x20 || r == 0x7F || r == unicode.ReplacementChar {
		return 0, false
	}
	b, ok := p.Charmap.EncodeRune(r)
	if !ok || b < 0x20 || b == 0x7F {
		return 0, false
	}
	return b, true
}
