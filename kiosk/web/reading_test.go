package web

import (
	"regexp"
	"strings"
	"testing"

	"selfpay/device/money"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

func read(t *testing.T, v session.View) Reading {
	t.Helper()
	r, err := Read(v, catalogues(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// said are all words of a reading, without those of the choices.
func (r Reading) said() string { return strings.Join(r.Sentences, "\n") }

// TestAVoiceSaysWhatStandsOnTheScreen compares the words that are seen with those that are said, for every screen in every language.
func TestAVoiceSaysWhatStandsOnTheScreen(t *testing.T) {
	for _, lang := range text.Known {
		for _, e := range examples() {
			v := e.in(lang)
			r := read(t, v)
			if r.said() == "" {
				t.Errorf("%s in %s says nothing", e.name, lang)
			}
			drawn, err := draw(v, aloud{catalogues(t)}, plain)
			if err != nil {
				t.Fatal(err)
			}
			all := r.said()
			for _, i := range r.Items {
				all += "\n" + i.Label
			}
			if r.Typed != nil {
				all += "\n" + r.Typed.Label + "\n" + r.Typed.Digits + "\n" + r.Typed.Amount
			}
			spoken := strings.Fields(all)
			_, body, _ := strings.Cut(drawn, "</header>")
			for _, word := range strings.Fields(visible(body)) {
				if word != v.Reference && !contains(spoken, word) {
					t.Errorf("%s in %s: %q is seen and not said", e.name, lang, word)
				}
			}
		}
	}
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if strings.Contains(w, word) {
			return true
		}
	}
	return false
}

// visible are the words between the tags.
func visible(fragment string) string {
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&").
		Replace(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(fragment, " "))
}

func TestAVoiceTellsTheMoneyStatusOfTheScreen(t *testing.T) {
	for _, lang := range text.Known {
		tells := func(v session.View, c charge, amount money.Amount) {
			t.Helper()
			v.Language = lang
			want := strings.Join(strings.Fields(scene{View: v, words: aloud{catalogues(t)}}.sayAmount(string(c), amount)), " ")
			if r := read(t, v); !strings.Contains(r.said(), want) {
				t.Errorf("%s %s%s in %s: %q is not said: %q", v.Screen, v.Outcome, v.Reason, lang, want, r.said())
			}
		}
		for _, o := range allOutcomes {
			tells(with(session.ScreenOutcome, ended(o, session.ReceiptPrinted)), outcomeCharges[o], euro(1250))
		}
		for _, r := range allReasons {
			v := with(session.ScreenMessage, func(v *session.View) { v.Reason, v.Limit = r, euro(500) })
			tells(v, reasonCharges[r], euro(500))
			v.Screen = session.ScreenOutOfService
			tells(v, chargeBefore, euro(500))
		}
	}
}

// TestChoicesAreTheButtonsOfThePage: the page finds a choice by its place among its buttons.
func TestChoicesAreTheButtonsOfThePage(t *testing.T) {
	for _, e := range examples() {
		drawn, err := draw(e.view, catalogues(t), plain)
		if err != nil {
			t.Fatal(err)
		}
		r, at := read(t, e.view), 0
		for _, el := range elements(drawn) {
			action, isChoice := el.marks["data-action"]
			if !isChoice {
				continue
			}
			if at >= len(r.Items) || r.Items[at].Action != action || r.Items[at].Value != el.marks["data-value"] {
				t.Fatalf("%s: at place %d of the page is %s %s, of the reading %+v", e.name, at, action, el.marks["data-value"], r.Items)
			}
			if r.Items[at].Label == "" {
				t.Errorf("%s: choice %d, %s, has no words", e.name, at, action)
			}
			at++
		}
		if at != len(r.Items) {
			t.Errorf("%s: %d choices are read, %d are on the page", e.name, len(r.Items), at)
		}
	}
}

func TestAChoiceSaysWhetherItIsChosen(t *testing.T) {
	r := read(t, with(session.ScreenFees, threeFees))
	for _, i := range r.Items {
		want := map[string]Choice{"4711": Chosen, "4712": NotChosen}[i.Value]
		if i.Action != "language" && i.Choice != want {
			t.Errorf("%+v", i)
		}
	}
	none := read(t, with(session.ScreenFees, func(v *session.View) { threeFees(v); v.Chosen = euro(0) }))
	if pay := none.Items[len(none.Items)-1]; pay.Action != "pay" || !pay.Disabled {
		t.Errorf("nothing is chosen, and the last choice is %+v", pay)
	}
	if !strings.Contains(r.said(), "Reservation Already being booked 4 euros") {
		t.Errorf("a fee that cannot be chosen is not said: %q", r.said())
	}
}

func TestNumbersAreSaidDigitByDigitAndAmountsInWords(t *testing.T) {
	r := read(t, with(session.ScreenOutcome, ended(session.OutcomeBooked, session.ReceiptPrinted)))
	for _, want := range []string{"4 8 2 1, 1 2 3", "12 euros and 50 cents was charged"} {
		if !strings.Contains(r.said(), want) {
			t.Errorf("%q is not in %q", want, r.said())
		}
	}
	for _, lang := range text.Known {
		for _, e := range examples() {
			r := read(t, e.in(lang))
			for _, i := range r.Items {
				r.Sentences = append(r.Sentences, i.Label)
			}
			if strings.ContainsAny(r.said(), "€$•") {
				t.Errorf("%s in %s holds a sign that a voice does not say: %q", e.name, lang, r.said())
			}
		}
	}
}

func TestLanguagesAreNamedInTheirOwnVoices(t *testing.T) {
	for _, i := range read(t, base(session.ScreenReady)).Items {
		if i.Action == "language" && i.Language != i.Value || i.Action == "number" && i.Language != "en" {
			t.Errorf("%q is said by the voice of %s", i.Label, i.Language)
		}
	}
}
