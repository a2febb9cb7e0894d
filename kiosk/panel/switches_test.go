package panel

import (
	"testing"
	"time"

	"selfpay/device/gpio"
)

var start = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// story is a run of switches by seconds since the start.
type story struct {
	t *testing.T
	*switches
}

func tell(t *testing.T, inputs ...string) story {
	s := story{t, newSwitches(inputs)}
	s.at(0)
	return s
}

func seconds(n float64) time.Time { return start.Add(time.Duration(n * float64(time.Second))) }

func (s story) at(n float64) story { s.advance(seconds(n)); return s }

func (s story) set(n float64, input string, on bool) story {
	s.change(gpio.Change{Input: input, On: on, At: seconds(n)})
	return s
}

func (s story) opened(want bool) story {
	s.t.Helper()
	if got := s.takeOpened(); got != want {
		s.t.Errorf("opened: %v, want %v", got, want)
	}
	return s
}

func (s story) calls(want bool) story {
	s.t.Helper()
	if got := !s.called.IsZero(); got != want {
		s.t.Errorf("a call stands: %v, want %v", got, want)
	}
	return s
}

func (s story) isLow(want bool) story {
	s.t.Helper()
	if s.low != want {
		s.t.Errorf("paper low: %v, want %v", s.low, want)
	}
	return s
}

func TestAnOpenLoopIsTampered(t *testing.T) {
	tell(t, Tamper).set(1, Tamper, true).at(2).opened(false).
		set(3, Tamper, false).opened(true)
	// a short one, between two looks
	tell(t, Tamper).set(1, Tamper, true).set(2, Tamper, false).set(2.01, Tamper, true).opened(true).opened(false)
	// one that is cut from the beginning
	tell(t, Tamper).set(1, Tamper, false).opened(true)
	// it is not known yet
	tell(t, Tamper).at(30).opened(false)
}

func TestInServiceTheEnclosureMayBeOpen(t *testing.T) {
	s := tell(t, Tamper, KeySwitch).set(1, Tamper, true).set(1, KeySwitch, true)
	s.set(2, Tamper, false).at(3).opened(false)
	s.set(4, Tamper, true).set(5, KeySwitch, false).at(6).opened(false)
	s.set(7, KeySwitch, true).set(8, Tamper, false).at(9).opened(false)
	s.set(10, KeySwitch, false).opened(true) // turned back with the enclosure open
}

func TestTheKeySwitchHasItsSayFirst(t *testing.T) {
	tell(t, Tamper, KeySwitch).set(0.1, Tamper, false).at(0.2).opened(false).set(0.3, KeySwitch, true).at(20).opened(false)
	tell(t, Tamper, KeySwitch).set(0.1, Tamper, false).opened(false).set(0.3, KeySwitch, false).opened(true)
	// a key switch that cannot be read is no key
	tell(t, Tamper, KeySwitch).set(0.1, Tamper, false).at(9).opened(false).at(10).opened(true)
	s := tell(t, Tamper, KeySwitch).set(1, Tamper, true).set(1, KeySwitch, true)
	s.lost([]string{KeySwitch})
	s.set(2, Tamper, false).opened(true)
}

func TestACallForStaffIsAnsweredAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		long  float64
		taken bool
	}{
		"a knock":      {0.04, false},
		"shortest":     {0.0501, true},
		"a press":      {0.3, true},
		"a long press": {9.9, true},
	} {
		s := tell(t, StaffCall).set(1, StaffCall, false)
		s.set(2, StaffCall, true).set(2+c.long, StaffCall, false)
		if got := !s.called.IsZero(); got != c.taken || s.takeCall() != c.taken || s.takeCall() {
			t.Errorf("%s: call %v, want %v", name, got, c.taken)
		}
	}
	tell(t, StaffCall).set(1, StaffCall, false).set(2, StaffCall, true).at(2.04).calls(false).at(2.06).calls(true) // still held
}

func TestOneCallInHalfAMinute(t *testing.T) {
	s := tell(t, StaffCall).set(1, StaffCall, false)
	press := func(n float64, want bool) {
		t.Helper()
		s.set(n, StaffCall, true).set(n+0.2, StaffCall, false)
		if got := s.takeCall(); got != want {
			t.Errorf("at %v s a call is taken: %v, want %v", n, got, want)
		}
	}
	press(2, true)
	press(3, false)
	press(31, false)
	press(33, true)
}

func TestAStuckButtonIsNoCall(t *testing.T) {
	s := tell(t, StaffCall).set(1, StaffCall, false).set(2, StaffCall, true).at(3).calls(true)
	if s.at(12).stuck || !s.at(12.2).stuck {
		t.Error("stuck is after ten seconds")
	}
	s.calls(false).at(60).calls(false)
	if s.set(61, StaffCall, false); s.stuck {
		t.Error("it is free again")
	}
	s.calls(false)
	// down from the beginning
	if s := tell(t, StaffCall).set(1, StaffCall, true).at(5).calls(false).at(12); !s.stuck {
		t.Error("a button that is down from the beginning is stuck")
	}
	s = tell(t, StaffCall).set(1, StaffCall, false).set(2, StaffCall, true)
	s.lost([]string{StaffCall})
	s.at(20).calls(false)
}

func TestACallEndsWithTheKeyOrByItself(t *testing.T) {
	s := tell(t, StaffCall, KeySwitch).set(0, KeySwitch, false).set(1, StaffCall, false)
	s.set(2, StaffCall, true).set(2.5, StaffCall, false).at(290).calls(true).at(303).calls(false)
	s.set(400, StaffCall, true).set(400.5, StaffCall, false).calls(true).set(410, KeySwitch, true).calls(false)
}

func TestPaperIsLowWhenItStaysLow(t *testing.T) {
	s := tell(t, PaperLow).set(1, PaperLow, false).at(10).isLow(false)
	s.set(11, PaperLow, true).at(15).isLow(false).set(15.5, PaperLow, false).at(30).isLow(false)
	s.set(31, PaperLow, true).at(35.9).isLow(false).at(36).isLow(true)
	s.set(40, PaperLow, false).at(44).isLow(true).set(44.5, PaperLow, true).set(44.6, PaperLow, false).at(49).isLow(true).at(49.6).isLow(false)
	tell(t, PaperLow).set(1, PaperLow, true).at(6).isLow(true)
}

// Only a line that can be read says that there are no mains.
func TestMainsAreGoneSinceTheLineSaidSo(t *testing.T) {
	s := tell(t, PowerFail)
	want := func(gone float64, known bool) {
		t.Helper()
		since, k := s.mainsGone()
		if k != known || gone < 0 && !since.IsZero() || gone >= 0 && !since.Equal(seconds(gone)) {
			t.Errorf("gone since %s, known %v; want %v, %v", since, k, gone, known)
		}
	}
	want(-1, false)
	s.set(1, PowerFail, false)
	want(-1, true)
	s.set(2, PowerFail, true).set(3, PowerFail, true).at(4)
	want(2, true)
	s.lost([]string{PowerFail})
	want(-1, false)
	s.set(5, PowerFail, true)
	want(5, true)
	s.set(6, PowerFail, false)
	want(-1, true)
}
