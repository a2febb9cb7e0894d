package session

import (
	"slices"
	"time"

	"selfpay/device/terminal"
	"selfpay/kiosk/payment"
)

// PaymentChanged takes what the ledger now holds of a payment. The runner calls it after every saved event.
func (s *Session) PaymentChanged(p payment.Payment) { s.send(func() { s.changed(p) }) }

// PaymentProgress takes what the terminal asks of the patron.
func (s *Session) PaymentProgress(id payment.ID, progress terminal.Progress) {
	s.send(func() {
		if s.payment.ID != id || s.view.Screen != ScreenTerminal || s.view.Progress == progress {
			return
		}
		s.view.Progress = progress
		waits := progress == terminal.ProgressCard || progress == terminal.ProgressRetry
		s.view.CanCancel, s.view.RedKey = waits && !s.NoCancel, waits && s.NoCancel
		s.show()
	})
}

func (s *Session) changed(p payment.Payment) {
	waiting := s.view.Screen == ScreenTerminal && s.payment.ID.Number == 0
	if waiting && p.State == payment.StateIntended {
		s.payment.ID = p.ID // told before Pay has returned
	}
	if p.ID != s.payment.ID {
		return
	}
	s.payment = p
	s.follow()
}

// follow shows where the payment stands.
func (s *Session) follow() {
	p := s.payment
	s.view.Reference, s.view.Chosen = p.ID.String(), p.Amount
	switch p.State {
	case payment.StateIntended, payment.StatePurchasing:
		if s.view.Screen != ScreenTerminal {
			s.view.Screen, s.view.Progress = ScreenTerminal, terminal.ProgressWait
			s.show()
		}
		return
	case payment.StatePurchaseInDoubt:
		if !p.OpenCase && s.view.Screen != ScreenOutcome {
			s.wait(ScreenChecking, s.Waits.Checking)
			return
		}
	case payment.StateApprovalSeen:
		s.wait(ScreenBooking, s.Waits.Booking)
		return
	}
	outcome := OutcomeOf(p)
	if (outcome == OutcomeFollows || pending(p)) && s.view.Screen != ScreenOutcome {
		s.wait(ScreenBooking, s.Waits.Booking)
		return
	}
	s.outcome(outcome)
}

// pending says that the terminal is just giving the money back.
func pending(p payment.Payment) bool {
	return p.State == payment.StateReversing || p.State == payment.StateReversalInDoubt && !p.OpenCase
}

// wait shows that something is under way; when it takes longer than patience, what is true by then is told.
func (s *Session) wait(name Screen, patience time.Duration) {
	if s.view.Screen == name {
		return
	}
	s.view.Screen = name
	s.show()
	s.after(patience, func() { s.outcome(OutcomeOf(s.payment)) })
}

// OutcomeOf says how a payment stands for the patron: only what the ledger holds.
func OutcomeOf(p payment.Payment) Outcome {
	switch p.State {
	case payment.StateIntended, payment.StateDeclined, payment.StateAbandoned:
		return OutcomeNotCharged
	case payment.StateReversed:
		return OutcomeReturned
	case payment.StateClosed, payment.StateApproved:
		outcome := OutcomeBooked
		for _, l := range p.Legs {
			outcome = worse(outcome, OutcomeOfLeg(l))
		}
		return outcome
	}
	return OutcomeStaff
}

// LegsCount says whether the legs of a payment in this state say something: not while the card may not be charged, or
// while the money goes back.
func LegsCount(s payment.State) bool { return s == payment.StateApproved || s == payment.StateClosed }

// OutcomeOfLeg says how one leg of a charged payment stands for the patron.
func OutcomeOfLeg(l payment.Leg) Outcome {
	switch l.State {
	case payment.LegPosted:
		return OutcomeBooked
	case payment.LegWaiting, payment.LegPosting, payment.LegPostingInDoubt, payment.LegRefused:
		return OutcomeFollows
	case payment.LegRefunded:
		return OutcomeReturned
	}
	return OutcomeStaff
}

// worse is the outcome that asks more of the patron.
func worse(a, b Outcome) Outcome {
	order := []Outcome{OutcomeBooked, OutcomeReturned, OutcomeFollows, OutcomeStaff}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}

// dateOf is when a payment began, zero where the clock was not set.
func dateOf(p payment.Payment) time.Time {
	if !p.IntendedAt.Dated() {
		return time.Time{}
	}
	return p.IntendedAt.Wall
}

// outcome shows how the payment ended for the patron, and prints the receipt once.
func (s *Session) outcome(o Outcome) {
	told := s.view.Screen == ScreenOutcome && s.view.Outcome == o
	s.view.Screen, s.view.Outcome, s.view.Legs, s.view.PaidAt = ScreenOutcome, o, nil, dateOf(s.payment)
	if LegsCount(s.payment.State) {
		for _, l := range s.payment.Legs {
			s.view.Legs = append(s.view.Legs, LegLine{Fee: l.Fee, Amount: l.Amount, Outcome: OutcomeOfLeg(l)})
		}
	}
	if !told { // the same again, as from a retry in the queue, does not keep the screen
		s.view.Over = LayerNone
		s.begins()
	}
	if o != OutcomeNotCharged && !s.printed {
		s.give()
		return
	}
	s.show()
}
