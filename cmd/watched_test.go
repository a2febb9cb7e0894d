package cmd_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/health/keypair"
	"selfpay/sip/certtest"
)

// listener is a hub, and a service that is pinged.
type listener struct {
	mu      sync.Mutex
	beats   []heartbeat.Beat
	pings   []string // path and body
	texts   []string // all that came
	hangs   bool
	release chan struct{}
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	l.mu.Lock()
	hangs := l.hangs && !strings.HasPrefix(r.URL.Path, "/ping")
	l.texts = append(l.texts, r.URL.String()+" "+string(text))
	switch {
	case strings.HasPrefix(r.URL.Path, "/ping"):
		l.pings = append(l.pings, r.URL.Path+" "+string(text))
	case err == nil && r.Header.Get("Authorization") == "Bearer "+hubToken:
		var b heartbeat.Beat
		if json.Unmarshal(text, &b) == nil {
			l.beats = append(l.beats, b)
		}
	}
	l.mu.Unlock()
	if hangs {
		select {
		case <-l.release:
		case <-r.Context().Done():
		}
	}
}

// told is all that came.
func (l *listener) told() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.texts)
}

// hang makes every beat from now on wait for ever.
func (l *listener) hang() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hangs = true
}

// beat is the newest beat; ok is false before the first.
func (l *listener) beat() (b heartbeat.Beat, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.beats) == 0 {
		return b, false
	}
	return l.beats[len(l.beats)-1], true
}

func (l *listener) pinged(begins string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pings {
		if strings.HasPrefix(p, begins) {
			return true
		}
	}
	return false
}

const (
	hubToken  = "hub-0123456789abcdef"
	pageToken = "page-0123456789abcdef"
)

// watchedStation is a station with a hub, a ping and whatever else is written into its table [health].
func watchedStation(t *testing.T, more string) (*station, *listener) {
	t.Helper()
	l := &listener{release: make(chan struct{})}
	own, authority := certtest.For(t, certtest.Today(), "127.0.0.1")
	server := httptest.NewUnstartedServer(l)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{own}}
	server.StartTLS()
	t.Cleanup(func() { close(l.release); server.Close() })
	s := newStation(t, surround.Options{}, "\n[health]\n", "\n[health]\n"+more+"heartbeat = \""+server.URL+"/beats\"\nheartbeat_token = \""+hubToken+"\"\nping = \""+server.URL+
		"/ping/3f1c\"\nping_every = \"10s\"\nca_file = \"file:"+authority+"\"\n")
	return s, l
}

// TestAStationIsWatchedFromAfar: the page over TLS with a token, the hub, the ping; and a patron pays while the hub hangs.
func TestAStationIsWatchedFromAfar(t *testing.T) {
	t.Parallel()
	own, certificate := certtest.For(t, certtest.Today(), "127.0.0.1")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(pageToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, l := watchedStation(t, "certificate = \"file:"+certificate+"\"\nkey = \"file:"+certtest.KeyFile(t, own)+"\"\ntoken = \"file:"+file+"\"\n")
	s.configure(strings.Replace(s.configuration(), "listen = \""+strings.TrimPrefix(s.around.Health(), "http://"), "listen = \"0.0.0.0"+s.around.Health()[strings.LastIndex(s.around.Health(), ":"):], 1))
	if out, status := s.ctl("config", "check"); status != 0 {
		t.Fatalf("config check: %s", out)
	}
	s.begin()
	pool, err := keypair.Authorities(certificate)
	if err != nil {
		t.Fatal(err)
	}
	watcher := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	ask := func(path, token string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, strings.Replace(s.around.Health(), "http://", "https://", 1)+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := watcher.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		return answer.StatusCode, string(text)
	}
	s.eventually("ready", func() (bool, string) { code, said := ask("/readyz", pageToken); return code == http.StatusOK, said })
	if code, said := ask("/healthz", hubToken); code != http.StatusUnauthorized {
		t.Errorf("another token: %d %s", code, said)
	}
	s.eventually("a beat", func() (bool, string) { _, ok := l.beat(); return ok, "" })
	if b, _ := l.beat(); b.Schema != heartbeat.Schema || b.Boot == "" || b.Config == "" || b.Sequence != 1 || len(b.Changes) == 0 || b.Checks[health.CheckChain] == nil || b.Checks[health.CheckFree] == nil {
		t.Errorf("%+v", b)
	}
	s.eventually("the beginning is told", func() (bool, string) { return l.pinged("/ping/3f1c/start "), "" })
	l.hang()
	s.patron(cardTwoFees).said(t, "booked")
	s.order("link", "ils", "cut")
	s.eventually("why no payment is taken", func() (bool, string) { return l.pinged("/ping/3f1c/fail no payment can be taken: library-down\n"), "" })
	told := append(l.told(), s.log())
	for _, path := range []string{"/livez", "/readyz", "/healthz", "/metrics"} {
		_, said := ask(path, pageToken)
		told = append(told, said)
	}
	for _, text := range told {
		find(t, "what is told", []byte(text))
		if strings.Contains(text, pageToken) || strings.Contains(text, hubToken) {
			t.Errorf("a token is told: %s", text)
		}
	}
	if strings.Contains(s.log(), "3f1c") {
		t.Errorf("the log tells the ping's address")
	}
	if out, _ := s.ctl("config", "show"); strings.Contains(out, "3f1c") || strings.Contains(out, hubToken) {
		t.Errorf("config show tells a secret: %s", out)
	}
}

// TestWhoCannotBeWatchedStillTakesPayments: a certificate that is gone, and a hub that nobody can reach.
func TestWhoCannotBeWatchedStillTakesPayments(t *testing.T) {
	t.Parallel()
	s, l := watchedStation(t, "certificate = \"file:/none\"\nkey = \"file:/none\"\n")
	l.hang()
	s.begin()
	s.eventually("a payment can be taken, and the page is missed", func() (bool, string) {
		out, status := s.ctl("status", "--json")
		return status == 0 && strings.Contains(out, "\"health:page\":{\"status\":\"warn\""), out
	})
	s.patron(cardTwoFees).said(t, "booked")
	if out, status := s.ctl("config", "check"); status == 0 || !strings.Contains(out, "health.certificate") {
		t.Errorf("config check: %d %s", status, out)
	}
}
