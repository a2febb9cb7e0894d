package desk

import (
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"io"
	"net/http"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/time/rate"

	"selfpay/kiosk/control"
	"selfpay/kiosk/html"
	"selfpay/kiosk/text"
)

//go:embed desk.css
var styles []byte

//go:embed words/*.toml
var wordFiles embed.FS

// languages of the page, the first for who wants none of them.
var languages = []string{"en", "de"}

var (
	words       = must(text.Of(wordFiles, "words", languages...))
	patronWords = must(text.New(languages)) // why there is no payment, as the screen says it
	choices     = language.NewMatcher([]language.Tag{language.English, language.German})
)

func must(all *text.Texts, err error) *text.Texts {
	if err != nil {
		panic("desk: " + err.Error()) // the files are our own
	}
	return all
}

// languageOf is the one of ours that a browser asks for.
func languageOf(r *http.Request) string {
	wanted := r.Header.Get("Accept-Language")
	if len(wanted) > 256 {
		return languages[0]
	}
	tags, _, err := language.ParseAcceptLanguage(wanted)
	if err != nil {
		return languages[0]
	}
	_, at, _ := choices.Match(tags...)
	return languages[at]
}

// policy lets the page show what it has itself, and nothing run.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// strangerPages are the requests a second of all those together who are not logged in.
const strangerPages, strangerBurst = 10, 40

// handler answers. Who is not logged in sees the login page, whatever they ask for.
func (s *Server) handler(password [sha256.Size]byte) http.Handler {
	strangers := rate.NewLimiter(strangerPages, strangerBurst)
	inside := http.NewServeMux()
	inside.HandleFunc("GET /{$}", s.overview)
	inside.HandleFunc("GET /payment", s.payment)
	inside.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		s.visits.end(w, r)
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	})
	inside.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusSeeOther) })
	outside := http.NewServeMux()
	outside.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { s.login(w, r, http.StatusOK, "") })
	outside.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusSeeOther) })
	guarded := http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, longestForm)
		one := s.visits.of(r)
		switch {
		case one == nil && !strangers.Allow(), one != nil && !one.pages.Allow():
			h.Set("Retry-After", "1")
			h.Set("Connection", "close")
			http.Error(w, "too many requests", http.StatusTooManyRequests)
		case r.Method == http.MethodGet && r.URL.Path == "/desk.css":
			h.Set("Content-Type", "text/css; charset=utf-8")
			w.Write(styles)
		case r.Method == http.MethodPost && r.URL.Path == "/login":
			s.enter(w, r, password)
		case one == nil:
			outside.ServeHTTP(w, r)
		default:
			inside.ServeHTTP(w, r)
		}
	}))
	return guarded
}

// enter looks at a password. How long that takes does not depend on how much of it is right.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, password [sha256.Size]byte) {
	if !s.visits.mayTry(r.RemoteAddr) {
		w.Header().Set("Retry-After", "30")
		s.login(w, r, http.StatusTooManyRequests, "login-wait")
		return
	}
	shown := sha256.Sum256([]byte(r.PostFormValue("password")))
	if subtle.ConstantTimeCompare(shown[:], password[:]) != 1 {
		s.Log.Warn("a wrong password for the desk's page", "from", r.RemoteAddr)
		s.login(w, r, http.StatusForbidden, "login-wrong")
		return
	}
	s.visits.begin(w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// page is what every page has.
type page struct {
	Language string
	Library  string
	Kiosk    string
	Wrong    string // the key of what is to be said about the last try
	Inside   bool
}

func (s *Server) page(r *http.Request) page {
	return page{Language: languageOf(r), Library: s.Library, Kiosk: s.Kiosk}
}

// Say is a sentence of the page.
func (p page) Say(key string) string { return words.Say(p.Language, key, nil) }

func (p page) fill(key string, data text.Data) string { return words.Say(p.Language, key, data) }

func (s *Server) login(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	p := s.page(r)
	p.Wrong = wrong
	s.show(w, status, p.loginPage())
}

func (s *Server) show(w http.ResponseWriter, status int, page html.Part) {
	written, err := html.Write(page)
	if err != nil {
		s.failed(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, written)
}

func (s *Server) failed(w http.ResponseWriter, err error) {
	s.Log.Error("the desk's page cannot be shown", "error", err)
	http.Error(w, "the page cannot be shown; kioskctl doctor says why", http.StatusInternalServerError)
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	now, err := s.look()
	if err != nil {
		s.failed(w, err)
		return
	}
	s.show(w, http.StatusOK, s.view(s.page(r), now).draw())
}

// payment shows what became of the payment whose code somebody has in hand.
func (s *Server) payment(w http.ResponseWriter, r *http.Request) {
	p := s.page(r)
	p.Inside = true
	code := strings.TrimSpace(r.FormValue("code"))
	detail, err := control.Show(s.Ledger, code)
	if err != nil { // what is no code, and what nobody has
		p.Wrong = "search-none"
		s.show(w, http.StatusNotFound, looked{page: p}.draw())
		return
	}
	s.show(w, http.StatusOK, p.looked(detail).draw())
}
