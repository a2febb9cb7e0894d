package kiosk

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"selfpay/device/power"
	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
)

// The supply is asked once a second; what three answers in a row say is believed.
const (
	supplyLooks    = time.Second
	supplyBelieves = 3
)

// supplyWatch tells health how the station is supplied. On battery, below the least charge, no new visit begins. A charge
// that cannot be read stops nothing, and neither does a low one on mains: it rises.
type supplyWatch struct {
	supply  power.Supply
	least   int // percent
	tell    func(check string, status health.Status, output string, why session.Reason)
	measure func(check string, status health.Status, value int64, unit, output string, why session.Reason)

	newest   verdict
	times    int                           // how often it came in a row
	believed atomic.Pointer[power.Reading] // nil: nothing is known
}

// verdict is what one answer means.
type verdict struct {
	source power.Source // empty: it cannot be read
	low    bool
}

// attend asks until the supply is lost.
func (s *supplyWatch) attend(ctx context.Context, there func()) error {
	defer s.supply.Close()
	looks := time.NewTicker(supplyLooks)
	defer looks.Stop()
	for {
		reading, err := s.supply.Read(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.take(reading, err)
		if err != nil {
			return err
		}
		there()
		select {
		case <-looks.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take tells what is believed after one more answer.
func (s *supplyWatch) take(r power.Reading, err error) {
	now := verdict{}
	if err == nil {
		now = verdict{r.Source, r.ChargePercent < s.least}
	}
	if now != s.newest {
		s.newest, s.times = now, 0
	}
	if s.times++; s.times < supplyBelieves {
		return
	}
	s.times = supplyBelieves
	if err != nil {
		s.believed.Store(nil)
		s.tell(health.CheckSupply, health.Warn, err.Error(), "")
		s.tell(health.CheckCharge, health.Warn, "the charge cannot be read", "")
		return
	}
	s.believed.Store(&r)
	if now.source == power.Battery {
		s.tell(health.CheckSupply, health.Warn, fmt.Sprintf("on battery, %d.%02d V", r.MilliVolt/1000, r.MilliVolt%1000/10), "")
	} else {
		s.tell(health.CheckSupply, health.Pass, "", "")
	}
	charge := int64(r.ChargePercent)
	switch {
	case !r.ChargeKnown:
	case now.low && now.source == power.Battery:
		s.measure(health.CheckCharge, health.Fail, charge, "percent", "the battery is nearly empty, and there is no mains", session.ReasonPower)
	case now.low:
		s.measure(health.CheckCharge, health.Warn, charge, "percent", "the battery is nearly empty", "")
	default:
		s.measure(health.CheckCharge, health.Pass, charge, "percent", "", "")
	}
}
