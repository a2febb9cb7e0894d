package runner_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

// rests lets the runner come to rest.
func (k *kiosk) rests(within time.Duration) error {
	ctx, stop := context.WithTimeout(context.Background(), within)
	defer stop()
	return k.runner.Rest(ctx)
}

// Before the machine is switched off no payment begins, and a patron who has not presented a card is sent away.
func TestAtRestNothingIsUnderWay(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{CardWait: 5 * time.Minute}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		id := k.begin(order(card, both...))
		over(5 * time.Second)
		if err := k.rests(time.Minute); err != nil {
			t.Errorf("Rest = %v", err)
		}
		if s := k.payment(id).State; s != payment.StateDeclined && s != payment.StateAbandoned {
			t.Errorf("the payment is %s", s)
		}
		k.available(t, runner.ErrResting)
		if _, err := k.runner.Pay(context.Background(), order(secondCard, second...)); !errors.Is(err, runner.ErrResting) {
			t.Errorf("Pay = %v", err)
		}
		w.wantBooks(0, 0, 0)
	})
}

// A payment whose card was charged is posted before, and the backlog is left alone.
func TestAChargedPaymentIsPostedBeforeTheRest(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		w.library.Cut()
		older := k.begin(order(secondCard, second...))
		over(time.Minute)
		k.runner.Leave(older)
		w.library.Restore()
		if err := w.library.Next(acs.Hold); err != nil {
			t.Fatal(err)
		}
		id := k.begin(order(card, both...))
		if err := w.library.WaitHolding(t.Context()); err != nil {
			t.Fatal(err)
		}
		rested := make(chan error, 1)
		go func() { rested <- k.rests(20 * time.Second) }()
		over(5 * time.Second)
		select {
		case err := <-rested:
			t.Errorf("at rest while the library is asked: %v", err)
		default:
		}
		w.library.Release()
		if err := <-rested; err != nil {
			t.Errorf("Rest = %v", err)
		}
		k.wantState(id, "closed: posted, posted")
		over(10 * time.Minute)
		k.wantState(older, "approved: waiting")
	})
}

// A library that does not answer does not hold the machine up for ever; the ledger knows what is in doubt.
func TestTheRestHasABound(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		if err := w.library.Next(acs.Hold); err != nil {
			t.Fatal(err)
		}
		k.begin(order(card, both...))
		if err := w.library.WaitHolding(t.Context()); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := k.rests(5 * time.Second); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 6*time.Second {
			t.Errorf("Rest = %v after %s", err, time.Since(begun))
		}
	})
}
