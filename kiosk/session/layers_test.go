package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"selfpay/kiosk/session"
)

func TestAResultAndAMessageStandForTheirWholeTimeBeforeTheyAskToGo(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		for _, c := range []struct {
			screen session.Screen
			wait   time.Duration
			reach  func()
		}{
			{session.ScreenOutcome, session.StandardWaits.Result, s.pay},
			{session.ScreenMessage, session.StandardWaits.Message, func() { s.scan("4711") }},
		} {
			c.reach()
			over(c.wait - time.Second)
			if v := s.sees(c.screen); v.Over != session.LayerNone {
				t.Errorf("%s asks too early", c.screen)
			}
			over(2 * time.Second)
			if v := s.sees(c.screen); v.Over != session.LayerLeaving {
				t.Errorf("%s does not ask", c.screen)
			}
			s.tap("stay", "")
			over(c.wait - time.Second)
			if v := s.sees(c.screen); v.Over != session.LayerNone {
				t.Errorf("%s did not stay", c.screen)
			}
			over(22 * time.Second)
			s.forgotten()
		}
	})
}

func TestAidsAreChosenOnTheirOwnLayerAndEndWithTheVisit(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.tap("aids", "")
		s.tap("aid", "large-text")
		s.tap("aid", "high-contrast")
		for _, other := range []string{"number", "language", "leave"} {
			if err := s.try(other, "en"); !errors.Is(err, session.ErrStale) {
				t.Errorf("%s of the screen beneath: %v", other, err)
			}
		}
		for _, nonsense := range []string{"", "loud", "curtain"} { // nobody listens
			if err := s.try("aid", nonsense); !errors.Is(err, session.ErrStale) {
				t.Errorf("aid %q: %v", nonsense, err)
			}
		}
		s.tap("back", "")
		s.scan(card)
		v := s.sees(session.ScreenFees)
		if want := []string{"large-text", "high-contrast"}; !slices.Equal(v.Aids.Chosen(), want) || v.Over != session.LayerNone {
			t.Errorf("the visit begins with %v, want %v", v.Aids.Chosen(), want)
		}
		s.tap("aids", "")
		s.tap("aid", "large-text")
		s.tap("back", "")
		if v := s.sees(session.ScreenFees); !slices.Equal(v.Aids.Chosen(), []string{"high-contrast"}) {
			t.Errorf("turned off again: %v", v.Aids.Chosen())
		}
		s.tap("leave", "")
		s.forgotten()
		s.tap("aids", "")
		s.tap("aid", "reach")
		over(session.StandardWaits.Idle + time.Second) // whoever it was has gone
		s.forgotten()
	})
}

func TestWhoNeedsMoreTimeHasThreeTimesAsMuch(t *testing.T) {
	for name, ask := range map[string]func(*station){
		"chosen":  func(s *station) { s.tap("aids", ""); s.tap("aid", "more-time"); s.tap("back", "") },
		"headset": func(s *station) { s.Listen(true) },
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			ask(s)
			s.scan(card)
			over(3*session.StandardWaits.Idle - 61*time.Second)
			if v := s.sees(session.ScreenFees); v.Over != session.LayerNone {
				t.Errorf("%s: asked too early", name)
			}
			over(2 * time.Second)
			if v := s.sees(session.ScreenFees); v.Over != session.LayerLeaving {
				t.Errorf("%s: not asked", name)
			}
			over(58 * time.Second)
			s.sees(session.ScreenFees)
			over(2 * time.Second)
			s.sees(session.ScreenReady)
		})
	}
}

func TestThePulledHeadsetOpensTheCurtain(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.Listen(true)
		s.tap("aids", "")
		s.tap("aid", "curtain")
		s.tap("back", "")
		s.scan(card)
		if v := s.sees(session.ScreenFees); !v.Aids.Curtain || !v.Listening {
			t.Errorf("%+v", v)
		}
		s.Listen(false)
		if v := s.sees(session.ScreenFees); v.Aids != (session.Aids{}) || v.Listening {
			t.Errorf("nobody can see or hear the screen: %+v", v)
		}
	})
}
