package update

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// around is a station whose daemon behaves as the test says. It is started anew as systemd does it: Choose goes before.
type around struct {
	*place
	report  Report
	err     error
	gone    bool          // systemd has given up
	crashes time.Duration // each process of the new release lives so long; 0: for good
	starts  int
	copied  []string
	noCopy  error
	changes []change
}

// change is what happens to a station at its time.
type change struct {
	at time.Time
	do func()
}

// in lets something happen when so much time has passed.
func (a *around) in(d time.Duration, do func()) {
	a.changes = append(a.changes, change{time.Now().Add(d), do})
}

func (a *around) Report(ctx context.Context) (Report, error) {
	a.changes = slices.DeleteFunc(a.changes, func(c change) bool {
		due := !time.Now().Before(c.at)
		if due {
			c.do()
		}
		return due
	})
	if a.crashes > 0 && a.report.Release == 13 && time.Since(a.report.Started) > a.crashes {
		a.Restart(ctx)
	}
	return a.report, a.err
}

func (a *around) Snapshot(_ context.Context, path string) error {
	if a.noCopy != nil {
		return a.noCopy
	}
	a.copied = append(a.copied, path)
	return os.WriteFile(path, []byte("ledger"), 0o600)
}

func (a *around) Restart(context.Context) error {
	st := a.choose()
	a.report.Release, a.report.Started = a.Number(st.Runs()), time.Now()
	a.starts++
	return nil
}

func (a *around) GivenUp(context.Context) bool { return a.gone }

// tried stages release 13 on a station that runs 12, applies it with the new release as change makes it, and waits at the gate.
func tried(t *testing.T, change func(*around)) (*around, error) {
	t.Helper()
	a := &around{place: newPlace(t)}
	a.install(12)
	a.report = Report{Release: 12, Key: "the station's", Waits: true, Checks: map[string]string{"terminal:link": "pass", "printer:link": "warn", "ledger:write": "pass"}}
	_, err := a.stage(bytes.NewReader(a.bundle(13, nil)))
	must(t, err)
	must(t, Apply(t.Context(), a.Store, 13, a, func(string) {}))
	change(a)
	return a, a.gate().Run(t.Context())
}

func (a *around) gate() Gate {
	return Gate{Store: a.Store, Station: a, Tell: func(string) {}, Settle: 20 * time.Second, Longest: 4 * time.Minute}
}

func TestAReleaseIsConfirmedWhenItIsAsWellAsTheOneBefore(t *testing.T) {
	for name, change := range map[string]func(*around){
		"all well":              func(*around) {},
		"a printer is mended":   func(a *around) { a.report.Checks = checks("printer:link", "pass") },
		"what was ill is still": func(a *around) { a.report.Checks = checks() },
		"the terminal takes a minute": func(a *around) {
			a.report.Checks = checks("terminal:link", "fail")
			a.in(time.Minute, func() { a.report.Checks = checks() })
		},
		"one crash": func(a *around) {
			a.crashes = 10 * time.Second
			a.in(15*time.Second, func() { a.crashes = 0 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, err := tried(t, change)
				if err != nil {
					t.Fatal(err)
				}
				a.choose()
				a.wantRuns(13)
				if len(a.copied) != 1 || a.last().Result != ResultConfirmed {
					t.Errorf("%d copies of the ledger, %+v", len(a.copied), a.last())
				}
			})
		})
	}
}

// checks are those of the release before, with one changed.
func checks(change ...string) map[string]string {
	all := map[string]string{"terminal:link": "pass", "printer:link": "warn", "ledger:write": "pass"}
	if len(change) > 0 {
		all[change[0]] = change[1]
	}
	return all
}

// Each way of being not well ends on the release before, running, and says why.
func TestAReleaseThatIsNotWellGoesBack(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*around)
		why    string
	}{
		"it exits at once":       {func(a *around) { a.crashes = time.Nanosecond }, "never confirmed"},
		"it exits again":         {func(a *around) { a.crashes = 15 * time.Second }, "never confirmed"},
		"it refuses its config":  {func(a *around) { a.gone = true }, "not started again"},
		"it never answers":       {func(a *around) { a.err = ErrDown }, ErrDown.Error()},
		"it hangs":               {func(a *around) { a.err = context.DeadlineExceeded }, "deadline"},
		"another one runs":       {func(a *around) { a.report.Release = 12 }, "release 12 runs"},
		"another station's key":  {func(a *around) { a.report.Key = "another" }, "not signed"},
		"the screen is empty":    {func(a *around) { a.report.Page = errors.New("status 500") }, "status 500"},
		"the terminal is lost":   {func(a *around) { a.report.Checks = checks("terminal:link", "fail") }, "terminal:link"},
		"the printer is worse":   {func(a *around) { a.report.Checks = checks("printer:link", "fail") }, "printer:link"},
		"a check is not told":    {func(a *around) { a.report.Checks = map[string]string{"terminal:link": "pass"} }, "ledger:write"},
		"its files were changed": {func(a *around) { must(a.t, os.WriteFile(a.Path(13)+"/kioskd", []byte("evil"), 0o755)) }, "not what was signed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, err := tried(t, c.change)
				if err == nil || !strings.Contains(err.Error(), c.why) {
					t.Errorf("%v, want %q", err, c.why)
				}
				a.wantRuns(12)
				if a.report.Release != 12 {
					t.Errorf("release %d was started last", a.report.Release)
				}
				if st, _ := a.State(); st.Trial != nil {
					t.Error("it is still on trial")
				}
			})
		})
	}
}

// No update begins with a patron at the station, a payment in flight or a doubt, or without a copy of the ledger.
func TestNoUpdateBeginsBeforeTheStationIsAtRest(t *testing.T) {
	for name, change := range map[string]func(*around){
		"patron": func(a *around) { a.report.Waits = false },
		"doubt":  func(a *around) { a.report.Busy = 1 },
		"mute":   func(a *around) { a.err = errors.New("no answer") },
		"copy":   func(a *around) { a.noCopy = errors.New("disk full") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &around{place: newPlace(t), report: Report{Release: 10, Waits: true}}
				_, err := a.stage(bytes.NewReader(a.bundle(13, nil)))
				must(t, err)
				change(a)
				if err := Apply(t.Context(), a.Store, 13, a, func(string) {}); err == nil {
					t.Error("it begins")
				}
				if a.wantRuns(10); a.starts > 0 {
					t.Error("kioskd was started anew")
				}
				if stands, _ := Look(a.Folder, 10); stands.Held {
					t.Error("patrons are held off for ever")
				}
			})
		})
	}
}

func TestAnUpdateWaitsForThePatronAndForTheDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &around{place: newPlace(t), report: Report{Release: 10, Busy: 1}}
		_, err := a.stage(bytes.NewReader(a.bundle(13, nil)))
		must(t, err)
		held := false
		a.in(5*time.Minute, func() { a.report.Busy = 0 })
		a.in(10*time.Minute, func() { stands, _ := Look(a.Folder, 10); held, a.report.Waits = stands.Held, true })
		must(t, Apply(t.Context(), a.Store, 13, a, func(string) {}))
		if !held {
			t.Error("no patron was held off meanwhile")
		}
		a.wantRuns(13)
	})
}

// A daemon that is down has nothing in flight: a station that a release has broken can be mended by the next one.
func TestABrokenStationCanBeUpdated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &around{place: newPlace(t), err: ErrDown}
		_, err := a.stage(bytes.NewReader(a.bundle(13, nil)))
		must(t, err)
		must(t, Apply(t.Context(), a.Store, 13, a, func(string) {}))
		a.err = nil
		must(t, a.gate().Run(t.Context()))
		a.wantRuns(13)
	})
}

func TestOnlyOneUpdateAtATime(t *testing.T) {
	p := newPlace(t)
	release, err := p.Lock()
	must(t, err)
	if _, err := p.Lock(); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	release()
	release, err = p.Lock()
	must(t, err)
	release()
}

func TestTwoCopiesOfTheLedgerAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &around{place: newPlace(t), err: ErrDown}
		for _, n := range []int{11, 12, 99, 100, 100} {
			must(t, a.snapshot(t.Context(), n, a))
		}
		must(t, os.WriteFile(a.Folder+"/ledger-before-7.db"+partial, nil, 0o600)) // a power cut
		must(t, a.snapshot(t.Context(), 101, a))
		if broken, _ := filepath.Glob(a.Folder + "/ledger*" + partial); len(broken) > 0 {
			t.Errorf("%q", broken)
		}
		left, err := a.copies()
		if must(t, err); len(left) != 2 || !strings.HasSuffix(left[0], "-100.db") || !strings.HasSuffix(left[1], "-101.db") {
			t.Errorf("%q", left)
		}
	})
}
