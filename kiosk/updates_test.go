package kiosk

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
	"selfpay/kiosk/update"
)

// No patron begins while an update waits or a release is on trial; afterwards, and when the updater died, they do.
func TestNoPatronBeginsDuringAnUpdate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "versions")
	var status health.Status
	var why session.Reason
	var output string
	u := &updates{folder: folder, release: 12, tell: func(check string, s health.Status, o string, w session.Reason) { status, output, why = s, o, w }}
	want := func(s health.Status, w session.Reason, waits bool) {
		t.Helper()
		status, why = "", ""
		u.look()
		if status != s || why != w || u.waits.Load() != waits {
			t.Errorf("%q %q %q, waits %v; want %q %q", status, output, why, u.waits.Load(), s, w)
		}
	}
	state := func(st update.State) {
		t.Helper()
		text, err := json.Marshal(st)
		if err := errors.Join(err, os.WriteFile(filepath.Join(folder, "state.json"), text, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want("", "", false) // never updated
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	want(health.Pass, "", false)
	release, err := update.Store{Folder: folder}.Hold()
	if err != nil {
		t.Fatal(err)
	}
	want(health.Warn, session.ReasonUpdate, true)
	release()
	want(health.Pass, "", false)
	state(update.State{Trial: &update.Trial{Release: 12, From: 11}})
	want(health.Warn, session.ReasonUpdate, true)
	state(update.State{Trial: &update.Trial{Release: 13, From: 12}}) // the restart is still to come
	want(health.Pass, "", false)
	state(update.State{Confirmed: 12, Last: &update.Outcome{Release: 12, Result: update.ResultConfirmed}})
	want(health.Pass, "", false)
	state(update.State{Confirmed: 12, Last: &update.Outcome{Release: 13, Result: update.ResultBack, Why: "it smells"}})
	want(health.Warn, "", false)
	if err := os.WriteFile(filepath.Join(folder, "state.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	want(health.Warn, "", false)
}
