package runner

import (
	"context"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/kiosk/payment"
)

// atTerminal carries out one job at the terminal and brings back what it means.
func (r *Runner) atTerminal(ctx context.Context, cancel context.CancelFunc, p payment.Payment, j job) {
	defer cancel()
	var e payment.Event
	var err error
	switch j.do {
	case payment.DoPurchase:
		e = r.purchase(ctx, p)
	case payment.DoRecoverPurchase:
		e, err = r.recoverPurchase(p)
	case payment.DoReverse:
		e = r.reverse(p)
	case payment.DoRecoverReversal:
		e, err = r.recoverReversal(p)
	}
	r.send(func() {
		delete(r.running, j)
		if j.do == payment.DoPurchase {
			delete(r.cancels, j.number)
		}
		r.finish(p.ID, j, e, err)
	})
}

// purchase charges the card. The approval is saved before the terminal learns that we know.
func (r *Runner) purchase(ctx context.Context, p payment.Payment) payment.Event {
	seen := false
	slip, err := r.Terminal.Purchase(ctx, terminal.Purchase{Ref: p.ID.String(), Amount: p.Amount}, terminal.Watch{
		Seen:     func(a terminal.Approval) error { seen = true; return r.saveApproval(p.ID, a) },
		Progress: func(progress terminal.Progress) { r.send(func() { r.Progress(p.ID, progress) }) },
	})
	head := payment.Head{At: r.Now()}
	class := device.Class(err)
	switch {
	case err == nil && seen:
		return payment.DialogueEnded{Head: head, Slip: payment.CardSlip(slip)}
	case err == nil:
		return payment.NoAnswer{Head: head, Reason: "the terminal ended without an approval or a refusal"}
	case seen || class == device.ErrDoubt:
		return payment.NoAnswer{Head: head, Reason: err.Error()}
	case class == device.ErrRefused:
		return payment.Declined{Head: head, Reason: err.Error()}
	}
	return payment.Abandoned{Head: head, Reason: err.Error()}
}

// saveApproval returns nil once the approval is in the ledger.
func (r *Runner) saveApproval(id payment.ID, a terminal.Approval) error {
	acknowledged := make(chan error, 1)
	select {
	case r.inbox <- func() {
		r.acks[id.Number] = acknowledged
		if _, err := r.append(id, payment.ApprovalSeen{Head: payment.Head{At: r.Now()}, Approval: payment.Approval(a)}); err != nil {
			delete(r.acks, id.Number)
			acknowledged <- err
		}
	}:
	case <-r.ended:
		return context.Canceled
	}
	return <-acknowledged
}

func (r *Runner) recoverPurchase(p payment.Payment) (payment.Event, error) {
	attempt := terminal.Attempt{Purchase: terminal.Purchase{Ref: p.ID.String(), Amount: p.Amount}}
	if p.Baseline != nil {
		t := restored(*p.Baseline)
		attempt.Baseline = &t
	}
	if p.Approval != nil {
		a := terminal.Approval(*p.Approval)
		attempt.Seen = &a
	}
	found, err := r.Terminal.RecoverPurchase(r.context, attempt)
	if err != nil {
		return nil, err
	}
	head := payment.Head{At: r.Now()}
	switch found.Verdict {
	case terminal.Charged:
		return payment.PurchaseFound{Head: head, Approval: payment.Approval(found.Found.Approval), Evidence: found.Evidence}, nil
	case terminal.NotCharged:
		return payment.PurchaseNotFound{Head: head, Evidence: found.Evidence}, nil
	}
	return payment.TerminalUnclear{Head: head, Found: saved(found.Found), Evidence: found.Evidence}, nil
}

// reverse takes the purchase back by the terminal's own reference.
func (r *Runner) reverse(p payment.Payment) payment.Event {
	err := r.Terminal.Reverse(r.context, terminal.Approval(*p.Approval))
	head := payment.Head{At: r.Now()}
	switch device.Class(err) {
	case nil:
		return payment.Reversed{Head: head}
	case device.ErrRefused:
		return payment.NotReversed{Head: head, Reason: err.Error()}
	case device.ErrNotSent, device.ErrAttention:
		return payment.ReversalNotSent{Head: head, Reason: err.Error()}
	}
	return payment.NoAnswer{Head: head, Reason: err.Error()}
}

func (r *Runner) recoverReversal(p payment.Payment) (payment.Event, error) {
	found, err := r.Terminal.RecoverReversal(r.context, terminal.Approval(*p.Approval))
	if err != nil {
		return nil, err
	}
	head := payment.Head{At: r.Now()}
	switch found.Verdict {
	case terminal.NotCharged:
		return payment.Reversed{Head: head, Evidence: found.Evidence}, nil
	case terminal.Charged:
		return payment.NotReversed{Head: head, Reason: found.Evidence}, nil
	}
	return payment.TerminalUnclear{Head: head, Found: saved(found.Found), Evidence: found.Evidence}, nil
}

func saved(t terminal.Transaction) payment.Transaction {
	return payment.Transaction{Kind: string(t.Kind), Approved: t.Approved, ResultCode: t.ResultCode,
		OriginalTrace: t.OriginalTrace, Approval: payment.Approval(t.Approval)}
}

func restored(t payment.Transaction) terminal.Transaction {
	return terminal.Transaction{Kind: terminal.Kind(t.Kind), Approved: t.Approved, ResultCode: t.ResultCode,
		OriginalTrace: t.OriginalTrace, Approval: terminal.Approval(t.Approval)}
}
