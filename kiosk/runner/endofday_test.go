package runner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

const endOfDay = "0650"

// closing is a terminal whose end of day does what is wanted.
type closing struct {
	terminal.Terminal
	endOfDay func(context.Context) (terminal.DayTotal, error)
}

func (c closing) EndOfDay(ctx context.Context) (terminal.DayTotal, error) { return c.endOfDay(ctx) }

// closes starts a kiosk whose terminal closes its day as told.
func (w *world) closes(endOfDay func(context.Context) (terminal.DayTotal, error)) *kiosk {
	w.t.Helper()
	return w.kiosk("koha", func(c *runner.Config) { c.Terminal = closing{c.Terminal, endOfDay} })
}

// lastEndOfDay is the newest that was begun.
func (k *kiosk) lastEndOfDay() ledger.EndOfDay {
	k.w.t.Helper()
	days, err := k.ledger.EndsOfDay()
	if err != nil || len(days) == 0 {
		k.w.t.Fatalf("ends of day %+v, %v", days, err)
	}
	return days[len(days)-1]
}

// noNotes is a ledger that cannot save a note of the station.
type noNotes struct {
	*ledger.Ledger
	begun, ended bool
}

func (l *noNotes) EndOfDayBegun(at payment.Stamp) error {
	if l.begun {
		return fmt.Errorf("save: %w", ledger.ErrCommit)
	}
	return l.Ledger.EndOfDayBegun(at)
}

func (l *noNotes) EndOfDayEnded(r ledger.DayResult) error {
	if l.ended {
		return fmt.Errorf("save: %w", ledger.ErrCommit)
	}
	return l.Ledger.EndOfDayEnded(r)
}

func TestNoEndOfDayBeforeItsIntentIsSaved(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", func(c *runner.Config) { c.Ledger = &noNotes{Ledger: c.Ledger.(*ledger.Ledger), begun: true} })
		defer k.end()
		if _, err := k.runner.EndOfDay(context.Background()); !errors.Is(err, ledger.ErrCommit) {
			t.Errorf("EndOfDay = %v", err)
		}
		if k.wire.saw(endOfDay) {
			t.Error("the terminal was asked for its end of day")
		}
		if err := k.stopped(t); !errors.Is(err, ledger.ErrCommit) {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestAnEndOfDayWhoseResultCannotBeSavedStopsTheRunner(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", func(c *runner.Config) { c.Ledger = &noNotes{Ledger: c.Ledger.(*ledger.Ledger), ended: true} })
		if _, err := k.runner.EndOfDay(context.Background()); !errors.Is(err, ledger.ErrCommit) {
			t.Errorf("EndOfDay = %v", err)
		}
		if err := k.stopped(t); !errors.Is(err, ledger.ErrCommit) {
			t.Errorf("Run = %v", err)
		}
		k.end()
		again := w.kiosk("koha", nil)
		defer again.end()
		over(time.Second)
		if r := again.lastEndOfDay().Result; r.Outcome != ledger.DayInDoubt || r.Reason == "" {
			t.Errorf("after a restart: %+v", r)
		}
	})
}

func TestWhatTheTerminalSaysOfItsEndOfDayIsSaved(t *testing.T) {
	for name, c := range map[string]struct {
		total terminal.DayTotal
		err   error
		want  ledger.DayOutcome
	}{
		"done":             {terminal.DayTotal{Amount: eur(1250), Trace: 31}, nil, ledger.DayDone},
		"done, no total":   {terminal.DayTotal{}, nil, ledger.DayDone},
		"refused":          {terminal.DayTotal{}, device.ErrRefused, ledger.DayRefused},
		"not sent":         {terminal.DayTotal{}, device.ErrNotSent, ledger.DayNotSent},
		"in doubt":         {terminal.DayTotal{Amount: eur(1), Trace: 1}, device.ErrDoubt, ledger.DayInDoubt},
		"without a class":  {terminal.DayTotal{}, errors.New("reset"), ledger.DayInDoubt},
		"staff must see":   {terminal.DayTotal{}, device.ErrAttention, ledger.DayNotSent},
		"refused in doubt": {terminal.DayTotal{}, errors.Join(device.ErrRefused, device.ErrDoubt), ledger.DayInDoubt},
	} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.closes(func(context.Context) (terminal.DayTotal, error) { return c.total, c.err })
			defer k.end()
			if total, err := k.runner.EndOfDay(context.Background()); !errors.Is(err, c.err) || total != c.total {
				t.Errorf("%s: EndOfDay = %+v, %v", name, total, err)
			}
			r := k.lastEndOfDay().Result
			told := r.TotalMinor != nil && *r.TotalMinor == c.total.Amount.Minor && r.Currency == "EUR" && r.Trace == c.total.Trace
			if wantTold := c.err == nil && c.total.Trace != 0; r.Outcome != c.want || told != wantTold || (r.TotalMinor != nil) != wantTold || (r.Reason == "") != (c.err == nil) {
				t.Errorf("%s: saved %+v", name, r)
			}
			k.available(t, nil)
		})
	}
}

func TestAnEndOfDayThatARestartInterruptsIsInDoubt(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.closes(func(ctx context.Context) (terminal.DayTotal, error) {
			<-ctx.Done()
			return terminal.DayTotal{}, ctx.Err()
		})
		asking, give := context.WithCancel(context.Background())
		asked := make(chan error, 1)
		go func() { _, err := k.runner.EndOfDay(asking); asked <- err }()
		over(time.Second)
		k.available(t, runner.ErrBusy)
		if _, err := k.runner.EndOfDay(context.Background()); !errors.Is(err, runner.ErrBusy) {
			t.Errorf("a second one beside it: %v", err)
		}
		k.end() // before the terminal's word
		give()
		if err := <-asked; err == nil {
			t.Error("an end of day whose result was not saved ended well")
		}
		again := w.kiosk("koha", nil)
		over(time.Second)
		if e := again.lastEndOfDay(); e.Result.Outcome != ledger.DayInDoubt || e.Result.Reason == "" {
			t.Errorf("%+v", e)
		}
		again.available(t, nil)
		again.end()
		third := w.kiosk("koha", nil)
		defer third.end()
		over(time.Second)
		if days, err := third.ledger.EndsOfDay(); err != nil || len(days) != 1 {
			t.Errorf("told again at the next start: %+v, %v", days, err)
		}
	})
}
