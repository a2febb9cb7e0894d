package simulation

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"selfpay/kiosk/ledger/ledgertest"
)

// ways lead a payment into each of its states, and that of its legs.
var ways = []struct {
	state string
	plans [][]Strike
}{
	{"intended", [][]Strike{nil}},
	{"purchasing", [][]Strike{nil}},
	{"purchase in doubt", [][]Strike{{{"purchasing", "answer of the terminal lost"}}, {{"approval seen", "acknowledgement lost"}}}},
	{"approval seen", [][]Strike{nil}},
	{"approved", [][]Strike{nil}},
	{"waiting", [][]Strike{nil, {{"approval seen", "library line cut"}}}},
	{"posting", [][]Strike{nil}},
	{"posting in doubt", [][]Strike{{{"posting", "applied, and no answer"}}, {{"posting", "posting lost on the way"}}, {{"posting", "no after booking"}}}},
	{"posted", [][]Strike{nil}},
	{"refused", [][]Strike{{{"posting", "library refuses"}}}},
	{"reversing", [][]Strike{{{"posting", "library refuses"}}}},
	{"reversal in doubt", [][]Strike{{{"posting", "library refuses"}, {"reversing", "answer of the terminal lost"}}}},
	{"refund due", [][]Strike{{{"posting", "library refuses"}, {"reversing", "reversal declined"}}}},
	{"open case", [][]Strike{{{"posting", "posting lost on the way"}, {"posting in doubt", "another fee paid at the desk"}}}},
}

const tablePath = "../payment/doc/faults.md"

// TestEveryFaultInEveryState strikes each fault in each state. The table in the documentation of package payment is
// written by it, with -rewrite -whole; a smaller set of the same runs is played each time.
func TestEveryFaultInEveryState(t *testing.T) {
	dir := ledgertest.Folder(t)
	type cell struct{ fault, state string }
	var cells []cell
	for _, f := range FaultNames() {
		for _, w := range ways {
			cells = append(cells, cell{f, w.state})
		}
	}
	var mu sync.Mutex
	table := map[cell]map[string]int{}
	runs := 0
	onAllCores(func(i int) bool {
		if i >= len(cells) {
			return false
		}
		c := cells[i]
		outcomes, n := strikeAll(t, dir, c.fault, c.state)
		mu.Lock()
		defer mu.Unlock()
		table[c] = outcomes
		runs += n
		return true
	})
	t.Logf("%d faults in %d states: %d runs, no violation", len(FaultNames()), len(ways), runs)
	struck := map[string]bool{}
	for c, outcomes := range table {
		struck[c.fault] = struck[c.fault] || len(outcomes) > 0
	}
	for f, once := range struck {
		if !once {
			t.Errorf("%s struck nowhere", f)
		}
	}
	if *rewrite && *whole && !t.Failed() {
		writeTable(t, runs, func(fault, state string) map[string]int { return table[cell{fault, state}] })
	}
}

// strikeAll plays all ways into a state and lets the fault strike there; it counts how the payment ended, and the runs.
func strikeAll(t *testing.T, dir, fault, state string) (map[string]int, int) {
	outcomes, runs := map[string]int{}, 0
	seeds := uint64(1)
	if *whole {
		seeds = 3
	}
	for _, plan := range plansInto(state) {
		variants(func(l Library, d Dialect) {
			for seed := range seeds {
				o := Options{Seed: seed + 100, Visits: 2, Plan: append(slices.Clone(plan), Strike{state, fault}), Library: l, Dialect: d}
				if !*whole && (len(fault)+len(state)+len(l.Name)+len(d))%6 > 0 {
					continue
				}
				r := run(t, dir, o)
				runs++
				if len(r.Violations) > 0 {
					failed(t, dir, strings.ReplaceAll(fault+" at "+state, " ", "-"), o, r)
				}
				if r.Struck[fault+" at "+state] > 0 {
					outcomes[outcome(r.Payments[0])]++
				}
			}
		})
	}
	return outcomes, runs
}

func plansInto(state string) [][]Strike {
	for _, w := range ways {
		if w.state == state {
			return w.plans
		}
	}
	return nil
}

var letters = []struct{ outcome, letter, means string }{
	{"booked", "b", "booked by answer"},
	{"account", "a", "booked, proved by the account"},
	{"back", "r", "given back by the kiosk"},
	{"none", "n", "not charged"},
	{"refund", "d", "refund due at the desk"},
	{"open", "o", "open case: a person looks"},
}

func writeTable(t *testing.T, runs int, of func(fault, state string) map[string]int) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Every fault in every state\n\nWritten by `make sim`: %d runs, with every kind of library system and every dialect of the terminal.\n"+
		"The fault of the row strikes when the payment, or one of its legs, comes into the state of the column. Then all is mended,\n"+
		"48 hours pass, and the rules are checked against the books of terminal and library: **no violation**. The cells count how\nthe kiosk left the payment by itself, before staff did anything:\n\n", runs)
	for _, l := range letters {
		fmt.Fprintf(&b, "- `%s` %s\n", l.letter, l.means)
	}
	b.WriteString("\nAn empty cell: the fault does not come about there, or the state is not reached by that library system.\n\n| fault |")
	for _, w := range ways {
		fmt.Fprintf(&b, " %s |", w.state)
	}
	b.WriteString("\n|---" + strings.Repeat("|---", len(ways)) + "|\n")
	for _, f := range FaultNames() {
		fmt.Fprintf(&b, "| %s |", f)
		for _, w := range ways {
			fmt.Fprintf(&b, " %s |", inLetters(of(f, w.state)))
		}
		b.WriteString("\n")
	}
	if err := os.MkdirAll("../payment/doc", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tablePath, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func inLetters(outcomes map[string]int) string {
	var parts []string
	for _, l := range letters {
		if n := outcomes[l.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s%d", l.letter, n))
		}
	}
	return strings.Join(parts, " ")
}

// The table in the documentation has the faults and states of the code.
func TestTheTableOfFaultsIsCurrent(t *testing.T) {
	text, err := os.ReadFile(tablePath)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if cells := strings.Split(line, "|"); len(cells) == len(ways)+3 {
			rows[strings.TrimSpace(cells[1])] = true
		}
	}
	for _, f := range append(FaultNames(), "fault") {
		if !rows[f] {
			t.Errorf("%s has no row in %s: make sim writes it", f, tablePath)
		}
		delete(rows, f)
	}
	delete(rows, "---")
	for _, left := range slices.Sorted(maps.Keys(rows)) {
		t.Errorf("%s is in %s and no fault any more", left, tablePath)
	}
}
