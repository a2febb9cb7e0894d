package zvt

import (
	"bytes"
	"fmt"
)

// Message is the data of one APDU, read by the form its command has. Err says what could not be read; whatever
// was read before is kept.
type Message struct {
	Control  Control
	Fields   Fields // the bitmaps, the container 06 among them
	TLV      []TLV  // the objects of the container
	Err      error
	Unread   []byte // what stands behind a bitmap that is not known, with it
	Password []byte // 3 BCD bytes, of commands that begin with it

	Config         byte   // registration: config byte
	HasConfig      bool   // whether there is one
	Currency       string // registration: four digits, "0978"
	HasTimeout     bool   // intermediate status, read card: whether Timeout was sent
	Timeout        byte   // intermediate status: minutes, BCD; read card: seconds
	Intermediate   byte   // 04 FF
	ResultCode     byte   // 06 1E
	HasResultCode  bool
	TerminalStatus byte // completion of a status enquiry
	HasStatus      bool
	Version        []byte // software version in the completion of a status enquiry
	Attribute      byte   // 06 D1
	HasAttribute   bool
	Text           []byte // 06 D1, without the container that some terminals append
	Reason         byte   // of a refusal 84 xx that carries one in a bare byte
	HasReason      bool
	ReceiptType    byte // 06 D1 and 06 D3, tag 1F07: 1 merchant, 2 customer, 3 administration, 0 not said
}

// forms: how many leading bytes belong to a password.
var withPassword = map[Control]bool{
	Registration: true, StatusEnquiry: true, SendTotals: true, PrintTotals: true, 0x061B: true, RepeatReceipt: true,
	Reversal: true, Refund: true, EndOfDay: true, SendOffline: true, Initialisation: true, 0x0695: true,
}

// ReadMessage reads the data of an APDU. It never fails as a whole; see Message.Err.
func ReadMessage(a APDU) Message {
	m := Message{Control: a.Control}
	rest := a.Data
	switch {
	case a.Control == PrintLine:
		m.readPrintLine(rest)
		return m
	case a.Control.Answer() && a.Control != Ack && a.Control != 0x849D:
		if len(rest) == 1 { // 84 1E carries the reason in one byte, or a bare currency field
			m.Reason, m.HasReason = rest[0], true
			return m
		}
	case withPassword[a.Control] && len(rest) > 0:
		if len(rest) < 3 {
			m.Err = fmt.Errorf("password has %d of 3 bytes", len(rest))
			return m
		}
		m.Password, rest = rest[:3], rest[3:]
		if a.Control == Registration {
			rest = m.readRegistration(rest)
		}
	case a.Control == ReadCard && len(rest) > 0:
		m.Timeout, m.HasTimeout, rest = rest[0], true, rest[1:]
	case a.Control == IntermediateStatus && len(rest) > 0:
		m.Intermediate, rest = rest[0], rest[1:]
		// The timeout may be missing; then the container follows at once.
		if len(rest) > 0 && !beginsWithContainer(rest) {
			m.Timeout, m.HasTimeout, rest = rest[0], true, rest[1:]
		}
	case a.Control == Abort && len(rest) > 0:
		m.ResultCode, m.HasResultCode, rest = rest[0], true, rest[1:]
		// Some send the currency without its bitmap number.
		if len(rest) >= 2 && rest[0] < 0x10 && rest[0] != BMPContainer && (len(rest) == 2 || beginsWithContainer(rest[2:])) {
			m.Currency, rest = fmt.Sprintf("%X", rest[:2]), rest[2:]
		}
	case a.Control == Completion:
		rest = m.readCompletion(rest)
	}
	m.Fields, m.Unread, m.Err = parseFields(rest)
	if container, ok := m.Fields.Get(BMPContainer); ok {
		var err error
		if m.TLV, err = ParseTLV(container); err != nil && m.Err == nil {
			m.Err = err
		}
	}
	if o, ok := FindTLV(m.TLV, TagReceiptType); ok && a.Control == PrintBlock && len(o.Value) == 1 {
		m.ReceiptType = o.Value[0]
	}
	return m
}

func (m *Message) readRegistration(rest []byte) []byte {
	if len(rest) == 0 {
		return nil
	}
	m.Config, m.HasConfig, rest = rest[0], true, rest[1:]
	if len(rest) >= 2 && rest[0] != BMPServiceByte && rest[0] != BMPContainer {
		m.Currency, rest = fmt.Sprintf("%X", rest[:2]), rest[2:]
	}
	return rest
}

// readCompletion tells the completion of a status enquiry ([LLLVAR version] status [06 TLV]) from the list of
// bitmaps that ends other commands. F0 is both a digit of a length and the status "end of day required", so the
// length decides.
func (m *Message) readCompletion(rest []byte) []byte {
	if length, size, err := parseVarLength(rest, 3); err == nil && len(rest) > size+length {
		if after := rest[size+length+1:]; len(after) == 0 || beginsWithContainer(after) {
			m.Version = rest[size : size+length]
			m.TerminalStatus, m.HasStatus = rest[size+length], true
			return after
		}
	}
	if len(rest) == 1 || (len(rest) > 1 && terminalStatuses[rest[0]] != "" && beginsWithContainer(rest[1:])) {
		m.TerminalStatus, m.HasStatus = rest[0], true
		return rest[1:]
	}
	return rest
}

// beginsWithContainer says whether b is a container 06 that ends where b ends.
func beginsWithContainer(b []byte) bool {
	if len(b) < 2 || b[0] != BMPContainer {
		return false
	}
	length, size, err := parseTLVLength(b[1:])
	return err == nil && 1+size+length == len(b)
}

// trailingType is the container with the receipt type that some terminals append to each print line.
var trailingType = []byte{0x06, 0x04, 0x1F, 0x07, 0x01}

func (m *Message) readPrintLine(data []byte) {
	if len(data) == 0 {
		m.Err = fmt.Errorf("print line without attribute")
		return
	}
	m.Attribute, m.HasAttribute, m.Text = data[0], true, data[1:]
	if n := len(m.Text) - 6; n >= 0 && bytes.HasPrefix(m.Text[n:], trailingType) {
		m.ReceiptType, m.Text = m.Text[n+5], m.Text[:n]
	}
}

// APDU is the message as it is sent: what was read of a well-formed message comes out as the same bytes, but for lengths that were written
// longer than they need to be.
func (m Message) APDU() APDU {
	var data []byte
	flag := func(has bool, b byte) {
		if has {
			data = append(data, b)
		}
	}
	data = append(data, m.Password...)
	flag(m.HasConfig, m.Config)
	if m.Version != nil {
		data = append(data, AppendField(nil, BMPText, m.Version...)[1:]...) // LLLVAR as well, but without the number of a bitmap
	}
	flag(m.HasStatus, m.TerminalStatus)
	flag(m.HasReason, m.Reason)
	flag(m.Control == ReadCard && m.HasTimeout, m.Timeout)
	flag(m.Control == IntermediateStatus, m.Intermediate)
	flag(m.Control == IntermediateStatus && m.HasTimeout, m.Timeout)
	flag(m.HasResultCode, m.ResultCode)
	if bare, err := packDigits(m.Currency, 4); err == nil {
		data = append(data, bare...)
	}
	if m.Control == PrintLine {
		return APDU{Control: m.Control, Data: append(data, m.printLine()...)}
	}
	for _, f := range m.Fields {
		content := f.Data
		if f.BMP == BMPContainer {
			content = AppendObjects(nil, m.TLV)
		}
		data = AppendField(data, f.BMP, content...)
	}
	return APDU{Control: m.Control, Data: append(data, m.Unread...)}
}

// printLine is a line with the container that some terminals append to it.
func (m Message) printLine() []byte {
	line := append([]byte{m.Attribute}, m.Text...)
	if m.ReceiptType == 0 {
		return line
	}
	return AppendField(line, BMPContainer, AppendTLV(nil, TagReceiptType, m.ReceiptType)...)
}

// PrintedLine is one line of a receipt as the terminal sent it.
type PrintedLine struct {
	Attribute byte
	Text      []byte
	Last      bool // the receipt ends with this line
}

// endsReceipt: bit 80, but not exactly 80. FF in a text block ends it too (Feig cVEND).
func endsReceipt(attribute byte) bool { return attribute&0x80 != 0 && attribute != 0x80 }

// Lines reads the lines of a print line or a text block. An end sign without text gives a last line without text.
func (m Message) Lines() []PrintedLine {
	if m.Control == PrintLine {
		if !m.HasAttribute {
			return nil
		}
		last := endsReceipt(m.Attribute) && m.Attribute != 0xFF // FF means line feeds here
		return []PrintedLine{{Attribute: m.Attribute, Text: m.Text, Last: last}}
	}
	var lines []PrintedLine
	for _, o := range m.TLV {
		if o.Tag != TagPrintTexts {
			continue
		}
		var attribute byte
		ended := false
		for _, line := range o.Children {
			switch line.Tag {
			case TagAttribute:
				if len(line.Value) == 1 {
					attribute = line.Value[0]
					ended = endsReceipt(attribute)
				}
			case TagText:
				lines = append(lines, PrintedLine{Attribute: attribute, Text: line.Value, Last: ended})
				ended = false
			}
		}
		if ended {
			lines = append(lines, PrintedLine{Attribute: attribute, Last: true})
		}
	}
	return lines
}

// charset is the character set that the text block names in tag 14, else fallback.
func (m Message) charset(fallback Charset) Charset {
	if o, ok := FindTLV(m.TLV, TagCharset); ok && len(o.Value) == 1 {
		return Charset(o.Value[0])
	}
	return fallback
}
