package kiosk

import (
	"testing"
	"time"
)

func TestEndOfDayComesOnceADay(t *testing.T) {
	day := func(hour, minute int) time.Time { return time.Date(2026, 11, 21, hour, minute, 0, 0, time.UTC) }
	for name, c := range map[string]struct{ now, want time.Time }{
		"before":   {day(12, 0), day(23, 10)},
		"at":       {day(23, 10), day(23, 10).AddDate(0, 0, 1)},
		"after":    {day(23, 11), day(23, 10).AddDate(0, 0, 1)},
		"midnight": {day(0, 0), day(23, 10)},
	} {
		if got := nextAt("23:10", c.now); !got.Equal(c.want) {
			t.Errorf("%s: next end of day at %s, want %s", name, got, c.want)
		}
	}
}

func TestClockCountsWithinOneBoot(t *testing.T) {
	now := Clock()
	first, second := now(), now()
	if first.Boot == "" {
		t.Error("the boot has no name")
	}
	if passed, known := second.Since(first); !known || passed < 0 {
		t.Errorf("passed %s, known %v", passed, known)
	}
	again := Clock()() // as after a restart of the program
	if passed, known := again.Since(first); !known || passed > time.Minute {
		t.Errorf("after a restart: %s, %v", passed, known)
	}
}
