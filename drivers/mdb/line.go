package mdb

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Errors of lines.
var (
	ErrMalformed = errors.New("mdb: this is no line of the protocol")
	ErrNoReport  = errors.New("mdb: this line reports no state")
)

// Limits of a line. The longest line in the documents has 40 characters.
const (
	mostLine   = 200 // characters, without the line feed
	mostFields = 32
)

// Line is one line: its fields.
type Line []string

// ParseLine reads a line without its line feed.
func ParseLine(b []byte) (Line, error) {
	if err := fits(b); err != nil {
		return nil, err
	}
	return strings.Split(string(b), ","), nil
}

// Bytes are a line without its line feed.
func (l Line) Bytes() ([]byte, error) {
	b := []byte(strings.Join(l, ","))
	if err := fits(b); err != nil {
		return nil, err
	}
	if n := bytes.Count(b, []byte{','}) + 1; n != len(l) {
		return nil, fmt.Errorf("%w: a field has a comma", ErrMalformed)
	}
	return b, nil
}

// fits says how b is no line.
func fits(b []byte) error {
	if len(b) == 0 || len(b) > mostLine || bytes.Count(b, []byte{','}) >= mostFields {
		return fmt.Errorf("%w: it has %d characters", ErrMalformed, len(b))
	}
	for at, c := range b {
		if c < ' ' || c > '~' {
			return fmt.Errorf("%w: character %d is %02X", ErrMalformed, at+1, c)
		}
	}
	return nil
}

// splitter finds the lines in what comes, and keeps no more of an endless one than shows that it is none.
type splitter struct{ line []byte }

// take takes a byte; a line is returned with its last one, carriage return or line feed. It stands until the next call.
func (s *splitter) take(b byte) (line []byte, whole bool) {
	if b != '\n' && b != '\r' {
		if len(s.line) <= mostLine {
			s.line = append(s.line, b)
		}
		return nil, false
	}
	line = s.line
	s.line = s.line[:0]
	return line, len(line) > 0
}

// State is what an adapter says of its reader.
type State string

// The states.
const (
	Off    State = "OFF"    // the adapter is not master of the bus
	Reset  State = "RESET"  // no reader answers yet
	Init   State = "INIT"   // the reader takes no cards
	Idle   State = "IDLE"   // the reader waits for a request
	Credit State = "CREDIT" // a card was shown before any request
	Vend   State = "VEND"   // a request is pending
	Result State = "RESULT" // it is answered and the session has not ended
)

// Setup is what a reader says of itself, MDB/ICP 7.4.2.
type Setup struct {
	Level    int
	Currency string // "1978": 1 and ISO 4217, or 0 and a telephone code of a country
	Scale    int64
	Decimals int
	Seconds  int // longest time for an answer
	Flags    int
	Mode     int // 1 or 2, as with D; 0 where older versions say nothing
}

// Report is a state with what is said of it.
type Report struct {
	State State
	Of    []string // RESULT: "1" and an amount, or "-1"
	Setup *Setup   // in the answer to D,STATUS; nil elsewhere
}

const reportStart = "d,STATUS,"

// ParseReport reads a line that reports a state. ErrNoReport: it is another line, known or not. ErrMalformed: it is none at all.
func ParseReport(b []byte) (Report, error) {
	if !bytes.HasPrefix(b, []byte(reportStart)) {
		return Report{}, ErrNoReport
	}
	line, err := ParseLine(b)
	if err != nil {
		return Report{}, err
	}
	r := Report{State: State(line[2]), Of: line[3:]}
	switch r.State {
	case Off, Reset, Init, Idle, Credit, Vend, Result:
	default:
		return Report{}, ErrNoReport
	}
	for at, field := range r.Of {
		if field == "#" {
			r.Setup, err = parseSetup(r.Of[at+1:])
			r.Of = r.Of[:at]
			break
		}
	}
	return r, err
}

const setupFields = 6 // and the mode, in newer versions

func parseSetup(fields []string) (*Setup, error) {
	if len(fields) < setupFields {
		return nil, fmt.Errorf("%w: a setup has %d fields", ErrMalformed, len(fields))
	}
	var n [setupFields + 1]int
	for at := range min(len(fields), len(n)) {
		v, err := strconv.ParseUint(fields[at], 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%w: %q in the setup is no number", ErrMalformed, fields[at])
		}
		n[at] = int(v)
	}
	return &Setup{Level: n[0], Currency: fields[1], Scale: int64(n[2]), Decimals: n[3], Seconds: n[4], Flags: n[5], Mode: n[6]}, nil
}

// result reads a report of a RESULT.
func (r Report) result() (approved bool, amount string, err error) {
	switch {
	case r.State == Result && len(r.Of) == 1 && r.Of[0] == "-1":
		return false, "", nil
	case r.State == Result && len(r.Of) == 2 && r.Of[0] == "1":
		return true, r.Of[1], nil
	}
	return false, "", fmt.Errorf("%w: %s %q is no result", ErrMalformed, r.State, r.Of)
}

// aboutResult says whether a line means to tell a result, however damaged it is.
func aboutResult(b []byte) bool { return bytes.HasPrefix(b, []byte(reportStart+string(Result))) }

// complains says whether a line is an error of the adapter. Both cases of the letter occur.
func complains(b []byte) bool {
	return bytes.HasPrefix(b, []byte("d,ERR")) || bytes.HasPrefix(b, []byte("D,ERR"))
}
