package scanline

import (
	"time"

	"selfpay/device/scanner"
)

// symbologies by the letter c of the AIM identifier ]cm. All others are scanner.Other.
var symbologies = map[byte]scanner.Symbology{
	'A': scanner.Code39,
	'C': scanner.Code128,
	'E': scanner.EAN,
	'F': scanner.Codabar,
	'G': scanner.Code93,
	'I': scanner.ITF,
	'L': scanner.PDF417,
	'Q': scanner.QR,
	'd': scanner.DataMatrix,
	'z': scanner.Aztec,
}

// checks is what the modifier m of an AIM identifier says of the check character. Manuals do not agree which of 2 and 3
// means that Code 39 was sent without it; 4 more means that its pairs were read as full ASCII.
var checks = map[scanner.Symbology]map[byte]scanner.Check{
	scanner.Code39: {'1': scanner.CheckSent, '2': scanner.CheckTakenOff, '3': scanner.CheckTakenOff,
		'5': scanner.CheckSent, '6': scanner.CheckTakenOff, '7': scanner.CheckTakenOff},
	scanner.Codabar: {'2': scanner.CheckSent, '4': scanner.CheckTakenOff},
	scanner.ITF:     {'1': scanner.CheckSent, '3': scanner.CheckTakenOff},
}

// maxRaw is the longest label with an AIM identifier and a frame of control characters.
const maxRaw = scanner.MaxText + 8

// decode makes a scan of what was sent for one label, without its terminator. Control characters at the ends, such
// as STX and ETX, are taken off. Inside, whatever is not printable ASCII becomes ?: left out, it would make another
// number of a damaged label. It says no when nothing is left, or too much.
func decode(raw []byte) (scanner.Scan, bool) {
	raw = trimControl(raw)
	s := scanner.Scan{Symbology: scanner.Unstated}
	if len(raw) >= 3 && raw[0] == ']' && letter(raw[1]) && (letter(raw[2]) || raw[2] >= '0' && raw[2] <= '9') {
		s.Symbology = scanner.Other
		if known, ok := symbologies[raw[1]]; ok {
			s.Symbology = known
		}
		s.Check = checks[s.Symbology][raw[2]]
		raw = trimControl(raw[3:])
	}
	if len(raw) == 0 || len(raw) > scanner.MaxText {
		return scanner.Scan{}, false
	}
	text := make([]byte, len(raw))
	for i, c := range raw {
		if c < 0x20 || c > 0x7E {
			c = '?'
		}
		text[i] = c
	}
	s.Text = string(text)
	return s, true
}

func letter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }

func control(c byte) bool { return c < 0x20 || c == 0x7F }

func trimControl(b []byte) []byte {
	for len(b) > 0 && control(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && control(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// held is a label that is not complete.
type held struct {
	text       []byte
	midway     bool // a label may have been under way when the scanner was opened; until a silence or an end is seen
	spoiled    bool // too long, or a part was lost; all of it is thrown away
	long       bool // it is spoiled because it is too long
	terminated bool // a terminator was seen on this link: silence ends no label any more
	silent     bool // a silence has ended a label
	lost       scanner.Counts
}

// dropped counts the labels that were thrown away since it was called last.
func (h *held) dropped() scanner.Counts {
	lost := h.lost
	h.lost = scanner.Counts{}
	return lost
}

func (h *held) add(c byte) {
	if h.midway {
		h.spoil()
	}
	if len(h.text) >= maxRaw {
		h.spoil()
		h.long = true
	}
	if !h.spoiled {
		h.text = append(h.text, c)
	}
}

func (h *held) spoil() {
	h.text = nil
	h.spoiled = true
}

// patience is how many times the usual silence has to last. Before anything is known of a scanner it may send terminators,
// and a pause in its first label must not make a number of the half.
func (h *held) patience() time.Duration {
	if h.silent {
		return 1
	}
	return 8
}

// end hands the label out, nil when there is none, and begins the next.
func (h *held) end() []byte {
	text := h.text
	h.text = nil
	h.forget()
	h.midway = false
	return text
}

// between tells of a silence: no label is under way any more that began before the scanner was opened.
func (h *held) between() {
	if h.midway {
		h.forget()
		h.midway = false
	}
}

// forget throws away what there is.
func (h *held) forget() {
	switch {
	case h.long:
		h.lost.TooLong++
	case h.spoiled, h.text != nil:
		h.lost.Broken++
	}
	h.text, h.spoiled, h.long = nil, false, false
}

// lines finds labels in the bytes of a serial line.
type lines struct {
	held
	leftover time.Duration // text older than this, without terminator, belongs to no later label
	last     time.Time
}

func newLines(leftover time.Duration) *lines {
	return &lines{held: held{midway: true}, leftover: leftover, last: time.Now()}
}

// take feeds what one read brought, and returns the labels that are complete with it.
func (l *lines) take(b []byte) [][]byte { return l.takeAt(time.Now(), b) }

func (l *lines) takeAt(now time.Time, b []byte) [][]byte {
	if now.Sub(l.last) > l.leftover {
		l.forget()
	}
	l.last = now
	var labels [][]byte
	for _, c := range b {
		if c != '\r' && c != '\n' {
			l.add(c)
			continue
		}
		if label := l.end(); label != nil {
			l.terminated = true
			labels = append(labels, label)
		}
	}
	return labels
}

// silence tells that nothing came for a while. It returns the label that is complete with it, or nil.
func (l *lines) silence() []byte {
	l.between()
	if l.terminated || l.spoiled {
		return nil
	}
	label := l.end()
	l.silent = l.silent || label != nil
	return label
}
