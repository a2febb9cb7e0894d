package parts_test

import (
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip/client"
)

// routed is a configuration with these lines behind [ils].
func routed(t *testing.T, ils string) config.Config {
	t.Helper()
	c, mistakes := config.Parse("[kiosk]\nid = \"main-01\"\nlibrary = \"Central Library\"\ncurrency = \"EUR\"\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n[ils]\n" + ils)
	if len(mistakes) > 0 {
		t.Fatalf("%+v", mistakes)
	}
	return c
}

// secret is a file with a secret, as the configuration refers to it.
func secret(t *testing.T, word string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "word")
	if err := os.WriteFile(path, []byte(word+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + path
}

const overHTTPS = "address = \"https://ils.example.org:8443/base\"\nca_file = \"/ca\"\nserver_name = \"other.example.org\"\ncert_file = \"/c\"\nkey_file = \"/k\"\nquiet = \"9s\"\nanswer = \"4s\"\n"

// whole wants a value for every field, but for those named.
func whole(t *testing.T, of any, but ...string) {
	t.Helper()
	v := reflect.ValueOf(of)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != slices.Contains(but, name) {
			t.Errorf("%s.%s is %v", v.Type(), name, v.Field(i))
		}
	}
}

func link(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var wholeTLS = client.TLS{ServerName: "other.example.org", CAFile: "/ca", CertFile: "/c", KeyFile: "/k"}

func polarisText(t *testing.T) string {
	return "route = \"polaris\"\nprofile = \"pay-all\"\nlogin = \"kiosk01\"\npassword = \"" + secret(t, "word") + "\"\n" + overHTTPS +
		"[ils.polaris]\naccess_id = \"KIOSK\"\naccess_key = \"" + secret(t, "key") + "\"\nalgorithm = \"sha256\"\nsign_as = \"https://inner.example.org\"\ndomain = \"LIBRARY\"\n" +
		"workstation = 12\nuser = 34\norganisation = 5\napplication = 101\nlanguage = 1031\nask_pin = true\ncredit_method = 17\ndebit_method = 14\n"
}

func TestEveryWordOfTheConfigurationReachesPolaris(t *testing.T) {
	c := routed(t, polarisText(t))
	whole(t, c.ILS.Polaris)
	got, err := parts.Polaris(c)
	if err != nil {
		t.Fatal(err)
	}
	whole(t, got, "Dial", "Now")
	want := polaris.Config{Base: link(t, "https://ils.example.org:8443/base"), SignBase: link(t, "https://inner.example.org"), TLS: wholeTLS, AccessID: "KIOSK", AccessKey: "key",
		Algorithm: "sha256", Domain: "LIBRARY", Login: "kiosk01", Password: "word", Language: 1031, Application: 101, Organisation: 5, Workstation: 12, User: 34, AskPIN: true,
		Profile: "pay-all", CreditMethod: 17, DebitMethod: 14, Kiosk: "main-01", Currency: "EUR", Quiet: 9 * time.Second, Answer: 4 * time.Second}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	got, err = parts.Polaris(routed(t, "route = \"polaris\"\naddress = \"https://ils.example.org\"\nlogin = \"kiosk01\"\npassword = \"word\"\n[ils.polaris]\naccess_id = \"KIOSK\"\naccess_key = \"key\"\nworkstation = 12\n"))
	if err != nil {
		t.Fatal(err)
	}
	want = polaris.Config{Base: link(t, "https://ils.example.org"), AccessID: "KIOSK", AccessKey: "key", Algorithm: "sha1", Login: "kiosk01", Password: "word", Language: 1033, Application: 100,
		Organisation: 1, Workstation: 12, Profile: "single-pay", CreditMethod: 12, DebitMethod: 13, Kiosk: "main-01", Currency: "EUR", Answer: 45 * time.Second}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func alephText(t *testing.T) string {
	return "route = \"aleph\"\nprofile = \"pay-cash\"\n" + overHTTPS + "[ils.aleph]\nx_server = \"https://x.example.org:8995/x\"\nx_user = \"KIOSK\"\nx_password = \"" + secret(t, "word") +
		"\"\nlibrary = \"USM50\"\ninstitutions = [\"USM50\", \"USM51\"]\nask_pin = true\n"
}

func TestEveryWordOfTheConfigurationReachesAleph(t *testing.T) {
	c := routed(t, alephText(t))
	whole(t, c.ILS.Aleph)
	got, err := parts.Aleph(c)
	if err != nil {
		t.Fatal(err)
	}
	whole(t, got, "Dial", "Now")
	want := aleph.Config{Base: link(t, "https://ils.example.org:8443/base"), XServer: link(t, "https://x.example.org:8995/x"), TLS: wholeTLS, XUser: "KIOSK", XPassword: "word", Library: "USM50",
		Institutions: []string{"USM50", "USM51"}, AskPIN: true, Profile: "pay-cash", Currency: "EUR", Quiet: 9 * time.Second, Answer: 4 * time.Second}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTheConfiguredRouteIsMade(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for route, c := range map[string]struct {
		config          config.Config
		library, probes any
	}{
		"sip2":    {configured(t, "tls = true\nquiet = \"9s\""), (*sip2.Library)(nil), (*sip2.Probe)(nil)},
		"polaris": {routed(t, polarisText(t)), (*polaris.Library)(nil), (*polaris.Probe)(nil)},
		"aleph":   {routed(t, alephText(t)), (*aleph.Library)(nil), (*aleph.Probe)(nil)},
	} {
		library, err := parts.Library(c.config, log)
		if err != nil || reflect.TypeOf(library) != reflect.TypeOf(c.library) || library.Traits().Quiet != 9*time.Second {
			t.Errorf("%s: Library = %T, %v", route, library, err)
		}
		probes, err := parts.Probe(c.config, log)
		if err != nil || reflect.TypeOf(probes) != reflect.TypeOf(c.probes) {
			t.Errorf("%s: Probe = %T, %v", route, probes, err)
		}
	}
}

func TestASecretOfARouteThatCannotBeReadIsToldByItsKey(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	p, a, s := routed(t, polarisText(t)), routed(t, alephText(t)), configured(t, "tls = true\nlogin = \"kiosk01\"")
	for key, broken := range map[string]func() config.Config{
		"ils.password":           func() config.Config { c := p; c.ILS.Password = "file:/nowhere/word"; return c },
		"ils.polaris.access_key": func() config.Config { c := p; c.ILS.Polaris.AccessKey = "file:/nowhere/word"; return c },
		"ils.aleph.x_password":   func() config.Config { c := a; c.ILS.Aleph.XPassword = "file:/nowhere/word"; return c },
		"ils.terminal_password":  func() config.Config { c := s; c.ILS.TerminalPassword = "file:/nowhere/word"; return c },
	} {
		c := broken()
		_, err := parts.Library(c, log)
		_, probeErr := parts.Probe(c, log)
		for _, err := range []error{err, probeErr} {
			if err == nil || !strings.HasPrefix(err.Error(), key+": ") || !strings.Contains(err.Error(), "/nowhere/word") {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
}

func TestAnUnprovenProfileIsForATestSystemOnly(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for _, trial := range []bool{false, true} {
		c := configured(t, fmt.Sprintf("tls = true\nprofile = \"aleph-tpl\"\ntest_system = %t", trial))
		if _, err := parts.Library(c, log); (err == nil) != trial || !trial && !strings.Contains(err.Error(), "aleph-tpl is inferred and not proven, so it is for a test system only") {
			t.Errorf("test_system = %t: Library = %v", trial, err)
		}
		if _, err := parts.Probe(c, log); err != nil { // it is there to prove the profile
			t.Errorf("test_system = %t: Probe = %v", trial, err)
		}
	}
}
