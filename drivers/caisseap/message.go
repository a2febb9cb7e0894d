package caisseap

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Limits of a message. Ticket texts are the longest values.
const (
	mostValue  = 999 // a length has three digits
	mostFields = 64
	mostBytes  = 16 << 10
)

// Field is one field of a message.
type Field struct {
	Tag   string // two characters, "CB"
	Value string
}

// Message is a request or an answer, its fields in their order.
type Message []Field

// Value is that of the first field with a tag.
func (m Message) Value(tag string) (value string, there bool) {
	at := slices.IndexFunc(m, func(f Field) bool { return f.Tag == tag })
	if at < 0 {
		return "", false
	}
	return m[at].Value, true
}

// Bytes are the message as it is sent. A tag that has not two characters, and a value that is too long, are errors.
func (m Message) Bytes() ([]byte, error) {
	var b []byte
	for _, f := range m {
		if !isTag(f.Tag) || len(f.Value) > mostValue {
			return nil, fmt.Errorf("caisseap: field %q of %d bytes cannot be sent", f.Tag, len(f.Value))
		}
		b = fmt.Appendf(b, "%s%03d%s", f.Tag, len(f.Value), f.Value)
	}
	return b, nil
}

// Why bytes are no message.
var (
	ErrIncomplete = errors.New("caisseap: the message ends within a field")
	ErrMalformed  = errors.New("caisseap: this is no message")
)

// Parse reads a message that fills b. ErrIncomplete: more bytes may make one of it. ErrMalformed: none will.
func Parse(b []byte) (Message, error) {
	if len(b) > mostBytes {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrMalformed, mostBytes)
	}
	var m Message
	for len(b) > 0 {
		f, rest, err := parseField(b)
		if err != nil {
			return nil, err
		}
		if len(m) == 0 && f.Tag != tagVersion {
			return nil, fmt.Errorf("%w: it begins with %q", ErrMalformed, f.Tag)
		}
		if len(m) == mostFields {
			return nil, fmt.Errorf("%w: it has more than %d fields", ErrMalformed, mostFields)
		}
		m, b = append(m, f), rest
	}
	if len(m) == 0 {
		return nil, ErrIncomplete
	}
	return m, nil
}

// head is what stands before a value: tag and length.
const tagSize, head = 2, 5

func parseField(b []byte) (f Field, rest []byte, err error) {
	for i, c := range b[:min(head, len(b))] {
		if i < tagSize && !tagCharacter(c) || i >= tagSize && (c < '0' || c > '9') {
			return Field{}, nil, fmt.Errorf("%w: a field begins with %q", ErrMalformed, b[:min(head, len(b))])
		}
	}
	if len(b) < head {
		return Field{}, nil, ErrIncomplete
	}
	length, err := strconv.Atoi(string(b[tagSize:head]))
	if err != nil {
		return Field{}, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(b) < head+length {
		return Field{}, nil, ErrIncomplete
	}
	return Field{string(b[:tagSize]), string(b[head : head+length])}, b[head+length:], nil
}

func tagCharacter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' }

func isTag(tag string) bool {
	return len(tag) == tagSize && tagCharacter(tag[0]) && tagCharacter(tag[1])
}

// Tags.
const (
	tagVersion       = "CZ" // of the protocol, first
	tagApplication   = "CJ" // identification of the register's application, 12 characters
	tagRegister      = "CA"
	tagAmount        = "CB" // minor units, 2 to 12 digits
	tagKind          = "CC" // of payment: 001 contact card, 00B contactless card
	tagAction        = "CD"
	tagCurrency      = "CE" // numeric, 978
	tagOwnReference  = "CH"
	tagReading       = "CI" // of the card, 0 to 4
	tagTransaction   = "CG" // number
	tagMaskedPAN     = "AA"
	tagAuthorisation = "AC" // number
	tagWhen          = "BA" // the answer comes: 0 at the end, 1 at once
	tagTicket        = "ZT" // text, base64
	tagEnded         = "AE"
	tagReason        = "AF"
)

// Values.
const (
	version          = "0300"
	actionDebit      = "0"
	answerAtTheEnd   = "0"
	endedDone        = "10"
	endedNot         = "01"
	reasonAuthorised = "01"
	reasonUnfinished = "07"
)

// reasons are the values of AF, in words for staff.
var reasons = map[string]string{
	"00": "unknown", "01": "authorised", "02": "by phone", "03": "forced", "04": "refused", "05": "forbidden", "06": "abandoned", "07": "not finished",
	"08": "timeout", "09": "format", "10": "selection", "11": "abandoned by the operator", "12": "unknown action", "13": "currency",
}
