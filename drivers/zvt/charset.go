package zvt

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Charset is a character set as tag 14 names it.
type Charset byte

// Character sets that are met in the field. 0x01 to 0x10 are the parts of ISO 8859.
const (
	Charset7Bit    Charset = 0x00 // ASCII with German letters at [ \ ] { | } ~
	CharsetLatin1  Charset = 0x01
	CharsetLatin9  Charset = 0x0F
	CharsetUTF8    Charset = 0xFE
	CharsetCP437   Charset = 0xFF // what a terminal uses unless another one was agreed
	highestISO8859 Charset = 0x10
)

var iso8859 = map[Charset]encoding.Encoding{
	0x01: charmap.ISO8859_1, 0x02: charmap.ISO8859_2, 0x03: charmap.ISO8859_3, 0x04: charmap.ISO8859_4,
	0x05: charmap.ISO8859_5, 0x06: charmap.ISO8859_6, 0x07: charmap.ISO8859_7, 0x08: charmap.ISO8859_8,
	0x09: charmap.ISO8859_9, 0x0A: charmap.ISO8859_10, 0x0B: charmap.Windows874, 0x0D: charmap.ISO8859_13,
	0x0E: charmap.ISO8859_14, 0x0F: charmap.ISO8859_15, 0x10: charmap.ISO8859_16,
}

var german7Bit = strings.NewReplacer("[", "Ä", "\\", "Ö", "]", "Ü", "{", "ä", "|", "ö", "}", "ü", "~", "ß")

// ParseCharset reads the name of a character set as it stands in a configuration: "cp437", "7bit", "utf-8",
// "iso8859-1" to "iso8859-16". Empty is cp437.
func ParseCharset(name string) (Charset, error) {
	switch strings.ToLower(name) {
	case "", "cp437":
		return CharsetCP437, nil
	case "7bit":
		return Charset7Bit, nil
	case "utf-8":
		return CharsetUTF8, nil
	}
	var part int
	if _, err := fmt.Sscanf(strings.ToLower(name), "iso8859-%d", &part); err == nil && part > 0 && part <= int(highestISO8859) {
		if _, ok := iso8859[Charset(part)]; ok {
			return Charset(part), nil
		}
	}
	return 0, fmt.Errorf("zvt: %q is no character set; use cp437, 7bit, utf-8 or iso8859-1 to iso8859-16", name)
}

// String is the name that ParseCharset reads.
func (c Charset) String() string {
	switch {
	case c == Charset7Bit:
		return "7bit"
	case c == CharsetUTF8:
		return "utf-8"
	case iso8859[c] != nil:
		return fmt.Sprintf("iso8859-%d", byte(c))
	}
	return "cp437"
}

// Text reads terminal text. It never fails: what the set does not hold becomes the replacement character, for a
// receipt must not be lost over a letter.
func (c Charset) Text(b []byte) string {
	switch {
	case c == Charset7Bit:
		return german7Bit.Replace(strings.ToValidUTF8(string(b), "\uFFFD"))
	case c == CharsetUTF8:
		return strings.ToValidUTF8(string(b), "\uFFFD")
	case iso8859[c] != nil:
		return decodeText(iso8859[c], b)
	}
	return decodeText(charmap.CodePage437, b)
}

func decodeText(e encoding.Encoding, b []byte) string {
	text, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(text)
}

// GuessCharset guesses in which set text was written when nothing was agreed: UTF-8 where it is valid, else by
// whether the German letters sit where CP437 or where ISO 8859-1 has them. It serves people who look at recorded
// frames; the driver uses what was agreed or configured.
func GuessCharset(b []byte) Charset {
	cp437, latin1, high := 0, 0, false
	for _, x := range b {
		high = high || x >= 0x80
		switch x {
		case 0x84, 0x8E, 0x94, 0x99, 0x81, 0x9A, 0xE1:
			cp437++
		case 0xE4, 0xC4, 0xF6, 0xD6, 0xFC, 0xDC, 0xDF:
			latin1++
		}
	}
	switch {
	case high && utf8.Valid(b):
		return CharsetUTF8
	case latin1 > cp437:
		return CharsetLatin1
	}
	return CharsetCP437
}
