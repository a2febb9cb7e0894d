package parts_test

import (
	"strings"
	"testing"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
)

func TestAnUnknownKeyboardLayoutIsNamed(t *testing.T) {
	const station = "[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n[scanner]\n"
	for scanner, good := range map[string]bool{
		"driver = \"evdev\"\naddress = \"evdev:///dev/input/by-id/S\"\n":                       true,
		"driver = \"evdev\"\naddress = \"evdev:///dev/input/by-id/S\"\nlayout = \"de\"\n":      true,
		"driver = \"evdev\"\naddress = \"evdev:///dev/input/by-id/S\"\nlayout = \"klingon\"\n": false,
		"driver = \"serial\"\naddress = \"serial:///dev/S\"\nlayout = \"klingon\"\n":           true,
		"layout = \"klingon\"\n": true,
	} {
		_, mistakes := config.Parse(station+scanner, parts.CheckScanner)
		switch {
		case good && len(mistakes) > 0:
			t.Errorf("%s: %+v", scanner, mistakes)
		case !good && (len(mistakes) != 1 || mistakes[0].Key != "scanner.layout" || mistakes[0].Line == 0 || !strings.Contains(mistakes[0].Mend, "de, dk, es")):
			t.Errorf("%s: %+v", scanner, mistakes)
		}
	}
}
