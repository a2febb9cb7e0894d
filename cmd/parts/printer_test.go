package parts_test

import (
	"fmt"
	"strings"
	"testing"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
)

func TestEachMistakeAboutThePrinterNamesKeyAndMend(t *testing.T) {
	const station = "[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n"
	for name, c := range map[string]struct{ printer, key, mend string }{
		"well":            {"driver = \"escpos\"\naddress = \"tcp://127.0.0.1:9100\"", "", ""},
		"another model":   {"driver = \"escpos\"\naddress = \"tcp://127.0.0.1:9100\"\nprofile = \"star-tsp650\"", "", ""},
		"no driver":       {"profile = \"nonsense\"", "", ""},
		"unknown model":   {"driver = \"escpos\"\naddress = \"tcp://127.0.0.1:9100\"\nprofile = \"epson\"", "printer.profile", "built-in one"},
		"a file too many": {"driver = \"escpos\"\naddress = \"tcp://127.0.0.1:9100\"\nprofile = \"/nowhere/printer.toml\"", "printer.profile", ""},
		"no font":         {"driver = \"escpos\"\naddress = \"tcp://127.0.0.1:9100\"\nfonts = [\"/nowhere/font.ttf\"]", "printer.fonts", "install"},
		"no logo":         {"driver = \"escpos\"\naddress = \"tcp://127.0.0.1:9100\"\nlogo = \"/nowhere/logo.png\"", "printer.logo", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, mistakes := config.Parse(station+"[printer]\n"+c.printer+"\n", parts.CheckPrinter)
			switch {
			case c.key == "" && len(mistakes) > 0:
				t.Errorf("%+v", mistakes)
			case c.key != "" && (len(mistakes) != 1 || mistakes[0].Key != c.key || mistakes[0].Line == 0 || mistakes[0].Mend == "" || !strings.Contains(mistakes[0].Mend, c.mend)):
				t.Errorf("%+v, want one for %s", mistakes, c.key)
			}
		})
	}
}

func TestReceiptThatNobodyCouldReadIsAMistake(t *testing.T) {
	const station = "[kiosk]\nid = \"a\"\nlibrary = \"L\"\nlanguages = [\"en\", %q]\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n" +
		"[printer]\ndriver = \"escpos\"\naddress = \"tcp://127.0.0.1:9100\"\n%s\n"
	const font = `fonts = ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"]`
	for _, c := range []struct {
		language, more string
		well           bool
	}{
		{"de", "", true}, {"fr", "", true}, {"es", "", true}, {"it", "", true}, {"pl", "", true}, {"tr", "", true}, {"uk", "", true},
		{"ar", "", false}, {"fa", "", false}, {"zh", "", false}, {"ar", font, true}, {"fa", font, true}, {"zh", font, false},
	} {
		_, mistakes := config.Parse(fmt.Sprintf(station, c.language, c.more), parts.CheckLetters)
		switch {
		case c.well && len(mistakes) > 0:
			t.Errorf("%s %s: %+v", c.language, c.more, mistakes)
		case !c.well && (len(mistakes) != 1 || mistakes[0].Key != "printer.fonts" || !strings.Contains(mistakes[0].What, c.language)):
			t.Errorf("%s %s: %+v, want one for printer.fonts", c.language, c.more, mistakes)
		}
	}
}
