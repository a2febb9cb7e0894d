package parts_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
	"selfpay/sip/certtest"
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

func TestACertificateThatCannotBeUsedIsNamedAndStopsNoStation(t *testing.T) {
	own, certificate := certtest.For(t, certtest.Today(), "127.0.0.1")
	other, _ := certtest.For(t, certtest.Today(), "127.0.0.1")
	good, wrong := "key = \"file:"+certtest.KeyFile(t, own)+"\"\n", "key = \"file:"+certtest.KeyFile(t, other)+"\"\n"
	named := "certificate = \"file:" + certificate + "\"\n"
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	for text, key := range map[string]string{
		named + good: "",
		named + good + "client_ca = \"file:" + certificate + "\"\n": "",
		named + wrong:                                 "health.certificate",
		named + "key = \"file:/none\"\n":              "health.certificate",
		named + "key = \"credential:key\"\n":          "", // known to the daemon only
		named + good + "client_ca = \"file:/none\"\n": "health.client_ca",
		"ca_file = \"file:/none\"\n":                  "health.ca_file",
		"heartbeat_certificate = \"file:/none\"\nheartbeat_key = \"file:/none\"\n": "health.heartbeat_certificate",
	} {
		text = "[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \"tcp://127.0.0.1:1\"\n[health]\n" + text
		c, mistakes := config.Parse(text, parts.AllChecks...)
		if key == "" && len(mistakes) > 0 || key != "" && (len(mistakes) != 1 || mistakes[0].Key != key || mistakes[0].Line == 0) {
			t.Errorf("%s: %+v", text, mistakes)
		}
		if _, mistakes := config.Parse(text, parts.Checks...); len(mistakes) > 0 {
			t.Errorf("the daemon does not start: %+v", mistakes)
		}
		_, err := parts.Access(c, slog.New(slog.DiscardHandler))
		if wants := key == "health.certificate" || key == "health.client_ca" || strings.Contains(text, "credential:"); (err != nil) != wants {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestATokenThatIsTooShortLetsNobodyIn(t *testing.T) {
	for secret, good := range map[config.Secret]bool{"": true, "0123456789abcdef": true, "file:/none": false, "file:/dev/null": false, "0123": false} {
		if a, err := parts.Access(config.Config{Health: config.Health{Token: secret}}, slog.New(slog.DiscardHandler)); (err == nil) != good {
			t.Errorf("%s: %+v, %v", secret, a, err)
		}
	}
}

func TestAWrongSentenceOfTheLibrarysOwnStopsTheStation(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "en.toml"), []byte("charge-none = \"All is well.\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start := "[kiosk]\nid = \"a\"\nlibrary = \"L\"\ntexts = \"" + folder + "\"\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \"tcp://127.0.0.1:1\"\n"
	_, mistakes := config.Parse(start, parts.Checks...)
	if len(mistakes) != 1 || mistakes[0].Key != "kiosk.texts" || mistakes[0].Line != 4 || !strings.Contains(mistakes[0].What, "en.toml: charge-none: ") {
		t.Errorf("mistakes: %+v", mistakes)
	}
}
