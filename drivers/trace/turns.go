package trace

import (
	"bytes"
	"fmt"
	"time"

	"selfpay/device/tap"
	"selfpay/drivers/caisseap"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/mdb"
)

// explainers are by the driver. Each hides what must not be told.
var explainers = map[string]func([]byte) any{"caisse-ap": caisse, "ecr17": italian, "mdb": adapter, "concert": concertLine}

// mostBytes bounds what is collected of one side.
const mostBytes = 64 << 10

// turns collects what one side says until the other speaks, the link ends, or nobody says more for a while.
type turns struct {
	explain func([]byte) any
	*speaker
	at        time.Time
	link      int
	fromKiosk bool
	said      []byte
}

func (t *turns) hear(p tap.Piece) {
	if len(t.said) > 0 && (p.Link != t.link || p.FromKiosk != t.fromKiosk || p.Lost > 0 || len(t.said)+len(p.Bytes) > mostBytes) {
		t.pause()
	}
	t.lost += p.Lost
	if len(p.Bytes) == 0 {
		t.pause()
		return
	}
	if len(t.said) == 0 {
		t.at, t.link, t.fromKiosk = p.At, p.Link, p.FromKiosk
	}
	t.said = append(t.said, p.Bytes...)
}

func (t *turns) pause() {
	if len(t.said) == 0 {
		return
	}
	said := t.said
	t.said = nil
	t.say(t.at, t.fromKiosk, t.explain(said))
}

// characters stands for a value that is not shown.
func characters(n int) string { return fmt.Sprintf("%d characters", n) }

// caisse leaves out fields of which nobody knows what they hold.
func caisse(b []byte) any {
	d := caisseap.Explain(b)
	for i, f := range d.Fields {
		if f.Name == "" || f.Tag == "CF" { // private data
			d.Fields[i].Value = characters(len(f.Value))
		}
	}
	return d
}

// italian leaves out what stands behind the fields that the document names, and messages that it does not.
func italian(b []byte) any {
	d := ecr17.Explain(b)
	for _, p := range d.Packets {
		for i, f := range p.Fields {
			if f.Name == "rest" || p.Name == "" && f.Name == "text" {
				p.Fields[i].Value = characters(len(f.Value))
			}
		}
	}
	return d
}

func adapter(b []byte) any { return mdb.Explain(edgesHidden(b)) }

// edgesHidden hides digits at both ends, if they are more than a few: what was collected may begin or end within a card number.
func edgesHidden(b []byte) []byte {
	shown := bytes.Clone(b)
	for _, edge := range [][]byte{shown[:leading(shown)], shown[len(shown)-trailing(shown):]} {
		for i, c := range edge {
			if len(edge) > mostAtAnEdge && c >= '0' && c <= '9' {
				edge[i] = '*'
			}
		}
	}
	return shown
}

// mostAtAnEdge digits are never hidden.
const mostAtAnEdge = 4

func leading(b []byte) (n int) {
	for n < len(b) && ofNumber(b[n]) {
		n++
	}
	return n
}

func trailing(b []byte) (n int) {
	for n < len(b) && ofNumber(b[len(b)-1-n]) {
		n++
	}
	return n
}

func ofNumber(c byte) bool { return c >= '0' && c <= '9' || c == ' ' || c == '-' }
