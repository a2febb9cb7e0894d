package health

import (
	"errors"
	"testing"
	"time"
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
