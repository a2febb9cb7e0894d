package trace

import (
	"strings"

	"selfpay/device/tap"
	"selfpay/drivers/zvt/decode"
)

// shownTags are the TLV tags whose content is shown, none of them constructed. They hold numbers of other kinds, words, or text, in which card numbers are
// masked.
var shownTags = set(`07 08 09 0A 10 11 12 13 14 15 1A 1B 40 41 42 43 44 45 46 47 49 4A
	1F01 1F02 1F03 1F04 1F05 1F07 1F0E 1F0F 1F10 1F11 1F12 1F13 1F15 1F16 1F17 1F1F 1F25 1F26 1F2B 1F35 1F36 1F37 1F3B
	1F40 1F41 1F42 1F43 1F44 1F55 1F5B 1F60 1F62 1F63 1F6A 1F70 1F73`)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

type way struct {
	link      int
	fromKiosk bool
}

type ways map[way]*decode.Scanner

// messages takes ZVT apart by its own lengths or blocks.
type messages struct {
	serial bool
	*speaker
	ways  ways
	now   tap.Piece
	ended bool // what comes now is cut off
}

func (m *messages) hear(p tap.Piece) {
	m.now = p
	if p.Lost > 0 {
		for w := range m.ways {
			m.end(w)
		}
	}
	m.lost += p.Lost
	if len(p.Bytes) == 0 {
		m.end(way{p.Link, true})
		m.end(way{p.Link, false})
		return
	}
	w := way{p.Link, p.FromKiosk}
	if m.ways[w] == nil {
		m.ways[w] = decode.NewScanner(m.serial, func(d decode.Document) { m.say(m.now.At, w.fromKiosk, veiled(d, m.ended)) })
	}
	m.ways[w].Feed(p.Bytes)
}

func (m *messages) end(w way) {
	if m.ways[w] == nil {
		return
	}
	m.ended = true
	m.ways[w].End()
	m.ended = false
	delete(m.ways, w)
}

func (m *messages) pause() {}

// veiled leaves out of a message what decode shows and a trace must not. Where something is wrong with a message its tags may be others
// than they seem.
func veiled(d decode.Document, cutOff bool) decode.Document {
	wrong := len(d.Problems) > 0
	if cutOff || d.CRC == "bad" || d.Name == "" {
		if len(d.Fields)+len(d.TLV) > 0 {
			d.Problems = append(d.Problems, "what it holds is not shown")
		}
		d.Fields, d.BMPOrder, d.TLV = map[string]any{}, []string{}, []decode.Object{}
	}
	if wrong {
		d.TLV = []decode.Object{}
	}
	hideObjects(d.TLV)
	return d
}

func hideObjects(list []decode.Object) {
	for i, o := range list {
		hideObjects(o.Children)
		if !shownTags[o.Tag] {
			list[i].Hex = ""
		}
	}
}
