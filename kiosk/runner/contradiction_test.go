package runner_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

// contradicting is a terminal that approves, and then ends the dialogue with another word.
type contradicting struct {
	terminal.Terminal
	last    error
	charged bool
}

func (c *contradicting) Status(context.Context) (terminal.Status, error) {
	return terminal.Status{Ready: true}, nil
}

func (c *contradicting) Last(context.Context) (terminal.Transaction, error) {
	return terminal.Transaction{}, nil
}

func (c *contradicting) Purchase(_ context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := w.Seen(terminal.Approval{Amount: p.Amount, Receipt: 7, Trace: 7}); err != nil {
		return terminal.CardSlip{}, err
	}
	return terminal.CardSlip{}, c.last
}

func (c *contradicting) RecoverPurchase(_ context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	if c.charged {
		return terminal.Recovery{Verdict: terminal.Charged, Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: *a.Seen}}, nil
	}
	return terminal.Recovery{Verdict: terminal.NotCharged}, nil
}

// Whatever the terminal says after an approval, only its last result decides.
func TestAnotherWordAfterAnApprovalIsInDoubt(t *testing.T) {
	for _, class := range []error{device.ErrRefused, device.ErrNotSent, device.ErrAttention, device.ErrDoubt} {
		for _, charged := range []bool{true, false} {
			t.Run(fmt.Sprint(class, "/", charged), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, acs.Koha)
					defer w.close()
					p := w.start(crash{})
					p.stop()
					<-p.ended
					ctx, stop := context.WithCancel(context.Background())
					p.stop = stop
					p.runner = runner.New(runner.Config{Ledger: p.ledger, Library: p.library, Now: now, Log: w.log,
						Terminal: &contradicting{last: fmt.Errorf("another word: %w", class), charged: charged}})
					go func() { p.ended <- p.runner.Run(ctx) }()
					if !p.pay() {
						t.Fatal("not begun")
					}
					p.settle()
					all, err := p.ledger.All(1)
					if err != nil {
						t.Fatal(err)
					}
					want := payment.StateDeclined
					if charged {
						want = payment.StateClosed
					}
					if all[0].State != want {
						t.Errorf("the payment is %s, want %s", all[0].State, want)
					}
					p.end()
				})
			})
		}
	}
}
