package parts

import (
	"strings"

	"selfpay/drivers/zvt"
	"selfpay/kiosk/config"
)

// CheckTerminal looks at the terminal's profile.
func CheckTerminal(c config.Config, say func(key, what, mend string)) {
	if c.Terminal.Driver != "zvt" {
		return
	}
	if _, err := zvt.FindProfile(c.Terminal.Profile); err != nil {
		what, mend, told := strings.Cut(err.Error(), "; ")
		if !told {
			mend = "mend the file, or have kioskctl terminal accept write it"
		}
		say("terminal.profile", what, mend)
	}
}
