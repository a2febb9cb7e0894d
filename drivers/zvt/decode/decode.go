// Package decode shows ZVT messages to people: one JSON document per message, whatever the bytes are. What is wrong
// with them stands in Problems, and what could be read is still shown. Card numbers come out masked, track data not at
// all; passwords are left out.
//
// Texts are read in the character set that the message names, else in the one they most likely were written in, since
// recorded frames do not tell what was agreed.
package decode

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"selfpay/device/pan"
	"selfpay/drivers/zvt"
)

// Document is one message. Fields holds numbers under amount_minor, trace, receipt ("FFFF" where it is the wildcard),
// turnover, orig_trace, card_seq, card_type and timeout, and text under all other names.
type Document struct {
	Control  string         `json:"control"` // "04 0F"; "06" and "15" for the bare confirmations of a serial line
	Name     string         `json:"name"`
	Length   int            `json:"length"` // as the message announces it
	Fields   map[string]any `json:"fields"`
	BMPOrder []string       `json:"bmp_order"`
	TLV      []Object       `json:"tlv"`
	CRC      string         `json:"crc,omitempty"` // "ok" or "bad", of serial blocks only
	Problems []string       `json:"problems"`
}

// Object is one TLV object. Hex is empty where Children shows the content, and of a password.
type Object struct {
	Tag      string   `json:"tag"`
	Name     string   `json:"name"` // empty where the tag is not known
	Len      int      `json:"len"`
	Hex      string   `json:"hex"`
	Children []Object `json:"children"`
}

func empty() Document {
	return Document{Fields: map[string]any{}, BMPOrder: []string{}, TLV: []Object{}, Problems: []string{}}
}

func (d *Document) problem(format string, args ...any) {
	d.Problems = append(d.Problems, fmt.Sprintf(format, args...))
}

// APDU decodes b as one message of a TCP line. Missing bytes and bytes behind the message are problems.
func APDU(b []byte) Document {
	d := empty()
	if len(b) >= 2 {
		control := zvt.Control(b[0])<<8 | zvt.Control(b[1])
		d.Control, d.Name = control.String(), control.Name()
	}
	h, err := zvt.ParseHeader(b)
	if err != nil {
		d.problem("incomplete header: %d bytes, the length is missing", len(b))
		return d
	}
	d.Length = h.Length
	data := b[h.Size:]
	if len(data) != h.Length {
		d.problem("length mismatch: %d bytes are announced, %d are there", h.Length, len(data))
	}
	d.read(zvt.APDU{Control: h.Control, Data: data[:min(len(data), h.Length)]})
	return d
}

// Block decodes b as one block of a serial line, with its framing and check sum. Stray bytes before and behind it are
// problems.
func Block(b []byte) Document {
	documents := blocks(b)
	if len(documents) == 0 {
		d := empty()
		d.problem("no bytes")
		return d
	}
	d := documents[0]
	if n := len(documents) - 1; n > 0 {
		d.problem("%d more messages follow", n)
	}
	return d
}

// Stream decodes message after message until r ends and hands each to emit. The error is that of r; a message that is
// cut off by the end is emitted with its problem.
func Stream(r io.Reader, serial bool, emit func(Document)) error {
	s := NewScanner(serial, emit)
	buffer := make([]byte, 4096)
	for {
		n, err := r.Read(buffer)
		s.Feed(buffer[:n])
		if err == nil {
			continue
		}
		s.End()
		if errors.Is(err, io.EOF) {
			return nil
		}
		return fmt.Errorf("zvt: decode: %w", err)
	}
}

func blocks(b []byte) []Document {
	var documents []Document
	s := NewScanner(true, func(d Document) { documents = append(documents, d) })
	s.Feed(b)
	s.End()
	return documents
}

// numbers are the bitmaps that hold a decimal number, texts those that hold digits to be kept as they are.
var (
	numbers = map[byte]string{
		zvt.BMPAmount: "amount_minor", zvt.BMPTrace: "trace", zvt.BMPTurnover: "turnover",
		zvt.BMPOriginalTrace: "orig_trace", zvt.BMPCardSequence: "card_seq",
	}
	digits = map[byte]string{
		zvt.BMPCurrency: "currency", zvt.BMPTerminalID: "tid", zvt.BMPTime: "time", zvt.BMPDate: "date", zvt.BMPExpiry: "expiry",
	}
	hexBytes = map[byte]string{
		zvt.BMPResultCode: "result_code", zvt.BMPHostResultCode: "result_code_as", zvt.BMPServiceByte: "service_byte",
	}
	singleNumbers = map[byte]string{zvt.BMPTimeout: "timeout", zvt.BMPCardType: "card_type"}
)

func (d *Document) read(a zvt.APDU) {
	m := zvt.ReadMessage(a)
	if m.Err != nil {
		for problem := range strings.SplitSeq(m.Err.Error(), "\n") {
			d.problem("%s", problem)
		}
	}
	if a.Control>>8 == 0x84 && a.Control != zvt.AckAlso {
		d.Fields["error"] = fmt.Sprintf("%02X", byte(a.Control))
	}
	set := func(has bool, name string, value byte) {
		if has {
			d.Fields[name] = fmt.Sprintf("%02X", value)
		}
	}
	set(m.HasConfig, "config_byte", m.Config)
	set(m.HasResultCode, "result_code", m.ResultCode)
	set(m.HasStatus, "terminal_status", m.TerminalStatus)
	set(m.HasAttribute, "attribute", m.Attribute)
	set(a.Control == zvt.IntermediateStatus && len(a.Data) > 0, "intermediate", m.Intermediate)
	if m.Currency != "" {
		d.Fields["currency"] = m.Currency
	}
	if m.Version != nil {
		d.Fields["sw_version"] = text(m.Version)
	}
	if a.Control == zvt.ReadCard && m.HasTimeout {
		d.Fields["timeout"] = int64(m.Timeout)
	}
	switch a.Control {
	case zvt.PrintLine:
		d.Fields["text"] = text(m.Text)
	case zvt.PrintBlock:
		d.Fields["text"] = blockText(m)
	}
	for _, f := range m.Fields {
		d.BMPOrder = append(d.BMPOrder, fmt.Sprintf("%02X", f.BMP))
		d.field(a.Control, f)
	}
	d.TLV = objects(m.TLV)
}

func (d *Document) field(control zvt.Control, f zvt.Field) {
	switch f.BMP {
	case zvt.BMPPAN:
		d.Fields["pan"] = pan.Mask(zvt.Nibbles(f.Data))
	case zvt.BMPVUNumber:
		d.Fields["vu_number"] = text(f.Data)
	case zvt.BMPAuthorisation:
		d.Fields["aid_attribute"] = strings.TrimRight(text(f.Data), "\x00")
	case zvt.BMPText:
		d.Fields["additional_text"] = text(f.Data)
	case zvt.BMPCardName:
		d.Fields["card_name"] = strings.TrimRight(text(f.Data), "\x00")
	case zvt.BMPReceipt:
		if n, err := zvt.BCD(f.Data); err == nil {
			d.Fields["receipt"] = n
		} else {
			d.Fields["receipt"] = fmt.Sprintf("%X", f.Data)
			if d.Fields["receipt"] != zvt.ReceiptWildcard {
				d.problem("BMP 87: %v", err)
			}
		}
	case zvt.BMPType:
		switch control {
		case zvt.Completion:
			d.Fields["status_byte"] = fmt.Sprintf("%X", f.Data)
		case zvt.ReadCard:
		default:
			d.Fields["payment_type"] = fmt.Sprintf("%X", f.Data)
		}
	default:
		if name, ok := numbers[f.BMP]; ok {
			n, err := zvt.BCD(f.Data)
			if err != nil {
				d.problem("BMP %02X: %v", f.BMP, err)
				return
			}
			d.Fields[name] = n
		}
		if name, ok := digits[f.BMP]; ok {
			d.Fields[name] = fmt.Sprintf("%X", f.Data)
		}
		if name, ok := hexBytes[f.BMP]; ok {
			d.Fields[name] = fmt.Sprintf("%X", f.Data)
		}
		if name, ok := singleNumbers[f.BMP]; ok {
			d.Fields[name] = int64(f.Data[0])
		}
	}
}

func objects(list []zvt.TLV) []Object {
	shown := make([]Object, 0, len(list))
	for _, o := range list {
		object := Object{Tag: o.Tag.String(), Name: o.Tag.Name(), Len: len(o.Value), Children: objects(o.Children)}
		switch {
		case o.Tag == zvt.TagLongPassword: // not told
		case len(object.Children) == 0:
			object.Hex = hexOf(o.Value)
		}
		shown = append(shown, object)
	}
	return shown
}

// hexOf masks card numbers that are written as text, and one that fills the whole value as packed digits.
func hexOf(b []byte) string {
	shown := fmt.Sprintf("%X", pan.MaskText(b))
	if strings.Trim(strings.TrimRight(shown, "F"), "0123456789") == "" {
		return string(pan.MaskText([]byte(shown)))
	}
	return shown
}

func text(b []byte) string {
	return zvt.GuessCharset(b).Text(pan.MaskText(b))
}

// blockText is the lines of a text block. One set holds for all of them.
func blockText(m zvt.Message) string {
	var all []byte
	for _, line := range m.Lines() {
		all = append(all, line.Text...)
	}
	charset := zvt.GuessCharset(all)
	if o, ok := zvt.FindTLV(m.TLV, zvt.TagCharset); ok && len(o.Value) == 1 {
		charset = zvt.Charset(o.Value[0])
	}
	var lines []string
	for _, line := range m.Lines() {
		if !line.Last || len(line.Text) > 0 {
			lines = append(lines, charset.Text(pan.MaskText(line.Text)))
		}
	}
	return strings.Join(lines, "\n")
}
