package scanner_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"selfpay/device/scanner"
)

func ExampleCardRules_Card() {
	rules := scanner.CardRules{Accept: []scanner.Symbology{scanner.Codabar, scanner.Code39}}
	card, err := rules.Card(scanner.Scan{Text: "A21234000567894B", Symbology: scanner.Codabar})
	fmt.Println(card.Number, err)
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
		{"asterisks of Code 39", scanner.Scan{Text: "*AB-1234*", Symbology: scanner.Code39}, "AB-1234"},
		{"asterisks of another kind", scanner.Scan{Text: "*AB-1234*", Symbology: scanner.Code128}, ""},
		{"driving licence", scanner.Scan{Text: "20017", Symbology: scanner.PDF417}, ""},
		{"longer than any label", scanner.Scan{Text: strings.Repeat(" ", scanner.MaxText) + "20017"}, ""},
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
		case got.Number != c.want, got.Doubtful, (err == nil) != (c.want != ""):
			t.Errorf("%s: Card = %+v, %v; want %q", c.name, got, err, c.want)
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

// The first two are published samples that obey the rule, the next two published samples that do not.
func TestCheckDigits(t *testing.T) {
	for _, c := range []struct {
		scan  scanner.Scan
		right bool
	}{
		{scanner.Scan{Text: "30234000517861"}, true},
		{scanner.Scan{Text: "33191000105864"}, true},
		{scanner.Scan{Text: "35555000012349"}, false},
		{scanner.Scan{Text: "22390000027896"}, false},
		{scanner.Scan{Text: "A30234000517861B", Symbology: scanner.Codabar}, true},
		{scanner.Scan{Text: "A35555000012349B", Symbology: scanner.Codabar}, false},
		{scanner.Scan{Text: "35555000012349", Symbology: scanner.Codabar, Check: scanner.CheckSent}, false}, // of another rule
		{scanner.Scan{Text: "3555500001234", Symbology: scanner.Codabar, Check: scanner.CheckTakenOff}, true},
		{scanner.Scan{Text: "3023-000517861", Symbology: scanner.Codabar}, false},
		{scanner.Scan{Text: "18"}, true}, // even and odd lengths count from the right
		{scanner.Scan{Text: "26"}, true},
		{scanner.Scan{Text: "125"}, true},
		{scanner.Scan{Text: "118"}, false},
		{scanner.Scan{Text: "0000"}, true},
		{scanner.Scan{Text: "AB-1234"}, true}, // no digits only: nobody says that it is Codabar
		{scanner.Scan{Text: "35555000012349", Symbology: scanner.QR}, true},
		{scanner.Scan{Text: "35555000012349", Symbology: scanner.Code39}, true},
	} {
		for _, how := range []scanner.Strictness{scanner.Off, scanner.Warn, scanner.Require} {
			card, err := scanner.CardRules{Min: 2, CheckDigit: how}.Card(c.scan)
			if (err != nil) != (!c.right && how == scanner.Require) || card.Doubtful != (!c.right && how == scanner.Warn) {
				t.Errorf("%q, %q: %+v, %v", how, c.scan, card, err)
			}
			if err != nil && !strings.Contains(err.Error(), "check digit") {
				t.Errorf("%v", err)
			}
		}
	}
	rules := scanner.CardRules{CheckDigit: scanner.Require, Accept: []scanner.Symbology{scanner.Code39, scanner.QR}}
	if _, err := rules.Card(scanner.Scan{Text: "35555000012349"}); err != nil {
		t.Errorf("without Codabar a typed number is no Codabar: %v", err)
	}
}

// The vectors follow the rule of ISO/IEC 16388, annex A: CODE39 has the values 12, 24, 13, 14, 3 and 9, their sum 75 leaves
// 32, a W. 999C comes to 39, a mark that only Code 39 has, and 999B to 38, a blank.
func TestCheckCharactersOfCode39(t *testing.T) {
	code39 := func(text string) scanner.Scan { return scanner.Scan{Text: text, Symbology: scanner.Code39} }
	for _, c := range []struct {
		scan   scanner.Scan
		number string
		right  bool
	}{
		{code39("CODE39W"), "CODE39W", true},
		{code39("*CODE39W*"), "CODE39W", true},
		{code39("CODE39X"), "CODE39X", false},
		{code39("999C$"), "999C$", true},
		{code39("999B "), "999B", true},
		{code39("999C"), "999C", false},
		{code39("code39w"), "code39w", false},
		{scanner.Scan{Text: "CODE39X", Symbology: scanner.Code39, Check: scanner.CheckSent}, "CODE39X", true}, // the scanner has looked
		{scanner.Scan{Text: "CODE39X", Symbology: scanner.Code39, Check: scanner.CheckTakenOff}, "CODE39X", true},
		{scanner.Scan{Text: "CODE39X", Symbology: scanner.Code128}, "CODE39X", true},
		{scanner.Scan{Text: "CODE39X"}, "CODE39X", true},
	} {
		for _, how := range []scanner.Strictness{scanner.Warn, scanner.Require} {
			card, err := scanner.CardRules{CheckCharacter: how}.Card(c.scan)
			if refused := !c.right && how == scanner.Require; (err != nil) != refused || !refused && card.Number != c.number || card.Doubtful != (!c.right && how == scanner.Warn) {
				t.Errorf("%q, %+v: %+v, %v", how, c.scan, card, err)
			}
		}
	}
	if _, err := (scanner.CardRules{Min: 1, CheckCharacter: scanner.Require}).Card(code39("0")); err == nil {
		t.Error("a check character was taken without anything that it checks")
	}
	if _, err := (scanner.CardRules{}).Card(code39("999C$")); err == nil {
		t.Error("a mark of Code 39 was taken for a part of the number though nobody looks at check characters")
	}
}

func patterns(t *testing.T, texts ...string) []*regexp.Regexp {
	t.Helper()
	var all []*regexp.Regexp
	for _, text := range texts {
		p, err := scanner.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestPatterns(t *testing.T) {
	rules := scanner.CardRules{Patterns: patterns(t, `https://card\.example\.org/(\d{8})(?:\?.*)?`, `(?i)lib-([0-9a-z]+)`, `(\d{14})`, `(X)|Y`),
		Min: 2, CheckDigit: scanner.Require}
	for text, want := range map[string]string{
		"https://card.example.org/00012345":         "00012345",
		"https://card.example.org/00012345?token=a": "00012345",
		"Lib-A12":          "A12",
		"30234000517861":   "30234000517861",
		"A30234000517861B": "30234000517861", // start and stop come first

		"https://card.example.org/0001234":   "",
		"https://card.example.org/00012345#": "",
		"https://evil.example.org/00012345":  "",
		"xLib-A12":                           "",
		"Lib-A12\nLib-A12":                   "",
		"302340005178612":                    "",
		"35555000012349":                     "", // the check digit comes last
		"Lib-" + strings.Repeat("1", 33):     "",
		"X":                                  "", // too short
		"Y":                                  "", // nothing is captured
	} {
		scan := scanner.Scan{Text: text, Symbology: scanner.QR}
		if strings.Trim(text, "AB0123456789") == "" {
			scan.Symbology = scanner.Codabar
		}
		card, err := rules.Card(scan)
		if card.Number != want || (err == nil) != (want != "") {
			t.Errorf("%q: %+v, %v; want %q", text, card, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "card.example") {
			t.Errorf("the error tells the label: %v", err)
		}
	}
	if card, err := (scanner.CardRules{Patterns: patterns(t, `(.*)`)}).Card(scanner.Scan{Text: "https://example.org/1", Symbology: scanner.QR}); err == nil {
		t.Errorf("a web address is a card: %+v", card)
	}
}

func TestAPatternHasOneCaptureAndAnEnd(t *testing.T) {
	for text, want := range map[string]string{
		`\d{14}`:                  "0 pairs",
		`(\d)(\d)`:                "2 pairs",
		`(`:                       "missing",
		`a)(b`:                    "unexpected",
		`(\d{1001})`:              "repeat",
		`(a)\1`:                   "escape",
		strings.Repeat("(a)", 67): "more than 200",
	} {
		if _, err := scanner.ParsePattern(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{`^P-(\d{8})$`, `(?:P|Q)(\d+)`, `(?P<number>\d+)`} {
		if _, err := scanner.ParsePattern(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzCard(f *testing.F) {
	f.Add("A30234000517861B", "codabar", "")
	f.Add("*CODE39W*", "code39", "sent")
	f.Add("https://card.example.org/00012345", "qr", "")
	pattern, err := scanner.ParsePattern(`(?:https?://[a-z.]+/)?([^/]*)`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, symbology, check string) {
		scan := scanner.Scan{Text: text, Symbology: scanner.Symbology(symbology), Check: scanner.Check(check)}
		for _, rules := range []scanner.CardRules{
			{}, {CheckDigit: scanner.Require, CheckCharacter: scanner.Require}, {CheckDigit: scanner.Warn, CheckCharacter: scanner.Warn},
			{Patterns: []*regexp.Regexp{pattern}, Accept: []scanner.Symbology{scanner.QR, scanner.EAN}},
		} {
			card, err := rules.Card(scan)
			if (err == nil) != (card.Number != "") || err != nil && !errors.Is(err, scanner.ErrNotACard) {
				t.Fatalf("%+v, %v", card, err)
			}
			if len(card.Number) > 32 || strings.Trim(card.Number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.$/+%") != "" || !strings.Contains(text, strings.TrimSpace(card.Number)) && !strings.Contains(strings.ReplaceAll(text, " ", ""), card.Number) {
				t.Fatalf("%q gives %q", text, card.Number)
			}
		}
	})
}
