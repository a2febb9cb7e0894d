package health_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/health/keypair"
	"selfpay/sip/certtest"
)

const token = "0123456789abcdef-only-for-tests"

// patience bounds every wait for what comes in a moment.
const patience = time.Minute

// page is a station whose health page is served on a real socket.
type page struct {
	*station
	address string
	mine    tls.Certificate // with which the page lets in
	trust   *x509.CertPool  // by which the page is known
}

// serve serves a station; access chooses who may look.
func serve(t *testing.T, access func(p *page) health.Access) *page {
	t.Helper()
	s, end := begin(t)
	p := &page{station: s}
	a := access(p)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l, a) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		end()
	})
	p.eventually("ready", func() bool { return s.Obstacle() == "" })
	return p
}

func open(*page) health.Access { return health.Access{} }

// locked is TLS with a token and a client certificate.
func locked(p *page) health.Access {
	own, file := certtest.For(p.t, certtest.Today(), "127.0.0.1")
	pair, err := keypair.Load(file, certtest.KeyFile(p.t, own), slog.New(slog.DiscardHandler))
	if err != nil {
		p.t.Fatal(err)
	}
	if p.trust, err = keypair.Authorities(file); err != nil {
		p.t.Fatal(err)
	}
	mine, clients := certtest.For(p.t, certtest.Today(), "watcher.example.org")
	p.mine = mine
	authorities, err := keypair.Authorities(clients)
	if err != nil {
		p.t.Fatal(err)
	}
	return health.Access{Pair: pair, Token: token, Clients: authorities}
}

func (p *page) eventually(what string, holds func() bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// asker asks on fresh connections only.
func (p *page) asker(own ...tls.Certificate) *http.Client {
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: p.trust, Certificates: own}}}
	return c
}

// ask is one request; 0: no answer.
func (p *page) ask(c *http.Client, method, path, bearer string, body io.Reader) (int, string, http.Header) {
	p.t.Helper()
	scheme := "http"
	if p.trust != nil {
		scheme = "https"
	}
	r, err := http.NewRequest(method, scheme+"://"+p.address+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", bearer)
	}
	answer, err := c.Do(r)
	if err != nil {
		return 0, err.Error(), nil
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error(), nil
	}
	return answer.StatusCode, string(text), answer.Header
}

// well: the document comes on a fresh connection, and the loop that owns the money turns.
func (p *page) well(when string) {
	p.t.Helper()
	bearer := ""
	if p.trust != nil {
		bearer = "Bearer " + token
	}
	p.eventually(when+": the document comes", func() bool {
		code, text, _ := p.ask(p.asker(p.mine), http.MethodGet, "/healthz", bearer, nil)
		return code == http.StatusOK && strings.Contains(text, `"serviceId":"main-01"`)
	})
	ctx, stop := context.WithTimeout(p.t.Context(), patience)
	defer stop()
	if _, err := p.runner.Summary(ctx); err != nil {
		p.t.Errorf("%s: the money loop does not answer: %v", when, err)
	}
}

func TestWhoMayNotLookLearnsNothing(t *testing.T) {
	p := serve(t, locked)
	known, stranger := p.asker(p.mine), p.asker()
	foreign, _ := certtest.For(t, certtest.Today(), "watcher.example.org")
	for what, c := range map[string]*http.Client{"no certificate": stranger, "another certificate": p.asker(foreign)} {
		if code, said, _ := p.ask(c, http.MethodGet, "/livez", "Bearer "+token, nil); code != 0 {
			t.Errorf("%s: %d %s", what, code, said)
		}
	}
	for what, bearer := range map[string]string{"no token": "", "half of it": "Bearer " + token[:20], "more": "Bearer " + token + "x", "as a password": "Basic " + token, "bare": token} {
		for _, path := range []string{"/healthz", "/nowhere"} {
			code, said, header := p.ask(known, http.MethodGet, path, bearer, nil)
			for ; code == http.StatusTooManyRequests; code, said, header = p.ask(known, http.MethodGet, path, bearer, nil) {
				time.Sleep(100 * time.Millisecond)
			}
			if code != http.StatusUnauthorized || said != "unauthorized\n" || header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s at %s: %d %q", what, path, code, said)
			}
		}
	}
	for path, want := range map[string]string{"/livez": "alive\n", "/readyz": "ready\n", "/healthz": `"serviceId"`, "/metrics": "kiosk_ready 1\n"} {
		if code, said, _ := p.ask(known, http.MethodGet, path, "Bearer "+token, nil); code != http.StatusOK || !strings.Contains(said, want) {
			t.Errorf("%s: %d %s", path, code, said)
		}
	}
}

func TestOnlyLookingIsPossible(t *testing.T) {
	p := serve(t, open)
	c := p.asker()
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace, "BREW"} {
		if code, said, header := p.ask(c, method, "/healthz", "", nil); code != http.StatusMethodNotAllowed || header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %s", method, code, said)
		}
	}
	if code, said, _ := p.ask(c, http.MethodHead, "/healthz", "", nil); code != http.StatusOK || said != "" {
		t.Errorf("HEAD: %d %s", code, said)
	}
	for what, body := range map[string]io.Reader{"a body": strings.NewReader("x"), "an endless one": io.MultiReader(strings.NewReader("x"))} {
		if code, said, _ := p.ask(c, http.MethodGet, "/healthz", "", body); code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %s", what, code, said)
		}
	}
	if code, _, _ := p.ask(c, http.MethodGet, "/"+strings.Repeat("x", 20<<10), "", nil); code != http.StatusRequestHeaderFieldsTooLarge && code != 0 { // the rest of it may meet a closed door
		t.Errorf("a long path: %d", code)
	}
}

// counted is what a process has open.
type counted struct{ routines, files int }

func count(t *testing.T) counted {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return counted{runtime.NumGoroutine(), len(open)}
}

// backTo waits until no more is open than before.
func (p *page) backTo(before counted) {
	p.t.Helper()
	p.eventually(fmt.Sprintf("goroutines and files are those of before (%+v)", before), func() bool {
		now := count(p.t)
		return now.routines <= before.routines && now.files <= before.files
	})
}

// dial connects. Who comes in a crowd may be sent away before the connection is made; they come again.
func (p *page) dial() (c net.Conn) {
	p.t.Helper()
	p.eventually("a connection", func() (made bool) {
		var err error
		if c, err = net.Dial("tcp", p.address); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			p.t.Fatal(err)
		}
		return err == nil
	})
	return c
}

func TestHostileClientsAreSurvived(t *testing.T) {
	for what, access := range map[string]func(*page) health.Access{"plain": open, "TLS": locked} {
		t.Run(what, func(t *testing.T) {
			p := serve(t, access)
			p.well("at first")
			p.scanned()
			p.well("after a scan")
			p.flooded()
			p.well("after a flood")
		})
	}
}

// scanned: ports are scanned with what a scanner sends.
func (p *page) scanned() {
	before := count(p.t)
	for range 50 {
		p.dial().Close()
	}
	p.backTo(before) // a crowd that is still inside has others sent away
	for _, sent := range []string{"\x00\x01\x02\xff\xfe", "GET / HTTP/9.9\r\n\r\n", "GET /healthz HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "SSH-2.0-scan\r\n",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"} {
		c := p.dial()
		if _, err := io.WriteString(c, sent); err != nil {
			p.t.Error(err)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			p.t.Error(err)
		}
		c.SetReadDeadline(time.Now().Add(patience))
		said, _ := io.ReadAll(c) // it may be reset
		if strings.Contains(string(said), "serviceId") || strings.Contains(string(said), token) {
			p.t.Errorf("%q is answered by %q", sent, said)
		}
		c.Close()
	}
	if p.trust == nil { // TLS where there is none
		if c, err := tls.Dial("tcp", p.address, &tls.Config{InsecureSkipVerify: true}); err == nil {
			c.Close()
			p.t.Error("a handshake with a page without TLS")
		}
	}
}

// flooded: requests without end, by those who may not look where there are such.
func (p *page) flooded() {
	before := count(p.t)
	var mu sync.Mutex
	codes := map[int]int{}
	var flood sync.WaitGroup
	for range 8 {
		flood.Go(func() {
			c := p.asker(p.mine)
			c.Transport.(*http.Transport).DisableKeepAlives = false
			defer c.CloseIdleConnections()
			end := time.Now().Add(patience)
			for n, held := 0, false; n < 60 || !held && time.Now().Before(end); n++ {
				code, _, _ := p.ask(c, http.MethodGet, "/healthz", "", nil)
				mu.Lock()
				codes[code]++
				held = codes[http.StatusTooManyRequests] > 0
				mu.Unlock()
			}
		})
	}
	if p.trust != nil { // who may look is not kept out by those who may not
		code, _, _ := p.ask(p.asker(p.mine), http.MethodGet, "/healthz", "Bearer "+token, nil)
		if code != http.StatusOK {
			p.t.Errorf("during a flood of strangers: %d", code)
		}
	}
	flood.Wait()
	if codes[http.StatusTooManyRequests] == 0 || p.trust != nil && codes[http.StatusOK] > 0 {
		p.t.Errorf("answers to a flood: %v", codes)
	}
	p.backTo(before)
}

// Slow clients take the places of their address, and no more; who asks from elsewhere is served meanwhile. When the slow
// ones have had their time, what they held is free again.
func TestSlowClientsKeepNobodyOut(t *testing.T) {
	plain, secure := serve(t, open), serve(t, locked)
	pages := []*page{plain, secure}
	for _, p := range pages {
		p.well("at first")
	}
	before := count(t)
	slow := map[*page][]net.Conn{}
	for _, p := range pages {
		p.eventually("slow clients are inside", func() bool { slow[p] = p.dawdle(200, 9); return len(slow[p]) > 0 })
		p.well("meanwhile")
	}
	for _, p := range pages {
		for _, c := range slow[p] { // their time is over: they are sent away
			c.SetReadDeadline(time.Now().Add(patience))
			if _, err := io.ReadAll(c); os.IsTimeout(err) {
				t.Fatal("a slow client is never sent away")
			}
			c.Close()
		}
		p.well("afterwards")
	}
	plain.backTo(before)
}

// From ever so many addresses no more than 64 are inside; when their time is over others are served.
func TestThePageIsNeverFullForLong(t *testing.T) {
	t.Parallel() // after those that count what is open
	p := serve(t, open)
	var inside []net.Conn
	for from := range byte(6) {
		inside = append(inside, p.dawdle(20, 10+from)...)
	}
	if len(inside) > 64 {
		t.Errorf("%d are inside", len(inside))
	}
	p.well("when their time is over")
	for _, c := range inside {
		c.Close()
	}
}

// dawdle begins n requests from another address of this machine that never end, half of them with no byte at all, and
// returns those that were let in.
func (p *page) dawdle(n int, address byte) (inside []net.Conn) {
	p.t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, address)}}
	request := "GET /healthz HTTP/1.1\r\nX-"
	if p.trust != nil {
		request = "\x16\x03\x01\x02\x00" // a record of 512 bytes will follow
	}
	var begun []net.Conn
	for i := range n {
		if c, err := from.Dial("tcp", p.address); err == nil {
			if i%2 == 0 {
				io.WriteString(c, request)
			}
			begun = append(begun, c)
		} else if !errors.Is(err, syscall.ECONNRESET) {
			p.t.Fatal(err)
		}
	}
	for _, c := range begun {
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); os.IsTimeout(err) {
			inside = append(inside, c)
			continue
		}
		c.Close()
	}
	if len(inside) > 16 {
		p.t.Errorf("%d slow clients of one address are inside", len(inside))
	}
	return inside
}

// An address that this machine gets later, a certificate that is renewed, a port that is free again: the page comes by
// itself, and payments do not wait for it.
func TestAPageThatCannotBeServedIsTriedAgain(t *testing.T) {
	t.Parallel() // after those that count what is open
	s, end := begin(t)
	defer end()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &page{station: s, address: taken.Addr().String()}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.ServePage(ctx, health.Page{Listen: p.address}) }()
	check := func(want health.Status) func() bool {
		return func() bool {
			c := s.Document().Checks[health.CheckPage]
			return len(c) == 1 && c[0].Status == want
		}
	}
	p.eventually("it is told", check(health.Warn))
	p.eventually("payments are taken", func() bool { return s.Obstacle() == "" })
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	p.eventually("the page comes", check(health.Pass))
	p.well("then")
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestARenewedCertificateIsShownAndOldTLSIsNot(t *testing.T) {
	t.Parallel()
	old, certificate := certtest.For(t, certtest.Today(), "127.0.0.1")
	key := certtest.KeyFile(t, old)
	p := serve(t, func(p *page) health.Access {
		pair, err := keypair.Load(certificate, key, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return health.Access{Pair: pair, Token: token}
	})
	shown := func() *x509.Certificate {
		c, err := tls.Dial("tcp", p.address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0]
	}
	first := shown()
	renewed, file := certtest.For(t, certtest.Today(), "127.0.0.1")
	for from, to := range map[string]string{file: certificate, certtest.KeyFile(t, renewed): key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	p.eventually("the new certificate is shown", func() bool { return !shown().Equal(first) })
	if c, err := tls.Dial("tcp", p.address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
}
