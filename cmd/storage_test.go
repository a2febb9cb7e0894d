package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/control"
)

// A second copy catches up when its medium comes late, and is compared with the ledger while the daemon runs and when it is
// down. A medium that is away keeps nobody from paying.
func TestASecondCopyIsComparedWithTheLedger(t *testing.T) {
	t.Parallel()
	parent, err := os.MkdirTemp("/dev/shm", "selfpay-second-") // another disk than the ledger's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	medium := filepath.Join(parent, "medium")
	file := filepath.Join(medium, "events")
	s := newStation(t, surround.Options{}, "[payment]", "[storage]\nsecond_copy = \""+file+"\"\n\n[payment]").begin().ready()
	s.patron(cardTwoFees).said(t, "booked")
	verify := func() (v control.Verified, status int) {
		t.Helper()
		out, status := s.ctl("ledger", "verify", "--against", file, "--json")
		if err := json.Unmarshal([]byte(out), &v); err != nil || v.Against == nil {
			t.Fatalf("%d %s %v", status, out, err)
		}
		return v, status
	}
	if v, status := verify(); status != 1 || v.Against.OK || !v.OK {
		t.Errorf("without a medium: %d %+v", status, v)
	}
	if err := os.Mkdir(medium, 0o755); err != nil {
		t.Fatal(err)
	}
	s.eventually("the copy", func() (bool, string) {
		out, status := s.ctl("ledger", "verify", "--against", file)
		return status == 0 && strings.Contains(out, "agrees with the ledger") && !strings.Contains(out, "lacks"), out
	})
	if v, status := verify(); status != 0 || v.Against.Agree != v.Events || v.Against.Ledger != v.Events {
		t.Errorf("%d %+v, against %+v", status, v, v.Against)
	}
	s.kill()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if v, status := verify(); status != 1 || v.Against.OK || !strings.Contains(v.Against.Problem, "a record is damaged") || v.Against.Agree == 0 {
		t.Errorf("damaged: %d %+v, against %+v", status, v, v.Against)
	}
	s.begin().ready()
	s.eventually("it is begun anew", func() (bool, string) {
		out, status := s.ctl("ledger", "verify", "--against", file)
		return status == 0 && !strings.Contains(out, "lacks"), out
	})
	if aside, err := filepath.Glob(file + ".aside-*"); err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v, %v", aside, err)
	}
}
