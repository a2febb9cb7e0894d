package runner

import "selfpay/kiosk/payment"

// Summary counts the payments that have not ended.
type Summary struct {
	AtTerminal      int   // intended, purchasing, approval seen, reversing
	TerminalInDoubt int   // purchase or reversal in doubt, not yet an open case
	Waiting         int   // with legs that wait for the library, posting and in doubt included
	WaitingMinor    int64 // their sum
	InDoubt         int   // with a posting, purchase or reversal in doubt
	OpenCases       int   // open cases: purchases, reversals and legs
	RefundsDue      int   // legs
	Oldest          payment.Stamp
}

// Summary counts the payments that have not ended.
func (c *Core) Summary() Summary {
	var s Summary
	for _, o := range c.open {
		s.add(o.Payment)
	}
	return s
}

func (s *Summary) add(p payment.Payment) {
	switch {
	case p.OpenCase:
		s.OpenCases++
		return
	case p.State.TerminalInDoubt():
		s.TerminalInDoubt++
		s.InDoubt++
		return
	case p.State != payment.StateApproved:
		s.AtTerminal++
		return
	}
	waits := false
	for _, l := range p.Legs {
		switch l.State {
		case payment.LegWaiting, payment.LegPosting, payment.LegPostingInDoubt, payment.LegRefused:
			waits = true
			s.WaitingMinor += l.Amount.Minor
			if l.State == payment.LegPostingInDoubt {
				s.InDoubt++
			}
		case payment.LegOpenCase:
			s.OpenCases++
		case payment.LegRefundDue:
			s.RefundsDue++
		}
	}
	if waits {
		s.Waiting++
		if s.Oldest.Wall.IsZero() || p.IntendedAt.Wall.Before(s.Oldest.Wall) {
			s.Oldest = p.IntendedAt
		}
	}
}
