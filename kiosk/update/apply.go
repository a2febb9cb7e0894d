package update

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrDown means that kioskd does not run: nothing is in flight then, and nothing can be told to wait.
var ErrDown = errors.New("kioskd does not run")

// Station is what stands around an update: the daemon, its ledger, its service.
type Station interface {
	// Report asks the daemon how it is, in words that only the station's key can sign. ErrDown: it does not run.
	Report(context.Context) (Report, error)
	// Snapshot writes a copy of the ledger into a new file, whether the daemon runs or not.
	Snapshot(ctx context.Context, path string) error
	// Restart starts the daemon anew, from what the link points to. It does not wait until it is well.
	Restart(context.Context) error
	// GivenUp says that nothing will start the daemon again by itself.
	GivenUp(context.Context) bool
}

// Report is what a daemon says of itself.
type Report struct {
	Release int
	Key     string    // that has signed it
	Started time.Time // when this process of it began
	Waits   bool      // it takes no patron because of the update
	Busy    int       // payments and legs in flight or in doubt
	Checks  map[string]string
	Page    error // why the patron's first screen cannot be read; nil: it can
}

// Times of an update.
const (
	patience  = 15 * time.Minute // for the patron who is at the station, and for doubts to end
	lookEvery = time.Second
)

// Apply puts a staged release on trial: it waits until no patron and no doubt is there, copies the ledger, and starts kioskd
// from the new release. A Gate must follow. An error before the trial leaves all as it was.
func Apply(ctx context.Context, s Store, n int, station Station, tell func(string)) error {
	release, err := s.Hold()
	if err != nil {
		return err
	}
	defer release()
	before, err := quiet(ctx, station, tell)
	if err != nil {
		return err
	}
	tell("the ledger is being copied")
	if err := s.snapshot(ctx, n, station); err != nil {
		return err
	}
	if err := s.Begin(n, before.Key, before.Checks); err != nil {
		return err
	}
	tell(fmt.Sprintf("kioskd is started as release %d, on trial", n))
	return station.Restart(ctx)
}

// quiet waits until the daemon takes no patron and nothing is in flight or in doubt.
func quiet(ctx context.Context, station Station, tell func(string)) (Report, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	told := ""
	for {
		r, err := station.Report(ctx)
		why := ""
		switch {
		case errors.Is(err, ErrDown):
			return Report{}, nil
		case err != nil:
			why = err.Error()
		case r.Busy > 0:
			why = fmt.Sprintf("%d payments are in flight or in doubt", r.Busy)
		case !r.Waits:
			why = "a patron is at the station"
		default:
			return r, nil
		}
		if why != told {
			tell("waiting: " + why)
			told = why
		}
		if pause(ctx, lookEvery) != nil {
			return r, fmt.Errorf("the station did not come to rest: %s: nothing is changed, try again later", why)
		}
	}
}

// snapshots is how many copies of the ledger are kept.
const snapshots = 2

// snapshot copies the ledger, so that nothing is lost should a release damage it, and forgets older copies. A copy gets its name
// when it is whole.
func (s Store) snapshot(ctx context.Context, n int, station Station) error {
	path := filepath.Join(s.Folder, fmt.Sprintf("ledger-before-%d.db", n))
	broken, err := filepath.Glob(filepath.Join(s.Folder, "ledger-before-*"+partial))
	for _, p := range broken {
		err = errors.Join(err, os.Remove(p))
	}
	if err != nil {
		return err
	}
	if err := station.Snapshot(ctx, path+partial); err != nil {
		return fmt.Errorf("the ledger cannot be copied before the update: %w", errors.Join(err, os.RemoveAll(path+partial)))
	}
	err = os.Rename(path+partial, path)
	if errors.Is(err, fs.ErrNotExist) { // a station that never ran has no ledger
		return nil
	}
	older, wrong := s.copies()
	for _, p := range older[:max(0, len(older)-snapshots)] {
		wrong = errors.Join(wrong, os.Remove(p))
	}
	return errors.Join(err, wrong, syncFolder(s.Folder))
}

// copies are the copies of the ledger, oldest first.
func (s Store) copies() ([]string, error) {
	found, err := filepath.Glob(filepath.Join(s.Folder, "ledger-before-*.db"))
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }) // by number
	return found, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Gate watches the release on trial until it is confirmed or has gone back. It may be started again after a restart of the
// machine: the trial then begins anew, and the number of starts bounds it.
type Gate struct {
	Store   Store
	Station Station
	Tell    func(string)

	Settle  time.Duration // how long the release must be well without a break
	Longest time.Duration // of a trial: devices and library take their time
}

// Run waits for the end of the trial. An error says why the release went back; nil means that it is confirmed.
func (g Gate) Run(ctx context.Context) error {
	end := time.Now().Add(g.Longest)
	since, started, told := time.Time{}, time.Time{}, ""
	for {
		st, err := g.Store.State()
		if err != nil {
			return err
		}
		if st.Trial == nil {
			return ended(st)
		}
		r, why := g.look(ctx, *st.Trial)
		switch {
		case g.Station.GivenUp(ctx):
			return g.back(ctx, "kioskd ended and is not started again")
		case why == "" && r.Started.Equal(started) && time.Since(since) >= g.Settle:
			return g.confirm(ctx)
		case why == "" && r.Started.Equal(started):
		case why == "":
			since, started = time.Now(), r.Started
		case time.Now().After(end):
			return g.back(ctx, why)
		default:
			started = time.Time{}
		}
		if why != told && why != "" {
			g.Tell("on trial: " + why)
		}
		told = why
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
	}
}

// ended is how a trial ended that somebody else has ended.
func ended(st State) error {
	switch {
	case st.Last == nil:
		return ErrNoTrial
	case st.Last.Result == ResultConfirmed:
		return nil
	}
	return fmt.Errorf("release %d: %s: %s", st.Last.Release, st.Last.Result, st.Last.Why)
}

// look says why the release on trial is not well; empty: it is.
func (g Gate) look(ctx context.Context, t Trial) (Report, string) {
	r, err := g.Station.Report(ctx)
	switch {
	case err != nil:
		return r, err.Error()
	case r.Release != t.Release:
		return r, fmt.Sprintf("release %d runs, not %d", r.Release, t.Release)
	case t.Station != "" && r.Key != t.Station:
		return r, "its report is not signed by this station's key"
	case r.Page != nil:
		return r, "the patron's screen cannot be read: " + r.Page.Error()
	}
	for _, name := range slices.Sorted(maps.Keys(t.Before)) {
		if now := r.Checks[name]; rank[now] > rank[t.Before[name]] {
			return r, fmt.Sprintf("%s was %q before and is %q now", name, t.Before[name], now)
		}
	}
	return r, ""
}

// rank orders how well a check is. One that is not told any more is as bad as a failure.
var rank = map[string]int{"pass": 0, "warn": 1, "fail": 2, "": 2}

func (g Gate) confirm(ctx context.Context) error {
	if err := g.Store.Confirm(); err != nil {
		return errors.Join(err, g.Station.Restart(ctx))
	}
	return nil
}

func (g Gate) back(ctx context.Context, why string) error {
	if err := g.Store.Back(why); err != nil {
		return err
	}
	return errors.Join(fmt.Errorf("gone back: %s", why), g.Station.Restart(ctx))
}

// GoBack goes one release back because a person wants to, when the station is at rest. It answers which one runs then.
func GoBack(ctx context.Context, s Store, station Station, why string, tell func(string)) (int, error) {
	release, err := s.Hold()
	if err != nil {
		return 0, err
	}
	defer release()
	if _, err := quiet(ctx, station, tell); err != nil {
		return 0, err
	}
	n, err := s.Rollback(why)
	if err != nil {
		return 0, err
	}
	return n, station.Restart(ctx)
}
