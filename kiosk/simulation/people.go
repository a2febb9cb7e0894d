package simulation

import (
	"fmt"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

// visit is a patron who comes to the station. A new one comes when the last has gone, whatever became of the kiosk.
func (w *World) visit() {
	w.visits++
	a := w.library.accounts[w.rng.IntN(len(w.library.accounts))]
	if w.visits == 1 {
		a = w.library.accounts[0]
	}
	for range 1 + w.rng.IntN(3) {
		w.library.owe(a, 50+w.rng.Int64N(2000))
	}
	w.tell("patron", "comes with card %s", a.card[10:])
	w.look(a, 0)
	if w.visits < w.Visits {
		w.in(w.between(time.Minute, 10*time.Minute), w.visit)
		return
	}
	w.in(30*time.Minute, func() { w.over = true })
}

// look is the patron at the screen: where no payment is offered, once more a little later.
func (w *World) look(a *account, tries int) {
	k := w.kiosk
	if k == nil || w.library.down || k.core.Available() != nil || !w.chooses(k, a) {
		if tries < 3 {
			w.in(20*time.Second, func() { w.look(a, tries+1) })
		} else if w.visits >= w.Visits {
			w.tell("patron", "gives up")
		}
	}
}

// chooses reads the account and pays some of the fees, or all; false: nothing could be paid just now.
func (w *World) chooses(k *life, a *account) bool {
	pin := ""
	if w.library.kind.NeedsPIN {
		pin = "4711"
	}
	who := ils.Patron{Card: a.card, PIN: pin}
	account, err := w.library.read(who.Card, who.PIN)
	unfinished, failed := k.ledger.OfPatron(a.card)
	if err != nil || failed != nil || !account.Total.Positive() {
		return false
	}
	order := runner.Order{Patron: who, Seen: posting.Reading(account), Rules: payment.StandardRules(quiet, w.library.kind.OverpaymentRefused)}
	order.Rules.PINNeeded = w.library.kind.NeedsPIN
	chosen := w.choose(account, unfinished)
	if order.Legs, err = posting.Plan(account, w.library.kind.traits(), chosen); err != nil {
		return false
	}
	order.Amount = sum(order.Legs)
	if w.library.kind.Partial && w.rng.IntN(4) == 0 {
		part := euro(1 + w.rng.Int64N(order.Amount.Minor))
		if order.Legs, err = posting.Part(order.Legs, w.library.kind.traits(), part); err != nil {
			w.violation("a part of %s cannot be planned: %v", order.Amount, err)
			return false
		}
		order.Amount = part
	}
	w.in(w.between(5*time.Second, 20*time.Second), func() { w.confirms(order) })
	return true
}

func sum(legs []payment.PlannedLeg) money.Amount {
	total := euro(0)
	for _, l := range legs {
		total.Minor += l.Amount.Minor
	}
	return total
}

// choose takes what is not being booked already: all of it, or now and then a part.
func (w *World) choose(account ils.Account, unfinished []payment.Payment) []posting.Choice {
	taken, whole := map[string]bool{}, false
	for _, p := range unfinished {
		ids, all := p.Fees()
		whole = whole || all
		for _, id := range ids {
			taken[id] = true
		}
	}
	if whole || !w.library.kind.FeeIDs && len(taken) > 0 {
		return nil
	}
	if !w.library.kind.FeeIDs {
		return []posting.Choice{{Amount: account.Total}}
	}
	var chosen []posting.Choice
	for _, f := range account.Fees {
		if !taken[f.ID] && (len(chosen) == 0 || w.rng.IntN(4) > 0) {
			chosen = append(chosen, posting.Choice{Fee: f.ID, Amount: f.Balance})
		}
	}
	return chosen
}

// confirms is the tap that pays, now and then a double one.
func (w *World) confirms(order runner.Order) {
	k := w.kiosk
	if k == nil {
		return
	}
	for range 1 + w.rng.IntN(5)/4 {
		id, err := k.core.Pay(order)
		if err != nil {
			w.tell("patron", "cannot pay: %v", err)
			continue
		}
		w.tell("patron", "pays %s for %d fees: payment %d", order.Amount, len(order.Legs), id.Number)
		k.mine(w.between(time.Minute, 3*time.Minute), func() { k.core.Leave(id) })
	}
}

// shown is what screen and receipt say whenever a payment has changed: only what is true.
func (k *life) shown(p payment.Payment) {
	k.print(p)
	reference := p.ID.String()
	charged := k.terminal.charged[reference] > 0
	switch outcome := session.OutcomeOf(p); {
	case outcome == session.OutcomeNotCharged && charged:
		k.violation("rule 2: payment %d is told as not charged, and the card is charged", p.ID.Number)
	case outcome == session.OutcomeReturned && p.State == payment.StateReversed && charged:
		k.violation("rule 2: payment %d is told as given back, and the card is charged", p.ID.Number)
	case outcome == session.OutcomeFollows && !charged, outcome == session.OutcomeBooked && !charged:
		k.violation("rule 2: payment %d is told as paid, and the card is not charged", p.ID.Number)
	case outcome != session.OutcomeBooked && outcome != session.OutcomeFollows:
		return
	}
	for _, l := range p.Legs {
		if p.State != payment.StateApproved && p.State != payment.StateClosed {
			return
		}
		if l.State == payment.LegPosted && l.Proof == payment.ByAnswer && k.library.booked[p.ID.Reference(l.Number)] == 0 {
			k.violation("rule 2: leg %d of payment %d is told as booked, and the library has not booked it", l.Number, p.ID.Number)
		}
	}
}

// staffDecides closes what was left to a person, by looking at the books of terminal and library.
func (w *World) staffDecides() error {
	for _, p := range w.unfinishedAndEnded() {
		if p.OpenCase {
			if err := w.decide(p, 0, w.terminalTruth(p)); err != nil {
				return err
			}
		}
	}
	if err := w.settle(); err != nil {
		return err
	}
	for _, p := range w.unfinishedAndEnded() {
		for _, l := range p.Legs {
			if p.State != payment.StateApproved || p.OpenCase || l.State != payment.LegOpenCase && l.State != payment.LegRefundDue {
				continue
			}
			if err := w.staffEnds(p, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// terminalTruth is what the acquirer's books say of an open case. Staff takes a wrong amount back by hand.
func (w *World) terminalTruth(p payment.Payment) payment.Resolution {
	charged := w.terminal.charged[p.ID.String()]
	if p.State == payment.StateReversalInDoubt {
		if charged > 0 {
			return payment.ResolvedRefundDue
		}
		return payment.ResolvedReversed
	}
	if charged > 0 && charged != p.Amount.Minor {
		w.tell("staff", "takes %s back at the terminal", euro(charged))
		delete(w.terminal.charged, p.ID.String())
		charged = 0
	}
	if charged > 0 {
		return payment.ResolvedCharged
	}
	return payment.ResolvedNotCharged
}

// staffEnds pays a refund out, or decides a leg.
func (w *World) staffEnds(p payment.Payment, l payment.Leg) error {
	if l.State == payment.LegOpenCase {
		if w.library.booked[p.ID.Reference(l.Number)] > 0 {
			return w.decide(p, l.Number, payment.ResolvedPosted)
		}
		if err := w.decide(p, l.Number, payment.ResolvedRefundDue); err != nil {
			return err
		}
	}
	w.tell("staff", "pays the refund of leg %d of payment %d out", l.Number, p.ID.Number)
	_, err := w.kiosk.core.Decide(p.ID, func(h payment.Head) payment.Event {
		return payment.RefundDone{Head: h, Leg: l.Number, Staff: "staff", Note: "paid out"}
	})
	return err
}

func (w *World) decide(p payment.Payment, leg int, as payment.Resolution) error {
	w.tell("staff", "resolves payment %d, leg %d as %s", p.ID.Number, leg, as)
	_, err := w.kiosk.core.Decide(p.ID, func(h payment.Head) payment.Event {
		return payment.CaseResolved{Head: h, Leg: leg, As: as, Staff: "staff", Note: "looked at the books"}
	})
	if err != nil {
		return fmt.Errorf("simulation: staff cannot decide: %w", err)
	}
	return nil
}
