package parts

import (
	"strings"

	"selfpay/drivers/ecr17"
	"selfpay/drivers/zvt"
	"selfpay/kiosk/config"
)

// CheckTerminal looks at the terminal's profile, or at the way of its check sums.
func CheckTerminal(c config.Config, say func(key, what, mend string)) {
	if _, err := ecr17.ParseLRC(c.Terminal.LRC); err != nil {
		what, mend, _ := strings.Cut(strings.TrimPrefix(err.Error(), "ecr17: "), "; ")
		say("terminal.lrc", what, mend)
	}
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
