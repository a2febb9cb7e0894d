package wire

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Charset is the character set of one site. SIP2 has no way to say it on the wire, so it is configuration. The zero
// value is UTF-8.
type Charset string

// The character sets in use: UTF-8 (Koha), Latin-1 and code page 850 (FOLIO edge-sip2, and the SIP2 document), code
// page 437 (older self-service units), ASCII (Evergreen).
const (
	UTF8   Charset = "utf-8"
	Latin1 Charset = "iso-8859-1"
	CP850  Charset = "cp850"
	CP437  Charset = "cp437"
	ASCII  Charset = "ascii"
)

// names says how people spell the character sets, without regard to case.
var names = map[string]Charset{
	"": UTF8, "utf-8": UTF8, "utf8": UTF8,
	"iso-8859-1": Latin1, "latin-1": Latin1, "latin1": Latin1,
	"cp850": CP850, "ibm850": CP850, "850": CP850,
	"cp437": CP437, "ibm437": CP437, "437": CP437,
	"ascii": ASCII, "us-ascii": ASCII,
}

// ParseCharset finds a character set by one of its usual names: "UTF-8", "latin1", "IBM850".
func ParseCharset(name string) (Charset, error) {
	c, ok := names[strings.ToLower(strings.TrimSpace(name))]
	if !ok {
		return "", fmt.Errorf("wire: character set %.40q is none of utf-8, iso-8859-1, cp850, cp437, ascii", name)
	}
	return c, nil
}

// table is the single-byte code of c, nil for UTF-8 and ASCII.
func (c Charset) table() *charmap.Charmap {
	switch c {
	case Latin1:
		return charmap.ISO8859_1
	case CP850:
		return charmap.CodePage850
	case CP437:
		return charmap.CodePage437
	}
	return nil
}

// Decode turns bytes into text. It never fails: a byte that means nothing in c becomes U+FFFD.
func (c Charset) Decode(b []byte) string {
	if c == ASCII {
		var text strings.Builder
		for _, octet := range b {
			if octet < utf8.RuneSelf {
				text.WriteByte(octet)
			} else {
				text.WriteRune(utf8.RuneError)
			}
		}
		return text.String()
	}
	table := c.table()
	if table == nil {
		return strings.ToValidUTF8(string(b), string(utf8.RuneError))
	}
	var text strings.Builder
	for _, octet := range b {
		text.WriteRune(table.DecodeByte(octet))
	}
	return text.String()
}

// Encode turns text into bytes. ErrUnwritable means that a character does not exist in c.
func (c Charset) Encode(text string) ([]byte, error) {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		octets, ok := c.encodeRune(r)
		if !ok {
			return nil, fmt.Errorf("wire: a character does not exist in %s: %w", c.name(), ErrUnwritable)
		}
		b = append(b, octets...)
	}
	return b, nil
}

func (c Charset) encodeRune(r rune) ([]byte, bool) {
	if r == utf8.RuneError { // bytes that were no text to begin with
		return nil, false
	}
	if table := c.table(); table != nil {
		octet, ok := table.EncodeRune(r)
		return []byte{octet}, ok
	}
	if c == ASCII && r >= utf8.RuneSelf {
		return nil, false
	}
	return utf8.AppendRune(nil, r), true
}

// Fit makes a text writable in c: what has no code becomes "?", the delimiter and control characters a blank. It is
// for texts that people read, screen messages and descriptions, never for values that name something.
func (f Format) Fit(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == rune(f.delimiter()) {
			return ' '
		}
		if _, ok := f.Charset.encodeRune(r); !ok {
			return '?'
		}
		return r
	}, text)
}

func (c Charset) name() string {
	if c == "" {
		return string(UTF8)
	}
	return string(c)
}
