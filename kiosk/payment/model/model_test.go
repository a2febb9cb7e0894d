package model

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/payment"
)

const source = "payment.pml"

// run is what Spin said of one variant of the model.
type run struct {
	output  string
	states  int
	errors  string
	trail   bool // a run that breaks a rule was written down
	elapsed time.Duration
}

var (
	statesLine = regexp.MustCompile(`(?m)^ *([0-9.e+]+) states, stored`)
	errorsLine = regexp.MustCompile(`errors: (\d+)`)
)

// check lets Spin go through the whole model, for broken rules or for cycles.
func check(t *testing.T, cycles bool, defines ...string) run {
	t.Helper()
	if testing.Short() {
		t.Skip("the model is checked only without -short")
	}
	for _, program := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing; install it with: make deps", program)
		}
	}
	folder, begun := t.TempDir(), time.Now()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, source), text, 0o644); err != nil {
		t.Fatal(err)
	}
	var flags []string
	for _, d := range defines {
		flags = append(flags, "-D"+d)
	}
	looks, pan := "-DSAFETY", []string{"./pan", "-m200000", "-w20"}
	if cycles {
		looks, pan = "-DNP", append(pan, "-l")
	}
	spin := append([]string{"spin"}, flags...)
	call(t, folder, append(spin, "-a", source)...)
	call(t, folder, "gcc", looks, "-w", "-o", "pan", "pan.c") // optimising takes longer than it saves
	r := run{output: call(t, folder, pan...), elapsed: time.Since(begun)}
	if found := errorsLine.FindStringSubmatch(r.output); found != nil {
		r.errors = found[1]
	}
	if found := statesLine.FindStringSubmatch(r.output); found != nil {
		states, _ := strconv.ParseFloat(found[1], 64)
		r.states = int(states)
	}
	_, err = os.Stat(filepath.Join(folder, source+".trail"))
	r.trail = err == nil
	t.Logf("%s: %d states, errors: %s, %s", strings.Join(defines, " "), r.states, r.errors, r.elapsed.Round(time.Millisecond))
	return r
}

func call(t *testing.T, folder string, command ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

func TestTheModelKeepsTheMoneyRules(t *testing.T) {
	for name, defines := range map[string][]string{
		"overpayment is taken":           nil,
		"overpayment is refused":         {"OVERPAY=0", "REPOSTS=2", "CRASHES=2", "LOSSES=2"},
		"a posting is applied after all": {"LATE", "CRASHES=2", "LOSSES=2"}, // then no double is silent
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, false, defines...)
			if r.errors != "0" || r.trail || r.states < 300_000 || strings.Contains(r.output, "max search depth too small") {
				t.Errorf("%d states, not without errors or not complete:\n%s", r.states, r.output)
			}
		})
	}
}

func TestEveryDoubtOfTheModelEnds(t *testing.T) {
	t.Parallel()
	r := check(t, true, "CRASHES=2", "LOSSES=2")
	if r.errors != "0" || r.trail || r.states < 300_000 {
		t.Errorf("%d states, some go on for ever or the check is not complete:\n%s", r.states, r.output)
	}
}

func TestTheModelFindsWhatIsBrokenOnPurpose(t *testing.T) {
	const bookedTwice, givenBack = "booked[i]==1", "booked[0]==0"
	for name, c := range map[string]struct {
		defines []string
		cycles  bool
		found   string
	}{
		"the account is read before the quiet time":    {[]string{"NOQUIET"}, false, bookedTwice},
		"posted again without a reading":               {[]string{"BLIND"}, false, bookedTwice},
		"posted on an approval merely seen":            {[]string{"POSTEARLY"}, false, givenBack},
		"taken back beside a leg posted or in doubt":   {[]string{"REVERSEANY"}, false, givenBack},
		"given back after a posting in doubt":          {[]string{"LATE", "GIVEAWAY"}, false, givenBack},
		"the first of two readings is never kept":      {[]string{"FORGETFUL"}, true, "non-progress cycle"},
		"the terminal is believed while it is at work": {[]string{"HASTY"}, false, "charged=="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, c.cycles, c.defines...)
			first, _, _ := strings.Cut(r.output[strings.Index(r.output+"pan:1: ", "pan:1: "):], "\n")
			if !r.trail || r.errors != "1" || !strings.Contains(first, c.found) {
				t.Errorf("not found, or for another reason: %q", first)
			}
		})
	}
}

// named is a move in the words of the table.
func named(of, while, from, event, to string) string {
	if event == "" {
		event = "follows"
	}
	return fmt.Sprintf("%s %s: %s, %s, %s", of, while, from, event, to)
}

var (
	moves    = regexp.MustCompile(`\bmove\((\w+), (\w+), (\w+)\)`)
	legMoves = regexp.MustCompile(`\blegmove\((\w+), (?:\w+, )?(\w+), (\w+), (\w+)\)`)
)

// movesIn reads the moves out of the model, or out of what it printed.
func movesIn(text string) map[string]bool {
	found := map[string]bool{}
	for _, m := range moves.FindAllStringSubmatch(text, -1) {
		found[named("payment", "", m[1], m[2], m[3])] = true
	}
	for _, m := range legMoves.FindAllStringSubmatch(text, -1) {
		found[named("leg", m[1], m[2], m[3], m[4])] = true
	}
	spaced := map[string]bool{}
	for m := range found {
		spaced[strings.ReplaceAll(m, "_", " ")] = true
	}
	return spaced
}

func modelled(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "#define moving(i)") // after the macros themselves
	return movesIn(body)
}

// notModelled says why a move of the table has no place in the model.
var notModelled = []struct{ event, from, reason string }{
	{"intended", "", "the model begins with it"},
	{"case resolved", "", "an open case is the end: staff"},
	{"refund done", "", "a refund due is the end: staff"},
	{"superseded", "", "it is as if the reversal window ended"},
	{"receipt printed", "", "it moves nothing"},
	{"posting confirmed", "", "staff ticks off what is posted: it moves no money"},
	{"pin gone", "", "the PIN"},
	{"", string(payment.LegWaiting), "the PIN"},
	{"account refused", "", "a patron who is gone is as a fee that is gone or changed"},
	{"dialogue ended", string(payment.LegWaiting), "amounts"},
}

// otherAmounts are the moves over an amount that was not asked for.
var otherAmounts = []string{
	named("payment", "", "approval seen", "dialogue ended", "purchase in doubt"),
	named("payment", "", "purchase in doubt", "purchase found", "purchase in doubt"),
	named("leg", "purchase in doubt", "waiting", "purchase found", "open case"),
}

// byReference is the move that needs a library which shows references; the model's shows balances only.
var byReference = named("leg", "approved", "waiting", "account read", "posted")

func excepted(m payment.Move) bool {
	if name := named(m.Of, string(m.While), m.From, m.Event, m.To); name == byReference || slices.Contains(otherAmounts, name) {
		return true
	}
	for _, e := range notModelled {
		if m.Event == e.event && (e.from == "" || e.from == m.From) {
			return true
		}
	}
	return false
}

func TestModelAndTableHaveTheSameMoves(t *testing.T) {
	inModel, inTable := modelled(t), map[string]bool{}
	for _, m := range payment.Moves() {
		name := named(m.Of, string(m.While), m.From, m.Event, m.To)
		inTable[name] = true
		switch {
		case inModel[name] && excepted(m):
			t.Errorf("the model has %q, which is said to be left out", name)
		case !inModel[name] && !excepted(m):
			t.Errorf("the model lacks %q", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(inModel)) {
		if !inTable[name] {
			t.Errorf("the table lacks %q", name)
		}
	}
	t.Logf("%d moves in the model, %d in the table", len(inModel), len(inTable))
}

func TestTheModelTakesEachOfItsMoves(t *testing.T) {
	t.Parallel()
	taken := movesIn(check(t, false, "CRASHES=2", "LOSSES=2").output)
	for _, name := range slices.Sorted(maps.Keys(modelled(t))) {
		if !taken[name] {
			t.Errorf("no run of the model takes %q", name)
		}
	}
}
