package ecr17

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"selfpay/device/pan"
)

// Codes of messages, at place 10. A code may mean one thing from the kiosk and another from the terminal.
const (
	codePayment  byte = 'P'
	codeExtended byte = 'X' // payment, its result names the amount
	codeStatus   byte = 's'
	codeLast     byte = 'G'
	codeClose    byte = 'C'
	codeTotals   byte = 'T'
	codeReceipts byte = 'E' // from the kiosk: who prints the receipts
	codeResult   byte = 'E' // from the terminal
	codeExchange byte = 'V' // a result in a currency that the card's holder chose
	codeReceipt  byte = 'S' // from the terminal: a part of a receipt; from the kiosk: a reversal
)

// Sizes of messages, in characters.
const (
	headerSize   = 10
	tidSize      = 8
	paymentSize  = 167
	plainSize    = 71 // result of a payment
	withAction   = 74 // a result up to its action code
	amountSize   = 82 // a result up to its amount
	reversalSize = 84
	exchangeSize = 117
	statusSize   = 31 // without the releases
	totalsSize   = 34
	closedSize   = 44
	mostReceipt  = 200 // characters in one part of a receipt
)

const mostMinor = 99_999_999 // an amount has 8 digits

// Values of fields.
const (
	endedDone      = "00"
	endedNot       = "01"
	stateOperative = '2'
)

// Header is what every message begins with.
type Header struct {
	TerminalID string // 8 digits; 00000000 is any terminal
	Code       byte
}

// ParseHeader reads the beginning of a message.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < headerSize || !digits(b[:tidSize]) || b[tidSize] != '0' {
		return Header{}, fmt.Errorf("%w: it does not begin with a terminal and a code", ErrMalformed)
	}
	return Header{string(b[:tidSize]), b[headerSize-1]}, nil
}

// request is a message to the terminal. The rest is what follows the code.
func request(terminalID string, code byte, rest string) []byte {
	return fmt.Appendf(nil, "%s0%c%s", terminalID, code, rest)
}

// Payment is a payment as it is asked for. The card is not in the terminal yet, and may be of any kind.
type Payment struct {
	TerminalID string
	Register   string // 8 digits
	Extended   bool   // X, whose result names the amount; else P
	Minor      int64  // cents, 1 to 99,999,999
	Contract   string // at most 128 characters; printed below the receipt, without its blanks
}

// Bytes are the message of a payment.
func (p Payment) Bytes() ([]byte, error) {
	code := codePayment
	if p.Extended {
		code = codeExtended
	}
	b := request(p.TerminalID, code, fmt.Sprintf("%s00000%08d%128s00000000", p.Register, p.Minor, p.Contract))
	if again, err := ParsePayment(b); err != nil || again != p || p.Minor <= 0 {
		return nil, fmt.Errorf("ecr17: terminal %q, register %q, amount %d and contract %q do not fit into a payment", p.TerminalID, p.Register, p.Minor,
			p.Contract)
	}
	return b, nil
}

// ParsePayment reads the message of a payment.
func ParsePayment(b []byte) (Payment, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return Payment{}, err
	}
	if len(b) != paymentSize || h.Code != codePayment && h.Code != codeExtended || !digits(b[10:31]) || !printable(b) {
		return Payment{}, fmt.Errorf("%w: a payment has %d characters, here are %d", ErrMalformed, paymentSize, len(b))
	}
	return Payment{TerminalID: h.TerminalID, Register: string(b[10:18]), Extended: h.Code == codeExtended, Minor: number(b[23:31]),
		Contract: strings.TrimLeft(string(b[31:159]), " ")}, nil
}

// Result is how a payment or a reversal ended. There is no full card number in it.
type Result struct {
	TerminalID    string
	Exchange      bool   // V, else E
	Ended         string // "00" done, "01" not done, "05" no card in the terminal, "09" unknown data from the host
	MaskedPAN     string // done
	Reading       string // done: ICC, MAG, MAN, CLM, CLI
	Authorisation string // done, 6 characters; none of a reversal
	When          string // done: DDDHHMM of the host, 001 is the first of January
	Reason        string // not done, at most 24 characters
	Card          byte   // '1' PagoBANCOMAT, '2' an international scheme, '3' another
	Acquirer      string
	STAN          int // 0: none
	Online        int // number of the exchange with the host
	Action        string
	Reversal      bool
	HasAmount     bool
	Minor         int64
}

// Bytes are the message of a result.
func (r Result) Bytes() []byte {
	code := codeResult
	if r.Exchange {
		code = codeExchange
	}
	outcome := fmt.Sprintf("%-24.24s%011d", r.Reason, 0)
	if r.Ended == endedDone {
		outcome = fmt.Sprintf("%s%-3.3s%-6.6s%-7.7s", leftZeros(r.MaskedPAN, 19), r.Reading, r.Authorisation, r.When)
	}
	b := request(r.TerminalID, code, fmt.Sprintf("%s%s%c%-11.11s%06d%06d", r.Ended, outcome, r.Card, r.Acquirer, r.STAN, r.Online))
	switch {
	case r.Exchange:
		b = fmt.Appendf(b, "%3.3s%08d%035d", r.Action, r.Minor, 0)
	case r.HasAmount:
		b = fmt.Appendf(b, "%3.3s%08d%010d", r.Action, r.Minor, 0)
	case r.Reversal:
		b = fmt.Appendf(b, "%3.3s%010d", r.Action, 0)
	}
	return b
}

// ParseResult reads the result of a payment or a reversal.
func ParseResult(b []byte) (Result, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return Result{}, err
	}
	if h.Code != codeResult && h.Code != codeExchange || len(b) < plainSize || len(b) > exchangeSize || !printable(b) {
		return Result{}, fmt.Errorf("%w: code %q with %d characters is no result", ErrMalformed, h.Code, len(b))
	}
	r := Result{TerminalID: h.TerminalID, Exchange: h.Code == codeExchange, Ended: string(b[10:12]), Card: b[47], Acquirer: strings.TrimSpace(string(b[48:59])),
		STAN: int(number(b[59:65])), Online: int(number(b[65:71]))}
	if r.Ended == endedDone {
		r.MaskedPAN, r.Reading = maskedPAN(string(b[12:31])), string(b[31:34])
		r.Authorisation, r.When = strings.TrimSpace(string(b[34:40])), string(b[40:47])
	} else {
		r.Reason = strings.TrimSpace(string(pan.MaskText(b[12:36])))
	}
	if len(b) >= withAction {
		r.Action = string(b[71:74])
	}
	r.Reversal = len(b) == reversalSize
	if len(b) >= amountSize && !r.Reversal && digits(b[74:82]) {
		r.HasAmount, r.Minor = true, number(b[74:82])
	}
	return r, nil
}

// maskedPAN is the card number of a field of 19 characters that is filled with zeros. Some terminals send zeros for all but the last
// four digits.
func maskedPAN(field string) string {
	digits := strings.TrimLeft(field, "0 ")
	if len(digits) < 13 {
		return strings.Repeat("*", 12) + field[len(field)-4:]
	}
	return pan.Mask(digits)
}

// monthDay is DDDHHMM as MMDD and HHMM00. It has no year; the newest one that is not to come is meant.
func monthDay(when string, now time.Time) (date, clock string) {
	if len(when) != 7 || !digits([]byte(when)) {
		return "", ""
	}
	day := int(number([]byte(when[:3])))
	year := now.Year()
	if day > now.YearDay()+1 {
		year--
	}
	return time.Date(year, time.January, day, 0, 0, 0, 0, time.UTC).Format("0102"), when[3:] + "00"
}

// Condition is the terminal's answer to the question how it is.
type Condition struct {
	TerminalID string
	At         string // DDMMYYhhmm
	State      byte
	Release    string
}

// Bytes are the message of a condition.
func (c Condition) Bytes() []byte {
	return request(c.TerminalID, codeStatus, fmt.Sprintf("%010d%-10.10s%c%s", 0, c.At, c.State, c.Release))
}

// ParseCondition reads the answer to the question how the terminal is.
func ParseCondition(b []byte) (Condition, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return Condition{}, err
	}
	if h.Code != codeStatus || len(b) < statusSize || !printable(b) {
		return Condition{}, fmt.Errorf("%w: code %q with %d characters is no condition", ErrMalformed, h.Code, len(b))
	}
	return Condition{TerminalID: h.TerminalID, At: string(b[20:30]), State: b[30], Release: strings.TrimSpace(string(b[31:]))}, nil
}

// Totals is the terminal's answer to the close of a day, and to the question for its totals.
type Totals struct {
	TerminalID string
	Closed     bool // the answer to a close; else to the question
	Ended      string
	Minor      int64  // what the terminal has counted, in cents
	HostMinor  int64  // what the host has counted; closed only
	Reason     string // not done, at most 19 characters
}

// Bytes are the message of totals.
func (t Totals) Bytes() []byte {
	switch {
	case !t.Closed:
		return request(t.TerminalID, codeTotals, fmt.Sprintf("%s%016d%06d", t.Ended, t.Minor, 0))
	case t.Ended != endedDone:
		return request(t.TerminalID, codeClose, fmt.Sprintf("%s%-19.19s%013d", t.Ended, t.Reason, 0))
	}
	return request(t.TerminalID, codeClose, fmt.Sprintf("%s%016d%016d", t.Ended, t.Minor, t.HostMinor))
}

// ParseTotals reads totals.
func ParseTotals(b []byte) (Totals, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return Totals{}, err
	}
	closed := h.Code == codeClose && len(b) == closedSize
	if !closed && (h.Code != codeTotals || len(b) != totalsSize) || !printable(b) {
		return Totals{}, fmt.Errorf("%w: code %q with %d characters are no totals", ErrMalformed, h.Code, len(b))
	}
	t := Totals{TerminalID: h.TerminalID, Closed: closed, Ended: string(b[10:12])}
	switch {
	case closed && t.Ended != endedDone:
		t.Reason = strings.TrimSpace(string(pan.MaskText(b[12:31])))
		return t, nil
	case !digits(b[12:28]) || closed && !digits(b[28:44]):
		return Totals{}, fmt.Errorf("%w: totals without numbers", ErrMalformed)
	}
	t.Minor = number(b[12:28])
	if closed {
		t.HostMinor = number(b[28:44])
	}
	return t, nil
}

func digits(b []byte) bool {
	for _, d := range b {
		if d < '0' || d > '9' {
			return false
		}
	}
	return true
}

// number is that of digits; 0 where they are none.
func number(b []byte) int64 {
	if !digits(b) {
		return 0
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func leftZeros(text string, size int) string {
	return strings.Repeat("0", max(0, size-len(text))) + text
}
