package runner_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

// watched is a terminal that lets the test say what it saw.
type watched struct {
	terminal.Terminal
	stray terminal.Stray
}

func (w *watched) WatchStrays(s terminal.Stray) { w.stray = s }

func TestAnApprovalNobodyAskedForIsInTheLedgerBeforeItIsRefused(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		w.terminal.Unasked(4000)
		if _, err := k.runner.Terminal.Status(context.Background()); err != nil {
			t.Fatal(err)
		}
		strays, err := k.ledger.Strays()
		if err != nil || len(strays) != 1 || strays[0].Approval.Amount != money.Of(4000, "EUR") || strays[0].Result.Outcome != string(terminal.NotCharged) {
			t.Errorf("%+v, %v", strays, err)
		}
		if answers := w.terminal.UnaskedAnswers(); !slices.Equal(answers, []string{"84 66"}) {
			t.Errorf("answered %q", answers)
		}
		id := k.begin(order(card, both...))
		over(time.Minute)
		k.wantState(id, "closed: posted, posted")
	})
}

func TestAnApprovalWithoutAnAttemptIsNotRefusedWhileOneIsInDoubt(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		var tells watched
		k := w.kiosk("koha", func(c *runner.Config) {
			tells.Terminal = c.Terminal
			c.Terminal = &tells
		})
		defer k.end()
		w.terminal.Next(zvttest.Order{Kind: zvttest.SilentCharged})
		k.begin(order(card, both...))
		over(10 * time.Second)
		w.terminal.Cut()
		over(time.Minute)
		if s, err := k.runner.Summary(context.Background()); err != nil || s.TerminalInDoubt != 1 {
			t.Fatalf("%+v, %v", s, err)
		}
		if err := tells.stray.Seen(terminal.Approval{Amount: money.Of(1250, "EUR"), Receipt: 2, Trace: 102}); err == nil {
			t.Error("it was taken for a stray, though it may be the purchase that is in doubt")
		}
		if strays, err := k.ledger.Strays(); err != nil || len(strays) != 0 {
			t.Errorf("%+v, %v", strays, err)
		}
	})
}
