package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/polaris/polaristest"
	"selfpay/kiosk/ils/rest/resttest"
	"selfpay/sip/certtest"
)

const (
	cardNobody  = "20017000099999"
	cardNothing = "20017000042333"
)

// patrons are those of libraryAt, who owe at two institutions where there are any.
func patrons() []resttest.Patron {
	return []resttest.Patron{
		{Card: cardOwing, Number: "LIB000000001", Name: "Anna " + fullName, Fees: []resttest.Fee{{ID: "104", Branch: "USM50", Description: "Lost item: Momo", OutstandingMinor: 1250},
			{ID: "105", Branch: "USM51", Description: "Overdue: Tintenherz", OutstandingMinor: 90}}},
		{Card: cardPIN, Number: "LIB000000002", Name: "Nora Frei", PIN: patronPIN, Fees: []resttest.Fee{{ID: "106", Branch: "USM50", Description: "Overdue", OutstandingMinor: 640}}},
		{Card: cardNothing, Number: "LIB000000003", Name: "Ida Null"}}
}

// overPolaris is a station whose library system is a Polaris with https on a real listener.
func overPolaris(t *testing.T, change func(*polaristest.Config)) (*polaristest.Server, place) {
	t.Helper()
	cfg := polaristest.Config{AccessID: "KIOSK", AccessKey: papiKey, Domain: "LIBRARY", Login: "kiosk01", Password: kioskWord, Workstations: []int{12}, Decimals: 2,
		Patrons: patrons(), Secure: true}
	if change != nil {
		change(&cfg)
	}
	s := polaristest.New(cfg)
	t.Cleanup(func() { s.Close() })
	pair, ca := certtest.For(t, certtest.Today(), "ils.example.org")
	l := listen(t)
	go s.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}))
	return s, station(t, fmt.Sprintf("route = \"polaris\"\naddress = \"https://%s\"\nserver_name = \"ils.example.org\"\nca_file = %q\nlogin = \"kiosk01\"\npassword = %q\n"+
		"quiet = \"2s\"\n[ils.polaris]\naccess_id = \"KIOSK\"\naccess_key = %q\ndomain = \"LIBRARY\"\nworkstation = 12\n", l.Addr(), ca, kioskWord, papiKey))
}

// overAleph is a station whose library system is an Aleph, with the X-server on a listener of its own.
func overAleph(t *testing.T, change func(*alephtest.Config)) (*alephtest.System, place) {
	t.Helper()
	cfg := alephtest.Config{Patrons: patrons(), XUser: "KIOSK", XPassword: xWord,
		Institutions: []alephtest.Institution{{Code: "USM50", Name: "Main Library"}, {Code: "USM51", Name: "Law Library"}}}
	if change != nil {
		change(&cfg)
	}
	s, err := alephtest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	rest, x := listen(t), listen(t)
	go s.Serve(rest)
	go s.Serve(x)
	return s, station(t, fmt.Sprintf("route = \"aleph\"\naddress = \"http://%s\"\nquiet = \"2s\"\n[ils.aleph]\nx_server = \"http://%s\"\nx_user = \"KIOSK\"\nx_password = %q\n",
		rest.Addr(), x.Addr(), xWord))
}

// station is a station with these lines behind [ils].
func station(t *testing.T, lines string) place {
	t.Helper()
	p := newPlace(t)
	p.write(t, fmt.Sprintf("[kiosk]\nid = \"main-01\"\nlibrary = \"Central Library\"\nstate = %q\nsocket = %q\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n[ils]\n%s",
		p.state, p.socket, lines))
	return p
}

// but is the same station with the value of a key in the configuration replaced; an empty value takes the key out.
func (p place) but(t *testing.T, keysAndValues ...string) place {
	t.Helper()
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	_, behind, _ := strings.Cut(string(text), "[ils]\n")
	from := len(lines) - len(strings.SplitAfter(behind, "\n"))
	for pair := range slices.Chunk(keysAndValues, 2) {
		at := from + slices.IndexFunc(lines[from:], func(l string) bool { return strings.HasPrefix(l, pair[0]+" = ") })
		switch {
		case at < from:
			lines = slices.Insert(lines, from, pair[0]+" = "+pair[1]+"\n")
		case pair[1] == "":
			lines = slices.Delete(lines, at, at+1)
		default:
			lines[at] = pair[0] + " = " + pair[1] + "\n"
		}
	}
	p.config = filepath.Join(t.TempDir(), "kiosk.toml")
	p.write(t, strings.Join(lines, ""))
	return p
}

// value is what the configuration says for a key of [ils].
func (p place) value(t *testing.T, key string) string {
	t.Helper()
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	_, behind, _ := strings.Cut(string(text), "[ils]\n")
	_, behind, _ = strings.Cut(behind, key+" = \"")
	value, _, _ := strings.Cut(behind, "\"")
	return value
}

func TestTheStatusOverHTTPSaysThatPaymentsAreTaken(t *testing.T) {
	_, polaris := overPolaris(t, nil)
	_, late := overPolaris(t, func(c *polaristest.Config) { c.Ahead = -20 * time.Minute })
	_, aleph := overAleph(t, nil)
	for _, c := range []struct {
		p     place
		words []string
		want  routeStatus
		hours int
	}{
		{polaris, []string{"takes payments", "route          polaris, profile single-pay", "fee by fee", "in part        yes", "too much       perhaps taken", "cannot be read again", "quiet time     2s"},
			routeStatus{Route: "polaris", Profile: "single-pay", Ready: true, FeeIDs: true, Partial: true, QuietSeconds: 2}, 0},
		{polaris.but(t, "profile", `"pay-all"`), []string{"profile pay-all", "the whole account at once", "in part        no", "too much       refused"},
			routeStatus{Route: "polaris", Profile: "pay-all", Ready: true, OverpaymentRefused: true, QuietSeconds: 2}, 0},
		{late, []string{"takes payments", " behind the clock here"},
			routeStatus{Route: "polaris", Profile: "single-pay", Ready: true, FeeIDs: true, Partial: true, QuietSeconds: 2}, -1},
		{aleph, []string{"takes payments", "route          aleph, profile pay-cash", "fee by fee", "in part        no", "clock          "},
			routeStatus{Route: "aleph", Profile: "pay-cash", Ready: true, FeeIDs: true, QuietSeconds: 2}, 0},
	} {
		c.p.asks(t, "", "ils", "status").has(t, 0, c.words...)
		s := c.p.asks(t, "", "--json", "ils", "status")
		found := documents[routeStatus](t, s.out)
		if s.status != 0 || len(found) != 1 || found[0].ClockDifference == nil {
			t.Fatalf("%+v", s)
		}
		if thirds := *found[0].ClockDifference / 1100; thirds != c.hours {
			t.Errorf("the clock differs by %d s", *found[0].ClockDifference)
		}
		found[0].ClockDifference = nil
		if found[0] != c.want {
			t.Errorf("%+v, want %+v", found[0], c.want)
		}
	}
}

func TestALibraryOverHTTPThatIsNotWellIsToldWithItsMend(t *testing.T) {
	_, polaris := overPolaris(t, nil)
	_, denied := overPolaris(t, func(c *polaristest.Config) { c.Deny = []string{"mobilephonecarriers", "basicdata"} })
	_, drifted := overPolaris(t, func(c *polaristest.Config) { c.Ahead = 40 * time.Minute })
	_, otherCA := certtest.For(t, certtest.Today(), "ils.example.org")
	plain := polaristest.New(polaristest.Config{Secure: true})
	t.Cleanup(func() { plain.Close() })
	clear := listen(t)
	go plain.Serve(clear)
	_, aleph := overAleph(t, nil)
	barring, barred := overAleph(t, nil)
	barring.Bar(true)
	hiding, hidden := overAleph(t, nil)
	hiding.Portal(true)
	gone := listen(t)
	gone.Close()
	silent := answering(t, func(c net.Conn) { c.Read(make([]byte, 4096)); c.Read(make([]byte, 1)) })
	polarisAt := strings.TrimPrefix(polaris.value(t, "address"), "https://")
	http := func(address string) string { return `"http://` + address + `"` }
	const unsafe = "" // a key that is taken out
	for name, c := range map[string]struct {
		p       place
		refused bool   // the library answers that it will not have this kiosk
		host    string // empty: that of ils.address
		words   []string
	}{
		"wrong password":         {polaris.but(t, "password", `"wrong"`), true, "", []string{`refuses the login "kiosk01" (HTTP 401)`, "look at ils.login, ils.password and ils.polaris.domain", "wait five minutes"}},
		"wrong key":              {polaris.but(t, "access_key", `"wrong"`), true, "", []string{`refuses the login "kiosk01" (HTTP 401)`, "access_id, access_key, algorithm and sign_as in [ils.polaris]"}},
		"wrong algorithm":        {polaris.but(t, "workstation", "12\nalgorithm = \"sha256\""), true, "", []string{"refuses the login", "algorithm"}},
		"missing permission":     {denied, true, "", []string{"takes no payments from this kiosk: the library refuses the call ", "look at the permissions of the API access key"}},
		"clock far off":          {drifted, true, "", []string{"takes no payments from this kiosk: the clocks of library and kiosk differ by ", "look at the time service of both"}},
		"another authority":      {polaris.but(t, "ca_file", `"`+otherCA+`"`), false, "", []string{"the authority in " + otherCA + " has not signed", "put the new authority into that file"}},
		"unknown authority":      {polaris.but(t, "ca_file", unsafe), false, "", []string{"an authority that this station does not know", "name it in ils.ca_file"}},
		"another name":           {polaris.but(t, "server_name", `"other.example.org"`), false, "", []string{`made out to ils.example.org and not to "other.example.org"`, "ils.server_name"}},
		"no authority's file":    {polaris.but(t, "ca_file", `"/nowhere/ca.pem"`), false, "", []string{"/nowhere/ca.pem", "ils.ca_file"}},
		"no certificate of ours": {polaris.but(t, "ca_file", `"`+polaris.value(t, "ca_file")+"\"\ncert_file = \"/nowhere/c.pem\"\nkey_file = \"/nowhere/k.pem\""), false, "", []string{"cannot be shown the kiosk's certificate: open /nowhere/c.pem", "ils.cert_file and ils.key_file"}},
		"no key of ours":         {polaris.but(t, "ca_file", `"`+polaris.value(t, "ca_file")+"\"\ncert_file = \""+polaris.value(t, "ca_file")+"\"\nkey_file = \"/nowhere/k.pem\""), false, "", []string{"cannot be shown the kiosk's certificate: open /nowhere/k.pem", "ils.cert_file and ils.key_file"}},
		"a file without any":     {polaris.but(t, "ca_file", `"`+polaris.config+`"`), false, "", []string{"no certificate in " + polaris.config, "ca_file"}},
		"nobody listens":         {polaris.but(t, "address", `"https://`+gone.Addr().String()+`"`), false, "", []string{"nothing listens there", "is the port in ils.address right?"}},
		"no TLS there":           {polaris.but(t, "address", `"https://`+clear.Addr().String()+`"`), false, "", []string{"does not speak TLS there", "name its TLS port in ils.address"}},
		"http at its https port": {polaris.but(t, "address", http(polarisAt), "ca_file", unsafe, "server_name", unsafe), false, "", []string{"could not be asked: the library answered with HTTP 400", "is ils.address right?", "https://", "/PAPIService"}},
		"http is not taken":      {polaris.but(t, "address", http(clear.Addr().String()), "ca_file", unsafe, "server_name", unsafe), true, "", []string{"takes no payments from this kiosk: the library takes no calls without TLS", "use an https address"}},
		"no Polaris there":       {polaris.but(t, "address", `"`+aleph.value(t, "address")+`"`, "ca_file", unsafe, "server_name", unsafe), false, "", []string{"could not be asked: the library answered with HTTP 404", "is ils.address right?"}},
		"silent":                 {polaris.but(t, "address", http(silent), "ca_file", unsafe, "server_name", unsafe, "answer", `"1s"`), false, "", []string{"does not answer within 1s", "is ils.address right?"}},
		"Aleph's X-user":         {aleph.but(t, "x_password", `"wrong"`), true, aleph.value(t, "x_server"), []string{"gives no answer to the user of this kiosk: User is not permitted", "look at x_user, x_password and library in [ils.aleph]"}},
		"Aleph bars the address": {barred, true, "", []string{"does not let in the address of this kiosk", "both lists", "server_ip_allowed"}},
		"Aleph behind a sign-in": {hidden, false, "", []string{"a sign-in page answers in the place of Aleph", "without signing in", "ils.address"}},
		"nobody at the REST API": {aleph.but(t, "address", http(gone.Addr().String())), false, "", []string{"nothing listens there", "ils.address"}},
		"nobody at the X-server": {aleph.but(t, "x_server", http(gone.Addr().String())), false, "http://" + gone.Addr().String(), []string{"nothing listens there", "is the port in ils.aleph.x_server right?"}},
		"another REST path":      {aleph.but(t, "address", `"`+aleph.value(t, "address")+`/other"`), false, "", []string{"could not be asked: the answer has the status 404", "ils.address", "/rest-dlf"}},
		"another X path":         {aleph.but(t, "x_server", `"`+aleph.value(t, "x_server")+`/other"`), false, aleph.value(t, "x_server"), []string{"could not be asked: the answer has the status 404", "is ils.aleph.x_server right?", "replaces /X"}},
		"a closed port of https": {aleph.but(t, "x_server", `"https://`+clear.Addr().String()+`"`), false, "https://" + clear.Addr().String(), []string{"does not speak TLS there", "name its TLS port in ils.aleph.x_server"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.host == "" {
				c.host = c.p.value(t, "address")
			}
			_, host, _ := strings.Cut(c.host, "://")
			host, _, _ = strings.Cut(host, "/")
			words := append([]string{"the library system at " + host + " "}, c.words...)
			told := func(s said, sentence string) {
				said{out: sentence, status: s.status}.has(t, exitNotWell, words...)
				for _, never := range []string{"needs attention", "not sent", "in doubt", "polaris: ", "aleph: ", cardOwing} {
					if strings.Contains(sentence, never) {
						t.Errorf("%q says %q", sentence, never)
					}
				}
			}
			s := c.p.asks(t, "", "ils", "status")
			told(s, s.out)
			s = c.p.asks(t, "", "--json", "ils", "status")
			if found := documents[routeStatus](t, s.out); len(found) != 1 || found[0].Ready {
				t.Errorf("%+v", s)
			} else {
				told(s, found[0].Reason)
			}
			s = c.p.asks(t, "", "--json", "ils", "login")
			switch found := documents[libraryLogin](t, s.out); {
			case len(found) == 1 && c.refused && !found[0].Accepted:
				told(s, found[0].Reason)
			case len(found) == 0 && !c.refused:
				told(s, s.err)
			default:
				t.Errorf("%+v", s)
			}
			for _, command := range []string{"fees", "patron"} {
				s = c.p.asks(t, "", "ils", command, cardOwing)
				told(s, s.err)
				if s.out != "" || strings.Count(s.err, "\n") != 1 {
					t.Errorf("not one sentence on standard error: %+v", s)
				}
			}
		})
	}
}

func TestALoginOverHTTPIsAcceptedOrRefused(t *testing.T) {
	_, polaris := overPolaris(t, nil)
	_, aleph := overAleph(t, nil)
	_, open := overAleph(t, func(c *alephtest.Config) { c.XUser, c.XPassword = "", "" })
	for _, c := range []struct {
		p     place
		login string
		word  string
	}{
		{polaris, "kiosk01", `accepts the login "kiosk01"`},
		{aleph, "KIOSK", `accepts the login "KIOSK"`},
		{open.but(t, "x_user", "", "x_password", ""), "", "knows the kiosk by its address"},
	} {
		c.p.asks(t, "", "ils", "login").has(t, 0, c.word)
		s := c.p.asks(t, "", "--json", "ils", "login")
		if found := documents[libraryLogin](t, s.out); s.status != 0 || len(found) != 1 || found[0] != (libraryLogin{Accepted: true, Login: c.login}) {
			t.Errorf("%+v", s)
		}
	}
	wrong := polaris.but(t, "password", `"wrong"`)
	if s := wrong.asks(t, "", "ils", "login"); s.status != exitNotWell || s.err != "" || !strings.Contains(s.out, "refuses the login") {
		t.Errorf("%+v", s)
	}
}

func TestAPatronOverHTTPIsShownWithoutTheName(t *testing.T) {
	calls, polaris := overPolaris(t, func(c *polaristest.Config) {
		c.Secured = []string{"20017000042341"}
		c.Patrons = append(c.Patrons, resttest.Patron{Card: "20017000042341"})
	})
	_, aleph := overAleph(t, nil)
	asking := polaris.but(t, "workstation", "12\nask_pin = true")
	asked := aleph.but(t, "x_user", "\"KIOSK\"\nask_pin = true")
	total := func(minor int64) *int64 { return &minor }
	for _, c := range []struct {
		name, card, stdin string
		p                 place
		status            int
		want              libraryPatron
		reason            string
	}{
		{"Polaris", cardOwing, "", polaris, 0, libraryPatron{Valid: true, Initials: "AM", TotalMinor: total(1340)}, ""},
		{"Polaris, unknown", cardNobody, "", polaris, 1, libraryPatron{}, "the library does not know this card"},
		{"Polaris, a card that cannot be asked for", "a+b", "", polaris, 1, libraryPatron{}, "the library does not know this card"},
		{"Polaris, secured", "20017000042341", "", polaris, 1, libraryPatron{Valid: true}, "would offer none: the patron's record is secured; look at the account in the staff client"},
		{"Polaris, right PIN", cardPIN, patronPIN, asking, 0, libraryPatron{Valid: true, Initials: "NF", TotalMinor: total(640)}, ""},
		{"Polaris, wrong PIN", cardPIN, "9999", asking, 1, libraryPatron{Valid: true, Initials: "NF", TotalMinor: total(640)}, "the library says that the PIN is wrong"},
		{"Polaris, no PIN", cardPIN, "", asking, 1, libraryPatron{Valid: true, Initials: "NF", TotalMinor: total(640)}, "give it on standard input with --pin -"},
		{"Aleph", cardOwing, "", aleph, 0, libraryPatron{Valid: true, Initials: "AM", TotalMinor: total(1340)}, ""},
		{"Aleph, unknown", cardNobody, "", aleph, 1, libraryPatron{}, "the library does not know this card"},
		{"Aleph, right PIN", cardPIN, patronPIN, asked, 0, libraryPatron{Valid: true, Initials: "NF", TotalMinor: total(640)}, ""},
		{"Aleph, wrong PIN", cardPIN, "9999", asked, 1, libraryPatron{Valid: true, Initials: "·", TotalMinor: total(640)}, "the library says that the PIN is wrong"},
		{"Aleph, no PIN", cardPIN, "", asked, 1, libraryPatron{Valid: true, Initials: "·", TotalMinor: total(640)}, "give it on standard input with --pin -"},
	} {
		t.Run(c.name, func(t *testing.T) {
			words := []string{"ils", "patron", c.card}
			if c.stdin != "" {
				words = append(words, "--pin", "-")
			}
			s := c.p.asks(t, c.stdin, append([]string{"--json"}, words...)...)
			found := documents[libraryPatron](t, s.out)
			if s.status != c.status || len(found) != 1 {
				t.Fatalf("%+v", s)
			}
			d := found[0]
			same := d.Valid == c.want.Valid && d.Initials == c.want.Initials && d.Counts == libraryCounts{} && !d.Blocked && len(d.Blocks) == 0 && d.Currency == "EUR"
			if known := d.TotalMinor != nil; !same || known != (c.want.TotalMinor != nil) || known && *d.TotalMinor != *c.want.TotalMinor ||
				!strings.Contains(d.Reason, c.reason) || (c.reason == "") != (d.Reason == "") {
				t.Errorf("%+v", d)
			}
			text := []string{c.reason}
			if d.Valid {
				text = append(text, "card      valid", "blocked   no", "initials  "+c.want.Initials)
			}
			c.p.asks(t, c.stdin, words...).has(t, c.status, text...)
		})
	}
	before := countOf(calls.Calls(), "validate")
	asking.asks(t, "9999", "ils", "patron", cardPIN, "--pin", "-")
	if n := countOf(calls.Calls(), "validate") - before; n != 3 { // the card, the PIN, and the card again: one wrong PIN counts once
		t.Errorf("validate was called %d times", n)
	}
}

func countOf(calls []string, name string) int {
	n := 0
	for _, c := range calls {
		if c == name {
			n++
		}
	}
	return n
}

func TestFeesOverHTTPAreListedAsTheKioskWouldOfferThem(t *testing.T) {
	_, polaris := overPolaris(t, nil)
	_, aleph := overAleph(t, nil)
	whole := polaris.but(t, "profile", `"pay-all"`)
	for _, c := range []struct {
		p    place
		want []libraryFee
		text []string
	}{
		{polaris, []libraryFee{{"104", "Lost item: Momo", 1250, "EUR"}, {"105", "Overdue: Tintenherz", 90, "EUR"}}, []string{"104", "12.50 EUR", "Lost item: Momo"}},
		{whole, []libraryFee{{"", "", 1340, "EUR"}}, []string{"13.40 EUR", "the whole account at once"}},
		{aleph, []libraryFee{{"USM50", "Main Library: Lost item: Momo", 1250, "EUR"}, {"USM51", "Law Library: Overdue: Tintenherz", 90, "EUR"}}, []string{"USM50", "12.50 EUR", "Law Library"}},
		{aleph.but(t, "x_user", "\"KIOSK\"\ninstitutions = [\"USM51\"]"), []libraryFee{{"USM51", "Law Library: Overdue: Tintenherz", 90, "EUR"}}, []string{"USM51", "0.90 EUR"}},
	} {
		s := c.p.asks(t, "", "--json", "ils", "fees", cardOwing)
		if found := documents[libraryFee](t, s.out); s.status != 0 || !slices.Equal(found, c.want) {
			t.Errorf("%+v", s)
		}
		c.p.asks(t, "", "ils", "fees", cardOwing).has(t, 0, c.text...)
		c.p.asks(t, "", "ils", "fees", cardNothing).has(t, 0, "nothing is owed")
		if s := c.p.asks(t, "", "--json", "ils", "fees", cardNothing); s.status != 0 || s.out != "" {
			t.Errorf("%+v", s)
		}
		c.p.asks(t, "", "ils", "fees", cardNobody).has(t, exitNotWell, "the library does not know this card")
		c.p.asks(t, "", "ils", "fees", cardOwing, "--pin", "1234").has(t, exitUsage, "write --pin -")
	}
}

func TestRawAndProxyAreForSIP2(t *testing.T) {
	polaris, p := overPolaris(t, nil)
	_, q := overAleph(t, nil)
	for route, p := range map[string]place{"polaris": p, "aleph": q} {
		for _, words := range [][]string{{"raw", "9900402.00"}, {"proxy", "--listen", "127.0.0.1:0"}} {
			s := p.asks(t, "", append([]string{"ils"}, words...)...)
			s.has(t, exitUsage, "SIP2", `the kiosk's route to the library is "`+route+`"`)
			if s.out != "" {
				t.Errorf("%+v", s)
			}
		}
	}
	if n := len(polaris.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

// ilsCommands ask the library system, whatever the route.
var ilsCommands = [][]string{{"ils", "status"}, {"ils", "login"}, {"ils", "patron", cardOwing}, {"ils", "fees", cardOwing}, {"ils", "probe", cardOwing}}

func TestAWrongConfigurationOfARouteEndsWithItsOwnStatus(t *testing.T) {
	_, polaris := overPolaris(t, nil)
	for key, want := range map[string]string{"workstation": "ils.polaris.workstation", "access_key": "ils.polaris.access_key", "route": "ils.polaris"} {
		p := polaris.but(t, key, "")
		for _, words := range ilsCommands {
			if s := p.asks(t, "", words...); s.status != exitConfig || s.out != "" || !strings.Contains(s.err, want+": ") {
				t.Errorf("%v: %+v", words, s)
			}
		}
	}
}

func TestASecretOfARouteThatIsACredentialIsFoundWhereItSaysSo(t *testing.T) {
	folder := t.TempDir()
	_, polaris := overPolaris(t, nil)
	_, aleph := overAleph(t, nil)
	for _, c := range []struct {
		p            place
		key, in, was string
	}{{polaris, "password", "ils.password", kioskWord}, {polaris, "access_key", "ils.polaris.access_key", papiKey}, {aleph, "x_password", "ils.aleph.x_password", xWord}} {
		p := c.p.but(t, c.key, `"credential:word"`)
		if err := os.WriteFile(filepath.Join(folder, "word"), []byte(c.was+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("CREDENTIALS_DIRECTORY", "")
		for _, words := range ilsCommands {
			p.asks(t, "", words...).has(t, exitNotWell, c.in+`: credential "word" cannot be read`, "CREDENTIALS_DIRECTORY=/run/credentials/kioskd.service")
		}
		t.Setenv("CREDENTIALS_DIRECTORY", folder)
		p.asks(t, "", "ils", "login").has(t, 0, "accepts the login")
		p.but(t, c.key, `"file:/nowhere/word"`).asks(t, "", "ils", "status").has(t, exitNotWell, c.in+": ", "/nowhere/word")
	}
}

func TestAnErrorOverHTTPThatIsNotKnownIsToldAsItIs(t *testing.T) {
	_, p := overPolaris(t, nil)
	tool := &tool{config: p.config}
	c, err := tool.load()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"polaris: ready: the library answered with code -5, database error: not sent":                                   " could not be asked: the library answered with code -5, database error; ",
		"polaris: account: the library answered with HTTP 403; look at the addresses that may call it: needs attention": " answers with HTTP 403; ask the library whether it lets in the address",
		"polaris: ready: remote error: tls: certificate required: not sent":                                             " refuses the TLS connection: remote error: tls: certificate required; where it wants a certificate",
		"polaris: ready: dial tcp 127.0.0.1:1: i/o timeout: not sent":                                                   " does not answer within 45s; ",
		"polaris: ready: library login refused (code -8001, the user may not do this); look at login: needs attention":  ` refuses the login "kiosk01" (code -8001, the user may not do this); look at ils.login`,
		"polaris: account: the answer is a web page: not sent":                                                          " is not what answers there: the answer is a web page; let the kiosk reach it without signing in",
	} {
		if fault, _ := faultOverHTTP(t.Context(), c, errors.New(text)); !strings.Contains(fault.Error(), want) {
			t.Errorf("%q becomes %q", text, fault)
		}
	}
}
