package parts

import (
	"fmt"
	"strings"

	"selfpay/drivers/scanline"
	"selfpay/kiosk/config"
)

// CheckScanner looks at what the configuration says of the barcode scanner: its keyboard layout.
func CheckScanner(c config.Config, say func(key, what, mend string)) {
	if c.Scanner.Driver != "evdev" {
		return
	}
	if _, err := scanline.ParseLayout(c.Scanner.Layout); err != nil {
		say("scanner.layout", fmt.Sprintf("there is no keyboard layout %q", c.Scanner.Layout), "use one of: "+strings.Join(scanline.Layouts(), ", "))
	}
}
