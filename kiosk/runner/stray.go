package runner

import (
	"context"

	"selfpay/device/terminal"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// strays saves the approvals nobody asked for. While a payment is at the terminal or in doubt there an approval may be its own: then it is
// not saved, so the terminal gets no answer, and its last result decides.
func (r *Runner) strays() terminal.Stray {
	return terminal.Stray{
		Seen: func(a terminal.Approval) error {
			return r.ask(func() error { return r.core.SeeStray(payment.Approval(a)) })
		},
		Ended: func(a terminal.Approval, found terminal.Recovery) {
			r.ask(func() error {
				return r.core.EndStray(ledger.StrayResult{Receipt: a.Receipt, Trace: a.Trace, Outcome: string(found.Verdict), Reason: found.Evidence})
			})
		},
	}
}

// ask has the core do something, and waits for it.
func (r *Runner) ask(do func() error) error {
	done := make(chan error, 1)
	select {
	case r.inbox <- func() { done <- do() }:
		return <-done
	case <-r.ended:
		return context.Canceled
	}
}

// SeeStray saves an approval that belongs to no attempt.
func (c *Core) SeeStray(a payment.Approval) error {
	if c.fatal != nil {
		return c.fatal
	}
	switch s := c.Summary(); {
	case s.TerminalInDoubt > 0:
		return ErrTerminalInDoubt
	case s.AtTerminal > 0 || c.closing:
		return ErrBusy
	}
	c.log.Error("the terminal tells of an approval nobody asked for", "receipt", a.Receipt, "trace", a.Trace, "amount", a.Amount.String())
	err := c.ledger.StraySeen(c.world.Now(), a)
	c.failOnCommit(err)
	return err
}

// EndStray saves what became of it.
func (c *Core) EndStray(r ledger.StrayResult) error {
	r.At = c.world.Now()
	c.log.Warn("what became of the approval nobody asked for", "receipt", r.Receipt, "outcome", r.Outcome, "reason", r.Reason)
	err := c.ledger.StrayEnded(r)
	c.failOnCommit(err)
	return err
}
