package mdb

import (
	"context"
	"errors"

	"selfpay/device/money"
	"selfpay/device/terminal"
)

// RecoverPurchase ends an attempt that the adapter has still open, and says what that proves. Of one that is no longer open nothing can be
// known.
func (t *Terminal) RecoverPurchase(ctx context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	if err := t.turn.Take(ctx); err != nil {
		return terminal.Recovery{}, err
	}
	defer t.turn.Give()
	l, _, err := t.open(ctx)
	if err != nil {
		return terminal.Recovery{}, t.NotSent(err)
	}
	defer l.wire.Close()
	r, err := l.state(ctx)
	if err != nil {
		return terminal.Recovery{}, t.NotSent(err)
	}
	if r.State == Vend {
		q := &request{link: l, taken: true}
		if err := q.withdraw(); err != nil {
			return terminal.Recovery{}, t.NotSent(err)
		}
		if r, err = q.result(context.Background(), nil); err != nil {
			return never("a request was still pending; it was withdrawn, and no denial came"), nil
		}
	}
	return l.settle(r, a), nil
}

// settle ends a session that has a result.
func (l *link) settle(r Report, a terminal.Attempt) terminal.Recovery {
	approved, text, err := r.result()
	switch {
	case err != nil && r.State != Result:
		return never("the adapter has no request open, and cannot be asked for one that has ended; compare with the reports of the reader's operator")
	case err == nil && !approved && a.Seen == nil:
		l.end(vendFailed)
		return terminal.Recovery{Verdict: terminal.NotCharged, Evidence: "the request was still open at the adapter, and the reader denied it"}
	}
	amount, unreadable := money.Parse(text, a.Purchase.Amount.Currency)
	if a.Seen == nil || !approved || unreadable != nil || amount != a.Seen.Amount {
		if err := l.end(vendFailed); err != nil {
			return never("a request was still open whose approval is not saved; whether the reader gave the money back is not known")
		}
		return never("a request was still open whose approval is not saved; the reader was told to give the money back, which its operator's reports show")
	}
	if err := l.end(vendSuccess); err != nil {
		return never("the saved approval was still open; whether the reader heard of its end is not known")
	}
	return terminal.Recovery{Verdict: terminal.Charged, Evidence: "the saved approval was still open at the adapter with the same amount; the reader heard of its end",
		Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: *a.Seen}}
}

func never(evidence string) terminal.Recovery {
	return terminal.Recovery{Verdict: terminal.NeverKnown, Evidence: evidence}
}

// Reverse is refused: what has ended the bus cannot take back.
func (t *Terminal) Reverse(context.Context, terminal.Approval) error {
	return t.Refused(errors.New("the bus takes back no purchase that has ended; the reader's operator does, or the desk"))
}
