package caisseap

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/pan"
	"selfpay/device/terminal"
	"selfpay/drivers/unasked"
	"selfpay/drivers/wire"
)

const (
	handOver  = 5 * time.Second // for a request to leave
	mostMinor = 999_999_999_999 // CB has 12 digits
)

// Config is what a terminal is asked with.
type Config struct {
	Currency    money.Currency
	Register    string        // number of this register, two digits; empty means 01
	Application string        // identification of the register's application, 12 characters, as given to the integrator
	Answer      time.Duration // how long an answer may take; 0 means 3 minutes. The terminal's own wait for a card must be shorter.
	Quiet       time.Duration // how long nothing more must come for an answer to be whole; 0 means 300 ms
	Rest        time.Duration // after a lost answer no purchase begins for so long: the terminal may wait for a card still; 0 means 2 minutes
}

func (c Config) filled() Config {
	c.Register = cmp.Or(c.Register, "01")
	c.Answer = cmp.Or(c.Answer, 3*time.Minute)
	c.Quiet = cmp.Or(c.Quiet, 300*time.Millisecond)
	c.Rest = cmp.Or(c.Rest, 2*time.Minute)
	return c
}

const protocol unasked.Protocol = "Caisse-AP"

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

// Status says whether the terminal takes connections. The protocol has no question that does not begin something.
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
	return terminal.Status{Ready: true, TerminalID: "register " + t.cfg.Register}, link.Close()
}

// Purchase charges the card, as the contract says. It cannot be stopped: when ctx ends it still waits for the answer.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.CardSlip{}, err
	}
	defer t.turn.Give()
	request, err := t.request(p)
	if err := errors.Join(err, t.turn.Rests(), ctx.Err()); err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	answer, err := t.exchange(ctx, request, w.Progress)
	if err != nil {
		return terminal.CardSlip{}, err
	}
	return t.judge(answer, p, w)
}

// exchange sends a request and waits for the whole answer.
func (t *Terminal) exchange(ctx context.Context, request []byte, progress func(terminal.Progress)) (Message, error) {
	link, err := t.dial(ctx)
	if err != nil {
		return nil, t.NotSent(err)
	}
	w := wire.New(link)
	defer w.Close()
	switch err := w.Write(request, handOver); {
	case errors.Is(err, wire.ErrNothingOut):
		return nil, t.NotSent(err)
	case err != nil:
		return nil, t.turn.Lost(err)
	}
	if progress != nil {
		progress(terminal.ProgressCard)
	}
	answer, err := t.answer(w)
	if err != nil {
		return nil, t.turn.Lost(err)
	}
	return answer, nil
}

// answer waits until an answer is whole: its last field is, it says how it ended, and nothing more comes.
func (t *Terminal) answer(w *wire.Wire) (Message, error) {
	limit := time.Now().Add(t.cfg.Answer)
	var got []byte
	for {
		answer, err := Parse(got)
		if errors.Is(err, ErrMalformed) {
			return nil, err
		}
		_, ended := answer.Value(tagEnded)
		until := limit
		if quiet := time.Now().Add(t.cfg.Quiet); ended && quiet.Before(limit) {
			until = quiet
		}
		more, err := w.Next(until, nil)
		switch {
		case err == nil:
			got = append(got, more...)
		case ended:
			return answer, nil
		default:
			return nil, err
		}
	}
}

// request asks for a debit. The amount comes last: of a request that was cut off the terminal can charge nothing.
func (t *Terminal) request(p terminal.Purchase) ([]byte, error) {
	number := p.Amount.Currency.Numeric()
	if number == "" || p.Amount.Currency != t.cfg.Currency || p.Amount.Minor <= 0 || p.Amount.Minor > mostMinor {
		return nil, fmt.Errorf("%s cannot be asked for in %s", p.Amount, t.cfg.Currency)
	}
	m := Message{{tagVersion, version}}
	if t.cfg.Application != "" {
		m = append(m, Field{tagApplication, t.cfg.Application})
	}
	m = append(m, Field{tagRegister, t.cfg.Register}, Field{tagCurrency, number}, Field{tagWhen, answerAtTheEnd}, Field{tagAction, actionDebit})
	if p.Ref != "" {
		m = append(m, Field{tagOwnReference, p.Ref})
	}
	return append(m, Field{tagAmount, fmt.Sprintf("%02d", p.Amount.Minor)}).Bytes()
}

// judge reads what an answer says of the money.
func (t *Terminal) judge(answer Message, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	ended, _ := answer.Value(tagEnded)
	reason, hasReason := answer.Value(tagReason)
	switch {
	case ended == endedNot && hasReason && reason != reasonAuthorised && reason != reasonUnfinished:
		return terminal.CardSlip{}, t.Refused(fmt.Errorf("AF %s: %s", reason, reasons[reason]))
	case ended != endedDone:
		return terminal.CardSlip{}, t.Doubt(fmt.Errorf("AE is %q and AF %q", ended, reason))
	case hasReason && reason != reasonAuthorised:
		return terminal.CardSlip{}, t.Doubt(fmt.Errorf("AE says done, and AF %s: %s", reason, reasons[reason]))
	}
	if err := t.fits(answer, p); err != nil {
		return terminal.CardSlip{}, t.Doubt(err)
	}
	if err := w.Seen(approval(answer, p)); err != nil {
		return terminal.CardSlip{}, t.Doubt(fmt.Errorf("the approval is not saved: %w", err))
	}
	return slip(answer), nil
}

// fits compares an answer with what was asked.
func (t *Terminal) fits(answer Message, p terminal.Purchase) error {
	number := p.Amount.Currency.Numeric()
	for _, want := range []Field{{tagRegister, t.cfg.Register}, {tagCurrency, number}, {tagAction, actionDebit}} {
		if got, _ := answer.Value(want.Tag); got != want.Value {
			return fmt.Errorf("%s is %q, asked was %q", want.Tag, got, want.Value)
		}
	}
	text, _ := answer.Value(tagAmount)
	if minor, err := strconv.ParseInt(text, 10, 64); err != nil || minor != p.Amount.Minor {
		return fmt.Errorf("the amount is %q, asked was %d", text, p.Amount.Minor)
	}
	return nil
}

// slip is the ticket that came with the answer, without any card number. Terminals with a printer send none.
func slip(answer Message) terminal.CardSlip {
	packed, _ := answer.Value(tagTicket)
	text, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || len(text) == 0 {
		return terminal.CardSlip{}
	}
	lines := strings.ToValidUTF8(string(pan.MaskText(text)), "\uFFFD")
	return terminal.CardSlip{Customer: strings.Split(strings.TrimRight(lines, "\r\n"), "\n")}
}

// approval is what an answer says of an approved purchase.
func approval(answer Message, p terminal.Purchase) terminal.Approval {
	a := terminal.Approval{Amount: p.Amount}
	number, _ := answer.Value(tagTransaction)
	if n, err := strconv.Atoi(strings.TrimSpace(number)); err == nil && n > 0 && n <= 9999 {
		a.Receipt = n
	}
	a.AuthorisationCode, _ = answer.Value(tagAuthorisation)
	number, _ = answer.Value(tagMaskedPAN)
	a.MaskedPAN = pan.Mask(number)
	return a
}
