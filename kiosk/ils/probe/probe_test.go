package probe_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/probe"
)

// route asks these questions and notes which it has put.
type route struct {
	steps []probe.Step
	asked []string
}

func (r *route) Steps(ils.Patron) []probe.Step { return r.steps }
func (r *route) Profile() (string, error)      { return "", nil }

func (r *route) step(name, costs string, needed bool, f probe.Finding, err error) {
	r.steps = append(r.steps, probe.Step{Name: name, Question: "Is it so?", Costs: costs, Needed: needed,
		Run: func(context.Context) (probe.Finding, error) { r.asked = append(r.asked, name); return f, err }})
}

func run(r *route, agree bool) []probe.Result {
	results, complete := probe.Run(context.Background(), r, ils.Patron{}, probe.Person{Agree: func(probe.Step) bool { return agree }, Saw: func(probe.Result) {}})
	if complete != (len(results) == len(r.steps)) {
		panic("complete or not?")
	}
	return results
}

var good = probe.Finding{Mark: probe.Good, Said: "it is"}

func TestWhatCostsSomethingIsDoneOnlyWithAYes(t *testing.T) {
	for _, agree := range []bool{false, true} {
		r := &route{}
		r.step("free", "", false, good, nil)
		r.step("costly", "pays 0.01 EUR", false, good, nil)
		results := run(r, agree)
		if asked := strings.Join(r.asked, " "); (asked == "free costly") != agree || !agree && asked != "free" {
			t.Errorf("agreed %v: asked %q", agree, asked)
		}
		if (results[1].Mark == probe.Skipped) == agree {
			t.Errorf("agreed %v: %+v", agree, results[1])
		}
	}
}

func TestANeededQuestionWithoutAGoodAnswerEndsTheProbe(t *testing.T) {
	for _, c := range []struct {
		needed bool
		f      probe.Finding
		err    error
		asked  int
	}{
		{true, good, nil, 2},
		{true, probe.Finding{Mark: probe.Careful}, nil, 2},
		{true, probe.Finding{Mark: probe.Bad}, nil, 1},
		{true, probe.Finding{}, errors.New("no line"), 1},
		{false, probe.Finding{Mark: probe.Bad}, nil, 2},
		{false, probe.Finding{}, errors.New("no line"), 2},
	} {
		r := &route{}
		r.step("first", "", c.needed, c.f, c.err)
		r.step("second", "", false, good, nil)
		results := run(r, true)
		if len(r.asked) != c.asked || len(results) != c.asked {
			t.Errorf("%+v: %d questions", c, len(r.asked))
		}
		if c.err != nil && (results[0].Mark != probe.Failed || !strings.Contains(results[0].Said, "no line")) {
			t.Errorf("%+v: %+v", c, results[0])
		}
	}
}

func TestTheReportSaysWhatIsToBeDone(t *testing.T) {
	page := probe.Report("Commissioning", []probe.Result{{Name: "workstation", Question: "Is it known?", Mark: probe.Bad, Said: "it is not", Mend: "register it"}})
	for _, words := range []string{"# Commissioning", "## workstation: bad", "Is it known?", "it is not.", "To do: register it."} {
		if !strings.Contains(page, words) {
			t.Errorf("the report lacks %q:\n%s", words, page)
		}
	}
}
