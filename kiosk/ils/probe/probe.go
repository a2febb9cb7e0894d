// Package probe is the commissioning of a route: questions that no document answers are put to the library system itself,
// on a test patron. What changes an account is done only after a person has said yes to it. The answers become the site's
// profile and a report for the installer.
package probe

import (
	"context"
	"fmt"
	"strings"
	"time"

	"selfpay/kiosk/ils"
)

// Route is what a route can find out about its library system. One serves one run.
type Route interface {
	// Steps are the questions in order; later ones use what earlier ones found. None is asked yet.
	Steps(patron ils.Patron) []Step
	// Profile is what was found, as a profile in TOML, with what was not found out left at its careful value.
	Profile() (string, error)
}

// Step is one question.
type Step struct {
	Name     string // short, for the report: "overpayment"
	Question string // "Is more than a charge refused?"
	Costs    string // what it does to the test patron's account, as the end of "This "; empty: nothing
	Needed   bool   // without a good answer no payment can work, so the probe ends here
	Run      func(ctx context.Context) (Finding, error)
}

// Finding is the answer to a question.
type Finding struct {
	Mark Mark
	Said string // a sentence for the installer
	Mend string // what to do about it; empty: nothing
}

// Mark is how a question was answered.
type Mark string

// The marks.
const (
	Good    Mark = "good"    // as it should be, or known now
	Careful Mark = "careful" // known now, and the kiosk must be careful
	Bad     Mark = "bad"     // must be mended before payments are taken
	Skipped Mark = "skipped" // not asked: the person said no, or an earlier answer made it impossible
	Failed  Mark = "failed"  // could not be found out
)

// Result is one question with its answer.
type Result struct {
	Name     string        `json:"name"`
	Question string        `json:"question"`
	Mark     Mark          `json:"mark"`
	Said     string        `json:"said"`
	Mend     string        `json:"mend,omitempty"`
	Took     time.Duration `json:"-"`
}

// Person is who watches: Agree is asked before each step that costs something, Saw is told each result.
type Person struct {
	Agree func(s Step) bool
	Saw   func(Result)
}

// Run asks all questions in order. It ends early, and complete is false, where a needed one has no good answer, and when
// ctx ends.
func Run(ctx context.Context, route Route, patron ils.Patron, person Person) (all []Result, complete bool) {
	for _, s := range route.Steps(patron) {
		r := ask(ctx, s, person)
		all = append(all, r)
		person.Saw(r)
		if ctx.Err() != nil || s.Needed && (r.Mark == Bad || r.Mark == Failed) {
			return all, false
		}
	}
	return all, true
}

func ask(ctx context.Context, s Step, person Person) Result {
	r := Result{Name: s.Name, Question: s.Question}
	if s.Costs != "" && !person.Agree(s) {
		r.Mark, r.Said = Skipped, "not asked: you did not agree to it"
		return r
	}
	began := time.Now()
	f, err := s.Run(ctx)
	r.Took = time.Since(began)
	if err != nil {
		f = Finding{Mark: Failed, Said: "could not be found out: " + err.Error()}
	}
	r.Mark, r.Said, r.Mend = f.Mark, f.Said, f.Mend
	return r
}

// Report is the results as a page for the installer's file.
func Report(title string, results []Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", title)
	for _, r := range results {
		fmt.Fprintf(&b, "## %s: %s\n\n%s\n\n%s.\n", r.Name, r.Mark, r.Question, strings.TrimRight(r.Said, "."))
		if r.Mend != "" {
			fmt.Fprintf(&b, "\nTo do: %s.\n", strings.TrimRight(r.Mend, "."))
		}
		b.WriteString("\n")
	}
	return b.String()
}
