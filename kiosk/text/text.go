// Package text speaks the patron's languages: sentences from catalogues, amounts and dates as people read them.
package text

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/bojanz/currency"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"selfpay/device/money"
)

//go:embed catalogue/*.toml
var catalogues embed.FS

// Known are the languages that have a catalogue.
var Known = slices.Sorted(maps.Keys(moments))

// Texts are the catalogues of the chosen languages.
type Texts struct {
	spoken map[string]sentences // by language
}

// sentences are those of one language by their keys, each in its plural forms. One that counts nothing has one form, without a name.
type sentences map[string]map[string]string

// New loads the catalogues. It refuses a language that has none.
func New(languages []string) (*Texts, error) { return Load(languages, "") }

// Load loads the catalogues, and what a folder has in the library's own words; no folder: nothing. It refuses a language
// that has no catalogue, and a folder in which anything is wrong: what CheckOwn lists.
func Load(languages []string, folder string) (*Texts, error) {
	said, mistakes := readOwn(folder)
	if len(mistakes) > 0 {
		return nil, fmt.Errorf("text: %w", mistakes[0])
	}
	return read(catalogues, "catalogue", languages, folder, said)
}

// Of loads a folder of other catalogues, those of a page for staff for one, in the languages that it has.
func Of(files fs.FS, folder string, languages ...string) (*Texts, error) {
	return read(files, folder, languages, "", nil)
}

func read(files fs.FS, catalogue string, languages []string, folder string, said own) (*Texts, error) {
	t := &Texts{spoken: map[string]sentences{}}
	for _, l := range languages {
		name := l + ".toml"
		shipped, err := fs.ReadFile(files, path.Join(catalogue, name))
		if err != nil {
			return nil, fmt.Errorf("text: no catalogue for the language %q; there are %v", l, Known)
		}
		t.spoken[l] = sentences{}
		if err := t.spoken[l].take(shipped); err != nil {
			return nil, fmt.Errorf("text: %s: %w", path.Join(catalogue, name), err)
		}
		if err := t.spoken[l].take(said[l]); err != nil {
			return nil, fmt.Errorf("text: %s: %w", filepath.Join(folder, name), err)
		}
	}
	return t, nil
}

// take adds the sentences of a catalogue, in place of those with the same keys.
func (s sentences) take(catalogue []byte) error {
	said := map[string]any{}
	if err := toml.Unmarshal(catalogue, &said); err != nil {
		return err
	}
	for key, sentence := range said {
		s[key] = forms(sentence)
	}
	return nil
}

// Data fills the blanks of a sentence.
type Data map[string]any

// Say is the sentence of a key in a language; data["Count"] chooses among its plural forms. A key without a sentence is a mistake that the
// tests find; the screen then shows the key.
func (t *Texts) Say(lang, key string, data Data) string {
	forms := t.spoken[lang][key]
	sentence, ok := forms[""]
	if !ok {
		sentence, ok = forms[pluralForm(lang, data)]
	}
	if !ok {
		return key
	}
	return fill(sentence, data)
}

var pluralForms = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}

// pluralForm is the name of the form in which a language counts so many, by CLDR.
func pluralForm(lang string, data Data) string {
	count, _ := data["Count"].(int)
	return pluralForms[plural.Cardinal.MatchPlural(language.Make(lang), count, 0, 0, 0, 0)]
}

// fill fills the blanks of a sentence. One that nothing is known for stays as it is.
func fill(sentence string, data Data) string {
	return blank.ReplaceAllStringFunc(sentence, func(blank string) string {
		if filling, ok := data[blankName(blank)]; ok {
			return fmt.Sprint(filling)
		}
		return blank
	})
}

// Amount is an amount as people of that language read it: "12,50 €".
func (t *Texts) Amount(lang string, a money.Amount) string {
	parsed, err := currency.NewAmount(a.Text(), string(a.Currency))
	if err != nil {
		return a.String()
	}
	return currency.NewFormatter(currency.NewLocale(lang)).Format(parsed)
}

// moments are how a date with the time of day is written, by CLDR's short forms with all four digits of the year. Persian too counts
// by the Gregorian calendar here, as the library's own papers do.
var moments = map[string]string{
	"ar": "02/01/2006 15:04",
	"de": "02.01.2006 15:04",
	"en": "2 Jan 2006, 15:04",
	"es": "02/01/2006 15:04",
	"fa": "2006/01/02 15:04",
	"fr": "02/01/2006 15:04",
	"it": "02/01/2006 15:04",
	"pl": "02.01.2006 15:04",
	"tr": "02.01.2006 15:04",
	"uk": "02.01.2006 15:04",
	"zh": "2006/01/02 15:04",
}

// Moment is a date with the time of day, by the clock of 24 hours.
func (t *Texts) Moment(lang string, at time.Time) string { return at.Format(moments[lang]) }

// Stop ends a sentence that stands in a catalogue without its end, and parts it from the next.
func Stop(lang string) string {
	if lang == "zh" {
		return "。"
	}
	return ". "
}

// Direction is that of a language's script, as HTML says it: "rtl" for Arabic and Persian, else "ltr".
func Direction(lang string) string {
	if script, _ := language.Make(lang).Script(); script.String() == "Arab" || script.String() == "Hebr" {
		return "rtl"
	}
	return "ltr"
}
