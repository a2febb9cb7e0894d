package runner

import (
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// World is what the core has outside of itself: time, chance, and whoever carries out its deeds. A deed runs beside
// the core and comes back by Prepared or Finished. What the world calls, it calls one after the other.
type World interface {
	Now() payment.Stamp
	// After has do called once wait has passed, unless it is stopped before.
	After(wait time.Duration, do func()) (stop func())
	// Draw is a time at random, from zero to below.
	Draw(below time.Duration) time.Duration
	// Prepare asks the terminal for its newest transaction, and brings back Prepared.
	Prepare(p payment.Payment)
	// Begin carries out a job and brings back Finished. who is set for jobs at the library.
	Begin(j Job, p payment.Payment, who ils.Patron)
	// CancelPurchase asks the terminal to stop; what it says last still decides.
	CancelPurchase(id payment.ID)
}

// Core is the owner of money without goroutines, clock and chance: an event comes in, the ledger saves it, and only
// then is what follows from it begun. The runner turns it, and so does the simulation. Its methods are called one
// after the other.
type Core struct {
	ledger  Ledger
	world   World
	limits  Limits
	log     *slog.Logger
	changed func(payment.Payment)
	fatal   error

	open      map[int64]*open    // payments that have not ended, by number
	numbers   []int64            // theirs, in order
	ofPatron  map[string][]int64 // numbers by patron, in order: one patron's legs wait for each other
	live      map[int64]bool     // a patron waits for them at the screen
	atLibrary int                // jobs under way at the library: one at a time
	closing   bool               // the terminal's end of day is under way
	dark      bool               // the terminal is without power, or starts
	resting   bool               // nothing begins any more
}

// open is a payment that has not ended, with what goes on for it.
type open struct {
	payment.Payment
	patron  string // keyed hash of the card
	pin     string // in memory only, for the life of this process
	running map[Job]bool
	timers  map[Job]func() // what stops them
	retries map[Job]retry
}

// Job is one deed for one payment.
type Job struct {
	Payment payment.ID
	Do      payment.Deed
	Leg     int // 0 for the terminal's
}

// retry is how often a job could not be asked, and when it may be asked again.
type retry struct {
	times int
	since payment.Stamp
	pause time.Duration
}

// left is how long the job still rests.
func (r retry) left(at payment.Stamp) time.Duration {
	passed, _ := at.Since(r.since)
	return r.pause - passed
}

// NewCore makes a core. It does nothing before Restart.
func NewCore(l Ledger, w World, limits Limits, log *slog.Logger, changed func(payment.Payment)) *Core {
	return &Core{ledger: l, world: w, limits: limits, log: log, changed: changed,
		open: map[int64]*open{}, ofPatron: map[string][]int64{}, live: map[int64]bool{}}
}

// Failed is the commit that failed; nothing is done after it. nil: none.
func (c *Core) Failed() error { return c.fatal }

func (c *Core) head() payment.Head { return payment.Head{At: c.world.Now()} }

// Restart feeds the crash to every payment that was under way, and goes on with all.
func (c *Core) Restart() error {
	if err := errors.Join(c.restartEndOfDay(), c.restartPowerCycle()); err != nil {
		return err
	}
	unfinished, err := c.ledger.Unfinished()
	if err != nil {
		return err
	}
	for _, p := range unfinished {
		patron, err := c.ledger.PatronHash(p.ID)
		if err != nil {
			return err
		}
		for _, e := range payment.Restart(p, c.world.Now()) {
			if p, err = c.ledger.Append(p.ID, e); err != nil {
				return err
			}
			c.logChange(p, e)
		}
		if !p.State.Ended() {
			c.keep(p, patron, "")
		}
	}
	for o := range c.inOrder() {
		c.follow(o)
	}
	return nil
}

// Pay begins a payment; see Runner.Pay.
func (c *Core) Pay(o Order) (payment.ID, error) {
	if err := c.Available(); err != nil {
		return payment.ID{}, err
	}
	p, err := c.ledger.Intend(o.Patron.Card, payment.Intended{
		Head: c.head(), Amount: o.Amount, Rules: o.Rules, Legs: o.Legs, Account: o.Seen,
	})
	if err != nil {
		c.failOnCommit(err)
		return payment.ID{}, err
	}
	patron, err := c.ledger.PatronHash(p.ID)
	if err != nil {
		c.append(p.ID, payment.Abandoned{Head: c.head(), Reason: err.Error()})
		return payment.ID{}, err
	}
	c.keep(p, patron, o.Patron.PIN)
	c.live[p.ID.Number] = true
	c.logChange(p, payment.Intended{})
	c.changed(p)
	c.world.Prepare(p)
	return p.ID, nil
}

// Available says whether a payment may be offered; see Runner.Available.
func (c *Core) Available() error {
	if c.fatal != nil {
		return c.fatal
	}
	if err := c.ledger.Ready(); err != nil {
		return err
	}
	s := c.Summary()
	switch {
	case c.resting:
		return ErrResting
	case c.dark:
		return ErrDark
	case s.TerminalInDoubt > 0:
		return ErrTerminalInDoubt
	case s.AtTerminal > 0 || c.closing:
		return ErrBusy
	case c.limits.OpenCases > 0 && s.OpenCases >= c.limits.OpenCases:
		return ErrTooManyCases
	case c.limits.Waiting > 0 && s.Waiting >= c.limits.Waiting,
		c.limits.WaitingOf.Minor > 0 && s.WaitingMinor >= c.limits.WaitingOf.Minor:
		return ErrQueueFull
	}
	return nil
}

// Prepared takes the terminal's newest transaction and saves the intent to charge. Whatever fails before that leaves
// the card untouched.
func (c *Core) Prepared(id payment.ID, baseline *payment.Transaction, err error) {
	if o, known := c.open[id.Number]; !known || o.State != payment.StateIntended {
		return // the patron cancelled meanwhile
	}
	if err == nil {
		err = c.supersede()
	}
	if err != nil {
		c.append(id, payment.Abandoned{Head: c.head(), Reason: err.Error()})
		return
	}
	c.append(id, payment.Purchasing{Head: c.head(), Baseline: baseline})
}

// Approve saves the terminal's approval. Only when it has returned nil may the terminal learn that we know.
func (c *Core) Approve(id payment.ID, a payment.Approval) error {
	_, err := c.append(id, payment.ApprovalSeen{Head: c.head(), Approval: a})
	return err
}

// Cancel asks the terminal to stop the purchase; see Runner.Cancel.
func (c *Core) Cancel(id payment.ID) {
	o, known := c.open[id.Number]
	switch {
	case !known:
	case o.running[Job{Payment: id, Do: payment.DoPurchase}]:
		c.world.CancelPurchase(id)
	case o.State == payment.StateIntended:
		c.append(id, payment.Abandoned{Head: c.head(), Reason: "the patron cancelled"})
	}
}

// Leave says that no patron waits for the payment at the screen any more.
func (c *Core) Leave(id payment.ID) { delete(c.live, id.Number) }

// Decide saves what a person decided, or that a receipt was printed. payment.ErrImpossible: it does not fit.
func (c *Core) Decide(id payment.ID, e func(payment.Head) payment.Event) (payment.Payment, error) {
	return c.append(id, e(c.head()))
}

// Retry brings the next permitted step of a payment forward; see Runner.Retry.
func (c *Core) Retry(id payment.ID) {
	for o := range c.inOrder() {
		if id.Number == 0 || id == o.ID {
			clear(o.retries)
			c.follow(o)
		}
	}
}

// supersede tells every approved payment that the terminal can no longer take it back: it can reverse its newest
// purchase only.
func (c *Core) supersede() error {
	for older := range c.inOrder() {
		if older.State != payment.StateApproved || older.Superseded {
			continue
		}
		if _, err := c.append(older.ID, payment.Superseded{Head: c.head()}); err != nil {
			return err
		}
	}
	return nil
}

// append saves an event and does what follows from it.
func (c *Core) append(id payment.ID, e payment.Event) (payment.Payment, error) {
	p, err := c.ledger.Append(id, e)
	if err != nil {
		c.failOnCommit(err)
		c.log.Error("event not saved", "payment", id, "event", payment.Kind(e), "error", err)
		return p, err
	}
	c.logChange(p, e)
	if o, known := c.open[id.Number]; known {
		o.Payment = p
		if p.State.Ended() {
			c.forget(o)
		}
		c.follow(o)
		c.followOthers(o)
	}
	c.changed(p)
	return p, nil
}

func (c *Core) logChange(p payment.Payment, e payment.Event) {
	attrs := []any{"payment", p.ID.String(), "state", string(p.State), "event", payment.Kind(e)}
	if p.Reason != "" {
		attrs = append(attrs, "reason", p.Reason)
	}
	for _, l := range p.Legs {
		attrs = append(attrs, fmt.Sprintf("leg%d", l.Number), string(l.State))
	}
	c.log.Info("payment", attrs...)
}

func (c *Core) failOnCommit(err error) {
	if errors.Is(err, ledger.ErrCommit) {
		c.fatal = err
	}
}

// follow sets off what is due for a payment, and stops waiting for what is due no more.
func (c *Core) follow(o *open) {
	at := c.world.Now()
	due := payment.Due(o.Payment, at)
	still := map[Job]bool{}
	for _, e := range due {
		still[Job{o.ID, e.Do, e.Leg}] = true
	}
	for j, stop := range o.timers {
		if !still[j] {
			stop()
			delete(o.timers, j)
		}
	}
	maps.DeleteFunc(o.retries, func(j Job, _ retry) bool { return !still[j] })
	for _, e := range due {
		j := Job{o.ID, e.Do, e.Leg}
		c.schedule(o, j, max(e.After, o.retries[j].left(at)))
	}
}

// followOthers looks again at the patron's other payments.
func (c *Core) followOthers(o *open) {
	for _, n := range c.ofPatron[o.patron] {
		if other, known := c.open[n]; known && other != o && other.State == payment.StateApproved {
			c.follow(other)
		}
	}
}

// keep takes in a payment that has not ended.
func (c *Core) keep(p payment.Payment, patron, pin string) {
	n := p.ID.Number
	c.open[n] = &open{Payment: p, patron: patron, pin: pin, running: map[Job]bool{}, timers: map[Job]func(){}, retries: map[Job]retry{}}
	c.numbers = append(c.numbers, n)
	c.ofPatron[patron] = append(slices.Clone(c.ofPatron[patron]), n)
}

// forget lets go of a payment that has ended.
func (c *Core) forget(o *open) {
	n := o.ID.Number
	left := slices.DeleteFunc(slices.Clone(c.ofPatron[o.patron]), func(other int64) bool { return other == n })
	if c.ofPatron[o.patron] = left; len(left) == 0 {
		delete(c.ofPatron, o.patron)
	}
	if at, known := slices.BinarySearch(c.numbers, n); known {
		c.numbers = slices.Delete(c.numbers, at, at+1)
	}
	delete(c.open, n)
	delete(c.live, n)
}

// inOrder hands out the unfinished payments, patrons at the screen first, then by number. They may change meanwhile.
func (c *Core) inOrder() iter.Seq[*open] {
	return func(visit func(*open) bool) {
		for _, n := range slices.Sorted(maps.Keys(c.live)) {
			if o, known := c.open[n]; known && !visit(o) {
				return
			}
		}
		for at := 0; at < len(c.numbers); {
			n := c.numbers[at]
			if !c.live[n] && !visit(c.open[n]) {
				return
			}
			at, _ = slices.BinarySearch(c.numbers, n+1)
		}
	}
}

func (c *Core) schedule(o *open, j Job, after time.Duration) {
	if o.running[j] {
		return
	}
	if stop := o.timers[j]; stop != nil {
		stop()
		delete(o.timers, j)
	}
	if after <= 0 {
		c.begin(o, j)
		return
	}
	o.timers[j] = c.world.After(after, func() {
		delete(o.timers, j)
		c.begin(o, j)
	})
}

// begin carries out a job that is due.
func (c *Core) begin(o *open, j Job) {
	if c.fatal != nil || !c.stillDue(o, j) {
		return
	}
	switch j.Do {
	case payment.DoAcknowledge: // by the return of Approve
	case payment.DoEndWindow:
		c.append(o.ID, payment.ReversalWindowEnded{Head: c.head()})
	case payment.DoForgetPIN:
		o.pin = ""
		c.append(o.ID, payment.PINGone{Head: c.head()})
	case payment.DoEndDoubt:
		c.append(o.ID, payment.DoubtTooOld{Head: c.head(), Leg: j.Leg})
	case payment.DoReadAccount, payment.DoPost:
		c.beginAtLibrary(o, j)
	default:
		if c.dark {
			c.later(o, j)
			return
		}
		o.running[j] = true
		c.world.Begin(j, o.Payment, ils.Patron{})
	}
}

func (c *Core) stillDue(o *open, j Job) bool {
	for _, e := range payment.Due(o.Payment, c.world.Now()) {
		if e.Do == j.Do && e.Leg == j.Leg {
			return true
		}
	}
	return false
}

// Finished saves what a job brought, or plans the job again where it could not be asked: then e is nil and err says why.
func (c *Core) Finished(j Job, e payment.Event, err error) {
	if atLibrary(j) {
		c.atLibrary--
	}
	if c.fatal != nil {
		return
	}
	if o, known := c.open[j.Payment.Number]; known {
		delete(o.running, j)
		c.finish(o, j, e, err)
	}
	if atLibrary(j) {
		c.nextAtLibrary()
	}
}

func (c *Core) finish(o *open, j Job, e payment.Event, err error) {
	if e == nil {
		c.log.Warn("could not be asked, will be tried again", "payment", o.ID.String(), "job", string(j.Do), "error", err)
		c.later(o, j)
		return
	}
	if _, again := e.(payment.NotPosted); again {
		c.delay(o, Job{o.ID, payment.DoReadAccount, j.Leg})
	} else {
		delete(o.retries, j)
	}
	if _, err := c.append(o.ID, e); err != nil && c.fatal == nil {
		c.later(o, j)
	}
}

// later plans a job again after a pause that grows, drawn at random so that many kiosks do not come at once.
func (c *Core) later(o *open, j Job) {
	c.delay(o, j)
	c.follow(o)
}

const (
	firstPause   = 2 * time.Second
	longestPause = 5 * time.Minute
)

func (c *Core) delay(o *open, j Job) {
	times := o.retries[j].times + 1
	longest := min(longestPause, firstPause<<min(times-1, 10))
	o.retries[j] = retry{times: times, since: c.world.Now(), pause: time.Second/4 + c.world.Draw(longest)}
}
