package kiosk

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"selfpay/device/display"
	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
)

const (
	noticeLooks = time.Second
	noticeLasts = time.Minute // then the display is dark: its points burn in
)

// notice shows staff on a display behind the door how the station is: its name, whether it takes payments, and the
// checks that do not pass. It is lit for a minute after each change.
type notice struct {
	display  display.Display
	kiosk    string
	document func() health.Document
	obstacle func() session.Reason
	seen     func(error) // told how each use of the display went

	lines   []string
	changed time.Time
	dark    bool
	failed  bool // what is shown is not known
}

// run looks until ctx ends.
func (n *notice) run(ctx context.Context) error {
	if n.display == nil {
		return nil
	}
	defer n.display.Close()
	looks := time.NewTicker(noticeLooks)
	defer looks.Stop()
	for {
		n.look(time.Now())
		select {
		case <-looks.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (n *notice) look(now time.Time) {
	lines := noticeLines(n.kiosk, n.obstacle(), n.document().Checks)
	news := !slices.Equal(lines, n.lines)
	if news {
		n.lines, n.changed = lines, now
	}
	dark := now.Sub(n.changed) >= noticeLasts
	if !news && dark == n.dark && !n.failed {
		return
	}
	shown := lines
	if dark {
		shown = nil
	}
	n.dark = dark
	err := n.display.Show(shown)
	n.failed = err != nil
	n.seen(err)
}

// noticeLines are what staff read: failures before warnings, by name.
func noticeLines(kiosk string, why session.Reason, checks map[string][]health.Check) []string {
	lines := []string{kiosk, "ready"}
	if why != "" {
		lines[1] = string(why)
	}
	for _, wanted := range []health.Status{health.Fail, health.Warn} {
		for _, name := range slices.Sorted(maps.Keys(checks)) {
			if name != health.CheckDisplay && checks[name][0].Status == wanted {
				lines = append(lines, name)
			}
		}
	}
	if more := len(lines) - display.Lines; more > 0 {
		lines = append(lines[:display.Lines-1], strings.Join(lines[display.Lines-1:], " "))
	}
	return lines
}
