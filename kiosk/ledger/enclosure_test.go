package ledger

import (
	"context"
	"testing"
)

// openSince is when the enclosure counts as opened, -1: it does not.
func openSince(t *testing.T, l *Ledger) int {
	t.Helper()
	at, open, err := l.EnclosureOpenSince()
	if err != nil {
		t.Fatal(err)
	}
	for second := range 400 {
		if open && at.Equal(stamp(second).Wall) {
			return second
		}
	}
	if open {
		t.Fatalf("open since %s", at)
	}
	return -1
}

func TestAnOpenedEnclosureIsKnownUntilItIsCleared(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	for i, step := range []struct {
		do   func() error
		want int
	}{
		{func() error { return nil }, -1},
		{func() error { return l.EnclosureOpened(stamp(100)) }, 100},
		{func() error { return l.EnclosureOpened(stamp(150)) }, 100},
		{func() error { return l.EnclosureCleared(stamp(200), "mk", "looked at the terminal") }, -1},
		{func() error { return l.EnclosureOpened(stamp(300)) }, 300},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := openSince(t, l); got != step.want {
			t.Errorf("step %d: open since %d, want %d", i, got, step.want)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = mustOpen(t, folder)
		if got := openSince(t, l); got != step.want {
			t.Errorf("step %d, after a restart: open since %d, want %d", i, got, step.want)
		}
	}
}

// A newer program may have written notes that this one does not know.
func TestANoteOfAnUnknownKindIsPassedOver(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	if err := l.saveNote("of a kind from tomorrow", map[string]any{"at": []int{1}, "what": "ever"}); err != nil {
		t.Fatal(err)
	}
	endOfDay(t, l, 100, DayDone, 1250)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, folder)
	if _, err := l.Verify(context.Background()); err != nil {
		t.Errorf("Verify = %v", err)
	}
	if days, err := l.EndsOfDay(); err != nil || len(days) != 1 {
		t.Errorf("EndsOfDay = %v, %v", days, err)
	}
	if got := openSince(t, l); got != -1 {
		t.Errorf("open since %d", got)
	}
	pay(t, l, 300)
	all, err := l.Notes(10)
	if err != nil || len(all) != 3 || all[0].Kind != "of a kind from tomorrow" || string(all[0].Note) != `{"at":[1],"what":"ever"}` || all[2].Kind != noteDayEnded || all[1].Event >= all[2].Event {
		t.Errorf("%+v, %v", all, err)
	}
	if newest, err := l.Notes(1); err != nil || len(newest) != 1 || newest[0].Event != all[2].Event {
		t.Errorf("the newest: %+v, %v", newest, err)
	}
}
