package session

import (
	"slices"
	"time"
)

// lay puts something over the screen, which goes on beneath.
func (s *Session) lay(over Layer) {
	s.view.Over = over
	s.showAdjusted()
}

// layerActions are the taps that what lies over the screen knows.
func (s *Session) layerActions() map[string]func(string) error {
	switch s.view.Over {
	case LayerLanguages:
		return map[string]func(string) error{"language": s.language, "back": always(s.uncover)}
	case LayerAids:
		return map[string]func(string) error{"aid": s.aid, "back": always(s.uncover)}
	case LayerLeaving:
		return map[string]func(string) error{"stay": always(s.stay), "leave": always(s.reset)}
	}
	return nil
}

func (s *Session) uncover() {
	s.view.Over = LayerNone
	s.show()
}

func (s *Session) language(value string) error {
	if !slices.Contains(s.Languages, value) {
		return ErrStale
	}
	s.view.Language, s.view.Over = value, LayerNone
	s.showAdjusted()
	return nil
}

// aid turns an aid on or off.
func (s *Session) aid(name string) error {
	on := s.view.Aids.named(name)
	if on == nil || name == "curtain" && !s.view.Listening {
		return ErrStale
	}
	*on = !*on
	if s.view.Screen != ScreenReady { // more time holds from now on
		s.begins()
	}
	s.showAdjusted()
	return nil
}

// showAdjusted shows a screen that the patron has made their own. The next one begins with the library's own ways again.
func (s *Session) showAdjusted() {
	if s.view.Screen == ScreenReady {
		s.after(s.patience(s.Waits.Idle), s.reset)
	}
	s.show()
}

// Listen says whether a headset is plugged in. While it is, every screen waits three times as long; when it is pulled, the aids end.
func (s *Session) Listen(on bool) {
	s.send(func() {
		if on == s.view.Listening {
			return
		}
		s.view.Listening = on
		if !on {
			s.view.Aids = Aids{}
		}
		s.show()
	})
}

// patience is how long a wait is for this patron.
func (s *Session) patience(wait time.Duration) time.Duration {
	if s.view.Listening || s.view.Aids.MoreTime {
		return 3 * wait
	}
	return wait
}

// timeToAnswer is how long a patron who does nothing is asked whether they need more time, WCAG 2.2.1: twenty seconds, and half of the
// time that a screen waits where that is short.
func (s *Session) timeToAnswer() time.Duration {
	return s.patience(min(20*time.Second, s.Waits.Idle/2))
}

// stay begins the time of a screen anew, as often as somebody asks for it.
func (s *Session) stay() {
	s.view.Over = LayerNone
	s.begins()
	s.show()
}

// begins starts the time of the present screen. A result and a message stand for their whole time before it is asked.
func (s *Session) begins() {
	wait := s.patience(s.Waits.Idle) - s.timeToAnswer()
	switch s.view.Screen {
	case ScreenMessage:
		wait = s.patience(s.Waits.Message)
	case ScreenOutcome:
		wait = s.patience(s.Waits.Result)
	}
	s.after(wait, s.askWhetherToStay)
}

func (s *Session) askWhetherToStay() {
	s.view.Over = LayerLeaving
	s.after(s.timeToAnswer(), s.reset)
	s.show()
}
