package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"selfpay/kiosk/config"
)

const stationAround = `[kiosk]
id = "main-01"
library = "Central Library"
[terminal]
address = "tcp://192.0.2.20:20007"
`

const overPolaris = stationAround + `[ils]
route = "polaris"
address = "https://ils.example.org"
login = "kiosk01"
password = "credential:polaris"
[ils.polaris]
access_id = "KIOSK"
access_key = "credential:papi"
domain = "library"
workstation = 12
`

const overAleph = stationAround + `[ils]
route = "aleph"
address = "https://ils.example.org:1892"
[ils.aleph]
x_server = "https://ils.example.org:8995"
x_user = "kiosk"
x_password = "credential:aleph"
library = "CEN50"
`

func TestEachRouteHasItsCarefulProfile(t *testing.T) {
	for text, want := range map[string]string{overPolaris: "single-pay", overAleph: "pay-cash",
		stationAround + "[ils]\naddress = \"tcp://127.0.0.1:6001\"\n": "generic"} {
		if c, mistakes := config.Parse(text); len(mistakes) > 0 || c.ILS.Profile != want {
			t.Errorf("profile %q, want %q: %+v", c.ILS.Profile, want, mistakes)
		}
	}
}

func TestEachMistakeOfARouteNamesKeyAndMend(t *testing.T) {
	for _, c := range []struct {
		name, file, line, by, key, mend string
	}{
		{"SIP2's address", overPolaris, `address = "https://ils.example.org"`, `address = "tcp://ils.example.org:6001"`, "ils.address", "https://"},
		{"an address with a query", overPolaris, `address = "https://ils.example.org"`, `address = "https://ils.example.org?x=1"`, "ils.address", "https://ils.example.org"},
		{"an address with a password", overPolaris, `address = "https://ils.example.org"`, `address = "https://u:p@ils.example.org"`, "ils.address", "https://ils.example.org"},
		{"in clear", overPolaris, `address = "https://ils.example.org"`, `address = "http://ils.example.org"`, "ils.address", "tls = false"},
		{"http with TLS", overPolaris, `address = "https://ils.example.org"`, "address = \"http://ils.example.org\"\ntls = true", "ils.tls", "https://"},
		{"no access id", overPolaris, `access_id = "KIOSK"`, "", "ils.polaris.access_id", "access id"},
		{"no access key", overPolaris, `access_key = "credential:papi"`, "", "ils.polaris.access_key", "credential:papi"},
		{"no staff user", overPolaris, `login = "kiosk01"`, "", "ils.login", "staff user"},
		{"no workstation", overPolaris, `workstation = 12`, "", "ils.polaris.workstation", "registered"},
		{"a workstation below nothing", overPolaris, `workstation = 12`, "workstation = -1", "ils.polaris.workstation", "registered"},
		{"a user below nothing", overPolaris, `workstation = 12`, "workstation = 12\nuser = -1", "ils.polaris.user", "above 0"},
		{"no organisation", overPolaris, `workstation = 12`, "workstation = 12\norganisation = 0", "ils.polaris.organisation", "above 0"},
		{"another algorithm", overPolaris, `workstation = 12`, "workstation = 12\nalgorithm = \"md5\"", "ils.polaris.algorithm", "sha1, sha256"},
		{"no payment method", overPolaris, `workstation = 12`, "workstation = 12\ncredit_method = 16", "ils.polaris.credit_method", "12 for a credit card"},
		{"signed as something else", overPolaris, `workstation = 12`, "workstation = 12\nsign_as = \"tcp://ils.example.org:1\"", "ils.polaris.sign_as", "https://"},
		{"a misspelt key", overPolaris, `workstation = 12`, "workstation = 12\nworkstatoin = 12", "ils.polaris.workstatoin", "did you mean ils.polaris.workstation?"},
		{"a wrong type", overPolaris, `workstation = 12`, `workstation = "12"`, "ils.polaris.workstation", "whole number"},
		{"a key of SIP2", overPolaris, `login = "kiosk01"`, "login = \"kiosk01\"\ntelnet_login = true", "ils.telnet_login", "belongs to SIP2"},
		{"a profile of SIP2", overPolaris, `login = "kiosk01"`, "login = \"kiosk01\"\nprofile = \"koha\"", "ils.profile", "pay-all, single-pay"},
		{"a profile that is not there", overPolaris, `login = "kiosk01"`, "login = \"kiosk01\"\nprofile = \"/nowhere/profile.toml\"", "ils.profile", "kioskctl ils probe"},
		{"the table of another route", overPolaris, `[ils.polaris]`, "[ils.aleph]\nlibrary = \"X\"\n[ils.polaris]", "ils.aleph", "remove the table"},
		{"no X-server", overAleph, `x_server = "https://ils.example.org:8995"`, "", "ils.aleph.x_server", "https://"},
		{"the X-server in clear", overAleph, `x_server = "https://ils.example.org:8995"`, `x_server = "http://ils.example.org:8995"`, "ils.aleph.x_server", "tls = false"},
		{"an X-user without a password", overAleph, `x_password = "credential:aleph"`, "", "ils.aleph.x_user", "both"},
		{"an institution without a name", overAleph, `library = "CEN50"`, "institutions = [\"CEN50\", \" \"]", "ils.aleph.institutions", `["USM50"]`},
		{"a part", overAleph, `[ils.aleph]`, "[payment]\npartial = true\n[ils.aleph]", "payment.partial", "partial = false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(c.file, "\n"+c.line+"\n") != 1 {
				t.Fatalf("line %q does not stand once", c.line)
			}
			_, mistakes := config.Parse(strings.Replace(c.file, "\n"+c.line+"\n", "\n"+c.by+"\n", 1))
			if len(mistakes) != 1 || mistakes[0].Key != c.key || mistakes[0].Line == 0 || !strings.Contains(mistakes[0].Mend, c.mend) {
				t.Errorf("%+v, want one for %q with %q", mistakes, c.key, c.mend)
			}
		})
	}
}

func TestASitesOwnProfileIsNamedByItsPath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "profile.toml")
	if err := os.WriteFile(file, []byte("nonsense = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, mistakes := config.Parse(overPolaris + "[payment]\npartial = false\n")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	_, mistakes = config.Parse(strings.Replace(overPolaris, "login =", "profile = \""+file+"\"\nlogin =", 1))
	if len(mistakes) != 1 || !strings.Contains(mistakes[0].What, "nonsense") {
		t.Errorf("%+v", mistakes)
	}
}

func TestARoutePrintsAsItsFile(t *testing.T) {
	for _, file := range []string{overPolaris, overAleph} {
		c, _ := config.Parse(file)
		text, err := c.Text()
		if err != nil {
			t.Fatal(err)
		}
		again, mistakes := config.Parse(text)
		if len(mistakes) > 0 || !reflect.DeepEqual(c.ILS.Polaris, again.ILS.Polaris) || !slices.Equal(c.ILS.Aleph.Institutions, again.ILS.Aleph.Institutions) || c.ILS.Aleph.XServer != again.ILS.Aleph.XServer {
			t.Errorf("%+v\n%s", mistakes, text)
		}
		other := map[string]string{"polaris": "[ils.aleph]", "aleph": "[ils.polaris]"}[c.ILS.Route]
		if strings.Contains(text, other) || !strings.Contains(text, "[web]") {
			t.Errorf("%s of a station over %s:\n%s", other, c.ILS.Route, text)
		}
	}
}
