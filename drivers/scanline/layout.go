package scanline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/holoplot/go-evdev"
)

// Layout is what the keys of a keyboard mean. The zero value is the US layout.
type Layout struct{ keys map[evdev.EvCode]key }

// key holds the characters of a key: alone, with Shift, with AltGr, with both.
type key [4]rune

// The accents of dead keys, which wait for the next key. Only these three stand in ASCII, and only before a blank.
const (
	deadCircumflex = 'ˆ'
	deadGrave      = 'ˋ'
	deadTilde      = '˜'
	deadOther      = '◌'
)

// nothing marks a key that no label can be typed with: there is none, or what it gives is outside of ASCII.
const nothing = '·'

// ParseLayout finds a layout by its name, such as "us" or "de"; empty is "us".
func ParseLayout(name string) (Layout, error) {
	if name == "" {
		name = "us"
	}
	levels, known := layouts[name]
	if !known {
		return Layout{}, fmt.Errorf("there is no keyboard layout %q; use one of %s", name, strings.Join(Layouts(), ", "))
	}
	return Layout{keysOf(levels)}, nil
}

// Layouts names all layouts.
func Layouts() []string { return slices.Sorted(maps.Keys(layouts)) }

// us is what a zero Layout means.
var us = keysOf(layouts["us"])

func (l Layout) key(code evdev.EvCode) (key, bool) {
	if c, ok := keypad[code]; ok {
		return key{c, c, c, c}, true
	}
	keys := l.keys
	if keys == nil {
		keys = us
	}
	c, ok := keys[code]
	return c, ok
}

func keysOf(levels []string) map[evdev.EvCode]key {
	keys := map[evdev.EvCode]key{evdev.KEY_SPACE: {' ', ' ', ' ', ' '}}
	for level, characters := range levels {
		for i, c := range []rune(characters) {
			k, known := keys[positions[i]]
			if !known {
				k = key{nothing, nothing, nothing, nothing}
			}
			k[level] = c
			keys[positions[i]] = k
		}
	}
	return keys
}

// letter says whether Caps Lock changes the key.
func (k key) letter() bool { return unicode.IsLower(k[0]) && unicode.IsUpper(k[1]) }

// keypad holds the keys that are the same in all layouts.
var keypad = map[evdev.EvCode]rune{
	evdev.KEY_KP0: '0', evdev.KEY_KP1: '1', evdev.KEY_KP2: '2', evdev.KEY_KP3: '3', evdev.KEY_KP4: '4',
	evdev.KEY_KP5: '5', evdev.KEY_KP6: '6', evdev.KEY_KP7: '7', evdev.KEY_KP8: '8', evdev.KEY_KP9: '9',
	evdev.KEY_KPMINUS: '-', evdev.KEY_KPPLUS: '+', evdev.KEY_KPDOT: '.', evdev.KEY_KPCOMMA: ',',
	evdev.KEY_KPSLASH: '/', evdev.KEY_KPASTERISK: '*', evdev.KEY_KPEQUAL: '=',
}

// positions are the keys of the rows below, row by row from the top left; their names are those of the US layout.
var positions = []evdev.EvCode{
	evdev.KEY_GRAVE, evdev.KEY_1, evdev.KEY_2, evdev.KEY_3, evdev.KEY_4, evdev.KEY_5, evdev.KEY_6, evdev.KEY_7, evdev.KEY_8,
	evdev.KEY_9, evdev.KEY_0, evdev.KEY_MINUS, evdev.KEY_EQUAL,
	evdev.KEY_Q, evdev.KEY_W, evdev.KEY_E, evdev.KEY_R, evdev.KEY_T, evdev.KEY_Y, evdev.KEY_U, evdev.KEY_I, evdev.KEY_O,
	evdev.KEY_P, evdev.KEY_LEFTBRACE, evdev.KEY_RIGHTBRACE,
	evdev.KEY_A, evdev.KEY_S, evdev.KEY_D, evdev.KEY_F, evdev.KEY_G, evdev.KEY_H, evdev.KEY_J, evdev.KEY_K, evdev.KEY_L,
	evdev.KEY_SEMICOLON, evdev.KEY_APOSTROPHE, evdev.KEY_BACKSLASH,
	evdev.KEY_102ND, evdev.KEY_Z, evdev.KEY_X, evdev.KEY_C, evdev.KEY_V, evdev.KEY_B, evdev.KEY_N, evdev.KEY_M,
	evdev.KEY_COMMA, evdev.KEY_DOT, evdev.KEY_SLASH, evdev.KEY_RO,
}

// layouts are the rows of keys alone, with Shift, with AltGr and with both.
//
// Source: xkeyboard-config 2.35.1, the standard variant of the country's layout as xkbcli 1.5 compiles it (uk: gb);
// what is not ASCII is left out where no label needs it. Scanners follow the layouts of Windows, which differ here and
// there in what AltGr gives: a sheet with the characters that the library uses shows whether they agree.
var layouts = map[string][]string{
	"us": {
		"`1234567890-=qwertyuiop[]asdfghjkl;'\\<zxcvbnm,./·",
		`~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"|>ZXCVBNM<>?·`,
		`·····································|···········`,
	},
	"uk": {
		"`1234567890-=qwertyuiop[]asdfghjkl;'#\\zxcvbnm,./·",
		`·!"£$%^&*()_+QWERTYUIOP{}ASDFGHJKL:@~|ZXCVBNM<>?·`,
		`|······{[]}\·@·e········˜··········ˆˋ|···········`,
		`|··············E················&·····<>·········`,
	},
	"de": {
		`ˆ1234567890ß◌qwertzuiopü+asdfghjklöä#<yxcvbnm,.-·`,
		`°!"§$%&/()=?ˋQWERTZUIOPÜ*ASDFGHJKLÖÄ'>YXCVBNM;:_·`,
		`·······{[]}\·@··········~··········ˆ·|···········`,
		`································&················`,
	},
	"fr": {
		`·&é"'(-è_çà)=azertyuiopˆ$qsdfghjklmù*<wxcvbn,;:!·`,
		`~1234567890°+AZERTYUIOP◌£QSDFGHJKLM%µ>WXCVBN?./§·`,
		"··~#{[|`\\^@]}············@·········ˆˋ|···········",
		`····$·········<·················&······>·········`,
	},
	"be": {
		`·&é"'(§è!çà)-azertyuiopˆ$qsdfghjklmùµ<wxcvbn,;:=·`,
		`·1234567890°_AZERTYUIOP◌*QSDFGHJKLM%£>WXCVBN?./+·`,
		`·|@#··^{[{}\·@·········[]···········ˋ\·········˜·`,
		`····$···························&····\<>·········`,
	},
	"ca": {
		`#1234567890-=qwertyuiopˆ◌asdfghjkl;ˋ<·zxcvbnm,.é·`,
		`|!"/$%?&*()_+QWERTYUIOPˆ◌ASDFGHJKL:ˋ>·ZXCVBNM'.É·`,
		`\·@····················[]·········~{}············`,
	},
	"ch": {
		`§1234567890'ˆqwertzuiopü◌asdfghjklöä$<yxcvbnm,.-·`,
		`°+"*ç%&/()=?ˋQWERTZUIOPè!ASDFGHJKLéà£>YXCVBNM;:_·`,
		`·|@#···|·]}·˜@·········[]··········{}\···········`,
		`····$··········E················&·····<>·········`,
	},
	"es": {
		`º1234567890'·qwertyuiopˋ+asdfghjklñ◌ç<zxcvbnm,.-·`,
		`ª!"·$%&/()=?·QWERTYUIOPˆ*ASDFGHJKLÑ◌Ç>ZXCVBNM;:_·`,
		`\|@#~··{[]}\·@·········[]·········˜{}|···········`,
		`\···$···························&·····<>·········`,
	},
	"it": {
		`\1234567890'ìqwertyuiopè+asdfghjklòàù<zxcvbnm,.-·`,
		`|!"£$%&/()=?^QWERTYUIOPé*ASDFGHJKLç°§>ZXCVBNM;:_·`,
		"·······{[]}`~@·········[]·········@#ˋ············",
		`···˜········ˆ··········{}·······&·····<>·········`,
	},
	"pt": {
		`\1234567890'·qwertyuiop+◌asdfghjklçº˜<zxcvbnm,.-·`,
		`|!"#$%&/()=?·QWERTYUIOP*ˋASDFGHJKLÇªˆ>ZXCVBNM;:_·`,
		`··@····{[]}\·@··········˜··········ˆˋ\···········`,
		`····$···························&····\<>·········`,
	},
	"br": {
		`'1234567890-=qwertyuiop◌[asdfghjklç˜]\zxcvbnm,.;/`,
		`"!@#$%◌&*()_+QWERTYUIOPˋ{ASDFGHJKLÇˆ}|ZXCVBNM<>:?`,
		`·······{[]}\·/?····················~·············`,
		"·············/?········`········&··^··<>·········",
	},
	"se": {
		`§1234567890+◌qwertyuiopå◌asdfghjklöä'<zxcvbnm,.-·`,
		`·!"#·%&/()=?ˋQWERTYUIOPÅˆASDFGHJKLÖÄ*>ZXCVBNM;:_·`,
		`··@·$··{[]}\·@··········˜············|···········`,
		`································&·····<>·········`,
	},
	"dk": {
		`·1234567890+◌qwertyuiopå◌asdfghjklæø'<zxcvbnm,.-·`,
		`§!"#·%&/()=?ˋQWERTYUIOPÅˆASDFGHJKLÆØ*>ZXCVBNM;:_·`,
		`··@·$··{[]}·|@··········˜··········ˆ·\···········`,
		`································&·····<>·········`,
	},
	"no": {
		`|1234567890+\qwertyuiopå◌asdfghjkløæ'<zxcvbnm,.-·`,
		`§!"#·%&/()=?ˋQWERTYUIOPÅˆASDFGHJKLØÆ*>ZXCVBNM;:_·`,
		`··@·$··{[]}··@··········˜··········ˆ·············`,
		`································&·····<>·········`,
	},
	"fi": {
		`§1234567890+◌qwertyuiopå◌asdfghjklöä'<zxcvbnm,.-·`,
		`·!"#·%&/()=?ˋQWERTYUIOPÅˆASDFGHJKLÖÄ*>ZXCVBNM;:_·`,
		`··@·$··{[]}\·qw·r·yu····˜···fghj·····|··cvb······`,
		`········<>···QW·R·YU|·······FGHJ········CVB······`,
	},
	"cz": {
		`;+ěščřžýáíé=◌qwertzuiopú)asdfghjklů§◌\yxcvbnm,.-·`,
		`◌1234567890%◌QWERTZUIOP/(ASDFGHJKL"!'|YXCVBNM?:_·`,
		"`!@#$%^&*{}\\·\\|········[]~··[]`'··$'\\/·#&@{}^<>*·",
		`~˜·ˆ···ˋ·······E················&···|·<>·········`,
	},
}
