package ecr17

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"selfpay/device/pan"
	"selfpay/device/terminal"
)

// Signs within a receipt.
const (
	newLine        byte = 0x7D
	highNormal     byte = 0x7E
	highBold       byte = 0x7F
	wideNormal     byte = 0x7B
	wideBold       byte = 0x7C
	narrow         byte = 0x5E
	lineWidth           = 24
	lineWidthWide       = 12
	lineWidthSmall      = 42
)

// keep takes a part of a receipt and acknowledges it. It says whether the receipt is whole.
func (l *line) keep(part []byte) (whole bool, err error) {
	if l.parts++; l.parts > mostParts || len(part) > headerSize+mostReceipt {
		return false, errTalks
	}
	l.receipt = append(l.receipt, part[headerSize:]...)
	return bytes.IndexByte(l.receipt, ESC) >= 0, l.write(Control(ACK))
}

// slip waits for the receipt that follows a result. What goes wrong with it changes nothing about the money: then there is no receipt,
// for half of one would say too little.
func (l *line) slip() terminal.CardSlip {
	damaged := 0
	for bytes.IndexByte(l.receipt, ESC) < 0 {
		p, err := l.next(time.Now().Add(receiptPause))
		switch {
		case errors.Is(err, errDamaged):
			if damaged++; damaged >= transmissions || l.write(Control(NAK)) != nil {
				return terminal.CardSlip{}
			}
		case err != nil:
			return terminal.CardSlip{}
		case p.Sign != STX || len(p.Text) < headerSize:
		case p.Text[headerSize-1] == codeReceipt:
			if _, err := l.keep(p.Text); err != nil {
				return terminal.CardSlip{}
			}
		case p.Text[headerSize-1] == codeResult: // it did not hear our ACK
			if l.write(Control(ACK)) != nil {
				return terminal.CardSlip{}
			}
		}
	}
	return terminal.CardSlip{Customer: lines(l.receipt)}
}

// lines are those of a receipt as they are printed, without kinds of letters, blanks at their ends and any card number.
func lines(receipt []byte) []string {
	text, _, _ := bytes.Cut(receipt, []byte{ESC})
	text = pan.MaskText(text)
	var all []string
	var line []byte
	width := lineWidth
	end := func() {
		all = append(all, strings.TrimRight(string(pan.MaskText(line)), " "))
		line, width = nil, lineWidth
	}
	for _, c := range text {
		switch c {
		case newLine:
			end()
		case highNormal, highBold:
		case wideNormal, wideBold:
			width = lineWidthWide
		case narrow:
			width = lineWidthSmall
		default:
			if line = append(line, c); len(line) >= width {
				end()
			}
		}
	}
	if len(line) > 0 {
		end()
	}
	return trimmed(all)
}

// trimmed leaves out the empty lines at both ends.
func trimmed(lines []string) []string {
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
