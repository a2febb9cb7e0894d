package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

func TestASilentTerminalIsRestartedAfterAWhileAndNotAtOnceAgain(t *testing.T) {
	start := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	var silent time.Time
	var refuse error
	cycles, status, output := 0, health.Status(""), ""
	r := &reviver{relay: true, after: 10 * time.Minute, silent: func() time.Time { return silent }, log: slog.New(slog.DiscardHandler),
		cycle: func(context.Context) error {
			if refuse == nil {
				cycles++
			}
			return refuse
		},
		tell: func(check string, s health.Status, why string, reason session.Reason) {
			if status, output = s, why; check != health.CheckPower || reason != "" {
				t.Errorf("told %s, %q", check, reason)
			}
		}}
	for _, step := range []struct {
		at     int
		silent int // minute since which; -1: it answers
		refuse error
		cycles int
		status health.Status
		words  string
	}{
		{0, -1, nil, 0, health.Pass, ""},
		{9, 0, nil, 0, health.Pass, ""},
		{10, 0, nil, 1, health.Warn, "was power-cycled"},
		{11, 0, nil, 1, health.Warn, "was power-cycled"},
		{20, 0, nil, 2, health.Warn, "was power-cycled"},
		{31, 0, runner.ErrCyclesSpent, 2, health.Warn, "a person must look"},
		{40, 0, nil, 2, health.Warn, "a person must look"},
		{41, 0, runner.ErrTerminalInDoubt, 2, health.Warn, "not settled yet"},
		{45, -1, nil, 2, health.Pass, ""},
		{100, 95, nil, 2, health.Pass, ""},
	} {
		silent, refuse = time.Time{}, step.refuse
		if step.silent >= 0 {
			silent = minute(step.silent)
		}
		r.look(t.Context(), minute(step.at))
		if cycles != step.cycles || status != step.status || !strings.Contains(output, step.words) {
			t.Errorf("minute %d: %d cycles, %s %q; want %+v", step.at, cycles, status, output, step)
		}
	}
}

func TestWithoutARelayOrTheWishNothingIsRestarted(t *testing.T) {
	for _, r := range []reviver{{relay: false, after: time.Minute}, {relay: true}} {
		r.cycle = func(context.Context) error { return errors.New("asked") }
		if err := r.run(t.Context()); err != nil { // returns at once
			t.Error(err)
		}
	}
}
