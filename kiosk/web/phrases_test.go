package web

import "regexp"

// phrases are what the tests look for in the sentences of one language.
type phrases struct {
	said    map[charge]*regexp.Regexp // tell what became of the money; a text that is to tell one status must not tell another
	again   *regexp.Regexp            // ask a patron who may have paid not to pay again
	machine *regexp.Regexp            // words that frighten and explain nothing; none may be said
}

var phrasesOf = map[string]phrases{"ar": arabic, "de": german, "en": english, "es": spanish, "fa": persian, "fr": french,
	"it": italian, "pl": polish, "tr": turkish, "uk": ukrainian, "zh": chinese}

var english = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)no money was taken|not charged|nothing was charged`),
		chargeMade:     regexp.MustCompile(`(?i)was charged to|\bpaid\.`),
		chargeReturned: regexp.MustCompile(`(?i)given back|taken back`),
		chargeInDoubt:  regexp.MustCompile(`(?i)may have been charged|whether your payment|what became of your payment`),
		chargeBefore:   regexp.MustCompile(`(?i)if you have just paid`),
	},
	again:   regexp.MustCompile(`(?i)do not pay again`),
	machine: regexp.MustCompile(`(?i)\berror|fehler|time-?out|zeitüberschreitung|transa[ck]tion|failed|fehlgeschlagen|\bSIP|server`),
}

var german = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)kein geld abgebucht|nicht belastet|nichts abgebucht`),
		chargeMade:     regexp.MustCompile(`(?i)€ belastet|\bbezahlt\.`),
		chargeReturned: regexp.MustCompile(`(?i)zurückgegeben|zurückgenommen|gutgeschrieben`),
		chargeInDoubt:  regexp.MustCompile(`(?i)vielleicht wurde|ob ihre zahlung|was mit ihrer zahlung`),
		chargeBefore:   regexp.MustCompile(`(?i)falls sie gerade hier bezahlt`),
	},
	again:   regexp.MustCompile(`(?i)zahlen Sie (bitte )?nicht noch einmal`),
	machine: regexp.MustCompile(`(?i)\berror|fehler|time-?out|zeitüberschreitung|transa[ck]tion|failed|fehlgeschlagen|\bSIP|server`),
}
