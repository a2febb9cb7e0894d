package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestABrowserWhosePageIsSilentIsStartedAgain(t *testing.T) {
	const minute = time.Minute
	followed := func(time.Duration) bool { return true }
	for name, c := range map[string]struct {
		follows func(since time.Duration) bool // whether a page follows, by the time since the start
		fails   error
		lasts   time.Duration
		want    []time.Duration // when it is asked for, to ten seconds
	}{
		"a page follows":        {followed, nil, 3 * time.Hour, nil},
		"it starts slowly":      {func(t time.Duration) bool { return t > 110*time.Second }, nil, time.Hour, nil},
		"it falls silent":       {func(t time.Duration) bool { return t < 10*minute || t > 11*minute }, nil, time.Hour, []time.Duration{10*minute + 30*time.Second}},
		"it never comes":        {func(time.Duration) bool { return false }, nil, 59 * minute, []time.Duration{2 * minute, 4 * minute, 6 * minute, 8 * minute, 10 * minute, 12 * minute}},
		"nor in the next hour":  {func(time.Duration) bool { return false }, nil, 65 * minute, []time.Duration{2 * minute, 4 * minute, 6 * minute, 8 * minute, 10 * minute, 12 * minute, 62 * minute, 64 * minute}},
		"systemd is not there":  {func(time.Duration) bool { return false }, errors.New("read-only"), 5 * minute, []time.Duration{2 * minute, 4 * minute}},
		"a page comes and goes": {func(t time.Duration) bool { return t < 5*minute || t > 6*minute && t < 20*minute }, nil, 21 * minute, []time.Duration{5*minute + 30*time.Second, 20*minute + 30*time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin, last := time.Now(), time.Time{}
			var asked []time.Duration
			b := &browserWatch{log: slog.New(slog.DiscardHandler),
				watched: func() time.Time {
					if c.follows(time.Since(begin)) {
						last = time.Now()
					}
					return last
				},
				ask: func() error { asked = append(asked, time.Since(begin).Round(10*time.Second)); return c.fails }}
			ctx, stop := context.WithTimeout(t.Context(), c.lasts)
			defer stop()
			if err := b.run(ctx); err != nil || !slices.Equal(asked, c.want) {
				t.Errorf("%s: asked at %v, want %v (%v)", name, asked, c.want, err)
			}
		})
	}
}

// A wish is a file beside the socket, where the units look for it.
func TestAWishStandsBesideTheSocket(t *testing.T) {
	s := &station{}
	s.Config.Kiosk.Socket = filepath.Join(t.TempDir(), "ctl.sock")
	if err := s.ask(browserRestart)(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(s.Config.Kiosk.Socket), "browser-restart")); err != nil {
		t.Error(err)
	}
	for wish, unit := range map[string]string{browserRestart: "kiosk-browser-restart.path", powerOff: "kiosk-poweroff.path"} {
		if text, err := os.ReadFile("../systemd/" + unit); err != nil || !strings.Contains(string(text), "\nPathChanged=/run/kiosk/"+wish+"\n") {
			t.Errorf("%s does not look for %s: %v", unit, wish, err)
		}
	}
	s.Config.Kiosk.Socket = "/nowhere/ctl.sock"
	if err := s.ask(powerOff)(); err == nil {
		t.Error("a wish that nobody hears is granted")
	}
}
