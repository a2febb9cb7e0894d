package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
)

// night is a station's nights in virtual time. The runner's part is played: busy is not saved, all else is.
type night struct {
	t    *testing.T
	turn sync.Mutex // the test's, but while it sleeps
	past []ledger.EndOfDay
	lost error                    // why they cannot be read
	says func(at time.Time) error // what the terminal says; nil: done
	runs []time.Time              // when the terminal was asked
	told string                   // what health was told last
	stop func()
	over chan struct{}
}

func nights(t *testing.T, rule func(t *testing.T, n *night)) {
	synctest.Test(t, func(t *testing.T) {
		n := &night{t: t, says: func(time.Time) error { return nil }}
		n.turn.Lock()
		n.begin()
		rule(t, n)
		n.end()
	})
}

func (n *night) begin() {
	ctx, stop := context.WithCancel(context.Background())
	n.stop, n.over = stop, make(chan struct{})
	look := nightly{timeOfDay: "23:10", close: n.close, past: n.read, tell: n.tell, log: slog.New(slog.DiscardHandler)}
	go func() {
		if err := look.run(ctx); err != nil {
			n.t.Error(err)
		}
		close(n.over)
	}()
}

func (n *night) end() {
	n.turn.Unlock()
	defer n.turn.Lock()
	n.stop()
	<-n.over
}

func (n *night) read() ([]ledger.EndOfDay, error) {
	n.turn.Lock()
	defer n.turn.Unlock()
	return slices.Clone(n.past), n.lost
}

func (n *night) tell(why string) {
	n.turn.Lock()
	defer n.turn.Unlock()
	n.told = why
}

func (n *night) close(context.Context) (terminal.DayTotal, error) {
	n.turn.Lock()
	defer n.turn.Unlock()
	err := n.says(time.Now())
	if errors.Is(err, runner.ErrBusy) || errors.Is(err, runner.ErrTerminalInDoubt) || errors.Is(err, runner.ErrDark) {
		return terminal.DayTotal{}, err
	}
	n.runs = append(n.runs, time.Now())
	e := ledger.EndOfDay{Begun: payment.Stamp{Wall: time.Now()}, Result: ledger.DayResult{Outcome: ledger.DayDone}}
	switch {
	case errors.Is(err, device.ErrDoubt):
		e.Result = ledger.DayResult{Outcome: ledger.DayInDoubt, Reason: err.Error()}
	case err != nil:
		e.Result = ledger.DayResult{Outcome: ledger.DayNotSent, Reason: err.Error()}
	}
	n.past = append(n.past, e)
	return terminal.DayTotal{Amount: money.Of(1250, "EUR")}, err
}

// until lets time pass to a time of day in a certain night, counted from 0, and a moment more.
func (n *night) until(day int, clock string) {
	at, err := time.Parse("15:04", clock)
	if err != nil {
		n.t.Fatal(err)
	}
	now := time.Now()
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, now.Location())
	goal := begin.AddDate(0, 0, day).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Second)
	n.sleep(goal.Sub(now))
}

// sleep lets the station work.
func (n *night) sleep(d time.Duration) {
	n.turn.Unlock()
	defer n.turn.Lock()
	time.Sleep(d)
	synctest.Wait()
}

func (n *night) asked(times ...string) {
	n.t.Helper()
	var got []string
	for _, at := range n.runs {
		got = append(got, at.Format("2 15:04"))
	}
	if strings.Join(got, ", ") != strings.Join(times, ", ") {
		n.t.Errorf("the terminal was asked at %q, want %q", got, times)
	}
}

func (n *night) health(want string) {
	n.t.Helper()
	if want == "" && n.told != "" || !strings.Contains(n.told, want) {
		n.t.Errorf("health was told %q, want %q", n.told, want)
	}
}

func TestTheDayIsClosedOnceANight(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.until(0, "23:09")
		n.asked()
		n.until(2, "12:00")
		n.asked("1 23:10", "2 23:10")
		n.health("")
	})
}

func TestTheDayIsNotClosedAgainAfterARestart(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.until(0, "23:30")
		for range 3 {
			n.end()
			n.begin()
			n.sleep(10 * time.Minute)
		}
		n.asked("1 23:10")
	})
}

func TestANewStationMissedNoNight(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.until(0, "22:00") // 23:10 of the day before lies behind
		n.asked()
		n.health("")
	})
}

func TestTheDayIsNotClosedWhileAPaymentIsOpen(t *testing.T) {
	for _, why := range []error{runner.ErrBusy, runner.ErrTerminalInDoubt, runner.ErrDark} {
		nights(t, func(t *testing.T, n *night) {
			free := time.Date(2000, 1, 2, 1, 30, 0, 0, time.Now().Location())
			n.says = func(at time.Time) error {
				if at.Before(free) {
					return why
				}
				return nil
			}
			n.until(1, "01:29")
			n.asked()
			n.health("")
			n.until(1, "06:00")
			n.asked("2 01:30")
			n.health("")
		})
	}
}

func TestNoEndOfDayIsRunWhileTheLedgerCannotBeRead(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.lost = ledger.ErrDamaged
		n.until(0, "23:20")
		n.asked()
		n.health("cannot be read: the ledger is damaged")
		n.lost = nil
		n.until(0, "23:22")
		n.asked("1 23:21")
		n.health("")
	})
}

func TestATerminalThatIsNeverFreeIsTold(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.says = func(time.Time) error { return runner.ErrTerminalInDoubt }
		n.until(1, "05:11")
		n.asked()
		n.health("the end of day of 1 Jan 23:10 was not done: an earlier purchase at the terminal is not settled yet; do it with kioskctl terminal end-of-day")
	})
}

func TestAFailedEndOfDayIsTriedAgainTheSameNightWithABound(t *testing.T) {
	for _, class := range []error{device.ErrNotSent, device.ErrRefused, device.ErrDoubt} {
		nights(t, func(t *testing.T, n *night) {
			n.says = func(time.Time) error { return class }
			n.until(0, "23:12")
			n.health("is tried again at 23:15")
			n.until(1, "22:00")
			n.asked("1 23:10", "1 23:15", "1 23:25", "1 23:45", "2 00:25", "2 01:45")
			n.health("was not done: " + class.Error())
			n.says = func(time.Time) error { return nil }
			n.until(1, "23:11")
			n.asked("1 23:10", "1 23:15", "1 23:25", "1 23:45", "2 00:25", "2 01:45", "2 23:10")
			n.health("")
		})
	}
}

func TestARestartDoesNotForgetHowOftenTheTerminalWasAsked(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.says = func(time.Time) error { return device.ErrNotSent }
		for range 400 {
			n.end()
			n.begin()
			n.sleep(2*time.Minute + time.Second)
		}
		n.until(1, "13:30")
		if len(n.runs) > nightTries {
			t.Errorf("the terminal was asked %d times in a night", len(n.runs))
		}
	})
}

func TestAnEndOfDayThatADarkNightMissedIsTold(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.until(0, "23:30")
		n.end() // switched off until the next day but one
		n.until(2, "09:00")
		n.begin()
		n.until(2, "09:02")
		n.asked("1 23:10")
		n.health("the end of day of 2 Jan 23:10 was not done: the station was not running")
		n.until(2, "23:11")
		n.asked("1 23:10", "3 23:10")
		n.health("")
	})
}

func TestAClockThatWasAheadHidesNoNight(t *testing.T) {
	nights(t, func(t *testing.T, n *night) {
		n.past = []ledger.EndOfDay{{Begun: payment.Stamp{Wall: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, Result: ledger.DayResult{Outcome: ledger.DayDone}}}
		n.until(0, "23:11")
		if len(n.runs) == 0 {
			t.Error("an end of day from the future counts as tonight's")
		}
	})
}

func TestTheTimeOfDayIsFoundOnEveryDay(t *testing.T) {
	day := func(d, hour, minute int) time.Time { return time.Date(2026, 11, d, hour, minute, 0, 0, time.UTC) }
	for name, c := range map[string]struct{ now, want time.Time }{
		"before":   {day(21, 12, 0), day(20, 23, 10)},
		"at":       {day(21, 23, 10), day(21, 23, 10)},
		"after":    {day(21, 23, 11), day(21, 23, 10)},
		"midnight": {day(1, 0, 0), day(0, 23, 10)},
	} {
		if got := lastAt("23:10", c.now); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
