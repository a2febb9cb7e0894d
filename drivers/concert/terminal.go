package concert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/wire"
)

// Config is what a terminal is asked with.
type Config struct {
	Currency money.Currency
	Register string        // number of this register, two digits; empty means 01
	Answer   time.Duration // how long an answer may take; 0 means 3 minutes. The terminal's own wait for a card must be shorter.
	Rest     time.Duration // after a lost answer no purchase begins for so long: the terminal may wait for a card still; 0 means 2 minutes
}

func (c Config) filled() Config {
	if c.Register == "" {
		c.Register = "01"
	}
	if c.Answer == 0 {
		c.Answer = 3 * time.Minute
	}
	if c.Rest == 0 {
		c.Rest = 2 * time.Minute
	}
	return c
}

// Terminal is one terminal.
type Terminal struct {
	dial device.Dial
	cfg  Config
	log  *slog.Logger

	turn chan struct{} // holds something while an exchange is under way
	free time.Time     // no purchase begins before; owned by whose turn it is
}

var _ terminal.Terminal = (*Terminal)(nil)

// New makes a terminal. It opens nothing.
func New(dial device.Dial, cfg Config, log *slog.Logger) *Terminal {
	return &Terminal{dial: dial, cfg: cfg.filled(), log: log, turn: make(chan struct{}, 1)}
}

// take waits for the exchange that is under way. Nothing was sent when it fails.
func (t *Terminal) take(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return notSent(ctx.Err())
	}
}

func (t *Terminal) give() { <-t.turn }

func notSent(err error) error { return fmt.Errorf("%w: concert: %w", device.ErrNotSent, err) }

// rests says how long the terminal may wait for a card still.
func (t *Terminal) rests() error {
	if wait := time.Until(t.free); wait > 0 {
		return fmt.Errorf("the terminal may wait for a card still, for %s", wait.Round(time.Second))
	}
	return nil
}

// Status asks the terminal for the turn and gives it back: that begins nothing.
func (t *Terminal) Status(ctx context.Context) (terminal.Status, error) {
	if err := t.take(ctx); err != nil {
		return terminal.Status{}, err
	}
	defer t.give()
	if err := t.rests(); err != nil {
		return terminal.Status{Reason: err.Error()}, nil
	}
	link, err := t.dial(ctx)
	if err != nil {
		return terminal.Status{}, notSent(err)
	}
	l := line{wire: wire.New(link)}
	defer l.wire.Close()
	switch err := l.ask(); {
	case errors.Is(err, errBusy):
		return terminal.Status{Reason: err.Error()}, nil
	case err != nil:
		return terminal.Status{}, notSent(err)
	}
	return terminal.Status{Ready: true, TerminalID: "register " + t.cfg.Register}, l.write(EOT)
}

// Purchase charges the card, as the contract says. It cannot be stopped: when ctx ends it still waits for the answer.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := t.take(ctx); err != nil {
		return terminal.CardSlip{}, err
	}
	defer t.give()
	if p.Amount.Currency != t.cfg.Currency || p.Amount.Minor <= 0 {
		return terminal.CardSlip{}, notSent(fmt.Errorf("%s cannot be asked for in %s", p.Amount, t.cfg.Currency))
	}
	request := Request{Register: t.cfg.Register, Minor: p.Amount.Minor, Mode: modeCard, Kind: kindDebit, Currency: p.Amount.Currency.Numeric(),
		Private: p.Ref, Delay: answerAfter, Force: forceNothing}
	message, err := request.Bytes()
	if err := errors.Join(err, t.rests(), ctx.Err()); err != nil {
		return terminal.CardSlip{}, notSent(err)
	}
	link, err := t.dial(ctx)
	if err != nil {
		return terminal.CardSlip{}, notSent(err)
	}
	l := &line{wire: wire.New(link)}
	defer l.wire.Close()
	if err := l.ask(); err != nil {
		return terminal.CardSlip{}, notSent(err)
	}
	switch err := l.say(Frame(message)); {
	case errors.Is(err, errNotTaken), errors.Is(err, wire.ErrNothingOut):
		return terminal.CardSlip{}, notSent(err)
	case err != nil:
		return terminal.CardSlip{}, t.lost(err)
	}
	if w.Progress != nil {
		w.Progress(terminal.ProgressCard)
	}
	said, err := l.hear(time.Now().Add(t.cfg.Answer))
	if err != nil {
		return terminal.CardSlip{}, t.lost(err)
	}
	return terminal.CardSlip{}, t.judge(l, said, request, p.Amount, w)
}

// Values of requests and answers.
const (
	modeCard      = '1'
	kindDebit     = '0'
	answerAfter   = "A010"
	forceNothing  = "B010"
	statusDone    = '0'
	statusNotDone = '7'
)

// lost is an answer that did not come. The terminal may wait for the card still.
func (t *Terminal) lost(err error) error {
	t.free = time.Now().Add(t.cfg.Rest)
	return fmt.Errorf("%w: concert: %w", device.ErrDoubt, err)
}

// judge reads what an answer says of the money, and acknowledges it when that is saved.
func (t *Terminal) judge(l *line, said []byte, asked Request, amount money.Amount, w terminal.Watch) error {
	answer, err := ParseAnswer(said)
	if err != nil {
		return t.lost(err)
	}
	if err := answer.fits(asked); err != nil {
		return t.lost(err)
	}
	switch answer.Status {
	case statusNotDone:
		l.confirm()
		return fmt.Errorf("%w: concert: the terminal says that it was not done", device.ErrRefused)
	case statusDone:
		if err := w.Seen(terminal.Approval{Amount: amount}); err != nil {
			return fmt.Errorf("%w: concert: the approval is not saved: %w", device.ErrDoubt, err)
		}
		l.confirm()
		return nil
	}
	return t.lost(fmt.Errorf("the terminal answers with status %q", answer.Status))
}

// fits says how an answer belongs to something else than was asked.
func (a Answer) fits(r Request) error {
	switch {
	case a.Register != r.Register:
		return fmt.Errorf("an answer to register %q came to %q", a.Register, r.Register)
	case a.Minor != r.Minor || a.Currency != r.Currency:
		return fmt.Errorf("an answer about %d of currency %q, asked was %d of %q", a.Minor, a.Currency, r.Minor, r.Currency)
	case strings.TrimSpace(a.Private) != strings.TrimSpace(r.Private):
		return fmt.Errorf("an answer to %q, asked was %q", a.Private, r.Private)
	}
	return nil
}

// RecoverPurchase finds nothing out: the terminal has no memory that it tells of. Only an approval that came is known.
func (t *Terminal) RecoverPurchase(_ context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	if a.Seen != nil {
		return terminal.Recovery{Verdict: terminal.Charged, Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: *a.Seen},
			Evidence: "the terminal's answer had come and was saved; it is its last word"}, nil
	}
	return terminal.Recovery{Verdict: terminal.NeverKnown, Evidence: "Concert E+ cannot ask for a transaction that has passed; compare with the terminal's own reports"}, nil
}

// Reverse is refused: the protocol cancels with the card at the terminal only.
func (t *Terminal) Reverse(context.Context, terminal.Approval) error {
	return fmt.Errorf("%w: concert: a purchase is taken back with its card only, at the desk", device.ErrRefused)
}

// RecoverReversal is Charged: nothing was taken back by this driver.
func (t *Terminal) RecoverReversal(_ context.Context, a terminal.Approval) (terminal.Recovery, error) {
	return terminal.Recovery{Verdict: terminal.Charged, Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: a},
		Evidence: "Concert E+ takes nothing back without the card"}, nil
}

// Last remembers nothing.
func (t *Terminal) Last(context.Context) (terminal.Transaction, error) {
	return terminal.Transaction{}, nil
}

// EndOfDay is not asked for: the terminal sends its day to the bank by itself.
func (t *Terminal) EndOfDay(context.Context) (terminal.DayTotal, error) {
	return terminal.DayTotal{}, notSent(errors.New("the terminal ends its day by itself (télécollecte)"))
}

// Close has nothing to end: each exchange has a link of its own.
func (t *Terminal) Close() error { return nil }
