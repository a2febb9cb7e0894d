package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

//go:embed static
var staticFiles embed.FS

// Station is the patron session as the page sees it: *session.Session.
type Station interface {
	// View is what the screen shows now.
	View() session.View
	// Watch hands out every view from now on, the newest only where the reader is slow, until stop is called.
	Watch() (views <-chan session.View, stop func())
	// Act takes a tap. session.ErrStale: it was made on an older screen; nothing was done.
	Act(ctx context.Context, a session.Action) error
}

var _ Station = (*session.Session)(nil)

const (
	mostStreams = 8                // one page needs one; the others are technicians and pages just dying
	mostAction  = 4 << 10          // bytes of a tap
	heartbeat   = 2 * time.Second  // the page grows uneasy after five
	slowest     = 10 * time.Second // for a request to arrive and for an answer to be taken
)

// contentPolicy allows what the program serves by itself, and no script or style inside the page.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// Server serves one station's screen.
type Server struct {
	station Station
	words   speaker
	look    Look
	log     *slog.Logger
	token   string // drawn anew with every start
	port    string // of the listener, set by Serve
	streams chan struct{}
	watched atomic.Pointer[time.Time]
	focuses focusHub
}

// New makes a server for a session. It opens nothing.
func New(station Station, texts *text.Texts, look Look, log *slog.Logger) *Server {
	return &Server{station: station, words: texts, look: look, log: log, token: rand.Text(), streams: make(chan struct{}, mostStreams)}
}

// Watched is when a page last said that it follows the station: it says so by its script as often as it hears from us, so
// that one whose window hangs is silent. The zero time: none has, since the program was started.
func (s *Server) Watched() time.Time {
	if at := s.watched.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// Serve answers on l until ctx ends, then ends the event streams too and returns nil. It closes l. It is called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		l.Close()
		return fmt.Errorf("web: the screen needs a TCP listener: %w", err)
	}
	s.port = port
	server := &http.Server{
		Handler:           s.guard(s.routes()),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: slowest,
		ReadTimeout:       slowest,
		WriteTimeout:      slowest,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), slowest)
		defer cancel()
		if server.Shutdown(last) != nil {
			server.Close()
		}
	})
	err = server.Serve(l)
	if stop() {
		return fmt.Errorf("web: the screen is no longer served: %w", err)
	}
	<-stopped
	return nil
}

// Streams is how many pages show the screen now.
func (s *Server) Streams() int { return len(s.streams) }

func (s *Server) routes() http.Handler {
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("POST /act", s.act)
	mux.HandleFunc("POST /watch", s.watch)
	mux.HandleFunc("GET /here", here)
	mux.HandleFunc("GET /library/logo", s.logo)
	mux.HandleFunc("GET /library/colours.css", s.colours)
	mux.HandleFunc("GET /library/fonts.css", s.faces)
	mux.HandleFunc("GET /fonts/{name}", s.font)
	mux.Handle("GET /static/{file}", http.StripPrefix("/static/", http.FileServerFS(static)))
	return mux
}

// guard refuses what does not come from a page of this address, and says how a browser must treat the answers.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if !s.ours(r.Host) {
			http.Error(w, "this address is not served here", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
			http.Error(w, "another page has no business here", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ours says whether a Host header names loopback and our port.
func (s *Server) ours(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil { // without a port it is the standard one
		name, port = host, "80"
	}
	if port != s.port {
		return false
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// known says whether a token is the one of this start.
func (s *Server) known(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	page, err := drawPage(s.station.View(), s.words, s.look, s.token)
	if err != nil {
		s.log.Error("page cannot be drawn", "error", err)
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, page)
}

// screenEvent is one view on the event stream.
type screenEvent struct {
	Number    int64  `json:"number"`
	Name      string `json:"name"`
	Language  string `json:"language"`
	Direction string `json:"direction"` // "ltr" or "rtl"
	Aids      string `json:"aids"`      // names of those that are on, with blanks between them
	HTML      string `json:"html"`      // the content of <main>
}

func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if !s.known(r.URL.Query().Get("token")) {
		http.Error(w, "the page is of an earlier start: load it again", http.StatusForbidden)
		return
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "too many pages watch already", http.StatusServiceUnavailable)
		return
	}
	views, stop := s.station.Watch()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	out := stream{w: w, control: http.NewResponseController(w)}
	out.control.SetReadDeadline(time.Time{}) // nothing more is read
	places, leave := s.focuses.watch()
	defer leave()
	if err := s.follow(r.Context(), &out, views, places); err != nil && r.Context().Err() == nil {
		s.log.Debug("event stream ended", "error", err)
	}
}

// follow writes every new view to the stream, and where on it the patron is, until ctx ends or the page is gone.
func (s *Server) follow(ctx context.Context, out *stream, views <-chan session.View, places <-chan focus) error {
	shown := s.station.View()
	if err := s.send(out, shown); err != nil {
		return err
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var at focus // it may be told before its screen
	for {
		var err error
		select {
		case v := <-views:
			if v.Number <= shown.Number {
				continue
			}
			shown = v
			if err = s.send(out, v); err == nil && at.due(shown) {
				err = out.writeFocus(at)
			}
		case at = <-places:
			if at.due(shown) {
				err = out.writeFocus(at)
			}
		case <-beat.C:
			err = out.write(": well\n\n")
		case <-ctx.Done():
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *Server) send(out *stream, v session.View) error {
	html, err := draw(v, s.words, s.look)
	if err != nil {
		s.log.Error("screen cannot be drawn", "screen", string(v.Screen), "error", err)
		return err
	}
	event, err := json.Marshal(screenEvent{v.Number, nameOf(v), v.Language, text.Direction(v.Language), strings.Join(v.Aids.Chosen(), " "), html})
	if err != nil {
		return err
	}
	return out.write("data: " + string(event) + "\n\n")
}

// stream is the open answer of an event stream.
type stream struct {
	w       io.Writer
	control *http.ResponseController
}

// write sends text at once; a page that takes nothing is given up.
func (s *stream) write(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(slowest)); err != nil {
		return err
	}
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}

func (s *stream) writeFocus(f focus) error {
	event, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return s.write("event: focus\ndata: " + string(event) + "\n\n")
}

// watch hears that a page follows.
func (s *Server) watch(w http.ResponseWriter, r *http.Request) {
	if !s.known(r.Header.Get("X-Token")) {
		http.Error(w, "the page is of an earlier start: load it again", http.StatusForbidden)
		return
	}
	now := time.Now()
	s.watched.Store(&now)
	w.WriteHeader(http.StatusNoContent)
}

// here tells any page of this machine's browser that the station is there, and nothing else: the one that is shown while it
// is not waits for it.
func here(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	if !s.known(r.Header.Get("X-Token")) {
		http.Error(w, "the page is of an earlier start: load it again", http.StatusForbidden)
		return
	}
	a, err := readAction(http.MaxBytesReader(w, r.Body, mostAction))
	if err != nil {
		http.Error(w, "this is no tap: "+strconv.Quote(err.Error()), http.StatusBadRequest)
		return
	}
	switch err := s.station.Act(r.Context(), a); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, session.ErrStale):
		http.Error(w, err.Error(), http.StatusConflict)
	case r.Context().Err() != nil, errors.Is(err, context.Canceled):
		http.Error(w, "the station is stopping", http.StatusServiceUnavailable)
	default:
		s.log.Error("tap not carried out", "action", a.Name, "error", err)
		http.Error(w, "the tap was not carried out", http.StatusInternalServerError)
	}
}

// readAction reads one tap, strictly.
func readAction(body io.Reader) (session.Action, error) {
	var a session.Action
	text, err := io.ReadAll(body)
	if err != nil {
		return a, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil {
		return a, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return a, errors.New("more than one document")
	}
	if a.Name == "" || len(a.Name) > 32 {
		return a, errors.New("no action is named")
	}
	return a, nil
}
