package parts

import (
	"selfpay/kiosk/config"
	"selfpay/kiosk/web"
)

// CheckScreen looks at the library's logo.
func CheckScreen(c config.Config, say func(key, what, mend string)) {
	if _, err := web.ReadLogo(c.Screen.Logo); err != nil {
		say("screen.logo", err.Error(), "name an SVG or PNG file that the kiosk's user may read")
	}
}
