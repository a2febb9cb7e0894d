package sip

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"selfpay/sip/wire"
)

// Message is one of this package's message types.
type Message interface {
	// Encode makes the message for the wire. ErrInvalid means that a value may not be sent; nothing was written.
	Encode() (wire.Message, error)
}

// Received is how a message came over the wire; empty in a message that was made here. Encode keeps from it what this
// package has no name for: unknown and repeated fields, the order of fields, and the spelling of each value that was
// not changed. So what is read and written again has the same bytes, and a field of a site's own is sent by putting it
// into Fields.
type Received struct {
	Fixed  string       // the fixed part
	Fields []wire.Field // all variable fields in wire order
}

// maxValue is the longest variable field of the document, in characters.
const maxValue = 255

// form walks through the parts of one message in the document's order. The same walk reads a message into its type and
// writes it back, so that the two cannot drift apart.
type form struct {
	code    string
	writing bool
	in      Received     // what came; for reading and for what is kept when writing
	at      int          // in the fixed part
	fixed   []byte       // written
	out     []wire.Field // variable fields of a message that was made here, written at once
	parts   []part       // variable fields of others, in the document's order, to be put among what came
	lists   []string     // identifiers that may repeat
	last    string       // identifier of the field that goes behind everything else
	err     error
}

// part is one variable field to be written.
type part struct {
	wire.Field
	always bool // also when empty
	used   bool
}

// fresh says that the message was made here and has no fields of a site's own.
func (f *form) fresh() bool { return f.in.Fixed == "" && len(f.in.Fields) == 0 }

// reading begins to read a message. It refuses one of another kind.
func reading(code string, m wire.Message) (form, error) {
	return form{code: code, in: Received{m.Fixed, m.Fields}}, is(m, code)
}

func writing(code string, r Received) form { return form{code: code, writing: true, in: r} }

// is refuses a message of another kind.
func is(m wire.Message, code string) error {
	if m.Code != code {
		return fmt.Errorf("message %.2q where %s was expected: %w", m.Code, code, ErrUnreadable)
	}
	return nil
}

func (f *form) refuse(what, why string) {
	if f.err == nil {
		f.err = fmt.Errorf("message %s: %s %s: %w", f.code, what, why, ErrInvalid)
	}
}

// piece is the next field of the fixed part as it came.
func (f *form) piece(width int) string {
	begin := min(f.at, len(f.in.Fixed))
	f.at += width
	return f.in.Fixed[begin:min(f.at, len(f.in.Fixed))]
}

// write puts a text into the fixed part.
func (f *form) write(name, text string, width int) {
	if len(text) != width {
		f.refuse(name, fmt.Sprintf("has %d characters instead of %d", len(text), width))
	}
	f.fixed = append(f.fixed, text...)
}

// truth is a yes or no in the fixed part; on and off are how it is written. Whatever is not on is read as off.
func (f *form) truth(name string, p *bool, on, off string) {
	came := f.piece(1)
	is := came == on || came == "Y" || came == "1"
	switch {
	case !f.writing:
		*p = is
	case len(came) == 1 && is == *p:
		f.write(name, came, 1)
	case *p:
		f.write(name, on, 1)
	default:
		f.write(name, off, 1)
	}
}

func (f *form) yn(name string, p *bool)  { f.truth(name, p, "Y", "N") }
func (f *form) bit(name string, p *bool) { f.truth(name, p, "1", "0") }

// answer is Y, N or U in the fixed part.
func (f *form) answer(name string, p *Answer) {
	came := f.piece(1)
	switch {
	case !f.writing:
		*p = readAnswer(came)
	case len(came) == 1 && readAnswer(came) == *p:
		f.write(name, came, 1)
	case *p == AnswerNone:
		f.write(name, "U", 1)
	default:
		f.write(name, p.value(), 1)
	}
}

// coded is a coded value in the fixed part; standard stands for an empty one.
func coded[T ~string](f *form, name string, p *T, width int, standard T) {
	came := f.piece(width)
	switch {
	case !f.writing:
		*p = T(came)
	case *p == "":
		f.write(name, string(standard), width)
	default:
		f.write(name, string(*p), width)
	}
}

// count is a number in the fixed part, blank or beyond what the field can mean when Unknown.
func (f *form) count(name string, p *int, width int) {
	came := f.piece(width)
	switch {
	case !f.writing:
		*p = readCount(came)
	case len(came) == width && readCount(came) == *p:
		f.write(name, came, width)
	default:
		text, err := count(*p, width)
		if err != nil {
			f.refuse(name, "does not fit")
		}
		f.fixed = append(f.fixed, text...)
	}
}

// hundreds is a count of three digits of which 999 is Unknown.
func (f *form) hundreds(name string, p *int) {
	came := f.piece(3)
	n := readCount(came)
	if n == 999 {
		n = Unknown
	}
	switch {
	case !f.writing:
		*p = n
	case len(came) == 3 && n == *p:
		f.write(name, came, 3)
	default:
		n = *p
		if n == Unknown {
			n = 999
		}
		text, err := count(n, 3)
		if err != nil {
			f.refuse(name, "does not fit")
		}
		f.fixed = append(f.fixed, text...)
	}
}

// date is a date in the fixed part. utc, where it is not nil, says how the sender writes it.
func (f *form) date(name string, p *time.Time, utc *bool) {
	came := f.piece(18)
	inUTC := cutZone(came) == "   Z"
	switch {
	case !f.writing:
		*p = readDate(came)
		if utc != nil {
			*utc = inUTC
		}
	case len(came) == 18 && readDate(came).Equal(*p) && (utc == nil || inUTC == *utc):
		f.write(name, came, 18)
	default:
		f.write(name, FormatDate(*p, utc != nil && *utc), 18)
	}
}

// flags are positions in the fixed part that hold Y or a blank.
func (f *form) flags(name string, set []bool) {
	came := f.piece(len(set))
	same := len(came) == len(set)
	for i := range set {
		on := i < len(came) && came[i] == 'Y'
		if !f.writing {
			set[i] = on
		}
		same = same && on == set[i]
	}
	switch {
	case !f.writing:
	case same:
		f.write(name, came, len(set))
	default:
		f.write(name, flags(set), len(set))
	}
}

// came is the first field with an identifier.
func (f *form) came(id string) (string, bool) {
	for i := range f.in.Fields {
		if f.in.Fields[i].ID == id {
			return f.in.Fields[i].Value, true
		}
	}
	return "", false
}

// put notes a variable field for writing. An empty one is left out unless always, or unless it came empty.
func (f *form) put(id, value string, always bool) {
	if len(value) > maxValue && utf8.RuneCountInString(value) > maxValue && !f.cameAs(id, value) {
		f.refuse(id, fmt.Sprintf("is longer than %d characters", maxValue))
	}
	if f.fresh() {
		if value != "" || always {
			if f.out == nil {
				f.out = make([]wire.Field, 0, 12)
			}
			f.out = append(f.out, wire.Field{ID: id, Value: value})
		}
		return
	}
	f.parts = append(f.parts, part{Field: wire.Field{ID: id, Value: value}, always: always})
}

func (f *form) cameAs(id, value string) bool {
	for _, field := range f.in.Fields {
		if field.ID == id && field.Value == value {
			return true
		}
	}
	return false
}

// text is a variable field. One that the document requires is written even when empty.
func text[T ~string](f *form, id string, p *T, required bool) {
	if f.writing {
		f.put(id, string(*p), required)
		return
	}
	came, _ := f.came(id)
	*p = T(came)
}

// wide is an optional variable field of a fixed width.
func wide[T ~string](f *form, id string, p *T, width int) {
	if f.writing && *p != "" && len(*p) != width && !f.cameAs(id, string(*p)) {
		f.refuse(id, fmt.Sprintf("has %d characters instead of %d", len(*p), width))
	}
	text(f, id, p, false)
}

// texts are variable fields that repeat.
func (f *form) texts(id string, p *[]string) {
	if !f.writing {
		n := 0
		for i := range f.in.Fields {
			if f.in.Fields[i].ID == id {
				n++
			}
		}
		if n == 0 {
			return
		}
		*p = make([]string, 0, n)
		for i := range f.in.Fields {
			if f.in.Fields[i].ID == id {
				*p = append(*p, f.in.Fields[i].Value)
			}
		}
		return
	}
	f.lists = append(f.lists, id)
	for _, value := range *p {
		f.put(id, value, true)
	}
}

// option is an optional yes or no.
func (f *form) option(id string, p *Answer) {
	came, there := f.came(id)
	switch {
	case !f.writing:
		*p = readAnswer(came)
	case there && readAnswer(came) == *p:
		f.put(id, came, true)
	case *p == AnswerNone:
		f.put(id, "", false)
	default:
		f.put(id, p.value(), true)
	}
}

// when is an optional date in a variable field.
func (f *form) when(id string, p *time.Time, utc bool) {
	came, there := f.came(id)
	switch {
	case !f.writing:
		*p = readDate(came)
	case there && readDate(came).Equal(*p):
		f.put(id, came, true)
	case p.IsZero():
		f.put(id, "", false)
	default:
		f.put(id, FormatDate(*p, utc), true)
	}
}

// number is an optional number; width 0 writes as many digits as it has.
func (f *form) number(id string, p *Number, width int) {
	came, there := f.came(id)
	n := readCount(came)
	got := Number{Value: n, Said: n != Unknown}
	if !got.Said {
		got = Number{}
	}
	switch {
	case !f.writing:
		*p = got
	case there && got == *p:
		f.put(id, came, true)
	case !p.Said:
		f.put(id, "", false)
	default:
		digits := strconv.Itoa(p.Value)
		if len(digits) < width {
			digits = strings.Repeat("0", width-len(digits)) + digits
		}
		if p.Value < 0 || (width > 0 && len(digits) > width) {
			f.refuse(id, "does not fit")
		}
		f.put(id, digits, true)
	}
}

// screen is AF and AG, at the end of most answers.
func (f *form) screen(screen, print *[]string) {
	f.texts("AF", screen)
	f.texts("AG", print)
}

// received is what a message that was read keeps.
func (f *form) received() Received { return f.in }

// message is what was written: first what is new, in the document's order, then what came, in its own.
func (f *form) message() (wire.Message, error) {
	m := wire.Message{Code: f.code, Fixed: string(f.fixed), Sequence: wire.NoSequence}
	if f.err != nil {
		return m, f.err
	}
	if f.fresh() {
		m.Fields = f.out
		return m, nil
	}
	fromWire := f.in.Fixed != "" // else made here, with fields of a site's own
	kept := make([]wire.Field, 0, len(f.in.Fields)+len(f.parts))
	seen := make(map[string]int, len(f.in.Fields)) // where to look for the next part of an identifier
	for _, field := range f.in.Fields {
		from := seen[field.ID]
		p, at := f.next(field.ID, from)
		seen[field.ID] = at + 1
		if p != nil {
			p.used = true
			if p.Value != "" || p.always || field.Value == "" {
				kept = append(kept, p.Field)
			}
		} else if !f.repeats(field.ID) { // unknown, or once more what stands once in this type
			kept = append(kept, field)
		}
	}
	var last []wire.Field
	for _, p := range f.parts {
		// what the document requires and the sender left out stays left out
		required := p.always && !(fromWire && p.Value == "")
		switch {
		case p.used || p.Value == "" && !required:
		case p.ID == f.last && seen[p.ID] == 0:
			last = append(last, p.Field)
		default:
			m.Fields = append(m.Fields, p.Field)
		}
	}
	m.Fields = append(append(m.Fields, kept...), last...)
	return m, nil
}

// next is the next field to be written with an identifier, looked for among the parts from a place on.
func (f *form) next(id string, from int) (*part, int) {
	for i := from; i < len(f.parts); i++ {
		if f.parts[i].ID == id {
			return &f.parts[i], i
		}
	}
	return nil, len(f.parts)
}

func (f *form) repeats(id string) bool {
	for _, list := range f.lists {
		if list == id {
			return true
		}
	}
	return false
}
