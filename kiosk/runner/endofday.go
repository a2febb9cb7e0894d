package runner

import (
	"context"
	"errors"

	"selfpay/device/terminal"
	"selfpay/kiosk/payment"
)

// EndOfDay closes the terminal's day. It refuses while a purchase or a doubt has the terminal (ErrBusy,
// ErrTerminalInDoubt); no payment is taken while it runs. Afterwards nothing can be reversed, which every unfinished
// payment is told before. An error of the terminal means that the day may or may not be closed; it may be asked again.
func (r *Runner) EndOfDay(ctx context.Context) (terminal.DayTotal, error) {
	var refused error
	if err := errors.Join(r.call(ctx, func() { refused = r.beginEndOfDay() }), refused); err != nil {
		return terminal.DayTotal{}, err
	}
	total, err := r.Terminal.EndOfDay(ctx)
	r.send(func() { r.closing = false })
	return total, err
}

func (r *Runner) beginEndOfDay() error {
	switch s := r.summary(); {
	case s.TerminalInDoubt > 0:
		return ErrTerminalInDoubt
	case s.AtTerminal > 0 || r.closing:
		return ErrBusy
	}
	if err := r.supersede(payment.Head{At: r.Now()}); err != nil {
		return err
	}
	r.closing = true
	return nil
}

// supersede tells every approved payment that the terminal can no longer take it back: it can reverse its newest
// purchase only.
func (r *Runner) supersede(head payment.Head) error {
	for _, n := range r.inOrder() {
		older := r.payments[n]
		if older.State != payment.StateApproved || older.Superseded {
			continue
		}
		if _, err := r.append(older.ID, payment.Superseded{Head: head}); err != nil {
			return err
		}
	}
	return nil
}
