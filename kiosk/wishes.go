package kiosk

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// What the daemon has no right to do it wishes for: it writes a file beside its socket, which a unit of systemd watches.
const (
	browserRestart = "browser-restart" // kiosk-browser-restart.path
	powerOff       = "power-off"       // kiosk-poweroff.path
)

// ask returns what writes a wish.
func (s *station) ask(wish string) func() error {
	return func() error {
		path := filepath.Join(filepath.Dir(s.Config.Kiosk.Socket), wish)
		if err := os.WriteFile(path, []byte(time.Now().Format(time.RFC3339)+"\n"), 0o640); err != nil {
			return fmt.Errorf("systemd cannot be asked for %s: %w", wish, err)
		}
		return nil
	}
}

// browserWatch has the browser started again when no page follows the station.
type browserWatch struct {
	watched func() time.Time // when a page last said that it follows
	ask     func() error
	log     *slog.Logger
}

// The times of a browser.
const (
	browserLooks  = 5 * time.Second
	browserSilent = 30 * time.Second // a page says every five seconds that it follows
	browserStarts = 2 * time.Minute  // until its first word; twice that after each start that brought none, on a machine that may be slow
	longestStart  = 16 * time.Minute
	browserHour   = 6 // restarts in one hour; then it is not the browser
)

// run looks until ctx ends.
func (b *browserWatch) run(ctx context.Context) error {
	looks := time.NewTicker(browserLooks)
	defer looks.Stop()
	started, patience, asked := time.Now(), browserStarts, []time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-looks.C:
		}
		now := time.Now()
		for len(asked) > 0 && now.Sub(asked[0]) >= time.Hour {
			asked = asked[1:]
		}
		if now.Sub(started) < patience || now.Sub(b.watched()) < browserSilent || len(asked) >= browserHour {
			continue
		}
		if patience = min(2*patience, longestStart); b.watched().After(started) {
			patience = browserStarts
		}
		started, asked = now, append(asked, now)
		if err := b.ask(); err != nil {
			b.log.Error("no page follows the station, and its browser is not started again", "error", err)
			continue
		}
		b.log.Warn("no page follows the station: its browser is to be started again", "in the last hour", len(asked))
	}
}
