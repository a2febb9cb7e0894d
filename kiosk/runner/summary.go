package runner

import "selfpay/kiosk/payment"

// Summary counts the payments that have not ended.
type Summary struct {
	AtTerminal      int           // intended, purchasing, approval seen, reversing
	TerminalInDoubt int           // purchase or reversal in doubt, not yet an open case
	Waiting         int           // with legs that wait for the library, posting and in doubt included
	WaitingMinor    int64         // their sum
	InDoubt         int           // with a posting, purchase or reversal in doubt
	OpenCases       int           // open cases: purchases, reversals and legs
	RefundsDue      int           // legs
	Oldest          payment.Stamp // when the oldest waiting payment was intended
	OldestDoubt     payment.Stamp // when the oldest doubt began
	OldestCase      payment.Stamp // when the doubt of the oldest open case began, or its payment where there was none
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
		s.OldestCase = earlier(s.OldestCase, began(p.DoubtAt, p))
		return
	case p.State.TerminalInDoubt():
		s.TerminalInDoubt++
		s.InDoubt++
		s.OldestDoubt = earlier(s.OldestDoubt, began(p.DoubtAt, p))
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
				s.OldestDoubt = earlier(s.OldestDoubt, began(l.DoubtAt, p))
			}
		case payment.LegOpenCase:
			s.OpenCases++
			s.OldestCase = earlier(s.OldestCase, began(l.DoubtAt, p))
		case payment.LegRefundDue:
			s.RefundsDue++
		}
	}
	if waits {
		s.Waiting++
		s.Oldest = earlier(s.Oldest, p.IntendedAt)
	}
}

// began is when a doubt began; where that is not known, when its payment was intended.
func began(doubt payment.Stamp, p payment.Payment) payment.Stamp {
	if doubt.Wall.IsZero() {
		return p.IntendedAt
	}
	return doubt
}

// earlier is the older of two moments on the wall; none is not old.
func earlier(a, b payment.Stamp) payment.Stamp {
	if a.Wall.IsZero() || b.Wall.Before(a.Wall) {
		return b
	}
	return a
}
