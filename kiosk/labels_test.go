package kiosk

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device/scanner"
)

func TestALabelThatWasAskedForIsNotTheSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		l := &labels{session: func(s scanner.Scan) { seen = append(seen, s.Text) }}
		l.take(scanner.Scan{Text: "1"})
		got := make(chan string, 1)
		go func() {
			s, err := l.next(t.Context(), func() {})
			if err != nil {
				t.Error(err)
			}
			got <- s.Text
		}()
		synctest.Wait()
		l.take(scanner.Scan{Text: "2"})
		l.take(scanner.Scan{Text: "3"})
		if text := <-got; text != "2" || len(seen) != 2 || seen[0] != "1" || seen[1] != "3" {
			t.Errorf("asked for %q, the session saw %q", text, seen)
		}
	})
}

func TestALabelAfterTheAskerHasLeftIsTheSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		l := &labels{session: func(s scanner.Scan) { seen = append(seen, s.Text) }}
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		if _, err := l.next(ctx, func() {}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("next = %v", err)
		}
		l.take(scanner.Scan{Text: "1"})
		if len(seen) != 1 {
			t.Errorf("the session saw %q", seen)
		}
	})
}
