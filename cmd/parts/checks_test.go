package parts_test

import (
	"strings"
	"testing"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
)

func TestAWrongModeOfALineIsNamed(t *testing.T) {
	for line, want := range map[string]struct{ key, mend string }{
		"serial:///dev/ttyX":                   {},
		"serial:///dev/ttyX?flow=rtscts":       {},
		"serial:///dev/ttyX?flow=xonxoff":      {"terminal.address", "flow=rtscts"},
		"serial:///dev/ttyX?flow=dtrdsr":       {"", "rtscts or xonxoff"},
		"serial:///dev/ttyX?stop=1.5":          {"", "use 1 or 2"},
		"serial:///dev/ttyX?speed=9600":        {"", "use baud"},
		"serial:///dev/ttyX?baud=9600&baud=50": {"", "baud=9600"},
	} {
		_, mistakes := config.Parse("[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \""+line+
			"\"\n[printer]\ndriver = \"escpos\"\naddress = \""+line+"\"\n[scanner]\ndriver = \"serial\"\naddress = \""+line+"\"\n", parts.Checks...)
		var keys []string
		for _, m := range mistakes {
			keys = append(keys, m.Key)
			if m.Line == 0 || !strings.Contains(m.Mend, want.mend) || !strings.Contains(line, "xonxoff") && !strings.Contains(m.What, line) {
				t.Errorf("%s: %+v", line, m)
			}
		}
		got := strings.Join(keys, " ")
		switch {
		case want.mend == "" && got == "":
		case want.mend != "" && want.key == got:
		case want.mend != "" && want.key == "" && got == "terminal.address printer.address scanner.address":
		default:
			t.Errorf("%s: mistakes about %q", line, got)
		}
	}
}
