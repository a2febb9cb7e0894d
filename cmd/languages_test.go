package cmd_test

import (
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/text"
)

func TestAPatronPaysInEveryLanguage(t *testing.T) {
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range text.Known {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			paper, changes := "printed", []string{`languages = ["en", "de"]`, `languages = ["` + language + `"]`}
			if language == "ar" || language == "fa" || language == "zh" { // on paper they need a font
				paper, changes = "no-paper", append(changes, `driver = "escpos"`, `driver = ""`)
			}
			s := newStation(t, surround.Options{}, changes...).begin().ready()
			said := func(key string) string { return strings.Join(strings.Fields(texts.Say(language, key, nil)), " ") }
			s.patron(cardTwoFees).said(t, "booked", said("outcome-booked"), said("outcome-booked-next"), said("paper-"+paper))
			s.booksAgree(1250)
		})
	}
}
