package parts

import (
	"fmt"
	"strings"
	"time"

	"selfpay/drivers/escpos"
	"selfpay/kiosk/config"
	"selfpay/kiosk/receipt"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// CheckPrinter looks at what the configuration says of the receipt printer: its profile, fonts and logo.
func CheckPrinter(c config.Config, say func(key, what, mend string)) {
	if c.Printer.Driver != "escpos" {
		return
	}
	p := c.Printer
	for _, look := range []struct {
		key, profile string
		fonts        []string
		logo         string
	}{{"printer.profile", p.Profile, nil, ""}, {"printer.fonts", "", p.Fonts, ""}, {"printer.logo", "", nil, p.Logo}} {
		if _, err := escpos.Configure(look.profile, look.fonts, look.logo); err != nil {
			what, mend, told := strings.Cut(err.Error(), "; ")
			if !told {
				mend = "name a file that the kiosk's user may read"
			}
			say(look.key, what, mend)
		}
	}
}

// CheckLetters writes a receipt in every language of the screen, and says in which of them the printer has not all the letters: a
// patron is not to get one that nobody can read.
func CheckLetters(c config.Config, say func(key, what, mend string)) {
	if c.Printer.Driver != "escpos" {
		return
	}
	cfg, err := escpos.Configure(c.Printer.Profile, c.Printer.Fonts, "")
	texts, wrong := text.Load(c.Kiosk.Languages, c.Kiosk.Texts)
	if err != nil || wrong != nil {
		return // told by another check
	}
	for _, language := range c.Kiosk.Languages {
		slip := session.Slip{Payment: receipt.Sample(c.Kiosk.Currency, time.Now()), Language: language, Outcome: session.OutcomeFollows}
		_, notes := escpos.Encode(receipt.Writer{Texts: texts}.Compose(slip), cfg)
		for _, note := range notes {
			say("printer.fonts", fmt.Sprintf("a receipt in %q cannot be printed: %s", language, note),
				`name files of fonts that have them, such as "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", or leave the language out of kiosk.languages`)
		}
	}
}
