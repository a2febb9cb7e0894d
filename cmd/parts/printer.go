package parts

import (
	"strings"

	"selfpay/drivers/escpos"
	"selfpay/kiosk/config"
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
