package ecr17

import (
	"bytes"
	"errors"
	"fmt"
)

// The signs of the line.
const (
	SOH byte = 0x01
	STX byte = 0x02
	ETX byte = 0x03
	EOT byte = 0x04
	ACK byte = 0x06
	NAK byte = 0x15
	ESC byte = 0x1B // ends a receipt
)

const sumBase byte = 0x7F

const (
	mostMessage  = 1100 // the longest of the document has 1,050
	progressSize = 20
	controlSize  = 3
)

// ErrMalformed: bytes are no packet, or a message has not the shape it should.
var ErrMalformed = errors.New("ecr17: this is no message")

// errShort: a packet goes on after the bytes at hand.
var errShort = errors.New("ecr17: the packet is not whole")

// LRC says which bytes of a frame its check sum is the exclusive or of, beginning with 7F. Terminals differ. Its text is the word of a
// configuration.
type LRC string

// The four ways. The check sums of one message differ in all of them.
const (
	LRCMessage    LRC = "message"
	LRCMessageETX LRC = "message-etx"
	LRCSTXMessage LRC = "stx-message"
	LRCWhole      LRC = "stx-message-etx" // as the check sums of ACK and NAK are built
)

var allLRC = []LRC{LRCMessage, LRCMessageETX, LRCSTXMessage, LRCWhole}

// ParseLRC reads the word of a configuration; empty means LRCWhole.
func ParseLRC(word string) (LRC, error) {
	if word == "" {
		return LRCWhole, nil
	}
	for _, l := range allLRC {
		if word == string(l) {
			return l, nil
		}
	}
	return "", fmt.Errorf("ecr17: %q is no way to build a check sum; use one of %v", word, allLRC)
}

func (l LRC) sum(message []byte) byte {
	sum := sumBase
	if l == LRCSTXMessage || l == LRCWhole {
		sum ^= STX
	}
	if l == LRCMessageETX || l == LRCWhole {
		sum ^= ETX
	}
	for _, b := range message {
		sum ^= b
	}
	return sum
}

// Frame is a message as it is sent.
func (l LRC) Frame(message []byte) []byte {
	b := make([]byte, 0, len(message)+3)
	b = append(b, STX)
	b = append(b, message...)
	return append(b, ETX, l.sum(message))
}

// Control is ACK or NAK as it is sent.
func Control(sign byte) []byte { return []byte{sign, ETX, sumBase ^ sign ^ ETX} }

// Progress is a text for a display as it is sent: cut or filled to 20 characters.
func Progress(text string) []byte {
	return append([]byte{SOH}, fmt.Sprintf("%-*.*s\x04", progressSize, progressSize, text)...)
}

// Packet is what stands on the wire between two pauses.
type Packet struct {
	Sign byte   // STX: a message; SOH: a text for a display; ACK, NAK
	Text []byte // of the message, or the 20 characters. It is part of the bytes that were split.
	Sum  byte   // as it was sent; a text for a display has none
}

// LRC is the way in which the check sum of a message fits.
func (p Packet) LRC() (LRC, bool) {
	for _, l := range allLRC {
		if p.Sign == STX && l.sum(p.Text) == p.Sum {
			return l, true
		}
	}
	return "", false
}

// Split takes the first packet from bytes. Whether the check sum of a message fits is another question. ErrMalformed: what stands before
// rest is noise or damaged.
func Split(b []byte) (p Packet, rest []byte, err error) {
	if len(b) == 0 {
		return Packet{}, nil, errShort
	}
	switch b[0] {
	case STX:
		return splitFrame(b)
	case SOH:
		return splitProgress(b)
	case ACK, NAK:
		return splitControl(b)
	}
	return noise(b, 1, "%d bytes belong to no packet")
}

// noise drops bytes up to the next sign that may begin a packet, and at least least.
func noise(b []byte, least int, why string) (Packet, []byte, error) {
	at := bytes.IndexAny(b[least:], string([]byte{SOH, STX, ACK, NAK}))
	if at < 0 {
		at = len(b) - least
	}
	return Packet{}, b[least+at:], fmt.Errorf("%w: "+why, ErrMalformed, least+at)
}

func splitFrame(b []byte) (Packet, []byte, error) {
	for i, c := range b[1:] {
		switch {
		case c == ETX && i+2 == len(b):
			return Packet{}, b, errShort
		case c == ETX:
			return Packet{Sign: STX, Text: b[1 : i+1], Sum: b[i+2]}, b[i+3:], nil
		case !text(c):
			return noise(b, i+1, "a frame ends within its message, after %d bytes")
		case i >= mostMessage:
			return noise(b, i+1, "a message does not end within %d bytes")
		}
	}
	return Packet{}, b, errShort
}

// text: what a message may hold. 7F begins high letters on a receipt.
func text(c byte) bool { return c >= ' ' && c <= 0x7F || c == ESC }

func splitProgress(b []byte) (Packet, []byte, error) {
	for i, c := range b[1:min(len(b), progressSize+1)] {
		if c < ' ' || c > '~' {
			return noise(b, i+1, "a text for a display ends after %d bytes")
		}
	}
	switch {
	case len(b) < progressSize+2:
		return Packet{}, b, errShort
	case b[progressSize+1] != EOT:
		return noise(b, progressSize+1, "a text for a display does not end after %d bytes")
	}
	return Packet{Sign: SOH, Text: b[1 : progressSize+1]}, b[progressSize+2:], nil
}

func splitControl(b []byte) (Packet, []byte, error) {
	want := Control(b[0])
	for i, c := range b[:min(len(b), controlSize)] {
		if c != want[i] {
			return noise(b, i, "a sign is damaged after %d bytes")
		}
	}
	if len(b) < controlSize {
		return Packet{}, b, errShort
	}
	return Packet{Sign: b[0], Sum: b[2]}, b[controlSize:], nil
}
