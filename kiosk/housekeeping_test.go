package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/ledger"
)

// shelf is a ledger that remembers what was asked of it.
type shelf struct {
	before   []time.Time
	verified []time.Time
	erase    error
	verify   error
}

func (s *shelf) EraseCards(before time.Time) (ledger.Erased, error) {
	s.before = append(s.before, before)
	return ledger.Erased{Payments: []string{"4821-1"}}, s.erase
}

func (s *shelf) Verify(context.Context) (ledger.Verified, error) {
	s.verified = append(s.verified, time.Now())
	return ledger.Verified{}, s.verify
}

// days lets housekeeping run for some days and says how it ended and what it told.
func days(t *testing.T, s *shelf, n int) (ended, damaged error) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Duration(n)*24*time.Hour)
		defer stop()
		h := &housekeeping{books: s, retention: 30 * 24 * time.Hour, verified: func(err error) { damaged = errors.Join(damaged, err) }, log: slog.New(slog.DiscardHandler)}
		ended = h.run(ctx)
	})
	return ended, damaged
}

func TestCardsAreErasedWhenTheirTimeIsOver(t *testing.T) {
	s := &shelf{}
	if ended, damaged := days(t, s, 2); ended != nil || damaged != nil {
		t.Fatal(ended, damaged)
	}
	if len(s.before) < 40 {
		t.Errorf("looked %d times in two days", len(s.before))
	}
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if want := begin.Add(firstPause - 30*24*time.Hour); !s.before[0].Equal(want) {
		t.Errorf("erased what ended before %s, want %s", s.before[0], want)
	}
}

func TestTheWholeLedgerIsVerifiedOnceEachNight(t *testing.T) {
	s := &shelf{}
	days(t, s, 5)
	if len(s.verified) < 4 || len(s.verified) > 6 {
		t.Errorf("verified %d times in five days", len(s.verified))
	}
	for i, at := range s.verified {
		if at.Hour() != quietHour || i > 0 && at.Sub(s.verified[i-1]) < 20*time.Hour {
			t.Errorf("verified at %v", s.verified)
		}
	}
}

func TestADamagedLedgerIsTold(t *testing.T) {
	s := &shelf{verify: fmt.Errorf("event 7: %w", ledger.ErrDamaged)}
	if ended, damaged := days(t, s, 2); ended != nil || !errors.Is(damaged, ledger.ErrDamaged) {
		t.Errorf("ended %v, told %v", ended, damaged)
	}
}

func TestAWriteOfUnknownOutcomeEndsTheProgram(t *testing.T) {
	if ended, _ := days(t, &shelf{erase: fmt.Errorf("erase: %w", ledger.ErrCommit)}, 1); !errors.Is(ended, ledger.ErrCommit) {
		t.Errorf("ended %v", ended)
	}
	s := &shelf{erase: errors.New("busy")}
	if ended, _ := days(t, s, 1); ended != nil || len(s.before) < 20 {
		t.Errorf("after another error: ended %v, looked %d times", ended, len(s.before))
	}
}
