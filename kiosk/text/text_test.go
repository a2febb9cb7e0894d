package text_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/device/money"
	"selfpay/kiosk/text"
)

// blanks are the names that a sentence, in all its plural forms, leaves to be filled.
func blanks(sentence any) []string {
	var found []string
	switch s := sentence.(type) {
	case string:
		found = regexp.MustCompile(`{{\.\w+}}`).FindAllString(s, -1)
	case map[string]any:
		for _, form := range s {
			found = append(found, blanks(form)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestCataloguesSayTheSameThings(t *testing.T) {
	catalogues := map[string]map[string]any{}
	for _, lang := range text.Known {
		catalogue := map[string]any{}
		if _, err := toml.DecodeFile("catalogue/"+lang+".toml", &catalogue); err != nil {
			t.Fatal(err)
		}
		catalogues[lang] = catalogue
	}
	for _, a := range text.Known {
		for _, b := range text.Known {
			for key, sentence := range catalogues[a] {
				other, ok := catalogues[b][key]
				if !ok {
					t.Errorf("%q stands in %s and not in %s", key, a, b)
				} else if !slices.Equal(blanks(sentence), blanks(other)) {
					t.Errorf("%q has the blanks %v in %s and %v in %s", key, blanks(sentence), a, blanks(other), b)
				}
			}
		}
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lang  string
		count int
		want  string
	}{{"de", 1, "Für 1 Gebühr."}, {"de", 3, "Für 3 Gebühren."}, {"en", 1, "For 1 fee."}, {"en", 0, "For 0 fees."}} {
		if got := texts.Say(c.lang, "confirm-fees", text.Data{"Count": c.count}); got != c.want {
			t.Errorf("%d in %s: %q, want %q", c.count, c.lang, got, c.want)
		}
	}
}

func TestUnknownLanguageIsRefused(t *testing.T) {
	if _, err := text.New([]string{"en", "tlh"}); err == nil {
		t.Error("a language without a catalogue was taken")
	}
}

func TestUnknownSentenceShowsItsKey(t *testing.T) {
	texts, err := text.New([]string{"en"})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "de"} {
		if got := texts.Say(lang, "no-such-key", nil); got != "no-such-key" {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

func TestAmountsAndMomentsAreWrittenForTheLanguage(t *testing.T) {
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 9, 8, 5, 0, 0, time.UTC)
	for _, c := range []struct{ lang, amount, yen, moment string }{
		{"de", "1.234,50\u00a0€", "1.500\u00a0¥", "09.03.2026 08:05"},
		{"en", "€1,234.50", "¥1,500", "9 Mar 2026, 08:05"},
	} {
		if got := texts.Amount(c.lang, money.Of(123450, "EUR")); got != c.amount {
			t.Errorf("%s: %q, want %q", c.lang, got, c.amount)
		}
		if got := texts.Amount(c.lang, money.Of(1500, "JPY")); got != c.yen {
			t.Errorf("%s: %q, want %q", c.lang, got, c.yen)
		}
		if got := texts.Moment(c.lang, at); got != c.moment {
			t.Errorf("%s: %q, want %q", c.lang, got, c.moment)
		}
	}
}
