package health

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"selfpay/kiosk/crowd"
	"selfpay/kiosk/health/keypair"
)

// Access is who may look. The zero value: anybody, without TLS; for loopback.
type Access struct {
	Pair    *keypair.Pair  // the page's own; nil: no TLS
	Token   string         // must be shown as "Authorization: Bearer …"; empty: none
	Clients *x509.CertPool // must have signed the certificate of whoever asks; nil: none is needed
}

// The limits for those who ask. A scraper needs one connection and a request every few seconds.
const (
	mostGuests      = 64
	mostGuestsOfOne = 16
	slowestRequest  = 5 * time.Second
	slowestAnswer   = 10 * time.Second
	idleGuest       = 30 * time.Second
	longestHeader   = 8 << 10

	askRate, askBurst         = 50, 100 // requests a second of those who may
	strangerRate, strangerSum = 5, 10   // and of those who may not
)

// CheckPage is whether others can look.
const CheckPage = "health:page"

// listenAgain is the pause before an address is tried again that cannot be listened on: the network may come yet.
const listenAgain = 5 * time.Second

// Page is where the health page is served, and for whom.
type Page struct {
	Listen string
	Access func() (Access, error) // asked before each try; nil: anybody may look
}

// ServePage serves the page until ctx ends. Where that is not possible it tries again: nobody pays less because nobody
// looks.
func (m *Monitor) ServePage(ctx context.Context, p Page) error {
	for ctx.Err() == nil {
		if err := m.servePage(ctx, p); ctx.Err() == nil {
			m.set(CheckPage, Warn, err.Error(), "")
		}
		select {
		case <-time.After(listenAgain):
		case <-ctx.Done():
		}
	}
	return nil
}

func (m *Monitor) servePage(ctx context.Context, p Page) error {
	access := Access{}
	if p.Access != nil {
		var err error
		if access, err = p.Access(); err != nil {
			return fmt.Errorf("the health page cannot be served: %w", err)
		}
	}
	l, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return fmt.Errorf("the health page cannot be served: %w", err)
	}
	if access.Pair != nil {
		m.Watch("health", access.Pair.Expires)
	}
	m.set(CheckPage, Pass, "", "")
	return m.Serve(ctx, l, access)
}

// Serve answers on l until ctx ends. It closes l.
func (m *Monitor) Serve(ctx context.Context, l net.Listener, a Access) error {
	guests := crowd.Limit(l, mostGuests, mostGuestsOfOne)
	if a.Pair != nil {
		guests = tls.NewListener(guests, a.tls())
	}
	log := m.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	server := &http.Server{
		Handler:           a.guard(m.Handler()),
		ReadHeaderTimeout: slowestRequest,
		ReadTimeout:       slowestRequest,
		WriteTimeout:      slowestAnswer,
		IdleTimeout:       idleGuest,
		MaxHeaderBytes:    longestHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(guests); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (a Access) tls() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.Pair.ForServer, NextProtos: []string{"http/1.1"}}
	if a.Clients != nil {
		c.ClientCAs, c.ClientAuth = a.Clients, tls.RequireAndVerifyClientCert
	}
	return c
}

// guard lets those ask who may, as often as that is of use. Strangers have a limit of their own, so that they cannot use up
// that of the others; they learn nothing, not even what there is.
func (a Access) guard(next http.Handler) http.Handler {
	known, strangers := rate.NewLimiter(askRate, askBurst), rate.NewLimiter(strangerRate, strangerSum)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		may := a.may(r)
		switch {
		case may && !known.Allow(), !may && !strangers.Allow():
			h.Set("Retry-After", "1")
			refuse(w, http.StatusTooManyRequests)
		case !may:
			h.Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed)
		case r.ContentLength != 0:
			refuse(w, http.StatusRequestEntityTooLarge)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// refuse answers with the status alone, and ends the connection: what else was sent on it is not read.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Connection", "close")
	http.Error(w, strings.ToLower(http.StatusText(status)), status)
}

// may says whether a request shows the token. How long that takes does not depend on how much of it is right.
func (a Access) may(r *http.Request) bool {
	if a.Token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	shown, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(a.Token))
	return subtle.ConstantTimeCompare(shown[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}
