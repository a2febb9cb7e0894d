package runner

import (
	"context"
	"errors"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// Power is the relay in the terminal's supply, and its times. No Dark: there is none.
type Power struct {
	Dark func(dark bool) error // takes the power away, and gives it back
	Off  time.Duration         // how long the terminal stays dark; its capacitors must be empty
	Boot time.Duration         // how long it then takes to start
}

// PowerOff is how long a terminal stays dark.
const PowerOff = 15 * time.Second

// Cycle is who wants a power cycle; the zero value is the kiosk itself.
type Cycle struct {
	Staff, Note string
	Key         bool // the key switch says service
}

// ErrDark: the terminal is without power, or starts; no payment is taken.
var ErrDark = errors.New("the terminal is being power-cycled")

// Why the terminal is not power-cycled.
var (
	// ErrNoRelay: the station has no relay in the terminal's supply.
	ErrNoRelay = errors.New("there is no relay in the terminal's supply")
	// ErrKeyNeeded: with an attempt in doubt only somebody at the station may do it.
	ErrKeyNeeded = errors.New("an attempt at the terminal is in doubt: turn the key switch to service first")
	// ErrCyclesSpent: it did not help so far.
	ErrCyclesSpent = errors.New("the terminal was power-cycled three times within a day: a person must look")
)

// A day has so many power cycles that the kiosk does by itself.
const (
	cyclesADay = 3
	cyclesIn   = 24 * time.Hour
)

// The questions behind a power cycle.
const (
	askEvery = 5 * time.Second
	askLimit = 15 * time.Second // for one answer
)

// PowerCycle takes the terminal's power away and gives it back; it returns when the terminal is dark, and the rest goes
// on beside. By itself the kiosk does that only when no attempt at the terminal is open or in doubt, three times a day.
// With an attempt in doubt staff may, with the key switch; never while one is open. No payment is taken until the
// terminal has had its time to start and was asked for its newest transaction. Begin and end are saved.
func (r *Runner) PowerCycle(ctx context.Context, by Cycle) error {
	if r.Power.Dark == nil {
		return ErrNoRelay
	}
	var refused error
	if err := errors.Join(r.call(ctx, func() { refused = r.core.BeginPowerCycle(by) }), refused); err != nil {
		return err
	}
	if err := r.Power.Dark(true); err != nil {
		r.Power.Dark(false) // whatever it did: the terminal keeps its power
		r.endPowerCycle(ledger.PowerResult{Outcome: ledger.PowerNotCut, Reason: err.Error()})
		return err
	}
	go r.lightAgain()
	return nil
}

// lightAgain gives the power back and waits for the terminal.
func (r *Runner) lightAgain() {
	stays := r.wait(r.Power.Off)
	if err := r.Power.Dark(false); err != nil { // a relay that nobody holds has fallen back
		r.Log.Error("the terminal's relay cannot be switched back", "error", err)
	}
	if stays && r.wait(r.Power.Boot) {
		r.endPowerCycle(r.askAfterwards())
	}
}

// wait says whether the program still runs after a time.
func (r *Runner) wait(long time.Duration) bool {
	select {
	case <-time.After(long):
		return true
	case <-r.ended:
		return false
	}
}

// askAfterwards asks the terminal what happened last, until it answers or has had twice its time.
func (r *Runner) askAfterwards() ledger.PowerResult {
	late := time.Now().Add(r.Power.Boot)
	for {
		ctx, cancel := context.WithTimeout(r.context, askLimit)
		last, err := r.Terminal.Last(ctx)
		cancel()
		switch {
		case err == nil:
			t := saved(last)
			return ledger.PowerResult{Outcome: ledger.PowerBack, Last: &t}
		case device.Class(err) == device.ErrRefused: // it does not tell
			return ledger.PowerResult{Outcome: ledger.PowerBack, Reason: err.Error()}
		case time.Now().After(late) || !r.wait(askEvery):
			return ledger.PowerResult{Outcome: ledger.PowerSilent, Reason: err.Error()}
		}
	}
}

func (r *Runner) endPowerCycle(result ledger.PowerResult) {
	r.send(func() { r.core.PowerCycleEnded(result) })
}

// BeginPowerCycle holds the terminal for a power cycle, and saves that it begins; see Runner.PowerCycle. PowerCycleEnded
// must follow.
func (c *Core) BeginPowerCycle(by Cycle) error {
	if c.fatal != nil {
		return c.fatal
	}
	s := c.Summary()
	switch {
	case c.dark:
		return ErrDark
	case s.AtTerminal > 0 || c.closing:
		return ErrBusy
	case s.TerminalInDoubt > 0 && by.Staff == "":
		return ErrTerminalInDoubt
	case s.TerminalInDoubt > 0 && !by.Key:
		return ErrKeyNeeded
	}
	if by.Staff == "" {
		if err := c.cyclesLeft(); err != nil {
			return err
		}
	}
	if err := c.supersede(); err != nil {
		return err
	}
	if err := c.ledger.PowerCycleBegun(ledger.PowerCycle{At: c.world.Now(), Staff: by.Staff, Note: by.Note, InDoubt: s.TerminalInDoubt}); err != nil {
		c.failOnCommit(err)
		return err
	}
	c.log.Warn("terminal power cycle", "state", string(ledger.PowerUnderWay), "staff", by.Staff)
	c.dark = true
	return nil
}

// cyclesLeft says whether the kiosk may do it by itself once more. One that lies far in the future was done while the
// clock was wrong; it counts.
func (c *Core) cyclesLeft() error {
	cycles, err := c.ledger.PowerCycles()
	if err != nil {
		return err
	}
	since, mine := c.world.Now().Wall.Add(-cyclesIn), 0
	for _, cycle := range cycles {
		if cycle.Staff == "" && cycle.At.Wall.After(since) {
			mine++
		}
	}
	if mine >= cyclesADay {
		return ErrCyclesSpent
	}
	return nil
}

// PowerCycleEnded saves how it ended, and lets the terminal be asked again: first of all what is in doubt.
func (c *Core) PowerCycleEnded(r ledger.PowerResult) {
	c.dark = false
	if c.savePowerResult(r) == nil {
		c.Retry(payment.ID{})
	}
}

func (c *Core) savePowerResult(r ledger.PowerResult) error {
	r.At = c.world.Now()
	c.log.Warn("terminal power cycle", "state", string(r.Outcome), "reason", r.Reason)
	err := c.ledger.PowerCycleEnded(r)
	c.failOnCommit(err)
	return err
}

// restartPowerCycle notes that a power cycle was cut short: the relay fell back with the program.
func (c *Core) restartPowerCycle() error {
	cycles, err := c.ledger.PowerCycles()
	if err != nil || len(cycles) == 0 || cycles[len(cycles)-1].Result.Outcome != ledger.PowerUnderWay {
		return err
	}
	return c.savePowerResult(ledger.PowerResult{Outcome: ledger.PowerInterrupted, Reason: "the kiosk was restarted; the terminal has power"})
}
