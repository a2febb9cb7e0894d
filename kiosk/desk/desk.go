// Package desk is a page for the library's desk on its own network: what waits for a person, what waits for the library system, how
// the devices are, what was taken, and what became of the payment whose code is on a receipt. It is served over TLS to those who know
// the desk's password, needs no script, and changes nothing: every decision is made with kioskctl. It reads what kioskctl reads, in
// the daemon, bounded and at most every few seconds, so that nobody who looks holds up a payment. It shows no patron's library card,
// and of a bank card only the masked digits of a payment that is looked up.
package desk

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/crowd"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/keypair"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/supervisor"
)

// CheckPage is whether the desk can look.
const CheckPage = "desk:page"

// Access is how the page is served, and to whom.
type Access struct {
	Pair     *keypair.Pair // the page's own; there is no page without
	Password string        // the desk's
}

// Config is what the page shows, and where.
type Config struct {
	Listen   string
	Access   func() (Access, error) // asked before each try
	Ledger   *ledger.Ledger
	Monitor  *health.Monitor
	Devices  func() []supervisor.State
	Library  string
	Kiosk    string
	Currency money.Currency // of the takings; others are not drawn
	Log      *slog.Logger
}

// Server serves the page. Make it with New, then let Run turn.
type Server struct {
	Config
	wellness *wellness
	takings  *takings
	visits   *visits
	newest   snapshot
}

// New makes a server. It opens nothing.
func New(c Config) *Server {
	return &Server{Config: c, wellness: newWellness(time.Now()), takings: newTakings(c.Ledger, c.Currency), visits: newVisits()}
}

// The limits for those who look. A browser needs a handful of connections.
const (
	mostGuests      = 32
	mostGuestsOfOne = 8
	slowestRequest  = 10 * time.Second
	slowestAnswer   = 20 * time.Second
	idleGuest       = time.Minute
	longestHeader   = 8 << 10
	longestForm     = 1 << 10
)

// listenAgain is the pause before an address is tried again that cannot be listened on.
const listenAgain = 5 * time.Second

// Run serves the page and notes how the devices are, until ctx ends. Where the page cannot be served it tries again: nobody pays less
// because nobody looks.
func (s *Server) Run(ctx context.Context) error {
	var noting sync.WaitGroup
	defer noting.Wait()
	noting.Go(func() { s.wellness.run(ctx, s.lookAround) })
	for ctx.Err() == nil {
		if err := s.serve(ctx); ctx.Err() == nil {
			s.Monitor.Tell(CheckPage, health.Warn, err.Error(), "")
		}
		select {
		case <-time.After(listenAgain):
		case <-ctx.Done():
		}
	}
	return nil
}

func (s *Server) serve(ctx context.Context) error {
	access, err := s.Access()
	if err == nil && (access.Pair == nil || access.Password == "") {
		err = errors.New("it has no certificate or no password")
	}
	if err != nil {
		return fmt.Errorf("the desk's page cannot be served: %w", err)
	}
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("the desk's page cannot be served: %w", err)
	}
	s.Monitor.Watch("desk", access.Pair.Expires)
	s.Monitor.Tell(CheckPage, health.Pass, "", "")
	return s.Serve(ctx, l, access)
}

// Serve answers on l until ctx ends. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener, a Access) error {
	guests := tls.NewListener(crowd.Limit(l, mostGuests, mostGuestsOfOne),
		&tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.Pair.ForServer, NextProtos: []string{"http/1.1"}})
	server := &http.Server{
		Handler:           s.handler(sha256.Sum256([]byte(a.Password))),
		ReadHeaderTimeout: slowestRequest,
		ReadTimeout:       slowestRequest,
		WriteTimeout:      slowestAnswer,
		IdleTimeout:       idleGuest,
		MaxHeaderBytes:    longestHeader,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(guests); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
