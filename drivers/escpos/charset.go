package escpos

import (
	"slices"
	"unicode"

	"golang.org/x/text/encoding/charmap"
)

// Charset is one code page by its characters, whatever number a printer has for it.
type Charset struct {
	Name   string
	decode [256]rune
	encode map[rune]byte
}

// Decode is the character of a byte, U+FFFD where the page has none.
func (c *Charset) Decode(b byte) rune { return c.decode[b] }

// Encode is the byte of a character. Only printing characters have one: a byte below 20, or 7F, would be a command.
func (c *Charset) Encode(r rune) (byte, bool) {
	b, ok := c.encode[r]
	return b, ok
}

// Code pages that golang.org/x/text does not have, 80 to FF. Source: the Unicode consortium's vendor mappings for
// IBM code page 857; code page 1125 as registered for Ukraine (RUSCII).
const (
	upper857 = "ÇüéâäàåçêëèïîıÄÅ" + "ÉæÆôöòûùİÖÜø£ØŞş" + "áíóúñÑĞğ¿®¬½¼¡«»" + "░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐" +
		"└┴┬├─┼ãÃ╚╔╩╦╠═╬¤" + "ºªÊËÈ\ufffdÍÎÏ┘┌█▄¦Ì▀" + "ÓßÔÒõÕµ\ufffd×ÚÛÙìÿ¯´" + "\u00ad±\ufffd¾¶§÷¸°¨·¹³²■\u00a0"
	upper1125 = "АБВГДЕЖЗИЙКЛМНОП" + "РСТУФХЦЧШЩЪЫЬЭЮЯ" + "абвгдежзийклмноп" + "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
		"└┴┬├─┼╞╟╚╔╩╦╠═╬╧" + "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" + "рстуфхцчшщъыьэюя" + "ЁёҐґЄєІіЇї·√№¤■\u00a0"
)

// charsets are the code pages a profile may name. Pages of scripts that are written from right to left are left out:
// printers neither join nor turn the letters.
var charsets = makeCharsets()

func makeCharsets() map[string]*Charset {
	all := map[string]*Charset{}
	for name, m := range map[string]*charmap.Charmap{
		"cp437": charmap.CodePage437, "cp850": charmap.CodePage850, "cp852": charmap.CodePage852, "cp855": charmap.CodePage855,
		"cp858": charmap.CodePage858, "cp860": charmap.CodePage860, "cp863": charmap.CodePage863, "cp865": charmap.CodePage865,
		"cp866": charmap.CodePage866, "windows-1250": charmap.Windows1250, "windows-1251": charmap.Windows1251,
		"windows-1252": charmap.Windows1252, "windows-1253": charmap.Windows1253, "windows-1254": charmap.Windows1254,
		"windows-1257": charmap.Windows1257, "windows-1258": charmap.Windows1258, "iso-8859-1": charmap.ISO8859_1,
		"iso-8859-2": charmap.ISO8859_2, "iso-8859-5": charmap.ISO8859_5, "iso-8859-7": charmap.ISO8859_7,
		"iso-8859-9": charmap.ISO8859_9, "iso-8859-15": charmap.ISO8859_15,
	} {
		var upper []rune
		for b := 0x80; b < 0x100; b++ {
			upper = append(upper, m.DecodeByte(byte(b)))
		}
		all[name] = newCharset(name, upper)
	}
	all["cp857"] = newCharset("cp857", []rune(upper857))
	all["cp1125"] = newCharset("cp1125", []rune(upper1125))
	return all
}

// newCharset makes a page of ASCII and the characters from 80 to FF.
func newCharset(name string, upper []rune) *Charset {
	c := &Charset{Name: name, encode: map[rune]byte{}}
	for b := range 0x80 {
		c.decode[b] = rune(b)
	}
	for i, r := range upper {
		if unicode.IsControl(r) {
			r = unicode.ReplacementChar
		}
		c.decode[0x80+i] = r
	}
	for b := 0xFF; b >= 0x20; b-- { // downwards: the lower of two bytes for the same character stays
		if r := c.decode[b]; b != 0x7F && r != unicode.ReplacementChar {
			c.encode[r] = byte(b)
		}
	}
	return c
}

func charsetNames() []string {
	var names []string
	for name := range charsets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
