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
		"a page follows":   {followed, nil, 3 * time.Hour, nil},
		"it starts slowly": {func(t time.Duration) bool { return t > 110*time.Second }, nil, time.Hour, nil},
		"it falls silent":  {func(t time.Duration) bool { return t < 10*minute || t > 11*minute }, nil, time.Hour, []time.Duration{10*minute + 30*time.Second}},
		"it never comes":   {func(time.Duration) bool { return false }, nil, 65 * minute, []time.Duration{2 * minute, 6 * minute, 14 * minute, 30 * minute, 46 * minute, 62 * minute}},
		"it is slow, once": {func(t time.Duration) bool { return t > 5*minute && t < 20*minute }, nil, 22 * minute, []time.Duration{2 * minute, 20*minute + 30*time.Second}},
		"it comes and falls silent again and again": {func(t time.Duration) bool { return t%(3*minute) < 2*minute }, nil, 59 * minute,
			[]time.Duration{150 * time.Second, 330 * time.Second, 510 * time.Second, 690 * time.Second, 870 * time.Second, 1050 * time.Second}},
		"systemd is not there":  {func(time.Duration) bool { return false }, errors.New("read-only"), 7 * minute, []time.Duration{2 * minute, 6 * minute}},
		"a page comes and goes": {func(t time.Duration) bool { return t < 5*minute || t > 6*minute && t < 20*minute }, nil, 21 * minute, []time.Duration{5*minute + 30*time.Second, 20*minute + 30*time.Second}},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			var asked []time.Duration
			b := &browserWatch{log: slog.New(slog.DiscardHandler),
				watched: func() time.Time {
					for since := time.Since(begin).Truncate(time.Second); since >= 0; since -= time.Second {
						if c.follows(since) {
							return begin.Add(since)
						}
					}
					return time.Time{}
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
