package scanline

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/holoplot/go-evdev"
)

// typing makes events of what a scanner types, a millisecond apart.
type typing struct {
	at     time.Duration
	events []evdev.InputEvent
}

func (y *typing) event(t evdev.EvType, c evdev.EvCode, value int32) *typing {
	y.at += time.Millisecond
	y.events = append(y.events, evdev.InputEvent{Time: syscall.NsecToTimeval(int64(y.at)), Type: t, Code: c, Value: value})
	return y
}

func (y *typing) press(codes ...evdev.EvCode) *typing {
	for _, c := range codes {
		y.event(evdev.EV_KEY, c, 1).event(evdev.EV_SYN, evdev.SYN_REPORT, 0)
		y.event(evdev.EV_KEY, c, 0).event(evdev.EV_SYN, evdev.SYN_REPORT, 0)
	}
	return y
}

func (y *typing) hold(modifier evdev.EvCode, codes ...evdev.EvCode) *typing {
	y.event(evdev.EV_KEY, modifier, 1)
	y.press(codes...)
	return y.event(evdev.EV_KEY, modifier, 0)
}

func (y *typing) pause(d time.Duration) *typing {
	y.at += d
	return y
}

// text types s, with Shift where the US layout wants it.
func (y *typing) text(s string) *typing {
	for _, r := range []byte(s) {
		for code, c := range keymap {
			if code >= evdev.KEY_KP7 && code <= evdev.KEY_KPDOT || code == evdev.KEY_KPSLASH || code == evdev.KEY_KPASTERISK {
				continue
			}
			if c[0] == r {
				y.press(code)
			} else if c[1] == r {
				y.hold(evdev.KEY_LEFTSHIFT, code)
			}
		}
	}
	return y
}

func start() *typing { return &typing{at: time.Hour} }

// read feeds the events and tells of silence where 60 ms pass without a key.
func read(y *typing) []string {
	k := newKeys(100 * time.Millisecond)
	var labels []string
	add := func(label []byte) {
		if label != nil {
			labels = append(labels, string(label))
		}
	}
	var last time.Duration
	for _, e := range y.events {
		at := time.Duration(e.Time.Nano())
		if at-last > 60*time.Millisecond {
			add(k.silence())
		}
		last = at
		add(k.take(e))
	}
	add(k.silence())
	return labels
}

func TestKeys(t *testing.T) {
	enter := evdev.EvCode(evdev.KEY_ENTER)
	for _, c := range []struct {
		name   string
		typing *typing
		want   []string
	}{
		{"digits and Enter", start().text("21234000567894").press(enter), []string{"21234000567894"}},
		{"Tab", start().text("1234").press(evdev.KEY_TAB), []string{"1234"}},
		{"keypad", start().press(evdev.KEY_NUMLOCK, evdev.KEY_KP1, evdev.KEY_KP2, evdev.KEY_KP3, evdev.KEY_KP0, evdev.KEY_KPENTER), []string{"1230"}},
		{"every character", start().text("09 azAZ-./:+$%?#@]{|}~`'\"").press(enter), []string{"09 azAZ-./:+$%?#@]{|}~`'\""}},
		{"Caps Lock", start().press(evdev.KEY_CAPSLOCK).text("ab1").hold(evdev.KEY_RIGHTSHIFT, evdev.KEY_C).press(evdev.KEY_CAPSLOCK).text("d").press(enter), []string{"AB1cd"}},
		{"silence", start().text("1234").pause(time.Second).text("5678"), []string{"1234", "5678"}},
		{"no silence after the first Enter", start().text("1234").press(enter).pause(time.Second).text("56").pause(80 * time.Millisecond).text("78").press(enter), []string{"1234", "5678"}},
		{"two labels", start().text("1234").press(enter).text("5678").press(enter), []string{"1234", "5678"}},
		{"repeat does not count", start().event(evdev.EV_KEY, evdev.KEY_1, 1).event(evdev.EV_KEY, evdev.KEY_1, 2).event(evdev.EV_KEY, evdev.KEY_1, 2).text("234").press(enter), []string{"1234"}},
		{"a person types", start().text("1").pause(150 * time.Millisecond).text("2").pause(150 * time.Millisecond).text("34").pause(150 * time.Millisecond).press(enter), nil},
		{"a person types, then a label", start().text("1").pause(time.Second).text("5678").press(enter), []string{"5678"}},
		{"a person types to a scanner with Enter", start().text("9999").press(enter).pause(time.Second).text("1").pause(150 * time.Millisecond).text("2").pause(150 * time.Millisecond).text("3").press(enter), []string{"9999"}},
		{"events were lost", start().text("12").event(evdev.EV_SYN, evdev.SYN_DROPPED, 0).text("34567").press(enter).text("5678").press(enter), []string{"5678"}},
		{"events were lost, no Enter", start().text("12").event(evdev.EV_SYN, evdev.SYN_DROPPED, 0).text("34567").pause(time.Second).text("5678"), []string{"5678"}},
		{"events were lost before a pause", start().text("12").event(evdev.EV_SYN, evdev.SYN_DROPPED, 0).text("34").pause(80 * time.Millisecond).text("567").pause(time.Second).text("5678"), []string{"5678"}},
		{"Shift lost with the events", start().event(evdev.EV_KEY, evdev.KEY_LEFTSHIFT, 1).event(evdev.EV_SYN, evdev.SYN_DROPPED, 0).pause(time.Second).text("123").press(enter), []string{"123"}},
		{"Alt and keypad", start().hold(evdev.KEY_LEFTALT, evdev.KEY_KP4, evdev.KEY_KP9).text("23").press(enter), []string{"??23"}},
		{"Enter alone", start().press(enter, enter), nil},
		{"other events", start().event(evdev.EV_MSC, evdev.MSC_SCAN, 30).event(evdev.EV_LED, evdev.LED_CAPSL, 1).text("123").press(enter), []string{"123"}},
	} {
		if got := read(c.typing); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
