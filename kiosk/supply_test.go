package kiosk

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device/power"
	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
)

// told is what health was told last.
type told struct {
	status health.Status
	output string
	value  int64
	why    session.Reason
}

// listen makes a watch whose words are kept.
func listen(s power.Supply) (*supplyWatch, map[string]told) {
	heard := map[string]told{}
	return &supplyWatch{supply: s, least: 20,
		tell: func(check string, status health.Status, output string, why session.Reason) {
			heard[check] = told{status, output, 0, why}
		},
		measure: func(check string, status health.Status, value int64, _, output string, why session.Reason) {
			heard[check] = told{status, output, value, why}
		}}, heard
}

func TestBelowTheLeastChargeOnBatteryNoVisitBegins(t *testing.T) {
	at := func(source power.Source, charge int) power.Reading {
		return power.Reading{Source: source, MilliVolt: 3755, ChargePercent: charge, ChargeKnown: true}
	}
	for name, c := range map[string]struct {
		reading        power.Reading
		err            error
		supply, charge health.Status
		value          int64
		why            session.Reason
		words          string
	}{
		"mains":             {at(power.Mains, 90), nil, health.Pass, health.Pass, 90, "", ""},
		"mains, low":        {at(power.Mains, 5), nil, health.Pass, health.Warn, 5, "", ""},
		"battery":           {at(power.Battery, 20), nil, health.Warn, health.Pass, 20, "", "3.75 V"},
		"battery, low":      {at(power.Battery, 19), nil, health.Warn, health.Fail, 19, session.ReasonPower, "on battery"},
		"cannot be read":    {power.Reading{}, errors.New("the chip at 0x36 does not answer"), health.Warn, health.Warn, 0, "", "does not answer"},
		"no charge, empty?": {power.Reading{Source: power.Battery, MilliVolt: 3000}, nil, health.Warn, "", 0, "", "3.00 V"},
	} {
		s, heard := listen(nil)
		for range supplyBelieves {
			if len(heard) != 0 {
				t.Errorf("%s: believed too early", name)
			}
			s.take(c.reading, c.err)
		}
		supply, charge := heard[health.CheckSupply], heard[health.CheckCharge]
		if supply.status != c.supply || charge.status != c.charge || charge.value != c.value || charge.why != c.why || supply.why != "" || !strings.Contains(supply.output, c.words) {
			t.Errorf("%s: %+v, %+v; want %+v", name, supply, charge, c)
		}
	}
}

func TestALowChargeThatCannotBeReadAnyMoreStopsNothing(t *testing.T) {
	s, heard := listen(nil)
	for range supplyBelieves {
		s.take(power.Reading{Source: power.Battery, ChargePercent: 5, ChargeKnown: true}, nil)
	}
	if heard[health.CheckCharge].why != session.ReasonPower {
		t.Fatal("a low charge stops nothing")
	}
	for range supplyBelieves {
		s.take(power.Reading{}, errors.New("stuck"))
	}
	if heard[health.CheckCharge].why != "" {
		t.Error("what cannot be read stops the station")
	}
}

func TestOneOddAnswerChangesNothing(t *testing.T) {
	s, heard := listen(nil)
	good, odd := power.Reading{Source: power.Mains, ChargePercent: 90, ChargeKnown: true}, power.Reading{Source: power.Battery, ChargePercent: 0, ChargeKnown: true}
	for range supplyBelieves {
		s.take(good, nil)
	}
	for range 5 {
		s.take(odd, nil)
		s.take(odd, nil)
		s.take(good, nil)
		s.take(good, errors.New("noise"))
	}
	if c := heard[health.CheckCharge]; c.status != health.Pass || c.value != 90 || heard[health.CheckSupply].status != health.Pass {
		t.Errorf("%+v", heard)
	}
}

// steady is a supply that counts how often it is asked.
type steady struct {
	power.Supply
	asked, closed int
	lost          error
}

func (s *steady) Read(context.Context) (power.Reading, error) {
	s.asked++
	return power.Reading{Source: power.Mains}, s.lost
}

func (s *steady) Close() error { s.closed++; return nil }

func TestTheSupplyIsAskedOnceASecondUntilItIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		supply, answers := &steady{}, 0
		s, heard := listen(supply)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
		defer cancel()
		if err := s.attend(ctx, func() { answers++ }); !errors.Is(err, context.DeadlineExceeded) || supply.asked < 10 || supply.asked > 12 || answers != supply.asked || supply.closed != 1 {
			t.Errorf("asked %d times, %d answers, closed %d times, %v", supply.asked, answers, supply.closed, err)
		}
		if heard[health.CheckSupply].status != health.Pass {
			t.Errorf("%+v", heard)
		}
		supply.lost, answers = errors.New("the bus is gone"), 0
		if err := s.attend(t.Context(), func() { answers++ }); !errors.Is(err, supply.lost) || answers != 0 || supply.closed != 2 {
			t.Errorf("lost: %v, %d answers, closed %d times", err, answers, supply.closed)
		}
	})
}
