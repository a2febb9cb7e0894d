package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/session"
)

// The ballast is given up when the disk is full, which lets nobody begin to pay, and made anew when there is room for it and
// more besides. So there is no back and forth at the edge.
func TestBallastIsGivenUpOnAFullDiskAndMadeAnewWithRoom(t *testing.T) {
	const size = 16 << 20
	folder := t.TempDir()
	var rest uint64 // free beside the ballast
	b := &ballast{folder: folder, size: size, log: slog.New(slog.DiscardHandler)}
	b.free = func(string) (uint64, error) { return rest, nil }
	for i, step := range []struct {
		free  uint64
		whole bool
	}{
		{ledger.Floor - 1, false}, // at the first start
		{size + 2*ledger.Floor - 1, false},
		{size + 2*ledger.Floor, true},
		{2 * ledger.Floor, true}, // it has taken its room
		{ledger.Floor, true},
		{ledger.Floor - 1, false},
		{size + ledger.Floor - 1, false}, // what it gave up
		{size + 2*ledger.Floor, true},
	} {
		rest = step.free
		if err := b.look(); (err == nil) != step.whole {
			t.Errorf("step %d: look = %v", i, err)
		}
		about, err := os.Stat(filepath.Join(folder, "ballast"))
		if (err == nil) != step.whole {
			t.Errorf("step %d: %v, want it there: %v", i, err, step.whole)
		}
		if err == nil && about.Sys().(*syscall.Stat_t).Blocks*512 < size {
			t.Errorf("step %d: it takes %d blocks only", i, about.Sys().(*syscall.Stat_t).Blocks)
		}
	}
	b.free = func(string) (uint64, error) { return 0, errors.New("it is gone") }
	if err := b.look(); err == nil || !b.whole() {
		t.Errorf("a disk that cannot be looked at: %v, whole %v", err, b.whole())
	}
}

func TestWithoutBallastNobodyBeginsToPay(t *testing.T) {
	for _, c := range []struct {
		size   int64
		free   uint64
		status health.Status
		why    session.Reason
	}{
		{16 << 20, ledger.Floor, health.Fail, session.ReasonStorage},
		{16 << 20, 1 << 30, health.Pass, ""},
		{0, ledger.Floor, "", ""}, // none is wanted, and an older one is given back
	} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "ballast"), []byte("of another size"), 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			var status health.Status
			var why session.Reason
			b := &ballast{folder: folder, size: c.size, free: func(string) (uint64, error) { return c.free, nil }, log: slog.New(slog.DiscardHandler)}
			ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
			defer stop()
			if err := b.run(ctx, func(check string, s health.Status, _ string, w session.Reason) { status, why = s, w }); err != nil || status != c.status || why != c.why {
				t.Errorf("%+v: %v, told %q because of %q", c, err, status, why)
			}
		})
		if _, err := os.Stat(filepath.Join(folder, "ballast")); c.size == 0 && err == nil {
			t.Error("a ballast that nobody wants is kept")
		}
	}
}

// A second copy that lacks events for a while is a warning; a moment behind is nothing.
func TestASecondCopyThatIsBehindIsTold(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	away := errors.New("the medium is away")
	for _, c := range []struct {
		since time.Time
		err   error
		want  health.Status
	}{
		{time.Time{}, nil, health.Pass},
		{now.Add(-29 * time.Second), away, health.Pass},
		{now.Add(-30 * time.Second), away, health.Warn},
		{now.Add(-30 * time.Second), nil, health.Warn},
	} {
		if got, output := judgeCopy(now, 3, c.since, c.err); got != c.want || (output == "") != (got == health.Pass) {
			t.Errorf("%+v: %s %q", c, got, output)
		}
	}
}
