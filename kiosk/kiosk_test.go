package kiosk

import (
	"testing"
	"time"
)

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
