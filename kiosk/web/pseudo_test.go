package web

import (
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// pseudo speaks a language that nobody does: each sentence of the English catalogue in brackets, its letters with marks, and longer.
// What is not in brackets comes from no catalogue.
type pseudo struct{ *text.Texts }

// Say is the sentence of a key, as long as a library may make it in its own words; one that is fixed is longer than in English by 40 %.
func (p pseudo) Say(_, key string, data text.Data) string {
	said := p.Texts.Say("en", key, data)
	if text.Fixed(key) {
		return stretched(said, utf8.RuneCountInString(said)*14/10)
	}
	return stretched(said, text.Room("en", key))
}

var marked = strings.NewReplacer("a", "á", "e", "ê", "i", "ï", "o", "ö", "u", "ů", "y", "ý", "c", "ç", "n", "ñ", "s", "š", "z", "ž",
	"A", "Å", "E", "Ë", "I", "Î", "O", "Ø", "U", "Ù", "D", "Ð", "P", "Þ", "S", "Š")

// stretched is a sentence so made, with words added: it has so many characters, or its own and the brackets.
func stretched(sentence string, long int) string {
	missing := long - utf8.RuneCountInString(sentence) - len("[]")
	more := []rune(strings.Repeat(" ñöch ëïñ Ŵørt", missing/10+1))
	return "[" + marked.Replace(sentence) + string(more[:max(0, missing)]) + "]"
}

var inBrackets = regexp.MustCompile(`\[[^\[\]]*\]`)

// heard are the attributes whose values somebody reads or hears.
var heard = map[string]bool{"aria-label": true, "aria-description": true, "aria-roledescription": true, "alt": true, "title": true, "placeholder": true}

// said are all texts of a page that somebody reads or hears.
func said(page string) (all []string) {
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return all
		case html.TextToken:
			all = append(all, string(tokens.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, a := range tokens.Token().Attr {
				if heard[a.Key] {
					all = append(all, a.Val)
				}
			}
		}
	}
}

// Moment is a date without words.
func (pseudo) Moment(_ string, at time.Time) string { return at.Format("2006-01-02 15:04") }

// foreign are the words of a view that no catalogue has: what library and patron brought.
func foreign(v session.View) []string {
	words := []string{clean(v.Library, 60), v.Initials, v.Typed, v.Reference}
	for _, f := range v.Fees {
		words = append(words, clean(f.Description, 90))
	}
	for _, l := range v.Legs {
		words = append(words, l.Fee)
	}
	if v.Service != nil {
		words = append(words, v.Service.Staff, v.Service.Version)
		words = append(words, v.Service.Signals...)
		for _, c := range v.Service.Checks {
			words = append(words, clean(c.Why, 120), c.Name)
		}
		if v.Service.Label != nil {
			words = append(words, v.Service.Label.Symbology)
		}
		for _, d := range v.Service.Devices {
			words = append(words, clean(d.Why, 120), d.Name)
		}
	}
	return words
}

// TestEveryWordOnTheScreenComesFromTheCatalogue finds text that a translator would not see, in what is read and in what is heard.
func TestEveryWordOnTheScreenComesFromTheCatalogue(t *testing.T) {
	words := pseudo{catalogues(t)}
	for _, lang := range []string{"en", "ar"} {
		for _, e := range examples() {
			page, err := drawPage(e.in(lang), words, plain, "token")
			if err != nil {
				t.Fatal(err)
			}
			for _, words := range said(string(page)) {
				left := inBrackets.ReplaceAllString(html.UnescapeString(words), "")
				for _, f := range foreign(e.view) {
					if f != "" {
						left = strings.ReplaceAll(left, f, "")
					}
				}
				if strings.ContainsFunc(left, unicode.IsLetter) {
					t.Errorf("%s in the direction of %s: %q comes from no catalogue", e.name, lang, strings.TrimSpace(left))
				}
			}
		}
	}
}

// spoken gives the words of a bench, which can be told to speak the pseudo-language.
type spoken struct {
	*text.Texts
	pseudo atomic.Bool
}

func (s *spoken) Say(lang, key string, data text.Data) string {
	if s.pseudo.Load() {
		return pseudo{s.Texts}.Say(lang, key, data)
	}
	return s.Texts.Say(lang, key, data)
}
