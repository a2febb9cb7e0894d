package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device/power"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/ledger/ledgertest"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/session"
)

// A station goes down in order when its battery ends or, where no charge is known, when the mains have been gone for a while;
// and for nothing else.
func TestAStationGoesDownBeforeItsBatteryEnds(t *testing.T) {
	const s = time.Second
	battery := func(charge int) power.Reading {
		return power.Reading{Source: power.Battery, ChargePercent: charge, ChargeKnown: true}
	}
	unknown := power.Reading{Source: power.Battery, MilliVolt: 3400}
	// what the line says and what is known of the battery, by the time since the start
	type line func(since time.Duration) panel.Mains
	type gauge func(since time.Duration) *power.Reading
	start := time.Time{}
	gone := func(from, to time.Duration) line {
		return func(since time.Duration) panel.Mains {
			m := panel.Mains{Line: true, Known: true}
			if since >= from && since < to {
				m.Gone = start.Add(from)
			}
			return m
		}
	}
	steady := func(r power.Reading) gauge { return func(time.Duration) *power.Reading { return &r } }
	no := func(time.Duration) *power.Reading { return nil }
	noLine := func(time.Duration) panel.Mains { return panel.Mains{} }
	falls := func(since time.Duration) *power.Reading { r := battery(100 - int(since/s)); return &r }
	for name, c := range map[string]struct {
		line  line
		gauge gauge
		down  time.Duration // 0: it does not
		words string
		why   session.Reason // that nobody begins to pay, in the end
	}{
		"mains":                                {gone(time.Hour, time.Hour), no, 0, "", ""},
		"no mains for a moment":                {gone(20*s, 29*s), no, 0, "", ""},
		"no mains for longer":                  {gone(20*s, time.Hour), no, 30 * s, "no mains for 10s", session.ReasonPower},
		"no line":                              {noLine, no, 0, "", ""},
		"a line that is lost":                  {func(time.Duration) panel.Mains { return panel.Mains{Line: true} }, no, 0, "", ""},
		"no mains, the battery is full":        {gone(20*s, time.Hour), steady(battery(80)), 0, "", ""},
		"no mains, the battery ends":           {gone(20*s, time.Hour), falls, 91 * s, "9 percent", ""},
		"the battery ends, without line":       {noLine, falls, 91 * s, "9 percent", ""},
		"a low battery on mains":               {gone(time.Hour, time.Hour), steady(power.Reading{Source: power.Mains, ChargePercent: 3, ChargeKnown: true}), 0, "", ""},
		"no mains, a charge that nobody knows": {gone(20*s, time.Hour), steady(unknown), 30 * s, "no mains for 10s", session.ReasonPower},
	} {
		synctest.Test(t, func(t *testing.T) {
			start = time.Now()
			var rested, down time.Duration
			why, told := "", map[string]session.Reason{}
			d := &powerDown{off: 10, hold: 10 * s, log: slog.New(slog.DiscardHandler),
				mains:  func() panel.Mains { return c.line(time.Since(start)) },
				supply: func() *power.Reading { return c.gauge(time.Since(start)) },
				tell:   func(check string, _ health.Status, _ string, why session.Reason) { told[check] = why },
				rest: func(ctx context.Context) error {
					rested = time.Since(start)
					<-ctx.Done() // a payment that does not come to rest
					return ctx.Err()
				},
				stop: func(reason string) { why, down = reason, time.Since(start) }}
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
			defer stop()
			if err := d.run(ctx); err != nil {
				t.Errorf("%s: run = %v", name, err)
			}
			if rested.Round(s) != c.down || !strings.Contains(why, c.words) || told[health.CheckMains] != c.why {
				t.Errorf("%s: it goes down at %s because of %q, and told %q; want %s, %q, %q", name, rested, why, told, c.down, c.words, c.why)
			}
			if c.down != 0 && down != rested+restWithin {
				t.Errorf("%s: off at %s, want %s after the rest began", name, down, restWithin)
			}
		})
	}
}

// The machine is asked for only when the ledger is closed, and holds why.
func TestTheMachineIsSwitchedOffBehindTheLedger(t *testing.T) {
	folder := ledgertest.Folder(t)
	l, err := ledger.Open(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &station{Parts: Parts{Log: slog.New(slog.DiscardHandler)}, now: Clock()}
	s.Config.Kiosk.Socket = filepath.Join(t.TempDir(), "ctl.sock")
	ended := false
	s.goingDown(l, func() { ended = true })("no mains for 10s")
	if notes, err := l.Notes(1); err != nil || len(notes) != 1 || notes[0].Kind != "machine switched off" || !strings.Contains(string(notes[0].Note), "no mains for 10s") {
		t.Errorf("notes %+v, %v", notes, err)
	}
	wish := filepath.Join(filepath.Dir(s.Config.Kiosk.Socket), powerOff)
	if _, err := os.Stat(wish); err == nil || !ended || !s.down.Load() {
		t.Errorf("asked for too early: %v; ended %v, down %v", err, ended, s.down.Load())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.switchOff(ctx); err != nil {
		t.Errorf("switchOff = %v", err)
	}
	if _, err := os.Stat(wish); err != nil {
		t.Error(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if err := s.switchOff(t.Context()); !errors.Is(err, errStillOn) {
			t.Errorf("nobody hears, and switchOff = %v", err)
		}
	})
}

// What the battery says is believed as health believes it, and forgotten when it cannot be read.
func TestTheChargeThatDecidesIsTheOneThatIsBelieved(t *testing.T) {
	s, _ := listen(nil)
	low := power.Reading{Source: power.Battery, ChargePercent: 5, ChargeKnown: true}
	for i := range supplyBelieves {
		if got := s.believed.Load(); got != nil {
			t.Fatalf("after %d answers %+v is believed", i, got)
		}
		s.take(low, nil)
	}
	if got := s.believed.Load(); got == nil || *got != low {
		t.Errorf("%+v is believed", got)
	}
	for range supplyBelieves {
		s.take(power.Reading{}, errors.New("stuck"))
	}
	if got := s.believed.Load(); got != nil {
		t.Errorf("%+v is still believed", got)
	}
}
