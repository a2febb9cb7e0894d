// Package accept finds out what a terminal does beyond the protocol, by real payments of a small amount that go back at once: which
// character set it takes, whether it tells its last result, what it does with an approval that nobody answered, which purchases it takes
// back, and whether it stops. It is for a technician who stands in front of a new model with a card. What it finds is a profile.
//
// No step is repeated, and each approval is handed to Saved before the terminal learns of it, as in a payment. What stays charged in the end
// is named: a person pays it back.
package accept

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/zvt"
)

// Person is who stands at the terminal. Confirm fails when nobody answers.
type Person interface {
	Tell(text string)
	Confirm(question string) (yes bool, err error)
}

// Script is what one acceptance needs.
type Script struct {
	Dial    device.Dial
	Config  zvt.Config  // of the family's profile, with the station's password, currency and transport
	Profile zvt.Profile // what is found goes into a copy
	Amount  money.Amount
	Person  Person
	Saved   func(Step) error // keeps each step as it ends, and each approval before the terminal learns of it
	Log     *slog.Logger
}

// Outcome is how a step ended.
type Outcome string

// The outcomes.
const (
	Fine    Outcome = "fine"
	Differs Outcome = "differs" // from the protocol; the kiosk can live with it
	Wrong   Outcome = "wrong"   // such a terminal should take no payments without staff
	Skipped Outcome = "skipped"
	Charged Outcome = "charged" // not a step: an approval, before it was acknowledged
)

// Step is one line of the protocol.
type Step struct {
	At      time.Time
	Name    string
	Outcome Outcome
	Detail  string
}

// Findings are what an acceptance found.
type Findings struct {
	Profile zvt.Profile
	Steps   []Step
	Left    []terminal.Approval // may still be charged, without a receipt number where none is known: a person pays it back
}

// Wrong says whether any step ended wrong.
func (f Findings) Wrong() bool {
	return slices.ContainsFunc(f.Steps, func(s Step) bool { return s.Outcome == Wrong })
}

// run is an acceptance under way.
type run struct {
	Script
	found Findings
	codes int
}

// errStop ends the script: without this step the others prove nothing.
var errStop = errors.New("the acceptance ends here")

// Run goes through the script. The error says why it ended early; what was found until then is returned with it.
func (s Script) Run(ctx context.Context) (Findings, error) {
	r := &run{Script: s, found: Findings{Profile: s.Profile}}
	r.found.Profile.Source = map[string]string{}
	for key, source := range s.Profile.Source {
		r.found.Profile.Source[key] = source
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) (Outcome, string, error)
	}{
		{"it answers", r.answers}, {"it registers", r.registers}, {"it charges a card", r.charges}, {"it tells its last result", r.remembers},
		{"it takes purchases back", r.reverses}, {"it stops", r.stops}, {"it gives up waiting for a card", r.givesUp},
		{"the cable is pulled before the card", r.loses}, {"nobody answers its approval", r.unanswered},
	} {
		r.Person.Tell("- " + step.name)
		outcome, detail, err := step.do(ctx)
		if err := errors.Join(err, r.save(Step{time.Now(), step.name, outcome, detail})); err != nil {
			return r.found, err
		}
	}
	return r.found, nil
}

func (r *run) save(s Step) error {
	r.found.Steps = append(r.found.Steps, s)
	r.Person.Tell(fmt.Sprintf("  %s: %s", s.Outcome, s.Detail))
	if err := r.Saved(s); err != nil {
		return fmt.Errorf("the protocol cannot be kept: %w", err)
	}
	return nil
}

// terminal is a driver with a configuration of its own, which with changes.
func (r *run) terminal(with func(*zvt.Config)) *zvt.Terminal {
	c := r.Config
	if with != nil {
		with(&c)
	}
	return zvt.New(r.Dial, c, r.Log)
}

// learnt puts where a statement comes from into the profile.
func (r *run) learnt(key string) {
	r.found.Profile.Source[key] = "seen at an acceptance on " + time.Now().Format(time.DateOnly)
}

func (r *run) answers(ctx context.Context) (Outcome, string, error) {
	t := r.terminal(nil)
	defer t.Close()
	s, err := t.Status(ctx)
	switch {
	case err != nil:
		return Wrong, err.Error(), fmt.Errorf("%w: %w", errStop, err)
	case !s.Ready:
		return Wrong, s.Reason, fmt.Errorf("%w: the terminal is not ready: %s", errStop, s.Reason)
	}
	return Fine, "terminal " + s.TerminalID, nil
}

// offered are the character sets in the order in which a kiosk wants them.
var offered = []string{"utf-8", "iso8859-15", "iso8859-1"}

func (r *run) registers(ctx context.Context) (Outcome, string, error) {
	t := r.terminal(func(c *zvt.Config) { c.Charsets, c.MessageNumbers = offered, true })
	defer t.Close()
	if _, err := t.Last(ctx); err != nil && !errors.Is(err, device.ErrRefused) {
		return Differs, "it does not take what is offered, and gets the profile's registration: " + err.Error(), nil
	}
	got := t.Agreed()
	p := &r.found.Profile.Registration
	p.MessageNumbers = got.MessageNumbers
	if name := got.Charset.String(); slices.Contains(offered, name) && name != p.Charset {
		p.Charsets = []string{name}
	}
	if got.Width > 0 {
		p.Width = got.Width
	}
	r.learnt("registration")
	return Fine, fmt.Sprintf("terminal %s, texts in %s, %d characters in a line, numbered messages: %t", got.TerminalID, got.Charset, got.Width, got.MessageNumbers), nil
}

// purchase has one card charged. An approval is kept before the terminal learns of it.
func (r *run) purchase(ctx context.Context, t *zvt.Terminal, w terminal.Watch) (a terminal.Approval, slip terminal.CardSlip, err error) {
	seen := w.Seen
	w.Seen = func(found terminal.Approval) error {
		a = found
		r.found.Left = append(r.found.Left, found)
		err := r.save(Step{time.Now(), "approval", Charged, fmt.Sprintf("%s, receipt %04d, trace %d", found.Amount, found.Receipt, found.Trace)})
		if err == nil && seen != nil {
			err = seen(found)
		}
		return err
	}
	r.codes++
	slip, err = t.Purchase(ctx, terminal.Purchase{Ref: fmt.Sprintf("accept-%d", r.codes), Amount: r.Amount}, w)
	return a, slip, err
}

// settled strikes an approval that is charged no longer.
func (r *run) settled(a terminal.Approval) {
	r.found.Left = slices.DeleteFunc(r.found.Left, func(l terminal.Approval) bool { return l.Receipt == a.Receipt && l.Trace == a.Trace })
}

func (r *run) charges(ctx context.Context) (Outcome, string, error) {
	r.Person.Tell(fmt.Sprintf("  Present a card: %s is charged, and taken back later.", r.Amount))
	t := r.terminal(nil)
	defer t.Close()
	a, slip, err := r.purchase(ctx, t, terminal.Watch{})
	if err != nil {
		return Wrong, err.Error(), fmt.Errorf("%w: no card was charged: %w", errStop, err)
	}
	detail := fmt.Sprintf("receipt %04d, trace %d, %d lines for the patron and %d for the library", a.Receipt, a.Trace, len(slip.Customer), len(slip.Merchant))
	printed, err := r.Person.Confirm("Has the terminal printed a slip by itself?")
	if err != nil {
		return Skipped, detail, err
	}
	switch none := len(slip.Customer)+len(slip.Merchant) == 0; {
	case printed && none:
		r.found.Profile.Registration.Printing = "terminal"
		detail += "; the terminal prints"
	case none:
		r.found.Profile.Registration.Printing = "own"
		detail += "; nobody prints: the kiosk writes slips of its own"
	}
	return Fine, detail, nil
}

func (r *run) remembers(ctx context.Context) (Outcome, string, error) {
	t := r.terminal(nil)
	defer t.Close()
	newest := r.found.Left[len(r.found.Left)-1]
	last, err := t.Last(ctx)
	r.learnt("memory.last_result")
	switch {
	case errors.Is(err, device.ErrRefused), err == nil && last.Kind == terminal.KindNone:
		r.found.Profile.Memory.LastResult = "no"
		return Differs, "it does not: a lost answer will be an open case, which a person decides", nil
	case err != nil:
		r.found.Profile.Memory.LastResult = "unknown"
		return Wrong, err.Error(), nil
	case last.Approval.Receipt != newest.Receipt || last.Approval.Trace != newest.Trace || last.Approval.Amount != newest.Amount:
		r.found.Profile.Memory.LastResult = "unknown"
		return Wrong, fmt.Sprintf("it names receipt %04d, trace %d, %s", last.Approval.Receipt, last.Approval.Trace, last.Approval.Amount), nil
	}
	r.found.Profile.Memory.LastResult = "yes"
	return Fine, "the purchase before", nil
}

func (r *run) reverses(ctx context.Context) (Outcome, string, error) {
	r.Person.Tell(fmt.Sprintf("  Present a card once more: %s.", r.Amount))
	t := r.terminal(nil)
	defer t.Close()
	older := r.found.Left[0]
	newer, _, err := r.purchase(ctx, t, terminal.Watch{})
	if err != nil {
		return Wrong, err.Error(), nil
	}
	r.learnt("memory.reverses")
	first, second := t.Reverse(ctx, older), t.Reverse(ctx, newer)
	if first == nil {
		r.settled(older)
	}
	if second == nil {
		r.settled(newer)
	}
	switch {
	case first == nil && second == nil:
		r.found.Profile.Memory.Reverses = "any"
		return Fine, "any of the day", nil
	case second == nil:
		r.found.Profile.Memory.Reverses = "last"
		return Differs, "the last one only: " + first.Error(), nil
	}
	r.found.Profile.Memory.Reverses = "unknown"
	return Differs, second.Error(), nil
}

// untilCard returns a context that ends when the terminal asks for a card, and what tells it so.
func untilCard(ctx context.Context, also func()) (context.Context, terminal.Watch, context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	return ctx, terminal.Watch{Progress: func(p terminal.Progress) {
		if p == terminal.ProgressCard {
			also()
			stop()
		}
	}}, stop
}

func (r *run) stops(ctx context.Context) (Outcome, string, error) {
	r.Person.Tell("  Present no card.")
	t := r.terminal(nil)
	defer t.Close()
	ctx, watch, stop := untilCard(ctx, func() {})
	defer stop()
	_, _, err := r.purchase(ctx, t, watch)
	return withoutCard(err, "it stopped at once")
}

// patience is how long the terminal should wait for a card in givesUp.
const patience = 10 * time.Second

func (r *run) givesUp(ctx context.Context) (Outcome, string, error) {
	r.Person.Tell("  Present no card.")
	t := r.terminal(func(c *zvt.Config) { c.CardWait = patience })
	defer t.Close()
	start := time.Now()
	_, _, err := r.purchase(ctx, t, terminal.Watch{})
	took := time.Since(start).Round(time.Second)
	outcome, detail, err := withoutCard(err, "after "+took.String())
	if outcome == Fine && took > 3*patience {
		return Differs, fmt.Sprintf("it was told %s and took %s: set that in the terminal itself", patience, took), nil
	}
	return outcome, detail, err
}

// withoutCard judges a purchase for which no card was presented.
func withoutCard(err error, fine string) (Outcome, string, error) {
	switch {
	case err == nil:
		return Wrong, "a card was charged", nil
	case errors.Is(err, device.ErrRefused):
		return Fine, fine, nil
	}
	return Wrong, err.Error(), nil
}

func (r *run) loses(ctx context.Context) (Outcome, string, error) {
	ready, err := r.Person.Confirm("Can you pull the terminal's cable when it asks for a card, and put it back ten seconds later?")
	if err != nil || !ready {
		return Skipped, "nobody pulled it", err
	}
	t := r.terminal(nil)
	defer t.Close()
	baseline, _ := t.Last(ctx)
	asked := time.Now()
	_, _, err = r.purchase(ctx, t, terminal.Watch{Progress: func(p terminal.Progress) {
		if p == terminal.ProgressCard {
			r.Person.Tell("  Pull it now. Present no card.")
		}
	}})
	if errors.Is(err, device.ErrRefused) {
		return Skipped, "the purchase ended before the cable was pulled", nil
	}
	if _, err := r.Person.Confirm("Is the cable back?"); err != nil {
		return Skipped, "", err
	}
	return r.look(ctx, t, terminal.Attempt{Purchase: terminal.Purchase{Amount: r.Amount}, Baseline: &baseline}, asked)
}

// look asks the terminal what became of a purchase whose answer was lost.
func (r *run) look(ctx context.Context, t *zvt.Terminal, a terminal.Attempt, since time.Time) (Outcome, string, error) {
	found, err := t.RecoverPurchase(ctx, a)
	if err != nil {
		return Wrong, err.Error(), nil
	}
	detail := fmt.Sprintf("%s, known after %s: %s", found.Verdict, time.Since(since).Round(time.Second), found.Evidence)
	switch found.Verdict {
	case terminal.NotCharged:
		return Fine, detail, nil
	case terminal.Charged:
		r.found.Left = append(r.found.Left, found.Found.Approval)
		return Wrong, detail, nil
	}
	r.found.Left = append(r.found.Left, terminal.Approval{Amount: r.Amount})
	return Differs, detail, nil
}

// errUnanswered keeps the driver from answering an approval.
var errUnanswered = errors.New("left without an answer, to see what the terminal does")

func (r *run) unanswered(ctx context.Context) (Outcome, string, error) {
	if r.found.Profile.Memory.LastResult != "yes" {
		return Skipped, "without a last result nothing could be told", nil
	}
	r.Person.Tell(fmt.Sprintf("  Present a card: %s. The kiosk leaves the terminal without an answer; this may take a minute.", r.Amount))
	t := r.terminal(func(c *zvt.Config) { c.LastResultProven = true })
	defer t.Close()
	baseline, _ := t.Last(ctx)
	a, _, err := r.purchase(ctx, t, terminal.Watch{Seen: func(terminal.Approval) error { return errUnanswered }})
	if !errors.Is(err, errUnanswered) {
		return Wrong, fmt.Sprintf("no approval came: %v", err), nil
	}
	found, err := t.RecoverPurchase(ctx, terminal.Attempt{Purchase: terminal.Purchase{Amount: r.Amount}, Baseline: &baseline, Seen: &a})
	if err != nil {
		return Wrong, err.Error(), nil
	}
	r.learnt("memory.unanswered")
	dialect := "unknown"
	switch {
	case found.Verdict == terminal.Charged:
		dialect = "keep"
		if t.Reverse(ctx, a) == nil {
			r.settled(a)
		}
	case found.Verdict == terminal.NotCharged && found.Found.Kind == terminal.KindReversal:
		dialect = "reverse"
		r.settled(a)
	case found.Verdict == terminal.NotCharged:
		dialect = "decline"
		r.settled(a)
	}
	r.found.Profile.Memory.Unanswered = dialect
	if dialect == "unknown" {
		return Differs, found.Evidence, nil
	}
	return Fine, dialect + ": " + found.Evidence, nil
}
