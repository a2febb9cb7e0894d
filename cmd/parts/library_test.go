package parts_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
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

func TestAPasswordThatCannotBeReadIsToldByItsKey(t *testing.T) {
	c := configured(t, "login = \"kiosk01\"\npassword = \"file:/nowhere/word\"")
	if _, err := parts.Library(c, slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), "ils.password: ") {
		t.Errorf("Library = %v", err)
	}
	if _, err := parts.Client(c); err == nil || !strings.HasPrefix(err.Error(), "ils.password: ") {
		t.Errorf("Client = %v", err)
	}
}
