package zvt

import (
	"errors"
	"fmt"
	"io"
)

// Control is the two leading bytes of an APDU, CLASS and INSTR: 0x0601 is an authorisation.
type Control uint16

// The commands and answers this package knows by name.
const (
	Ack                Control = 0x8000 // positive answer
	AckAlso            Control = 0x8400 // positive answer too
	SetClock           Control = 0x0401
	StatusInformation  Control = 0x040F
	IntermediateStatus Control = 0x04FF
	StatusEnquiry      Control = 0x0501
	Registration       Control = 0x0600
	Authorisation      Control = 0x0601
	LogOff             Control = 0x0602
	Completion         Control = 0x060F
	SendTotals         Control = 0x0610
	PrintTotals        Control = 0x0612
	Reset              Control = 0x0618
	PrintConfiguration Control = 0x061A
	Abort              Control = 0x061E // the terminal ends a command with an error
	RepeatReceipt      Control = 0x0620
	Reservation        Control = 0x0622
	PartialReversal    Control = 0x0623
	BookTotal          Control = 0x0624
	PreAuthReversal    Control = 0x0625
	Reversal           Control = 0x0630
	Refund             Control = 0x0631
	EndOfDay           Control = 0x0650
	SendOffline        Control = 0x0651
	Diagnosis          Control = 0x0670
	SelfTest           Control = 0x0679
	SetTerminalClock   Control = 0x0691
	Initialisation     Control = 0x0693
	AbortRequest       Control = 0x06B0 // the kiosk asks the terminal to stop
	ReadCard           Control = 0x06C0
	PrintLine          Control = 0x06D1
	PrintBlock         Control = 0x06D3
)

var controlNames = map[Control]string{
	Ack: "acknowledgement", AckAlso: "acknowledgement",
	SetClock: "set clock in kiosk", 0x040D: "input request", 0x040E: "menu request",
	StatusInformation: "status information", IntermediateStatus: "intermediate status",
	StatusEnquiry: "status enquiry", Registration: "registration", Authorisation: "authorisation",
	LogOff: "log-off", Completion: "completion", SendTotals: "send turnover totals",
	PrintTotals: "print turnover receipts", Reset: "reset terminal", PrintConfiguration: "print system configuration",
	0x061B: "set terminal id", Abort: "abort", RepeatReceipt: "repeat receipt",
	0x0621: "telephonic authorisation", Reservation: "reservation", PartialReversal: "partial reversal",
	BookTotal: "book total", PreAuthReversal: "pre-authorisation reversal",
	0x0626: "reversal of an external transaction", Reversal: "reversal", Refund: "refund",
	EndOfDay: "end of day", SendOffline: "send offline transactions", Diagnosis: "diagnosis",
	SelfTest: "self test", SetTerminalClock: "set clock", Initialisation: "initialisation", 0x0695: "change password",
	AbortRequest: "abort request", ReadCard: "read card", 0x06C5: "open card session", 0x06C6: "close card session",
	0x060D: "menu request", PrintLine: "print line", PrintBlock: "print text block",
	0x06D8: "dial up", 0x06D9: "transmit data", 0x06DA: "receive data", 0x06DB: "hang up",
	0x06E0: "display text", 0x06E1: "display text with input", 0x06E2: "display text with numeric input",
	0x06E3: "pin input", 0x0801: "service mode", 0x0802: "switch protocol", 0x0810: "software update",
	0x0813: "change configuration", 0x0830: "select language", 0x0840: "change baud rate", 0x0850: "activate card reader",
}

// String is the control field as documents print it, "04 0F".
func (c Control) String() string { return fmt.Sprintf("%02X %02X", byte(c>>8), byte(c)) }

// Name is the control field in words, "status information"; "refused" for 84 xx, empty when it is not known.
func (c Control) Name() string {
	if name, ok := controlNames[c]; ok {
		return name
	}
	if c>>8 == 0x84 {
		return "refused"
	}
	return ""
}

// Answer says whether c answers a command instead of being one.
func (c Control) Answer() bool { return c>>8 == 0x80 || c>>8 == 0x84 }

// Positive says whether c answers a command with yes: 80 00 or 84 00.
func (c Control) Positive() bool { return c == Ack || c == AckAlso }

// APDU is one message: control field and data. The length is that of Data.
type APDU struct {
	Control Control
	Data    []byte
}

// MaxData is the longest data of an APDU; the extended length has 16 bits.
const MaxData = 0xFFFF

// ErrIncomplete means that bytes are missing: nothing is wrong yet.
var ErrIncomplete = errors.New("incomplete")

// Bytes is the message as it is sent: CLASS INSTR LEN DATA, with the extended length from 255 bytes on.
// Data beyond MaxData is a broken rule of the caller and panics.
func (a APDU) Bytes() []byte {
	n := len(a.Data)
	if n > MaxData {
		panic(fmt.Sprintf("zvt: %d bytes do not fit into one APDU", n))
	}
	b := []byte{byte(a.Control >> 8), byte(a.Control)}
	if n < 0xFF {
		b = append(b, byte(n))
	} else {
		b = append(b, 0xFF, byte(n), byte(n>>8))
	}
	return append(b, a.Data...)
}

// Header is what the first bytes of an APDU say. Size counts the bytes of the header itself: 3 or 5.
type Header struct {
	Control  Control
	Length   int
	Size     int
	Extended bool
}

// ParseHeader reads the header at the start of b. FF as the length byte announces two more, low byte first;
// until they are there the answer is ErrIncomplete. The form FF 01 00 for a length of one is valid.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < 3 {
		return Header{}, ErrIncomplete
	}
	h := Header{Control: Control(b[0])<<8 | Control(b[1]), Length: int(b[2]), Size: 3}
	if b[2] == 0xFF {
		if len(b) < 5 {
			return Header{}, ErrIncomplete
		}
		h.Length, h.Size, h.Extended = int(b[3])|int(b[4])<<8, 5, true
	}
	return h, nil
}

// ParseAPDU takes the first APDU off b and returns it with the bytes behind it. ErrIncomplete means that the
// rest has yet to come. The data is a part of b.
func ParseAPDU(b []byte) (APDU, []byte, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return APDU{}, b, err
	}
	end := h.Size + h.Length
	if len(b) < end {
		return APDU{}, b, ErrIncomplete
	}
	return APDU{Control: h.Control, Data: b[h.Size:end:end]}, b[end:], nil
}

// ReadAPDU reads one APDU from a TCP stream, in whatever pieces it comes. io.EOF means that the stream ended
// between two messages, io.ErrUnexpectedEOF that it ended inside one.
func ReadAPDU(r io.Reader) (APDU, error) {
	head := make([]byte, 3, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		return APDU{}, err
	}
	if head[2] == 0xFF {
		head = head[:5]
		if _, err := io.ReadFull(r, head[3:]); err != nil {
			return APDU{}, cutShort(err)
		}
	}
	h, err := ParseHeader(head)
	if err != nil {
		return APDU{}, err
	}
	a := APDU{Control: h.Control, Data: make([]byte, h.Length)}
	if _, err := io.ReadFull(r, a.Data); err != nil {
		return APDU{}, cutShort(err)
	}
	return a, nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
