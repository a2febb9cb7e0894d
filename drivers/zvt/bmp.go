package zvt

import (
	"errors"
	"fmt"
	"strconv"
)

// The bitmaps (BMP) that the driver reads or writes. The whole table stands in bitmapLengths.
const (
	BMPTimeout        byte = 0x01
	BMPMaxStatus      byte = 0x02
	BMPServiceByte    byte = 0x03
	BMPAmount         byte = 0x04
	BMPContainer      byte = 0x06
	BMPTrace          byte = 0x0B
	BMPTime           byte = 0x0C
	BMPDate           byte = 0x0D
	BMPExpiry         byte = 0x0E
	BMPCardSequence   byte = 0x17
	BMPType           byte = 0x19 // status byte, payment type or card type, by direction and command
	BMPPAN            byte = 0x22
	BMPTrack2         byte = 0x23
	BMPTrack3         byte = 0x24
	BMPResultCode     byte = 0x27
	BMPTerminalID     byte = 0x29
	BMPVUNumber       byte = 0x2A
	BMPTrack1         byte = 0x2D
	BMPOriginalTrace  byte = 0x37
	BMPAuthorisation  byte = 0x3B
	BMPText           byte = 0x3C
	BMPCurrency       byte = 0x49
	BMPTotals         byte = 0x60
	BMPReceipt        byte = 0x87
	BMPTurnover       byte = 0x88
	BMPCardType       byte = 0x8A
	BMPCardName       byte = 0x8B
	BMPNetworkType    byte = 0x8C
	BMPHostResultCode byte = 0xA0
	BMPFullDate       byte = 0xAA // YYMMDD
)

// Lengths in bitmapLengths that are not a number of bytes.
const (
	llvar  = -2 // Fx Fy, then that many bytes
	lllvar = -3 // Fx Fy Fz, then that many bytes
	tlvLen = -6 // TLV length, then that many bytes
)

// bitmapLengths is the table of bitmaps (PA00P015 chapter 13 and 3.1).
var bitmapLengths = map[byte]int{
	0x01: 1, 0x02: 1, 0x03: 1, 0x04: 6, 0x05: 1, 0x06: tlvLen, 0x0B: 3, 0x0C: 3, 0x0D: 2, 0x0E: 2,
	0x17: 2, 0x19: 1, 0x22: llvar, 0x23: llvar, 0x24: lllvar, 0x27: 1, 0x29: 4, 0x2A: 15, 0x2D: llvar, 0x2E: lllvar,
	0x37: 3, 0x3A: 2, 0x3B: 8, 0x3C: lllvar, 0x3D: 3, 0x49: 2, 0x4C: llvar, 0x60: lllvar,
	0x70: 4, 0x71: 4, 0x72: 1, 0x73: 1, 0x74: 1, 0x75: 1,
	0x87: 2, 0x88: 3, 0x8A: 1, 0x8B: llvar, 0x8C: 1, 0x9A: lllvar,
	0xA0: 1, 0xA7: llvar, 0xAA: 3, 0xAF: lllvar, 0xBA: 5, 0xD0: 1, 0xD1: llvar, 0xD2: 1, 0xD3: 1,
	0xE0: 1, 0xE1: llvar, 0xE2: llvar, 0xE3: llvar, 0xE4: llvar, 0xE5: llvar, 0xE6: llvar, 0xE7: llvar, 0xE8: llvar,
	0xE9: 1, 0xEA: 1, 0xEB: 8, 0xF0: 1,
	0xF1: llvar, 0xF2: llvar, 0xF3: llvar, 0xF4: llvar, 0xF5: llvar, 0xF6: llvar, 0xF7: llvar, 0xF8: llvar,
	0xF9: 1, 0xFA: 1, 0xFB: 1, 0xFC: 1, 0xFD: 1,
}

// Field is one bitmap: its number and its data without the length in front.
type Field struct {
	BMP  byte
	Data []byte
}

// Fields is a list of bitmaps in the order they came in.
type Fields []Field

var errBMP = errors.New("BMP")

// ParseFields reads a list of bitmaps. A bitmap outside the table or one that is cut off ends it: the list so far
// is returned with an error, for a status information must never be refused because of one field.
func ParseFields(b []byte) (Fields, error) {
	fields, _, err := parseFields(b)
	return fields, err
}

// parseFields also returns what it could not read.
func parseFields(b []byte) (fields Fields, unread []byte, err error) {
	for len(b) > 0 {
		bmp := b[0]
		length, known := bitmapLengths[bmp]
		if !known {
			return fields, b, fmt.Errorf("%w %02X is not known, %d bytes are left unread", errBMP, bmp, len(b)-1)
		}
		size := 0
		switch length {
		case llvar, lllvar:
			var err error
			if length, size, err = parseVarLength(b[1:], -length); err != nil {
				return fields, b, fmt.Errorf("%w %02X: %w", errBMP, bmp, err)
			}
		case tlvLen:
			var err error
			if length, size, err = parseTLVLength(b[1:]); err != nil {
				return fields, b, fmt.Errorf("%w %02X: %w", errBMP, bmp, err)
			}
		}
		start := 1 + size
		if len(b) < start+length {
			return fields, b, fmt.Errorf("%w %02X announces %d bytes, %d are there", errBMP, bmp, length, len(b)-start)
		}
		fields = append(fields, Field{BMP: bmp, Data: b[start : start+length : start+length]})
		b = b[start+length:]
	}
	return fields, nil, nil
}

// parseVarLength reads the decimal length of LLVAR (2 digits) and LLLVAR (3): one byte F0-F9 each.
func parseVarLength(b []byte, digits int) (length, size int, err error) {
	if len(b) < digits {
		return 0, 0, errors.New("length is cut off")
	}
	for _, d := range b[:digits] {
		if d < 0xF0 || d > 0xF9 {
			return 0, 0, fmt.Errorf("% X is no length", b[:digits])
		}
		length = 10*length + int(d&0x0F)
	}
	return length, digits, nil
}

// AppendField appends one bitmap with the length its kind asks for. A wrong number of bytes or a bitmap outside
// the table is a broken rule of the caller and panics.
func AppendField(dst []byte, bmp byte, data ...byte) []byte {
	length, known := bitmapLengths[bmp]
	dst = append(dst, bmp)
	switch {
	case known && length == llvar && len(data) <= 99:
		dst = append(dst, 0xF0|byte(len(data)/10), 0xF0|byte(len(data)%10))
	case known && length == lllvar && len(data) <= 999:
		dst = append(dst, 0xF0|byte(len(data)/100), 0xF0|byte(len(data)/10%10), 0xF0|byte(len(data)%10))
	case known && length == tlvLen:
		dst = appendTLVLength(dst, len(data))
	case !known || length != len(data):
		panic(fmt.Sprintf("zvt: %d bytes do not fit BMP %02X", len(data), bmp))
	}
	return append(dst, data...)
}

// Get returns the data of the first bitmap with this number.
func (f Fields) Get(bmp byte) ([]byte, bool) {
	for _, field := range f {
		if field.BMP == bmp {
			return field.Data, true
		}
	}
	return nil, false
}

// Number reads a BCD bitmap as a number. False: it is absent or no decimal number.
func (f Fields) Number(bmp byte) (int64, bool) {
	data, ok := f.Get(bmp)
	if !ok {
		return 0, false
	}
	n, err := BCD(data)
	return n, err == nil
}

// Byte reads a bitmap of one byte.
func (f Fields) Byte(bmp byte) (byte, bool) {
	data, ok := f.Get(bmp)
	if !ok || len(data) != 1 {
		return 0, false
	}
	return data[0], true
}

// Digits reads a bitmap of nibbles as text, as Nibbles does. Empty: it is absent.
func (f Fields) Digits(bmp byte) string {
	data, _ := f.Get(bmp)
	return Nibbles(data)
}

// TLV returns the objects of the container (BMP 06), as far as they can be read.
func (f Fields) TLV() []TLV {
	data, _ := f.Get(BMPContainer)
	objects, _ := ParseTLV(data)
	return objects
}

// BCD reads packed decimal digits, the high nibble first. Nibbles above 9 and more than 18 digits are errors.
func BCD(b []byte) (int64, error) {
	if len(b) > 9 {
		return 0, fmt.Errorf("%d BCD bytes are too many", len(b))
	}
	var n int64
	for _, x := range b {
		if x>>4 > 9 || x&0x0F > 9 {
			return 0, fmt.Errorf("%X is not decimal", b)
		}
		n = n*100 + int64(x>>4)*10 + int64(x&0x0F)
	}
	return n, nil
}

// PutBCD packs n into size bytes of decimal digits. False: it is negative or does not fit.
func PutBCD(n int64, size int) ([]byte, bool) {
	if n < 0 {
		return nil, false
	}
	b := make([]byte, size)
	for i := size - 1; i >= 0; i-- {
		b[i] = byte(n/10%10)<<4 | byte(n%10)
		n /= 100
	}
	return b, n == 0
}

// Nibbles reads card number nibbles one by one into text: E, a masked digit, becomes *, F is padding and left
// out, D separates the card number from what follows it on the track.
func Nibbles(b []byte) string {
	const signs = "0123456789ABCD*"
	text := make([]byte, 0, 2*len(b))
	for _, x := range b {
		for _, n := range [2]byte{x >> 4, x & 0x0F} {
			if n != 0x0F {
				text = append(text, signs[n])
			}
		}
	}
	return string(text)
}

// ReceiptWildcard is the receipt number FFFF, which stands for "any" or "none".
const ReceiptWildcard = "FFFF"

// Receipt reads BMP 87 as text of four digits, or as ReceiptWildcard. Empty: it is absent.
func (f Fields) Receipt() string {
	data, ok := f.Get(BMPReceipt)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%X", data)
}

// Trace is the trace number: BMP 0B, or the long one of tag 1F2B where 0B is zero or absent. 0: there is none.
func (f Fields) Trace() int {
	if n, ok := f.Number(BMPTrace); ok && n != 0 {
		return int(n)
	}
	if o, ok := FindTLV(f.TLV(), TagLongTrace); ok {
		if n, err := BCD(o.Value); err == nil && n <= 1<<53 {
			return int(n)
		}
	}
	return 0
}

// receiptNumber is BMP 87 as a number, 0 where it is absent or the wildcard.
func (f Fields) receiptNumber() int {
	n, err := strconv.Atoi(f.Receipt())
	if err != nil {
		return 0
	}
	return n
}
