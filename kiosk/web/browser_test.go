package web

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
	"selfpay/kiosk/web/browsertest"
)

var screensTo = flag.String("screens", "", "put a picture of every screen at every size into this folder")

// scripted is a station that shows what it is told and notes the taps.
type scripted struct {
	mu       sync.Mutex
	view     session.View
	watchers map[chan session.View]bool
	acted    []session.Action // taps that were taken
	stale    []session.Action // taps that were refused
	deaf     chan struct{}    // taps wait while it is open; nil: they do not
}

func newScripted(v session.View) *scripted {
	return &scripted{view: v, watchers: map[chan session.View]bool{}}
}

func (s *scripted) View() session.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

func (s *scripted) Watch() (<-chan session.View, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := make(chan session.View, 1)
	s.watchers[w] = true
	return w, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
	}
}

// show makes v the newest view, as the next screen, and returns its number.
func (s *scripted) show(v session.View) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.Number = s.view.Number + 1
	s.view = v
	for w := range s.watchers {
		select {
		case <-w: // nobody took the older one
		default:
		}
		w <- v
	}
	return v.Number
}

func (s *scripted) Act(_ context.Context, a session.Action) error {
	s.mu.Lock()
	deaf := s.deaf
	s.mu.Unlock()
	if deaf != nil {
		<-deaf
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Screen != s.view.Number {
		s.stale = append(s.stale, a)
		return session.ErrStale
	}
	s.acted = append(s.acted, a)
	return nil
}

func (s *scripted) watching() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watchers)
}

// bench is what the browser's script can do to the station: it is asked over HTTP.
type bench struct {
	t       *testing.T
	station *scripted
	server  *Server
	look    Look
	address string
	stop    func()
	named   map[string]example
	words   *spoken
}

// serve starts a server on the bench's address; its token is a new one each time.
func (b *bench) serve() {
	b.t.Helper()
	l, err := net.Listen("tcp", b.address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	b.server = New(b.station, catalogues(b.t), b.look, slog.New(slog.DiscardHandler))
	b.server.words = b.words
	go func() { ended <- b.server.Serve(ctx, l) }()
	b.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Errorf("Serve = %v", err)
		}
	}
}

func (b *bench) handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		if err := json.NewEncoder(w).Encode(v); err != nil {
			b.t.Error(err)
		}
	}
	mux.HandleFunc("GET /examples", func(w http.ResponseWriter, _ *http.Request) {
		known := struct {
			Examples  []string `json:"examples"`
			Languages []string `json:"languages"`
		}{Languages: text.Known}
		for _, e := range examples() {
			known.Examples = append(known.Examples, e.name)
		}
		answer(w, known)
	})
	mux.HandleFunc("POST /show/{name}/{lang}", func(w http.ResponseWriter, r *http.Request) {
		e, ok := b.named[r.PathValue("name")]
		if !ok {
			b.t.Errorf("the script asks for the example %q", r.PathValue("name"))
		}
		v := e.in(r.PathValue("lang"))
		aids := r.URL.Query()["aid"]
		v.Aids = session.Aids{LargeText: slices.Contains(aids, "large-text"), HighContrast: slices.Contains(aids, "high-contrast"),
			Reach: slices.Contains(aids, "reach"), Curtain: slices.Contains(aids, "curtain")}
		answer(w, b.station.show(v))
	})
	mux.HandleFunc("POST /pseudo", func(w http.ResponseWriter, _ *http.Request) {
		b.words.pseudo.Store(true)
		answer(w, true)
	})
	mux.HandleFunc("POST /catalogues", func(w http.ResponseWriter, _ *http.Request) {
		b.words.pseudo.Store(false)
		answer(w, true)
	})
	mux.HandleFunc("GET /taps", func(w http.ResponseWriter, _ *http.Request) {
		b.station.mu.Lock()
		defer b.station.mu.Unlock()
		answer(w, map[string]any{"acted": b.station.acted, "stale": b.station.stale, "watching": len(b.station.watchers),
			"watched": !b.server.Watched().IsZero()})
	})
	mux.HandleFunc("POST /forget", func(w http.ResponseWriter, _ *http.Request) {
		b.station.mu.Lock()
		defer b.station.mu.Unlock()
		b.station.acted, b.station.stale = nil, nil
		answer(w, true)
	})
	mux.HandleFunc("POST /deaf", func(w http.ResponseWriter, _ *http.Request) {
		b.station.mu.Lock()
		defer b.station.mu.Unlock()
		b.station.deaf = make(chan struct{})
		answer(w, true)
	})
	mux.HandleFunc("POST /hear", func(w http.ResponseWriter, _ *http.Request) {
		b.station.mu.Lock()
		defer b.station.mu.Unlock()
		close(b.station.deaf)
		b.station.deaf = nil
		answer(w, true)
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		b.stop()
		answer(w, true)
	})
	mux.HandleFunc("POST /theme/{name}", func(w http.ResponseWriter, r *http.Request) {
		b.stop()
		b.look.Theme = r.PathValue("name")
		b.serve()
		answer(w, true)
	})
	mux.HandleFunc("POST /start", func(w http.ResponseWriter, _ *http.Request) {
		b.serve()
		answer(w, true)
	})
	return mux
}

// TestPageInBrowser drives the page in Chromium by browsertest/check.mjs; each check there is a test here.
func TestPageInBrowser(t *testing.T) {
	b := newBench(t)
	b.serve()
	defer func() { b.stop() }()
	control := httptest.NewServer(b.handler())
	defer control.Close()

	pictures := *screensTo
	if pictures != "" {
		var err error
		if pictures, err = filepath.Abs(pictures); err != nil {
			t.Fatal(err)
		}
	}
	script := browsertest.Start(t, "check.mjs", "http://"+b.address, control.URL, pictures)
	type check struct {
		Name     string
		Problems []string
	}
	checks := 0
	for c := (check{}); script.Next(&c); c = (check{}) {
		checks++
		t.Run(c.Name, func(t *testing.T) {
			for _, p := range c.Problems {
				t.Error(p)
			}
		})
	}
	script.End()
	if checks == 0 {
		t.Error("nothing was checked")
	}
}

// TestTypesOfThePage lets the TypeScript compiler check the page's script.
func TestTypesOfThePage(t *testing.T) {
	if said, err := browsertest.Node(t, "node_modules/typescript/bin/tsc", "--project", ".").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
