package ecr17

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

const (
	soon        = 15 * time.Second // an answer that needs neither card nor host
	anyTerminal = "00000000"
)

// Config is what a terminal is asked with.
type Config struct {
	Currency   money.Currency // EUR: the protocol knows cents and no currency
	TerminalID string         // 8 digits; empty means 00000000, which every terminal takes for its own
	Register   string         // number of this register, up to 8 digits; empty means 1
	LRC        LRC            // how check sums are built; empty means LRCWhole
	OwnPrinter bool           // the terminal prints its receipts itself; else it is asked to send them

	Answer  time.Duration // how long an answer to a payment may take; 0 means 3 minutes. The terminal's own wait for a card must be shorter.
	Confirm time.Duration // from a message to its ACK or NAK; 0 means 3 seconds
	// Rest is how long the terminal may be at a payment still whose answer was lost; 0 means 2 minutes more than Answer. No payment begins
	// meanwhile, and only after it a last result that is the one from before proves anything.
	Rest time.Duration
}

func (c Config) filled() Config {
	c.TerminalID = cmp.Or(c.TerminalID, anyTerminal)
	c.Register = leftZeros(cmp.Or(c.Register, "1"), 8)
	c.LRC = cmp.Or(c.LRC, LRCWhole)
	c.Answer = cmp.Or(c.Answer, 3*time.Minute)
	c.Confirm = cmp.Or(c.Confirm, 3*time.Second)
	c.Rest = cmp.Or(c.Rest, c.Answer+2*time.Minute)
	return c
}

// protocol also says what the contract owes of a reversal: it needs the card, which has gone.
const protocol unasked.Protocol = "ECR17"

// Terminal is one terminal.
type Terminal struct {
	unasked.Protocol
	dial device.Dial
	cfg  Config
	turn *unasked.Turn // its rest is not used: see rests

	// Owned by the method that runs.
	doubtful bool      // the answer to a payment was lost, and is not found yet
	since    time.Time // a payment whose end is not known was begun before
	told     int       // STAN of the newest result that the terminal told; 0: none
}

var _ terminal.Terminal = (*Terminal)(nil)

// New makes a terminal. It opens nothing. A payment that another process began is taken to have been begun just before.
func New(dial device.Dial, cfg Config) *Terminal {
	return &Terminal{Protocol: protocol, dial: dial, cfg: cfg.filled(), turn: unasked.NewTurn(protocol, 0), since: time.Now()}
}

// left is how long the terminal may be at a payment still whose end is not known.
func (t *Terminal) left() time.Duration { return t.cfg.Rest - time.Since(t.since) }

// rests says in words that no payment may begin yet.
func (t *Terminal) rests() error {
	if left := t.left(); t.doubtful && left > 0 {
		return fmt.Errorf("the terminal may be at the payment before still, for %s", left.Round(time.Second))
	}
	return nil
}

// lost is an answer that did not come, or is neither yes nor no.
func (t *Terminal) lost(err error) error {
	t.doubtful, t.since = true, time.Now()
	return t.Doubt(err)
}

// open opens a link of its own for one method: terminals close theirs between payments.
func (t *Terminal) open(ctx context.Context) (*line, error) {
	link, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &line{wire: wire.New(link), lrc: t.cfg.LRC, confirm: t.cfg.Confirm}, nil
}

// question asks for an answer that changes nothing, and acknowledges it.
func (t *Terminal) question(ctx context.Context, message []byte, codes string) ([]byte, error) {
	l, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	defer l.wire.Close()
	if err := l.ask(message); err != nil {
		return nil, err
	}
	answer, err := l.answer(time.Now().Add(soon), codes, nil)
	if err != nil {
		return nil, err
	}
	l.write(Control(ACK)) // it may not hear that: it told all the same
	return answer, nil
}

// states are the terminal's conditions, where one makes is not operative.
var states = map[byte]string{
	'0': "the terminal is not configured", '1': "the terminal waits for its first download (DLL)", '2': "operative",
	'3': "the terminal asks for a download (first DLL)", '4': "the terminal's keys are damaged: it asks for a download (first DLL)",
	'5': "a download (DLL) is due", '6': "an update of the terminal's software is due",
}

// Status asks the terminal how it is. It does not tell whether it is at a payment.
func (t *Terminal) Status(ctx context.Context) (terminal.Status, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.Status{}, err
	}
	defer t.turn.Give()
	c, err := t.condition(ctx)
	if err != nil {
		return terminal.Status{}, t.NotSent(err)
	}
	s := terminal.Status{Ready: c.State == stateOperative, TerminalID: c.TerminalID}
	if err := t.rests(); err != nil {
		return terminal.Status{Reason: err.Error(), TerminalID: c.TerminalID}, nil
	}
	if !s.Ready {
		s.Reason = cmp.Or(states[c.State], fmt.Sprintf("the terminal says %q of itself", c.State))
	}
	return s, nil
}

func (t *Terminal) condition(ctx context.Context) (Condition, error) {
	answer, err := t.question(ctx, request(t.cfg.TerminalID, codeStatus, ""), string(codeStatus))
	if err != nil {
		return Condition{}, err
	}
	c, err := ParseCondition(answer)
	if err != nil {
		return Condition{}, err
	}
	return c, t.own(c.TerminalID)
}

// own compares the terminal that answers with the one that was asked.
func (t *Terminal) own(terminalID string) error {
	if t.cfg.TerminalID != anyTerminal && terminalID != t.cfg.TerminalID {
		return fmt.Errorf("terminal %s answers, asked was %s", terminalID, t.cfg.TerminalID)
	}
	return nil
}

// Purchase charges the card, as the contract says. It cannot be stopped: when ctx ends it still waits for the answer.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.CardSlip{}, err
	}
	defer t.turn.Give()
	message, err := t.payment(p)
	if err := errors.Join(err, t.rests(), ctx.Err()); err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	l, err := t.open(ctx)
	if err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	defer l.wire.Close()
	return t.dialogue(l, message, p, w)
}

// dialogue says a payment once, and waits for its answer and its receipt.
func (t *Terminal) dialogue(l *line, message []byte, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	receipts, err := t.receipts(l)
	if err := errors.Join(err, l.hush()); err != nil {
		return terminal.CardSlip{}, t.NotSent(err)
	}
	switch err := l.say(message); {
	case errors.Is(err, errNotTaken), errors.Is(err, wire.ErrNothingOut):
		return terminal.CardSlip{}, t.NotSent(err)
	case err != nil:
		return terminal.CardSlip{}, t.lost(err)
	}
	if w.Progress != nil {
		w.Progress(terminal.ProgressCard)
	}
	said, err := l.answer(time.Now().Add(t.cfg.Answer), string([]byte{codeResult, codeExchange}), w.Progress)
	if err != nil {
		return terminal.CardSlip{}, t.lost(err)
	}
	err = t.judge(l, said, p, w)
	if !receipts || device.Class(err) == device.ErrDoubt {
		return terminal.CardSlip{}, err
	}
	slip := l.slip() // also after a no: the terminal wants to be rid of it
	if err != nil {
		return terminal.CardSlip{}, err
	}
	return slip, nil
}

// payment is the message of a purchase.
func (t *Terminal) payment(p terminal.Purchase) ([]byte, error) {
	if p.Amount.Currency != "EUR" || t.cfg.Currency != "EUR" {
		return nil, fmt.Errorf("%s cannot be asked for in %s: the terminal knows EUR only", p.Amount, t.cfg.Currency)
	}
	return Payment{TerminalID: t.cfg.TerminalID, Register: t.cfg.Register, Extended: true, Minor: p.Amount.Minor, Contract: p.Ref}.Bytes()
}

// receipts asks the terminal to send the receipt of what comes next. False: it prints it itself. An error: it does not answer, and
// nothing more may be said to it.
func (t *Terminal) receipts(l *line) (bool, error) {
	if t.cfg.OwnPrinter {
		return false, nil
	}
	err := l.say(request(t.cfg.TerminalID, codeReceipts, "1"))
	if errors.Is(err, errNotTaken) {
		return false, nil
	}
	return err == nil, err
}

// judge reads what an answer says of the money, and acknowledges it when that is saved.
func (t *Terminal) judge(l *line, said []byte, p terminal.Purchase, w terminal.Watch) error {
	r, err := ParseResult(said)
	if err == nil {
		err = cmp.Or(t.own(r.TerminalID), r.fits(p.Amount))
	}
	if err != nil {
		return t.lost(err)
	}
	if r.Ended == endedNot {
		l.write(Control(ACK))
		return t.Refused(errors.New(cmp.Or(r.Reason, "the terminal names no reason")))
	}
	if r.STAN == t.told {
		return t.lost(fmt.Errorf("the approval with STAN %06d was told before", r.STAN))
	}
	t.told = r.STAN
	if err := w.Seen(approval(r, time.Now())); err != nil {
		return t.lost(fmt.Errorf("the approval is not saved: %w", err))
	}
	if err := l.write(Control(ACK)); err != nil {
		return t.lost(fmt.Errorf("the approval is not acknowledged: %w", err))
	}
	return nil
}

// fits says how a result is neither a clear no nor a clear yes to what was asked.
func (r Result) fits(asked money.Amount) error {
	switch {
	case r.Reversal:
		return errors.New("the result of a reversal came to a payment")
	case r.Ended == endedNot:
		return nil
	case r.Ended != endedDone:
		return fmt.Errorf("the terminal answers with result %q", r.Ended)
	case r.STAN == 0:
		return errors.New("an approval without a STAN")
	case !r.HasAmount:
		return errors.New("an approval without an amount")
	case r.Minor != asked.Minor:
		return fmt.Errorf("an approval of %d cents, asked was %d", r.Minor, asked.Minor)
	}
	return nil
}

var cards = map[byte]string{'1': "PagoBANCOMAT", '2': "international card", '3': "other card"}

// approval is what a result says, yes or no.
func approval(r Result, now time.Time) terminal.Approval {
	a := terminal.Approval{Trace: r.STAN, TerminalID: r.TerminalID, AuthorisationCode: r.Authorisation, MaskedPAN: r.MaskedPAN, CardName: cards[r.Card]}
	a.Date, a.Time = monthDay(r.When, now)
	if r.HasAmount {
		a.Amount = money.Of(r.Minor, "EUR")
	}
	return a
}

// EndOfDay closes the session with the host. The amount is what the terminal has counted; where the host has counted something else
// the session is closed all the same.
func (t *Terminal) EndOfDay(ctx context.Context) (terminal.DayTotal, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.DayTotal{}, err
	}
	defer t.turn.Give()
	l, err := t.open(ctx)
	if err != nil {
		return terminal.DayTotal{}, t.NotSent(err)
	}
	defer l.wire.Close()
	if err := errors.Join(l.hush(), ctx.Err()); err != nil {
		return terminal.DayTotal{}, t.NotSent(err)
	}
	switch err := l.say(request(t.cfg.TerminalID, codeClose, t.cfg.Register+strings.Repeat("0", 8))); {
	case errors.Is(err, errNotTaken), errors.Is(err, wire.ErrNothingOut):
		return terminal.DayTotal{}, t.NotSent(err)
	case err != nil:
		return terminal.DayTotal{}, t.Doubt(err)
	}
	said, err := l.answer(time.Now().Add(t.cfg.Answer), string(codeClose), nil)
	if err != nil {
		return terminal.DayTotal{}, t.Doubt(err)
	}
	l.write(Control(ACK))
	return t.closed(said)
}

func (t *Terminal) closed(said []byte) (terminal.DayTotal, error) {
	totals, err := ParseTotals(said)
	switch err := cmp.Or(err, t.own(totals.TerminalID)); {
	case err != nil:
		return terminal.DayTotal{}, t.Doubt(err)
	case !totals.Closed:
		return terminal.DayTotal{}, t.Doubt(errors.New("the terminal tells totals, and of no close"))
	case totals.Ended == endedNot:
		return terminal.DayTotal{}, t.Refused(errors.New(cmp.Or(totals.Reason, "the terminal names no reason")))
	case totals.Ended != endedDone:
		return terminal.DayTotal{}, t.Doubt(fmt.Errorf("the terminal answers with result %q", totals.Ended))
	}
	return terminal.DayTotal{Amount: money.Of(totals.Minor, "EUR")}, nil
}
