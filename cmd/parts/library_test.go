package parts_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
	"selfpay/sip"
	"selfpay/sip/client"
)

func configured(t *testing.T, ils string) config.Config {
	t.Helper()
	c, mistakes := config.Parse("[kiosk]\nid = \"main-01\"\nlibrary = \"Central Library\"\n[ils]\naddress = \"tcp://ils.example.org:6001\"\n" + ils +
		"\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n")
	if len(mistakes) > 0 {
		t.Fatalf("%+v", mistakes)
	}
	return c
}

func TestTheClientOfATechnicianIsTheOneOfTheKiosk(t *testing.T) {
	c := configured(t, "profile = \"koha\"\nlogin = \"kiosk01\"\npassword = \"word\"\nlocation = \"desk\"\ninstitution = \"CPL\"\ncharset = \"cp850\"\ntls = true\nanswer = \"4s\"\nquiet = \"9s\"")
	route, err := parts.SIP2(c)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := parts.Client(c)
	if err != nil {
		t.Fatal(err)
	}
	if route.TLS.ServerName != "ils.example.org" || *tool.TLS != *route.TLS {
		t.Errorf("TLS %+v and %+v", tool.TLS, route.TLS)
	}
	if tool.Login.User != route.Login || tool.Login.Password != "word" || route.Password != "word" || tool.Login.Location != "desk" {
		t.Errorf("login %v and %v", tool.Login.User, route.Login)
	}
	if tool.Format.Charset != "cp850" || route.Charset != "cp850" || tool.Institution != "CPL" || tool.Timeouts != route.Timeouts || route.Quiet != 9*time.Second {
		t.Errorf("%+v and %+v", tool.Format, route.Charset)
	}
	library, err := parts.Library(c, slog.New(slog.DiscardHandler))
	if err != nil || library.Traits().Quiet != 9*time.Second {
		t.Errorf("Library = %v, %v", library, err)
	}
}

func TestTheServerNameMayDifferFromTheAddress(t *testing.T) {
	route, err := parts.SIP2(configured(t, "tls = true\nserver_name = \"sip.example.org\"\nca_file = \"/etc/kiosk/ca.pem\""))
	if err != nil || route.TLS.ServerName != "sip.example.org" || route.TLS.CAFile != "/etc/kiosk/ca.pem" {
		t.Errorf("%+v, %v", route.TLS, err)
	}
}

func TestEveryWordOfTheConfigurationReachesTheClient(t *testing.T) {
	tool, err := parts.Client(configured(t, "tls = true\ncert_file = \"/c\"\nkey_file = \"/k\"\nlogin = \"kiosk01\"\npassword = \"word\"\nterminal_password = \"tp\"\n"+
		"telnet_login = true\nkeep_alive = \"5m\"\nerror_detection = \"strict\"\nfee_paid_order = \"document\""))
	if err != nil {
		t.Fatal(err)
	}
	if tool.TLS.CertFile != "/c" || tool.TLS.KeyFile != "/k" || tool.TerminalPassword != "tp" {
		t.Errorf("TLS %+v, terminal password %q", tool.TLS, tool.TerminalPassword)
	}
	if tool.Login != nil || *tool.Telnet != (client.Telnet{User: "kiosk01", Password: "word"}) {
		t.Errorf("login %v, prompts %v", tool.Login, tool.Telnet)
	}
	if tool.KeepAlive != 5*time.Minute || tool.ErrorDetection != client.Strict || tool.Order != sip.Canonical {
		t.Errorf("%v, %v, %v", tool.KeepAlive, tool.ErrorDetection, tool.Order)
	}
	for word, want := range map[string]client.ErrorDetection{"on": client.Detect, "off": client.NoDetection} {
		if tool, err := parts.Client(configured(t, "tls = true\nerror_detection = \""+word+"\"")); err != nil || tool.ErrorDetection != want || tool.Order != sip.PatronLast {
			t.Errorf("%s: %v, %v, %v", word, tool.ErrorDetection, tool.Order, err)
		}
	}
}

func TestTheLibraryMayWantThePINWithEachPosting(t *testing.T) {
	for line, want := range map[string]bool{"": false, "\npin_in_fee_paid = true": true} {
		library, err := parts.Library(configured(t, "tls = true"+line), slog.New(slog.DiscardHandler))
		if err != nil || library.Traits().PINInFeePaid != want {
			t.Errorf("%q: %v, %v", line, library, err)
		}
	}
}

func TestAPasswordThatCannotBeReadIsToldByItsKey(t *testing.T) {
	c := configured(t, "tls = true\nlogin = \"kiosk01\"\npassword = \"file:/nowhere/word\"")
	if _, err := parts.Library(c, slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "ils.password: ") {
		t.Errorf("Library = %v", err)
	}
	if _, err := parts.Client(c); err == nil || !strings.HasPrefix(err.Error(), "ils.password: ") {
		t.Errorf("Client = %v", err)
	}
}
