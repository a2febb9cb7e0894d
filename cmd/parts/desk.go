package parts

import (
	"log/slog"

	"selfpay/kiosk/config"
	"selfpay/kiosk/desk"
)

// Desk is how the desk's page is served, and to whom. The error is a mistake in the configuration, or a file that cannot be read.
func Desk(c config.Config, log *slog.Logger) (a desk.Access, err error) {
	if a.Pair, err = pair("desk.certificate", c.Desk.Certificate, c.Desk.Key, log); err != nil {
		return a, err
	}
	a.Password, err = c.Desk.Password.Read()
	if err == nil { // an empty file must not open the page to everybody
		err = config.PasswordFits(a.Password)
	}
	return a, of("desk.password", err)
}
