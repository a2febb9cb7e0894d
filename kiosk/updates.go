package kiosk

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
	"selfpay/kiosk/update"
)

// updates holds patrons off while the station is about to be updated, or its release is on trial. What it goes by stands on
// the disk and in a lock, so nothing has to be told, and nothing is forgotten when either side dies.
type updates struct {
	folder  string // of the releases; a station without it is not updated
	release int
	tell    func(check string, status health.Status, output string, why session.Reason)

	waits atomic.Bool
}

// lookForUpdates is the pause between two looks.
const lookForUpdates = time.Second

// run looks until ctx ends.
func (u *updates) run(ctx context.Context) error {
	for {
		u.look()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookForUpdates):
		}
	}
}

func (u *updates) look() {
	if _, err := os.Stat(u.folder); err != nil {
		return
	}
	stands, err := update.Look(u.folder, u.release)
	u.waits.Store(stands.Held || stands.Trial)
	switch last := stands.Last; {
	case stands.Held:
		u.tell(health.CheckUpdate, health.Warn, "an update waits for the station to be at rest", session.ReasonUpdate)
	case stands.Trial:
		u.tell(health.CheckUpdate, health.Warn, fmt.Sprintf("release %d is on trial", u.release), session.ReasonUpdate)
	case err != nil:
		u.tell(health.CheckUpdate, health.Warn, err.Error(), "")
	case last != nil && (last.Result == update.ResultBack || last.Result == update.ResultDamaged):
		u.tell(health.CheckUpdate, health.Warn, fmt.Sprintf("release %d: %s: %s", last.Release, last.Result, last.Why), "")
	default:
		u.tell(health.CheckUpdate, health.Pass, "", "")
	}
}
