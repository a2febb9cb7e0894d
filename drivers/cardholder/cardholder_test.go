package cardholder_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/drivers/cardholder"
)

func TestEveryOrderEndsAsItSays(t *testing.T) {
	for order, want := range map[cardholder.Order]cardholder.End{
		cardholder.Approve: cardholder.Charged, cardholder.PIN: cardholder.Charged, cardholder.Late: cardholder.Charged,
		cardholder.Decline: cardholder.Declined, cardholder.Pull: cardholder.Declined, cardholder.Cancel: cardholder.Cancelled,
		cardholder.Silent: cardholder.Nothing, cardholder.SilentCharged: cardholder.Unsaid, cardholder.Busy: cardholder.Occupied,
	} {
		synctest.Test(t, func(t *testing.T) {
			if parsed, err := cardholder.ParseOrder(string(order)); err != nil || parsed != order {
				t.Errorf("%q is read as %q, %v", order, parsed, err)
			}
			var shown []string
			c := cardholder.Cardholder{Wait: 5 * time.Second, Display: func(text string) { shown = append(shown, text) }}
			c.Next(order)
			end, charge := c.Pay(1250, "4821-123", nil)
			charged, _ := c.Books()
			if end != want || (charge.Number > 0) != (len(charged) == 1) || (len(charged) == 1) != (want == cardholder.Charged || want == cardholder.Unsaid) {
				t.Errorf("%s: %s, %+v, books %+v", order, end, charge, charged)
			}
			if asked := slices.Contains(shown, "PIN, please"); asked != (order == cardholder.PIN) {
				t.Errorf("%s: the display said %q", order, shown)
			}
			if next, _ := c.Pay(1, "", nil); next != cardholder.Charged {
				t.Errorf("after %s: %s", order, next)
			}
		})
	}
}

func TestAPurchaseIsStoppedBeforeTheCardOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cardholder.Cardholder{Wait: 5 * time.Second}
		stop := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(stop) })
		if end, _ := c.Pay(1250, "", stop); end != cardholder.Cancelled {
			t.Errorf("stopped before the card: %s", end)
		}
		c.Next(cardholder.Late)
		late := make(chan struct{})
		time.AfterFunc(6*time.Second, func() { close(late) })
		if end, _ := c.Pay(1250, "", late); end != cardholder.Charged {
			t.Errorf("stopped after the card: %s", end)
		}
	})
}
