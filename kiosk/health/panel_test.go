package health

import (
	"errors"
	"testing"
	"time"

	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
)

func TestATerminalIsSilentFromItsFirstMissingAnswerOn(t *testing.T) {
	m := New(Config{})
	if !m.TerminalSilent().IsZero() {
		t.Error("silent before it was asked")
	}
	m.hear(errors.New("no answer"))
	since := m.TerminalSilent()
	if since.IsZero() {
		t.Error("not silent")
	}
	time.Sleep(time.Millisecond)
	m.hear(errors.New("no answer"))
	if !m.TerminalSilent().Equal(since) {
		t.Error("the silence begins anew with each question")
	}
	m.hear(nil)
	if !m.TerminalSilent().IsZero() {
		t.Error("silent though it has answered")
	}
}

func TestWhatOthersTellCounts(t *testing.T) {
	m := New(Config{})
	if !m.Well(CheckPaper, CheckPaperSwitch) {
		t.Error("what was never looked at is not well")
	}
	m.Tell(CheckPaperSwitch, Warn, "low", "")
	if m.Well(CheckPaper, CheckPaperSwitch) || !m.Well(CheckPaper) {
		t.Error("a warning does not count")
	}
	m.set(CheckLedger, Pass, "", "")
	m.Tell(CheckEnclosure, Fail, "opened", "enclosure")
	if why := m.Obstacle(); why != "enclosure" {
		t.Errorf("the obstacle is %q", why)
	}
	m.Tell(CheckEnclosure, Pass, "", "")
	m.Tell(CheckService, Warn, "key", "service")
	if why := m.Obstacle(); why != "service" {
		t.Errorf("the obstacle is %q", why)
	}
}

func TestPaymentsAreJudgedByNumberAndAge(t *testing.T) {
	ago := func(d time.Duration) payment.Stamp { return payment.Stamp{Wall: time.Now().Add(-d)} }
	const day = 24 * time.Hour
	for what, c := range map[string]struct {
		found runner.Summary
		want  map[string]Status // others pass
	}{
		"nothing":           {runner.Summary{}, nil},
		"a fresh doubt":     {runner.Summary{InDoubt: 1, OldestDoubt: ago(9 * time.Minute)}, nil},
		"a long one":        {runner.Summary{InDoubt: 1, OldestDoubt: ago(11 * time.Minute)}, map[string]Status{CheckInDoubt: Warn}},
		"one of a day":      {runner.Summary{InDoubt: 1, OldestDoubt: ago(day + time.Minute)}, map[string]Status{CheckInDoubt: Fail}},
		"a case":            {runner.Summary{OpenCases: 1, OldestCase: ago(time.Second)}, map[string]Status{CheckOpenCases: Warn}},
		"a case of a day":   {runner.Summary{OpenCases: 1, OldestCase: ago(day + time.Minute)}, map[string]Status{CheckOpenCases: Fail}},
		"a refund":          {runner.Summary{RefundsDue: 1}, map[string]Status{CheckRefunds: Warn}},
		"many wait":         {runner.Summary{Waiting: 20, Oldest: ago(time.Second)}, nil},
		"more wait":         {runner.Summary{Waiting: 21, Oldest: ago(time.Second)}, map[string]Status{CheckQueue: Warn}},
		"the queue is full": {runner.Summary{Waiting: 30, Oldest: ago(time.Second)}, map[string]Status{CheckQueue: Fail}},
		"one waits long":    {runner.Summary{Waiting: 1, Oldest: ago(16 * time.Minute)}, map[string]Status{CheckQueueAge: Warn}},
		"one waits a day":   {runner.Summary{Waiting: 1, Oldest: ago(day + time.Minute)}, map[string]Status{CheckQueueAge: Fail}},
	} {
		m := New(Config{TellStaffAfter: 15 * time.Minute, MostWaiting: 30})
		m.judgePayments(c.found, "")
		for _, check := range []string{CheckInDoubt, CheckOpenCases, CheckRefunds, CheckQueue, CheckQueueAge} {
			want := c.want[check]
			if want == "" {
				want = Pass
			}
			if got := m.checks[check].Status; got != want {
				t.Errorf("%s: %s is %s, want %s", what, check, got, want)
			}
		}
	}
}
