package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"selfpay/device/terminal"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/runner"
)

// The bounds of one night, in which the end of day is tried until it is done.
const (
	nightLasts  = 6 * time.Hour   // from the configured time on
	nightTries  = 6               // at the terminal
	nightPause  = 5 * time.Minute // after the first try that failed; it doubles with each
	clockErrs   = time.Hour       // an end of day that lies no further in the future than this counts
	nightLooks  = time.Minute
	timeOfNight = "2 Jan 15:04"
)

// nightly closes the terminal's day once a night, at the configured time of day. What was done and tried stands in the
// ledger, so a restart neither repeats nor forgets it. The runner refuses while a purchase or a doubt has the terminal;
// then it is tried again a minute later.
type nightly struct {
	timeOfDay string // "23:10"; empty: never
	close     func(context.Context) (terminal.DayTotal, error)
	past      func() ([]ledger.EndOfDay, error)
	tell      func(why string) // tells health why the day is not closed; empty: it is
	log       *slog.Logger

	started time.Time
	busy    error // why the last look could not even ask the terminal
}

// run looks every minute until ctx ends.
func (n *nightly) run(ctx context.Context) error {
	if n.timeOfDay == "" {
		return nil
	}
	n.started = time.Now()
	minutes := time.NewTicker(nightLooks)
	defer minutes.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-minutes.C:
			past, err := n.past()
			if err != nil { // payments have their own word about the ledger
				n.tell("whether the end of day is done cannot be read: " + err.Error())
				continue
			}
			n.look(ctx, now, past)
		}
	}
}

// look closes the terminal's day if it is time for that, and tells health where it stands.
func (n *nightly) look(ctx context.Context, now time.Time, past []ledger.EndOfDay) {
	due := lastAt(n.timeOfDay, now)
	if len(past) == 0 && due.Before(n.started) {
		return // a new station missed nothing
	}
	tries := triesSince(due, now, past)
	last := ""
	if len(tries) > 0 {
		last = tries[len(tries)-1].Result.Reason
	}
	switch next := nextTry(due, tries); {
	case done(tries):
		n.busy = nil
		n.tell("")
	case len(tries) >= nightTries || !now.Before(due.Add(nightLasts)):
		n.tell(n.missed(due, last))
	case now.Before(next):
		n.tell(fmt.Sprintf("the end of day of %s is not done: %s; it is tried again at %s", due.Format(timeOfNight), last, next.Format("15:04")))
	default:
		n.try(ctx)
	}
}

func (n *nightly) try(ctx context.Context) {
	total, err := n.close(ctx)
	n.busy = nil
	switch {
	case errors.Is(err, runner.ErrBusy) || errors.Is(err, runner.ErrTerminalInDoubt) || errors.Is(err, runner.ErrDark):
		n.busy = err
		n.log.Info("end of day waits for the terminal", "error", err)
	case err != nil:
		n.log.Warn("end of day not done, will be tried again", "error", err)
		n.tell("the end of day is not done: " + err.Error())
	default:
		n.log.Info("end of day done", "total", total.Amount.String(), "trace", total.Trace)
		n.tell("")
	}
}

// missed says that a night is over without an end of day, and what to do.
func (n *nightly) missed(due time.Time, last string) string {
	why := "the station was not running"
	switch {
	case last != "":
		why = last
	case n.busy != nil:
		why = n.busy.Error()
	}
	return fmt.Sprintf("the end of day of %s was not done: %s; do it with kioskctl terminal end-of-day", due.Format(timeOfNight), why)
}

// triesSince are the ends of day that were begun since due. One that lies far in the future was
// begun while the clock was wrong, and does not count.
func triesSince(due, now time.Time, past []ledger.EndOfDay) (tries []ledger.EndOfDay) {
	for _, e := range past {
		if at := e.Begun.Wall; !at.Before(due) && at.Before(now.Add(clockErrs)) {
			tries = append(tries, e)
		}
	}
	return tries
}

func done(tries []ledger.EndOfDay) bool {
	for _, t := range tries {
		if t.Result.Outcome == ledger.DayDone {
			return true
		}
	}
	return false
}

// nextTry is when the terminal may be asked again.
func nextTry(due time.Time, tries []ledger.EndOfDay) time.Time {
	if len(tries) == 0 {
		return due
	}
	return tries[len(tries)-1].Begun.Wall.Add(nightPause << (len(tries) - 1))
}

// lastAt is the last moment, now included, at which the clock showed the time of day, "23:10".
func lastAt(timeOfDay string, now time.Time) time.Time {
	at, _ := time.Parse("15:04", timeOfDay) // the configuration's check has read it
	last := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
	if last.After(now) {
		last = time.Date(now.Year(), now.Month(), now.Day()-1, at.Hour(), at.Minute(), 0, 0, now.Location())
	}
	return last
}
