package payment

import "time"

// Deed is one thing to do in the world, or to wait for.
type Deed string

const (
	DoPurchase        Deed = "purchase"         // charge the card
	DoAcknowledge     Deed = "acknowledge"      // tell the terminal that its approval is saved
	DoRecoverPurchase Deed = "recover purchase" // ask the terminal for its last result
	DoReverse         Deed = "reverse"
	DoRecoverReversal Deed = "recover reversal"
	DoReadAccount     Deed = "read account" // before a posting, after a no, or in doubt
	DoPost            Deed = "post"
	DoEndWindow       Deed = "end window"    // the reversal window passes
	DoForgetPIN       Deed = "forget PIN"    // the patron's PIN is kept no longer
	DoEndDoubt        Deed = "end the doubt" // the limit for a doubt passes
)

// Effect is one deed that is due for a payment, after a wait.
type Effect struct {
	Do    Deed
	Leg   int // 0 for the terminal's
	After time.Duration
}

// Due lists what is to be done for the payment at a moment. It depends on the state alone, so that what a restarted
// program does is what a running one would have done. Intended is left to whoever holds the patron's session.
func Due(p Payment, at Stamp) []Effect {
	switch p.State {
	case StatePurchasing:
		return []Effect{{Do: DoPurchase}}
	case StateApprovalSeen:
		return []Effect{{Do: DoAcknowledge}}
	case StatePurchaseInDoubt:
		return p.terminalDoubt(DoRecoverPurchase, at)
	case StateApproved:
		return p.legsDue(at)
	case StateReversing:
		return []Effect{{Do: DoReverse, After: min(p.pause(at), p.windowLeft(at))}}
	case StateReversalInDoubt:
		return p.terminalDoubt(DoRecoverReversal, at)
	}
	return nil
}

func (p Payment) terminalDoubt(recover Deed, at Stamp) []Effect {
	if p.OpenCase {
		return nil
	}
	return []Effect{{Do: recover, After: p.pause(at)}, {Do: DoEndDoubt, After: at.left(p.DoubtAt, p.Rules.doubtLimit(p.PowerCuts))}}
}

// pause is what is left of a wait that grows with every time the terminal was asked in vain.
func (p Payment) pause(at Stamp) time.Duration {
	return at.left(p.ChangedAt, time.Duration(p.Unclear)*10*time.Second)
}

// windowLeft is how long we may still reverse by ourselves; nothing where the approval belongs to an earlier boot.
func (p Payment) windowLeft(at Stamp) time.Duration {
	if _, known := at.Since(p.ApprovedAt); !known {
		return 0
	}
	return at.left(p.ApprovedAt, p.Rules.ReversalWindow)
}

// chargedBy is when the card was charged at the latest, or came into doubt: where the approval was only found later,
// its moment is not known.
func (p Payment) chargedBy() Stamp {
	if p.ApprovedAt == (Stamp{}) {
		return p.DoubtAt
	}
	return p.ApprovedAt
}

// legsDue works on one leg at a time, so that a reading of the account is never confused by our own postings.
func (p Payment) legsDue(at Stamp) []Effect {
	var due []Effect
	for _, l := range p.Legs {
		if l.State == LegRefused {
			due = append(due, Effect{Do: DoEndWindow, After: p.windowLeft(at)})
			break
		}
	}
	if _, moving, _ := p.count(); moving > 0 && p.Rules.PINNeeded && !p.PINGone {
		due = append(due, Effect{Do: DoForgetPIN, After: at.left(p.chargedBy(), p.Rules.PINLife)})
	}
	for _, l := range p.Legs {
		switch l.State {
		case LegWaiting:
			return append(due, Effect{Do: DoReadAccount, Leg: l.Number})
		case LegPosting:
			return append(due, Effect{Do: DoPost, Leg: l.Number})
		case LegPostingInDoubt:
			return append(due,
				Effect{Do: DoReadAccount, Leg: l.Number, After: p.nextReading(l, at)},
				Effect{Do: DoEndDoubt, Leg: l.Number, After: at.left(l.DoubtAt, p.Rules.doubtLimit(l.PowerCuts))})
		}
	}
	return due
}

// nextReading is how long to wait before the account is read in doubt.
func (p Payment) nextReading(l Leg, at Stamp) time.Duration {
	quiet := at.left(l.DoubtAt, p.Rules.Quiet)
	switch {
	case l.SaidNo && !l.ReadOnce:
		return 0
	case l.ReadOnce:
		return max(quiet, at.left(l.ReadAt, p.Rules.Gap))
	}
	return quiet
}

// Restart lists what a restart of the program means for a payment, to be saved before anything is done for it: a crash
// and a lost answer are the same event. Empty where a restart means nothing.
func Restart(p Payment, at Stamp) []Event {
	var events []Event
	if lost := lostByRestart(p, at); lost != nil {
		events = append(events, lost)
	}
	if p.Rules.PINNeeded && !p.PINGone && p.State != StateIntended && !p.State.Ended() {
		events = append(events, PINGone{Head{at}})
	}
	return events
}

// lostByRestart is the answer that will not come any more; nil where none was awaited. A doubt from before a power cut
// is told again, since its waits can be counted within one boot only.
func lostByRestart(p Payment, at Stamp) Event {
	const reason = "the kiosk was restarted"
	switch p.State {
	case StateIntended:
		return Abandoned{Head{at}, reason}
	case StatePurchasing, StateApprovalSeen, StateReversing:
		return NoAnswer{Head: Head{at}, Reason: reason}
	case StatePurchaseInDoubt, StateReversalInDoubt:
		if !p.OpenCase && p.DoubtAt.Boot != at.Boot {
			return NoAnswer{Head: Head{at}, Reason: reason}
		}
	case StateApproved:
		for _, l := range p.Legs {
			if l.State == LegPosting || l.State == LegPostingInDoubt && l.DoubtAt.Boot != at.Boot {
				return NoAnswer{Head: Head{at}, Leg: l.Number, Reason: reason}
			}
		}
	}
	return nil
}
