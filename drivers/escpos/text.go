package escpos

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"selfpay/device/printer"
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

// clean composes text (NFC), writes typographic forms plainly, and leaves out control characters and direction marks.
// The two marks that say whether letters join stay when joiners is set.
func clean(text string, joiners bool) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(text) {
		if plain, ok := substitutes[r]; ok {
			b.WriteString(plain)
			continue
		}
		if joiners && (r == '\u200C' || r == '\u200D') || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// missing are the characters of clean text that no page has.
func missing(text string, pages []Page) []rune {
	var none []rune
	for _, r := range text {
		if !onSomePage(r, pages) {
			none = append(none, r)
		}
	}
	return none
}

// printable turns text into what pages can print: every rune of the result is one column wide and stands on some
// page. replaced are the characters that became other letters, or ? where there are none.
func printable(text string, pages []Page) (out string, replaced []rune) {
	var b strings.Builder
	for _, r := range clean(text, false) {
		s, ok := onPages(r, pages)
		if !ok {
			s = "?"
		}
		if s != string(r) {
			replaced = append(replaced, r)
		}
		b.WriteString(s)
	}
	return b.String(), replaced
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
		if _, ok := p.Encode(r); ok {
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

// inColumns is the width of printable text in columns.
func inColumns(text string) int { return utf8.RuneCountInString(text) }

// wrap breaks text into rows of at most width as measure has it, at blanks where there are any. It returns one row at
// least; a single character that is wider stands on a row of its own.
func wrap(text string, width int, measure func(string) int) []string {
	var rows []string
	rest := []rune(strings.TrimRight(text, " "))
	for {
		fits := longest(rest, width, measure)
		if fits == len(rest) {
			return append(rows, string(rest))
		}
		cut := fits
		for i := fits; i > 0; i-- {
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
}

// longest counts the characters at the front of text that fit into width, one at least. It measures no more than about
// twice of what fits, since measuring may mean drawing.
func longest(text []rune, width int, measure func(string) int) int {
	if len(text) == 0 {
		return 0
	}
	fits, tooMany := 0, min(max(width, 1), len(text))
	for measure(string(text[:tooMany])) <= width {
		if tooMany == len(text) {
			return tooMany
		}
		fits, tooMany = tooMany, min(2*tooMany, len(text))
	}
	for tooMany-fits > 1 {
		middle := (fits + tooMany) / 2
		if measure(string(text[:middle])) <= width {
			fits = middle
		} else {
			tooMany = middle
		}
	}
	return max(fits, 1)
}

// slot is text in its place on a row, in columns.
type slot struct {
	text  string
	at    int
	width int
	right bool
}

// twoColumns lays text at the left and right at the right edge of text's last row, with one blank between them at
// least. A right column too wide to leave half the line to the text stands on rows of its own.
func twoColumns(text, right string, columns int, measure func(string) int) [][]slot {
	right = strings.TrimSpace(right)
	var rows [][]slot
	alone := func(text string, atRight bool) {
		for _, row := range wrap(text, columns, measure) {
			rows = append(rows, []slot{{row, 0, columns, atRight}})
		}
	}
	width := measure(right)
	switch {
	case right == "":
		alone(text, false)
	case width+1 > columns/2 && measure(text)+1+width > columns:
		alone(text, false)
		alone(right, true)
	default:
		for _, row := range wrap(text, columns-width-1, measure) {
			rows = append(rows, []slot{{row, 0, columns - width - 1, false}})
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], slot{right, columns - width, width, true})
	}
	return rows
}

// table lays cells side by side with a blank between them, each wrapped in its column.
func table(cells []printer.Cell, columns int, measure func(string) int) [][]slot {
	free, shares := columns-(len(cells)-1), 0
	for _, c := range cells {
		if c.Width > 0 {
			free -= c.Width
		} else {
			shares++
		}
	}
	var rows [][]slot
	at := 0
	for _, c := range cells {
		width := c.Width
		if width <= 0 {
			width = max(free/shares, 1)
			free, shares = free-width, shares-1
		}
		width = min(width, columns-at)
		if width < 1 {
			// no place left beside the others: below them
			return append(rows, table([]printer.Cell{{Text: c.Text, Right: c.Right}}, columns, measure)...)
		}
		for i, text := range wrap(c.Text, width, measure) {
			if i == len(rows) {
				rows = append(rows, nil)
			}
			rows[i] = append(rows[i], slot{text, at, width, c.Right})
		}
		at += width + 1
	}
	return rows
}

// compose writes the slots of a row with blanks between them.
func compose(row []slot) string {
	var b strings.Builder
	at := 0
	for _, s := range row {
		from := s.at
		if s.right {
			from += max(s.width-inColumns(s.text), 0)
		}
		if s.text == "" {
			continue
		}
		b.WriteString(strings.Repeat(" ", max(from-at, 0)))
		b.WriteString(s.text)
		at = max(from, at) + inColumns(s.text)
	}
	return b.String()
}
