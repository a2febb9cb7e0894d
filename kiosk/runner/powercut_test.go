package runner_test

import (
	"testing"
	"time"

	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

// afterPowerCut stamps with the clock of a boot that begins now.
func afterPowerCut(c *runner.Config) {
	boot := time.Now()
	c.Now = func() payment.Stamp {
		at := time.Now()
		return payment.Stamp{Wall: at, Boot: boot.String(), Mono: at.Sub(boot)}
	}
}

func TestADoubtIsSettledThoughThePowerWasCut(t *testing.T) {
	for _, fault := range []acs.Fault{acs.Silent, acs.ApplySilent} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			if err := w.library.Next(fault); err != nil {
				t.Fatal(err)
			}
			before := w.kiosk("koha", nil)
			id := before.begin(order(card, both...))
			over(2 * time.Minute)
			before.wantState(id, "approved: posting in doubt, waiting")
			before.end()
			again := w.kiosk("koha", afterPowerCut)
			defer again.end()
			over(10 * time.Minute)
			again.wantState(id, "closed: posted, posted")
			w.checkBooks(again.ledger)
		})
	}
}

func TestADoubtIsAnOpenCaseInTimeThoughThePowerIsCutEveryNight(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		if err := w.library.Next(acs.Silent); err != nil {
			t.Fatal(err)
		}
		k := w.kiosk("koha", nil)
		id := k.begin(order(card, both...))
		over(time.Minute)
		w.library.Cut()
		for range 2 {
			over(10 * time.Hour)
			k.wantState(id, "approved: posting in doubt, waiting")
			k.end()
			over(14 * time.Hour)
			k = w.kiosk("koha", afterPowerCut)
		}
		defer func() { k.end() }()
		over(10 * time.Hour)
		k.wantState(id, "approved: open case, waiting")
	})
}
