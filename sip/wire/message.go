package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	layout := layouts[m.Code]
	at := 0
	for _, f := range layout.Fixed {
		if f.Name == name {
			return cut(m.Fixed, at, f.Width)
		}
		at += f.Width
	}
	return ""
}

func cut(s string, at, width int) string {
	return s[min(at, len(s)):min(at+width, len(s))]
}

// Format is how one site writes SIP2. The zero Format is UTF-8 with "|" and CR.
type Format struct {
	Charset    Charset
	Delimiter  byte   // after each field; 0 means '|'
	Terminator string // empty means CR; "\r\n" for the few that want it
}

func (f Format) delimiter() byte {
	if f.Delimiter == 0 {
		return '|'
	}
	return f.Delimiter
}

// Sum is the checksum over a message up to and including the letters AZ: the four hex digits that make the sum of
// all bytes zero modulo 65536.
func Sum(upToAZ []byte) string {
	var sum uint16
	for _, b := range upToAZ {
		sum += uint16(b)
	}
	return fmt.Sprintf("%04X", -sum)
}

// Encode makes the bytes of a message with its end, to be sent in one write. ErrUnwritable means that a value holds
// the delimiter or a control character, does not exist in the character set, or that the fixed part has the wrong
// length; error texts name the field and never its value.
func (f Format) Encode(m Message) ([]byte, error) {
	refuse := func(why string) ([]byte, error) {
		return nil, fmt.Errorf("wire: message %.2q: %s: %w", m.Code, why, ErrUnwritable)
	}
	if len(m.Code) != 2 || !isDigit(m.Code[0]) || !isDigit(m.Code[1]) {
		return refuse("the code is not two digits")
	}
	if layout, known := layouts[m.Code]; known && len(m.Fixed) != layout.Width() {
		return refuse(fmt.Sprintf("the fixed part has %d characters instead of %d", len(m.Fixed), layout.Width()))
	}
	for i := range len(m.Fixed) {
		if c := m.Fixed[i]; c < ' ' || c > '~' || c == f.delimiter() {
			return refuse("the fixed part holds a character that may not stand there")
		}
	}
	line := append([]byte(m.Code), m.Fixed...)
	for _, field := range m.Fields {
		if !isFieldID([]byte(field.ID)) || field.ID == "AY" || field.ID == "AZ" {
			return refuse(fmt.Sprintf("%.4q is no field identifier", field.ID))
		}
		for _, r := range field.Value {
			if r < ' ' || r == 0x7f || r == rune(f.delimiter()) {
				return refuse(field.ID + " holds a delimiter or a control character")
			}
		}
		value, err := f.Charset.Encode(field.Value)
		if err != nil {
			return refuse(field.ID + " holds a character that does not exist in " + f.Charset.name())
		}
		line = append(append(append(line, field.ID...), value...), f.delimiter())
	}
	if m.Checksum != Absent {
		if m.Sequence != NoSequence {
			if m.Sequence < 0 || m.Sequence > 9 {
				return refuse("the sequence number is not one digit")
			}
			line = append(line, 'A', 'Y', byte('0'+m.Sequence))
		}
		line = append(line, 'A', 'Z')
		line = append(line, Sum(line)...)
	}
	if f.Terminator != "" {
		return append(line, f.Terminator...), nil
	}
	return append(line, '\r'), nil
}

// Parse reads one line, without its end, as a message. The only error is ErrNotSIP2; everything else that is wrong
// stands in the message's checksum state and problems.
func (f Format) Parse(line []byte) (Message, error) {
	m := Message{Sequence: NoSequence, Raw: bytes.Clone(line)}
	if len(line) < 2 || !isDigit(line[0]) || !isDigit(line[1]) {
		return m, fmt.Errorf("wire: a line of %d bytes: %w", len(line), ErrNotSIP2)
	}
	m.Code = string(line[:2])
	body := f.cutTail(&m, line)
	if len(body) < 2 { // "96AZ..." leaves the code, and a line can be no shorter
		body = line[:2]
	}
	f.readFields(&m, f.readFixed(&m, body[2:]))
	return m, nil
}

func (m *Message) problem(format string, a ...any) {
	m.Problems = append(m.Problems, fmt.Sprintf(format, a...))
}

// cutTail takes AZ and AY off the end and judges them. AZ counts only at the very end, because values may hold the
// letters too.
func (f Format) cutTail(m *Message, line []byte) []byte {
	body := line
	end := len(line)
	if end > 0 && line[end-1] == f.delimiter() { // "|AZFCA5|": AZ written like a field
		at := end - 7
		if at >= 2 && isAZ(line[at:end-1]) && (line[at-1] == f.delimiter() || isAY(line[:at]) || at == 2) {
			m.problem("A delimiter stands after the checksum.")
			end--
		}
	}
	if end < 8 || !isAZ(line[end-6:end]) {
		// without a checksum, AY counts only where a field may begin
		if at := len(body) - 3; at >= 2 && isAY(body) && (body[at-1] == f.delimiter() || at == 2+layouts[m.Code].Width()) {
			m.Sequence = int(body[at+2] - '0')
			m.problem("There is a sequence number (AY) but no checksum (AZ).")
			body = body[:at]
		}
		return body
	}
	digits := string(line[end-4 : end])
	body = line[:end-6]
	m.Checksum = Bad
	want := Sum(line[:end-4])
	switch {
	case digits == want:
		m.Checksum = OK
	case strings.ToUpper(digits) == want:
		m.Checksum = OK
		m.problem("The checksum is written in lower case.")
	default:
		m.problem("The checksum is wrong: the message was changed on its way, or summed in another character set.")
	}
	if n := len(body); n > 4 && body[n-1] == f.delimiter() && isAY(body[:n-1]) && body[n-5] == f.delimiter() {
		m.problem("A delimiter stands after the sequence number.")
		body = body[:n-1]
	}
	switch n := len(body); {
	case n >= 5 && isAY(body):
		m.Sequence = int(body[n-1] - '0')
		body = body[:n-3]
	case n >= 4 && body[n-2] == 'A' && body[n-1] == 'Y' && (body[n-3] == f.delimiter() || n == 4+layouts[m.Code].Width()):
		m.problem("The sequence number (AY) has no digit.")
		body = body[:n-2]
	case m.Code != "96" && m.Code != "97":
		m.problem("There is a checksum (AZ) but no sequence number (AY).")
	}
	return body
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

// readFixed takes the fixed part off the front and returns the rest.
func (f Format) readFixed(m *Message, body []byte) []byte {
	layout, known := layouts[m.Code]
	if !known {
		m.problem("The message code is not in the SIP2 document, so the length of its fixed part is not known.")
		head, rest, found := bytes.Cut(body, []byte{f.delimiter()})
		if len(head) >= 2 && isFieldID(head) {
			return body
		}
		m.Fixed = f.Charset.Decode(head)
		if !found {
			return nil
		}
		return rest
	}
	var fixed strings.Builder
	for _, field := range layout.Fixed {
		width := min(field.Width, len(body))
		if field.Kind == Date {
			if text, n := shortDate(body); n > 0 {
				m.problem("The field %s has no blanks around its zone.", field.Name)
				fixed.WriteString(text)
				body = body[n:]
				continue
			}
		}
		if width < field.Width {
			m.problem("The message ends inside its fixed part, at %s.", field.Name)
			fixed.WriteString(fixedText(body))
			body = nil
			break
		}
		text := fixedText(body[:width])
		if text != string(body[:width]) {
			m.problem("The field %s holds a byte that is no printable ASCII.", field.Name)
		}
		fixed.WriteString(text)
		body = body[width:]
	}
	m.Fixed = fixed.String()
	return body
}

// fixedText keeps one character per byte, so that widths hold whatever the bytes are.
func fixedText(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r > '~' || r < ' ' {
			return '?'
		}
		return r
	}, Latin1.Decode(b))
}

// shortDate recognises a date whose zone is not four characters long, "20110102UTC102030" or "20110102102030", as
// some servers write it. It returns the date in its full width and how many bytes it took; 0 when the date is
// no such thing.
func shortDate(b []byte) (string, int) {
	if len(b) >= 18 && (allDigits(b[12:18]) || len(bytes.TrimSpace(b[:18])) == 0) {
		return "", 0
	}
	if len(b) < 14 || !allDigits(b[:8]) {
		return "", 0
	}
	for zone := 3; zone >= 0; zone-- {
		if len(b) < 14+zone || !allDigits(b[8+zone:14+zone]) {
			continue
		}
		name := b[8 : 8+zone]
		if bytes.ContainsFunc(name, func(r rune) bool { return r != ' ' && (r < 'A' || r > 'Z') }) {
			continue
		}
		return string(b[:8]) + string(name) + strings.Repeat(" ", 4-zone) + string(b[8+zone:14+zone]), 14 + zone
	}
	return "", 0
}

// readFields splits the variable part. A piece that does not begin with an identifier belongs to the value before
// it: the server left a delimiter inside.
func (f Format) readFields(m *Message, body []byte) {
	if len(body) == 0 {
		return
	}
	delimiter := []byte{f.delimiter()}
	closed := bytes.HasSuffix(body, delimiter)
	pieces := bytes.Split(bytes.TrimSuffix(body, delimiter), delimiter)
	if !closed {
		m.problem("The last field has no delimiter.")
	}
	var raw [][]byte // the value of each field, still in bytes
	stray, inside, invalid, early := false, false, false, false
	for _, piece := range pieces {
		switch {
		case len(piece) == 0:
			stray = true
		case len(piece) >= 2 && isFieldID(piece):
			m.Fields = append(m.Fields, Field{ID: string(piece[:2])})
			raw = append(raw, slices.Clip(piece[2:])) // what is appended to it must not run into the next
		case len(raw) > 0:
			inside = true
			last := len(raw) - 1
			raw[last] = append(append(raw[last], delimiter...), piece...)
		default:
			m.problem("The variable part does not begin with a field identifier.")
			m.Fields = append(m.Fields, Field{})
			raw = append(raw, slices.Clip(piece))
		}
	}
	if stray {
		m.problem("A delimiter stands without a field before it.")
	}
	if inside {
		m.problem("A delimiter stands inside a value.")
	}
	for i, value := range raw {
		m.Fields[i].Value = f.Charset.Decode(value)
		invalid = invalid || strings.ContainsRune(m.Fields[i].Value, '\uFFFD')
		if id := m.Fields[i].ID; id == "AY" || id == "AZ" {
			early = true
		}
	}
	if early {
		m.problem("AY or AZ does not stand at the end.")
	}
	if invalid {
		m.problem("A value holds bytes that mean nothing in %s.", f.Charset.name())
	}
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
