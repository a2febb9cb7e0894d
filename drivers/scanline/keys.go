package scanline

import (
	"time"

	"github.com/holoplot/go-evdev"
)

// leastTyped is the fewest characters that make a label on a keyboard: two keys may fall close together when a
// person types, three do not.
const leastTyped = 3

// keymap is the US layout: the character without and with Shift. Capitals follow from the letters.
var keymap = map[evdev.EvCode][2]byte{
	evdev.KEY_1: {'1', '!'}, evdev.KEY_2: {'2', '@'}, evdev.KEY_3: {'3', '#'}, evdev.KEY_4: {'4', '$'},
	evdev.KEY_5: {'5', '%'}, evdev.KEY_6: {'6', '^'}, evdev.KEY_7: {'7', '&'}, evdev.KEY_8: {'8', '*'},
	evdev.KEY_9: {'9', '('}, evdev.KEY_0: {'0', ')'},

	evdev.KEY_A: {'a', 'A'}, evdev.KEY_B: {'b', 'B'}, evdev.KEY_C: {'c', 'C'}, evdev.KEY_D: {'d', 'D'},
	evdev.KEY_E: {'e', 'E'}, evdev.KEY_F: {'f', 'F'}, evdev.KEY_G: {'g', 'G'}, evdev.KEY_H: {'h', 'H'},
	evdev.KEY_I: {'i', 'I'}, evdev.KEY_J: {'j', 'J'}, evdev.KEY_K: {'k', 'K'}, evdev.KEY_L: {'l', 'L'},
	evdev.KEY_M: {'m', 'M'}, evdev.KEY_N: {'n', 'N'}, evdev.KEY_O: {'o', 'O'}, evdev.KEY_P: {'p', 'P'},
	evdev.KEY_Q: {'q', 'Q'}, evdev.KEY_R: {'r', 'R'}, evdev.KEY_S: {'s', 'S'}, evdev.KEY_T: {'t', 'T'},
	evdev.KEY_U: {'u', 'U'}, evdev.KEY_V: {'v', 'V'}, evdev.KEY_W: {'w', 'W'}, evdev.KEY_X: {'x', 'X'},
	evdev.KEY_Y: {'y', 'Y'}, evdev.KEY_Z: {'z', 'Z'},

	evdev.KEY_MINUS: {'-', '_'}, evdev.KEY_EQUAL: {'=', '+'}, evdev.KEY_LEFTBRACE: {'[', '{'},
	evdev.KEY_RIGHTBRACE: {']', '}'}, evdev.KEY_SEMICOLON: {';', ':'}, evdev.KEY_APOSTROPHE: {'\'', '"'},
	evdev.KEY_GRAVE: {'`', '~'}, evdev.KEY_BACKSLASH: {'\\', '|'}, evdev.KEY_COMMA: {',', '<'},
	evdev.KEY_DOT: {'.', '>'}, evdev.KEY_SLASH: {'/', '?'}, evdev.KEY_SPACE: {' ', ' '},

	evdev.KEY_KP0: {'0', '0'}, evdev.KEY_KP1: {'1', '1'}, evdev.KEY_KP2: {'2', '2'}, evdev.KEY_KP3: {'3', '3'},
	evdev.KEY_KP4: {'4', '4'}, evdev.KEY_KP5: {'5', '5'}, evdev.KEY_KP6: {'6', '6'}, evdev.KEY_KP7: {'7', '7'},
	evdev.KEY_KP8: {'8', '8'}, evdev.KEY_KP9: {'9', '9'}, evdev.KEY_KPMINUS: {'-', '-'},
	evdev.KEY_KPPLUS: {'+', '+'}, evdev.KEY_KPDOT: {'.', '.'}, evdev.KEY_KPSLASH: {'/', '/'},
	evdev.KEY_KPASTERISK: {'*', '*'},
}

// keys finds labels in the events of a keyboard.
type keys struct {
	held
	human time.Duration // more than this between two keys and a person types
	last  time.Duration // when a key was pressed, in the kernel's time
	shift map[evdev.EvCode]bool
	other map[evdev.EvCode]bool // Ctrl, Alt, Meta that are down
	caps  bool
}

func newKeys(human time.Duration) *keys {
	return &keys{human: human, shift: map[evdev.EvCode]bool{}, other: map[evdev.EvCode]bool{}}
}

// take feeds one event. It returns the label that is complete with it, or nil.
func (k *keys) take(e evdev.InputEvent) []byte {
	at := time.Duration(e.Time.Nano())
	if e.Type == evdev.EV_SYN && e.Code == evdev.SYN_DROPPED {
		// The kernel's buffer ran over; which keys are down is not known either.
		k.spoil()
		clear(k.shift)
		clear(k.other)
		k.last = at
		return nil
	}
	if e.Type != evdev.EV_KEY {
		return nil
	}
	switch e.Code {
	case evdev.KEY_LEFTSHIFT, evdev.KEY_RIGHTSHIFT:
		k.shift[e.Code] = e.Value != 0
	case evdev.KEY_LEFTCTRL, evdev.KEY_RIGHTCTRL, evdev.KEY_LEFTALT, evdev.KEY_RIGHTALT, evdev.KEY_LEFTMETA, evdev.KEY_RIGHTMETA:
		k.other[e.Code] = e.Value != 0
	}
	if e.Value != 1 { // neither release nor repeat
		return nil
	}
	if at-k.last > k.human {
		k.forget()
	}
	k.last = at
	switch e.Code {
	case evdev.KEY_CAPSLOCK:
		k.caps = !k.caps
	case evdev.KEY_ENTER, evdev.KEY_KPENTER, evdev.KEY_TAB:
		label := k.typed()
		k.terminated = k.terminated || label != nil
		return label
	default:
		if c, ok := keymap[e.Code]; ok {
			k.add(k.character(c))
		}
	}
	return nil
}

// character is what a key gives with the modifiers that are down. Ctrl and Alt make something else of it, which no
// card has.
func (k *keys) character(c [2]byte) byte {
	if down(k.other) {
		return '?'
	}
	shifted := down(k.shift)
	if k.caps && c[0] >= 'a' && c[0] <= 'z' {
		shifted = !shifted
	}
	if shifted {
		return c[1]
	}
	return c[0]
}

func down(keys map[evdev.EvCode]bool) bool {
	for _, is := range keys {
		if is {
			return true
		}
	}
	return false
}

// silence tells that no key was pressed for a while. It returns the label that is complete with it, or nil.
func (k *keys) silence() []byte {
	if k.terminated || k.spoiled { // what was lost may go on; the next pause of a person's length ends it
		return nil
	}
	return k.typed()
}

func (k *keys) typed() []byte {
	if label := k.end(); len(label) >= leastTyped {
		return label
	}
	return nil
}
