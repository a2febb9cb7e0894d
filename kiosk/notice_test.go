package kiosk

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
)

// pane is a display in memory.
type pane struct {
	shown  []string // one entry for each Show, its lines joined by "|"
	broken error
	closed bool
}

func (*pane) String() string { return "pane" }
func (p *pane) Show(lines []string) error {
	p.shown = append(p.shown, strings.Join(lines, "|"))
	return p.broken
}
func (p *pane) Close() error { p.closed = true; return nil }

func (p *pane) take() []string {
	shown := p.shown
	p.shown = nil
	return shown
}

func checks(fail, warn string) map[string][]health.Check {
	all := map[string][]health.Check{"ledger:write": {{Status: health.Pass}}}
	for _, name := range strings.Fields(fail) {
		all[name] = []health.Check{{Status: health.Fail}}
	}
	for _, name := range strings.Fields(warn) {
		all[name] = []health.Check{{Status: health.Warn}}
	}
	return all
}

func TestStaffReadWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		why        session.Reason
		fail, warn string
		want       string
	}{
		{"", "", "", "main-01|ready"},
		{session.ReasonTerminalDown, "terminal:link", "", "main-01|terminal-down|terminal:link"},
		{session.ReasonLibraryDown, "ils:link", "printer:paper", "main-01|library-down|ils:link|printer:paper"},
		{"", "", "queue:depth printer:paper cases:open", "main-01|ready|cases:open|printer:paper queue:depth"},
		{"", "", health.CheckDisplay, "main-01|ready"},
	} {
		if got := strings.Join(noticeLines("main-01", c.why, checks(c.fail, c.warn)), "|"); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestTheDisplayIsDarkAMinuteAfterTheLastChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, why, told := &pane{}, session.Reason(""), errors.New("never shown")
		n := &notice{display: p, kiosk: "main-01", document: func() health.Document { return health.Document{Checks: checks("", "")} },
			obstacle: func() session.Reason { return why },
			seen:     func(err error) { told = err }}
		seconds := func(k int) {
			for range k {
				n.look(time.Now())
				time.Sleep(noticeLooks)
			}
		}
		wants := func(what string, want ...string) {
			t.Helper()
			if got := p.take(); !slices.Equal(got, want) {
				t.Errorf("%s: shown %q, want %q", what, got, want)
			}
		}
		seconds(59)
		wants("at first", "main-01|ready")
		seconds(30)
		wants("after a minute", "")
		why = session.ReasonService
		seconds(1)
		wants("a change", "main-01|service")
		why = ""
		seconds(30)
		wants("another", "main-01|ready")
		seconds(40)
		wants("a minute after that", "")
		p.broken = errors.New("pulled")
		why = session.ReasonPower
		seconds(2)
		wants("pulled", "main-01|power", "main-01|power")
		if !errors.Is(told, p.broken) {
			t.Errorf("told %v", told)
		}
		p.broken = nil
		seconds(2)
		wants("plugged in", "main-01|power")
		if told != nil {
			t.Errorf("told %v", told)
		}
		if (&notice{}).run(t.Context()) != nil { // returns at once
			t.Error("a station without a display fails")
		}
	})
}
