package simulation

import (
	"time"

	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
)

// printer prints the receipts. What stands on one is told by the ledger, and must be true.
type printer struct {
	w        *World
	receipts map[int64]int // that left it, by payment
}

// print is the kiosk's way to a receipt: once there is something to tell, and until one was recorded.
func (k *life) print(p payment.Payment) {
	outcome := session.OutcomeOf(p)
	if p.Receipts > 0 || outcome == session.OutcomeNotCharged || k.printing[p.ID] ||
		p.State != payment.StateApproved && p.State != payment.StateClosed && p.State != payment.StateReversed {
		return
	}
	k.printing[p.ID] = true
	k.mine(0, func() { k.printer.print(k, p, outcome) })
}

// print takes a moment; a kill in it leaves a receipt that nobody recorded, and the next life prints it again.
func (r *printer) print(k *life, p payment.Payment, outcome session.Outcome) {
	if r.w.takes("paper out") {
		r.w.tell("printer", "has no paper")
		return
	}
	r.w.in(time.Second, func() { r.receipts[p.ID.Number]++ })
	k.mine(3*time.Second, func() {
		inDoubt := r.w.takes("word of the printer lost")
		r.w.tell("printer", "prints: payment %d %s", p.ID.Number, outcome)
		_, err := k.core.Decide(p.ID, func(h payment.Head) payment.Event { return payment.ReceiptPrinted{Head: h, InDoubt: inDoubt} })
		if err != nil && !k.dead && k.core.Failed() == nil {
			r.w.violation("the receipt of payment %d cannot be recorded: %v", p.ID.Number, err)
		}
	})
}

// checkReceipts: what is recorded as printed was printed.
func (w *World) checkReceipts(all []payment.Payment) {
	for _, p := range all {
		if p.Receipts > 0 && w.printer.receipts[p.ID.Number] == 0 {
			w.violation("rule 2: a receipt of payment %d is recorded, and none was printed", p.ID.Number)
		}
	}
}
