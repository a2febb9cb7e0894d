package panel

import (
	"time"

	"selfpay/device/gpio"
)

// The inputs.
const (
	Tamper    = "tamper"
	KeySwitch = "key_switch"
	StaffCall = "staff_call"
	PaperLow  = "paper_low"
	PowerFail = "power_fail"
)

// The bounds of the switches.
const (
	shortestPress = 50 * time.Millisecond
	longestPress  = 10 * time.Second // a button that is held longer is stuck
	betweenCalls  = 30 * time.Second
	callLasts     = 5 * time.Minute // or until the key switch is turned
	paperStable   = 5 * time.Second
	keyTold       = 10 * time.Second // after the start, for the level of the key switch
)

// switches make meaning of levels. Times come in; there is no clock in here.
type switches struct {
	has map[string]bool // the inputs that the station has

	known map[string]bool // the level of these is known
	on    map[string]bool
	since map[string]time.Time // when it came to its level

	begun   time.Time
	opened  bool      // the enclosure was opened, outside of service, since it was last asked
	pressed time.Time // when the button went down; zero: it is up, or its press is dealt with
	called  time.Time // the last call that was taken; zero: none stands
	last    time.Time // the last call that was taken
	fresh   bool      // a call was taken since it was last asked
	stuck   bool
	low     bool // the paper
}

func newSwitches(inputs []string) *switches {
	s := &switches{has: map[string]bool{}, known: map[string]bool{}, on: map[string]bool{}, since: map[string]time.Time{}}
	for _, name := range inputs {
		s.has[name] = true
	}
	return s
}

// change takes a level.
func (s *switches) change(c gpio.Change) {
	s.advance(c.At)
	first := !s.known[c.Input]
	if first || s.on[c.Input] != c.On {
		s.since[c.Input] = c.At
	}
	s.known[c.Input], s.on[c.Input] = true, c.On
	switch c.Input {
	case Tamper, KeySwitch:
		s.watchEnclosure(c.At)
		if c.Input == KeySwitch && !first { // somebody is there
			s.called = time.Time{}
		}
	case StaffCall:
		s.press(c, first)
	}
}

// lost takes the word that inputs cannot be read any more.
func (s *switches) lost(inputs []string) {
	for _, name := range inputs {
		s.known[name] = false
		if name == StaffCall {
			s.pressed, s.stuck = time.Time{}, false
		}
	}
}

// watchEnclosure keeps that the enclosure is open. At the start the key switch has its say first.
func (s *switches) watchEnclosure(now time.Time) {
	_, told := s.known[KeySwitch]
	if s.has[KeySwitch] && !told && now.Sub(s.begun) < keyTold {
		return
	}
	if s.known[Tamper] && !s.on[Tamper] && !s.service() {
		s.opened = true
	}
}

// service says whether the key is turned. A key switch that cannot be read is not.
func (s *switches) service() bool { return s.known[KeySwitch] && s.on[KeySwitch] }

// mainsGone is since when the line for it says that there are no mains; the zero time: they are there. Only a line that can be
// read is believed.
func (s *switches) mainsGone() (since time.Time, known bool) {
	if !s.known[PowerFail] || !s.on[PowerFail] {
		return time.Time{}, s.known[PowerFail]
	}
	return s.since[PowerFail], true
}

func (s *switches) press(c gpio.Change, first bool) {
	if c.On {
		if !first { // one that was down from the beginning is no press
			s.pressed = c.At
		}
		return
	}
	s.stuck = false
	if !s.pressed.IsZero() && c.At.Sub(s.pressed) >= shortestPress {
		s.call(c.At)
	}
	s.pressed = time.Time{}
}

func (s *switches) call(at time.Time) {
	s.pressed = time.Time{}
	if s.last.IsZero() || at.Sub(s.last) >= betweenCalls {
		s.called, s.last, s.fresh = at, at, true
	}
}

// advance lets time pass.
func (s *switches) advance(now time.Time) {
	if s.begun.IsZero() {
		s.begun = now
	}
	s.watchEnclosure(now)
	if !s.pressed.IsZero() && now.Sub(s.pressed) >= shortestPress { // answered while it is still held
		s.call(now)
	}
	if s.known[StaffCall] && s.on[StaffCall] && now.Sub(s.since[StaffCall]) > longestPress && !s.stuck {
		s.stuck, s.called = true, time.Time{}
	}
	if !s.called.IsZero() && now.Sub(s.called) >= callLasts {
		s.called = time.Time{}
	}
	if s.known[PaperLow] && s.on[PaperLow] != s.low && now.Sub(s.since[PaperLow]) >= paperStable {
		s.low = s.on[PaperLow]
	}
}

// takeOpened says whether the enclosure was opened since it was last asked, or is open now.
func (s *switches) takeOpened() bool {
	opened := s.opened
	s.opened = false
	return opened
}

// takeCall says whether a call was taken since it was last asked.
func (s *switches) takeCall() bool {
	fresh := s.fresh
	s.fresh = false
	return fresh
}
