package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/ledger/ledgertest"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
)

// Maintenance that was begun lasts over a restart of the program, and ends with the boot of the machine.
func TestMaintenanceOutlivesTheProgramAndNotTheBoot(t *testing.T) {
	folder, at := ledgertest.Folder(t), payment.Stamp{Wall: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), Boot: "one", Mono: time.Hour}
	// life is one run of the program: what is done in it, and why no visit begins afterwards.
	life := func(do func(*maintenance) error) session.Reason {
		l, err := ledger.Open(folder, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		monitor := health.New(health.Config{})
		m := newMaintenance(l, func() payment.Stamp { return at }, monitor, slog.New(slog.DiscardHandler))
		ended, stop := context.WithCancel(t.Context())
		stop()
		if err := m.run(ended); err != nil {
			t.Fatal(err)
		}
		if err := do(m); err != nil {
			t.Error(err)
		}
		if why := monitor.Obstacle(); why == session.ReasonService {
			return why
		}
		return ""
	}
	nothing := func(*maintenance) error { return nil }
	refuses := func(want error, on bool, staff, note string) func(*maintenance) error {
		return func(m *maintenance) error {
			if err := m.set(on, staff, note); !errors.Is(err, want) {
				return errors.Join(errors.New("set says another thing"), err)
			}
			return nil
		}
	}
	for i, step := range []struct {
		boot string
		do   func(*maintenance) error
		want session.Reason
	}{
		{"one", nothing, ""},
		{"one", refuses(errNotServiced, false, "mk", ""), ""},
		{"one", refuses(errWhoAndWhy, true, "mk", ""), ""},
		{"one", func(m *maintenance) error { return m.set(true, "mk", "new paper") }, session.ReasonService},
		{"one", refuses(errServiced, true, "jd", "the same"), session.ReasonService},
		{"one", func(m *maintenance) error { return m.set(false, "jd", "") }, ""},
		{"one", func(m *maintenance) error { return m.set(true, "mk", "again") }, session.ReasonService},
		{"two", nothing, ""},
		{"two", func(m *maintenance) error { return m.set(true, "mk", "in another boot") }, session.ReasonService},
	} {
		at.Boot, at.Mono = step.boot, at.Mono+time.Minute
		if got := life(step.do); got != step.want {
			t.Errorf("step %d: no visit begins because of %q, want %q", i, got, step.want)
		}
	}
}

// lostNotes is a ledger whose disk fails.
type lostNotes struct{ upkeep }

func (lostNotes) Maintenance() (ledger.Maintenance, bool, error) {
	return ledger.Maintenance{}, false, nil
}
func (lostNotes) MaintenanceBegun(ledger.Maintenance) error { return ledger.ErrCommit }

func TestANoteOfMaintenanceThatMayBeSavedEndsTheProgram(t *testing.T) {
	m := newMaintenance(lostNotes{}, Clock(), health.New(health.Config{}), slog.New(slog.DiscardHandler))
	if err := m.set(true, "mk", "new paper"); !errors.Is(err, ledger.ErrCommit) {
		t.Fatalf("set = %v", err)
	}
	if err := m.run(t.Context()); !errors.Is(err, ledger.ErrCommit) {
		t.Errorf("run = %v", err)
	}
}
