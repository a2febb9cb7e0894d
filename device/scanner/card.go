package scanner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotACard: the label is no library card. The rest of the error's text says why, for staff and for the log; it
// never holds the label.
var ErrNotACard = errors.New("not a library card")

// CardRules say which labels may be library cards. The zero value takes every symbology but EAN and Other.
//
// The rules of form are those of library cards in use: 14-digit Codabar with institution and number, Code 39 and
// Code 128 with letters, plain numbers as QR. Check digits are not looked at: many libraries' cards fail every
// published rule. Only the library system knows whether a card exists.
type CardRules struct {
	Accept []Symbology // taken when the scanner states one of them; empty: all but EAN and Other
	Min    int         // fewest characters of a card number; 0 means 4
	Max    int         // most characters; 0 means 32
}

// Card returns the card number on a label as the library system knows it: text, never a number, so leading zeros
// stay. Blanks at the ends are taken off, and of Codabar the start and stop letters and the blanks of CLSI form.
// Any other label is ErrNotACard. A label whose symbology the scanner does not state is judged by its characters
// and length, except that the EAN of a book is known.
func (r CardRules) Card(s Scan) (string, error) {
	if !r.accepts(s.Symbology) {
		return "", notACard("labels of this kind (%s) are no cards here", s.Symbology)
	}
	number := strings.Trim(s.Text, " \t\r\n")
	if lower := strings.ToLower(number); strings.Contains(lower, "://") || strings.HasPrefix(lower, "www.") {
		return "", notACard("it is a web address")
	}
	if s.Symbology == Codabar || s.Symbology == Unstated {
		number = plainCodabar(number)
	}
	if strings.ContainsFunc(number, outside) {
		return "", notACard("it holds characters other than letters, digits, hyphen and full stop")
	}
	if s.Symbology == Unstated && !slices.Contains(r.Accept, EAN) && isBook(number) {
		return "", notACard("it is the number of a book (ISBN)")
	}
	least, most := r.Min, r.Max
	if least == 0 {
		least = 4
	}
	if most == 0 {
		most = 32
	}
	switch {
	case len(number) < least:
		return "", notACard("it has fewer than %d characters", least)
	case len(number) > most:
		return "", notACard("it has more than %d characters", most)
	}
	return number, nil
}

func notACard(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrNotACard}, args...)...)
}

func (r CardRules) accepts(s Symbology) bool {
	switch {
	case s == Unstated:
		return true
	case len(r.Accept) == 0:
		return s != EAN && s != Other
	}
	return slices.Contains(r.Accept, s)
}

func outside(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '.'
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// plainCodabar takes off what Codabar readers may send around the digits: a start and a stop letter, A to D, both or
// none, and the blanks that CLSI editing puts between the groups. Anything else it leaves alone.
func plainCodabar(s string) string {
	joined := strings.ReplaceAll(s, " ", "")
	if digits(joined) {
		return joined
	}
	if n := len(joined); n > 2 && frames(joined[0]) && frames(joined[n-1]) && digits(joined[1:n-1]) {
		return joined[1 : n-1]
	}
	return s
}

func frames(c byte) bool { return c >= 'A' && c <= 'D' || c >= 'a' && c <= 'd' }

// isBook says whether number is an EAN-13 of the book trade: 978 or 979 in front and a right check digit (ISO 2108).
func isBook(number string) bool {
	if len(number) != 13 || !digits(number) || number[:3] != "978" && number[:3] != "979" {
		return false
	}
	sum := 0
	for i, c := range []byte(number) {
		sum += int(c-'0') * (1 + 2*(i%2))
	}
	return sum%10 == 0
}
