package escpos

import (
	"fmt"

	"selfpay/device/printer"
)

// kind tells what the printer sent.
type kind int

const (
	kindNone     kind = iota // not complete yet
	kindFlow                 // XON or XOFF
	kindRealTime             // answer to DLE EOT 1-4, one byte
	kindInOrder              // answer to GS r, GS I 1-3 or ESC v, one byte
	kindASB                  // automatic status, four bytes
	kindFull                 // answer to DLE EOT 20 of Custom printers, six bytes
	kindBlock                // header to NUL, the NUL left out: see block
	kindNoise                // bytes that are nothing of these
)

// block tells what a kindBlock message is.
type block int

const (
	blockOther    block = iota
	blockDone           // process id of GS ( H function 48: what stood before it is done
	blockOffline        // cause of being offline, GS ( H function 49
	blockCleared        // buffers are empty, DLE DC4 8
	blockQRSize         // GS ( k function 82
	blockIdentity       // GS I 65-69
)

// message is one thing the printer sent.
type message struct {
	kind  kind
	bytes []byte // valid until the next call of the parser; of a block: header first, NUL left out
}

// block classifies a kindBlock message, and returns what it carries.
func (m message) block() (block, string) {
	b := m.bytes
	switch {
	case b[0] == 0x5F:
		return blockIdentity, string(b[1:])
	case b[0] != 0x37 || len(b) < 2:
		return blockOther, string(b)
	case b[1] == 0x22 && len(b) == 6:
		return blockDone, string(b[2:])
	case b[1] == 0x23:
		return blockOffline, string(b[2:])
	case b[1] == 0x25 && len(b) == 2:
		return blockCleared, ""
	case b[1] == 0x36:
		return blockQRSize, string(b[2:])
	}
	return blockOther, string(b)
}

// maxBlock bounds a block whose NUL was lost.
const maxBlock = 80

// parser cuts what arrives into messages. The masks make the first byte unambiguous (Epson and Citizen, transmission
// status identification), but for the full status of Custom printers, which begins like an automatic status: a
// parser that is told full takes 10 0F for it. The zero value is ready to use.
type parser struct {
	full bool
	held []byte // an unfinished group
	out  []byte
}

func isHeader(b byte) bool {
	return b == 0x35 || b == 0x37 || b == 0x3B || b == 0x3D || b == 0x5F
}

// feed takes the next byte. XON and XOFF may sit inside any group and are dropped from it. At most one message is
// complete with a byte; when a group breaks off, its bytes are noise and b begins anew, which b's own message outranks.
func (p *parser) feed(b byte) message {
	if b == 0x11 || b == 0x13 {
		return message{kind: kindFlow}
	}
	if len(p.held) == 0 {
		return p.first(b)
	}
	switch {
	case isHeader(p.held[0]):
		switch {
		case b == 0:
			return p.complete(kindBlock)
		case b >= 0x1F && b < 0x80 && len(p.held) < maxBlock:
			p.held = append(p.held, b)
			return message{}
		}
	case p.isFull() || p.full && len(p.held) == 1 && p.held[0] == 0x10 && b == 0x0F:
		p.held = append(p.held, b)
		if len(p.held) == 6 {
			return p.complete(kindFull)
		}
		return message{}
	case b&0x90 == 0:
		p.held = append(p.held, b)
		if len(p.held) == 4 {
			return p.complete(kindASB)
		}
		return message{}
	}
	broken := p.complete(kindNoise)
	if m := p.first(b); m.kind != kindNone && m.kind != kindNoise {
		return m
	}
	return broken
}

func (p *parser) isFull() bool {
	return p.full && len(p.held) >= 2 && p.held[0] == 0x10 && p.held[1] == 0x0F
}

func (p *parser) first(b byte) message {
	switch {
	case b&0x93 == 0x12:
		return p.one(kindRealTime, b)
	case b&0x93 == 0x10, isHeader(b):
		p.held = append(p.held, b)
		return message{}
	case b&0x90 == 0:
		return p.one(kindInOrder, b)
	}
	return p.one(kindNoise, b)
}

func (p *parser) one(k kind, b byte) message {
	p.out = append(p.out[:0], b)
	return message{k, p.out}
}

func (p *parser) complete(k kind) message {
	p.out = append(p.out[:0], p.held...)
	p.held = p.held[:0]
	return message{k, p.out}
}

// effect is what a bit changes in the status.
type effect int

const (
	noEffect effect = iota
	isOffline
	isOpen
	isPaperEnd
	isNearEnd
	isFault
)

// bit is one bit of an answer and what is made of it.
type bit struct {
	answer string
	index  int // of the byte in the answer
	mask   byte
	means  string
	effect effect
	fault  string // what staff are told, of isFault
}

// The answers with bits.
const (
	answerPrinter  = "DLE EOT 1"
	answerOffline  = "DLE EOT 2"
	answerError    = "DLE EOT 3"
	answerPaper    = "DLE EOT 4"
	answerAutomate = "GS a"
	answerInOrder  = "GS r 1"
	answerFull     = "DLE EOT 20"
)

const (
	faultUnrecoverable = "unrecoverable printer error: switch it off and on, then call service"
	faultCutter        = "cutter error: look for jammed paper"
	faultMechanical    = "mechanical error"
	faultHead          = "print head too hot"
	faultSupply        = "supply voltage is wrong: check the power supply"
	faultMemory        = "printer memory error: call service"
	faultLine          = "printer received garbled data: check cable and line settings"
	faultAny           = "printer error"
)

// severity orders faults: the first that is set is told.
var severity = []string{faultUnrecoverable, faultMemory, faultCutter, faultMechanical, faultSupply, faultHead, faultLine, faultAny}

// bits are all bits of all answers that mean anything. Sources: Epson ESC/POS command reference, DLE EOT, GS a, GS r;
// Custom command reference KPM150-H and KPM210/216, full status. The package comment shows the same table.
var bits = []bit{
	{answerPrinter, 0, 0x04, "drawer pin 3 is high", noEffect, ""},
	{answerPrinter, 0, 0x08, "offline", isOffline, ""},
	{answerPrinter, 0, 0x20, "waits for recovery", noEffect, ""},
	{answerPrinter, 0, 0x40, "feed button is pressed", noEffect, ""},
	{answerOffline, 0, 0x04, "cover open", isOpen, ""},
	{answerOffline, 0, 0x08, "paper is fed by the button", noEffect, ""},
	{answerOffline, 0, 0x20, "stopped by paper end", isPaperEnd, ""},
	{answerOffline, 0, 0x40, "error", isFault, faultAny},
	{answerError, 0, 0x04, "mechanical error", isFault, faultMechanical},
	{answerError, 0, 0x08, "cutter error", isFault, faultCutter},
	{answerError, 0, 0x20, "unrecoverable error", isFault, faultUnrecoverable},
	{answerError, 0, 0x40, "error that ends by itself: head too hot", isFault, faultHead},
	{answerPaper, 0, 0x0C, "near end", isNearEnd, ""},
	{answerPaper, 0, 0x60, "paper end", isPaperEnd, ""},
	{answerAutomate, 0, 0x04, "drawer pin 3 is high", noEffect, ""},
	{answerAutomate, 0, 0x08, "offline", isOffline, ""},
	{answerAutomate, 0, 0x20, "cover open", isOpen, ""},
	{answerAutomate, 0, 0x40, "feed button is pressed", noEffect, ""},
	{answerAutomate, 1, 0x04, "mechanical error", isFault, faultMechanical},
	{answerAutomate, 1, 0x08, "cutter error", isFault, faultCutter},
	{answerAutomate, 1, 0x20, "unrecoverable error", isFault, faultUnrecoverable},
	{answerAutomate, 1, 0x40, "error that ends by itself: head too hot", isFault, faultHead},
	{answerAutomate, 2, 0x03, "near end", isNearEnd, ""},
	{answerAutomate, 2, 0x0C, "paper end", isPaperEnd, ""},
	{answerInOrder, 0, 0x03, "near end", isNearEnd, ""},
	{answerInOrder, 0, 0x0C, "paper end", isPaperEnd, ""},
	{answerFull, 2, 0x01, "no paper", isPaperEnd, ""},
	{answerFull, 2, 0x04, "near end", isNearEnd, ""},
	{answerFull, 2, 0x20, "ticket in the output", noEffect, ""},
	{answerFull, 2, 0x40, "virtual paper end", isNearEnd, ""},
	{answerFull, 2, 0x80, "notch in front of its sensor", noEffect, ""},
	{answerFull, 3, 0x01, "print head is up", isOpen, ""},
	{answerFull, 3, 0x02, "cover open", isOpen, ""},
	{answerFull, 3, 0x04, "spooling", noEffect, ""},
	{answerFull, 3, 0x08, "paper motor is on", noEffect, ""},
	{answerFull, 3, 0x20, "line feed key is pressed", noEffect, ""},
	{answerFull, 3, 0x40, "form feed key is pressed", noEffect, ""},
	{answerFull, 4, 0x01, "head temperature", isFault, faultHead},
	{answerFull, 4, 0x02, "line error", isFault, faultLine},
	{answerFull, 4, 0x08, "supply voltage", isFault, faultSupply},
	{answerFull, 4, 0xF4, "jam or unknown command, differs by model", isFault, faultAny},
	{answerFull, 5, 0x01, "cutter error", isFault, faultCutter},
	{answerFull, 5, 0x04, "RAM error", isFault, faultMemory},
	{answerFull, 5, 0x08, "EEPROM error", isFault, faultMemory},
	{answerFull, 5, 0xF2, "not documented", isFault, faultAny},
}

// StatusBit is one bit of one answer of a printer.
type StatusBit struct {
	Answer string // the question it answers: "DLE EOT 4"; GS a comes unasked
	Byte   int    // counts from 1
	Mask   byte
	Means  string
	Stops  bool // it keeps the printer from printing
}

// StatusBits lists every bit of every answer that means anything.
func StatusBits() []StatusBit {
	var all []StatusBit
	for _, b := range bits {
		all = append(all, StatusBit{b.answer, b.index + 1, b.mask, b.means, b.effect != noEffect && b.effect != isNearEnd})
	}
	return all
}

// staff is what the status says to people because of the bit.
func (b bit) staff() string {
	switch b.effect {
	case isOffline:
		return "offline"
	case isOpen:
		return "cover open"
	case isPaperEnd:
		return "no paper"
	case isNearEnd:
		return "paper nearly at its end"
	case isFault:
		return b.fault
	}
	return "-"
}

// check is the health check that warns because of the bit.
func (b bit) check() string {
	switch b.effect {
	case isPaperEnd, isNearEnd:
		return "printer:paper"
	case isOffline, isOpen, isFault:
		return "printer:link"
	}
	return "-"
}

// String is the bit's line in the package comment.
func (b bit) String() string {
	return fmt.Sprintf("%-10s byte %d  %02X  %s -> %s [%s]", b.answer, b.index+1, b.mask, b.means, b.staff(), b.check())
}

// reading collects what several answers say together.
type reading struct {
	offline, open, end, near bool
	faults                   map[string]bool
}

// add reads one answer.
func (r *reading) add(answer string, bytes []byte) {
	for _, b := range bits {
		if b.answer != answer || b.index >= len(bytes) || bytes[b.index]&b.mask == 0 {
			continue
		}
		switch b.effect {
		case isOffline:
			r.offline = true
		case isOpen:
			r.open = true
		case isPaperEnd:
			r.end = true
		case isNearEnd:
			r.near = true
		case isFault:
			if r.faults == nil {
				r.faults = map[string]bool{}
			}
			r.faults[b.fault] = true
		}
	}
}

// stops says whether something keeps the printer from printing.
func (r *reading) stops() bool { return r.offline || r.open || r.end || len(r.faults) > 0 }

func (r *reading) status(p Profile) printer.Status {
	s := printer.Status{Online: !r.offline, CoverOpen: r.open, PaperEnd: r.end}
	s.PaperNearEnd = s.PaperEnd || p.Sensors.NearEnd == Yes && r.near
	for _, f := range severity {
		if r.faults[f] {
			s.Fault = f
			break
		}
	}
	return s
}

// answers are what the printer said when it was asked: DLE EOT 1 to 4, and the full status where the profile has one.
type answers struct {
	realTime [4]byte
	full     []byte
}

func (a answers) status(p Profile) printer.Status {
	var r reading
	for i, name := range []string{answerPrinter, answerOffline, answerError, answerPaper} {
		r.add(name, a.realTime[i:i+1])
	}
	r.add(answerFull, a.full)
	return r.status(p)
}

// recoverable says whether DLE ENQ 2 may bring the printer back: the cutter waits for it once its cause is gone.
func (a answers) recoverable() bool { return a.realTime[2]&0x08 != 0 && a.realTime[2]&0x20 == 0 }

// presented says whether a ticket is held out to the patron.
func (a answers) presented() bool { return len(a.full) == 6 && a.full[2]&0x20 != 0 }

// troubleASB says whether an automatic status block tells of something that stops printing.
func troubleASB(b []byte) bool {
	var r reading
	r.add(answerAutomate, b)
	return r.stops()
}
