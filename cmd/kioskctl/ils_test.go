package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/kiosk/config"
	"selfpay/kiosk/ils"
	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/certtest"
	"selfpay/sip/client"
	sipdecode "selfpay/sip/decode"
	"selfpay/sip/wire"
)

// What may be printed nowhere.
const (
	kioskWord = "s3cr3t-word" // CO
	patronPIN = "47119"
	fullName  = "Müller"
	papiKey   = "papi-k3y-word"
	papiToken = "IGYhCPGcutuKmZFcKUystVAkgmi4" // how tokens of the simulated Polaris begin
	xWord     = "x-s3rver-word"
)

const (
	cardOwing = "20017000042317" // 12.50 and 3.00
	cardPIN   = "20017000042325" // 6.40, with a PIN
)

// libraryAt runs a library system on a real listener.
func libraryAt(t *testing.T, change func(*acs.Config)) (*acs.System, string) {
	t.Helper()
	cfg := acs.Config{Mode: acs.Koha, Institution: "CPL", LibraryName: "Central Library", Currency: "EUR", Decimals: 2, Login: "kiosk01", Password: kioskWord,
		Patrons: []acs.Patron{
			{Card: cardOwing, Name: "Anna " + fullName, Fees: []acs.Fee{{ID: "104", Description: "Lost item: Momo", OutstandingMinor: 1250}, {ID: "105", Description: "Overdue: Tintenherz", OutstandingMinor: 300}}},
			{Card: cardPIN, Name: "Nora Frei", PIN: patronPIN, Blocked: true, Fees: []acs.Fee{{ID: "106", Description: "Overdue", OutstandingMinor: 640}}},
			{Card: "20017000042333", Name: "Ida Null"}}}
	if change != nil {
		change(&cfg)
	}
	s, err := acs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	l := listen(t)
	go s.Serve(l)
	return s, l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// at is a station whose library system is at an address; lines go into [ils].
func at(t *testing.T, address string, lines ...string) place {
	t.Helper()
	p := newPlace(t)
	p.write(t, fmt.Sprintf("[kiosk]\nid = \"main-01\"\nlibrary = \"Central Library\"\nstate = %q\nsocket = %q\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n"+
		"[ils]\naddress = \"tcp://%s\"\nlogin = \"kiosk01\"\n%s\n", p.state, p.socket, address, strings.Join(lines, "\n")))
	return p
}

// well is what [ils] says for libraryAt.
var well = []string{`profile = "koha"`, `password = "` + kioskWord + `"`, `institution = "CPL"`, `answer = "4s"`}

// asks runs kioskctl ils and checks that nothing secret is printed.
func (p place) asks(t *testing.T, stdin string, words ...string) said {
	t.Helper()
	s := call(t, stdin, append([]string{"--config", p.config}, words...)...)
	for _, secret := range []string{kioskWord, patronPIN, fullName, papiKey, papiToken, xWord} {
		if strings.Contains(s.out+s.err, secret) {
			t.Errorf("%v prints a secret: %+v", words, s)
		}
	}
	return s
}

func (s said) has(t *testing.T, status int, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(s.out+s.err, w) {
			t.Errorf("it says nothing of %q: %+v", w, s)
		}
	}
	if s.status != status {
		t.Errorf("it ends with %d, want %d: %+v", s.status, status, s)
	}
}

func TestTheLibraryStatusSaysWhetherFeesCanBePaid(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*acs.Config)
		status int
		words  []string
		want   libraryStatus
	}{
		{"well", nil, 0, []string{"is on line", "CPL Central Library", "Fee Paid (37)  supported: yes", "Patron Information (63)", "retries  ", "clock here"},
			libraryStatus{OnLine: true, FeePaid: "yes"}},
		{"without Fee Paid", func(c *acs.Config) { c.Messages = "YNNNYYYYYNNNNNNN" }, 1, []string{"does not offer Fee Paid to this login; ask the library"},
			libraryStatus{OnLine: true, FeePaid: "no"}},
		{"without a word on Fee Paid", func(c *acs.Config) { c.Messages = "YNNNYYYYY" }, 0, []string{"supported: not said"},
			libraryStatus{OnLine: true, FeePaid: "not said"}},
		{"off line", func(c *acs.Config) { c.OffLine = true }, 1, []string{"it is off line; ask the library when it is back"},
			libraryStatus{FeePaid: "yes"}},
		{"with a clock ahead", func(c *acs.Config) { c.Now = func() time.Time { return time.Now().Add(time.Hour) } }, 0, []string{" ahead of the clock here"},
			libraryStatus{OnLine: true, FeePaid: "yes"}},
		{"with a clock behind", func(c *acs.Config) { c.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, 0, []string{" behind the clock here"},
			libraryStatus{OnLine: true, FeePaid: "yes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, address := libraryAt(t, c.change)
			p := at(t, address, well...)
			p.asks(t, "", "ils", "status").has(t, c.status, c.words...)
			s := p.asks(t, "", "--json", "ils", "status")
			found := documents[libraryStatus](t, s.out)
			if len(found) != 1 || s.status != c.status {
				t.Fatalf("%+v", s)
			}
			d := found[0]
			if d.OnLine != c.want.OnLine || d.FeePaid != c.want.FeePaid || d.Institution != "CPL" || len(d.Messages) != 16 || d.TimeoutMS == nil || d.Retries == nil || d.Date == nil {
				t.Errorf("%+v", d)
			}
			if hour := *d.ClockDifference / 1800; strings.Contains(c.name, "ahead") && hour < 1 || strings.Contains(c.name, "behind") && hour > -1 {
				t.Errorf("the clock differs by %d s", *d.ClockDifference)
			}
		})
	}
}

func TestWhatTheLibraryDoesNotSayIsNotMadeUp(t *testing.T) {
	d := newLibraryStatus(sip.ACSStatus{OnLine: true, Timeout: sip.Unknown, Retries: sip.Unknown}, time.Now())
	if d.TimeoutMS != nil || d.Retries != nil || d.Date != nil || d.ClockDifference != nil || d.FeePaid != "not said" || d.obstacle() != "" {
		t.Errorf("%+v", d)
	}
}

func TestALoginIsAcceptedOrRefused(t *testing.T) {
	_, address := libraryAt(t, nil)
	good, bad := at(t, address, well...), at(t, address, `password = "wrong"`)
	good.asks(t, "", "ils", "login").has(t, 0, `accepts the login "kiosk01"`)
	s := bad.asks(t, "", "ils", "login")
	s.has(t, exitNotWell, `the library system at `+address+` refuses the login "kiosk01"; look at ils.login, ils.password`)
	if s.err != "" {
		t.Errorf("%+v", s)
	}
	s = bad.asks(t, "", "--json", "ils", "login")
	if found := documents[libraryLogin](t, s.out); s.status != exitNotWell || len(found) != 1 || found[0].Accepted || found[0].Reason == "" {
		t.Errorf("%+v", s)
	}
	s = good.asks(t, "", "--json", "ils", "login")
	if found := documents[libraryLogin](t, s.out); s.status != 0 || len(found) != 1 || !found[0].Accepted || found[0].Login != "kiosk01" {
		t.Errorf("%+v", s)
	}
	_, open := libraryAt(t, func(c *acs.Config) { c.Login = "" })
	p := at(t, open)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, strings.Replace(string(text), "login = \"kiosk01\"\n", "", 1))
	p.asks(t, "", "ils", "login").has(t, 0, "asks for no login")
	for _, words := range [][]string{{"status"}, {"patron", cardOwing}, {"fees", cardOwing}, {"raw", "9900402.00"}} {
		s := bad.asks(t, "", append([]string{"ils"}, words...)...)
		s.has(t, exitNotWell, `refuses the login "kiosk01"; look at ils.login`)
		if s.out != "" {
			t.Errorf("%+v", s)
		}
	}
}

// answering runs a server that does the same with each connection, and then ends it.
func answering(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { do(conn); conn.Close() }()
		}
	}()
	return l.Addr().String()
}

func TestALibrarySystemThatCannotBeAskedIsToldWithItsMend(t *testing.T) {
	pair, ca := certtest.For(t, certtest.Today(), "ils.example.org")
	_, otherCA := certtest.For(t, certtest.Today(), "ils.example.org")
	old, oldCA := certtest.For(t, certtest.Validity{From: time.Now().AddDate(0, 0, -2), To: time.Now().AddDate(0, 0, -1)}, "ils.example.org")
	secure := func(pair tls.Certificate, newest uint16) string {
		s, _ := libraryAt(t, nil)
		l := listen(t)
		go s.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: newest}))
		return l.Addr().String()
	}
	protected := secure(pair, tls.VersionTLS13)
	_, plain := libraryAt(t, nil)
	gone := listen(t)
	gone.Close()
	read := func(c net.Conn) { c.Read(make([]byte, 1024)) }
	for name, c := range map[string]struct {
		address string
		lines   []string
		words   []string // empty: it can be asked
	}{
		"well over TLS":     {protected, []string{`tls = true`, `server_name = "ils.example.org"`, `ca_file = "` + ca + `"`}, nil},
		"nothing there":     {gone.Addr().String(), nil, []string{"takes no connections: nothing listens there", "is the port in ils.address right?"}},
		"ends at once":      {answering(t, read), nil, []string{"ends the connection without an answer", "then set tls = true"}},
		"plain to TLS":      {protected, nil, []string{"is this its TLS port (then set tls = true)"}},
		"no SIP2":           {answering(t, func(c net.Conn) { read(c); c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); read(c) }), nil, []string{"answers, but not as SIP2 wants it"}},
		"no TLS at all":     {answering(t, func(c net.Conn) { read(c); c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }), []string{`tls = true`}, []string{"does not speak TLS there", "name its TLS port in ils.address"}},
		"another name":      {protected, []string{`tls = true`, `server_name = "other.example.org"`, `ca_file = "` + ca + `"`}, []string{`made out to ils.example.org and not to "other.example.org"`, "ils.server_name"}},
		"another authority": {protected, []string{`tls = true`, `server_name = "ils.example.org"`, `ca_file = "` + otherCA + `"`}, []string{"the authority in " + otherCA + " has not signed", "put the new authority into that file"}},
		"no authority":      {protected, []string{`tls = true`, `server_name = "ils.example.org"`}, []string{"an authority that this station does not know", "name it in ils.ca_file"}},
		"expired":           {secure(old, tls.VersionTLS13), []string{`tls = true`, `server_name = "ils.example.org"`, `ca_file = "` + oldCA + `"`}, []string{"is good from ", "set the station's clock right"}},
		"old TLS":           {secure(pair, tls.VersionTLS11), []string{`tls = true`, `server_name = "ils.example.org"`, `ca_file = "` + ca + `"`}, []string{"refuses the TLS connection", "TLS 1.2 or newer"}},
		"no file":           {protected, []string{`tls = true`, `ca_file = "/nowhere/ca.pem"`}, []string{"/nowhere/ca.pem", "name the file of its certificate authority"}},
		"no password":       {plain, []string{`password = "file:/nowhere/word"`}, []string{"ils.password: a password cannot be read", "/nowhere/word"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !slices.ContainsFunc(c.lines, func(l string) bool { return strings.HasPrefix(l, "password") }) {
				c.lines = append(c.lines, `password = "`+kioskWord+`"`)
			}
			p := at(t, c.address, c.lines...)
			status := 0
			if len(c.words) > 0 {
				status = exitNotWell
			}
			for _, words := range [][]string{{"status"}, {"login"}, {"--json", "status"}, {"fees", cardOwing}, {"patron", cardOwing}, {"raw", "9900402.00"}} {
				if words[0] == "--json" {
					words = []string{"--json", "ils", "status"}
				} else {
					words = append([]string{"ils"}, words...)
				}
				s := p.asks(t, "", words...)
				s.has(t, status, c.words...)
				if status != 0 && (s.out != "" || strings.Count(s.err, "\n") != 1) {
					t.Errorf("%v: not one sentence on standard error: %+v", words, s)
				}
			}
		})
	}
}

func TestAPasswordOfTheDaemonIsFoundWhereItSaysSo(t *testing.T) {
	_, address := libraryAt(t, nil)
	p := at(t, address, `password = "credential:sip2"`)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "sip2"), []byte(kioskWord+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	for _, words := range [][]string{{"login"}, {"fees", cardOwing}, {"proxy", "--listen", "127.0.0.1:0"}} {
		p.asks(t, "", append([]string{"ils"}, words...)...).has(t, exitNotWell, `credential "sip2" cannot be read`, "CREDENTIALS_DIRECTORY=/run/credentials/kioskd.service")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", folder)
	p.asks(t, "", "ils", "login").has(t, 0, "accepts the login")
}

func TestEveryTroubleHasItsMend(t *testing.T) {
	plain, mistakes := config.Parse("[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://ils.example.org:6001\"\ntls = false\n[terminal]\naddress = \"tcp://127.0.0.1:1\"\n")
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	secure := plain
	secure.ILS.TLS = true
	for _, c := range []struct {
		c    config.Config
		err  error
		what string
		mend string
	}{
		{plain, &net.DNSError{Name: "ils.example.org", IsNotFound: true}, `the name "ils.example.org" is not known here`, "name server"},
		{plain, syscall.EHOSTUNREACH, "there is no way to this address", "cable"},
		{plain, syscall.ENETUNREACH, "there is no way to this address", "cable"},
		{plain, context.DeadlineExceeded, "does not answer", "firewall"},
		{plain, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "does not answer", "firewall"},
		{plain, client.ErrSilent, "takes the connection and does not answer", "TLS in front"},
		{secure, client.ErrClosed, "ends the connection", "behind its TLS"},
		{plain, device.ErrAttention, "refuses the login", "ils.password"},
		{plain, client.ErrUnsupported, "does not offer this message", "ask the library to allow it"},
		{secure, client.ErrTLS, "no safe connection", "ca_file"},
		{plain, sip.ErrUnreadable, "not as SIP2 wants it", "kioskctl ils proxy"},
		{plain, x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.NotAuthorizedToSign}, "may not be used for this", "server's certificate"},
		{plain, errors.New("something else"), "something else", "[ils]"},
	} {
		err := cannotAsk(c.c, fmt.Errorf("sip: status: %w", c.err))
		if text := err.Error(); !strings.HasPrefix(text, "the library system at ils.example.org:6001 ") || !strings.Contains(text, c.what) || !strings.Contains(text, c.mend) {
			t.Errorf("%v becomes %q", c.err, text)
		}
	}
	if err := cannotAsk(plain, context.Canceled); !strings.Contains(err.Error(), "ended before") {
		t.Error(err)
	}
}

func TestAPatronIsShownWithoutTheName(t *testing.T) {
	s, address := libraryAt(t, nil)
	p := at(t, address, well...)
	p.asks(t, "", "ils", "patron", cardOwing).has(t, 0, "card      valid", "blocked   no", "PIN       not needed", "initials  AM", "owed      15.50 EUR, fees listed 2")
	for _, c := range []struct {
		name, stdin string
		words       []string
		status      int
		pin         string
		reason      string
	}{
		{"without the PIN", "", nil, exitNotWell, "needed", "give it on standard input with --pin -"},
		{"with the PIN", patronPIN + "\n", []string{"--pin", "-"}, 0, "accepted", ""},
		{"with the PIN and no line end", patronPIN, []string{"--pin=-"}, 0, "accepted", ""},
		{"with a wrong PIN", "9999\n", []string{"--pin", "-"}, exitNotWell, "wrong", "the PIN is wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := count(s, "63")
			got := p.asks(t, c.stdin, append([]string{"--json", "ils", "patron", cardPIN}, c.words...)...)
			found := documents[libraryPatron](t, got.out)
			if len(found) != 1 || got.status != c.status {
				t.Fatalf("%+v", got)
			}
			d := found[0]
			if !d.Valid || !d.Blocked || !slices.Equal(d.Blocks, []string{"charge privileges denied"}) || d.PIN != c.pin || d.Initials != "NF" ||
				*d.TotalMinor != 640 || *d.Counts.Fines != 1 || !strings.Contains(d.Reason, c.reason) || (c.reason == "") != (d.Reason == "") {
				t.Errorf("%+v", d)
			}
			if asked := count(s, "63") - before; asked != 1 { // a wrong PIN counts at the library
				t.Errorf("the patron was asked for %d times", asked)
			}
			p.asks(t, c.stdin, append([]string{"ils", "patron", cardPIN}, c.words...)...).has(t, c.status, "PIN       "+c.pin, "blocked   charge privileges denied")
		})
	}
	p.asks(t, "", "ils", "patron", "20017000099999").has(t, exitNotWell, "the library does not know this card")
	got := p.asks(t, "", "--json", "ils", "patron", "20017000099999")
	if found := documents[libraryPatron](t, got.out); len(found) != 1 || found[0].Valid || found[0].TotalMinor != nil || found[0].Initials != "" {
		t.Errorf("%+v", got)
	}
}

func count(s *acs.System, code string) int {
	n := 0
	for _, c := range s.Requests() {
		if c == code {
			n++
		}
	}
	return n
}

func TestAPINComesFromStandardInputOnly(t *testing.T) {
	s, address := libraryAt(t, nil)
	p := at(t, address, well...)
	for _, command := range []string{"patron", "fees"} {
		for _, words := range [][]string{{"--pin", patronPIN}, {"--pin=" + patronPIN}} {
			p.asks(t, patronPIN, append([]string{"ils", command, cardPIN}, words...)...).has(t, exitUsage, "write --pin -")
		}
		p.asks(t, "", "ils", command, cardPIN, "--pin", "-").has(t, exitUsage, "standard input is empty")
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestFeesAreListedAsTheKioskWouldOfferThem(t *testing.T) {
	_, address := libraryAt(t, nil)
	p := at(t, address, well...)
	s := p.asks(t, "", "--json", "ils", "fees", cardOwing)
	want := []libraryFee{{"104", "Lost item: Momo", 1250, "EUR"}, {"105", "Overdue: Tintenherz", 300, "EUR"}}
	if found := documents[libraryFee](t, s.out); s.status != 0 || !slices.Equal(found, want) {
		t.Errorf("%+v", s)
	}
	p.asks(t, "", "ils", "fees", cardOwing).has(t, 0, "104", "12.50 EUR", "Lost item: Momo")
	p.asks(t, patronPIN+"\n", "ils", "fees", cardPIN, "--pin", "-").has(t, 0, "106", "6.40 EUR")
	p.asks(t, "", "ils", "fees", cardPIN).has(t, exitNotWell, "give it on standard input with --pin -")
	p.asks(t, "9\n", "ils", "fees", cardPIN, "--pin", "-").has(t, exitNotWell, "the PIN is wrong")
	p.asks(t, "", "ils", "fees", "20017000099999").has(t, exitNotWell, "does not know this card")
	p.asks(t, "", "ils", "fees", "20017000042333").has(t, 0, "nothing is owed")
	if s := p.asks(t, "", "--json", "ils", "fees", "20017000042333"); s.status != 0 || s.out != "" {
		t.Errorf("%+v", s)
	}
}

func TestTheWholeAccountIsOneFeeWhereTheLibraryNamesNone(t *testing.T) {
	_, address := libraryAt(t, func(c *acs.Config) { c.Mode = acs.Generic })
	p := at(t, address, `profile = "generic"`, `password = "`+kioskWord+`"`)
	s := p.asks(t, "", "--json", "ils", "fees", cardOwing)
	if found := documents[libraryFee](t, s.out); s.status != 0 || !slices.Equal(found, []libraryFee{{"", "", 1550, "EUR"}}) {
		t.Errorf("%+v", s)
	}
	p.asks(t, "", "ils", "fees", cardOwing).has(t, 0, "15.50 EUR", "the whole account at once")
}

func TestFeesThatCannotBeReadExactlyAreToldWhy(t *testing.T) {
	_, address := libraryAt(t, func(c *acs.Config) { c.Mode = acs.Generic }) // its fee list is text for people
	p := at(t, address, well...)
	for _, command := range []string{"fees", "patron"} {
		p.asks(t, "", "ils", command, cardOwing).has(t, exitNotWell, "the fees cannot be read exactly, so the kiosk would offer none: ", "fee 1 of 2", "is ils.profile right")
	}
	s := p.asks(t, "", "--json", "ils", "patron", cardOwing)
	if found := documents[libraryPatron](t, s.out); len(found) != 1 || !found[0].Valid || found[0].TotalMinor != nil || *found[0].Counts.Fines != 2 {
		t.Errorf("%+v", s)
	}
	if r := refusal(fmt.Errorf("sip2: account: %w: %w", ils.ErrFeesUnreadable, errors.New("the reason")), false); !strings.Contains(r, ": the reason; ") {
		t.Error(r)
	}
}

const rawPayment = "3720261121    1405500102EURBV12.50|CG104|BK1-1|AOCPL|AA" + cardOwing + "|"

func TestARawMessageIsExplained(t *testing.T) {
	s, address := libraryAt(t, nil)
	p := at(t, address, well...)
	p.asks(t, "", "ils", "raw", "9900402.00").has(t, 0, "98 ACS Status", "checksum ok", "on line status", "yes", "AO institution id")
	p.asks(t, "", "ils", "raw", "97").has(t, 0, "98 ACS Status")
	got := p.asks(t, "", "--json", "ils", "raw", "6300120261121    140550   Y      AOCPL|AA"+cardOwing+"|AC|AD|")
	found := documents[sipdecode.Document](t, got.out)
	if got.status != 0 || len(found) != 1 || found[0].Message != "64" || found[0].Checksum != "ok" {
		t.Fatalf("%+v", got)
	}
	values := map[string]string{}
	for _, f := range found[0].Fields {
		values[f.ID] = f.Value
	}
	if values["AA"] != cardOwing || values["AE"] != hidden || values["AV"] == "" {
		t.Errorf("%v", values)
	}
	// a PIN in a message comes over standard input
	p.asks(t, "2300120261121    140550AOCPL|AA"+cardPIN+"|AC|AD"+patronPIN+"|\n", "ils", "raw", "-").has(t, 0, "24 Patron Status Response", "charge privileges denied")
	p.asks(t, "", "ils", "raw", "3520261121    140550AOCPL|AA"+cardOwing+"|AYZ|").has(t, exitUsage)
	if n := count(s, "23"); n != 1 {
		t.Errorf("23 was sent %d times", n)
	}
}

func TestARawMessageThatChangesAnAccountIsRefused(t *testing.T) {
	s, address := libraryAt(t, nil)
	p, trial := at(t, address, well...), at(t, address, append(slices.Clone(well), "test_system = true")...)
	changing := 0
	for _, layout := range wire.Layouts() {
		message := layout.Code + strings.Repeat(" ", layout.Width()) + "AA" + cardOwing + "|"
		_, request := sip.PositionOf(layout.Code)
		switch {
		case harmless[layout.Code]:
			continue
		case layout.Code == "93":
			p.asks(t, "", "ils", "raw", message).has(t, exitUsage, "kioskctl ils login")
		case !request:
			trial.asks(t, "", "ils", "raw", "--yes-this-pays", message).has(t, exitUsage, "is no request")
		default:
			changing++
			p.asks(t, "", "ils", "raw", message).has(t, exitUsage, "message "+layout.Code, "was not sent", "ils.test_system = true")
			p.asks(t, "", "ils", "raw", "--yes-this-pays", message).has(t, exitUsage, "ils.test_system = true")
			trial.asks(t, "", "ils", "raw", message).has(t, exitUsage, "was not sent", "add --yes-this-pays")
		}
	}
	if changing != 9 {
		t.Errorf("%d messages change an account", changing)
	}
	trial.asks(t, "", "ils", "raw", "--yes-this-pays", "55").has(t, exitUsage, "not in the SIP2 document")
	if asked := s.Requests(); len(asked) != 0 {
		t.Errorf("sent all the same: %v", asked)
	}
	trial.asks(t, "", "ils", "raw", "--yes-this-pays", rawPayment).has(t, 0, "38 Fee Paid Response", "payment accepted", "yes")
	if b := s.Books().Postings; len(b) != 1 || b[0].AmountMinor != 1250 {
		t.Errorf("%+v", b)
	}
	if err := s.Next(acs.Again, acs.Drop); err != nil {
		t.Fatal(err)
	}
	trial.asks(t, "", "ils", "raw", "--yes-this-pays", rawPayment).has(t, exitNotWell, "96 Request SC Resend")
	trial.asks(t, "", "ils", "raw", "--yes-this-pays", strings.Replace(rawPayment, "104", "105", 1)).has(t, exitNotWell, "may have been carried out", "look at the account")
	if n := count(s, "37"); n != 3 {
		t.Errorf("37 was sent %d times", n)
	}
}

func TestARawMessageIsTypedInFull(t *testing.T) {
	s, address := libraryAt(t, nil)
	p := at(t, address, well...)
	for message, want := range map[string]string{
		"":                       "two digits",
		"hello":                  "two digits",
		"99":                     "status code (1), max print width (3), protocol version (4); 0 were given",
		"9900402.00x|":           "cannot be sent as it is",
		"9900402.00AOa\x01b|":    "cannot be sent",
		"2300120261121AOCPL|AA1": "patron",
	} {
		s := p.asks(t, "", "ils", "raw", message)
		if s.status != exitUsage || want != "patron" && !strings.Contains(s.err, want) {
			t.Errorf("%q: %+v", message, s)
		}
	}
	if n := len(s.Requests()); n > 2 { // one login and its 99, for the message that the wire refused
		t.Errorf("%v were sent", s.Requests())
	}
}
