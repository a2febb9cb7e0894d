package config

import (
	"fmt"
	"net"
	"strings"
)

// Desk is the page for the library's desk on its own network. No Listen: no page.
type Desk struct {
	Listen      string `toml:"listen"`
	Certificate File   `toml:"certificate"` // it is served over TLS only
	Key         File   `toml:"key"`
	Password    Secret `toml:"password"` // of all at the desk
}

// shortestPassword is how many characters the desk's password has at least: a page on a network is tried by machines too.
const shortestPassword = 12

func (k *checker) desk() {
	d := k.c.Desk
	k.file("desk.certificate", d.Certificate)
	k.file("desk.key", d.Key)
	k.both("desk.certificate", "desk.key", d.Certificate, d.Key)
	if d.Password.String() == "(hidden)" {
		if err := PasswordFits(string(d.Password)); err != nil {
			k.say("desk.password", err.Error(), "take several words that do not belong together, and write credential:desk here")
		}
	}
	if d.Listen == "" {
		return
	}
	if host, port, err := net.SplitHostPort(d.Listen); err != nil || port == "" || host != "" && net.ParseIP(host) == nil {
		k.say("desk.listen", fmt.Sprintf("%q is no address and port", d.Listen), `write it as "0.0.0.0:8443"`)
	}
	if d.Certificate == "" && d.Key == "" {
		k.say("desk.listen", "the page is served over TLS only, and there is no certificate", "set desk.certificate and desk.key")
	}
	if d.Password == "" {
		k.say("desk.listen", "anybody in the network could read the page", "set desk.password")
	}
}

// PasswordFits says whether a password is long enough, and can be typed.
func PasswordFits(password string) error {
	switch {
	case len(password) < shortestPassword || len(password) > 512:
		return fmt.Errorf("a password has %d to 512 characters", shortestPassword)
	case strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("a password has no characters that cannot be typed")
	}
	return nil
}
