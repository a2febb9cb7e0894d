package escpos

import (
	"bytes"
	"fmt"
	"strings"

	"selfpay/device/printer"
)

// Commands. Names and bytes as in the Epson ESC/POS command reference.
var (
	cmdInitialise = []byte{0x1B, 0x40}                                                 // ESC @
	cmdNoKanji    = []byte{0x1C, 0x2E}                                                 // FS .
	cmdUSASet     = []byte{0x1B, 0x52, 0x00}                                           // ESC R 0
	cmdTell       = []byte{0x1D, 0x61, 0x0E}                                           // GS a: tell of offline, errors and paper by yourself
	cmdFull       = []byte{0x10, 0x04, 0x14}                                           // DLE EOT 20, full status of Custom printers
	cmdMark       = []byte{0x1D, 0x72, 0x01}                                           // GS r 1, answered in order
	cmdClear      = []byte{0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08} // DLE DC4 8
	cmdRecover    = []byte{0x10, 0x05, 0x02}                                           // DLE ENQ 2, leaves a recoverable error and clears the buffers
)

func cmdStatus(n byte) []byte { return []byte{0x10, 0x04, n} } // DLE EOT n, answered at once
func cmdPage(n byte) []byte   { return []byte{0x1B, 0x74, n} } // ESC t n

// cmdProcess asks for word when everything before it is printed, GS ( H function 48. The id has four characters.
func cmdProcess(id string) []byte {
	return append([]byte{0x1D, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30}, id...)
}

// job is one receipt in bytes.
type job struct {
	bytes []byte
	ends  []int    // offsets behind each row and at the end: between them a command may lie across
	rows  int      // rows of normal height, for the time the printer needs
	notes []string // what could not be printed as it was given
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
func encode(r printer.Receipt, p Profile, fonts *Fonts, logo *bitmap) job {
	laid := lay(r, p, fonts, logo)
	e := begin(p)
	for _, one := range laid.pieces {
		e.piece(one)
	}
	j := e.finish()
	j.notes = laid.notes
	return j
}

// begin sets the printer to what the encoder believes of it.
func begin(p Profile) *encoder {
	e := &encoder{profile: p}
	e.out.Write(cmdInitialise)
	e.out.Write(cmdNoKanji)
	e.out.Write(cmdUSASet)
	if p.Status.Automatic == Yes {
		e.out.Write(cmdTell)
	}
	e.usePage(p.Pages[0])
	return e
}

func (e *encoder) finish() job {
	e.style(piece{})
	e.cut()
	e.ends = append(e.ends, e.out.Len())
	return job{bytes: e.out.Bytes(), ends: e.ends, rows: e.rows}
}

// proofLetters are the letters that tell code pages apart, and the sign that is wrong most often.
const proofLetters = "€ÄÖÜäöüß éèêàçñ ąęłńśźż ğİış ґєії"

// proofSheet is a job that shows what the profile claims.
func proofSheet(p Profile) job {
	e := begin(p)
	line := func(text string) {
		out, _ := printable(text, p.Pages)
		for _, row := range wrap(out, p.Columns, inColumns) {
			e.piece(piece{text: row})
		}
	}
	line(p.Model)
	line(strings.Repeat("-", p.Columns))
	for _, page := range p.Pages {
		e.usePage(page)
		shown := []rune{}
		for _, r := range fmt.Sprintf("%d %s ", page.Number, page.Name) + proofLetters {
			if _, has := page.Encode(r); has {
				shown = append(shown, r)
			}
		}
		for _, row := range wrap(string(shown), p.Columns, inColumns) {
			e.piece(piece{text: row}) // the page is current and has all of it: it is not changed
		}
	}
	if p.Raster.Command != "none" {
		bar := newBitmap(p.Paper.Dots, 24)
		for y := range bar.height {
			for x := y; x < bar.width; x += bar.height {
				bar.set(x, y)
			}
			bar.set(0, y)
			bar.set(bar.width-1, y)
		}
		line("picture, " + p.Raster.Command)
		e.piece(piece{picture: bar, height: bar.height})
	}
	native := p
	for _, c := range []struct {
		name   string
		answer *Answer
		code   printer.Code
	}{
		{"qr", &native.Codes.QR, printer.Code{Kind: printer.QR, Data: "QR 123"}},
		{"code128", &native.Codes.Code128, printer.Code{Kind: printer.Code128, Data: "C128-1"}},
		{"code39", &native.Codes.Code39, printer.Code{Kind: printer.Code39, Data: "C39-1"}},
		{"ean", &native.Codes.EAN, printer.Code{Kind: printer.EAN, Data: "4006381333931"}},
	} {
		if *c.answer == No {
			continue
		}
		line("codes." + c.name + " = " + string(*c.answer))
		*c.answer = Yes
		if s, err := makeSymbol(c.code, native); err == nil && s.native != nil {
			e.piece(piece{code: s.native, align: printer.Centre, height: s.height})
			e.style(piece{})
		}
	}
	return e.finish()
}

// Encode is what Print would send for a receipt, from initialising to the cut, and what its notes would be.
func Encode(r printer.Receipt, cfg Config) (bytes []byte, notes []string) {
	cfg, logo := cfg.ready()
	j := encode(r, cfg.Profile, cfg.Fonts, logo)
	return j.bytes, j.notes
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
}

// dotsPerRow is a row of characters, for counting the time that pictures need.
const dotsPerRow = 30

func (e *encoder) piece(p piece) {
	e.style(p)
	switch {
	case p.picture != nil:
		for _, band := range p.picture.bands(e.profile.Raster, e.profile.Flow.Buffer/2) {
			e.out.Write(band)
			e.ends = append(e.ends, e.out.Len())
		}
		e.usePage(e.page) // some printers lose it over a picture
		e.rows += 1 + p.height/dotsPerRow
		return
	case p.code != nil:
		e.out.Write(p.code)
		e.rows += 1 + p.height/dotsPerRow
	default:
		e.text(p.text)
		e.out.WriteByte('\n')
		e.rows++
		if p.large {
			e.rows++
		}
	}
	e.ends = append(e.ends, e.out.Len())
}

// cut feeds the receipt to the knife, cuts it off, and gives it to the presenter.
func (e *encoder) cut() {
	c := e.profile.Cutter
	lines := max(c.FeedLines, 1)
	e.out.Write([]byte{0x1B, 0x64, byte(lines)}) // ESC d
	e.rows += lines - 1
	e.out.Write(cutOnly(c))
	switch e.profile.Present.Dialect {
	case "custom-kpm":
		e.out.Write([]byte{0x1D, 0x65, 0x03, 0x0C}) // produce 12 steps
	case "custom-tptcm":
		e.out.Write([]byte{0x1D, 0x65, 0x00}) // present
	}
}

// cutOff is what takes away the paper that hangs out of the printer.
func cutOff(p Profile) []byte {
	e := encoder{profile: p}
	e.out.Write(cmdInitialise)
	e.cut()
	return e.out.Bytes()
}

// cutOnly is the command that cuts.
func cutOnly(c Cutter) []byte {
	full := c.Kind == "full"
	switch {
	case c.Kind == "none", c.Command == "feed" && !full:
		return []byte{0x1D, 0x56, 0x42, 0x00} // GS V 66 0: feed to the knife and cut partially; feeds where there is no knife
	case c.Command == "feed":
		return []byte{0x1D, 0x56, 0x41, 0x00} // GS V 65 0
	case c.Command == "here" && full:
		return []byte{0x1D, 0x56, 0x00} // GS V 0
	case c.Command == "here":
		return []byte{0x1D, 0x56, 0x01} // GS V 1
	case full:
		return []byte{0x1B, 0x69} // ESC i
	}
	return []byte{0x1B, 0x6D} // ESC m
}

// style changes to the piece's style; all its commands are sent at the beginning of a line, where alignment must be.
func (e *encoder) style(p piece) {
	if p.align != e.align {
		e.align = p.align
		e.out.Write([]byte{0x1B, 0x61, oneIf(p.align == printer.Centre)}) // ESC a
	}
	if p.bold != e.bold {
		e.bold = p.bold
		e.out.Write([]byte{0x1B, 0x45, oneIf(p.bold)}) // ESC E
	}
	if p.large != e.large {
		e.large = p.large
		e.out.Write([]byte{0x1D, 0x21, 0x11 * oneIf(p.large)}) // GS !
	}
}

func oneIf(set bool) byte {
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
			if reach == len(rest) {
				break
			}
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
			b, _ := best.Encode(r)
			e.out.WriteByte(b)
		}
		rest = rest[reach:]
	}
}

// covers counts the runes at the front of text that the page has.
func (p Page) covers(text []rune) int {
	for i, r := range text {
		if _, ok := p.Encode(r); !ok {
			return i
		}
	}
	return len(text)
}
