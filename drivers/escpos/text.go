package escpos

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// substitutes are typographic forms that are always written plainly, on every page.
var substitutes = map[rune]string{
	'\u00A0': " ", '\u2007': " ", '\u2009': " ", '\u202F': " ",
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '′': "'",
	'“': `"`, '”': `"`, '„': `"`, '‟': `"`, '″': `"`,
	'‐': "-", '‑': "-", '‒': "-", '–': "-", '—': "-", '―': "-", '−': "-",
	'…': "...", 'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl",
	'\t': " ", '\n': " ", '\r': " ", '\u2028': " ", '\u2029': " ",
}

// transliterations are the way out for a character that no page of the profile has.
var transliterations = map[rune]string{
	'€': "EUR", '£': "GBP", '¥': "JPY", 'ł': "l", 'Ł': "L", 'đ': "d", 'Đ': "D", 'ð': "d", 'Ð': "D", 'þ': "th", 'Þ': "Th",
	'ø': "o", 'Ø': "O", 'æ': "ae", 'Æ': "AE", 'œ': "oe", 'Œ': "OE", 'ß': "ss", 'ẞ': "SS", 'ı': "i", 'ħ': "h", 'Ħ': "H",
	'ŋ': "n", 'Ŋ': "N", 'ŧ': "t", 'Ŧ': "T", 'ĸ': "k", 'ſ': "s", '•': "*", '·': ".", '«': `"`, '»': `"`, '‹': "'", '›': "'",
	'ä': "ae", 'ö': "oe", 'ü': "ue", 'Ä': "Ae", 'Ö': "Oe", 'Ü': "Ue", '№': "No", '™': "TM", '×': "x", '†': "+",
	'і': "i", 'І': "I", 'ґ': "г", 'Ґ': "Г",
}

// printable turns text into what pages can print: composed (NFC), plain quotes and dashes, no control characters,
// no direction marks. Every rune of the result is one column wide and stands on some page. lost counts the
// characters that became ?.
func printable(text string, pages []Page) (out string, lost int) {
	var b strings.Builder
	for _, r := range norm.NFC.String(text) {
		plain, ok := substitutes[r]
		if !ok {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				continue
			}
			plain = string(r)
		}
		for _, r := range plain {
			s, ok := onPages(r, pages)
			if !ok {
				lost++
				s = "?"
			}
			b.WriteString(s)
		}
	}
	return b.String(), lost
}

// onPages returns r, or letters that stand for it, so that some page has each of them. A mark that found no letter
// to sit on is left out.
func onPages(r rune, pages []Page) (string, bool) {
	if onSomePage(r, pages) {
		return string(r), true
	}
	if unicode.Is(unicode.Mn, r) {
		return "", true
	}
	if s, ok := transliterations[r]; ok && allOnPages(s, pages) {
		return s, true
	}
	var base strings.Builder
	for _, d := range norm.NFKD.String(string(r)) {
		if !unicode.Is(unicode.Mn, d) {
			base.WriteRune(d)
		}
	}
	if s := base.String(); s != "" && allOnPages(s, pages) {
		return s, true
	}
	return "", false
}

func onSomePage(r rune, pages []Page) bool {
	for _, p := range pages {
		if _, ok := p.encode(r); ok {
			return true
		}
	}
	return false
}

func allOnPages(s string, pages []Page) bool {
	for _, r := range s {
		if !onSomePage(r, pages) {
			return false
		}
	}
	return true
}

// wrap breaks text into rows of at most width runes, at blanks where there are any. It returns one row at least.
func wrap(text string, width int) []string {
	var rows []string
	rest := []rune(strings.TrimRight(text, " "))
	for len(rest) > width {
		cut := width
		for i := width; i > 0; i-- {
			if rest[i] == ' ' {
				cut = i
				break
			}
		}
		rows = append(rows, strings.TrimRight(string(rest[:cut]), " "))
		rest = rest[cut:]
		for len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
	}
	return append(rows, string(rest))
}
