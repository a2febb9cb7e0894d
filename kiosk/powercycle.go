package kiosk

import (
	"context"
	"log/slog"
	"time"

	"selfpay/kiosk/config"
	"selfpay/kiosk/health"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

// reviveLooks is the pause between two looks at a terminal that is silent.
const reviveLooks = 30 * time.Second

// reviver power-cycles the terminal by itself when it has been silent for long. The runner refuses while an attempt is
// open or in doubt, and after three in a day; then staff are told.
type reviver struct {
	relay  bool             // there is one
	after  time.Duration    // so long silent; 0: never by itself
	silent func() time.Time // since when the terminal does not answer; zero: it does
	cycle  func(context.Context) error
	tell   func(check string, status health.Status, output string, why session.Reason)
	log    *slog.Logger

	last time.Time // the last try
}

// run looks until ctx ends.
func (r *reviver) run(ctx context.Context) error {
	if !r.relay || r.after == 0 {
		return nil
	}
	looks := time.NewTicker(reviveLooks)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-looks.C:
			r.look(ctx, now)
		}
	}
}

func (r *reviver) look(ctx context.Context, now time.Time) {
	since := r.silent()
	switch {
	case since.IsZero():
		r.tell(health.CheckPower, health.Pass, "", "")
		return
	case now.Sub(since) < r.after, !r.last.IsZero() && now.Sub(r.last) < r.after:
		return
	}
	r.last = now
	if err := r.cycle(ctx); err != nil {
		r.log.Warn("the terminal is silent and was not power-cycled", "error", err)
		r.tell(health.CheckPower, health.Warn, "the terminal is silent and is not power-cycled by itself: "+err.Error(), "")
		return
	}
	r.tell(health.CheckPower, health.Warn, "the terminal was silent and was power-cycled", "")
}

// power is the relay in the terminal's supply, where the station has one.
func (s *station) power() runner.Power {
	for _, chip := range s.Lines {
		for _, output := range chip.Outputs() {
			if output == config.TerminalPower {
				return runner.Power{Off: runner.PowerOff, Boot: time.Duration(s.Config.GPIO.TerminalBoot),
					Dark: func(dark bool) error { return chip.Set(output, dark) }}
			}
		}
	}
	return runner.Power{}
}
