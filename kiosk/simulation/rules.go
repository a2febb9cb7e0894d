package simulation

import (
	"context"

	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
)

// Broken is a rule that the kiosk is made to break, to see that the books tell.
type Broken string

// What can be broken on purpose.
const (
	repostBlindly  Broken = "repost without a verdict"
	postBeforeSave Broken = "post before the save"
	forgetLegs     Broken = "forget the legs of a payment over several fees"
	trustForeign   Broken = "trust an answer for another payment"
)

func (w *World) sabotaged(b Broken) bool { return w.Broken == b }

func (w *World) sabotage(b Broken, do func()) {
	if w.sabotaged(b) {
		do()
	}
}

// forgetful is the ledger, or one that forgets.
func (k *life) forgetful(d *disk) runner.Ledger {
	if k.sabotaged(forgetLegs) {
		return amnesiac{d}
	}
	return d
}

// amnesiac forgets payments over several fees.
type amnesiac struct{ *disk }

func (a amnesiac) Unfinished() ([]payment.Payment, error) {
	all, err := a.disk.Unfinished()
	var some []payment.Payment
	for _, p := range all {
		if len(p.Legs) < 2 {
			some = append(some, p)
		}
	}
	return some, err
}

// unfinishedAndEnded are all payments of the ledger, oldest first.
func (w *World) unfinishedAndEnded() []payment.Payment {
	newestFirst, err := w.kiosk.ledger.All(1 << 20)
	if err != nil {
		w.violation("the ledger cannot be read: %v", err)
	}
	var all []payment.Payment
	for i := len(newestFirst) - 1; i >= 0; i-- {
		all = append(all, newestFirst[i])
	}
	return all
}

// checkBeforeStaff looks at what the kiosk came to by itself: everything in doubt has ended or is a person's.
func (w *World) checkBeforeStaff(all []payment.Payment) {
	for i, p := range all {
		if p.ID.Number != int64(i+1) {
			w.violation("rule 9: payment %d stands in the place of payment %d", p.ID.Number, i+1)
		}
		if !p.State.Ended() && !p.OpenCase && !w.waitsForStaff(p) {
			w.violation("rule 7: after two days payment %d has not ended: %s", p.ID.Number, describe(p))
		}
		w.checkMoney(p)
	}
	w.checkReceipts(all)
	if _, err := w.kiosk.ledger.Verify(context.Background()); err != nil {
		w.violation("the ledger does not verify: %v", err)
	}
}

func (w *World) waitsForStaff(p payment.Payment) bool {
	if p.State != payment.StateApproved {
		return false
	}
	for _, l := range p.Legs {
		if !l.State.Ended() && l.State != payment.LegOpenCase && l.State != payment.LegRefundDue {
			return false
		}
	}
	return true
}

// checkMoney compares one payment with the books of terminal and library.
func (w *World) checkMoney(p payment.Payment) {
	charged := w.terminal.charged[p.ID.String()]
	if n := w.terminal.approved[p.ID.String()]; n > 1 {
		w.violation("rule 3: payment %d was charged %d times", p.ID.Number, n)
	}
	switch {
	case p.OpenCase:
	case p.State == payment.StateApproved || p.State == payment.StateClosed:
		if charged != p.Amount.Minor {
			w.violation("payment %d counts as charged with %s; the terminal holds %s", p.ID.Number, p.Amount, euro(charged))
		}
	case charged != 0:
		w.violation("payment %d is %s; the terminal holds %s", p.ID.Number, p.State, euro(charged))
	}
	for _, l := range p.Legs {
		w.checkLeg(p, l)
	}
}

func (w *World) checkLeg(p payment.Payment, l payment.Leg) {
	n := w.library.booked[p.ID.Reference(l.Number)]
	late := w.struckBreaking()
	switch {
	case n > 1 && !(late && l.Attempts > 1):
		w.violation("rule 3: leg %d of payment %d was booked %d times in %d attempts", l.Number, p.ID.Number, n, l.Attempts)
	case p.State != payment.StateApproved && p.State != payment.StateClosed:
		if n > 0 && !late {
			w.violation("leg %d of payment %d is booked, and the payment is %s", l.Number, p.ID.Number, p.State)
		}
	case l.State == payment.LegPosted && (l.Proof == payment.ByAnswer || l.Proof == payment.ByReference) && n == 0:
		w.violation("leg %d of payment %d counts as booked %s, and is not", l.Number, p.ID.Number, l.Proof)
	case l.State == payment.LegPosted && l.Proof == payment.ByAccount && n == 0 && !w.paidAtDesk(p, l):
		w.violation("leg %d of payment %d counts as booked by account, and nobody paid it", l.Number, p.ID.Number)
	case (l.State == payment.LegRefundDue || l.State == payment.LegRefunded) && n > 0 && !late:
		w.violation("leg %d of payment %d is %s, and booked", l.Number, p.ID.Number, l.State)
	}
}

// paidAtDesk: a desk payment of the same fee cannot be told from ours by the account; the report lists such legs.
func (w *World) paidAtDesk(p payment.Payment, l payment.Leg) bool {
	card, err := w.kiosk.ledger.Card(p.ID)
	if err != nil {
		return false
	}
	atDesk := w.library.account(card).atDesk
	return atDesk[l.Fee] > 0 || l.Fee == "" && len(atDesk) > 0
}

// struckBreaking says whether the stated assumption was broken in this run.
func (w *World) struckBreaking() bool {
	for _, s := range w.Plan {
		if findFault(s.Fault).breaks {
			return true
		}
	}
	return false
}

// checkBooks compares the sums once staff has decided: terminal, ledger and library agree to the cent.
func (w *World) checkBooks(all []payment.Payment) {
	var books payment.Books
	ours := int64(0)
	for _, p := range all {
		b := p.Books()
		if !b.Agree() {
			w.violation("rule 4: the books of payment %d do not agree: %+v", p.ID.Number, b)
		}
		books = books.Add(b)
		w.checkMoney(p)
	}
	for _, minor := range w.terminal.charged {
		ours += minor
	}
	if ours != books.Captured-books.Reversed {
		w.violation("rule 4: the terminal holds %s, the ledger %s", euro(ours), euro(books.Captured-books.Reversed))
	}
	if left := books.Waiting + books.Open + books.RefundDue; left != 0 {
		w.violation("rule 4: after staff decided, %s still stand open", euro(left))
	}
	w.checkDays(books)
}

// checkDays compares the day's sums with the payments.
func (w *World) checkDays(books payment.Books) {
	days, err := w.kiosk.ledger.Days(context.Background())
	if err != nil {
		w.violation("the day's books cannot be read: %v", err)
	}
	var sum payment.Books
	for _, d := range days {
		sum = sum.Add(d.Books)
	}
	if sum != books {
		w.violation("rule 4: the days make %+v, the payments %+v", sum, books)
	}
}
