package control

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
	"selfpay/kiosk/statement"
)

// Question asks the daemon for a statement.
type Question struct {
	Nonce string `json:"nonce"` // repeated in the answer
}

// state says how everything is, signed.
func (s *Server) state(r *http.Request) (any, error) {
	var q Question
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return nil, err
	}
	found, err := s.status(r)
	if err != nil {
		return nil, err
	}
	status := found.(Status)
	busy, err := s.busy()
	if err != nil {
		return nil, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, err
	}
	return s.Key.Sign(statement.Statement{
		Nonce: q.Nonce, Kiosk: status.Kiosk, Release: s.Release, Version: status.Version,
		Boot: strings.TrimSpace(string(boot)), Started: s.Monitor.Document().Since, At: time.Now(),
		Ready: status.Ready, Reason: status.Reason, Busy: busy, Checks: status.Checks,
		Waits: status.Screen == string(session.ScreenOutOfService) && s.Updating(),
	})
}

// busy counts payments and legs of which something is under way: at the terminal, at the library, or in doubt.
func (s *Server) busy() (n int, err error) {
	items, err := Queue(s.Ledger)
	for _, i := range items {
		switch {
		case i.OpenCase:
		case i.Leg == 0, i.State == string(payment.LegPosting), i.State == string(payment.LegPostingInDoubt):
			n++
		}
	}
	return n, err
}

// State asks the daemon for a statement, and checks that it is one and fresh. The key is the one that signed it.
func (c *Client) State(ctx context.Context, nonce string) (said statement.Statement, signed statement.Signed, err error) {
	if err := c.Post(ctx, "/statement", Question{nonce}, &signed); err != nil {
		return said, signed, err
	}
	if signed.Text == "" {
		return said, signed, errors.New("kioskd makes no statement")
	}
	said, err = signed.Read(nonce)
	return said, signed, err
}
