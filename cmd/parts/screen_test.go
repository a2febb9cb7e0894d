package parts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
)

func TestALogoThatCannotBeShownIsAMistake(t *testing.T) {
	const station = "[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n"
	logo := filepath.Join(t.TempDir(), "logo.svg")
	for name, c := range map[string]struct{ content, what string }{
		"well":                  {`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9"/></svg>`, ""},
		"a page":                {"<html><body>our logo</body></html>", "neither a PNG nor an SVG"},
		"cut off":               {`<svg xmlns="http://www.w3.org/2000/svg"><path`, "well-formed"},
		"too large":             {`<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat(" ", 256<<10) + `</svg>`, "more than 256 KiB"},
		"a PNG without its end": {"\x89PNG\r\n\x1a\n", "cannot be shown"},
		"empty":                 {"", "neither a PNG nor an SVG"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(logo, []byte(c.content), 0o644); err != nil {
				t.Fatal(err)
			}
			_, mistakes := config.Parse(station+"[screen]\nlogo = \""+logo+"\"\n", parts.CheckScreen)
			switch {
			case c.what == "" && len(mistakes) > 0:
				t.Errorf("%+v", mistakes)
			case c.what != "" && (len(mistakes) != 1 || mistakes[0].Key != "screen.logo" || mistakes[0].Line == 0 || !strings.Contains(mistakes[0].What, c.what)):
				t.Errorf("%+v, want one that says %q", mistakes, c.what)
			}
		})
	}
	if _, mistakes := config.Parse(station+"[screen]\nlogo = \"/nowhere/logo.svg\"\n", parts.CheckScreen); len(mistakes) != 1 {
		t.Errorf("a logo that is not there: %+v", mistakes)
	}
}
