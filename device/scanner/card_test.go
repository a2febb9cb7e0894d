package scanner_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"selfpay/device/scanner"
)

func ExampleCardRules_Card() {
	rules := scanner.CardRules{Accept: []scanner.Symbology{scanner.Codabar, scanner.Code39}}
	card, err := rules.Card(scanner.Scan{Text: "A21234000567894B", Symbology: scanner.Codabar})
	fmt.Println(card, err)
	_, err = rules.Card(scanner.Scan{Text: "9783161484100", Symbology: scanner.EAN})
	fmt.Println(err)
	// Output:
	// 21234000567894 <nil>
	// not a library card: labels of this kind (ean) are no cards here
}

func TestCard(t *testing.T) {
	for _, c := range []struct {
		name string
		scan scanner.Scan
		want string // empty: not a card
	}{
		{"digits", scanner.Scan{Text: "21234000567894"}, "21234000567894"},
		{"leading zeros stay", scanner.Scan{Text: "00001234", Symbology: scanner.Code128}, "00001234"},
		{"letters keep their case", scanner.Scan{Text: "aB-12.34", Symbology: scanner.Code39}, "aB-12.34"},
		{"start and stop", scanner.Scan{Text: "A21234000567894B", Symbology: scanner.Codabar}, "21234000567894"},
		{"small start and stop, unstated", scanner.Scan{Text: "b21234000567894d"}, "21234000567894"},
		{"start without stop", scanner.Scan{Text: "A2123400", Symbology: scanner.Codabar}, "A2123400"},
		{"letters inside", scanner.Scan{Text: "A21X34B", Symbology: scanner.Codabar}, "A21X34B"},
		{"letters of Code 39 belong to the number", scanner.Scan{Text: "A12345B", Symbology: scanner.Code39}, "A12345B"},
		{"CLSI blanks", scanner.Scan{Text: "2 1234 00056 7894", Symbology: scanner.Codabar}, "21234000567894"},
		{"CLSI blanks with start and stop", scanner.Scan{Text: "a2 1234 00056 7894b"}, "21234000567894"},
		{"blanks at the ends", scanner.Scan{Text: " 20017\r\n"}, "20017"},
		{"QR with a number", scanner.Scan{Text: "20017", Symbology: scanner.QR}, "20017"},
		{"shortest", scanner.Scan{Text: "1234"}, "1234"},
		{"longest", scanner.Scan{Text: strings.Repeat("1", 32)}, strings.Repeat("1", 32)},
		{"978 without the check digit of a book", scanner.Scan{Text: "9783161484101"}, "9783161484101"},

		{"book", scanner.Scan{Text: "9783161484100", Symbology: scanner.EAN}, ""},
		{"book, unstated", scanner.Scan{Text: "9783161484100"}, ""},
		{"other symbology", scanner.Scan{Text: "21234000567894", Symbology: scanner.Other}, ""},
		{"web address", scanner.Scan{Text: "https://example.org/1", Symbology: scanner.QR}, ""},
		{"web address without scheme", scanner.Scan{Text: "WWW.example.org", Symbology: scanner.QR}, ""},
		{"blank between words", scanner.Scan{Text: "JOHN 1234"}, ""},
		{"blank in Code 39", scanner.Scan{Text: "1234 5678", Symbology: scanner.Code39}, ""},
		{"control character", scanner.Scan{Text: "1234\x005678"}, ""},
		{"other alphabet", scanner.Scan{Text: "１２３４５"}, ""},
		{"SIP field separator", scanner.Scan{Text: "1234|AOx"}, ""},
		{"empty", scanner.Scan{}, ""},
		{"short", scanner.Scan{Text: "123"}, ""},
		{"start and stop around too little", scanner.Scan{Text: "A123B", Symbology: scanner.Codabar}, ""},
		{"long", scanner.Scan{Text: strings.Repeat("1", 33)}, ""},
	} {
		got, err := scanner.CardRules{}.Card(c.scan)
		switch {
		case got != c.want, (err == nil) != (c.want != ""):
			t.Errorf("%s: Card = %q, %v; want %q", c.name, got, err, c.want)
		case err != nil && !errors.Is(err, scanner.ErrNotACard):
			t.Errorf("%s: error = %v", c.name, err)
		case err != nil && len(c.scan.Text) > 3 && strings.Contains(err.Error(), strings.TrimSpace(c.scan.Text)):
			t.Errorf("%s: the error tells the label: %v", c.name, err)
		}
	}
}

func TestReasonIsTold(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.org/1": "web address",
		"9783161484100":         "book",
		"123":                   "fewer than 4",
		"JOHN 1234":             "characters other than",
	} {
		if _, err := (scanner.CardRules{}).Card(scanner.Scan{Text: text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Card(%q) = %v, want %q in it", text, err, want)
		}
	}
}

func TestAcceptedSymbologiesOnly(t *testing.T) {
	rules := scanner.CardRules{Accept: []scanner.Symbology{scanner.Codabar, scanner.EAN}, Min: 5, Max: 13}
	for text, want := range map[scanner.Scan]bool{
		{Text: "12345", Symbology: scanner.Codabar}:         true,
		{Text: "12345", Symbology: scanner.QR}:              false,
		{Text: "12345"}:                                     true,
		{Text: "1234"}:                                      false,
		{Text: "12345678901234"}:                            false,
		{Text: "9783161484100", Symbology: scanner.EAN}:     true,
		{Text: "9783161484100"}:                             true,
		{Text: "9783161484100", Symbology: scanner.Code128}: false,
	} {
		if _, err := rules.Card(text); (err == nil) != want {
			t.Errorf("Card(%+v) = %v, want a card: %v", text, err, want)
		}
	}
}
