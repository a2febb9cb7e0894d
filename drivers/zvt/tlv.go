package zvt

import (
	"errors"
	"fmt"
)

// Tag is a TLV tag as it is written in documents: 0x07, 0x1F10, 0x1F8000.
type Tag uint32

// The TLV tags that the driver reads or writes.
const (
	TagText             Tag = 0x07
	TagReceipt          Tag = 0x08
	TagAttribute        Tag = 0x09
	TagCommand          Tag = 0x0A
	TagPrinterWidth     Tag = 0x12
	TagExtraResult      Tag = 0x13
	TagCharset          Tag = 0x14
	TagDiagnosis        Tag = 0x1B
	TagReservations     Tag = 0x23
	TagDisplayTexts     Tag = 0x24
	TagPrintTexts       Tag = 0x25
	TagCommands         Tag = 0x26
	TagCharsets         Tag = 0x27
	TagPaymentType      Tag = 0x2F
	TagReference        Tag = 0xE9
	TagReceiptType      Tag = 0x1F07
	TagCardholderCheck  Tag = 0x1F10
	TagOnline           Tag = 0x1F11
	TagExtendedError    Tag = 0x1F16
	TagExtendedText     Tag = 0x1F17
	TagLongTrace        Tag = 0x1F2B
	TagTerminalID       Tag = 0x1F44
	TagLocks            Tag = 0x1F55
	TagCardWait         Tag = 0x1F5B
	TagReferenceType    Tag = 0x1F62
	TagReferenceContent Tag = 0x1F63
	TagMessageNumber    Tag = 0x1F73
	TagLongPassword     Tag = 0x1F74
)

// String is the tag in hex, two digits a byte.
func (t Tag) String() string {
	s := fmt.Sprintf("%X", uint32(t))
	if len(s)%2 == 1 {
		s = "0" + s
	}
	return s
}

// Constructed says whether objects with this tag contain further objects: bit 5 of the first byte.
func (t Tag) Constructed() bool {
	for t > 0xFF {
		t >>= 8
	}
	return t&0x20 != 0
}

// TLV is one object of a container. Children is set for constructed objects that could be read; Value always
// holds the bytes.
type TLV struct {
	Tag      Tag
	Value    []byte
	Children []TLV
}

// maxDepth bounds how deep constructed objects are opened; deeper ones stay bytes.
const maxDepth = 8

var errTLV = errors.New("TLV")

// ParseTLV reads the objects of a container. Unknown tags are kept; nothing makes it fail as a whole: the
// objects before the first one that cannot be read are returned together with an error that says what is wrong.
func ParseTLV(b []byte) ([]TLV, error) { return parseTLV(b, 0) }

func parseTLV(b []byte, depth int) ([]TLV, error) {
	var objects []TLV
	var problem error
	for len(b) > 0 {
		tag, n, err := parseTag(b)
		if err != nil {
			return objects, errors.Join(problem, err)
		}
		length, size, err := parseTLVLength(b[n:])
		if err != nil {
			return objects, errors.Join(problem, fmt.Errorf("%w object %s: %w", errTLV, tag, err))
		}
		b = b[n+size:]
		if length > len(b) {
			return objects, errors.Join(problem,
				fmt.Errorf("%w object %s announces %d bytes, %d are there", errTLV, tag, length, len(b)))
		}
		object := TLV{Tag: tag, Value: b[:length:length]}
		if tag.Constructed() && depth < maxDepth {
			children, err := parseTLV(object.Value, depth+1)
			object.Children = children
			if err != nil {
				problem = errors.Join(problem, fmt.Errorf("inside %s: %w", tag, err))
			}
		}
		objects = append(objects, object)
		b = b[length:]
	}
	return objects, problem
}

// parseTag reads a tag of one to four bytes and its number of bytes.
func parseTag(b []byte) (Tag, int, error) {
	tag := Tag(b[0])
	if b[0]&0x1F != 0x1F {
		return tag, 1, nil
	}
	for i := 1; i < 4; i++ {
		if i >= len(b) {
			return 0, 0, fmt.Errorf("%w tag %s is cut off", errTLV, tag)
		}
		tag = tag<<8 | Tag(b[i])
		if b[i]&0x80 == 0 {
			return tag, i + 1, nil
		}
	}
	return 0, 0, fmt.Errorf("%w tag %s has more than four bytes", errTLV, tag)
}

// parseTLVLength reads a length and its number of bytes: 00-7F, 81 nn, 82 hi lo.
func parseTLVLength(b []byte) (length, size int, err error) {
	switch {
	case len(b) == 0:
		return 0, 0, errors.New("length is missing")
	case b[0] < 0x80:
		return int(b[0]), 1, nil
	case b[0] == 0x81 && len(b) >= 2:
		return int(b[1]), 2, nil
	case b[0] == 0x82 && len(b) >= 3:
		return int(b[1])<<8 | int(b[2]), 3, nil
	case b[0] == 0x81 || b[0] == 0x82:
		return 0, 0, errors.New("length is cut off")
	}
	return 0, 0, fmt.Errorf("length form %02X does not exist", b[0])
}

// AppendTLV appends one object to dst.
func AppendTLV(dst []byte, tag Tag, value ...byte) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if b := byte(tag >> shift); tag>>shift != 0 || shift == 0 {
			dst = append(dst, b)
		}
	}
	return append(appendTLVLength(dst, len(value)), value...)
}

// AppendObjects appends objects with all that is in them.
func AppendObjects(dst []byte, objects []TLV) []byte {
	for _, o := range objects {
		value := o.Value
		if len(o.Children) > 0 {
			value = AppendObjects(nil, o.Children)
		}
		dst = AppendTLV(dst, o.Tag, value...)
	}
	return dst
}

func appendTLVLength(dst []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, byte(n))
	case n <= 0xFF:
		return append(dst, 0x81, byte(n))
	}
	return append(dst, 0x82, byte(n>>8), byte(n))
}

// FindTLV looks for the first object with this tag, at any depth.
func FindTLV(objects []TLV, tag Tag) (TLV, bool) {
	for _, o := range objects {
		if o.Tag == tag {
			return o, true
		}
		if found, ok := FindTLV(o.Children, tag); ok {
			return found, true
		}
	}
	return TLV{}, false
}
