package text

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/width"
)

// own are sentences that a library says in its own words instead of ours: by language, the text of a catalogue that holds
// only them.
type own map[string][]byte

// Limits of a library's own sentences.
const (
	largestOwn   = 64 << 10 // bytes of one file
	longestOwn   = 200      // characters of one sentence
	longerByOwn  = 1.4      // times the longest shipped sentence that stands in the same place, in whichever language
	mistakesTold = 20
)

// Mistake is one thing wrong with a library's own texts.
type Mistake struct {
	File, Key string // no key: the file itself
	What      string
	Mend      string
}

func (m Mistake) Error() string {
	if m.Key == "" {
		return fmt.Sprintf("%s: %s; %s", m.File, m.What, m.Mend)
	}
	return fmt.Sprintf("%s: %s: %s; %s", m.File, m.Key, m.What, m.Mend)
}

// CheckOwn lists what is wrong with the texts in a folder; nothing where no folder is named.
func CheckOwn(folder string) []Mistake {
	_, mistakes := readOwn(folder)
	return mistakes
}

// readOwn reads a folder of files named de.toml, en.toml and so on, each with the sentences that are to be said
// otherwise, in the catalogue's own form.
func readOwn(folder string) (own, []Mistake) {
	if folder == "" {
		return nil, nil
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, []Mistake{{folder, "", err.Error(), "name a folder that the kiosk's user may read, or leave kiosk.texts out"}}
	}
	said, mistakes := own{}, []Mistake(nil)
	for _, f := range files {
		if strings.HasPrefix(f.Name(), ".") {
			continue
		}
		o := ownFile{path: filepath.Join(folder, f.Name()), mistakes: &mistakes}
		if said[o.language()] = o.read(); len(mistakes) >= mistakesTold {
			break
		}
	}
	return said, mistakes
}

// ownFile is one file of a library's own texts.
type ownFile struct {
	path     string
	mistakes *[]Mistake
}

func (o ownFile) say(key, what, mend string) {
	*o.mistakes = append(*o.mistakes, Mistake{o.path, key, what, mend})
}

func (o ownFile) language() string { return strings.TrimSuffix(filepath.Base(o.path), ".toml") }

// read checks the file against what we ship.
func (o ownFile) read() []byte {
	if !slices.Contains(Known, o.language()) || !strings.HasSuffix(o.path, ".toml") {
		o.say("", "this is no file of texts", fmt.Sprintf("name it by its language, de.toml for one, or take it away; there are %v", Known))
		return nil
	}
	content, err := readRegular(o.path)
	if err != nil {
		o.say("", err.Error(), fmt.Sprintf("make it a file of at most %d kB that the kiosk's user may read", largestOwn>>10))
		return nil
	}
	said := map[string]any{}
	if err := toml.Unmarshal(content, &said); err != nil {
		o.say("", strings.TrimPrefix(err.Error(), "toml: "), `write each sentence as reason-storage-next = "Please pay at the desk."`)
		return nil
	}
	ours := catalogue(o.language())
	for _, key := range slices.Sorted(maps.Keys(said)) {
		sentence, known := ours[key]
		switch {
		case !known:
			o.say(key, "there is no such sentence", "take it from the list of kioskctl config texts "+o.language())
		case Fixed(key):
			o.say(key, "this sentence says what happened to a patron's money, and stays as it is", "take it out")
		default:
			o.check(key, said[key], sentence)
		}
	}
	return content
}

func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > largestOwn {
		return nil, errors.New("this is no file, or it is too large")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestOwn))
}

// check holds one sentence, in all its plural forms, against ours.
func (o ownFile) check(key string, theirs, ours any) {
	said, shipped := forms(theirs), forms(ours)
	if want, got := slices.Sorted(maps.Keys(shipped)), slices.Sorted(maps.Keys(said)); !slices.Equal(want, got) {
		o.say(key, "it has not the forms that this language counts in", "write "+formsWanted(want))
		return
	}
	most := Room(o.language(), key)
	for form, sentence := range said {
		blanks := blanksOf(shipped[form])
		switch wide := columns(sentence); {
		case strings.TrimSpace(sentence) == "":
			o.say(key, "it is empty", "write a sentence, or take it out")
		case strings.ContainsFunc(sentence, unprintable):
			o.say(key, "it has characters that cannot be seen, or more than one line", "write it in one line")
		case !slices.Equal(blanksOf(sentence), blanks) || strings.Count(sentence, "{{") != len(blanks) || strings.Count(sentence, "}}") != len(blanks):
			o.say(key, "its blanks are others than ours", "write it with "+blanksWanted(blanks))
		case wide > most:
			o.say(key, fmt.Sprintf("it is %d characters long, and there is room for %d", wide, most), "shorten it")
		}
	}
}

// forms are the plural forms of a sentence; one that counts nothing has one, without a name.
func forms(sentence any) map[string]string {
	all := map[string]string{}
	switch s := sentence.(type) {
	case string:
		all[""] = s
	case map[string]any:
		for form, text := range s {
			if said, ok := text.(string); ok {
				all[form] = said
			}
		}
	}
	return all
}

func formsWanted(forms []string) string {
	if slices.Equal(forms, []string{""}) {
		return "one sentence in quotes"
	}
	return "it as {" + strings.Join(forms, ` = "…", `) + ` = "…"}`
}

func blanksWanted(blanks []string) string {
	if len(blanks) == 0 {
		return "none"
	}
	return strings.Join(blanks, " and ") + ", each once"
}

var blank = regexp.MustCompile(`{{\.\w+}}`)

// blankName is the name of a blank: Amount of {{.Amount}}.
func blankName(blank string) string { return strings.Trim(blank, "{.}") }

// blanksOf are the blanks of a sentence in the order of their names.
func blanksOf(sentence string) []string {
	return slices.Sorted(slices.Values(blank.FindAllString(sentence, -1)))
}

// columns is how wide a sentence is: a Chinese character takes the room of two.
func columns(sentence string) (n int) {
	for _, r := range blank.ReplaceAllString(sentence, "12,50 €") {
		if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
			n++
		}
		n++
	}
	return n
}

// Room is how many columns there are for the sentence of a key in a library's own words: the tests of the screen lay out sentences so long.
func Room(language, key string) int {
	if slices.ContainsFunc(crowded, func(beginning string) bool { return strings.HasPrefix(key, beginning) }) {
		return widest(catalogue(language)[key])
	}
	most := 0
	for _, l := range Known {
		for other, sentence := range catalogue(l) {
			if place(other) == place(key) {
				most = max(most, widest(sentence))
			}
		}
	}
	return min(longestOwn, int(longerByOwn*float64(most)))
}

// widest is how wide the widest form of a sentence is.
func widest(sentence any) (most int) {
	for _, form := range forms(sentence) {
		most = max(most, columns(form))
	}
	return most
}

// crowded are the beginnings of the keys on screens that are full at 1024 x 600: no sentence there is longer than ours in its language.
var crowded = []string{"fees-", "paper-"}

// aboveKeys are the reasons that stand above a keypad, where there is less room.
var aboveKeys = []string{"reason-wrong-pin", "reason-over-chosen"}

// place is where the sentence of a key stands. The other reasons stand in one place, and what comes next behind them in another.
func place(key string) string {
	if slices.ContainsFunc(aboveKeys, func(above string) bool { return strings.HasPrefix(key, above) }) {
		return key
	}
	if name, isReason := strings.CutPrefix(key, "reason-"); isReason {
		return "reason " + strconv.FormatBool(strings.HasSuffix(name, "-next"))
	}
	return key
}

// unprintable finds what nobody sees and what turns the order of letters around. The joiners belong to Persian.
func unprintable(r rune) bool {
	return !unicode.IsPrint(r) && !strings.ContainsRune("\u00a0\u202f\u200c\u200d", r)
}

// catalogue is what we ship in a language; it is not to be changed.
func catalogue(language string) map[string]any { return shipped()[language] }

var shipped = sync.OnceValue(func() map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, l := range Known {
		said := map[string]any{}
		content, _ := catalogues.ReadFile("catalogue/" + l + ".toml")
		if err := toml.Unmarshal(content, &said); err != nil {
			panic("text: the catalogue " + l + ": " + err.Error()) // a test reads them all
		}
		all[l] = said
	}
	return all
})

// fixed are the beginnings of the keys whose sentences say what happened to a patron's money, or keep somebody from paying
// twice. A test looks for others that do.
var fixed = []string{"amount-lead", "booking-", "charge-", "checking-", "disk-", "leaving-lead", "loading-lead", "moment-lead", "outcome-", "progress-reversing", "service-not-charged",
	"reason-being-booked", "reason-settling", "receipt-books-", "receipt-copy", "receipt-leg-", "receipt-status-", "receipt-test-title", "touch-lead"}

// Fixed says whether a sentence cannot be said in a library's own words, since it says what happened to a patron's money.
func Fixed(key string) bool {
	return slices.ContainsFunc(fixed, func(beginning string) bool { return strings.HasPrefix(key, beginning) })
}

// Changeable are the sentences of a language that can be said in a library's own words: each key with its sentence, or its
// plural forms.
func Changeable(language string) map[string]any {
	said := maps.Clone(catalogue(language))
	maps.DeleteFunc(said, func(key string, _ any) bool { return Fixed(key) })
	return said
}
