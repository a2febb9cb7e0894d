package ecr17

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"selfpay/device/pan"
)

const mostExplained = 64 << 10 // bytes

// Document shows to people what stands on the wire, whatever its bytes are. What is wrong with them stands in Problems, and what could be
// read is still shown. Card numbers come out masked.
type Document struct {
	Packets  []Part   `json:"packets"`
	Problems []string `json:"problems"`
}

// Part is one packet.
type Part struct {
	Name   string      `json:"name"` // "ACK", "NAK", "progress", or what the message is; empty where that is not known
	LRC    LRC         `json:"lrc"`  // the way to build check sums that fits; empty where none does, or where there is none
	Fields []Explained `json:"fields"`
}

// Explained is one field with what it means. Means is empty where the value speaks for itself or is not known.
type Explained struct {
	At    int    `json:"at"` // its place, counted from 1 as in the document
	Name  string `json:"name"`
	Value string `json:"value"`
	Means string `json:"means"`
}

// Explain reads one or several packets. It never fails.
func Explain(b []byte) Document {
	d := Document{Packets: []Part{}, Problems: []string{}}
	if len(b) > mostExplained {
		d.problem("%d bytes are left out: at most %d are read", len(b)-mostExplained, mostExplained)
		b = b[:mostExplained]
	}
	for len(b) > 0 {
		p, rest, err := Split(b)
		switch {
		case errors.Is(err, errShort):
			d.problem("the last packet is not whole: it has %d bytes", len(b))
			return d
		case err != nil:
			d.problem("%s", strings.TrimPrefix(err.Error(), "ecr17: "))
		default:
			d.add(p)
		}
		b = rest
	}
	return d
}

func (d *Document) problem(format string, of ...any) {
	d.Problems = append(d.Problems, fmt.Sprintf(format, of...))
}

func (d *Document) add(p Packet) {
	part := Part{Fields: []Explained{}}
	switch p.Sign {
	case ACK:
		part.Name = "ACK"
	case NAK:
		part.Name = "NAK"
	case SOH:
		part.Name = "progress"
		part.Fields = append(part.Fields, Explained{At: 2, Name: "text", Value: shown(p.Text)})
	case STX:
		d.message(p, &part)
	}
	d.Packets = append(d.Packets, part)
}

func (d *Document) message(p Packet, part *Part) {
	fits, known := p.LRC()
	if part.LRC = fits; !known {
		d.problem("the check sum of packet %d is %02X; none of the four ways gives that", len(d.Packets)+1, p.Sum)
	}
	header, err := ParseHeader(p.Text)
	if err != nil {
		d.problem("packet %d: it does not begin with a terminal and a code", len(d.Packets)+1)
		part.Fields = append(part.Fields, Explained{At: 1, Name: "text", Value: shown(p.Text)})
		return
	}
	l := layoutOf(header.Code, p.Text)
	part.Name = l.name
	part.Fields = append(part.Fields, Explained{1, "terminal", header.TerminalID, ""}, Explained{10, "code", string(rune(header.Code)), l.name})
	at := headerSize
	for _, f := range l.fields {
		at = f.explain(p.Text, part)
	}
	if rest := p.Text[min(at, len(p.Text)):]; len(rest) > 0 {
		part.Fields = append(part.Fields, Explained{At: at + 1, Name: "rest", Value: shown(rest)})
	}
}

// place is a field of a message.
type place struct {
	at, size int // from 1; size 0: all the rest
	name     string
	means    map[string]string
	show     func([]byte) (value, means string)
}

// explain adds a field, as far as the message has it, and returns where it ends. Reserved places have no name and are not shown.
func (f place) explain(message []byte, part *Part) (end int) {
	if end = f.at - 1 + f.size; f.size == 0 {
		end = len(message)
	}
	if f.at > len(message) {
		return end
	}
	raw := message[f.at-1 : min(end, len(message))]
	e := Explained{At: f.at, Name: f.name}
	if f.show != nil {
		e.Value, e.Means = f.show(raw)
	} else {
		e.Value = shown(raw)
		e.Means = f.means[e.Value]
	}
	if f.name != "" {
		part.Fields = append(part.Fields, e)
	}
	return end
}

// shown is a value without card numbers and without signs that no screen has.
func shown(b []byte) string {
	signs := bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, pan.MaskText(b))
	return strings.TrimSpace(string(signs))
}

func cents(b []byte) (value, means string) {
	if digits(b) {
		means = fmt.Sprintf("%d cents", number(b))
	}
	return shown(b), means
}

// cardField hides more than pan.MaskText finds: whatever stands there is a card number.
func cardField(b []byte) (value, means string) {
	if len(b) < 19 {
		return strings.Repeat("*", len(b)), "card, cut off"
	}
	return shown([]byte(maskedPAN(string(b)))), ""
}

func receiptLines(b []byte) (value, means string) {
	return fmt.Sprintf("%d characters", len(b)), shown([]byte(strings.Join(lines(b), " / ")))
}

func dayOfYear(b []byte) (value, means string) {
	if value = shown(b); len(b) == 7 && digits(b) {
		means = fmt.Sprintf("day %s of the year, %s:%s", b[:3], b[3:5], b[5:])
	}
	return value, means
}

func state(b []byte) (value, means string) { return shown(b), states[b[0]] }

var (
	yesNo    = map[string]string{"0": "no", "1": "yes"}
	ends     = map[string]string{endedDone: "done", endedNot: "not done", "05": "no card in the terminal", "09": "unknown data from the host"}
	kinds    = map[string]string{"0": "any card", "1": "debit cards only", "2": "credit cards only", "3": "other cards"}
	readings = map[string]string{"ICC": "chip", "MAG": "magnetic stripe", "MAN": "typed", "CLM": "contactless, magnetic stripe", "CLI": "contactless, chip"}
	cardKind = map[string]string{"1": cards['1'], "2": cards['2'], "3": cards['3']}
	printers = map[string]string{"0": "the terminal", "1": "the register"}
)

type layout struct {
	name   string
	fields []place
}

var (
	register = place{at: 11, size: 8, name: "register"}
	more     = place{at: 19, size: 1, name: "additional data follow", means: yesNo}
	ended    = place{at: 11, size: 2, name: "result", means: ends}

	requestOf = []place{register, more}
	paymentOf = []place{register, more, {at: 22, size: 1, name: "card is in the terminal", means: yesNo}, {at: 23, size: 1, name: "cards", means: kinds},
		{at: 24, size: 8, name: "amount", show: cents}, {at: 32, size: 128, name: "contract"}}
	trailer = []place{{at: 48, size: 1, name: "kind of card", means: cardKind}, {at: 49, size: 11, name: "acquirer"}, {at: 60, size: 6, name: "STAN"},
		{at: 66, size: 6, name: "number at the host"}, {at: 72, size: 3, name: "action code"}}
	yes = append([]place{ended, {at: 13, size: 19, name: "card", show: cardField}, {at: 32, size: 3, name: "reading of the card", means: readings},
		{at: 35, size: 6, name: "authorisation code"}, {at: 41, size: 7, name: "date and time of the host", show: dayOfYear}}, trailer...)
	no           = append([]place{ended, {at: 13, size: 24, name: "reason"}}, trailer...)
	withAmount   = place{at: 75, size: 8, name: "amount", show: cents}
	closedYes    = []place{ended, {at: 13, size: 16, name: "total of the terminal", show: cents}, {at: 29, size: 16, name: "total of the host", show: cents}}
	closedNo     = []place{ended, {at: 13, size: 19, name: "reason"}, {at: 32, size: 3, name: "action code"}}
	totalsOf     = []place{ended, {at: 13, size: 16, name: "total of the terminal", show: cents}}
	conditionsOf = []place{{at: 21, size: 10, name: "date and time, DDMMYYhhmm"}, {at: 31, size: 1, name: "state", show: state}, {at: 32, name: "release"}}
)

// others are messages that this driver neither sends nor reads.
var others = map[byte]string{
	'R': "receipt once more", 'U': "additional data", 'H': "check of a card", 'K': "request to another application", 'p': "pre-authorisation",
	'e': "result of a pre-authorisation", 'i': "more of a pre-authorisation", 'c': "end of a pre-authorisation",
	'v': "end of a pre-authorisation, in another currency", 'A': "refund", 'D': "download", 'Q': "reversal of an older payment",
}

// layoutOf tells request and answer of the same code apart by their sizes.
func layoutOf(code byte, message []byte) layout {
	size := len(message)
	done := size >= 12 && string(message[10:12]) == endedDone
	switch {
	case code == codePayment:
		return layout{"payment", paymentOf}
	case code == codeExtended:
		return layout{"payment, its result with the amount", paymentOf}
	case code == codeStatus && size == headerSize:
		return layout{"question how the terminal is", nil}
	case code == codeStatus:
		return layout{"how the terminal is", conditionsOf}
	case code == codeLast:
		return layout{"question for the last result", requestOf}
	case code == codeReceipts && size == headerSize+1:
		return layout{"who prints the receipt", []place{{at: 11, size: 1, name: "printed by", means: printers}}}
	case code == codeResult || code == codeExchange:
		return layout{"result", resultOf(done, size)}
	case code == codeReceipt && size == 26 && digits(message[10:]):
		return layout{"reversal", []place{register, {at: 19, size: 6, name: "STAN"}, {at: 25, size: 1, name: "additional data follow", means: yesNo}}}
	case code == codeReceipt:
		return layout{"part of a receipt", []place{{at: 11, name: "text", show: receiptLines}}}
	case code == codeClose && size == 26:
		return layout{"close of the session", requestOf}
	case code == codeClose && done:
		return layout{"session closed", closedYes}
	case code == codeClose:
		return layout{"session not closed", closedNo}
	case code == codeTotals && size == 26:
		return layout{"question for the totals", requestOf}
	case code == codeTotals:
		return layout{"totals", totalsOf}
	}
	return layout{others[code], nil}
}

func resultOf(done bool, size int) []place {
	fields := no
	if done {
		fields = yes
	}
	if size >= amountSize && size != reversalSize {
		return append(fields[:len(fields):len(fields)], withAmount)
	}
	return fields
}
