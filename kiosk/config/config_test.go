package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/device/scanner"
	"selfpay/kiosk/config"
)

// example is the documented configuration.
const example = `[kiosk]
id = "main-01"
library = "Central Library"
currency = "EUR"
languages = ["de", "en"]
state = "/var/lib/kiosk"
socket = "/run/kiosk/ctl.sock"

[ils]
route = "sip2"
address = "tcp://ils.example.org:6001"
profile = "koha"
tls = true
login = "kiosk01"
password = "credential:sip2"
institution = "CPL"
quiet = "120s"

[terminal]
driver = "zvt"
address = "tcp://192.0.2.20:20007"
password = "credential:terminal"
end_of_day = "23:10"

[printer]
driver = "escpos"
address = "usb://04b8:0202"
profile = "epson-tm-t88v"

[receipt]
without_paper = "ask"

[scanner]
driver = "evdev"
address = "evdev:///dev/input/by-id/usb-Honeywell-event-kbd"
accept = ["codabar", "code39", "qr"]

[payment]
partial = false
min = "1.00"
max = "250.00"

[web]
listen = "127.0.0.1:8080"

[health]
listen = "127.0.0.1:9100"
`

func TestTheDocumentedExampleIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kiosk.toml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]any{
		"id":        {c.Kiosk.ID, "main-01"},
		"languages": {fmt.Sprint(c.Kiosk.Languages), "[de en]"},
		"host":      {c.ILS.Address.Host, "ils.example.org:6001"},
		"tls":       {c.ILS.TLS, true},
		"quiet":     {time.Duration(c.ILS.Quiet), 2 * time.Minute},
		"answer":    {time.Duration(c.ILS.Answer), 45 * time.Second},
		"printer":   {c.Printer.Address.String(), "usb://04b8:0202"},
		"scanner":   {c.Scanner.Address.Path, "/dev/input/by-id/usb-Honeywell-event-kbd"},
		"min":       {c.MinAmount(), money.Of(100, "EUR")},
		"max":       {c.MaxAmount(), money.Of(25_000, "EUR")},
		"cases":     {c.Payment.OpenCases, 5},
		"paper":     {c.Receipt.WithoutPaper, "ask"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestTheShortestConfigurationIsTaken(t *testing.T) {
	c, mistakes := config.Parse("[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://[::1]:6001\"\n[terminal]\naddress = \"serial:///dev/serial/by-id/T?baud=9600\"\n")
	if len(mistakes) > 0 {
		t.Errorf("%+v", mistakes)
	}
	if c.ILS.TestSystem {
		t.Error("a library system counts as one for tests though nobody says so")
	}
}

func TestTheRulesOfCardsAreThoseOfTheFile(t *testing.T) {
	c, mistakes := config.Parse(changed(t, `accept = ["codabar", "code39", "qr"]`,
		"accept = [\"code39\", \"aztec\"]\nmin = 3\nmax = 40\ncheck_digit = \"require\"\ncheck_character = \"warn\"\npatterns = ['P-(\\d+)', '(\\d{14})']"))
	if len(mistakes) > 0 {
		t.Fatalf("%+v", mistakes)
	}
	rules := c.Scanner.CardRules()
	if !slices.Equal(rules.Accept, []scanner.Symbology{scanner.Code39, scanner.Aztec}) || rules.Min != 3 || rules.Max != 40 ||
		rules.CheckDigit != scanner.Require || rules.CheckCharacter != scanner.Warn || len(rules.Patterns) != 2 {
		t.Errorf("%+v", rules)
	}
	if card, err := rules.Card(scanner.Scan{Text: "P-123", Symbology: scanner.Aztec}); err != nil || card.Number != "123" {
		t.Errorf("%+v, %v", card, err)
	}
	rules = config.Defaults().Scanner.CardRules()
	if rules.Min != 4 || rules.Max != 32 || rules.CheckDigit != scanner.Off || rules.CheckCharacter != scanner.Off || rules.Patterns != nil || len(rules.Accept) != 3 {
		t.Errorf("left out: %+v", rules)
	}
}

func TestEachKindOfScannerHasItsAddress(t *testing.T) {
	for driver, address := range map[string]string{"evdev": "evdev:///dev/input/by-id/S", "serial": "serial:///dev/serial/by-id/S?baud=115200", "hidpos": "hidraw:///dev/kiosk/scanner"} {
		for other := range map[string]bool{"evdev": true, "serial": true, "hidpos": true} {
			text := strings.Replace(changed(t, `driver = "evdev"`, `driver = "`+other+`"`), "evdev:///dev/input/by-id/usb-Honeywell-event-kbd", address, 1)
			if _, mistakes := config.Parse(text); (len(mistakes) == 0) != (other == driver) {
				t.Errorf("%s at %s: %+v", other, address, mistakes)
			}
		}
	}
}

// changed is the example with one line replaced.
func changed(t *testing.T, line, by string) string {
	t.Helper()
	if strings.Count(example, "\n"+line+"\n") != 1 {
		t.Fatalf("line %q does not stand once in the example", line)
	}
	return strings.Replace(example, "\n"+line+"\n", "\n"+by+"\n", 1)
}

func TestEachMistakeNamesLineKeyAndMend(t *testing.T) {
	for _, c := range []struct {
		name, line, by string
		at             int // line of the mistake; 0: that of the replaced line
		key, mend      string
	}{
		{"unknown key", `library = "Central Library"`, "library = \"C\"\nlibary = \"C\"", 4, "kiosk.libary", "did you mean kiosk.library?"},
		{"unknown key, nothing near", `institution = "CPL"`, `colour = "red"`, 0, "ils.colour", "remove it"},
		{"unknown table", `[web]`, "[webb]\n[web]", 0, "webb", "remove it"},
		{"missing id", `id = "main-01"`, "", 1, "kiosk.id", `id = "main-01"`},
		{"blank id", `id = "main-01"`, `id = "  "`, 0, "kiosk.id", `id = "main-01"`},
		{"missing library", `library = "Central Library"`, "", 1, "kiosk.library", "name"},
		{"unknown currency", `currency = "EUR"`, `currency = "EURO"`, 0, "kiosk.currency", `"EUR"`},
		{"unknown language", `languages = ["de", "en"]`, `languages = ["de", "tlh"]`, 0, "kiosk.languages", "de, en"},
		{"no language", `languages = ["de", "en"]`, `languages = []`, 0, "kiosk.languages", "de en"},
		{"wrong type, list", `languages = ["de", "en"]`, `languages = "de"`, 0, "kiosk.languages", "list"},
		{"wrong type, number for text", `id = "main-01"`, `id = 1`, 0, "kiosk.id", "quotes"},
		{"wrong type, text for bool", `tls = true`, `tls = "yes"`, 0, "ils.tls", "true or false"},
		{"a test system is no word", `quiet = "120s"`, `test_system = "no"`, 0, "ils.test_system", "true or false"},
		{"wrong type, text for number", `partial = false`, `waiting = "many"`, 0, "payment.waiting", "whole number"},
		{"wrong type, float for amount", `min = "1.00"`, `min = 1.00`, 0, "payment.min", "quotes"},
		{"relative path", `state = "/var/lib/kiosk"`, `state = "kiosk"`, 0, "kiosk.state", "beginning with /"},
		{"syntax", `id = "main-01"`, `id = = 1`, 0, "kiosk.id", "quotes"},
		{"open quote", `id = "main-01"`, `id = "main-01`, 0, "kiosk.id", "quotes"},
		{"open table", `[web]`, `[web`, 44, "payment", "table"},
		{"key twice", `tls = true`, "tls = true\ntls = true", 14, "ils.tls", "remove one"},
		{"unknown route", `route = "sip2"`, `route = "telepathy"`, 0, "ils.route", "sip2"},
		{"unknown profile", `profile = "koha"`, `profile = "kohaa"`, 0, "ils.profile", "koha"},
		{"empty address", `address = "tcp://ils.example.org:6001"`, `address = ""`, 0, "ils.address", "tcp://"},
		{"a table of another route", `quiet = "120s"`, "quiet = \"9s\"\n[ils.polaris]\nworkstation = 1", 18, "ils.polaris", `set route = "polaris"`},
		{"no address", `address = "tcp://ils.example.org:6001"`, "", 9, "ils.address", "tcp://"},
		{"bare address", `address = "tcp://ils.example.org:6001"`, `address = "ils.example.org:6001"`, 0, "ils.address", "tcp://"},
		{"address without scheme", `address = "tcp://ils.example.org:6001"`, `address = "nonsense"`, 0, "ils.address", "tcp://"},
		{"address without port", `address = "tcp://ils.example.org:6001"`, `address = "tcp://ils.example.org"`, 0, "ils.address", "tcp://192.0.2.20:20007"},
		{"port too high", `address = "tcp://ils.example.org:6001"`, `address = "tcp://ils.example.org:66001"`, 0, "ils.address", "tcp://192.0.2.20:20007"},
		{"address of another kind", `address = "tcp://192.0.2.20:20007"`, `address = "usb://04b8:0202"`, 0, "terminal.address", "tcp:// or serial://"},
		{"serial without path", `address = "tcp://192.0.2.20:20007"`, `address = "serial://ttyS0"`, 0, "terminal.address", "serial:///dev/serial/by-id/NAME?baud=9600"},
		{"usb without product", `address = "usb://04b8:0202"`, `address = "usb://04b8"`, 0, "printer.address", "usb://04b8:0202"},
		{"duration without unit", `quiet = "120s"`, `quiet = "120"`, 0, "ils.quiet", `"120s"`},
		{"duration as number", `quiet = "120s"`, `quiet = 120`, 0, "ils.quiet", `"120s"`},
		{"no quiet time", `quiet = "120s"`, `quiet = "10ms"`, 0, "ils.quiet", "between 1s and 1h"},
		{"too quiet", `quiet = "120s"`, `quiet = "61m"`, 0, "ils.quiet", "between 1s and 1h"},
		{"impatient", `institution = "CPL"`, `answer = "1ms"`, 0, "ils.answer", "between 1s and 10m"},
		{"certificate without TLS", `tls = true`, `ca_file = "/etc/ca.pem"`, 9, "ils.tls", "tls = true"},
		{"nothing said about TLS", `tls = true`, "", 9, "ils.tls", "write tls = false"},
		{"certificate without key", `institution = "CPL"`, `cert_file = "/etc/kiosk/kiosk.pem"`, 0, "ils.cert_file", "both"},
		{"key without certificate", `institution = "CPL"`, `key_file = "/etc/kiosk/kiosk.key"`, 9, "ils.cert_file", "both"},
		{"own certificate without TLS", `tls = true`, "cert_file = \"/c\"\nkey_file = \"/k\"", 9, "ils.tls", "cert_file"},
		{"kept alive for no time", `institution = "CPL"`, `keep_alive = "10ms"`, 0, "ils.keep_alive", `"5m"`},
		{"unknown error detection", `institution = "CPL"`, `error_detection = "perhaps"`, 0, "ils.error_detection", "on, strict, off"},
		{"unknown order", `institution = "CPL"`, `fee_paid_order = "alphabet"`, 0, "ils.fee_paid_order", "patron-last, document"},
		{"prompts without a login", `login = "kiosk01"`, `telnet_login = true`, 0, "ils.telnet_login", "login and password"},
		{"unknown charset", `institution = "CPL"`, `charset = "ebcdic"`, 0, "ils.charset", "utf-8"},
		{"unknown driver", `driver = "zvt"`, `driver = "ztv"`, 0, "terminal.driver", "zvt"},
		{"end of day of a terminal that ends its day itself", `driver = "zvt"`, `driver = "caisse-ap"`, 23, "terminal.end_of_day", "leave the key out"},
		{"end of day", `end_of_day = "23:10"`, `end_of_day = "24:10"`, 0, "terminal.end_of_day", `"23:10"`},
		{"terminal's silence", `end_of_day = "23:10"`, `answer = "1s"`, 0, "terminal.answer", "between 5s and 10m"},
		{"without paper", `without_paper = "ask"`, `without_paper = "maybe"`, 0, "receipt.without_paper", "ask, refuse"},
		{"scanner of another kind", `address = "evdev:///dev/input/by-id/usb-Honeywell-event-kbd"`, `address = "hidraw:///dev/kiosk/scanner"`, 0, "scanner.address", "evdev://"},
		{"scanner without path", `address = "evdev:///dev/input/by-id/usb-Honeywell-event-kbd"`, `address = "evdev://dev"`, 0, "scanner.address", "evdev:///dev/input"},
		{"unknown symbology", `accept = ["codabar", "code39", "qr"]`, `accept = ["coda"]`, 0, "scanner.accept", "codabar"},
		{"no card has that few characters", `accept = ["codabar", "code39", "qr"]`, `min = 0`, 0, "scanner.min", "1 to 64"},
		{"no card has that many characters", `accept = ["codabar", "code39", "qr"]`, `max = 65`, 0, "scanner.max", "to 64"},
		{"most below least", `accept = ["codabar", "code39", "qr"]`, "min = 14\nmax = 13", 37, "scanner.max", "scanner.min"},
		{"unknown strictness", `accept = ["codabar", "code39", "qr"]`, `check_digit = "maybe"`, 0, "scanner.check_digit", "off, warn, require"},
		{"unknown strictness of Code 39", `accept = ["codabar", "code39", "qr"]`, `check_character = "strip"`, 0, "scanner.check_character", "off, warn, require"},
		{"pattern without capture", `accept = ["codabar", "code39", "qr"]`, `patterns = ['(\d{14})', 'P-\d{8}']`, 0, "scanner.patterns", "in parentheses"},
		{"pattern that is none", `accept = ["codabar", "code39", "qr"]`, `patterns = ['(\d{14}']`, 0, "scanner.patterns", "P-"},
		{"pattern without end", `accept = ["codabar", "code39", "qr"]`, `patterns = ['(` + strings.Repeat("x", 200) + `)']`, 0, "scanner.patterns", "P-"},
		{"patterns without end", `accept = ["codabar", "code39", "qr"]`, "patterns = [" + strings.Repeat("'(x)', ", 17) + "]", 0, "scanner.patterns", "16 are possible"},
		{"patterns, no list", `accept = ["codabar", "code39", "qr"]`, `patterns = '(\d{14})'`, 0, "scanner.patterns", "list"},
		{"bad minimum", `min = "1.00"`, `min = "1.005"`, 0, "payment.min", `"1.00"`},
		{"nothing as minimum", `min = "1.00"`, `min = "0.00"`, 0, "payment.min", `"1.00"`},
		{"bad maximum", `max = "250.00"`, `max = "lots"`, 0, "payment.max", `"250.00"`},
		{"maximum below minimum", `max = "250.00"`, `max = "0.99"`, 0, "payment.max", "raise max or lower min"},
		{"negative limit", `partial = false`, `waiting = -1`, 0, "payment.waiting", "0 for no limit"},
		{"sum that waits", `partial = false`, `waiting_sum = "much"`, 0, "payment.waiting_sum", `"1000.00"`},
		{"staff is told at once", `partial = false`, `tell_staff_after = "1s"`, 0, "payment.tell_staff_after", `"15m"`},
		{"another way after a refusal", `partial = false`, `on_refusal = "keep"`, 0, "payment.on_refusal", "reverse, refund"},
		{"cards kept for an hour", `[web]`, "[privacy]\nretention = \"1h\"\n[web]", 44, "privacy.retention", `"720h"`},
		{"screen for all", `listen = "127.0.0.1:8080"`, `listen = "0.0.0.0:8080"`, 0, "web.listen", "127.0.0.1"},
		{"screen by name", `listen = "127.0.0.1:8080"`, `listen = "localhost:8080"`, 0, "web.listen", "127.0.0.1"},
		{"screen without port", `listen = "127.0.0.1:8080"`, `listen = "127.0.0.1"`, 0, "web.listen", `"127.0.0.1:8080"`},
		{"health for all", `listen = "127.0.0.1:9100"`, `listen = ":9100"`, 0, "health.listen", "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, mistakes := config.Parse(changed(t, c.line, c.by))
			if len(mistakes) != 1 {
				t.Fatalf("%d mistakes: %+v", len(mistakes), mistakes)
			}
			m := mistakes[0]
			line := c.at
			if line == 0 {
				line = 1 + slices.Index(strings.Split(example, "\n"), c.line)
			}
			if m.Line != line || m.Key != c.key || m.What == "" || strings.HasPrefix(m.What, "line ") || !strings.Contains(m.Mend, c.mend) {
				t.Errorf("%+v, want line %d, key %q and %q in its mend", m, line, c.key, c.mend)
			}
		})
	}
}

func TestPatronsGoInClearOnlyWhereTheFileSaysSo(t *testing.T) {
	for line, good := range map[string]bool{"": false, "tls = true": true, "tls = false": true} {
		if _, mistakes := config.Parse(changed(t, "tls = true", line)); (len(mistakes) == 0) != good {
			t.Errorf("%q: %+v", line, mistakes)
		}
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]"} { // a tunnel's end on this machine
		text := strings.Replace(changed(t, "tls = true", ""), "ils.example.org", host, 1)
		if _, mistakes := config.Parse(text); len(mistakes) > 0 {
			t.Errorf("%s: %+v", host, mistakes)
		}
	}
}

func TestPartsArePaidOnlyWhereTheLibraryTakesThem(t *testing.T) {
	partial := changed(t, "partial = false", "partial = true")
	if c, mistakes := config.Parse(partial); len(mistakes) > 0 || !c.Payment.Partial {
		t.Errorf("%+v", mistakes)
	}
	_, mistakes := config.Parse(strings.Replace(partial, `"koha"`, `"generic"`, 1))
	if len(mistakes) != 1 || mistakes[0].Key != "payment.partial" || mistakes[0].Mend != "set partial = false" {
		t.Errorf("%+v", mistakes)
	}
}

func TestAllMistakesAreNamedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kiosk.toml")
	text := changed(t, `currency = "EUR"`, `currency = "XXX"`)
	text = strings.Replace(text, `max = "250.00"`, `maxx = "250.00"`, 1)
	text = strings.Replace(text, `driver = "zvt"`, `driver = "none"`, 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path)
	var mistakes *config.Mistakes
	if !errors.As(err, &mistakes) || len(mistakes.List) != 3 {
		t.Fatalf("%v", err)
	}
	want := []string{"kiosk.currency", "terminal.driver", "payment.maxx"}
	for i, line := range strings.Split(err.Error(), "\n") {
		if !strings.HasPrefix(line, fmt.Sprintf("%s:%d: %s: ", path, mistakes.List[i].Line, want[i])) {
			t.Errorf("mistake %d reads %s", i+1, line)
		}
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing.toml")
	_, err := config.Load(path)
	var mistakes *config.Mistakes
	if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "--config") {
		t.Errorf("%v", err)
	}
}

// Every key that the file may have stands in the struct under its own name, so that a misspelt one can be mended.
func TestEveryMisspeltKeyIsMended(t *testing.T) {
	keys := keysOf(reflect.TypeFor[config.Config](), "")
	if !slices.Contains(keys, "ils.polaris.workstation") || slices.Contains(keys, "ils.address.Host") {
		t.Fatalf("keys are %v", keys)
	}
	for _, key := range keys {
		at := strings.LastIndexByte(key, '.')
		_, mistakes := config.Parse("[" + key[:at] + "]\n" + key[at+1:] + "x = 1\n")
		found := false
		for _, m := range mistakes {
			if m.Key == key+"x" {
				found = m.Line == 2 && m.Mend == "did you mean "+key+"?"
			}
		}
		if !found {
			t.Errorf("%sx: %+v", key, mistakes)
		}
	}
}

// keysOf lists the keys of a table and of the tables in it.
func keysOf(table reflect.Type, prefix string) []string {
	var keys []string
	for i := range table.NumField() {
		f := table.Field(i)
		key := prefix + f.Tag.Get("toml")
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[config.Address]() {
			keys = append(keys, keysOf(f.Type, key+".")...)
		} else {
			keys = append(keys, key)
		}
	}
	return keys
}

func TestSecretsNeverPrint(t *testing.T) {
	c, mistakes := config.Parse(strings.Replace(example, `"credential:sip2"`, `"s3cr3t-word"`, 1))
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	pointed, _ := json.Marshal(&c.ILS)
	file, err := c.Text()
	if err != nil {
		t.Fatal(err)
	}
	for how, printed := range map[string]string{
		"%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c),
		"String": c.ILS.Password.String(), "%q": fmt.Sprintf("%q", c.ILS.Password),
		"%v of a pointer": fmt.Sprintf("%+v", &c), "JSON": string(text), "JSON of a table": string(pointed), "TOML": file,
	} {
		if strings.Contains(printed, "s3cr3t") {
			t.Errorf("%s shows the password: %s", how, printed)
		}
	}
	for how, printed := range map[string]string{"JSON": string(text), "TOML": file} {
		if !strings.Contains(printed, "(hidden)") || !strings.Contains(printed, "credential:terminal") {
			t.Errorf("%s hides that there is a password, or where it is: %s", how, printed)
		}
	}
}

func TestAConfigurationPrintsAsItsFile(t *testing.T) {
	c, _ := config.Parse(example)
	text, err := c.Text()
	if err != nil {
		t.Fatal(err)
	}
	again, mistakes := config.Parse(text)
	if len(mistakes) > 0 || !reflect.DeepEqual(c, again) {
		t.Errorf("%+v\n%+v\nis not\n%+v", mistakes, again, c)
	}
	shown, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var tables map[string]map[string]any
	if err := json.Unmarshal(shown, &tables); err != nil {
		t.Fatal(err)
	}
	if tables["ils"]["quiet"] != "2m0s" || tables["printer"]["address"] != "usb://04b8:0202" || tables["kiosk"]["id"] != "main-01" {
		t.Errorf("%s", shown)
	}
}

func TestPasswordsAreReadWhereTheyAre(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("sip2", "from the credential\n")
	path := write("password", " from the file \r\n")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	for secret, want := range map[config.Secret]string{
		"credential:sip2":              "from the credential",
		"credential:../../etc/../sip2": "from the credential", // never outside of the folder
		config.Secret("file:" + path):  " from the file ",
		"itself":                       "itself",
		"with:colon":                   "with:colon",
		"":                             "",
	} {
		if got, err := secret.Read(); err != nil || got != want {
			t.Errorf("%s reads %q, %v", secret, got, err)
		}
	}
	if _, err := config.Secret("credential:none").Read(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing credential: %v", err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := config.Secret("credential:sip2").Read(); err == nil || !strings.Contains(err.Error(), "LoadCredential=sip2") {
		t.Errorf("without credentials: %v", err)
	}
}

func TestAddressesReadBackAsTheyWereWritten(t *testing.T) {
	for _, text := range []string{"tcp://192.0.2.20:20007", "tcp://[2001:db8::1]:6001", "serial:///dev/serial/by-id/usb-FTDI?baud=9600",
		"usb://04b8:0202", "usb://04b8:0202?serial=X1%2F2", "evdev:///dev/input/by-id/usb-Honeywell-event-kbd", "gpio://gpiochip0/17"} {
		var a config.Address
		if err := a.UnmarshalText([]byte(text)); err != nil || a.String() != text {
			t.Errorf("%s reads %s, %v", text, a, err)
		}
		shown, err := a.MarshalText()
		if err != nil || string(shown) != text {
			t.Errorf("%s is written as %s, %v", text, shown, err)
		}
	}
	for _, text := range []string{"nonsense", "/dev/ttyS0", "://x", "tcp://%zz"} {
		var a config.Address
		if err := a.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is the address %s", text, a)
		}
	}
}

func TestAUSBAddressNamesVendorProductAndSerial(t *testing.T) {
	var a config.Address
	if err := a.UnmarshalText([]byte("usb://04b8:0E15?serial=ABC123")); err != nil {
		t.Fatal(err)
	}
	if v, p, serial, err := a.USB(); v != 0x04b8 || p != 0x0e15 || serial != "ABC123" || err != nil {
		t.Errorf("%04x:%04x %q %v", v, p, serial, err)
	}
	for _, text := range []string{"usb://04b8", "usb://04b8:", "usb://04b8:xyz", "usb://104b8:0202", "tcp://192.0.2.1:9100"} {
		if err := a.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if v, p, _, err := a.USB(); err == nil {
			t.Errorf("%s is the USB device %04x:%04x", text, v, p)
		}
	}
}

func ExampleParse() {
	_, mistakes := config.Parse("[kiosk]\nid = \"main-01\"\nlibrary = \"Central Library\"\nlangages = [\"de\"]\n" +
		"[ils]\naddress = \"tcp://192.0.2.10:6001\"\ntls = true\n[terminal]\naddress = \"tcp://192.0.2.20:20007\"\n")
	for _, m := range mistakes {
		fmt.Printf("line %d: %s: %s; %s\n", m.Line, m.Key, m.What, m.Mend)
	}
	// Output: line 4: kiosk.langages: this key is not known; did you mean kiosk.languages?
}

// namesMistakes writes each text into a table of a good configuration, and wants the one mistake with key, what and mend.
func namesMistakes(t *testing.T, table string, cases map[string][3]string) {
	t.Helper()
	for text, want := range cases {
		_, mistakes := config.Parse(example + "\n[" + table + "]\n" + text + "\n")
		switch well := want[0] == ""; {
		case well && len(mistakes) > 0:
			t.Errorf("%s: %+v", text, mistakes)
		case well:
		case len(mistakes) != 1 || mistakes[0].Key != want[0] || mistakes[0].Line == 0 || !strings.Contains(mistakes[0].What, want[1]) || !strings.Contains(mistakes[0].Mend, want[2]):
			t.Errorf("%s: %+v, want %q", text, mistakes, want)
		}
	}
}
