package concert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/unasked"
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
	c.Register = cmp.Or(c.Register, "01")
	c.Answer = cmp.Or(c.Answer, 3*time.Minute)
	c.Rest = cmp.Or(c.Rest, 2*time.Minute)
	return c
}

const protocol unasked.Protocol = "Concert E+"

// Terminal is one terminal.
type Terminal struct {
	unasked.Protocol
	turn *unasked.Turn
	dial device.Dial
	cfg  Config
}

var _ terminal.Terminal = (*Terminal)(nil)

// New makes a terminal. It opens nothing.
func New(dial device.Dial, cfg Config) *Terminal {
	cfg = cfg.filled()
	return &Terminal{protocol, unasked.NewTurn(protocol, cfg.Rest), dial, cfg}
}

// Status asks the terminal for the turn and gives it back: that begins nothing.
func (t *Terminal) Status(ctx context.Context) (terminal.Status, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.Status{}, err
	}
	defer t.turn.Give()
	if err := t.turn.Rests(); err != nil {
		return terminal.Status{Reason: err.Error()}, nil
	}
	link, err := t.dial(ctx)
	if err != nil {
		return terminal.Status{}, t.NotSent(err)
	}
	l := line{wire: wire.New(link)}
	defer l.wire.Close()
	switch err := l.ask(); {
	case errors.Is(err, errBusy):
		return terminal.Status{Reason: err.Error()}, nil
	case err != nil:
		return terminal.Status{}, t.NotSent(err)
	}
	return terminal.Status{Ready: true, TerminalID: "register " + t.cfg.Register}, l.write(EOT)
}

// Purchase charges the card, as the contract says. It cannot be stopped: when ctx ends it still waits for the answer.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.CardSlip{}, err
	}
	defer t.turn.Give()
	if p.Amount.Currency != t.cfg.Currency || p.Amount.Minor <= 0 {
		return terminal.CardSlip{}, t.NotSent(fmt.Errorf("%s cannot be asked for in %s", p.Amount, t.cfg.Currency))
	}
	request := Request{Register: t.cfg.Register, Minor: p.Amount.Minor, Mode: modeCard, Kind: kindDebit, Currency: p.Amount.Currency.Numeric(),
		Private: p.Ref, Delay: answerAfter, Force: forceNothing}
	message, err := request.Bytes()
	if err := errors.Join(err, t.turn.Rests(), ctx.Err()); err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	link, err := t.dial(ctx)
	if err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	l := &line{wire: wire.New(link)}
	defer l.wire.Close()
	if err := l.ask(); err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	switch err := l.say(Frame(message)); {
	case errors.Is(err, errNotTaken), errors.Is(err, wire.ErrNothingOut):
		return terminal.CardSlip{}, t.NotSent(err)
	case err != nil:
		return terminal.CardSlip{}, t.turn.Lost(err)
	}
	if w.Progress != nil {
		w.Progress(terminal.ProgressCard)
	}
	said, err := l.hear(time.Now().Add(t.cfg.Answer))
	if err != nil {
		return terminal.CardSlip{}, t.turn.Lost(err)
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

// judge reads what an answer says of the money, and acknowledges it when that is saved.
func (t *Terminal) judge(l *line, said []byte, asked Request, amount money.Amount, w terminal.Watch) error {
	answer, err := ParseAnswer(said)
	if err != nil {
		return t.turn.Lost(err)
	}
	if err := answer.fits(asked); err != nil {
		return t.turn.Lost(err)
	}
	switch answer.Status {
	case statusNotDone:
		l.confirm()
		return t.Refused(errors.New("the terminal says that it was not done"))
	case statusDone:
		if err := w.Seen(terminal.Approval{Amount: amount}); err != nil {
			return t.Doubt(fmt.Errorf("the approval is not saved: %w", err))
		}
		l.confirm()
		return nil
	}
	return t.turn.Lost(fmt.Errorf("the terminal answers with status %q", answer.Status))
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
