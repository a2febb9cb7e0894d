package runner

import (
	"context"
	"errors"
	"fmt"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/kiosk/payment"
)

// baseline is the terminal's newest transaction before a purchase; nil where it tells none.
func (r *Runner) baseline() (*payment.Transaction, error) {
	status, err := r.Terminal.Status(r.context)
	if err != nil {
		return nil, err
	}
	if !status.Ready {
		return nil, fmt.Errorf("the terminal is not ready: %s", status.Reason)
	}
	last, err := r.Terminal.Last(r.context)
	if errors.Is(err, device.ErrRefused) {
		return nil, nil // it does not tell: recovery will have less to go by
	}
	if err != nil {
		return nil, err
	}
	t := saved(last)
	return &t, nil
}

// doAtTerminal carries out one job at the terminal and brings back what it means.
func (r *Runner) doAtTerminal(ctx context.Context, cancel context.CancelFunc, j Job, p payment.Payment) {
	defer cancel()
	var e payment.Event
	var err error
	switch j.Do {
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
		if j.Do == payment.DoPurchase {
			delete(r.cancels, j.Payment)
		}
		r.core.Finished(j, e, err)
	})
}

// purchase charges the card. The approval is saved before the terminal learns that we know.
func (r *Runner) purchase(ctx context.Context, p payment.Payment) payment.Event {
	seen := false
	slip, err := r.Terminal.Purchase(ctx, terminal.Purchase{Ref: p.ID.String(), Amount: p.Amount}, terminal.Watch{
		Seen:     func(a terminal.Approval) error { seen = true; return r.saveApproval(p.ID, a) },
		Progress: func(progress terminal.Progress) { r.send(func() { r.Progress(p.ID, progress) }) },
	})
	return PurchaseEnded(payment.Head{At: r.Now()}, seen, payment.CardSlip(slip), err)
}

// PurchaseEnded is what the end of terminal.Purchase means; seen says that an approval was handed over.
func PurchaseEnded(head payment.Head, seen bool, slip payment.CardSlip, err error) payment.Event {
	class := device.Class(err)
	switch {
	case err == nil && seen:
		return payment.DialogueEnded{Head: head, Slip: slip}
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
	return r.ask(func() error { return r.core.Approve(id, payment.Approval(a)) })
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
	return PurchaseRecovered(payment.Head{At: r.Now()}, found), nil
}

// PurchaseRecovered is what the terminal's memory means for a purchase in doubt.
func PurchaseRecovered(head payment.Head, found terminal.Recovery) payment.Event {
	switch found.Verdict {
	case terminal.Charged:
		return payment.PurchaseFound{Head: head, Approval: payment.Approval(found.Found.Approval), Evidence: found.Evidence}
	case terminal.NotCharged:
		return payment.PurchaseNotFound{Head: head, Evidence: found.Evidence}
	}
	return payment.TerminalUnclear{Head: head, Found: saved(found.Found), Evidence: found.Evidence, Final: found.Verdict == terminal.NeverKnown}
}

// reverse takes the purchase back by the terminal's own reference.
func (r *Runner) reverse(p payment.Payment) payment.Event {
	err := r.Terminal.Reverse(r.context, terminal.Approval(*p.Approval))
	return ReversalEnded(payment.Head{At: r.Now()}, err)
}

// ReversalEnded is what the end of terminal.Reverse means.
func ReversalEnded(head payment.Head, err error) payment.Event {
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
	return ReversalRecovered(payment.Head{At: r.Now()}, found), nil
}

// ReversalRecovered is what the terminal's memory means for a reversal in doubt.
func ReversalRecovered(head payment.Head, found terminal.Recovery) payment.Event {
	switch found.Verdict {
	case terminal.NotCharged:
		return payment.Reversed{Head: head, Evidence: found.Evidence}
	case terminal.Charged:
		return payment.NotReversed{Head: head, Reason: found.Evidence}
	}
	return payment.TerminalUnclear{Head: head, Found: saved(found.Found), Evidence: found.Evidence, Final: found.Verdict == terminal.NeverKnown}
}

func saved(t terminal.Transaction) payment.Transaction {
	return payment.Transaction{Kind: string(t.Kind), Approved: t.Approved, ResultCode: t.ResultCode,
		OriginalTrace: t.OriginalTrace, Approval: payment.Approval(t.Approval)}
}

func restored(t payment.Transaction) terminal.Transaction {
	return terminal.Transaction{Kind: terminal.Kind(t.Kind), Approved: t.Approved, ResultCode: t.ResultCode,
		OriginalTrace: t.OriginalTrace, Approval: terminal.Approval(t.Approval)}
}
