package mdb

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"selfpay/device/money"
	"selfpay/device/pan"
)

// Document shows lines of both directions to people, whatever their bytes are. What is wrong with them stands in Problems.
type Document struct {
	Fields   []Explained `json:"fields"`
	Problems []string    `json:"problems"`
}

// Explained is a line, or one part of it, with what it means. Means is empty where the value speaks for itself or is not known.
type Explained struct {
	Tag   string `json:"tag"`  // number of the line, from 1
	Name  string `json:"name"` // who speaks, or what the part is
	Value string `json:"value"`
	Means string `json:"means"`
}

const mostExplained = 500 // lines

// whole are the lines that are always the same.
var whole = map[string]string{
	askVersion: "asks for the adapter's version", "H": "asks for the adapter's hardware",
	"D,0": "the adapter is not master of the bus any more", "D,1": "the adapter becomes master; a card comes before the price",
	masterOn: "the adapter becomes master; the price comes before the card", askState: "asks for the reader's state",
	readerOn: "the reader takes cards", readerOff: "the reader takes no cards", withdraw: "withdraws the pending request",
	vendSuccess: "the goods were given: the reader keeps the money", vendFailed: "the goods were not given: the reader gives the money back",
	`D,ERR,"cashless master is on"`: "the adapter was master already", `D,ERR,"cashless master is off"`: "the adapter is not master of the bus",
	`d,ERR,"-1"`: "not possible in this state", "d,ERR,-1": "not possible in this state",
}

// speakers are by the first field of a line.
var speakers = map[string]string{
	"V": "kiosk", "H": "kiosk", "D": "kiosk", "C": "kiosk", "M": "kiosk", "R": "kiosk", "X": "kiosk", "F": "kiosk", "L": "kiosk",
	"v": "adapter", "h": "adapter", "d": "adapter", "c": "adapter", "m": "adapter", "p": "adapter", "r": "adapter", "x": "adapter", "f": "adapter",
	"l": "adapter",
}

var states = map[State]string{
	Off: "the adapter is not master of the bus", Reset: "no reader answers yet", Init: "the reader is there and takes no cards",
	Idle: "the reader waits for a request", Credit: "a card was shown before the price", Vend: "a request is pending",
}

// Explain reads lines, each with or without its line feed. It never fails.
func Explain(b []byte) Document {
	d := Document{Fields: []Explained{}, Problems: []string{}}
	for number := 1; len(b) > 0; number++ {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		if number > mostExplained {
			d.problem("%d bytes are left out: %d lines are shown", len(b), mostExplained)
			break
		}
		if line = bytes.TrimRight(line, "\r"); len(line) > 0 {
			d.line(strconv.Itoa(number), line)
		}
		b = rest
	}
	return d
}

func (d *Document) problem(format string, of ...any) {
	d.Problems = append(d.Problems, fmt.Sprintf(format, of...))
}

func (d *Document) add(tag, name, value, means string) {
	d.Fields = append(d.Fields, Explained{tag, name, shown([]byte(value)), means})
}

// line explains one.
func (d *Document) line(tag string, b []byte) {
	if len(b) > mostLine {
		d.problem("line %s: %d characters are left out", tag, len(b)-mostLine)
		b = b[:mostLine]
	}
	l, err := ParseLine(b)
	if err != nil {
		d.problem("line %s: %s", tag, strings.TrimPrefix(err.Error(), ErrMalformed.Error()+": "))
		d.add(tag, "", string(b), "")
		return
	}
	speaker := speakers[l[0]]
	if complains(b) {
		speaker = "adapter"
	}
	if speaker == "" {
		d.problem("line %s: nobody speaks so", tag)
	}
	d.add(tag, speaker, string(b), whole[string(b)])
	d.parts(tag, b, l)
}

// parts explains what stands in a line.
func (d *Document) parts(tag string, b []byte, l Line) {
	at := &d.Fields[len(d.Fields)-1]
	switch {
	case at.Means != "":
	case l[0] == "v" && len(l) > 1:
		at.Means = "the adapter's version and number"
	case len(l) == 4 && l[0] == "D" && l[1] == "REQ":
		at.Means = "asks for an amount"
		d.amount(tag, l[2])
		d.add(tag, "product", l[3], "")
	case len(l) == 3 && l[0] == "D" && l[1] == "END":
		at.Means = "the goods with this number were given: the reader keeps the money"
	case bytes.HasPrefix(b, []byte(reportStart)):
		d.report(tag, b)
	}
}

// report explains a state.
func (d *Document) report(tag string, b []byte) {
	at := &d.Fields[len(d.Fields)-1]
	r, err := ParseReport(b)
	if err != nil {
		d.problem("line %s: %s", tag, strings.TrimPrefix(err.Error(), "mdb: "))
		return
	}
	at.Means = states[r.State]
	if r.State == Result {
		approved, amount, err := r.result()
		switch {
		case err != nil:
			d.problem("line %s: a result is 1 and an amount, or -1", tag)
		case approved:
			at.Means = "the reader approves"
			d.amount(tag, amount)
		default:
			at.Means = "the reader denies"
		}
	}
	d.setup(tag, r.Setup)
}

// amount explains decimal text.
func (d *Document) amount(tag, text string) {
	_, decimals, _ := strings.Cut(text, ".")
	if len(text) == 0 || strings.Trim(text, "0123456789.") != "" || strings.Count(text, ".") > 1 {
		d.problem("line %s: %q is no amount", tag, shown([]byte(text)))
	}
	d.add(tag, "amount", text, fmt.Sprintf("%d decimals", len(decimals)))
}

// setup explains what a reader says of itself.
func (d *Document) setup(tag string, s *Setup) {
	if s == nil {
		return
	}
	currency := "telephone code of a country"
	if len(s.Currency) == 4 && s.Currency[0] == '1' {
		c, _ := money.FromNumeric(s.Currency[1:])
		currency = string(c)
	}
	d.add(tag, "level", strconv.Itoa(s.Level), "")
	d.add(tag, "currency", s.Currency, currency)
	d.add(tag, "scale factor", strconv.FormatInt(s.Scale, 10), "")
	d.add(tag, "decimals", strconv.Itoa(s.Decimals), "")
	d.add(tag, "longest answer", strconv.Itoa(s.Seconds), "seconds")
	d.add(tag, "options", strconv.Itoa(s.Flags), "")
	switch s.Mode {
	case 1:
		d.add(tag, "mode", "1", "a card comes before the price")
	case 2:
		d.add(tag, "mode", "2", "the price comes before the card")
	}
}

// shown is text without any card number and with every other byte than ASCII in hexadecimal digits.
func shown(b []byte) string {
	var text strings.Builder
	for _, c := range pan.MaskText(b) {
		if c < ' ' || c > '~' {
			fmt.Fprintf(&text, `\x%02X`, c)
			continue
		}
		text.WriteByte(c)
	}
	return text.String()
}
