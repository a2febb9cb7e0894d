package web

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"selfpay/device/money"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the screens in testdata")

// reviewed are languages of each direction whose screens stand in testdata; those of the others differ by the words of their catalogues.
var reviewed = []string{"ar", "de", "en"}

// block begins a line in the reviewed screens.
var block = regexp.MustCompile(`<(button|div|footer|h1|header|li|ol|p|section|svg|ul)\b`)

// TestScreensAreAsReviewed compares every screen with the one in testdata, one file for each language.
func TestScreensAreAsReviewed(t *testing.T) {
	for _, lang := range reviewed {
		var all strings.Builder
		for _, e := range examples() {
			fragment, err := draw(e.in(lang), catalogues(t), plain)
			if err != nil {
				t.Fatalf("%s in %s: %v", e.name, lang, err)
			}
			fmt.Fprintf(&all, "<!-- %s -->%s\n\n", e.name, block.ReplaceAllString(fragment, "\n$0"))
		}
		path := "testdata/screens." + lang + ".html"
		if *rewrite {
			if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		reviewed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, want := strings.Split(all.String(), "\n"), strings.Split(string(reviewed), "\n")
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%s:%d: the screen is not as reviewed; run go test ./kiosk/web -rewrite and look at the difference", path, i+1)
				break
			}
		}
	}
}

// element is one tag with its marks.
type element struct {
	tag   string
	marks map[string]string
}

// elements takes a fragment apart.
func elements(fragment string) []element {
	var all []element
	tokens := html.NewTokenizer(strings.NewReader(fragment))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return all
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			e := element{token.Data, map[string]string{}}
			for _, a := range token.Attr {
				e.marks[a.Key] = a.Val
			}
			all = append(all, e)
		}
	}
}

// words are what a patron reads in a fragment.
func wordsOf(fragment string) string {
	var words []string
	tokens := html.NewTokenizer(strings.NewReader(fragment))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.Join(words, " ")
		case html.TextToken:
			words = append(words, strings.Fields(string(tokens.Text()))...)
		}
	}
}

// TestForeignTextIsText shows that what a library sends can neither become markup nor hide or turn other text.
func TestForeignTextIsText(t *testing.T) {
	for _, e := range examples() {
		fragment, err := draw(e.view, catalogues(t), plain)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(fragment, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u200b\u0007") {
			t.Errorf("%s: a sign that hides or turns text is on the screen", e.name)
		}
		for _, el := range elements(fragment) {
			if el.tag == "script" || el.tag == "b" && len(el.marks) > 0 {
				t.Errorf("%s: foreign text became <%s %v>", e.name, el.tag, el.marks)
			}
			for name := range el.marks {
				if name == "style" || strings.HasPrefix(name, "on") {
					t.Errorf("%s: <%s> has an attribute %s, which the content policy forbids", e.name, el.tag, name)
				}
			}
		}
	}
}

func TestThreeHundredHostileFeesAreShownWithinBounds(t *testing.T) {
	for _, lang := range text.Known {
		v := with(session.ScreenFees, hostileFees)
		v.Language = lang
		fragment, err := draw(v, catalogues(t), plain)
		if err != nil {
			t.Fatal(err)
		}
		if len(fragment) > 300<<10 || strings.Count(fragment, `data-fee="`) != 300 {
			t.Errorf("%s: %d bytes, %d fees", lang, len(fragment), strings.Count(fragment, `data-fee="`))
		}
		if strings.Contains(fragment, "<script") || strings.Contains(fragment, "<img") || strings.ContainsAny(fragment, "\u202e\u2066\u202d\x00\x1b\x07") {
			t.Errorf("%s: markup or a sign that turns or hides is on the screen", lang)
		}
		for _, e := range elements(fragment) { // what is negative cannot be chosen
			if n, _ := strconv.Atoi(strings.TrimPrefix(e.marks["data-fee"], "f")); e.marks["data-fee"] != "" && e.marks["data-choosable"] != strconv.FormatBool(n%7 != 3 && n > 0) {
				t.Errorf("%s: fee %d: choosable %s", lang, n, e.marks["data-choosable"])
			}
		}
	}
	if price := catalogues(t).Amount("en", money.Of(98765432, "JPY")); strings.Contains(price, ".") || !strings.Contains(price, "98,765,432") {
		t.Errorf("a currency without decimals is written %q", price)
	}
}

func TestForeignTextIsCleaned(t *testing.T) {
	for _, c := range []struct{ foreign, want string }{
		{"  Overdue \n\t fee ", "Overdue fee"},
		{"a\u202eb\u2066c\u200fd", "abcd"},
		{"bell\u0007\x1b[2J", "bell[2J"},
		{"bad \xff\xfe bytes", "bad bytes"},
		{"e\u0301\u0302\u0303\u0304\u0305", "e\u0301\u0302"},
		{"one two three four", "one two three…"},
		{"abcdefghijklmnopqrstuvwxyz", "abcdefghijklmn…"},
		{"هزینه دیرکرد", "هزینه دیرکرد"},
		{"", ""},
	} {
		if got := clean(c.foreign, 15); got != c.want {
			t.Errorf("clean(%q) = %q, want %q", c.foreign, got, c.want)
		}
	}
}

func FuzzForeignTextStaysShortAndReadable(f *testing.F) {
	for _, e := range examples() {
		for _, fee := range e.view.Fees {
			f.Add(fee.Description)
		}
	}
	f.Fuzz(func(t *testing.T, foreign string) {
		got := clean(foreign, 40)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 40 || strings.Contains(got, "  ") {
			t.Errorf("clean(%q) = %q", foreign, got)
		}
		if again := clean(got, 40); again != got {
			t.Errorf("cleaning twice changes %q into %q", got, again)
		}
	})
}
