package concert

import (
	"errors"
	"fmt"
	"strconv"
)

// The signs of the line.
const (
	STX byte = 0x02
	ETX byte = 0x03
	EOT byte = 0x04
	ENQ byte = 0x05
	ACK byte = 0x06
	NAK byte = 0x15
)

// ErrMalformed: bytes are no frame, or its message has not the shape of a request or an answer.
var ErrMalformed = errors.New("concert: this is no message")

// Sizes of messages, without STX, ETX and LRC.
const (
	requestSize = 34
	shortSize   = 25
	longSize    = 80
	reportSize  = longSize - shortSize
	privateSize = 10
	mostMinor   = 99_999_999 // the amount has 8 digits
)

// Request is what the kiosk asks for.
type Request struct {
	Register string // two digits
	Minor    int64  // of the currency, 0 to 99,999,999
	Long     bool   // the answer has a report, which may hold card data
	Mode     byte   // '1' card, 'C' cheque, 'U' CUP and others
	Kind     byte   // '0' debit, '1' credit, '2' cancellation, '4' automatic
	Currency string // three digits, "978"
	Private  string // at most 10 characters, comes back in the answer
	Delay    string // "A010": the answer comes after the transaction; "A011": at once, without its result
	Force    string // "B010"; "B011" forces an authorisation
}

// Answer is what the terminal says of a transaction.
type Answer struct {
	Register string
	Status   byte // '0' done, '7' not done, '9' not verified
	Minor    int64
	Mode     byte
	Report   string // 55 characters of a long answer
	Currency string
	Private  string // 10 characters
}

// Bytes are the message of a request.
func (r Request) Bytes() ([]byte, error) {
	flag := "0"
	if r.Long {
		flag = "1"
	}
	if r.Minor < 0 || r.Minor > mostMinor {
		return nil, fmt.Errorf("concert: an amount of %d has more than 8 digits, or is negative", r.Minor)
	}
	b := fmt.Appendf(nil, "%s%08d%s%c%c%s%-10s%s%s", r.Register, r.Minor, flag, r.Mode, r.Kind, r.Currency, r.Private, r.Delay, r.Force)
	if again, err := ParseRequest(b); err != nil || again.Currency != r.Currency {
		return nil, fmt.Errorf("concert: %+v cannot be asked for", r)
	}
	return b, nil
}

// ParseRequest reads the message of a request.
func ParseRequest(b []byte) (Request, error) {
	if len(b) != requestSize || !printable(b) {
		return Request{}, fmt.Errorf("%w: a request has %d characters, here are %d", ErrMalformed, requestSize, len(b))
	}
	minor, err := digits(b[2:10])
	if err != nil || b[10] != '0' && b[10] != '1' {
		return Request{}, fmt.Errorf("%w: amount %q, kind of answer %q", ErrMalformed, b[2:10], b[10])
	}
	return Request{Register: string(b[:2]), Minor: minor, Long: b[10] == '1', Mode: b[11], Kind: b[12], Currency: string(b[13:16]),
		Private: string(b[16:26]), Delay: string(b[26:30]), Force: string(b[30:34])}, nil
}

// Bytes are the message of an answer.
func (a Answer) Bytes() []byte {
	return fmt.Appendf(nil, "%s%c%08d%c%s%s%-10s", a.Register, a.Status, a.Minor, a.Mode, a.Report, a.Currency, a.Private)
}

// ParseAnswer reads the message of an answer, short or long.
func ParseAnswer(b []byte) (Answer, error) {
	if len(b) != shortSize && len(b) != longSize || !printable(b) {
		return Answer{}, fmt.Errorf("%w: an answer has %d or %d characters, here are %d", ErrMalformed, shortSize, longSize, len(b))
	}
	minor, err := digits(b[3:11])
	if err != nil {
		return Answer{}, err
	}
	report := len(b) - shortSize
	rest := b[12+report:]
	return Answer{Register: string(b[:2]), Status: b[2], Minor: minor, Mode: b[11], Report: string(b[12 : 12+report]),
		Currency: string(rest[:3]), Private: string(rest[3:])}, nil
}

func digits(b []byte) (int64, error) {
	for _, d := range b {
		if d < '0' || d > '9' {
			return 0, fmt.Errorf("%w: %q is no number", ErrMalformed, b)
		}
	}
	return strconv.ParseInt(string(b), 10, 64)
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// Frame is a message as it is sent.
func Frame(message []byte) []byte {
	b := append([]byte{STX}, message...)
	b = append(b, ETX)
	return append(b, lrc(b[1:]))
}

func lrc(b []byte) (sum byte) {
	for _, x := range b {
		sum ^= x
	}
	return sum
}

// ParseFrame takes the message out of a frame, STX to LRC.
func ParseFrame(b []byte) (message []byte, err error) {
	if len(b) < 4 || b[0] != STX || b[len(b)-2] != ETX {
		return nil, fmt.Errorf("%w: %d bytes are no frame", ErrMalformed, len(b))
	}
	if sum := lrc(b[1 : len(b)-1]); sum != b[len(b)-1] {
		return nil, fmt.Errorf("%w: the check sum is %02X, %02X was sent", ErrMalformed, sum, b[len(b)-1])
	}
	return b[1 : len(b)-2], nil
}
