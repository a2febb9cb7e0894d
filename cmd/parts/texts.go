package parts

import (
	"selfpay/kiosk/config"
	"selfpay/kiosk/text"
)

// CheckTexts looks at the sentences that the library says in its own words.
func CheckTexts(c config.Config, say func(key, what, mend string)) {
	for _, m := range text.CheckOwn(c.Kiosk.Texts) {
		what := m.File + ": " + m.What
		if m.Key != "" {
			what = m.File + ": " + m.Key + ": " + m.What
		}
		say("kiosk.texts", what, m.Mend)
	}
}
