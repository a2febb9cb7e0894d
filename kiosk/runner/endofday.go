package runner

import (
	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// BeginEndOfDay makes way for the terminal's end of day, and saves that it begins; see Runner.EndOfDay. EndOfDayEnded
// must follow.
func (c *Core) BeginEndOfDay() error {
	if c.fatal != nil {
		return c.fatal
	}
	switch s := c.Summary(); {
	case c.dark:
		return ErrDark
	case s.TerminalInDoubt > 0:
		return ErrTerminalInDoubt
	case s.AtTerminal > 0 || c.closing:
		return ErrBusy
	}
	if err := c.supersede(); err != nil {
		return err
	}
	if err := c.ledger.EndOfDayBegun(c.world.Now()); err != nil {
		c.failOnCommit(err)
		return err
	}
	c.log.Info("end of day", "state", string(ledger.DayUnderWay))
	c.closing = true
	return nil
}

// EndOfDayEnded saves what the terminal said, and lets payments be taken again.
func (c *Core) EndOfDayEnded(total terminal.DayTotal, err error) error {
	c.closing = false
	return c.saveDayResult(dayResult(c.world.Now(), total, err))
}

func (c *Core) saveDayResult(r ledger.DayResult) error {
	c.log.Info("end of day", "state", string(r.Outcome), "trace", r.Trace, "reason", r.Reason)
	err := c.ledger.EndOfDayEnded(r)
	c.failOnCommit(err)
	return err
}

// restartEndOfDay feeds the crash to an end of day that was under way: the terminal may have closed its day.
func (c *Core) restartEndOfDay() error {
	days, err := c.ledger.EndsOfDay()
	if err != nil || len(days) == 0 || days[len(days)-1].Result.Outcome != ledger.DayUnderWay {
		return err
	}
	return c.saveDayResult(ledger.DayResult{At: c.world.Now(), Outcome: ledger.DayInDoubt, Reason: "the kiosk was restarted"})
}

// dayResult is what the end of terminal.EndOfDay means.
func dayResult(at payment.Stamp, total terminal.DayTotal, err error) ledger.DayResult {
	r := ledger.DayResult{At: at, Outcome: ledger.DayDone}
	if err != nil {
		r.Outcome, r.Reason = dayOutcome(err), err.Error()
		return r
	}
	r.Trace = total.Trace
	if total.Amount.Currency != "" {
		r.TotalMinor, r.Currency = &total.Amount.Minor, string(total.Amount.Currency)
	}
	return r
}

func dayOutcome(err error) ledger.DayOutcome {
	switch device.Class(err) {
	case device.ErrRefused:
		return ledger.DayRefused
	case device.ErrNotSent, device.ErrAttention:
		return ledger.DayNotSent
	}
	return ledger.DayInDoubt
}
