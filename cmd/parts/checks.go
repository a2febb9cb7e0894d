package parts

import (
	"slices"
	"strings"

	"selfpay/drivers/serialport"
	"selfpay/kiosk/config"
)

// Checks look at what package config cannot know of, and a station cannot work without.
var Checks = []config.Check{CheckTexts, CheckTerminal, CheckPrinter, CheckLetters, CheckScanner, CheckLines, CheckScreen}

// AllChecks also look at what a station takes payments without.
var AllChecks = append(slices.Clone(Checks), CheckHealth)

// CheckLines looks at the modes of serial lines.
func CheckLines(c config.Config, say func(key, what, mend string)) {
	for _, device := range []struct {
		key     string
		address config.Address
	}{{"terminal.address", c.Terminal.Address}, {"printer.address", c.Printer.Address}, {"scanner.address", c.Scanner.Address}} {
		if device.address.Scheme != "serial" {
			continue
		}
		line, err := serialport.ParseAddress(device.address.String())
		switch {
		case err != nil:
			what, mend, told := strings.Cut(err.Error(), "; ")
			if !told {
				mend = "write it as serial:///dev/serial/by-id/NAME?baud=9600&data=8&parity=none&stop=1&flow=none"
			}
			say(device.key, strings.TrimPrefix(what, "serial: "), mend)
		case device.key == "terminal.address" && line.Flow == "xonxoff":
			say(device.key, "a terminal's messages hold the bytes of XON and XOFF", "use flow=none or flow=rtscts")
		}
	}
}
