// Package decode explains SIP2 messages as documents for people and tools: what a line says field by field, and what
// is wrong with it. It takes any bytes, changes nothing, and never fails. Passwords (AD, CO) are masked, and so is
// whatever looks like a bank card number outside the patron identifier.
//
// Names are those of the SIP2 document, version 2.12.
package decode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"selfpay/sip"
	"selfpay/sip/wire"
)

// Auto as character set means UTF-8 where the line is valid UTF-8, else Latin-1.
const Auto wire.Charset = "auto"

// Document is one message explained.
type Document struct {
	Message  string            `json:"message"` // the code, "38"; empty when the line is no SIP2
	Name     string            `json:"name"`    // empty when the code is unknown
	Fixed    map[string]string `json:"fixed"`   // by name, as long as the document says, blanks kept; never null
	Fields   []Field           `json:"fields"`  // in wire order; never null
	Sequence *int              `json:"sequence"`
	Checksum string            `json:"checksum"` // ok, bad or absent
	Problems []string          `json:"problems"` // plain sentences; never null
}

// Field is one variable field. A piece without identifier has an empty ID.
type Field struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

const masked = "****"

// Decode explains one line, with or without its end. An empty charset is Auto.
func Decode(line []byte, charset wire.Charset) Document {
	line = bytes.Trim(line, "\r\n")
	if charset == "" || charset == Auto {
		charset = wire.Latin1
		if utf8.Valid(line) {
			charset = wire.UTF8
		}
	}
	d := Document{Fixed: map[string]string{}, Fields: []Field{}, Problems: []string{}}
	m, err := wire.Format{Charset: charset}.Parse(line)
	d.Checksum = m.Checksum.String()
	if err != nil && !errors.Is(err, wire.ErrTooLong) {
		d.Problems = append(d.Problems, "The line is no SIP2 message: it does not begin with two digits.")
		for _, piece := range strings.Split(charset.Decode(line), "|") {
			if len(line) == 0 {
				break
			}
			f := Field{Value: piece}
			if len(d.Fields) > 0 && isID(piece) {
				f = Field{ID: piece[:2], Value: piece[2:]}
			}
			d.add(f)
		}
		return d
	}
	d.Message = m.Code
	if err != nil {
		d.Problems = append(d.Problems, fmt.Sprintf("The message has more than %d fields; the others are left out.", wire.MaxFields))
	}
	d.Problems = append(d.Problems, m.Problems...)
	if m.Sequence != wire.NoSequence {
		d.Sequence = &m.Sequence
	}
	layout, known := wire.LayoutOf(m.Code)
	if known {
		d.Name = layout.Name
		d.fixed(layout, m.Fixed)
	} else if m.Fixed != "" {
		d.Fixed["unknown"] = maskCards(m.Fixed)
	}
	present := map[string]bool{}
	for _, f := range m.Fields {
		present[f.ID] = true
		d.add(Field{f.ID, f.Value})
	}
	for _, id := range layout.Required {
		if !present[id] {
			d.Problems = append(d.Problems, fmt.Sprintf("The field %s is missing, which the SIP2 document requires.", id))
		}
	}
	return d
}

// add keeps a field and hides what may not be shown.
func (d *Document) add(f Field) {
	switch f.ID {
	case "AD", "CO":
		if f.Value != "" {
			f.Value = masked
		}
	case "AA":
	default:
		f.Value = maskCards(f.Value)
	}
	d.Fields = append(d.Fields, f)
}

func (d *Document) fixed(layout wire.Layout, text string) {
	at := 0
	for _, f := range layout.Fixed {
		if at >= len(text) {
			return
		}
		value := text[at:min(at+f.Width, len(text))]
		at += f.Width
		d.Fixed[f.Name] = maskCards(value)
		if why := wrong(f.Kind, value); why != "" && len(value) == f.Width {
			d.Problems = append(d.Problems, fmt.Sprintf("The field %s %s.", f.Name, why))
		}
	}
}

// wrong says what is wrong with a fixed field; empty when nothing is.
func wrong(kind wire.Kind, value string) string {
	switch kind {
	case wire.YN:
		if value != "Y" && value != "N" {
			return "is neither Y nor N"
		}
	case wire.YNU:
		if value != "Y" && value != "N" && value != "U" {
			return "is none of Y, N and U"
		}
	case wire.Bit:
		if value != "0" && value != "1" {
			return "is neither 0 nor 1"
		}
	case wire.Digits:
		if strings.Trim(value, "0123456789") != "" && strings.TrimSpace(value) != "" {
			return "holds something else than digits"
		}
	case wire.Date:
		if _, ok := sip.ParseDate(value); !ok && strings.TrimSpace(value) != "" {
			return "is no date"
		}
	case wire.Flags:
		if strings.Trim(value, "Y ") != "" {
			return "holds something else than Y and blanks"
		}
	}
	return ""
}

func isID(piece string) bool {
	return len(piece) >= 2 && piece[0] >= 'A' && piece[0] <= 'Z' &&
		(piece[1] >= 'A' && piece[1] <= 'Z' || piece[1] >= '0' && piece[1] <= '9')
}

// maskCards hides all but the last four digits of whatever looks like a bank card number: 13 to 19 digits, also in
// groups parted by single blanks or dashes, whose Luhn sum is right.
func maskCards(text string) string {
	out := []byte(text)
	for start := 0; start < len(out); {
		if !digit(out[start]) {
			start++
			continue
		}
		run := []int{start} // where the digits stand
		end := start + 1
		for end < len(out) {
			switch {
			case digit(out[end]):
				run = append(run, end)
				end++
				continue
			case (out[end] == ' ' || out[end] == '-') && end+1 < len(out) && digit(out[end+1]):
				end++
				continue
			}
			break
		}
		maskRun(out, run)
		start = end
	}
	return string(out)
}

// maskRun hides card numbers among the digits at the places of run: the whole run, and each group of it that is
// parted from its neighbours.
func maskRun(out []byte, run []int) {
	hide := func(places []int) bool {
		if len(places) < 13 || len(places) > 19 || !luhn(out, places) {
			return false
		}
		for _, at := range places[:len(places)-4] {
			out[at] = '*'
		}
		return true
	}
	var groups [][]int
	for i, at := range run {
		if i == 0 || at != run[i-1]+1 {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], at)
	}
	// whole groups together, from the longest to the shortest, so that a date before a number does not save it
	places := make([]int, 0, 32)
	for first := 0; first < len(groups); first++ {
		places = places[:0]
		last := first
		for ; last < len(groups) && len(places)+len(groups[last]) <= 19; last++ {
			places = append(places, groups[last]...)
		}
		for ; last > first; last-- {
			if hide(places) {
				first = last - 1
				break
			}
			places = places[:len(places)-len(groups[last-1])]
		}
	}
}

func luhn(text []byte, places []int) bool {
	sum := 0
	for i, at := range places {
		n := int(text[at] - '0')
		if (len(places)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// DecodeStream explains every message of a stream, in order, as soon as it is whole. What is left at the end without
// a CR is explained too, and says so; where a stream has no CR at all, line feeds count as ends. A message longer than
// wire.DefaultLimit is reported and left out. The error is that of r; emit is called from this goroutine.
func DecodeStream(r io.Reader, charset wire.Charset, emit func(Document)) error {
	var decoder wire.Decoder
	whole := false // a CR was seen
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		decoder.Feed(buffer[:n])
		for {
			line, more, lineErr := decoder.Next()
			if !more {
				break
			}
			whole = true
			if lineErr != nil {
				emit(tooLong())
				continue
			}
			emit(Decode(line, charset))
		}
		if err == nil {
			continue
		}
		rest := decoder.Rest()
		if !whole {
			for _, line := range bytes.Split(rest, []byte("\n")) {
				if len(bytes.TrimSpace(line)) > 0 {
					emit(Decode(line, charset))
				}
			}
		} else if len(bytes.TrimSpace(rest)) > 0 {
			d := Decode(rest, charset)
			d.Problems = append(d.Problems, "The message has no end (CR).")
			emit(d)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("decode: %w", err)
	}
}

func tooLong() Document {
	return Document{Fixed: map[string]string{}, Fields: []Field{}, Checksum: wire.Absent.String(),
		Problems: []string{fmt.Sprintf("A message is longer than %d bytes and is left out.", wire.DefaultLimit)}}
}
