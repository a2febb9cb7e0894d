package scanner

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ErrNotACard: the label is no library card. The rest of the error's text says why, for staff and for the log; it
// never holds the label.
var ErrNotACard = errors.New("not a library card")

// CardRules say which labels may be library cards. The zero value takes Codabar, Code 39, Code 128, ITF and QR, and
// what the scanner does not state.
//
// The rules of form are those of library cards in use: 14-digit Codabar with institution and number, Code 39 and
// Code 128 with letters, plain numbers as QR. Check digits are not looked at unless the library wants it: many
// libraries' cards fail every published rule. Only the library system knows whether a card exists.
type CardRules struct {
	Accept   []Symbology      // taken when the scanner states one of them
	Min      int              // fewest characters of a card number; 0 means 4
	Max      int              // most characters; 0 means 32
	Patterns []*regexp.Regexp // of ParsePattern: a label is a card when one of them fits, and its capture is the number; none: any label

	// CheckDigit is about the last digit of Codabar and of digits whose symbology nobody states: modulo 10 with the
	// weights 2 and 1 from the right, as on the 14-digit cards of North American libraries (JerseyCat and Mid-Hudson
	// library systems, barcode pages; Evergreen, circ.service.ts).
	CheckDigit Strictness
	// CheckCharacter is about the last character of Code 39: modulo 43 (ISO/IEC 16388, annex A).
	CheckCharacter Strictness
}

// Strictness is how much a rule counts.
type Strictness string

const (
	Off     Strictness = "" // it is not looked at
	Warn    Strictness = "warn"
	Require Strictness = "require" // a label that breaks it is no card
)

// Card is a library card as the library system knows it.
type Card struct {
	Number   string // text, never a number: leading zeros stay
	Doubtful bool   // it breaks a rule that warns
}

// Card returns the card on a label. Blanks at the ends are taken off, of Codabar also the start and stop letters and the
// blanks of CLSI form, and of Code 39 its asterisks. Any other label is ErrNotACard. A label whose symbology the scanner
// does not state is judged by its characters and length, except that the EAN of a book is known.
func (r CardRules) Card(s Scan) (Card, error) {
	if !r.accepts(s.Symbology) {
		return Card{}, notACard("labels of this kind (%s) are no cards here", s.Symbology)
	}
	if len(s.Text) > MaxText {
		return Card{}, notACard("it has more than %d characters", MaxText)
	}
	label := strings.Trim(s.Text, "\t\r\n")
	number := strings.Trim(label, " ")
	switch s.Symbology {
	case Codabar, Unstated:
		number = plainCodabar(number)
	case Code39:
		if n := len(number); n > 2 && number[0] == '*' && number[n-1] == '*' {
			number = number[1 : n-1]
			label = number
		}
	}
	number, err := r.match(number)
	if err != nil {
		return Card{}, err
	}
	checked, right := r.checkCharacter(label, s)
	if err := r.form(number, s.Symbology, checked != Off); err != nil {
		return Card{}, err
	}
	if checked == Off {
		checked, right = r.checkDigit(number, s)
	}
	if checked == Require && !right {
		return Card{}, notACard("its check digit is wrong")
	}
	return Card{Number: number, Doubtful: checked == Warn && !right}, nil
}

// match finds the number by the patterns.
func (r CardRules) match(text string) (string, error) {
	if len(r.Patterns) == 0 {
		if lower := strings.ToLower(text); strings.Contains(lower, "://") || strings.HasPrefix(lower, "www.") {
			return "", notACard("it is a web address")
		}
		return text, nil
	}
	for _, p := range r.Patterns {
		if found := p.FindStringSubmatch(text); found != nil {
			return found[1], nil
		}
	}
	return "", notACard("no pattern of a card fits it")
}

// form checks characters and length of a number. With a check character it may end in one of those that only Code 39 has.
func (r CardRules) form(number string, s Symbology, checkCharacter bool) error {
	body := number
	if n := len(number); n > 0 && checkCharacter && strings.IndexByte("$/+%", number[n-1]) >= 0 {
		body = number[:n-1]
	}
	if strings.ContainsFunc(body, outside) {
		return notACard("it holds characters other than letters, digits, hyphen and full stop")
	}
	if s == Unstated && !slices.Contains(r.Accept, EAN) && isBook(number) {
		return notACard("it is the number of a book (ISBN)")
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
		return notACard("it has fewer than %d characters", least)
	case len(number) > most:
		return notACard("it has more than %d characters", most)
	}
	return nil
}

// Bounds of what ParsePattern takes.
const (
	MaxPatterns = 16
	maxPattern  = 200
)

// ParsePattern reads a pattern of card labels, in the syntax of RE2, that must fit the whole label and holds the number
// in its one pair of parentheses: P-(\d{8}). Others are written (?:…).
func ParsePattern(text string) (*regexp.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("it has more than %d characters", maxPattern)
	}
	alone, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	if n := alone.NumSubexp(); n != 1 {
		return nil, fmt.Errorf("it has %d pairs of parentheses and must have one, around the number", n)
	}
	return regexp.Compile(`\A(?:` + text + `)\z`)
}

// checkDigit judges the last digit of a number. Off: there is nothing to judge.
func (r CardRules) checkDigit(number string, s Scan) (how Strictness, right bool) {
	codabar := s.Symbology == Codabar || s.Symbology == Unstated && digits(number) && r.accepts(Codabar)
	if !codabar || s.Check == CheckTakenOff {
		return Off, true
	}
	return r.CheckDigit, digits(number) && modulo10(number) == 0
}

// modulo10 is the sum of a number's digits, every second from the right doubled and the digits of that added; the number
// with its check digit comes to 0.
func modulo10(number string) int {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum % 10
}

// checkCharacter judges the last character of a label in Code 39. Off: there is nothing to judge.
func (r CardRules) checkCharacter(label string, s Scan) (how Strictness, right bool) {
	if s.Symbology != Code39 || r.CheckCharacter == Off || s.Check != CheckUnstated {
		return Off, true
	}
	return r.CheckCharacter, modulo43(label)
}

// modulo43 says whether the last character of a label is the right one for those before it.
func modulo43(label string) bool {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
	sum, last := 0, -1
	for i := range len(label) {
		value := strings.IndexByte(alphabet, label[i])
		if value < 0 {
			return false
		}
		sum, last = sum+max(last, 0), value
	}
	return len(label) > 1 && sum%43 == last
}

func notACard(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrNotACard}, args...)...)
}

func (r CardRules) accepts(s Symbology) bool {
	switch {
	case s == Unstated:
		return true
	case len(r.Accept) == 0:
		return slices.Contains([]Symbology{Codabar, Code39, Code128, ITF, QR}, s)
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
