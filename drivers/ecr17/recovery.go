package ecr17

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device/money"
	"selfpay/device/terminal"
)

const askEvery = 2 * time.Second // while a payment may be under way still

// Last asks for the terminal's last result. device.ErrRefused: it does not tell.
func (t *Terminal) Last(ctx context.Context) (terminal.Transaction, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.Transaction{}, err
	}
	defer t.turn.Give()
	found, err := t.last(ctx)
	switch {
	case errors.Is(err, errNotTaken):
		return terminal.Transaction{}, t.Refused(errors.New("the terminal does not tell its last result"))
	case err != nil:
		return terminal.Transaction{}, t.NotSent(err)
	}
	return found, nil
}

// stored are the codes of all results that a terminal may keep.
const stored = "EVeicvA"

func (t *Terminal) last(ctx context.Context) (terminal.Transaction, error) {
	answer, err := t.question(ctx, request(t.cfg.TerminalID, codeLast, t.cfg.Register+"0000"), stored)
	if err != nil {
		return terminal.Transaction{}, err
	}
	h, err := ParseHeader(answer)
	if err == nil {
		err = t.own(h.TerminalID)
	}
	if err != nil {
		return terminal.Transaction{}, err
	}
	if h.Code != codeResult && h.Code != codeExchange {
		return terminal.Transaction{Kind: terminal.KindOther, ResultCode: string(rune(h.Code)), Approval: terminal.Approval{TerminalID: h.TerminalID}}, nil
	}
	r, err := ParseResult(answer)
	if err != nil {
		return terminal.Transaction{}, err
	}
	t.told = r.STAN
	return transaction(r), nil
}

func transaction(r Result) terminal.Transaction {
	found := terminal.Transaction{Kind: terminal.KindPurchase, Approved: r.Ended == endedDone, ResultCode: r.Ended, Approval: approval(r, time.Now())}
	if r.Reversal {
		found.Kind = terminal.KindReversal
	}
	return found
}

// RecoverPurchase compares the terminal's last result with the one from before the attempt. While the payment may be under way still it
// asks again and again, so it takes up to Rest; when ctx ends before, it is still unknown.
func (t *Terminal) RecoverPurchase(ctx context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.Recovery{}, err
	}
	defer t.turn.Give()
	for {
		over := t.left() <= 0 // before it is asked: what it says must be later
		found, err := t.last(ctx)
		switch {
		case err == nil:
			r := weigh(found, a, over)
			if r.Verdict != terminal.StillUnknown {
				t.doubtful = false
			}
			if over || r.Verdict != terminal.StillUnknown || !comparable(a) {
				return r, nil
			}
		case over:
			return t.silent(ctx, err)
		}
		if !pause(ctx, askEvery) {
			if err != nil {
				return terminal.Recovery{}, t.NotSent(err)
			}
			return weigh(found, a, false), nil
		}
	}
}

// comparable: an attempt has something to compare a last result with.
func comparable(a terminal.Attempt) bool {
	return a.Seen != nil || a.Baseline != nil && a.Baseline.Approval.Trace > 0
}

// silent is what it means that the terminal does not tell its last result. A terminal that says how it is takes our messages: then it does
// not know the question.
func (t *Terminal) silent(ctx context.Context, err error) (terminal.Recovery, error) {
	if errors.Is(err, errNotTaken) {
		if _, err := t.condition(ctx); err == nil {
			return terminal.Recovery{Verdict: terminal.NeverKnown,
				Evidence: "the terminal does not know the question for its last result; compare with its own reports"}, nil
		}
	}
	return terminal.Recovery{}, t.NotSent(err)
}

func pause(ctx context.Context, long time.Duration) bool {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// weigh says what a last result proves. over: the payment cannot be under way any more.
func weigh(found terminal.Transaction, a terminal.Attempt, over bool) terminal.Recovery {
	r := terminal.Recovery{Verdict: terminal.StillUnknown, Found: found}
	f := found.Approval
	switch before := a.Baseline; {
	case a.Seen != nil:
		if found.Kind == terminal.KindPurchase && found.Approved && f.Trace == a.Seen.Trace && f.TerminalID == a.Seen.TerminalID &&
			f.Amount == a.Purchase.Amount {
			r.Verdict = terminal.Charged
		}
		r.Evidence = fmt.Sprintf("the approval that was saved has STAN %06d; the terminal's last result is %s", a.Seen.Trace, told(found))
	case !comparable(a):
		r.Evidence = fmt.Sprintf("the terminal's last result is %s; the one from before has no STAN to compare it with", told(found))
	case f.TerminalID != before.Approval.TerminalID:
		r.Evidence = fmt.Sprintf("the last result is that of terminal %s, the one from before that of %s", f.TerminalID, before.Approval.TerminalID)
	case same(found, before) && over:
		r.Verdict = terminal.NotCharged
		r.Evidence = fmt.Sprintf("the terminal's last result is the one from before still, STAN %06d, after a payment would have ended", f.Trace)
	case same(found, before):
		r.Evidence = fmt.Sprintf("the terminal's last result is the one from before still, STAN %06d, but the payment may be under way", f.Trace)
	case f.Trace <= before.Approval.Trace:
		r.Evidence = fmt.Sprintf("the terminal's last result is %s; it is not newer than the one from before, STAN %06d", told(found), before.Approval.Trace)
	default:
		r.Verdict = newer(found, a.Purchase.Amount)
		r.Evidence = fmt.Sprintf("the terminal's last result is %s; it is newer than the one from before, STAN %06d; asked was %s", told(found),
			before.Approval.Trace, a.Purchase.Amount)
	}
	return r
}

// newer is the verdict of a result that came after the one from before. It must be that of a payment like ours, which names its amount.
func newer(found terminal.Transaction, asked money.Amount) terminal.Verdict {
	amount := found.Approval.Amount
	switch {
	case found.Kind != terminal.KindPurchase || amount.Currency != asked.Currency:
	case found.Approved && amount == asked:
		return terminal.Charged
	case found.ResultCode == endedNot && (amount == asked || amount.Minor == 0): // the host may not have been asked
		return terminal.NotCharged
	}
	return terminal.StillUnknown
}

// same: a last result is the one from before. Dates are made with our clock, and not compared.
func same(found terminal.Transaction, before *terminal.Transaction) bool {
	a, b := found, *before
	a.Approval.Date, b.Approval.Date = "", ""
	return a == b
}

// told is a result in words.
func told(found terminal.Transaction) string {
	what := "a no"
	switch {
	case found.Kind == terminal.KindOther:
		return fmt.Sprintf("one of another kind, %q", found.ResultCode)
	case found.Kind == terminal.KindReversal:
		what = "of a reversal"
	case found.Approved:
		what = "a yes"
	}
	amount := "no amount"
	if found.Approval.Amount.Currency != "" {
		amount = found.Approval.Amount.String()
	}
	return fmt.Sprintf("%s with STAN %06d and %s", what, found.Approval.Trace, amount)
}
