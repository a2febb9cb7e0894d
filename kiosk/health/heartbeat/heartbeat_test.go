package heartbeat_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/health/keypair"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
	"selfpay/sip/certtest"
)

const token = "0123456789abcdef-only-for-tests"

// call is one request as the far end got it.
type call struct {
	after                time.Duration // since the station began
	method, path, bearer string
	body                 string
}

// far is the other side: a real HTTP server on pipes, in the time of the test.
type far struct {
	pipes chan net.Conn
	began time.Time

	mu     sync.Mutex
	calls  []call
	answer func(n int, w http.ResponseWriter) // to the n-th call, from 0; nil: all is well
}

func (f *far) Accept() (net.Conn, error) {
	if c, open := <-f.pipes; open {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (f *far) Close() error   { close(f.pipes); return nil }
func (f *far) Addr() net.Addr { return &net.TCPAddr{} }

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	n, answer := len(f.calls), f.answer
	f.calls = append(f.calls, call{time.Since(f.began), r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), string(body)})
	f.mu.Unlock()
	if answer != nil {
		answer(n, w)
	}
}

func (f *far) answers(with func(n int, w http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = with
}

// got is what was called since it was last looked at.
func (f *far) got() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// station is what is told of.
type station struct {
	mu     sync.Mutex
	why    session.Reason
	status health.Status
	money  error
	checks map[string]health.Check
	log    bytes.Buffer
}

func (s *station) set(change func(*station)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *station) state() (health.Document, session.Reason, runner.Summary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := health.Document{Status: s.status, Version: "v1.2.3", ServiceID: "main-01", Ready: s.why == "", Checks: map[string][]health.Check{}}
	return d, s.why, runner.Summary{Waiting: 2, WaitingMinor: 12345, InDoubt: 1, OpenCases: 3, RefundsDue: 4, Oldest: payment.Stamp{Wall: time.Now().Add(-time.Minute)}}
}

func (s *station) measure(check string, status health.Status, value int64, unit, output string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks[check] = health.Check{Status: status, Value: &value, Unit: unit, Output: output}
}

func (s *station) check(name string) health.Check {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.checks[name]
}

// watched runs a rule on what is called, in a time of its own. build is told how to reach the far end.
func watched(t *testing.T, build func(s *station, reach *http.Client) (run func(context.Context) error), rule func(t *testing.T, s *station, f *far)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &far{pipes: make(chan net.Conn), began: time.Now()}
		s := &station{status: health.Pass, checks: map[string]health.Check{}}
		reach := heartbeat.Client(nil, nil)
		reach.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
			near, there := net.Pipe()
			f.pipes <- there
			return near, nil
		}
		server := &http.Server{Handler: f, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
		var running sync.WaitGroup
		running.Go(func() { _ = server.Serve(f) })
		ctx, stop := context.WithCancel(t.Context())
		run := build(s, reach)
		running.Go(func() { _ = run(ctx) })
		rule(t, s, f)
		stop()
		synctest.Wait()
		server.Close()
		running.Wait()
	})
}

func hub(s *station, reach *http.Client) func(context.Context) error {
	return heartbeat.NewHub(heartbeat.HubConfig{URL: "http://127.0.0.1/beats?site=1", Token: token, Client: reach, Boot: "boot-1", Config: "c0ffee",
		State: s.state, Measure: s.measure, Log: slog.New(slog.NewTextHandler(&s.log, nil))}).Run
}

func beat(t *testing.T, c call) heartbeat.Beat {
	t.Helper()
	var b heartbeat.Beat
	in := json.NewDecoder(strings.NewReader(c.body))
	in.DisallowUnknownFields()
	if err := in.Decode(&b); err != nil {
		t.Fatalf("%v: %s", err, c.body)
	}
	return b
}

func TestABeatIsTheDocumentAndWhatTellsStationsApart(t *testing.T) {
	watched(t, hub, func(t *testing.T, s *station, f *far) {
		s.set(func(s *station) { s.why, s.status = session.ReasonLibraryDown, health.Fail })
		time.Sleep(3 * time.Minute)
		calls := f.got()
		for i, c := range calls {
			b := beat(t, c)
			if c.method != http.MethodPost || c.path != "/beats?site=1" || c.bearer != "Bearer "+token {
				t.Errorf("%+v", c)
			}
			if b.Schema != heartbeat.Schema || b.ServiceID != "main-01" || b.Version != "v1.2.3" || b.Status != health.Fail || b.Reason != session.ReasonLibraryDown ||
				b.Boot != "boot-1" || b.Config != "c0ffee" || b.Sequence != int64(i+1) || b.Uptime != int64(c.after.Seconds()) ||
				b.Queue != (heartbeat.Queue{Waiting: 2, InDoubt: 1, OpenCases: 3, RefundsDue: 4, Oldest: 60}) {
				t.Errorf("%+v after %s", b, c.after)
			}
			if strings.Contains(c.body, "12345") {
				t.Errorf("an amount is told: %s", c.body)
			}
			if i == 0 && c.after > 10*time.Second {
				t.Errorf("the first beat comes after %s", c.after)
			}
			if i > 0 && (c.after-calls[i-1].after < 48*time.Second || c.after-calls[i-1].after > 72*time.Second) {
				t.Errorf("a beat comes %s after the one before", c.after-calls[i-1].after)
			}
		}
		if len(calls) < 3 {
			t.Errorf("%d beats in three minutes", len(calls))
		}
	})
}

// While the hub is away nothing piles up: the newest state goes out when it is back, with the last changes of the whole.
func TestAHubThatIsAwayGetsTheNewestStateAndTheLastChanges(t *testing.T) {
	watched(t, hub, func(t *testing.T, s *station, f *far) {
		f.answers(func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) })
		for i := range 50 {
			s.set(func(s *station) {
				if s.why = ""; i%2 == 0 {
					s.why = session.ReasonTerminalDown
				}
			})
			time.Sleep(time.Minute)
		}
		tried := f.got()
		if len(tried) == 0 || len(tried) > 40 {
			t.Errorf("tried %d times in 50 minutes", len(tried))
		}
		for _, c := range tried {
			if n := len(beat(t, c).Changes); n > 20 {
				t.Fatalf("%d changes are kept", n)
			}
		}
		f.answers(nil)
		time.Sleep(16 * time.Minute)
		back := f.got()
		first := beat(t, back[0])
		if first.Dropped != 30 || len(first.Changes) != 20 || first.Changes[0].Number != 31 || first.Changes[19].Number != 50 || !first.Changes[19].Ready ||
			first.Changes[18].Reason != session.ReasonTerminalDown || !first.Ready || (first.Changes[19].Time.Sub(first.Changes[18].Time)-time.Minute).Abs() > time.Second {
			t.Errorf("%+v", first)
		}
		if first.Sequence != int64(len(tried)+1) {
			t.Errorf("it is number %d, after %d", first.Sequence, len(tried))
		}
		if second := beat(t, back[1]); len(second.Changes) != 0 {
			t.Errorf("told twice: %+v", second.Changes)
		}
	})
}

func TestAnotherAnswerThanYesIsNoYesAndPausesGrow(t *testing.T) {
	for _, code := range []int{http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusInternalServerError} {
		watched(t, hub, func(t *testing.T, s *station, f *far) {
			f.answers(func(_ int, w http.ResponseWriter) {
				w.Header().Set("Location", "http://127.0.0.1/elsewhere")
				w.WriteHeader(code)
			})
			time.Sleep(59 * time.Minute)
			if c := s.check(health.CheckHub); c.Status != health.Pass || !strings.Contains(c.Output, fmt.Sprint(code)) {
				t.Errorf("%d, before an hour: %+v", code, c)
			}
			time.Sleep(6 * time.Hour)
			calls := f.got()
			if len(calls) < 20 || len(calls) > 120 { // some seven minutes apart, in the middle
				t.Errorf("%d: %d calls in seven hours", code, len(calls))
			}
			for i, c := range calls {
				if c.path != "/beats?site=1" {
					t.Errorf("%d: a redirect is followed to %s", code, c.path)
				}
				if i > 0 && c.after-calls[i-1].after > heartbeat.Longest+2*time.Second {
					t.Errorf("a pause of %s", c.after-calls[i-1].after)
				}
			}
			if c := s.check(health.CheckHub); c.Status != health.Warn || *c.Value < 7*60*60-120 {
				t.Errorf("%d, after seven hours: %+v", code, c)
			}
			f.answers(nil)
			time.Sleep(17 * time.Minute)
			if c := s.check(health.CheckHub); c.Status != health.Pass || c.Output != "" {
				t.Errorf("%d, back again: %+v", code, c)
			}
			if log := s.log.String(); strings.Count(log, "\n") != 2 {
				t.Errorf("%d: more than one line for each change: %s", code, log)
			}
		})
	}
}

// A hub that takes the beat and never answers, or answers without end, holds up nothing but the beats.
func TestAHubThatHangsIsGivenUp(t *testing.T) {
	for what, answer := range map[string]func(int, http.ResponseWriter){
		"no answer": func(int, http.ResponseWriter) { time.Sleep(time.Hour) },
		"no end": func(_ int, w http.ResponseWriter) {
			for range 1000 {
				io.WriteString(w, strings.Repeat("x", 100))
				http.NewResponseController(w).Flush()
				time.Sleep(time.Second)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			watched(t, hub, func(t *testing.T, s *station, f *far) {
				f.answers(answer)
				time.Sleep(10 * time.Minute)
				if n := len(f.got()); n < 2 || n > 20 {
					t.Errorf("%d calls in ten minutes", n)
				}
				f.answers(nil)
				time.Sleep(2 * time.Hour)
				if c := s.check(health.CheckHub); c.Status != health.Pass || *c.Value > 100 {
					t.Errorf("%+v", c)
				}
			})
		})
	}
}

func ping(s *station, reach *http.Client) func(context.Context) error {
	at, err := url.Parse("http://127.0.0.1/3f1c-secret?create=1")
	if err != nil {
		panic(err)
	}
	return heartbeat.NewPing(heartbeat.PingConfig{URL: at, Every: time.Minute, Client: reach,
		Look: func(ctx context.Context) error {
			s.mu.Lock()
			err := s.money
			s.mu.Unlock()
			if err != nil {
				<-ctx.Done() // it hangs
				return ctx.Err()
			}
			return nil
		},
		Reasons: func() []string {
			if _, why, _ := s.state(); why != "" {
				return []string{"no payment can be taken: " + string(why), "terminal:link: no answer"}
			}
			return nil
		},
		Measure: s.measure, Log: slog.New(slog.NewTextHandler(&s.log, nil))}).Run
}

func TestAPingSaysWellOrWhyNotAndNothingWhileTheMoneyLoopHangs(t *testing.T) {
	watched(t, ping, func(t *testing.T, s *station, f *far) {
		want := func(what string, wanted ...call) {
			t.Helper()
			time.Sleep(time.Minute + 20*time.Second) // one pause, with its jitter and a look
			calls := f.got()
			for i := range calls {
				calls[i].after = 0
			}
			calls = slices.Compact(calls) // a pause may be short
			if !slices.Equal(calls, wanted) {
				t.Errorf("%s: %+v, want %+v", what, calls, wanted)
			}
		}
		well := call{method: http.MethodGet, path: "/3f1c-secret?create=1"}
		want("at the beginning", call{method: http.MethodGet, path: "/3f1c-secret/start?create=1"}, well)
		s.set(func(s *station) { s.why = session.ReasonTerminalDown })
		want("not ready", call{method: http.MethodPost, path: "/3f1c-secret/fail?create=1", body: "no payment can be taken: terminal-down\nterminal:link: no answer"})
		s.set(func(s *station) { s.money = errors.New("hangs") })
		f.got()
		time.Sleep(10 * time.Minute)
		if calls := f.got(); len(calls) > 1 { // one may have been under way
			t.Errorf("it speaks though the loop hangs: %+v", calls)
		}
		s.set(func(s *station) { s.money, s.why = nil, "" })
		want("well again", well)
		f.answers(func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) })
		time.Sleep(2 * time.Hour)
		if c := s.check(heartbeat.CheckPing); c.Status != health.Warn || !strings.Contains(c.Output, "404") {
			t.Errorf("%+v", c)
		}
		f.answers(func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) })
		time.Sleep(5 * time.Minute)
		for what, text := range map[string]string{"log": s.log.String(), "check": s.check(heartbeat.CheckPing).Output} {
			if strings.Contains(text, "3f1c") {
				t.Errorf("the %s shows the address: %s", what, text)
			}
		}
	})
}

func TestPingsAreNotTogether(t *testing.T) {
	watched(t, ping, func(t *testing.T, s *station, f *far) {
		time.Sleep(time.Hour)
		calls := f.got()
		shortest, longest := time.Hour, time.Duration(0)
		for i := range calls[1:] {
			pause := calls[i+1].after - calls[i].after
			shortest, longest = min(shortest, pause), max(longest, pause)
		}
		if shortest < 54*time.Second || longest > 66*time.Second || longest-shortest < 2*time.Second {
			t.Errorf("pauses from %s to %s", shortest, longest)
		}
	})
}

// With real TLS: the hub is known by its authority, and knows the station by its certificate.
func TestHubAndStationKnowEachOther(t *testing.T) {
	theirs, theirFile := certtest.For(t, certtest.Today(), "127.0.0.1")
	own, ownFile := certtest.For(t, certtest.Today(), "main-01")
	pair, err := keypair.Load(ownFile, certtest.KeyFile(t, own), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := keypair.Authorities(theirFile)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := keypair.Authorities(ownFile)
	if err != nil {
		t.Fatal(err)
	}
	beats := make(chan string, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case beats <- r.TLS.PeerCertificates[0].DNSNames[0] + " " + r.Header.Get("Authorization"):
		default:
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{theirs}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	defer server.Close()
	s := &station{status: health.Pass, checks: map[string]health.Check{}}
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan string, 1000)
	h := heartbeat.NewHub(heartbeat.HubConfig{URL: server.URL, Every: time.Second, Token: token, Client: heartbeat.Client(pair, roots), Own: pair, State: s.state, Measure: s.measure,
		Watch: func(part string, _ func() time.Time) {
			select {
			case watched <- part:
			default:
			}
		}, Log: slog.New(slog.DiscardHandler)})
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	if got := <-beats; got != "main-01 Bearer "+token {
		t.Errorf("the hub sees %q", got)
	}
	if part := <-watched; part != "hub" {
		t.Errorf("the certificate of %q is watched", part)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for what, c := range map[string]*http.Client{"a hub of another authority": heartbeat.Client(pair, nil), "a station without a certificate": heartbeat.Client(nil, roots)} {
		if answer, err := c.Get(server.URL); err == nil {
			answer.Body.Close()
			t.Errorf("%s is taken", what)
		}
		c.CloseIdleConnections()
	}
}
