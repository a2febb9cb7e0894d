package simulation

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"selfpay/kiosk/ledger/ledgertest"
	"selfpay/kiosk/payment"
)

var (
	atLeast = flag.Int("payments", 2_000, "how many payments to simulate under random faults")
	oneSeed = flag.Uint64("seed", 0, "replay this run only, and tell its story")
	rewrite = flag.Bool("rewrite", false, "write the recorded stories and the table of faults anew")
	whole   = flag.Bool("whole", false, "every variant of the table of faults and every pair of crashes")
)

// run plays one run in a fresh folder below dir.
func run(t testing.TB, dir string, o Options) Result {
	t.Helper()
	var err error
	if o.Folder, err = os.MkdirTemp(dir, "run-"); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(o.Folder)
	r, err := Run(o)
	if err != nil {
		t.Errorf("seed %d: %v", o.Seed, err)
	}
	return r
}

// failed says what a run broke, and leaves its story in testdata.
func failed(t testing.TB, dir, name string, o Options, r Result) {
	t.Helper()
	o.Story = true
	path := filepath.Join("testdata", "failed-"+name+".txt")
	story := strings.Join(run(t, dir, o).Story, "\n") + "\n"
	if err := os.WriteFile(path, []byte(story), 0o600); err != nil {
		t.Error(err)
	}
	t.Errorf("%s: %s (story in %s)", name, strings.Join(r.Violations, "; "), path)
}

// onAllCores calls do with 0, 1, 2 and so on until it returns false.
func onAllCores(do func(i int) bool) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for do(int(next.Add(1)) - 1) {
			}
		})
	}
	workers.Wait()
}

// TestMoneyRulesHoldUnderRandomFaults runs one seed after the other: -payments says how many payments in all, and
// -seed replays a single run and tells its story.
func TestMoneyRulesHoldUnderRandomFaults(t *testing.T) {
	dir := ledgertest.Folder(t)
	if *oneSeed != 0 {
		o := FromSeed(*oneSeed, "")
		o.Story = true
		r := run(t, dir, o)
		fmt.Println(strings.Join(r.Story, "\n"))
		for _, v := range r.Violations {
			t.Error(v)
		}
		return
	}
	if underRace {
		*atLeast = 100
	}
	began := time.Now()
	var payments, steps atomic.Int64
	onAllCores(func(i int) bool {
		o := FromSeed(uint64(i+1), "")
		r := run(t, dir, o)
		if len(r.Violations) > 0 {
			failed(t, dir, fmt.Sprint("seed-", o.Seed), o, r)
		}
		steps.Add(int64(r.Steps))
		return payments.Add(int64(len(r.Payments))) < int64(*atLeast) && !t.Failed()
	})
	took := time.Since(began)
	t.Logf("%d payments in %d steps, no violation: %.0f payments/s", payments.Load(), steps.Load(), float64(payments.Load())/took.Seconds())
}

func TestTheSameSeedGivesTheSameStory(t *testing.T) {
	dir := ledgertest.Folder(t)
	for seed := range uint64(12) {
		o := FromSeed(seed+1, "")
		o.Story = true
		first, second := run(t, dir, o), run(t, dir, o)
		if len(first.Story) < 30 || strings.Join(first.Story, "\n") != strings.Join(second.Story, "\n") {
			t.Errorf("seed %d tells two stories", o.Seed)
		}
	}
}

// golden are the runs in which the kiosk is killed at every step.
var golden = []struct {
	name string
	plan []Strike
}{
	{"all goes well", nil},
	{"the library refuses", []Strike{{"posting", "library refuses"}}},
	{"the library says no after booking", []Strike{{"posting", "no after booking"}}},
	{"the answer of the library is lost", []Strike{{"posting", "applied, and no answer"}}},
	{"the posting is lost", []Strike{{"posting", "posting lost on the way"}}},
	{"the posting is applied late", []Strike{{"posting", "applied late"}}},
	{"the answer of the terminal is lost", []Strike{{"purchasing", "answer of the terminal lost"}}},
	{"the acknowledgement is lost", []Strike{{"approval seen", "acknowledgement lost"}}},
	{"the answer to the reversal is lost", []Strike{{"posting", "library refuses"}, {"reversing", "answer of the terminal lost"}}},
}

// The stories of these runs are kept, to be read, and to see that a change of the code changes them knowingly.
func TestStoriesOfTheGoldenRuns(t *testing.T) {
	dir := ledgertest.Folder(t)
	for _, g := range golden {
		r := run(t, dir, Options{Seed: 2, Plan: g.plan, Library: Libraries[0], Dialect: Reverse, Story: true})
		story := strings.Join(r.Story, "\n") + "\n"
		path := filepath.Join("testdata", strings.ReplaceAll(g.name, " ", "-")+".txt")
		if *rewrite {
			if err := os.WriteFile(path, []byte(story), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != story {
			t.Errorf("%s: the story is another than in %s (-rewrite writes it): %v\n%s", g.name, path, err, story)
		}
	}
}

// variants are all kinds of library systems with all dialects of the terminal.
func variants(visit func(Library, Dialect)) {
	if underRace {
		visit(Libraries[0], Reverse)
		return
	}
	for _, l := range Libraries {
		for _, d := range Dialects {
			visit(l, d)
		}
	}
}

func TestMoneyRulesHoldWhereverTheKioskIsKilled(t *testing.T) {
	dir := ledgertest.Folder(t)
	runs := 0
	for i, g := range golden {
		variants(func(l Library, d Dialect) {
			if !*whole && !underRace && Dialects[(i+len(l.Name))%len(Dialects)] != d { // one dialect for each, in turn
				return
			}
			o := Options{Seed: 2, Plan: g.plan, Library: l, Dialect: d}
			steps := run(t, dir, o).Steps
			for at := 1; at <= steps; at++ {
				o.CrashAt = []int{at}
				if r := run(t, dir, o); len(r.Violations) > 0 {
					failed(t, dir, fmt.Sprintf("killed-%d", at), o, r)
				}
				runs++
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("killed at every step: %d runs, no violation", runs)
}

func TestMoneyRulesHoldWhereverTheKioskIsKilledTwice(t *testing.T) {
	dir := ledgertest.Folder(t)
	stride := 7
	switch {
	case *whole:
		stride = 1
	case underRace:
		stride = 50
	}
	runs := 0
	for _, g := range golden[:4] {
		o := Options{Seed: 2, Plan: g.plan, Library: Libraries[0], Dialect: Reverse}
		steps := run(t, dir, o).Steps
		for first := 1; first <= steps; first++ {
			for second := first + 1 + first%stride; second <= steps+20; second += stride {
				o.CrashAt = []int{first, second}
				if r := run(t, dir, o); len(r.Violations) > 0 {
					failed(t, dir, fmt.Sprintf("killed-%d-%d", first, second), o, r)
				}
				runs++
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("killed at pairs of steps: %d runs, no violation", runs)
}

func TestBrokenRulesAreFound(t *testing.T) {
	dir := ledgertest.Folder(t)
	for _, b := range []Broken{repostBlindly, postBeforeSave, forgetLegs, trustForeign} {
		found := ""
		for seed := uint64(1); seed < 200 && found == ""; seed++ {
			o := FromSeed(seed, "")
			o.Chance, o.Broken = 0.25, b
			if r := run(t, dir, o); len(r.Violations) > 0 {
				found = fmt.Sprintf("seed %d: %s", seed, r.Violations[0])
			}
		}
		if found == "" {
			t.Errorf("%s: nothing was found", b)
		}
		t.Logf("%s: %s", b, found)
	}
}

// The assumptions: a posting is applied within the quiet time or never, and what is owed does not grow by just what was
// paid meanwhile. Where one is broken, the double stands in the ledger as a repost with its verdict.
func TestADoubleByABrokenAssumptionIsReported(t *testing.T) {
	dir := ledgertest.Folder(t)
	for name, plan := range map[string][]Strike{
		"applied after the quiet time":   {{"posting", "applied after the quiet time"}},
		"fee grows by just what is paid": {{"posting", "applied, and no answer"}, {"posting in doubt", "fee grows by just what is paid"}},
	} {
		doubles := 0
		for seed := uint64(1); seed <= 40; seed++ {
			r := run(t, dir, Options{Seed: seed, Plan: plan, Library: Libraries[0], Dialect: Keep})
			for _, v := range r.Violations {
				t.Errorf("%s, seed %d: %s", name, seed, v)
			}
			for _, l := range r.Payments[0].Legs {
				if l.Attempts > 1 {
					doubles++
				}
			}
		}
		if doubles == 0 {
			t.Errorf("%s: 40 times, and nothing was posted twice: the check cannot fail", name)
		}
		t.Logf("%s: %d legs were posted twice in 40 runs, each with its verdict in the ledger", name, doubles)
	}
}

// outcome is how the kiosk left a payment, before staff decided.
func outcome(p payment.Payment) string {
	switch {
	case p.OpenCase:
		return "open"
	case p.State == payment.StateReversed:
		return "back"
	case p.State == payment.StateDeclined, p.State == payment.StateAbandoned:
		return "none"
	}
	worst := "booked"
	for _, l := range p.Legs {
		switch {
		case l.State == payment.LegOpenCase:
			return "open"
		case l.State == payment.LegRefundDue:
			worst = "refund"
		case l.Proof == payment.ByAccount && worst == "booked":
			worst = "account"
		}
	}
	return worst
}
