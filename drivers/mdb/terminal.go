package mdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/unasked"
	"selfpay/drivers/wire"
)

// Config is what a reader is asked with.
type Config struct {
	Currency money.Currency
	Item     int           // number of the product that stands in the reader's own reports, 1 to 255; 0 means 1
	Answer   time.Duration // how long the patron and the bank may take; 0 means 3 minutes
	Ready    time.Duration // how long a reader may take to become ready before a purchase; 0 means 30 s
}

func (c Config) filled() Config {
	c.Item = cmp.Or(c.Item, 1)
	c.Answer = cmp.Or(c.Answer, 3*time.Minute)
	c.Ready = cmp.Or(c.Ready, 30*time.Second)
	return c
}

const (
	protocol unasked.Protocol = "MDB"
	look                      = 5 * time.Second // for a reader to appear when only its state is asked for
)

// Terminal is one reader with its adapter.
type Terminal struct {
	unasked.Protocol
	turn *unasked.Turn
	dial device.Dial
	cfg  Config
}

var _ terminal.Terminal = (*Terminal)(nil)

// New makes a terminal. It opens nothing.
func New(dial device.Dial, cfg Config) *Terminal {
	return &Terminal{protocol, unasked.NewTurn(protocol, 0), dial, cfg.filled()}
}

// CannotCancel is false: a pending request can be withdrawn.
func (t *Terminal) CannotCancel() bool { return false }

// open opens a link and reads the adapter's version. Nothing has begun.
func (t *Terminal) open(ctx context.Context) (*link, string, error) {
	opened, err := t.dial(ctx)
	if err != nil {
		return nil, "", err
	}
	l := &link{wire: wire.New(opened)}
	version, err := l.version(ctx)
	if err != nil {
		l.wire.Close()
		return nil, "", fmt.Errorf("the adapter does not tell its version: %w", err)
	}
	return l, strings.ReplaceAll(version, ",", " "), nil
}

// Status asks adapter and reader for their state. A request that was left open does not count: the next purchase ends it.
func (t *Terminal) Status(ctx context.Context) (terminal.Status, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.Status{}, err
	}
	defer t.turn.Give()
	l, version, err := t.open(ctx)
	if err != nil {
		return terminal.Status{}, t.NotSent(err)
	}
	defer l.wire.Close()
	r, err := l.present(ctx, look)
	if err != nil {
		return terminal.Status{}, t.NotSent(err)
	}
	s := terminal.Status{TerminalID: "adapter " + version}
	if err := cmp.Or(r.absent(), r.capable(), r.Setup.counts(t.cfg.Currency)); err != nil {
		s.Reason = err.Error()
	}
	s.Ready = s.Reason == ""
	return s, nil
}

// absent says that no reader is there.
func (r Report) absent() error {
	if r.State == Off || r.State == Reset {
		return errors.New("no reader answers on the bus")
	}
	return nil
}

// Purchase charges the card, as the contract says.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.CardSlip{}, err
	}
	defer t.turn.Give()
	if p.Amount.Currency != t.cfg.Currency || !p.Amount.Positive() {
		return terminal.CardSlip{}, t.NotSent(fmt.Errorf("%s cannot be asked for in %s", p.Amount, t.cfg.Currency))
	}
	if err := ctx.Err(); err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	l, _, err := t.open(ctx)
	if err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	defer l.wire.Close()
	if err := cmp.Or(l.enable(ctx, p.Amount, t.cfg.Ready), ctx.Err()); err != nil {
		l.disable()
		return terminal.CardSlip{}, t.NotSent(err)
	}
	return terminal.CardSlip{}, t.vend(ctx, l, p.Amount, w)
}

// vend asks for an amount. From here on every error has its class.
func (t *Terminal) vend(ctx context.Context, l *link, a money.Amount, w terminal.Watch) error {
	switch err := l.say("D,REQ," + a.Text() + "," + strconv.Itoa(t.cfg.Item)); {
	case errors.Is(err, wire.ErrNothingOut):
		return t.NotSent(err)
	case err != nil:
		return t.Doubt(err)
	}
	q := &request{link: l, until: time.Now().Add(t.cfg.Answer)}
	r, err := q.result(ctx, func() {
		if w.Progress != nil {
			w.Progress(terminal.ProgressCard)
		}
	})
	switch {
	case errors.Is(err, errNotTaken):
		return t.notTaken(l)
	case err != nil && r.State != Result:
		return t.Doubt(err)
	case err != nil:
		return t.failed(l, err)
	}
	return t.judge(q, r, a, w)
}

// notTaken: the adapter has answered a request with an error and is idle. It must stay so, without a reader that takes cards.
func (t *Terminal) notTaken(l *link) error {
	if err := l.idle(); err != nil {
		return t.Doubt(fmt.Errorf("%w, but: %w", errNotTaken, err))
	}
	return t.NotSent(errNotTaken)
}

// judge reads what a result says of the money, and ends the session when that is saved.
func (t *Terminal) judge(q *request, r Report, asked money.Amount, w terminal.Watch) error {
	approved, text, err := r.result()
	switch {
	case err != nil:
		return t.failed(q.link, err)
	case !approved:
		return t.denied(q)
	}
	amount, err := money.Parse(text, asked.Currency)
	if err != nil || amount != asked {
		return t.failed(q.link, fmt.Errorf("the reader approved %q, asked was %s", text, asked))
	}
	if err := w.Seen(terminal.Approval{Amount: amount}); err != nil {
		return t.failed(q.link, fmt.Errorf("the approval is not saved: %w", err))
	}
	if err := q.end(vendSuccess); err != nil {
		return t.Doubt(fmt.Errorf("the reader approved, and it is not known whether it heard of the end: %w", err))
	}
	q.disable()
	return nil
}

// denied is the reader's no.
func (t *Terminal) denied(q *request) error {
	if r, err := q.ended(); err == nil && r.State == Idle {
		q.disable()
	}
	if q.withdrew {
		return t.Refused(errors.New("the request was withdrawn, and the reader says that nothing is charged"))
	}
	return t.Refused(errors.New("the reader denies the payment"))
}

// failed tells the reader that nothing was given for the money. No line proves that the money went back.
func (t *Terminal) failed(l *link, err error) error {
	if ended := l.end(vendFailed); ended != nil {
		return t.Doubt(fmt.Errorf("%w; the reader could not be told to give the money back: %w", err, ended))
	}
	l.disable()
	return t.Doubt(fmt.Errorf("%w; the reader was told to give the money back", err))
}
