package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// MaxFields is how many variable fields are read of one message. Lists of patrons are the longest there are; a message
// with more is refused with ErrTooLong, because an account must be read whole or not at all.
const MaxFields = 50_000

// View is one line taken apart and not copied: everything in it points into the line that was read. It is for
// programs that read many messages; reading into the same View again allocates nothing. Whoever keeps something of it
// beyond the life of the line makes a Message of it.
type View struct {
	Code     string // "37"
	Fixed    []byte // the fixed part as it came
	Fields   []ViewField
	Sequence int      // AY, 0 to 9; NoSequence when there is none
	Checksum Checksum // what AZ says about the line
	Line     []byte
	Problems []Problem // what was not as the document wants it, and was read all the same

	body     []byte // the variable part, without AY and AZ
	widened  []byte // a fixed part whose date was too short, in its full width
	badBytes bool   // outside of what the character set knows
}

// ViewField is one variable field of a View.
type ViewField struct {
	ID    string // two characters, "AO"; empty for a piece that has no identifier
	Value []byte // in the bytes of the line's character set
}

// Value is the first field with this identifier, nil when there is none.
func (v *View) Value(id string) []byte {
	for i := range v.Fields {
		if v.Fields[i].ID == id {
			return v.Fields[i].Value
		}
	}
	return nil
}

// FixedValue is one field of the fixed part by its name in the layout, shorter than its width or empty when the
// message ended before.
func (v *View) FixedValue(name string) []byte {
	l := layoutAt(v.Code)
	if l == nil {
		return nil
	}
	at := 0
	for i := range l.Fixed {
		if width := l.Fixed[i].Width; l.Fixed[i].Name == name {
			return v.Fixed[min(at, len(v.Fixed)):min(at+width, len(v.Fixed))]
		} else {
			at += width
		}
	}
	return nil
}

// Problem is one thing that was not as the document wants it.
type Problem struct {
	Kind  ProblemKind
	Field string // of the fixed part, where it is about one
}

// ProblemKind says what was wrong.
type ProblemKind int

// What can be wrong with a message that was read all the same.
const (
	DelimiterAfterChecksum ProblemKind = iota
	SequenceWithoutChecksum
	LowerCaseChecksum
	WrongChecksum
	DelimiterAfterSequence
	SequenceWithoutDigit
	ChecksumWithoutSequence
	UnknownCode
	DateWithoutBlanks
	FixedPartCut
	FixedPartNotASCII
	DelimiterInFixedPart
	NoLastDelimiter
	NoFieldIdentifier
	StrayDelimiter
	DelimiterInValue
	EarlyErrorDetection
	UnknownBytes
)

var sentences = [...]string{
	DelimiterAfterChecksum:  "A delimiter stands after the checksum.",
	SequenceWithoutChecksum: "There is a sequence number (AY) but no checksum (AZ).",
	LowerCaseChecksum:       "The checksum is written in lower case.",
	WrongChecksum:           "The checksum is wrong: the message was changed on its way, or summed in another character set.",
	DelimiterAfterSequence:  "A delimiter stands after the sequence number.",
	SequenceWithoutDigit:    "The sequence number (AY) has no digit.",
	ChecksumWithoutSequence: "There is a checksum (AZ) but no sequence number (AY).",
	UnknownCode:             "The message code is not in the SIP2 document, so the length of its fixed part is not known.",
	DateWithoutBlanks:       "The field %s has no blanks around its zone.",
	FixedPartCut:            "The message ends inside its fixed part, at %s.",
	FixedPartNotASCII:       "The field %s holds a byte that is no printable ASCII.",
	DelimiterInFixedPart:    "A delimiter stands inside the fixed part.",
	NoLastDelimiter:         "The last field has no delimiter.",
	NoFieldIdentifier:       "The variable part does not begin with a field identifier.",
	StrayDelimiter:          "A delimiter stands without a field before it.",
	DelimiterInValue:        "A delimiter stands inside a value.",
	EarlyErrorDetection:     "AY or AZ does not stand at the end.",
	UnknownBytes:            "A value holds bytes that mean nothing in %s.",
}

// String is the problem as a plain sentence, which quotes no value.
func (p Problem) String() string {
	if p.Field == "" {
		return sentences[p.Kind]
	}
	return fmt.Sprintf(sentences[p.Kind], p.Field)
}

// ParseInto takes a line apart, without its end, into v, whose slices are used again. What v holds points into line
// and is good as long as line is left alone. The errors are those of Parse.
func (f Format) ParseInto(line []byte, v *View) error {
	*v = View{Sequence: NoSequence, Line: line, Fields: v.Fields[:0], Problems: v.Problems[:0], widened: v.widened[:0]}
	if len(line) < 2 || !isDigit(line[0]) || !isDigit(line[1]) {
		return fmt.Errorf("wire: a line of %d bytes: %w", len(line), ErrNotSIP2)
	}
	if f.Limit > 0 && len(line) > f.Limit {
		return fmt.Errorf("wire: more than %d bytes: %w", f.Limit, ErrTooLong)
	}
	v.Code = codeText(line[0], line[1])
	f.cutTail(v)
	f.readFixed(v)
	if bytes.IndexByte(v.Fixed, f.delimiter()) >= 0 {
		v.problem(DelimiterInFixedPart)
	}
	return f.readFields(v)
}

func (v *View) problem(kind ProblemKind) { v.Problems = append(v.Problems, Problem{Kind: kind}) }

func (v *View) problemAt(kind ProblemKind, field string) {
	v.Problems = append(v.Problems, Problem{Kind: kind, Field: field})
}

// cutTail takes AZ and AY off the end and judges them. AZ counts only at the very end, because values may hold the
// letters too. What is left of the line goes to v.body.
func (f Format) cutTail(v *View) {
	line := v.Line
	body := line
	end := len(line)
	delimiter := f.delimiter()
	width := 2
	if l := layoutAt(v.Code); l != nil {
		width += l.width
	}
	defer func() {
		if len(body) < 2 { // "96AZ..." leaves the code, and a line can be no shorter
			body = line[:2]
		}
		v.body = body[2:]
	}()
	if line[end-1] == delimiter { // "|AZFCA5|": AZ written like a field
		at := end - 7
		if at >= 2 && isAZ(line[at:end-1]) && (line[at-1] == delimiter || isAY(line[:at]) || at == 2) {
			v.problem(DelimiterAfterChecksum)
			end--
		}
	}
	if end < 8 || !isAZ(line[end-6:end]) {
		// without a checksum, AY counts only where a field may begin
		if at := len(body) - 3; at >= 2 && isAY(body) && (body[at-1] == delimiter || at == width) {
			v.Sequence = int(body[at+2] - '0')
			v.problem(SequenceWithoutChecksum)
			body = body[:at]
		}
		return
	}
	digits := line[end-4 : end]
	body = line[:end-6]
	v.Checksum = Bad
	var want [4]byte
	writeSum(&want, -sum(line[:end-4]))
	switch {
	case string(digits) == string(want[:]):
		v.Checksum = OK
	case bytes.EqualFold(digits, want[:]):
		v.Checksum = OK
		v.problem(LowerCaseChecksum)
	default:
		v.problem(WrongChecksum)
	}
	if n := len(body); n > 4 && body[n-1] == delimiter && isAY(body[:n-1]) && body[n-5] == delimiter {
		v.problem(DelimiterAfterSequence)
		body = body[:n-1]
	}
	switch n := len(body); {
	case n >= 5 && isAY(body):
		v.Sequence = int(body[n-1] - '0')
		body = body[:n-3]
	case n >= 4 && body[n-2] == 'A' && body[n-1] == 'Y' && (body[n-3] == delimiter || n == 2+width):
		v.problem(SequenceWithoutDigit)
		body = body[:n-2]
	case v.Code != "96" && v.Code != "97":
		v.problem(ChecksumWithoutSequence)
	}
}

// readFixed takes the fixed part off the front of the body.
func (f Format) readFixed(v *View) {
	layout := layoutAt(v.Code)
	if layout == nil {
		v.problem(UnknownCode)
		head, rest, found := bytes.Cut(v.body, []byte{f.delimiter()})
		if isFieldID(head) {
			return
		}
		v.Fixed, v.body = head, rest
		if !found {
			v.body = nil
		}
		return
	}
	if len(v.body) >= layout.width && printable(v.body[:layout.width]) && layout.datesWhole(v.body) {
		v.Fixed, v.body = v.body[:layout.width], v.body[layout.width:]
		return
	}
	fixed := v.widened
	for _, field := range layout.Fixed {
		if field.Kind == Date {
			if zone, n := shortDate(v.body); n > 0 {
				v.problemAt(DateWithoutBlanks, field.Name)
				fixed = append(fixed, v.body[:8+zone]...)
				fixed = append(append(fixed, "    "[zone:]...), v.body[8+zone:n]...)
				v.body = v.body[n:]
				continue
			}
		}
		width := min(field.Width, len(v.body))
		fixed = append(fixed, v.body[:width]...)
		cut := width < field.Width
		if cut {
			v.problemAt(FixedPartCut, field.Name)
		} else if !printable(v.body[:width]) {
			v.problemAt(FixedPartNotASCII, field.Name)
		}
		v.body = v.body[width:]
		if cut {
			break
		}
	}
	// one character per byte, so that widths hold whatever the bytes are
	for i, c := range fixed {
		if c < ' ' || c > '~' {
			fixed[i] = '?'
		}
	}
	v.Fixed, v.widened = fixed, fixed
}

// printable says whether all bytes are ASCII that can be seen, blanks included.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// readFields splits the variable part. A piece that does not begin with an identifier belongs to the value before
// it: the server left a delimiter inside.
func (f Format) readFields(v *View) error {
	body := v.body
	if len(body) == 0 {
		return nil
	}
	delimiter := f.delimiter()
	if body[len(body)-1] == delimiter {
		body = body[:len(body)-1]
	} else {
		v.problem(NoLastDelimiter)
	}
	stray, inside, early := false, false, false
	begin := 0 // of the value that may still grow
	for at := 0; at <= len(body); {
		end := bytes.IndexByte(body[at:], delimiter)
		if end < 0 {
			end = len(body)
		} else {
			end += at
		}
		piece := body[at:end]
		switch {
		case len(piece) == 0:
			stray = true
		case isFieldID(piece):
			if len(v.Fields) >= MaxFields {
				return fmt.Errorf("wire: more than %d fields: %w", MaxFields, ErrTooLong)
			}
			early = early || piece[0] == 'A' && (piece[1] == 'Y' || piece[1] == 'Z')
			begin = at + 2
			v.Fields = append(v.Fields, ViewField{ID: idText(piece[0], piece[1]), Value: piece[2:]})
		case len(v.Fields) > 0:
			inside = true
			v.Fields[len(v.Fields)-1].Value = body[begin:end]
		default:
			v.problem(NoFieldIdentifier)
			begin = at
			v.Fields = append(v.Fields, ViewField{Value: piece})
		}
		at = end + 1
	}
	if stray {
		v.problem(StrayDelimiter)
	}
	if inside {
		v.problem(DelimiterInValue)
	}
	if early {
		v.problem(EarlyErrorDetection)
	}
	if !f.Charset.knows(body) {
		v.badBytes = true
		v.problemAt(UnknownBytes, f.Charset.name())
	}
	return nil
}

// sum adds all bytes. Eight are taken at a time: two sets of four 16-bit lanes, emptied before they can overflow.
func sum(b []byte) uint16 {
	const lanes = 0x00FF00FF00FF00FF
	var total uint64
	for len(b) >= 8 {
		var part uint64
		words := min(len(b)/8, 128) // 128 times twice 255 fits into 16 bits
		for range words {
			w := binary.LittleEndian.Uint64(b)
			part += w&lanes + w>>8&lanes
			b = b[8:]
		}
		total += part&0xFFFF + part>>16&0xFFFF + part>>32&0xFFFF + part>>48
	}
	for _, c := range b {
		total += uint64(c)
	}
	return uint16(total)
}

func writeSum(to *[4]byte, sum uint16) {
	const hex = "0123456789ABCDEF"
	*to = [4]byte{hex[sum>>12], hex[sum>>8&15], hex[sum>>4&15], hex[sum&15]}
}

// knows says whether every byte has a meaning in c. The single-byte codes give one to each.
func (c Charset) knows(b []byte) bool {
	switch {
	case c.table() != nil:
		return true
	case c == ASCII:
		return ascii(b)
	}
	return utf8.Valid(b)
}

func ascii(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// idTexts holds every possible identifier, so that none has to be made again for each field.
var idTexts = func() string {
	var b []byte
	for first := byte('A'); first <= 'Z'; first++ {
		for _, second := range []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			b = append(b, first, second)
		}
	}
	return string(b)
}()

// idText is an identifier as text; both bytes are known to be right.
func idText(first, second byte) string {
	at := int(first-'A') * 36
	if isDigit(second) {
		at += int(second - '0')
	} else {
		at += int(second-'A') + 10
	}
	return idTexts[2*at : 2*at+2]
}

// codeTexts holds the codes 00 to 99.
var codeTexts = func() string {
	var b []byte
	for i := range byte(100) {
		b = append(b, '0'+i/10, '0'+i%10)
	}
	return string(b)
}()

func codeText(tens, ones byte) string {
	at := 2 * (int(tens-'0')*10 + int(ones-'0'))
	return codeTexts[at : at+2]
}
