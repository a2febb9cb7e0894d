package runner

import (
	"testing"
	"time"

	"selfpay/kiosk/payment"
)

// The oldest doubt and the oldest case are dated by when the doubt began, and by the payment where nothing else is known.
func TestASummaryKnowsWhatIsOldest(t *testing.T) {
	at := func(minute int) payment.Stamp {
		return payment.Stamp{Wall: time.Date(2026, 11, 28, 9, minute, 0, 0, time.UTC)}
	}
	leg := func(state payment.LegState, doubt payment.Stamp) payment.Payment {
		return payment.Payment{State: payment.StateApproved, IntendedAt: at(2), Legs: []payment.Leg{{State: state, DoubtAt: doubt}}}
	}
	purchase := func(openCase bool, doubt payment.Stamp) payment.Payment {
		return payment.Payment{State: payment.StatePurchaseInDoubt, OpenCase: openCase, IntendedAt: at(2), DoubtAt: doubt}
	}
	for what, c := range map[string]struct {
		payments    []payment.Payment
		doubt, open payment.Stamp
	}{
		"none":                 {nil, payment.Stamp{}, payment.Stamp{}},
		"a leg waits":          {[]payment.Payment{leg(payment.LegWaiting, payment.Stamp{})}, payment.Stamp{}, payment.Stamp{}},
		"two purchases":        {[]payment.Payment{purchase(false, at(9)), purchase(false, at(7))}, at(7), payment.Stamp{}},
		"a posting before":     {[]payment.Payment{purchase(false, at(9)), leg(payment.LegPostingInDoubt, at(5))}, at(5), payment.Stamp{}},
		"a case":               {[]payment.Payment{purchase(true, at(9)), purchase(false, at(10))}, at(10), at(9)},
		"a case without doubt": {[]payment.Payment{leg(payment.LegOpenCase, payment.Stamp{}), purchase(true, at(9))}, payment.Stamp{}, at(2)},
		"a leg's case":         {[]payment.Payment{leg(payment.LegOpenCase, at(8))}, payment.Stamp{}, at(8)},
	} {
		var s Summary
		for _, p := range c.payments {
			s.add(p)
		}
		if s.OldestDoubt != c.doubt || s.OldestCase != c.open {
			t.Errorf("%s: doubt %v, case %v", what, s.OldestDoubt.Wall, s.OldestCase.Wall)
		}
	}
}
