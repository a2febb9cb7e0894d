package scanline

import (
	"slices"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

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

// text types s on the US layout.
func (y *typing) text(s string) *typing { return y.on("us", s) }

// on types s on a layout, with Shift and AltGr and a blank behind an accent where they are wanted. What the layout has
// not it does not type.
func (y *typing) on(name, s string) *typing {
	layout, err := ParseLayout(name)
	if err != nil {
		panic(err)
	}
	for _, r := range s {
		code, level, known := layout.find(r)
		if !known {
			if code, level, known = layout.find(map[rune]rune{'^': deadCircumflex, '`': deadGrave, '~': deadTilde}[r]); !known {
				continue
			}
		}
		if level >= 2 {
			y.event(evdev.EV_KEY, evdev.KEY_RIGHTALT, 1)
		}
		if level%2 == 1 {
			y.hold(evdev.KEY_LEFTSHIFT, code)
		} else {
			y.press(code)
		}
		if level >= 2 {
			y.event(evdev.EV_KEY, evdev.KEY_RIGHTALT, 0)
		}
		if c := layout.keys[code][level]; c != r && code != evdev.KEY_SPACE {
			y.press(evdev.KEY_SPACE)
		}
	}
	return y
}

// find looks for the key that gives r.
func (l Layout) find(r rune) (evdev.EvCode, int, bool) {
	for level := range 4 {
		for code, c := range l.keys {
			if r != 0 && c[level] == r {
				return code, level, true
			}
		}
	}
	return 0, 0, false
}

// coded types characters by their numbers, on the keypad with Alt.
func (y *typing) coded(numbers ...string) *typing {
	for _, n := range numbers {
		y.event(evdev.EV_KEY, evdev.KEY_LEFTALT, 1)
		for _, digit := range n {
			for code, c := range keypad {
				if c == digit {
					y.press(code)
				}
			}
		}
		y.event(evdev.EV_KEY, evdev.KEY_LEFTALT, 0)
	}
	return y
}

func start() *typing { return &typing{at: time.Hour} }

// read feeds the events and tells of silence where 60 ms pass without a key.
func read(y *typing) []string { return readOn(Layout{}, false, y) }

func readOn(layout Layout, caps bool, y *typing) []string {
	k := newKeys(layout, 100*time.Millisecond, caps)
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
		add(k.event(e, time.Unix(0, e.Time.Nano())))
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
		{"a label with a pause in it", start().text("9999").press(enter).text("2123400").pause(150 * time.Millisecond).text("0567894").press(enter).text("5678").press(enter), []string{"9999", "5678"}},
		{"a label with a pause in it and its Enter lost", start().text("9999").press(enter).text("2123400").pause(150 * time.Millisecond).text("0567894").pause(2 * time.Second).text("5678").press(enter), []string{"9999", "5678"}},
		{"Alt and keypad", start().coded("49", "050", "0051", "65").press(enter), []string{"123A"}},
		{"Alt and keypad between digits", start().text("12").coded("45").text("34").press(enter), []string{"12-34"}},
		{"Alt and keypad with Enter as 13", start().coded("49", "050", "0051", "13").coded("52", "53", "54", "10"), []string{"123", "456"}},
		{"Alt and keypad, a control character", start().coded("02", "49", "50", "29", "51").press(enter), []string{"\x0212\x1d3"}},
		{"Alt and keypad, no ASCII", start().coded("49", "0252", "256", "00049", "0", "999999999999999999999").press(enter), []string{"1?????"}},
		{"Alt alone", start().text("12").coded("").text("3").press(enter), []string{"123"}},
		{"Alt and the digits of the upper row", start().hold(evdev.KEY_LEFTALT, evdev.KEY_4, evdev.KEY_9).text("23").press(enter), []string{"??23"}},
		{"AltGr on a layout without", start().hold(evdev.KEY_RIGHTALT, evdev.KEY_4).text("123").press(enter), []string{"?123"}},
		{"Ctrl for a control character", start().hold(evdev.KEY_LEFTCTRL, evdev.KEY_B).text("123").hold(evdev.KEY_RIGHTCTRL, evdev.KEY_RIGHTBRACE).text("4").hold(evdev.KEY_LEFTCTRL, evdev.KEY_C, evdev.KEY_M), []string{"\x02123\x1d4\x03"}},
		{"Ctrl without meaning", start().hold(evdev.KEY_LEFTCTRL, evdev.KEY_1).text("234").press(enter), []string{"?234"}},
		{"Meta", start().hold(evdev.KEY_LEFTMETA, evdev.KEY_R).text("234").press(enter), []string{"?234"}},
		{"Alt lost with the events", start().event(evdev.EV_KEY, evdev.KEY_LEFTALT, 1).press(evdev.KEY_KP4).event(evdev.EV_SYN, evdev.SYN_DROPPED, 0).pause(2*time.Second).coded("49", "50", "51").press(enter), []string{"123"}},
		{"keypad marks", start().press(evdev.KEY_KP1, evdev.KEY_KPMINUS, evdev.KEY_KP2, evdev.KEY_KPDOT, evdev.KEY_KPSLASH, evdev.KEY_KPPLUS, enter), []string{"1-2./+"}},
		{"Enter alone", start().press(enter, enter), nil},
		{"other events", start().event(evdev.EV_MSC, evdev.MSC_SCAN, 30).event(evdev.EV_LED, evdev.LED_CAPSL, 1).text("123").press(enter), []string{"123"}},
	} {
		if got := read(c.typing); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// The kernel tells keys by the clock on the wall. Set between two keys of a label, by however much, it makes no number of the half.
func TestAClockThatIsSetMakesNoNumberOfAHalf(t *testing.T) {
	for _, set := range []time.Duration{-10 * 365 * 24 * time.Hour, -time.Second, 150 * time.Millisecond, time.Hour, 10 * 365 * 24 * time.Hour} {
		k := newKeys(Layout{}, 100*time.Millisecond, false)
		now, by := time.Now(), time.Duration(0)
		var labels []string
		typed := func(y *typing) {
			for _, e := range y.events {
				now = now.Add(time.Millisecond)
				e.Time = syscall.NsecToTimeval(now.Add(by).UnixNano())
				if label := k.event(e, now); label != nil {
					labels = append(labels, string(label))
				}
			}
		}
		k.silence()
		typed(start().text("9999").press(evdev.KEY_ENTER))
		now = now.Add(time.Minute)
		typed(start().text("2123400"))
		by = set
		typed(start().text("0567894").press(evdev.KEY_ENTER))
		now = now.Add(time.Minute)
		typed(start().text("5678").press(evdev.KEY_ENTER))
		want := []string{"9999", "5678"}
		if set < 0 { // nothing says that it was not typed at once, as it was
			want = []string{"9999", "21234000567894", "5678"}
		}
		if !slices.Equal(labels, want) {
			t.Errorf("the clock set by %s: %q, want %q", set, labels, want)
		}
	}
}

func TestEachLayoutTypesWhatCardsHold(t *testing.T) {
	const onCards = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-./:+$%"
	for _, name := range Layouts() {
		layout, err := ParseLayout(name)
		if err != nil {
			t.Fatal(err)
		}
		for level, row := range layouts[name] {
			if n := len([]rune(row)); n != len(positions) {
				t.Errorf("%s: %d keys in row %d, want %d", name, n, level, len(positions))
			}
		}
		if got := readOn(layout, false, start().on(name, onCards).press(evdev.KEY_ENTER)); !slices.Equal(got, []string{onCards}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// The keys are those of the manuals: what a scanner that is set to the country sends for these characters.
func TestLayouts(t *testing.T) {
	shift, altGr := evdev.EvCode(evdev.KEY_LEFTSHIFT), evdev.EvCode(evdev.KEY_RIGHTALT)
	for _, c := range []struct {
		layout string
		typing *typing
		want   string
	}{
		{"us", start().press(evdev.KEY_Y, evdev.KEY_Z, evdev.KEY_MINUS, evdev.KEY_SLASH), "yz-/"},
		{"de", start().press(evdev.KEY_Y, evdev.KEY_Z, evdev.KEY_SLASH).hold(shift, evdev.KEY_7, evdev.KEY_DOT, evdev.KEY_SLASH), "zy-/:_"},
		{"de", start().hold(altGr, evdev.KEY_Q, evdev.KEY_7, evdev.KEY_8, evdev.KEY_9, evdev.KEY_0, evdev.KEY_MINUS, evdev.KEY_RIGHTBRACE, evdev.KEY_102ND), "@{[]}\\~|"},
		{"de", start().press(evdev.KEY_GRAVE, evdev.KEY_SPACE, evdev.KEY_1).hold(shift, evdev.KEY_EQUAL).press(evdev.KEY_SPACE, evdev.KEY_MINUS, evdev.KEY_2), "^1`?2"},
		{"de", start().press(evdev.KEY_1, evdev.KEY_EQUAL, evdev.KEY_E, evdev.KEY_EQUAL, evdev.KEY_SPACE, evdev.KEY_2), "1??2"},
		{"de", start().press(evdev.KEY_1, evdev.KEY_2, evdev.KEY_GRAVE), "12?"},
		{"fr", start().press(evdev.KEY_Q, evdev.KEY_W, evdev.KEY_A, evdev.KEY_Z, evdev.KEY_SEMICOLON, evdev.KEY_6, evdev.KEY_DOT), "azqwm-:"},
		{"fr", start().hold(shift, evdev.KEY_1, evdev.KEY_2, evdev.KEY_0, evdev.KEY_COMMA, evdev.KEY_DOT), "120./"},
		{"fr", start().hold(altGr, evdev.KEY_0, evdev.KEY_3, evdev.KEY_8), "@#\\"},
		{"be", start().hold(shift, evdev.KEY_1, evdev.KEY_SLASH).press(evdev.KEY_EQUAL, evdev.KEY_SLASH), "1+-="},
		{"uk", start().press(evdev.KEY_BACKSLASH, evdev.KEY_102ND).hold(shift, evdev.KEY_2, evdev.KEY_APOSTROPHE), "#\\\"@"},
		{"es", start().press(evdev.KEY_MINUS, evdev.KEY_SLASH).hold(shift, evdev.KEY_7, evdev.KEY_SLASH), "'-/_"},
		{"it", start().hold(altGr, evdev.KEY_SEMICOLON, evdev.KEY_LEFTBRACE).event(evdev.EV_KEY, altGr, 1).hold(shift, evdev.KEY_LEFTBRACE).event(evdev.EV_KEY, altGr, 0).hold(shift, evdev.KEY_7), "@[{/"},
		{"ch", start().press(evdev.KEY_Y, evdev.KEY_SLASH).hold(shift, evdev.KEY_1, evdev.KEY_3, evdev.KEY_7), "z-+*/"},
		{"se", start().press(evdev.KEY_MINUS, evdev.KEY_SLASH).hold(shift, evdev.KEY_7), "+-/"},
		{"br", start().press(evdev.KEY_SLASH, evdev.KEY_RO).hold(shift, evdev.KEY_RO), ";/?"},
		{"cz", start().hold(shift, evdev.KEY_1, evdev.KEY_0, evdev.KEY_LEFTBRACE).press(evdev.KEY_1, evdev.KEY_SLASH), "10/+-"},
		{"ca", start().press(evdev.KEY_GRAVE, evdev.KEY_MINUS).hold(shift, evdev.KEY_3), "#-/"},
	} {
		layout, err := ParseLayout(c.layout)
		if err != nil {
			t.Fatal(err)
		}
		if got := readOn(layout, false, c.typing.press(evdev.KEY_ENTER)); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q, want %q", c.layout, got, c.want)
		}
	}
	if _, err := ParseLayout("klingon"); err == nil {
		t.Error("an unknown layout was taken")
	}
}

func TestASilenceThatEndedALabelOnAKeyboardIsEnoughForTheNext(t *testing.T) {
	k := newKeys(Layout{}, 100*time.Millisecond, false)
	k.silence()
	if got := k.patience(); got <= 1 {
		t.Errorf("patience of %d before anything is known", got)
	}
	for _, e := range start().text("1234").events {
		k.event(e, time.Unix(0, e.Time.Nano()))
	}
	if got := k.silence(); string(got) != "1234" || k.patience() != 1 {
		t.Errorf("%q, then patience of %d", got, k.patience())
	}
}

func TestAltGrMayComeAsCtrlAndAlt(t *testing.T) {
	de, err := ParseLayout("de")
	if err != nil {
		t.Fatal(err)
	}
	y := start().event(evdev.EV_KEY, evdev.KEY_LEFTCTRL, 1).hold(evdev.KEY_LEFTALT, evdev.KEY_Q).event(evdev.EV_KEY, evdev.KEY_LEFTCTRL, 0).text("12").press(evdev.KEY_ENTER)
	if got := readOn(de, false, y); !slices.Equal(got, []string{"@12"}) {
		t.Errorf("%q", got)
	}
}

func TestCapsLockThatWasOnTurnsLettersRound(t *testing.T) {
	if got := readOn(Layout{}, true, start().text("aB-1").press(evdev.KEY_ENTER)); !slices.Equal(got, []string{"Ab-1"}) {
		t.Errorf("%q", got)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte{1, 2, 1, 1, 3, 1, 1, 28, 1}, uint8(0))
	f.Add([]byte{1, 56, 1, 1, 79, 1, 1, 56, 0, 0, 3, 0, 1, 28, 1}, uint8(3))
	f.Fuzz(func(t *testing.T, raw []byte, which uint8) {
		names := Layouts()
		layout, err := ParseLayout(names[int(which)%len(names)])
		if err != nil {
			t.Fatal(err)
		}
		k := newKeys(layout, 100*time.Millisecond, false)
		at := time.Hour
		for ; len(raw) >= 3; raw = raw[3:] {
			at += time.Duration(raw[2]>>2) * 7 * time.Millisecond
			e := evdev.InputEvent{Time: syscall.NsecToTimeval(int64(at)), Type: evdev.EvType(raw[0] % 3), Code: evdev.EvCode(raw[1]), Value: int32(raw[2] % 4)}
			label := k.event(e, time.Unix(0, e.Time.Nano()))
			if len(label) > maxRaw || len(k.text) > maxRaw || slices.Contains(label, '\r') {
				t.Fatalf("label of %d, %d held", len(label), len(k.text))
			}
			if label != nil && len(label) < leastTyped {
				t.Fatalf("%q is a label", label)
			}
			if !utf8.Valid(label) {
				t.Fatalf("%q", label)
			}
		}
	})
}
