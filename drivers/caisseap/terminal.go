package caisseap

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/pan"
	"selfpay/device/terminal"
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
	if c.Register == "" {
		c.Register = "01"
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&c.Answer, 3 * time.Minute}, {&c.Quiet, 300 * time.Millisecond}, {&c.Rest, 2 * time.Minute}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
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
		return fmt.Errorf("%w: caisseap: %w", device.ErrNotSent, ctx.Err())
	}
}

func (t *Terminal) give() { <-t.turn }

// Status says whether the terminal takes connections. The protocol has no question that does not begin something.
func (t *Terminal) Status(ctx context.Context) (terminal.Status, error) {
	if err := t.take(ctx); err != nil {
		return terminal.Status{}, err
	}
	defer t.give()
	if wait := time.Until(t.free); wait > 0 {
		return terminal.Status{Reason: fmt.Sprintf("the terminal may wait for a card still, for %s", wait.Round(time.Second))}, nil
	}
	link, err := t.dial(ctx)
	if err != nil {
		return terminal.Status{}, fmt.Errorf("caisseap: %w", err)
	}
	return terminal.Status{Ready: true, TerminalID: "register " + t.cfg.Register}, link.Close()
}

// Purchase charges the card, as the contract says. It cannot be stopped: when ctx ends it still waits for the answer.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := t.take(ctx); err != nil {
		return terminal.CardSlip{}, err
	}
	defer t.give()
	if p.Amount.Currency != t.cfg.Currency {
		return terminal.CardSlip{}, fmt.Errorf("%w: caisseap: %s is not the terminal's currency, %s", device.ErrNotSent, p.Amount.Currency, t.cfg.Currency)
	}
	request, err := t.request(p)
	if err != nil {
		return terminal.CardSlip{}, fmt.Errorf("%w: %w", device.ErrNotSent, err)
	}
	if wait := time.Until(t.free); wait > 0 {
		return terminal.CardSlip{}, fmt.Errorf("%w: caisseap: the terminal may wait for a card still, for %s", device.ErrNotSent, wait.Round(time.Second))
	}
	answer, err := t.exchange(ctx, request, w.Progress)
	if err != nil {
		return terminal.CardSlip{}, err
	}
	return t.judge(answer, p, w)
}

// exchange sends a request and waits for the whole answer.
func (t *Terminal) exchange(ctx context.Context, request []byte, progress func(terminal.Progress)) (Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: caisseap: %w", device.ErrNotSent, err)
	}
	link, err := t.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: caisseap: %w", device.ErrNotSent, err)
	}
	w := wire.New(link)
	defer w.Close()
	switch err := w.Write(request, handOver); {
	case errors.Is(err, wire.ErrNothingOut):
		return nil, fmt.Errorf("%w: caisseap: %w", device.ErrNotSent, err)
	case err != nil:
		return nil, t.lost(err)
	}
	if progress != nil {
		progress(terminal.ProgressCard)
	}
	answer, err := t.answer(w)
	if err != nil {
		return nil, t.lost(err)
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

// lost is an answer that did not come. The terminal may wait for the card still.
func (t *Terminal) lost(err error) error {
	t.free = time.Now().Add(t.cfg.Rest)
	return fmt.Errorf("%w: caisseap: %w", device.ErrDoubt, err)
}

// request asks for a debit. The amount comes last: of a request that was cut off the terminal can charge nothing.
func (t *Terminal) request(p terminal.Purchase) ([]byte, error) {
	number := p.Amount.Currency.Numeric()
	if number == "" || p.Amount.Minor <= 0 || p.Amount.Minor > mostMinor {
		return nil, fmt.Errorf("caisseap: %s cannot be asked for", p.Amount)
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
		return terminal.CardSlip{}, fmt.Errorf("%w: caisseap: AF %s: %s", device.ErrRefused, reason, reasons[reason])
	case ended != endedDone:
		return terminal.CardSlip{}, t.doubt("AE is %q and AF %q", ended, reason)
	case hasReason && reason != reasonAuthorised:
		return terminal.CardSlip{}, t.doubt("AE says done, and AF %s: %s", reason, reasons[reason])
	}
	if err := t.fits(answer, p); err != nil {
		return terminal.CardSlip{}, t.doubt("%v", err)
	}
	if err := w.Seen(approval(answer, p)); err != nil {
		return terminal.CardSlip{}, fmt.Errorf("%w: caisseap: the approval is not saved: %w", device.ErrDoubt, err)
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

// doubt is an answer that says neither yes nor no.
func (t *Terminal) doubt(format string, of ...any) error {
	return fmt.Errorf("%w: caisseap: "+format, append([]any{device.ErrDoubt}, of...)...)
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

// RecoverPurchase finds nothing out: the terminal has no memory that it tells of. Only an approval that came is known.
func (t *Terminal) RecoverPurchase(_ context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	if a.Seen != nil {
		return terminal.Recovery{Verdict: terminal.Charged, Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: *a.Seen},
			Evidence: "the terminal's answer had come and was saved; it is its last word"}, nil
	}
	return terminal.Recovery{Verdict: terminal.NeverKnown, Evidence: "Caisse-AP cannot ask for a transaction that has passed; compare with the terminal's own reports"}, nil
}

// Reverse is refused: the protocol cancels with the card at the terminal only.
func (t *Terminal) Reverse(context.Context, terminal.Approval) error {
	return fmt.Errorf("%w: caisseap: a purchase is taken back with its card only, at the desk", device.ErrRefused)
}

// RecoverReversal is Charged: nothing was taken back by this driver.
func (t *Terminal) RecoverReversal(_ context.Context, a terminal.Approval) (terminal.Recovery, error) {
	return terminal.Recovery{Verdict: terminal.Charged, Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: a},
		Evidence: "Caisse-AP takes nothing back without the card"}, nil
}

// Last remembers nothing.
func (t *Terminal) Last(context.Context) (terminal.Transaction, error) {
	return terminal.Transaction{}, nil
}

// EndOfDay is not asked for: the terminal sends its day to the bank by itself.
func (t *Terminal) EndOfDay(context.Context) (terminal.DayTotal, error) {
	return terminal.DayTotal{}, fmt.Errorf("%w: caisseap: the terminal ends its day by itself (télécollecte)", device.ErrNotSent)
}

// Close has nothing to end: each exchange has a connection of its own.
func (t *Terminal) Close() error { return nil }
