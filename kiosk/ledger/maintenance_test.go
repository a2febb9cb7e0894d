package ledger

import (
	"testing"

	"selfpay/kiosk/ledger/ledgertest"
)

func TestTheNewestWordOnMaintenanceIsKnownAfterARestart(t *testing.T) {
	folder := ledgertest.Folder(t)
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	for i, step := range []struct {
		do    func() error
		begun bool
		by    string
	}{
		{func() error { return nil }, false, ""},
		{func() error { return l.MaintenanceBegun(Maintenance{stamp(100), "mk", "new paper"}) }, true, "mk"},
		{func() error { return l.MaintenanceEnded(Maintenance{stamp(200), "jd", ""}) }, false, "jd"},
		{func() error { return l.MaintenanceBegun(Maintenance{stamp(300), "jd", "again"}) }, true, "jd"},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, folder)
		if m, begun, err := l.Maintenance(); err != nil || begun != step.begun || m.Staff != step.by {
			t.Errorf("step %d: %+v, %v, %v", i, m, begun, err)
		}
	}
}
