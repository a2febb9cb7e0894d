// Package runner is the one goroutine that owns money: an event comes in, the ledger saves it, and only then is what
// follows from it done. Effects run beside the loop and come back as events, so that the loop keeps turning while a
// patron types a PIN. What is due depends on the ledger alone (payment.Due), so a crash and a lost answer are the
// same event, and recovery is ordinary code.
package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"selfpay/device"
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
}

// Config is what the runner works with. All of it must be set, but for Changed and Progress.
type Config struct {
	Ledger   Ledger
	Terminal terminal.Terminal
	Library  ils.Library
	Now      func() payment.Stamp
	Limits   Limits
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
	inbox chan func()
	ended chan struct{}
	fatal error

	// owned by the loop
	payments map[int64]payment.Payment // not ended
	patrons  map[int64]string          // keyed hash of the card, to keep one patron's legs in order
	pins     map[int64]string          // in memory only, for the life of this process
	live     map[int64]bool            // a patron waits for them at the screen
	timers   map[job]*time.Timer
	running  map[job]bool
	retries  map[job]retry
	acks     map[int64]chan error // approvals that wait to be acknowledged
	cancels  map[int64]context.CancelFunc
	posting  int  // library effects under way: one at a time
	closing  bool // the terminal's end of day is under way
	context  context.Context
}

// job is one effect of one payment.
type job struct {
	number int64
	do     payment.Deed
	leg    int
}

// retry is how often a job could not be asked, and when it may be asked again.
type retry struct {
	times int
	next  time.Time
}

// New makes a runner. It does nothing before Run.
func New(c Config) *Runner {
	if c.Changed == nil {
		c.Changed = func(payment.Payment) {}
	}
	if c.Progress == nil {
		c.Progress = func(payment.ID, terminal.Progress) {}
	}
	return &Runner{
		Config: c, inbox: make(chan func()), ended: make(chan struct{}),
		payments: map[int64]payment.Payment{}, patrons: map[int64]string{}, pins: map[int64]string{},
		live: map[int64]bool{}, timers: map[job]*time.Timer{}, running: map[job]bool{}, retries: map[job]retry{},
		acks: map[int64]chan error{}, cancels: map[int64]context.CancelFunc{},
	}
}

// Run tells every unfinished payment of the restart, then turns until ctx ends (nil) or a commit fails: then the
// ledger's content is unknown, and the program must exit and start again.
func (r *Runner) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.context = ctx
	defer close(r.ended)
	defer r.stopTimers()
	if err := r.restart(); err != nil {
		return err
	}
	for r.fatal == nil {
		select {
		case do := <-r.inbox:
			do()
		case <-ctx.Done():
			return nil
		}
	}
	return r.fatal
}

func (r *Runner) stopTimers() {
	for _, t := range r.timers {
		t.Stop()
	}
	for _, acknowledged := range r.acks {
		acknowledged <- errors.New("runner: stopped before the approval was saved")
	}
}

// restart feeds the crash to every payment that was under way.
func (r *Runner) restart() error {
	unfinished, err := r.Ledger.Unfinished()
	if err != nil {
		return err
	}
	for _, p := range unfinished {
		if r.patrons[p.ID.Number], err = r.Ledger.PatronHash(p.ID); err != nil {
			return err
		}
		for _, e := range payment.Restart(p, r.Now()) {
			if p, err = r.Ledger.Append(p.ID, e); err != nil {
				return err
			}
			r.logChange(p, e)
		}
		if !p.State.Ended() {
			r.payments[p.ID.Number] = p
		}
	}
	for _, n := range r.inOrder() {
		r.follow(r.payments[n])
	}
	return nil
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
	err := r.call(ctx, func() { id, failed = r.pay(o) })
	return id, errors.Join(err, failed)
}

func (r *Runner) pay(o Order) (payment.ID, error) {
	if err := r.available(); err != nil {
		return payment.ID{}, err
	}
	p, err := r.Ledger.Intend(o.Patron.Card, payment.Intended{
		Head: payment.Head{At: r.Now()}, Amount: o.Amount, Rules: o.Rules, Legs: o.Legs, Account: o.Seen,
	})
	if err != nil {
		r.failOnCommit(err)
		return payment.ID{}, err
	}
	n := p.ID.Number
	if r.patrons[n], err = r.Ledger.PatronHash(p.ID); err != nil {
		r.append(p.ID, payment.Abandoned{Head: payment.Head{At: r.Now()}, Reason: err.Error()})
		return payment.ID{}, err
	}
	r.pins[n], r.live[n] = o.Patron.PIN, true
	r.payments[n] = p
	r.logChange(p, payment.Intended{})
	r.Changed(p)
	go r.prepare(p)
	return p.ID, nil
}

// Available says whether a payment may be offered, as far as money goes; devices and library are asked elsewhere.
func (r *Runner) Available(ctx context.Context) error {
	var failed error
	err := r.call(ctx, func() { failed = r.available() })
	return errors.Join(err, failed)
}

func (r *Runner) available() error {
	if r.fatal != nil {
		return r.fatal
	}
	if err := r.Ledger.Ready(); err != nil {
		return err
	}
	s := r.summary()
	switch {
	case s.TerminalInDoubt > 0:
		return ErrTerminalInDoubt
	case s.AtTerminal > 0 || r.closing:
		return ErrBusy
	case r.Limits.OpenCases > 0 && s.OpenCases >= r.Limits.OpenCases:
		return ErrTooManyCases
	case r.Limits.Waiting > 0 && s.Waiting >= r.Limits.Waiting,
		r.Limits.WaitingOf.Minor > 0 && s.WaitingMinor >= r.Limits.WaitingOf.Minor:
		return ErrQueueFull
	}
	return nil
}

// Cancel asks the terminal to stop the purchase; what the terminal says last still decides.
func (r *Runner) Cancel(id payment.ID) {
	go r.send(func() {
		if cancel := r.cancels[id.Number]; cancel != nil {
			cancel()
		} else if r.payments[id.Number].State == payment.StateIntended {
			r.append(id, payment.Abandoned{Head: payment.Head{At: r.Now()}, Reason: "the patron cancelled"})
		}
	})
}

// Leave says that no patron waits for the payment at the screen any more.
func (r *Runner) Leave(id payment.ID) {
	go r.send(func() { delete(r.live, id.Number) })
}

// Decide saves what a person decided, or that a receipt was printed. payment.ErrImpossible: it does not fit.
func (r *Runner) Decide(ctx context.Context, id payment.ID, e func(payment.Head) payment.Event) (payment.Payment, error) {
	var p payment.Payment
	var failed error
	err := r.call(ctx, func() { p, failed = r.append(id, e(payment.Head{At: r.Now()})) })
	return p, errors.Join(err, failed)
}

// Retry brings the next permitted step of a payment forward; quiet times and verdicts are never skipped. The zero id
// means all payments.
func (r *Runner) Retry(ctx context.Context, id payment.ID) error {
	return r.call(ctx, func() {
		wanted := func(n int64) bool { return id.Number == 0 || n == id.Number }
		maps.DeleteFunc(r.retries, func(j job, _ retry) bool { return wanted(j.number) })
		for _, n := range r.inOrder() {
			if p, known := r.payments[n]; known && wanted(n) {
				r.follow(p)
			}
		}
	})
}

// append saves an event and does what follows from it.
func (r *Runner) append(id payment.ID, e payment.Event) (payment.Payment, error) {
	p, err := r.Ledger.Append(id, e)
	if err != nil {
		r.failOnCommit(err)
		r.Log.Error("event not saved", "payment", id, "event", payment.Kind(e), "error", err)
		return p, err
	}
	r.logChange(p, e)
	n := id.Number
	if p.State.Ended() {
		delete(r.payments, n)
		delete(r.pins, n)
		delete(r.live, n)
		delete(r.patrons, n)
	} else {
		r.payments[n] = p
	}
	r.follow(p)
	r.followPatron(p)
	r.Changed(p)
	return p, nil
}

func (r *Runner) logChange(p payment.Payment, e payment.Event) {
	attrs := []any{"payment", p.ID.String(), "state", string(p.State), "event", payment.Kind(e)}
	if p.Reason != "" {
		attrs = append(attrs, "reason", p.Reason)
	}
	for _, l := range p.Legs {
		attrs = append(attrs, fmt.Sprintf("leg%d", l.Number), string(l.State))
	}
	r.Log.Info("payment", attrs...)
}

func (r *Runner) failOnCommit(err error) {
	if errors.Is(err, ledger.ErrCommit) {
		r.fatal = err
	}
}

// follow sets off what is due for p, and stops waiting for what is due no more.
func (r *Runner) follow(p payment.Payment) {
	due := map[job]time.Duration{}
	for _, e := range payment.Due(p, r.Now()) {
		due[job{p.ID.Number, e.Do, e.Leg}] = e.After
	}
	for j, t := range r.timers {
		if _, still := due[j]; j.number == p.ID.Number && !still {
			t.Stop()
			delete(r.timers, j)
		}
	}
	for j := range r.retries {
		if _, still := due[j]; j.number == p.ID.Number && !still {
			delete(r.retries, j)
		}
	}
	for j, after := range due {
		r.schedule(j, max(after, time.Until(r.retries[j].next)))
	}
}

// followPatron looks again at the patron's other payments: their legs wait for each other.
func (r *Runner) followPatron(p payment.Payment) {
	for _, n := range r.inOrder() {
		if other, known := r.payments[n]; known && n != p.ID.Number && other.State == payment.StateApproved {
			r.follow(other)
		}
	}
}

func (r *Runner) schedule(j job, after time.Duration) {
	if r.running[j] {
		return
	}
	if t := r.timers[j]; t != nil {
		t.Stop()
		delete(r.timers, j)
	}
	if after <= 0 {
		r.begin(j)
		return
	}
	r.timers[j] = time.AfterFunc(after, func() {
		r.send(func() {
			delete(r.timers, j)
			r.begin(j)
		})
	})
}

// begin carries out a job that is due.
func (r *Runner) begin(j job) {
	p, known := r.payments[j.number]
	if !known || !r.stillDue(p, j) {
		return
	}
	switch j.do {
	case payment.DoAcknowledge:
		if saved := r.acks[j.number]; saved != nil {
			delete(r.acks, j.number)
			saved <- nil
		}
	case payment.DoEndWindow:
		r.append(p.ID, payment.ReversalWindowEnded{Head: payment.Head{At: r.Now()}})
	case payment.DoForgetPIN:
		delete(r.pins, j.number)
		r.append(p.ID, payment.PINGone{Head: payment.Head{At: r.Now()}})
	case payment.DoEndDoubt:
		r.append(p.ID, payment.DoubtTooOld{Head: payment.Head{At: r.Now()}, Leg: j.leg})
	case payment.DoReadAccount, payment.DoPost:
		r.beginAtLibrary(p, j)
	default:
		ctx, cancel := context.WithCancel(r.context)
		if j.do == payment.DoPurchase {
			r.cancels[j.number] = cancel
		}
		r.running[j] = true
		go r.atTerminal(ctx, cancel, p, j)
	}
}

func (r *Runner) stillDue(p payment.Payment, j job) bool {
	for _, e := range payment.Due(p, r.Now()) {
		if e.Do == j.do && e.Leg == j.leg {
			return true
		}
	}
	return false
}

// finish saves what a job brought, or plans the job again where it could not be asked.
func (r *Runner) finish(id payment.ID, j job, e payment.Event, err error) {
	if r.fatal != nil {
		return
	}
	if e == nil {
		r.Log.Warn("could not be asked, will be tried again", "payment", id.String(), "job", string(j.do), "error", err)
		r.later(j)
		return
	}
	if _, again := e.(payment.NotPosted); again {
		r.delay(job{j.number, payment.DoReadAccount, j.leg})
	} else {
		delete(r.retries, j)
	}
	if _, err := r.append(id, e); err != nil && r.fatal == nil {
		r.later(j)
	}
}

// later plans a job again after a pause that grows, drawn at random so that many kiosks do not come at once.
func (r *Runner) later(j job) {
	r.delay(j)
	if p, known := r.payments[j.number]; known {
		r.follow(p)
	}
}

const (
	firstPause   = 2 * time.Second
	longestPause = 5 * time.Minute
)

func (r *Runner) delay(j job) {
	t := r.retries[j]
	t.times++
	pause := min(longestPause, firstPause<<min(t.times-1, 10))
	t.next = time.Now().Add(time.Second/4 + rand.N(pause))
	r.retries[j] = t
}

// prepare asks the terminal for its newest transaction, the baseline, and saves the intent to charge. Whatever fails
// before that leaves the card untouched.
func (r *Runner) prepare(p payment.Payment) {
	baseline, err := r.baseline()
	r.send(func() {
		if r.payments[p.ID.Number].State != payment.StateIntended {
			return // the patron cancelled meanwhile
		}
		head := payment.Head{At: r.Now()}
		if err != nil {
			r.append(p.ID, payment.Abandoned{Head: head, Reason: err.Error()})
			return
		}
		if err := r.supersede(head); err != nil {
			r.append(p.ID, payment.Abandoned{Head: head, Reason: err.Error()})
			return
		}
		r.append(p.ID, payment.Purchasing{Head: head, Baseline: baseline})
	})
}

func (r *Runner) baseline() (*payment.Transaction, error) {
	status, err := r.Terminal.Status(r.context)
	if err != nil {
		return nil, err
	}
	if !status.Ready {
		return nil, fmt.Errorf("the terminal is not ready: %s", status.Reason)
	}
	last, err := r.Terminal.Last(r.context)
	if errors.Is(err, device.ErrRefused) {
		return nil, nil // it does not tell: recovery will have less to go by
	}
	if err != nil {
		return nil, err
	}
	t := saved(last)
	return &t, nil
}
