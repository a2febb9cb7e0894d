package web

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"selfpay/kiosk/session"
)

// served is a running server with the token of its page.
type served struct {
	t       *testing.T
	station *scripted
	server  *Server
	address string // host:port
	token   string
	stop    func() error // ends Serve and returns its error
}

func serve(t *testing.T) *served {
	t.Helper()
	return serveLook(t, plain)
}

func serveLook(t *testing.T, look Look) *served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, station: newScripted(with(session.ScreenFees, threeFees)), address: l.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	s.server = New(s.station, catalogues(t), look, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(ctx, l) }()
	s.stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { s.stop() })
	s.token = tokenOf(s.ask("GET", "/", "", nil).body)
	return s
}

// tokenOf finds the token in a page.
func tokenOf(page string) string {
	for _, e := range elements(page) {
		if e.tag == "meta" && e.marks["name"] == "token" {
			return e.marks["content"]
		}
	}
	return ""
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends one request; the header Host goes to its own place.
func (s *served) ask(method, path, body string, header map[string]string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if host, ok := header["Host"]; ok {
		r.Host = host
	}
	got, err := (&http.Client{Timeout: 20 * time.Second}).Do(r) // a stream that should have been refused has no end
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(text)}
}

// watch opens an event stream; next reads its next view.
func (s *served) watch() (next func() (screenEvent, error), closed func()) {
	s.t.Helper()
	got, err := http.Get("http://" + s.address + "/events?token=" + s.token)
	if err != nil {
		s.t.Fatal(err)
	}
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("GET /events = %s, %s", got.Status, got.Header.Get("Content-Type"))
	}
	lines := bufio.NewReader(got.Body)
	return func() (screenEvent, error) {
		for {
			text, err := lines.ReadString('\n')
			if err != nil {
				return screenEvent{}, err
			}
			if data, ok := strings.CutPrefix(text, "data: "); ok {
				var e screenEvent
				return e, json.Unmarshal([]byte(data), &e)
			}
		}
	}, func() { got.Body.Close() }
}

func (s *served) act(body string) int {
	s.t.Helper()
	return s.ask("POST", "/act", body, map[string]string{"X-Token": s.token}).status
}

func TestPageShowsThePresentViewAndCarriesTheToken(t *testing.T) {
	s := serve(t)
	page := s.ask("GET", "/", "", nil)
	if page.status != http.StatusOK || len(s.token) < 20 {
		t.Fatalf("GET / = %d with token %q", page.status, s.token)
	}
	marks := map[string]string{}
	for _, e := range elements(page.body) {
		if e.tag == "main" {
			marks = e.marks
		}
	}
	if marks["data-screen"] != "7" || marks["data-name"] != "fees" {
		t.Errorf("main has the marks %v", marks)
	}
	if fragment, err := draw(s.station.View(), catalogues(t), plain); err != nil || !strings.Contains(page.body, fragment) {
		t.Errorf("the page does not contain the present screen (%v)", err)
	}
	if other := serve(t).token; other == s.token {
		t.Error("two starts have one token")
	}
}

func TestStreamSendsTheNewestViewAtOnceAndEveryLaterOneInOneLine(t *testing.T) {
	s := serve(t)
	next, closed := s.watch()
	defer closed()
	first, err := next()
	if err != nil || first.Number != 7 || first.Name != string(session.ScreenFees) || first.Language != "en" {
		t.Fatalf("first = %+v, %v", first, err)
	}
	if want, _ := draw(s.station.View(), catalogues(t), plain); first.HTML != want {
		t.Errorf("html = %s", first.HTML)
	}
	number := s.station.show(with(session.ScreenConfirm, threeFees))
	if second, err := next(); err != nil || second.Number != number || second.Name != string(session.ScreenConfirm) {
		t.Errorf("second = %+v, %v", second, err)
	}
}

func TestStreamsEndWithTheServer(t *testing.T) {
	s := serve(t)
	next, closed := s.watch()
	defer closed()
	if _, err := next(); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
	if _, err := next(); err == nil {
		t.Error("the stream goes on after the end")
	}
	if n := s.station.watching(); n != 0 {
		t.Errorf("%d watchers are left", n)
	}
}

func TestStreamsAreFewAndFreedWhenAPageIsGone(t *testing.T) {
	s := serve(t)
	var closers []func()
	for range mostStreams {
		next, closed := s.watch()
		closers = append(closers, closed)
		if _, err := next(); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.ask("GET", "/events?token="+s.token, "", nil).status; got != http.StatusServiceUnavailable {
		t.Errorf("one stream too many = %d", got)
	}
	for _, closed := range closers {
		closed()
	}
	for s.station.watching() > 0 { // until the server has noticed
		time.Sleep(time.Millisecond)
	}
	next, closed := s.watch()
	defer closed()
	if _, err := next(); err != nil {
		t.Errorf("no stream after the others ended: %v", err)
	}
}

func TestOnlyThePageOfThisStartMayWatchAndAct(t *testing.T) {
	s := serve(t)
	for _, token := range []string{"", "x", s.token[:len(s.token)-1], s.token + "x", serve(t).token} {
		if got := s.ask("GET", "/events?token="+token, "", nil).status; got != http.StatusForbidden {
			t.Errorf("stream with token %q = %d", token, got)
		}
		if got := s.ask("POST", "/act", `{"screen":7,"name":"pay"}`, map[string]string{"X-Token": token}).status; got != http.StatusForbidden {
			t.Errorf("tap with token %q = %d", token, got)
		}
	}
	if len(s.station.acted) != 0 {
		t.Errorf("acted: %v", s.station.acted)
	}
}

func TestTapReachesTheSessionOnceAndAStaleOneIsSaidToBe(t *testing.T) {
	s := serve(t)
	if got := s.act(`{"screen":7,"name":"choose","value":"4712"}`); got != http.StatusNoContent {
		t.Errorf("tap = %d", got)
	}
	if got := s.act(`{"screen":6,"name":"pay","value":""}`); got != http.StatusConflict {
		t.Errorf("tap on an older screen = %d", got)
	}
	if want := (session.Action{Screen: 7, Name: "choose", Value: "4712"}); len(s.station.acted) != 1 || s.station.acted[0] != want {
		t.Errorf("acted: %v", s.station.acted)
	}
}

func TestWhatIsNoTapIsRefused(t *testing.T) {
	s := serve(t)
	for _, body := range []string{"", "pay", `{"screen":"7","name":"pay"}`, `{"screen":7}`, `{"screen":7,"name":"pay","more":1}`,
		`{"screen":7,"name":"pay"}{"screen":7,"name":"pay"}`, `{"screen":7,"name":"pay","value":"` + strings.Repeat("x", mostAction) + `"}`,
		`{"screen":7,"name":"` + strings.Repeat("x", 33) + `"}`, `[]`, `{"screen":7.5,"name":"pay"}`} {
		if got := s.act(body); got != http.StatusBadRequest {
			t.Errorf("tap %.60s = %d", body, got)
		}
	}
	if len(s.station.acted)+len(s.station.stale) != 0 {
		t.Errorf("acted: %v, stale: %v", s.station.acted, s.station.stale)
	}
}

func TestOnlyLoopbackNamesAreServed(t *testing.T) {
	s := serve(t)
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"127.0.0.1:" + port: http.StatusOK, "localhost:" + port: http.StatusOK, "[::1]:" + port: http.StatusOK, "127.0.0.2:" + port: http.StatusOK,
		"127.0.0.1:1": http.StatusForbidden, "127.0.0.1": http.StatusForbidden, "localhost": http.StatusForbidden, "evil.example:" + port: http.StatusForbidden,
		"localhost.evil.example:" + port: http.StatusForbidden, "192.0.2.1:" + port: http.StatusForbidden, "0.0.0.0:" + port: http.StatusForbidden,
	} {
		if got := s.ask("GET", "/", "", map[string]string{"Host": host}).status; got != want {
			t.Errorf("Host %s = %d, want %d", host, got, want)
		}
	}
}

func TestOtherOriginsAreRefused(t *testing.T) {
	s := serve(t)
	for origin, want := range map[string]int{"http://" + s.address: http.StatusNoContent, "http://evil.example": http.StatusForbidden,
		"null": http.StatusForbidden, "https://" + s.address: http.StatusForbidden, "http://127.0.0.1:1": http.StatusForbidden} {
		got := s.ask("POST", "/act", `{"screen":7,"name":"pay"}`, map[string]string{"X-Token": s.token, "Origin": origin}).status
		if got != want {
			t.Errorf("Origin %s = %d, want %d", origin, got, want)
		}
	}
}

func TestBrowserIsToldToBeStrict(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/", "/static/page.js", "/static/page.css", "/static/icon.svg", "/nothing"} {
		got := s.ask("GET", path, "", nil)
		if path != "/nothing" && got.status != http.StatusOK {
			t.Errorf("GET %s = %d", path, got.status)
		}
		if got.header.Get("Content-Security-Policy") != contentPolicy || got.header.Get("X-Content-Type-Options") != "nosniff" ||
			got.header.Get("Cache-Control") != "no-store" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("GET %s: %v", path, got.header)
		}
	}
}

func TestThereIsNothingElse(t *testing.T) {
	s := serve(t)
	for _, c := range []struct{ method, path string }{{"POST", "/"}, {"GET", "/act"}, {"PUT", "/act"}, {"POST", "/events"},
		{"GET", "/static/"}, {"GET", "/static/../server.go"}, {"GET", "/static/x/y"}, {"GET", "/favicon.ico"}} {
		if got := s.ask(c.method, c.path, "", map[string]string{"X-Token": s.token}).status; got != http.StatusNotFound && got != http.StatusMethodNotAllowed {
			t.Errorf("%s %s = %d", c.method, c.path, got)
		}
	}
}

func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	s := serve(t)
	tokens := html.NewTokenizer(strings.NewReader(s.ask("GET", "/", "", nil).body))
	for tokens.Next() != html.ErrorToken {
		token := tokens.Token()
		for _, a := range token.Attr {
			if (a.Key == "src" || a.Key == "href") && !strings.HasPrefix(a.Val, "/static/") && !strings.HasPrefix(a.Val, "/library/") {
				t.Errorf("<%s %s=%q>", token.Data, a.Key, a.Val)
			}
		}
	}
}

// A station is watched when a page with its token says so, and not because a page was loaded or a stream stands open: a
// browser whose window hangs still takes what is sent.
func TestAStationIsWatchedByAPageThatSaysSo(t *testing.T) {
	s := serve(t)
	next, closed := s.watch()
	defer closed()
	if _, err := next(); err != nil {
		t.Fatal(err)
	}
	if got := s.ask("POST", "/watch", "", map[string]string{"X-Token": "another"}).status; got != http.StatusForbidden {
		t.Errorf("POST /watch with a foreign token = %d", got)
	}
	if at := s.server.Watched(); !at.IsZero() {
		t.Fatalf("watched at %s, by nobody", at)
	}
	before := time.Now()
	if got := s.ask("POST", "/watch", "", map[string]string{"X-Token": s.token}).status; got != http.StatusNoContent {
		t.Errorf("POST /watch = %d", got)
	}
	if at := s.server.Watched(); at.Before(before) || at.After(time.Now()) {
		t.Errorf("watched at %s, want after %s", at, before)
	}
}

// The page that stands on the screen while the station is down is of another origin. It may learn that the station is there
// again, and nothing else.
func TestAPageOfTheDiskLearnsThatTheStationIsThere(t *testing.T) {
	s := serve(t)
	got := s.ask("GET", "/here", "", nil)
	if got.status != http.StatusNoContent || got.body != "" || got.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Errorf("GET /here = %d %q, %s", got.status, got.body, got.header)
	}
	if of := s.ask("GET", "/", "", nil).header.Get("Cross-Origin-Resource-Policy"); of != "same-origin" {
		t.Errorf("the page itself may be read by %q", of)
	}
}
