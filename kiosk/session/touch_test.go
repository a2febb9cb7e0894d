package session_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/session"
)

// trial is a test of the touch panel that runs beside the loop.
type trial struct {
	missed []int
	err    error
	ended  bool
}

func (s *station) tries(ctx context.Context) *trial {
	var t trial
	go func() {
		t.missed, t.err = s.TryTouch(ctx)
		t.ended = true
	}()
	synctest.Wait()
	return &t
}

func (s *station) touches(fields ...int) {
	s.t.Helper()
	for _, f := range fields {
		s.sees(session.ScreenTouch)
		s.tap("touch", fmt.Sprint(f))
	}
}

func TestTouchPanelIsTriedFieldByField(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		test := s.tries(t.Context())
		if err := s.try("touch", "12"); !errors.Is(err, session.ErrStale) {
			t.Errorf("a field that is not there: %v", err)
		}
		first := s.sees(session.ScreenTouch)
		s.touches(11, 0, 0, 5)
		if v := s.sees(session.ScreenTouch); !v.Touched[11] || !v.Touched[0] || v.Touched[1] || slices.Contains(first.Touched, true) {
			t.Errorf("touched %v, at first %v", v.Touched, first.Touched)
		}
		s.scan(card)
		s.touches(1, 2, 3, 4, 6, 7, 8, 9, 10)
		if !test.ended || test.err != nil || len(test.missed) != 0 {
			t.Errorf("%+v", test)
		}
		s.forgotten()
	})
}

func TestTouchPanelThatStaysSilentIsTold(t *testing.T) {
	for what, end := range map[string]func(*station, func()){
		"nobody touches": func(*station, func()) { over(30 * time.Second) },
		"somebody left":  func(s *station, _ func()) { s.tap("leave", "") },
		"nobody waits":   func(_ *station, stop func()) { stop(); synctest.Wait() },
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			test := s.tries(ctx)
			s.touches(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
			over(29 * time.Second)
			s.touches(3)
			end(s, stop)
			synctest.Wait()
			if gone := what == "nobody waits"; !test.ended || gone != errors.Is(test.err, context.Canceled) || !gone && !slices.Equal(test.missed, []int{10, 11}) {
				t.Errorf("%s: %+v", what, test)
			}
			s.forgotten()
			s.scan(card)
			s.sees(session.ScreenFees)
		})
	}
}

func TestTouchPanelIsNotTriedWhileSomebodyIsThere(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		if test := s.tries(t.Context()); !test.ended || !errors.Is(test.err, session.ErrVisit) {
			t.Errorf("beside a patron: %+v", test)
		}
		s.sees(session.ScreenFees)
		s.tap("leave", "")
		first := s.tries(t.Context())
		if second := s.tries(t.Context()); !second.ended || !errors.Is(second.err, session.ErrVisit) {
			t.Errorf("two at a time: %+v", second)
		}
		s.tap("leave", "")
		if !first.ended || len(first.missed) != session.TouchFields {
			t.Errorf("%+v", first)
		}
		s.blocked(session.ReasonTerminalDown)
		s.tries(t.Context())
		s.sees(session.ScreenTouch)
		s.tap("leave", "")
		s.sees(session.ScreenOutOfService)
	})
}
