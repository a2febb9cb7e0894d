package desk_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/desk"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/keypair"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/supervisor"
	"selfpay/sip/certtest"
)

const (
	password = "four words that differ"
	card     = "20017000042317"
	pan      = "************1234"
)

func euro(minor int64) money.Amount { return money.Of(minor, "EUR") }

// station has a ledger, and the desk's page on a real socket.
type station struct {
	t       *testing.T
	folder  string
	ledger  *ledger.Ledger
	address string
	trust   *x509.CertPool
}

func begin(t *testing.T) *station {
	t.Helper()
	s := &station{t: t, folder: t.TempDir()}
	var err error
	if s.ledger, err = ledger.Open(s.folder, bytes.Repeat([]byte{7}, ledger.KeySize)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.ledger.Close() })
	return s
}

// serve opens the page; what is in the ledger by then is shown.
func (s *station) serve() {
	s.t.Helper()
	log := slog.New(slog.DiscardHandler)
	own, file := certtest.For(s.t, certtest.Today(), "127.0.0.1")
	pair, err := keypair.Load(file, certtest.KeyFile(s.t, own), log)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.trust, err = keypair.Authorities(file); err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = l.Addr().String()
	page := desk.New(desk.Config{Ledger: s.ledger, Monitor: health.New(health.Config{Kiosk: "main-01", Log: log}), Library: "Central <Library>", Kiosk: "main-01",
		Currency: "EUR", Log: log, Devices: func() []supervisor.State {
			return []supervisor.State{{Name: "terminal", There: true, Since: time.Now()}, {Name: "printer", Why: "<script>alert(1)</script>"}}
		}})
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- page.Serve(ctx, l, desk.Access{Pair: pair, Password: password}) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			s.t.Error(err)
		}
	})
}

// browser follows no redirect and keeps cookies.
func (s *station) browser() *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.trust}}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *station) get(c *http.Client, path string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://"+s.address+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(c, r, header...)
}

func (s *station) post(c *http.Client, path string, form url.Values, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, "https://"+s.address+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(c, r, header...)
}

func (s *station) do(c *http.Client, r *http.Request, header ...string) (*http.Response, string) {
	s.t.Helper()
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(body)
}

// inside is a browser that is logged in.
func (s *station) inside() *http.Client {
	s.t.Helper()
	c := s.browser()
	if answer, body := s.post(c, "/login", url.Values{"password": {password}}); answer.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("logging in: %d %s", answer.StatusCode, body)
	}
	return c
}

// pay has a payment of one fee; events happen to it.
func (s *station) pay(minor int64, at time.Time, events ...func(payment.Head) payment.Event) payment.Payment {
	s.t.Helper()
	head := payment.Head{At: payment.Stamp{Wall: at, Boot: "one", Mono: time.Duration(at.Unix()) * time.Second}}
	owed := payment.Reading{Total: euro(minor), Fees: []payment.Balance{{Fee: "104", Minor: minor}}}
	p, err := s.ledger.Intend(card, payment.Intended{Head: head, Amount: euro(minor), Rules: payment.StandardRules(time.Minute, false),
		Legs: []payment.PlannedLeg{{Fee: "104", Amount: euro(minor)}}, Account: owed})
	for _, event := range events {
		if err == nil {
			p, err = s.ledger.Append(p.ID, event(head))
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// The events of a payment.
func purchasing(h payment.Head) payment.Event { return payment.Purchasing{Head: h} }
func ended(h payment.Head) payment.Event      { return payment.DialogueEnded{Head: h} }
func seen(minor int64) func(payment.Head) payment.Event {
	return func(h payment.Head) payment.Event {
		return payment.ApprovalSeen{Head: h, Approval: payment.Approval{Amount: euro(minor), Receipt: 417, Trace: 912, TerminalID: "52500295", MaskedPAN: pan, CardName: "girocard"}}
	}
}
func read(minor int64) func(payment.Head) payment.Event {
	return func(h payment.Head) payment.Event {
		return payment.AccountRead{Head: h, Leg: 1, Account: payment.Reading{Total: euro(minor), Fees: []payment.Balance{{Fee: "104", Minor: minor}}}}
	}
}
func accepted(h payment.Head) payment.Event { return payment.Answered{Head: h, Leg: 1, Accepted: true} }

func (s *station) posted(minor int64, at time.Time) payment.Payment {
	return s.pay(minor, at, purchasing, seen(minor), ended, read(minor), accepted)
}

func (s *station) waits(minor int64, at time.Time) payment.Payment {
	return s.pay(minor, at, purchasing, seen(minor), ended)
}

// refundDue is charged, but the fee has gone when it is to be posted.
func (s *station) refundDue(minor int64, at time.Time) payment.Payment {
	s.t.Helper()
	p := s.waits(minor, at)
	late := at.Add(time.Hour)
	p, err := s.ledger.Append(p.ID, payment.AccountRead{Head: payment.Head{At: payment.Stamp{Wall: late, Boot: "one", Mono: time.Duration(late.Unix()) * time.Second}},
		Leg: 1, Account: payment.Reading{Total: euro(0)}})
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestNobodySeesAnythingWithoutThePassword(t *testing.T) {
	s := begin(t)
	p := s.waits(1250, time.Now())
	s.serve()
	c := s.browser()
	for _, path := range []string{"/", "/payment?code=" + p.ID.String(), "/none", "/login"} {
		answer, body := s.get(c, path)
		if strings.Contains(body, p.ID.String()) || strings.Contains(body, "12.50") || path != "/login" && answer.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d %s", path, answer.StatusCode, body)
		}
	}
	for _, wrong := range []string{"", "Four words that differ", password + " ", strings.Repeat("x", 4096)} {
		if answer, _ := s.post(c, "/login", url.Values{"password": {wrong}}); answer.StatusCode != http.StatusForbidden || len(answer.Cookies()) > 0 {
			t.Errorf("%.40q: %d", wrong, answer.StatusCode)
		}
	}
	for _, number := range []string{"", "x", strings.Repeat("A", 26)} {
		if answer, _ := s.get(c, "/", "Cookie", "__Host-desk="+number); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("a made-up visit %q: %d", number, answer.StatusCode)
		}
	}
}

func TestTheDeskSeesWhatIsToBeDone(t *testing.T) {
	s := begin(t)
	now := time.Now()
	posted, waits, due := s.posted(1250, now), s.waits(700, now), s.refundDue(325, now.Add(-30*time.Hour))
	s.serve()
	c := s.inside()
	answer, page := s.get(c, "/")
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", answer.StatusCode, page)
	}
	todo, rest, _ := strings.Cut(page, `id="waiting"`)
	waiting, last, _ := strings.Cut(rest, `id="last"`)
	for _, want := range []struct{ where, code, says string }{
		{todo, due.ID.String(), "€3.25"}, {todo, due.ID.String(), "Pay the money out to the patron"}, {waiting, waits.ID.String(), "€7.00"},
		{last, posted.ID.String(), "paid and booked"}, {last, waits.ID.String(), "paid, the booking follows"}, {last, "terminal", "not there"},
		{last, "€22.75", "Takings by day"}, {last, "up to 1 week", "Open cases by age"},
	} {
		if !strings.Contains(want.where, want.code) || !strings.Contains(want.where, want.says) {
			t.Errorf("%s and %q do not stand where they should", want.code, want.says)
		}
	}
	if strings.Contains(todo, posted.ID.String()) || strings.Contains(waiting, due.ID.String()) || regexp.MustCompile(`>(case|column|outcome|waiting|age|todo)-[a-z-]+<`).MatchString(page) {
		t.Errorf("a payment in the wrong list, or a key without a sentence: %s", page)
	}
	if _, german := s.get(c, "/", "Accept-Language", "de-AT,de;q=0.9,en;q=0.5"); !strings.Contains(german, `<html lang="de">`) || !strings.Contains(german, "3,25") {
		t.Errorf("not in German: %.300s", german)
	}
	for _, code := range []string{due.ID.String(), " " + due.ID.String() + " "} {
		answer, body := s.get(c, "/payment?code="+url.QueryEscape(code))
		if answer.StatusCode != http.StatusOK || !strings.Contains(body, "kioskctl refund done") || !strings.Contains(body, "receipt 417") {
			t.Errorf("%q: %d %s", code, answer.StatusCode, body)
		}
	}
}

func TestNoCardStandsOnThePage(t *testing.T) {
	s := begin(t)
	p := s.refundDue(325, time.Now().Add(-time.Hour))
	s.posted(1250, time.Now())
	s.serve()
	c := s.inside()
	for _, path := range []string{"/", "/payment?code=" + p.ID.String()} {
		_, body := s.get(c, path)
		if strings.Contains(body, card) || regexp.MustCompile(`\d{9,}`).MatchString(strings.ReplaceAll(body, p.ID.Reference(1), "")) {
			t.Errorf("%s shows a number: %s", path, body)
		}
	}
}

func TestHostileInputFindsNothingAndBecomesNoMarkup(t *testing.T) {
	s := begin(t)
	s.serve()
	c := s.inside()
	for _, code := range []string{"", "x", "9999-1", "4821-123/1", "<script>alert(1)</script>", "' OR 1=1 --", strings.Repeat("9", 4000), "\x00", "%zz", "../../etc/passwd"} {
		answer, body := s.get(c, "/payment?code="+url.QueryEscape(code))
		if answer.StatusCode != http.StatusNotFound || strings.Contains(body, "<script") {
			t.Errorf("%.40q: %d %s", code, answer.StatusCode, body)
		}
	}
	_, page := s.get(c, "/")
	if strings.Contains(page, "<script") || strings.Contains(page, "<Library>") || strings.Contains(page, " style=") || strings.Contains(page, " onload") {
		t.Errorf("foreign text is markup, or the page has a script or a style: %s", page)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		r, _ := http.NewRequest(method, "https://"+s.address+"/payment?code=4821-1", nil)
		if answer, _ := s.do(c, r); answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, answer.StatusCode)
		}
	}
	if answer, _ := s.post(c, "/logout", nil, "Sec-Fetch-Site", "cross-site"); answer.StatusCode != http.StatusForbidden {
		t.Errorf("another site logs the desk out: %d", answer.StatusCode)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	s := begin(t)
	s.serve()
	c := s.inside()
	for _, path := range []string{"/", "/payment?code=x", "/desk.css", "/none"} {
		answer, _ := s.get(c, path)
		for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"} {
			if !strings.Contains(answer.Header.Get(name), want) {
				t.Errorf("%s: %s = %q", path, name, answer.Header.Get(name))
			}
		}
	}
	answer, _ := s.post(s.browser(), "/login", url.Values{"password": {password}})
	if cookie := answer.Header.Get("Set-Cookie"); !strings.Contains(cookie, "__Host-desk=") || !strings.Contains(cookie, "; Path=/; HttpOnly; Secure; SameSite=Strict") {
		t.Errorf("the cookie is %q", cookie)
	}
	if _, err := tls.Dial("tcp", s.address, &tls.Config{RootCAs: s.trust, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
	if plain, err := http.Get("http://" + s.address + "/"); err == nil {
		plain.Body.Close()
		if plain.StatusCode != http.StatusBadRequest {
			t.Errorf("without TLS: %d", plain.StatusCode)
		}
	}
}

func TestGuessingIsSlowedDownAndTheRightPasswordWaitsToo(t *testing.T) {
	s := begin(t)
	s.serve()
	c := s.browser()
	refused := 0
	for range 8 {
		if answer, _ := s.post(c, "/login", url.Values{"password": {"wrong"}}); answer.StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 2 {
		t.Errorf("%d of 8 wrong passwords were not looked at", refused)
	}
	if answer, body := s.post(c, "/login", url.Values{"password": {password}}); answer.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "half a minute") {
		t.Errorf("the right password: %d", answer.StatusCode)
	}
}

func TestLoggingOutEndsTheVisit(t *testing.T) {
	s := begin(t)
	s.serve()
	c := s.inside()
	answer, _ := s.get(c, "/")
	site, _ := url.Parse("https://" + s.address)
	kept := c.Jar.Cookies(site)
	if answer.StatusCode != http.StatusOK || len(kept) != 1 {
		t.Fatalf("%d, cookies %v", answer.StatusCode, kept)
	}
	s.post(c, "/logout", nil)
	if answer, _ := s.get(s.browser(), "/", "Cookie", kept[0].Name+"="+kept[0].Value); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("the number of an ended visit still lets in: %d", answer.StatusCode)
	}
}

// sizes of all files in a folder.
func sizes(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %x\n", path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestLookingWritesNothing(t *testing.T) {
	s := begin(t)
	p := s.refundDue(325, time.Now())
	s.serve()
	before := sizes(t, s.folder)
	c := s.inside()
	s.get(c, "/")
	s.get(c, "/payment?code="+p.ID.String())
	s.post(c, "/logout", nil)
	if sizes(t, s.folder) != before {
		t.Error("a file of the station has changed")
	}
}
