package wire

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"
)

// What can be wrong with a line or a message. Each stands in the errors of this package.
var (
	// ErrNotSIP2: the line has no message code, for example the plain text of a gateway that failed. Whether a
	// request was carried out cannot be told from it.
	ErrNotSIP2 = errors.New("not a SIP2 message")
	// ErrTooLong: a message is longer than the limit; the rest of it is dropped.
	ErrTooLong = errors.New("message too long")
	// ErrUnwritable: a message cannot be said exactly on the wire. Nothing was written.
	ErrUnwritable = errors.New("message cannot be written")
)

// NoSequence is the sequence number of a message that has none.
const NoSequence = -1

// Checksum says what is known about a message's AZ.
type Checksum int

// The states of a checksum.
const (
	Absent Checksum = iota // no AZ at the end: no error detection
	OK
	Bad // the message was changed on its way, or was summed over something else than its bytes
)

// String is "absent", "ok" or "bad".
func (c Checksum) String() string {
	switch c {
	case OK:
		return "ok"
	case Bad:
		return "bad"
	}
	return "absent"
}

// Field is one variable field.
type Field struct {
	ID    string // two characters, "AO"; empty for a piece that has no identifier
	Value string
}

// Message is one SIP2 message. Fields stand in wire order, may repeat, and unknown ones are kept; AY and AZ are not
// among them.
type Message struct {
	Code     string // "37"
	Fixed    string // the fixed part, as long as the message's layout says
	Fields   []Field
	Sequence int      // AY, 0 to 9; NoSequence when there is none. Written only together with a checksum
	Checksum Checksum // when writing: anything but Absent asks for AZ
	// Raw is the line as it was read, without its end; nil in a message made for writing. The same bytes gave the
	// checksum, whatever the character set made of them.
	Raw []byte
	// Problems says in plain sentences what was not as the document wants it, and was read all the same. They quote
	// no values.
	Problems []string
}

// Value is the first field with this identifier, as servers read repeated fields too; empty when there is none.
func (m Message) Value(id string) string {
	v, _ := m.Lookup(id)
	return v
}

// Lookup is Value, and says whether the field is there at all.
func (m Message) Lookup(id string) (string, bool) {
	for _, f := range m.Fields {
		if f.ID == id {
			return f.Value, true
		}
	}
	return "", false
}

// Values are all fields with this identifier, in wire order.
func (m Message) Values(id string) []string {
	var values []string
	for _, f := range m.Fields {
		if f.ID == id {
			values = append(values, f.Value)
		}
	}
	return values
}

// FixedValue is one field of the fixed part by its name in the layout. It is shorter than its width, or empty, when
// the message ended before.
func (m Message) FixedValue(name string) string {
	layout := layoutAt(m.Code)
	if layout == nil {
		return ""
	}
	at := 0
	for i := range layout.Fixed {
		if layout.Fixed[i].Name == name {
			return cut(m.Fixed, at, layout.Fixed[i].Width)
		}
		at += layout.Fixed[i].Width
	}
	return ""
}

func cut(s string, at, width int) string {
	return s[min(at, len(s)):min(at+width, len(s))]
}

// Answering makes m the answer to a request, as servers do: with the request's sequence number, and with a checksum if
// the request had one.
func (m Message) Answering(request Message) Message {
	m.Sequence, m.Checksum = request.Sequence, request.Checksum
	return m
}

// Format is how one site writes SIP2. The zero Format is UTF-8 with "|" and CR.
type Format struct {
	Charset    Charset
	Delimiter  byte   // after each field; 0 means '|'
	Terminator string // empty means CR; "\r\n" for the few that want it
	Limit      int    // bytes per message, both ways; 0 means DefaultLimit when writing, and the Decoder's when reading
	ValueLimit int    // characters per value when writing; 0 means no limit. The document has 255
}

func (f Format) delimiter() byte {
	if f.Delimiter == 0 {
		return '|'
	}
	return f.Delimiter
}

// limit is the longest message, in bytes.
func (f Format) limit() int {
	if f.Limit <= 0 {
		return DefaultLimit
	}
	return f.Limit
}

// Sum is the checksum over a message up to and including the letters AZ: the four hex digits that make the sum of
// all bytes zero modulo 65536.
func Sum(upToAZ []byte) string {
	var digits [4]byte
	writeSum(&digits, -sum(upToAZ))
	return string(digits[:])
}

// Encode makes the bytes of a message with its end, to be sent in one write. The errors are those of AppendTo.
func (f Format) Encode(m Message) ([]byte, error) {
	size := 2 + len(m.Fixed) + len("AY0AZ0000\r\n")
	for i := range m.Fields {
		size += len(m.Fields[i].ID) + len(m.Fields[i].Value) + 1
	}
	b, err := f.AppendTo(make([]byte, 0, size), m)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AppendTo writes a message with its end behind what dst holds, and returns dst longer. ErrUnwritable means that a
// value holds the delimiter or a control character, does not exist in the character set, that the fixed part has the
// wrong length, or that the message is longer than the format's limits; dst is returned as it was. Error texts name the
// field and never its value.
func (f Format) AppendTo(dst []byte, m Message) ([]byte, error) {
	begin := len(dst)
	delimiter := f.delimiter()
	if len(m.Code) != 2 || !isDigit(m.Code[0]) || !isDigit(m.Code[1]) {
		return dst, refusal(m.Code, "the code is not two digits")
	}
	if layout := layoutAt(m.Code); layout != nil && len(m.Fixed) != layout.width {
		return dst, refusal(m.Code, fmt.Sprintf("the fixed part has %d characters instead of %d", len(m.Fixed), layout.width))
	}
	for i := range len(m.Fixed) {
		if c := m.Fixed[i]; c < ' ' || c > '~' || c == delimiter {
			return dst, refusal(m.Code, "the fixed part holds a character that may not stand there")
		}
	}
	line := append(append(dst, m.Code...), m.Fixed...)
	for i := range m.Fields {
		id, value := m.Fields[i].ID, m.Fields[i].Value
		if len(id) != 2 || !isFieldID([]byte(id)) || id == "AY" || id == "AZ" {
			return dst, refusal(m.Code, fmt.Sprintf("%.4q is no field identifier", id))
		}
		line = append(line, id...)
		if f.ValueLimit > 0 && len(value) > f.ValueLimit && utf8.RuneCountInString(value) > f.ValueLimit {
			return dst, refusal(m.Code, fmt.Sprintf("%s is longer than %d characters", id, f.ValueLimit))
		}
		plain := true
		for j := range len(value) {
			c := value[j]
			if c < ' ' || c == 0x7f || c == delimiter {
				return dst, refusal(m.Code, id+" holds a delimiter or a control character")
			}
			plain = plain && c < utf8.RuneSelf
		}
		if plain {
			line = append(line, value...)
		} else {
			encoded, err := f.Charset.Encode(value)
			if err != nil {
				return dst, refusal(m.Code, id+" holds a character that does not exist in "+f.Charset.name())
			}
			if bytes.IndexByte(encoded, delimiter) >= 0 {
				return dst, refusal(m.Code, id+" holds a delimiter or a control character")
			}
			line = append(line, encoded...)
		}
		line = append(line, delimiter)
	}
	if m.Checksum != Absent {
		if m.Sequence != NoSequence {
			if m.Sequence < 0 || m.Sequence > 9 {
				return dst, refusal(m.Code, "the sequence number is not one digit")
			}
			line = append(line, 'A', 'Y', byte('0'+m.Sequence))
		}
		line = append(line, 'A', 'Z')
		var digits [4]byte
		writeSum(&digits, -sum(line[begin:]))
		line = append(line, digits[:]...)
	}
	if len(line)-begin > f.limit() {
		return dst, refusal(m.Code, fmt.Sprintf("it is longer than %d bytes", f.limit()))
	}
	if f.Terminator != "" {
		return append(line, f.Terminator...), nil
	}
	return append(line, '\r'), nil
}

func refusal(code, why string) error {
	return fmt.Errorf("wire: message %.2q: %s: %w", code, why, ErrUnwritable)
}

// Parse reads one line, without its end, as a message that lasts. ErrNotSIP2: there is no message code. ErrTooLong:
// more bytes or more fields than are accepted. Everything else that is wrong stands in the message's checksum state and
// problems.
func (f Format) Parse(line []byte) (Message, error) {
	v := views.Get().(*View)
	err := f.ParseInto(line, v)
	m := f.Message(v)
	if cap(v.Fields) <= 256 {
		clear(v.Fields) // they point into line, which is the caller's
		v.Line, v.Fixed, v.body = nil, nil, nil
		views.Put(v)
	}
	return m, err
}

var views = sync.Pool{New: func() any { return new(View) }}

// Message makes a message of a view that lasts when the line is gone. f must be the format that read it.
func (f Format) Message(v *View) Message {
	m := Message{Code: v.Code, Sequence: v.Sequence, Checksum: v.Checksum, Raw: bytes.Clone(v.Line)}
	text := string(v.Line)
	plain := f.Charset.table() == nil && !v.badBytes // bytes and text are the same
	m.Fixed = textOf(text, v.Line, v.Fixed)
	if layoutAt(v.Code) == nil {
		m.Fixed = f.Charset.Decode(v.Fixed)
	}
	if len(v.Fields) > 0 {
		m.Fields = make([]Field, len(v.Fields))
	}
	for i, field := range v.Fields {
		m.Fields[i].ID = field.ID
		if plain || ascii(field.Value) {
			m.Fields[i].Value = textOf(text, v.Line, field.Value)
		} else {
			m.Fields[i].Value = f.Charset.Decode(field.Value)
		}
	}
	for _, p := range v.Problems {
		m.Problems = append(m.Problems, p.String())
	}
	return m
}

// textOf is the part of text that stands where part stands in line, so that all values share one copy of the line.
func textOf(text string, line, part []byte) string {
	if len(part) == 0 {
		return ""
	}
	// a part of line has line's end, counted in capacity
	if at := cap(line) - cap(part); at >= 0 && at+len(part) <= len(line) && &line[at] == &part[0] {
		return text[at : at+len(part)]
	}
	return string(part)
}

func isAZ(b []byte) bool {
	if len(b) != 6 || b[0] != 'A' || b[1] != 'Z' {
		return false
	}
	for _, c := range b[2:] {
		if !isDigit(c) && (c < 'A' || c > 'F') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isAY says whether b ends with AY and a digit.
func isAY(b []byte) bool {
	n := len(b)
	return n >= 3 && b[n-3] == 'A' && b[n-2] == 'Y' && isDigit(b[n-1])
}

// shortDate recognises a date whose zone is not four characters long, "20110102UTC102030" or "20110102102030", as
// some servers write it. It returns how long its zone is and how many bytes the date took; 0 bytes when it is no such
// thing.
func shortDate(b []byte) (zone, size int) {
	if len(b) >= 18 && (allDigits(b[12:18]) || len(bytes.TrimSpace(b[:18])) == 0) {
		return 0, 0
	}
	if len(b) < 14 || !allDigits(b[:8]) {
		return 0, 0
	}
	for zone := 3; zone >= 0; zone-- {
		if len(b) < 14+zone || !allDigits(b[8+zone:14+zone]) {
			continue
		}
		if isZone(b[8 : 8+zone]) {
			return zone, 14 + zone
		}
	}
	return 0, 0
}

func isZone(name []byte) bool {
	for _, c := range name {
		if c != ' ' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// isFieldID says whether b begins with an identifier: a letter, then a letter or a digit (Polaris has U1 to U5).
func isFieldID(b []byte) bool {
	return len(b) >= 2 && b[0] >= 'A' && b[0] <= 'Z' && (b[1] >= 'A' && b[1] <= 'Z' || isDigit(b[1]))
}
