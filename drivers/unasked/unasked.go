// Package unasked is what drivers of card terminals have in common whose protocol asks nothing about the past and takes nothing back: a
// purchase is all there is. A lost answer stays in doubt for ever, and a person decides by the terminal's own reports.
package unasked

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
)

// Turn lets one exchange after the other have the terminal, and none while it may wait for a card still.
type Turn struct {
	protocol Protocol
	rest     time.Duration
	taken    chan struct{} // holds something while an exchange is under way
	free     time.Time     // no purchase begins before; owned by whose turn it is
}

// NewTurn makes the turns of a terminal. After a lost answer no purchase begins for rest.
func NewTurn(p Protocol, rest time.Duration) *Turn {
	return &Turn{protocol: p, rest: rest, taken: make(chan struct{}, 1)}
}

// Take waits for the exchange that is under way. Nothing was sent when it fails (device.ErrNotSent).
func (t *Turn) Take(ctx context.Context) error {
	select {
	case t.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return t.protocol.NotSent(ctx.Err())
	}
}

// Give ends a turn.
func (t *Turn) Give() { <-t.taken }

// Rests says in words that the terminal may wait for a card still; nil when it does not.
func (t *Turn) Rests() error {
	if wait := time.Until(t.free); wait > 0 {
		return fmt.Errorf("the terminal may wait for a card still, for %s", wait.Round(time.Second))
	}
	return nil
}

// Lost is an answer that did not come. The terminal rests from now on.
func (t *Turn) Lost(err error) error {
	t.free = time.Now().Add(t.rest)
	return t.protocol.Doubt(err)
}

// Protocol is the name of one. Embedded in a driver it is all of the contract that is not a purchase.
type Protocol string

// NotSent is an error before anything can have begun.
func (p Protocol) NotSent(err error) error {
	return fmt.Errorf("%w: %s: %w", device.ErrNotSent, p, err)
}

// Refused is the terminal's no.
func (p Protocol) Refused(err error) error {
	return fmt.Errorf("%w: %s: %w", device.ErrRefused, p, err)
}

// Doubt is an answer that says neither yes nor no, or an approval that could not be saved.
func (p Protocol) Doubt(err error) error { return fmt.Errorf("%w: %s: %w", device.ErrDoubt, p, err) }

// CannotCancel is true: only the terminal's own keys stop a purchase. See terminal.Cancels.
func (p Protocol) CannotCancel() bool { return true }

// RecoverPurchase finds nothing out. Only an approval that came is known.
func (p Protocol) RecoverPurchase(_ context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	if a.Seen != nil {
		return charged(*a.Seen, "the terminal's answer had come and was saved; it is its last word"), nil
	}
	return terminal.Recovery{Verdict: terminal.NeverKnown,
		Evidence: string(p) + " cannot ask for a transaction that has passed; compare with the terminal's own reports"}, nil
}

// Reverse is refused: the terminal takes a purchase back with its card only.
func (p Protocol) Reverse(context.Context, terminal.Approval) error {
	return p.Refused(errors.New("a purchase is taken back with its card only, at the desk"))
}

// RecoverReversal says Charged: nothing was taken back.
func (p Protocol) RecoverReversal(_ context.Context, a terminal.Approval) (terminal.Recovery, error) {
	return charged(a, string(p)+" takes nothing back without the card"), nil
}

func charged(a terminal.Approval, evidence string) terminal.Recovery {
	return terminal.Recovery{Verdict: terminal.Charged, Evidence: evidence,
		Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: a}}
}

// Last remembers nothing.
func (p Protocol) Last(context.Context) (terminal.Transaction, error) {
	return terminal.Transaction{}, nil
}

// EndOfDay is not sent: the terminal sends its day to the bank by itself.
func (p Protocol) EndOfDay(context.Context) (terminal.DayTotal, error) {
	return terminal.DayTotal{}, p.NotSent(errors.New("the terminal ends its day by itself"))
}

// Close has nothing to end: each exchange has a link of its own.
func (p Protocol) Close() error { return nil }
