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

func catalogue(t *testing.T, lang string) map[string]any {
	t.Helper()
	sentences := map[string]any{}
	if _, err := toml.DecodeFile("catalogue/"+lang+".toml", &sentences); err != nil {
		t.Fatal(err)
	}
	return sentences
}

func TestCataloguesSayTheSameThings(t *testing.T) {
	catalogues := map[string]map[string]any{}
	for _, lang := range text.Known {
		catalogues[lang] = catalogue(t, lang)
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
	}{{"de", 1, "Für 1 Gebühr."}, {"de", 3, "Für 3 Gebühren."}, {"en", 1, "For 1 fee."}, {"en", 0, "For 0 fees."},
		{"pl", 1, "Kwota obejmuje 1 opłatę."}, {"pl", 3, "Kwota obejmuje 3 opłaty."}, {"pl", 5, "Kwota obejmuje 5 opłat."}, {"pl", 22, "Kwota obejmuje 22 opłaty."},
		{"uk", 1, "За 1 збір."}, {"uk", 2, "За 2 збори."}, {"uk", 11, "За 11 зборів."}, {"uk", 21, "За 21 збір."},
		{"fr", 0, "Pour 0 montant choisi."}, {"fr", 2, "Pour 2 montants choisis."},
		{"ar", 1, "عن رسم واحد."}, {"ar", 2, "عن رسمين."}, {"ar", 3, "عن 3 رسوم."}, {"ar", 11, "عن 11 رسمًا."}, {"zh", 1, "共 1 项费用。"}} {
		if got := texts.Say(c.lang, "confirm-fees", text.Data{"Count": c.count}); got != c.want {
			t.Errorf("%d in %s: %q, want %q", c.count, c.lang, got, c.want)
		}
	}
}

func TestEveryCountHasItsSentence(t *testing.T) {
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range text.Known {
		for key := range catalogue(t, lang) {
			for count := range 201 {
				if got := texts.Say(lang, key, text.Data{"Count": count}); got == key || got == "" {
					t.Errorf("%s: %s has no sentence for %d", lang, key, count)
				}
			}
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
		{"ar", "\u200f1,234.50\u00a0€", "\u200f1,500\u00a0JP¥", "09/03/2026 08:05"},
		{"fa", "\u200e€۱٬۲۳۴٫۵۰", "\u200e¥۱٬۵۰۰", "2026/03/09 08:05"},
		{"zh", "€1,234.50", "JP¥1,500", "2026/03/09 08:05"},
		{"es", "1234,50\u00a0€", "1500\u00a0¥", "09/03/2026 08:05"},
		{"fr", "1\u202f234,50\u00a0€", "1\u202f500\u00a0¥", "09/03/2026 08:05"},
		{"it", "1234,50\u00a0€", "1500\u00a0¥", "09/03/2026 08:05"},
		{"pl", "1234,50\u00a0€", "1500\u00a0¥", "09.03.2026 08:05"},
		{"tr", "€1.234,50", "¥1.500", "09.03.2026 08:05"},
		{"uk", "1\u00a0234,50\u00a0€", "1\u00a0500\u00a0¥", "09.03.2026 08:05"},
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

func TestAmountsAreSaidInWordsOfTheLanguage(t *testing.T) {
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lang  string
		minor int64
		want  string
	}{{"en", 1250, "12 euros and 50 cents"}, {"en", 101, "1 euro and 1 cent"}, {"en", 100, "1 euro"}, {"en", 5, "5 cents"}, {"en", 0, "0 euros"},
		{"en", -250, "minus 2 euros and 50 cents"}, {"en", 123456, "1234 euros and 56 cents"}, {"de", 1250, "12 Euro und 50 Cent"},
		{"pl", 1202, "12 euro i 2 centy"}, {"uk", 1211, "12 євро і 11 центів"}, {"ar", 1250, "12 يورو و 50 سنتًا"},
		{"fa", 1250, "12 یورو و 50 سنت"}, {"zh", 1250, "12欧元50欧分"}} {
		if got := texts.Spoken(c.lang, money.Of(c.minor, "EUR")); got != c.want {
			t.Errorf("%d in %s: %q, want %q", c.minor, c.lang, got, c.want)
		}
	}
	if got := texts.Spoken("de", money.Of(1250, "CHF")); got != texts.Amount("de", money.Of(1250, "CHF")) {
		t.Errorf("francs: %q", got)
	}
}
