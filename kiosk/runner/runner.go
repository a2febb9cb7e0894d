// Package runner is the one goroutine that owns money: an event comes in, the ledger saves it, and only then is what
// follows from it done. Deeds run beside the loop and come back as events, so that the loop keeps turning while a
// patron types a PIN. What is due depends on the ledger alone (payment.Due), so a crash and a lost answer are the
// same event, and recovery is ordinary code.
//
// Core holds all of it but goroutines, clock and chance; Runner turns it with the devices of the station.
package runner

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// Why no payment is taken just now.
var (
	// ErrTerminalInDoubt: an earlier purchase may have charged a card; the terminal is asked first.
	ErrTerminalInDoubt = errors.New("an earlier purchase at the terminal is not settled yet")
	// ErrBusy: a purchase is under way.
	ErrBusy = errors.New("a payment is under way")
	// ErrTooManyCases: staff must close open cases first.
	ErrTooManyCases = errors.New("too many open cases wait for staff")
	// ErrQueueFull: too many payments wait for the library system.
	ErrQueueFull = errors.New("too many payments wait for the library system")
)

// Ledger is what the runner needs of package ledger.
type Ledger interface {
	Ready() error
	Intend(card string, e payment.Intended) (payment.Payment, error)
	Append(id payment.ID, e payment.Event) (payment.Payment, error)
	Unfinished() ([]payment.Payment, error)
	PatronHash(id payment.ID) (string, error)
	Card(id payment.ID) (string, error)
	EndOfDayBegun(at payment.Stamp) error
	EndOfDayEnded(r ledger.DayResult) error
	EndsOfDay() ([]ledger.EndOfDay, error)
	PowerCycleBegun(c ledger.PowerCycle) error
	PowerCycleEnded(r ledger.PowerResult) error
	PowerCycles() ([]ledger.PowerCycle, error)
	StraySeen(at payment.Stamp, a payment.Approval) error
	StrayEnded(r ledger.StrayResult) error
}

// Config is what the runner works with. All of it must be set, but for Power, Changed and Progress.
type Config struct {
	Ledger   Ledger
	Terminal terminal.Terminal
	Library  ils.Library
	Now      func() payment.Stamp
	Limits   Limits
	Power    Power
	Log      *slog.Logger

	// Changed is called after every saved event, Progress with what the terminal asks of the patron. Both are called
	// from the runner and must return at once.
	Changed  func(payment.Payment)
	Progress func(payment.ID, terminal.Progress)
}

// Limits are the policy's bounds.
type Limits struct {
	OpenCases int          // at this many open cases no payment is taken
	Waiting   int          // at this many payments that wait for the library none is taken
	WaitingOf money.Amount // nor at this sum of them; no limit if zero
}

// StandardLimits hold where nothing else is configured.
var StandardLimits = Limits{OpenCases: 5, Waiting: 50}

// Runner owns the money. Make it with New, then let Run turn.
type Runner struct {
	Config
	inbox   chan func()
	ended   chan struct{}
	core    *Core
	cancels map[payment.ID]context.CancelFunc // of purchases under way; owned by the loop
	context context.Context
}

// New makes a runner. It does nothing before Run.
func New(c Config) *Runner {
	if c.Changed == nil {
		c.Changed = func(payment.Payment) {}
	}
	if c.Progress == nil {
		c.Progress = func(payment.ID, terminal.Progress) {}
	}
	r := &Runner{Config: c, inbox: make(chan func()), ended: make(chan struct{}), cancels: map[payment.ID]context.CancelFunc{}}
	r.core = NewCore(c.Ledger, station{r}, c.Limits, c.Log, c.Changed)
	if w, tells := c.Terminal.(terminal.StrayWatcher); tells {
		w.WatchStrays(r.strays())
	}
	return r
}

// Run tells every unfinished payment of the restart, then turns until ctx ends (nil) or a commit fails: then the
// ledger's content is unknown, and the program must exit and start again.
func (r *Runner) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.context = ctx
	defer close(r.ended)
	if err := r.core.Restart(); err != nil {
		return err
	}
	for r.core.Failed() == nil {
		select {
		case do := <-r.inbox:
			do()
		case <-ctx.Done():
			return nil
		}
	}
	return r.core.Failed()
}

// call runs do on the loop and waits for it.
func (r *Runner) call(ctx context.Context, do func()) error {
	done := make(chan struct{})
	select {
	case r.inbox <- func() { do(); close(done) }:
	case <-r.ended:
		return errors.New("runner: stopped")
	case <-ctx.Done():
		return ctx.Err()
	}
	<-done
	return nil
}

// send runs do on the loop later. It is dropped when the loop has ended: the ledger then knows where we were.
func (r *Runner) send(do func()) {
	select {
	case r.inbox <- do:
	case <-r.ended:
	}
}

// Order is what a patron confirmed.
type Order struct {
	Patron ils.Patron
	Legs   []payment.PlannedLeg
	Amount money.Amount
	Rules  payment.Rules
	Seen   payment.Reading // the account as shown to the patron
}

// Pay begins a payment. It returns when the intent is saved; what becomes of it is told through Changed. An error
// means that nothing was asked of the terminal and no money moves.
func (r *Runner) Pay(ctx context.Context, o Order) (payment.ID, error) {
	var id payment.ID
	var failed error
	err := r.call(ctx, func() { id, failed = r.core.Pay(o) })
	return id, errors.Join(err, failed)
}

// Available says whether a payment may be offered, as far as money goes; devices and library are asked elsewhere.
func (r *Runner) Available(ctx context.Context) error {
	var failed error
	err := r.call(ctx, func() { failed = r.core.Available() })
	return errors.Join(err, failed)
}

// Summary counts the payments that have not ended.
func (r *Runner) Summary(ctx context.Context) (Summary, error) {
	var s Summary
	err := r.call(ctx, func() { s = r.core.Summary() })
	return s, err
}

// Cancel asks the terminal to stop the purchase; what the terminal says last still decides.
func (r *Runner) Cancel(id payment.ID) {
	go r.send(func() { r.core.Cancel(id) })
}

// Leave says that no patron waits for the payment at the screen any more.
func (r *Runner) Leave(id payment.ID) {
	go r.send(func() { r.core.Leave(id) })
}

// Decide saves what a person decided, or that a receipt was printed. payment.ErrImpossible: it does not fit.
func (r *Runner) Decide(ctx context.Context, id payment.ID, e func(payment.Head) payment.Event) (payment.Payment, error) {
	var p payment.Payment
	var failed error
	err := r.call(ctx, func() { p, failed = r.core.Decide(id, e) })
	return p, errors.Join(err, failed)
}

// Retry brings the next permitted step of a payment forward; quiet times and verdicts are never skipped. The zero id
// means all payments.
func (r *Runner) Retry(ctx context.Context, id payment.ID) error {
	return r.call(ctx, func() { r.core.Retry(id) })
}

// EndOfDay closes the terminal's day. It refuses while a purchase or a doubt has the terminal (ErrBusy,
// ErrTerminalInDoubt); no payment is taken while it runs. Afterwards nothing can be reversed, which every unfinished
// payment is told before. That it begins is saved before the terminal is asked, and what came of it is saved after. An
// error of the terminal means that the day may or may not be closed; it may be asked again.
func (r *Runner) EndOfDay(ctx context.Context) (terminal.DayTotal, error) {
	var refused error
	if err := errors.Join(r.call(ctx, func() { refused = r.core.BeginEndOfDay() }), refused); err != nil {
		return terminal.DayTotal{}, err
	}
	total, err := r.Terminal.EndOfDay(ctx)
	var unsaved error
	lost := r.call(context.WithoutCancel(ctx), func() { unsaved = r.core.EndOfDayEnded(total, err) })
	return total, errors.Join(err, lost, unsaved)
}

// station is the core's world at a real station: goroutines, timers and devices.
type station struct{ *Runner }

func (s station) Now() payment.Stamp { return s.Config.Now() }

func (s station) Draw(below time.Duration) time.Duration { return rand.N(below) }

func (s station) After(wait time.Duration, do func()) (stop func()) {
	stopped := false // both by the loop
	timer := time.AfterFunc(wait, func() {
		s.send(func() {
			if !stopped {
				do()
			}
		})
	})
	return func() { stopped = true; timer.Stop() }
}

func (s station) Prepare(p payment.Payment) {
	go func() {
		baseline, err := s.baseline()
		s.send(func() { s.core.Prepared(p.ID, baseline, err) })
	}()
}

func (s station) Begin(j Job, p payment.Payment, who ils.Patron) {
	if atLibrary(j) {
		go s.doAtLibrary(j, p, who)
		return
	}
	ctx, cancel := context.WithCancel(s.context)
	if j.Do == payment.DoPurchase {
		s.cancels[j.Payment] = cancel
	}
	go s.doAtTerminal(ctx, cancel, j, p)
}

func (s station) CancelPurchase(id payment.ID) {
	if cancel := s.cancels[id]; cancel != nil {
		cancel()
	}
}
