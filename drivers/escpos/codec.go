package escpos

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"selfpay/device/printer"
)

// Commands. Names and bytes as in the Epson ESC/POS command reference.
var (
	cmdInitialise = []byte{0x1B, 0x40}                                                 // ESC @
	cmdNoKanji    = []byte{0x1C, 0x2E}                                                 // FS .
	cmdUSASet     = []byte{0x1B, 0x52, 0x00}                                           // ESC R 0
	cmdFeedLine   = []byte{0x1B, 0x64, 0x01}                                           // ESC d 1
	cmdCut        = []byte{0x1D, 0x56, 0x42, 0x00}                                     // GS V 66 0, feed to the knife and cut partially
	cmdMark       = []byte{0x1D, 0x72, 0x01}                                           // GS r 1, answered in order
	cmdClear      = []byte{0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08} // DLE DC4 8
	cmdRecover    = []byte{0x10, 0x05, 0x02}                                           // DLE ENQ 2, leaves a recoverable error and clears the buffers
)

func cmdStatus(n byte) []byte { return []byte{0x10, 0x04, n} } // DLE EOT n, answered at once
func cmdPage(n byte) []byte   { return []byte{0x1B, 0x74, n} } // ESC t n

// job is one receipt in bytes.
type job struct {
	bytes []byte
	ends  []int // offsets behind each row and at the end: between them a command may lie across
	rows  int   // rows of normal height, for the time the printer needs
	lost  int   // characters that no page has and no letters stand for
}

// portions cuts the job behind rows into pieces of at most size bytes, or of one row where that is longer.
func (j job) portions(size int) [][]byte {
	var pieces [][]byte
	from, to := 0, 0
	for _, end := range j.ends {
		if end-from > size && to > from {
			pieces = append(pieces, j.bytes[from:to])
			from = to
		}
		to = end
	}
	return append(pieces, j.bytes[from:])
}

// encode turns a receipt into bytes, from initialising the printer to the cut. Text never reaches the printer as
// anything but printing characters.
func encode(r printer.Receipt, p Profile) job {
	e := encoder{profile: p}
	e.out.Write(cmdInitialise)
	e.out.Write(cmdNoKanji)
	e.out.Write(cmdUSASet)
	e.usePage(p.Pages[0])
	for _, l := range r.Lines {
		e.line(l)
	}
	e.style(printer.Line{})
	e.out.Write(cmdFeedLine)
	e.out.Write(cmdCut)
	e.ends = append(e.ends, e.out.Len())
	return job{bytes: e.out.Bytes(), ends: e.ends, rows: e.rows, lost: e.lost}
}

type encoder struct {
	profile Profile
	out     bytes.Buffer
	page    Page
	bold    bool
	large   bool
	align   printer.Align
	ends    []int
	rows    int
	lost    int
}

func (e *encoder) line(l printer.Line) {
	columns, height := e.profile.Columns, 1
	if l.Large {
		columns, height = columns/2, 2
	}
	text, lost := printable(l.Text, e.profile.Pages)
	e.lost += lost
	right, lost := printable(l.Right, e.profile.Pages)
	e.lost += lost
	if right != "" {
		l.Align = printer.Left
	}
	e.style(l)
	for _, row := range twoColumns(text, right, columns) {
		e.text(row)
		e.out.WriteByte('\n')
		e.ends = append(e.ends, e.out.Len())
		e.rows += height
	}
}

// twoColumns lays text at the left and right at the right edge of text's last row, with one blank between them at
// least. A right column too wide to leave half the line to the text stands on rows of its own.
func twoColumns(text, right string, columns int) []string {
	right = strings.TrimSpace(right)
	if right == "" {
		return wrap(text, columns)
	}
	width := utf8.RuneCountInString(right)
	if width+1 > columns/2 && utf8.RuneCountInString(text)+1+width > columns {
		rows := wrap(text, columns)
		for _, r := range wrap(right, columns) {
			rows = append(rows, strings.Repeat(" ", columns-utf8.RuneCountInString(r))+r)
		}
		return rows
	}
	rows := wrap(text, columns-width-1)
	last := rows[len(rows)-1]
	rows[len(rows)-1] = last + strings.Repeat(" ", columns-width-utf8.RuneCountInString(last)) + right
	return rows
}

// style changes to the line's style; all its commands are sent at the beginning of a line, where alignment must be.
func (e *encoder) style(l printer.Line) {
	if l.Align != e.align {
		e.align = l.Align
		e.out.Write([]byte{0x1B, 0x61, bit(l.Align == printer.Centre)}) // ESC a
	}
	if l.Bold != e.bold {
		e.bold = l.Bold
		e.out.Write([]byte{0x1B, 0x45, bit(l.Bold)}) // ESC E
	}
	if l.Large != e.large {
		e.large = l.Large
		e.out.Write([]byte{0x1D, 0x21, 0x11 * bit(l.Large)}) // GS !
	}
}

func bit(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func (e *encoder) usePage(p Page) {
	e.page = p
	e.out.Write(cmdPage(p.Number))
}

// text writes one row that printable has prepared: on the current page if it has the whole row, else on the first
// page that has, else piece by piece on the page that reaches furthest.
func (e *encoder) text(row string) {
	for rest := []rune(row); len(rest) > 0; {
		best, reach := e.page, e.page.covers(rest)
		for _, p := range e.profile.Pages {
			if n := p.covers(rest); n > reach {
				best, reach = p, n
			}
		}
		if reach == 0 {
			panic("escpos: text holds a character that no page has")
		}
		if best.Number != e.page.Number {
			e.usePage(best)
		}
		for _, r := range rest[:reach] {
			b, _ := best.encode(r)
			e.out.WriteByte(b)
		}
		rest = rest[reach:]
	}
}

// covers counts the runes at the front of text that the page has.
func (p Page) covers(text []rune) int {
	for i, r := range text {
		if _, ok := p.encode(r); !ok {
			return i
		}
	}
	return len(text)
}

// kind tells what the printer sent.
type kind int

const (
	kindNone     kind = iota // not complete yet, or flow control
	kindRealTime             // answer to DLE EOT, one byte
	kindInOrder              // answer to GS r, GS I 1-3 or ESC v, one byte
	kindASB                  // automatic status, four bytes
	kindBlock                // header to NUL, both left out
	kindNoise                // bytes that are nothing of these
)

// message is one thing the printer sent.
type message struct {
	kind  kind
	bytes []byte // valid until the next call of the parser; of a block: header first, NUL left out
}

// maxBlock bounds a block whose NUL was lost.
const maxBlock = 80

// parser cuts what arrives into messages. The masks make the first byte unambiguous (Epson and Citizen, transmission
// status identification). Its zero value is ready to use.
type parser struct {
	held []byte // an unfinished ASB or block
	out  []byte
}

func isHeader(b byte) bool {
	return b == 0x35 || b == 0x37 || b == 0x3B || b == 0x3D || b == 0x5F
}

// feed takes the next byte. XON and XOFF may sit inside any group and are dropped. At most one message is complete
// with a byte; when a group breaks off, its bytes are noise and b begins anew, which b's own message outranks.
func (p *parser) feed(b byte) message {
	if b == 0x11 || b == 0x13 {
		return message{}
	}
	if len(p.held) == 0 {
		return p.first(b)
	}
	if isHeader(p.held[0]) {
		switch {
		case b == 0:
			return p.complete(kindBlock)
		case b >= 0x1F && b < 0x80 && len(p.held) < maxBlock:
			p.held = append(p.held, b)
			return message{}
		}
	} else if b&0x90 == 0 {
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

// statusOf reads the four answers to DLE EOT 1 to 4.
func statusOf(a [4]byte, p Profile) printer.Status {
	s := printer.Status{
		Online:    a[0]&0x08 == 0,
		CoverOpen: a[1]&0x04 != 0,
		PaperEnd:  a[1]&0x20 != 0 || a[3]&0x60 != 0,
	}
	s.PaperNearEnd = s.PaperEnd || p.NearEndSensor && a[3]&0x0C != 0
	switch {
	case a[2]&0x20 != 0:
		s.Fault = "unrecoverable printer error: switch it off and on, then call service"
	case a[2]&0x08 != 0:
		s.Fault = "cutter error: look for jammed paper"
	case a[2]&0x04 != 0:
		s.Fault = "mechanical error"
	case a[2]&0x40 != 0:
		s.Fault = "print head too hot"
	case a[1]&0x40 != 0:
		s.Fault = "printer error"
	}
	return s
}

// recoverable says whether DLE ENQ 2 may bring the printer back: the cutter waits for it once its cause is gone.
func recoverable(a [4]byte) bool { return a[2]&0x08 != 0 && a[2]&0x20 == 0 }

// troubleASB says whether an automatic status block tells of something that stops printing.
func troubleASB(b []byte) bool {
	return b[0]&0x28 != 0 || b[1]&0x2C != 0 || b[2]&0x0C != 0
}
