package scanline

import (
	"slices"
	"time"
	"unicode"

	"github.com/holoplot/go-evdev"
)

// leastTyped is the fewest characters that make a label on a keyboard: two keys may fall close together when a
// person types, three do not.
const leastTyped = 3

// staleAfter says how many times the pause of a person makes what was typed before a thing of the past. After a shorter
// pause, what follows may be the rest of the same label: then all of it is thrown away, since half a number is a number.
const staleAfter = 10

// keys finds labels in the events of a keyboard.
type keys struct {
	held
	layout Layout
	human  time.Duration // more than this between two keys and a person types
	last   time.Duration // when a key was pressed, by the kernel's wall clock, which may be set meanwhile
	read   time.Time     // when that was read, which may be late
	down   map[evdev.EvCode]bool
	caps   bool
	dead   rune   // an accent that waits for its letter
	code   number // typed with Alt on the keypad
}

// modifiers are the keys that change others while they are down.
var modifiers = []evdev.EvCode{evdev.KEY_LEFTSHIFT, evdev.KEY_RIGHTSHIFT, evdev.KEY_LEFTCTRL, evdev.KEY_RIGHTCTRL,
	evdev.KEY_LEFTALT, evdev.KEY_RIGHTALT, evdev.KEY_LEFTMETA, evdev.KEY_RIGHTMETA}

func newKeys(layout Layout, human time.Duration, caps bool) *keys {
	return &keys{held: held{midway: true}, layout: layout, human: human, caps: caps, down: map[evdev.EvCode]bool{}}
}

// take feeds one event, and returns the label that is complete with it.
func (k *keys) take(e evdev.InputEvent) [][]byte {
	if label := k.event(e, time.Now()); label != nil {
		return [][]byte{label}
	}
	return nil
}

func (k *keys) event(e evdev.InputEvent, read time.Time) []byte {
	at := time.Duration(e.Time.Nano())
	if e.Type == evdev.EV_SYN && e.Code == evdev.SYN_DROPPED {
		// The kernel's buffer ran over; which keys are down is not known either.
		k.spoil()
		k.dead, k.code = 0, number{}
		clear(k.down)
		k.last, k.read = at, read
		return nil
	}
	if e.Type != evdev.EV_KEY {
		return nil
	}
	if slices.Contains(modifiers, e.Code) {
		k.down[e.Code] = e.Value != 0
	}
	if e.Code == evdev.KEY_LEFTALT && e.Value == 0 {
		return k.coded()
	}
	if e.Value != 1 { // neither release nor repeat
		return nil
	}
	k.pause(at-k.last, read.Sub(k.read))
	k.last, k.read = at, read
	switch e.Code {
	case evdev.KEY_CAPSLOCK:
		k.caps = !k.caps
		return nil
	case evdev.KEY_ENTER, evdev.KEY_KPENTER, evdev.KEY_TAB:
		return k.terminator()
	}
	return k.press(e.Code)
}

// pause is the time before a key, by the wall clock, and how much later the key was read than the one before. The clock may be set
// between two keys of a label: what was typed is a thing of the past only where both say so.
func (k *keys) pause(gap, between time.Duration) {
	if gap <= k.human {
		return
	}
	if gap > staleAfter*k.human && between > k.human || len(k.text) == 0 && !k.spoiled {
		k.forget()
	} else {
		k.spoil()
	}
	k.dead = 0
}

// press is a key that stands for a character.
func (k *keys) press(code evdev.EvCode) []byte {
	alt, ctrl := k.down[evdev.KEY_LEFTALT], k.down[evdev.KEY_LEFTCTRL] || k.down[evdev.KEY_RIGHTCTRL]
	if digit, ok := keypad[code]; ok && alt && !ctrl && digit >= '0' && digit <= '9' {
		k.code.digit(int(digit - '0'))
		return nil
	}
	c, known := k.layout.key(code)
	if !known {
		return nil
	}
	level := 0
	if shift := k.down[evdev.KEY_LEFTSHIFT] || k.down[evdev.KEY_RIGHTSHIFT]; shift != (k.caps && c.letter()) {
		level = 1
	}
	meta, altGr := k.down[evdev.KEY_LEFTMETA] || k.down[evdev.KEY_RIGHTMETA], k.down[evdev.KEY_RIGHTALT] || alt && ctrl
	switch upper := unicode.ToUpper(c[0]); {
	case meta, alt && !altGr:
		return k.character(nothing)
	case altGr:
		return k.character(c[level+2])
	case ctrl && upper >= '@' && upper <= '_': // the way to send a control character
		return k.character(upper & 0x1F)
	case ctrl:
		return k.character(nothing)
	}
	return k.character(c[level])
}

// character takes what a key gives. An accent waits for the next one. A control character stays one, for decode.
func (k *keys) character(c rune) []byte {
	if c == '\r' || c == '\n' || c == '\t' {
		return k.terminator()
	}
	if k.dead != 0 {
		c, k.dead = accented(k.dead, c), 0
	}
	switch {
	case c == deadCircumflex, c == deadGrave, c == deadTilde, c == deadOther:
		k.dead = c
	case c > 0x7F:
		k.add('?')
	default:
		k.add(byte(c))
	}
	return nil
}

// accented is what an accent makes of the next character: with a blank itself, else a letter outside of ASCII.
func accented(dead, c rune) rune {
	if c == ' ' {
		switch dead {
		case deadCircumflex:
			return '^'
		case deadGrave:
			return '`'
		case deadTilde:
			return '~'
		}
	}
	return nothing
}

// number is that of a character, typed on the keypad while Alt is down: the way to send text whatever the
// layout of the keyboard is, "universal mode" or "Alt mode" to scanners.
type number struct{ value, digits int }

// mostDigits is the longest number that means something: a leading zero and three digits.
const mostDigits = 4

func (c *number) digit(d int) {
	if c.digits++; c.digits <= mostDigits {
		c.value = 10*c.value + d
	}
}

// coded takes the character whose number is complete.
func (k *keys) coded() []byte {
	c := k.code
	k.code = number{}
	switch {
	case c.digits == 0:
		return nil
	case c.digits > mostDigits, c.value == 0:
		return k.character(nothing)
	}
	return k.character(rune(c.value))
}

func (k *keys) terminator() []byte {
	label := k.typed()
	k.terminated = k.terminated || label != nil
	return label
}

// silence tells that no key was pressed for a while. It returns the label that is complete with it, or nil.
func (k *keys) silence() []byte {
	k.between()
	if k.terminated || k.spoiled { // what was lost may go on; the next pause of a person's length ends it
		return nil
	}
	label := k.typed()
	k.silent = k.silent || label != nil
	return label
}

func (k *keys) typed() []byte {
	if k.dead != 0 {
		k.dead = 0
		k.add('?')
	}
	label := k.end()
	if label != nil && len(label) < leastTyped {
		k.lost.Broken++
		return nil
	}
	return label
}
