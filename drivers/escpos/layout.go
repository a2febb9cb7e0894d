package escpos

import (
	"fmt"
	"slices"
	"strings"

	"selfpay/device/printer"
)

// piece is one thing on paper: a row of characters, a picture, or a code that the printer draws.
type piece struct {
	text    string
	bold    bool
	large   bool
	align   printer.Align
	picture *bitmap
	code    []byte // native command
	drawn   printer.Code
	height  int // dots of picture or code
}

// sheet is a receipt laid out, top to bottom. The bytes for the printer and the preview are made of the same sheet.
type sheet struct {
	pieces []piece
	notes  []string
}

// setter lays out one receipt.
type setter struct {
	profile  Profile
	fonts    *Fonts
	sheet    sheet
	replaced []rune
}

// lay lays out a receipt: wraps, builds columns, decides for each line whether the printer's own characters do or
// the line has to be drawn.
func lay(r printer.Receipt, p Profile, fonts *Fonts, logo *bitmap) sheet {
	s := setter{profile: p, fonts: fonts}
	if p.Raster.Command == "none" {
		s.fonts, logo = nil, nil
	}
	if logo != nil {
		s.sheet.pieces = append(s.sheet.pieces, piece{picture: logo.centred(p.Paper.Dots), height: logo.height})
	}
	for _, l := range r.Lines {
		if l.Code.Kind != "" {
			s.code(l.Code)
		} else {
			s.line(l)
		}
	}
	if len(s.replaced) > 0 {
		slices.Sort(s.replaced)
		why := "the printer's code pages do not have them, and no font is configured to draw them"
		if s.fonts != nil {
			why = "neither the printer's code pages nor the configured fonts have them"
		}
		s.sheet.notes = append(s.sheet.notes, fmt.Sprintf("characters were replaced: %s; %s", spelled(slices.Compact(s.replaced)), why))
	}
	return s.sheet
}

// spelled shows at most a dozen characters with their numbers.
func spelled(runes []rune) string {
	var all []string
	for i, r := range runes {
		if i == 12 {
			all = append(all, fmt.Sprintf("and %d more", len(runes)-i))
			break
		}
		all = append(all, fmt.Sprintf("%c (%U)", r, r))
	}
	return strings.Join(all, ", ")
}

func (s *setter) note(text string) { s.sheet.notes = append(s.sheet.notes, text) }

func (s *setter) code(c printer.Code) {
	symbol, err := makeSymbol(c, s.profile)
	if err != nil {
		s.note(fmt.Sprintf("a barcode was printed as text: it %v", err))
		s.line(printer.Line{Text: c.Data, Align: printer.Centre})
		return
	}
	p := piece{align: printer.Centre, code: symbol.native, drawn: c, height: symbol.height}
	if symbol.native == nil {
		p = piece{picture: symbol.picture, height: symbol.picture.height}
	}
	s.sheet.pieces = append(s.sheet.pieces, p)
	if symbol.text != "" {
		s.line(printer.Line{Text: symbol.text, Align: printer.Centre})
	}
}

func (s *setter) line(l printer.Line) {
	if len(l.Cells) > 0 || l.Right != "" {
		l.Align = printer.Left
	}
	pieces, err := s.drawn(l)
	if len(pieces) > 0 {
		s.sheet.pieces = append(s.sheet.pieces, pieces...)
		return
	}
	if err != nil {
		s.note(fmt.Sprintf("a line could not be drawn with the configured fonts: %v", err))
	}
	columns := s.profile.Columns
	if l.Large {
		columns /= 2
	}
	l = s.each(l, func(text string) string {
		out, replaced := printable(text, s.profile.Pages)
		s.replaced = append(s.replaced, replaced...)
		return out
	})
	for _, row := range s.rows(l, columns, inColumns) {
		s.sheet.pieces = append(s.sheet.pieces, piece{text: compose(row), bold: l.Bold, large: l.Large, align: l.Align})
	}
}

func (s *setter) rows(l printer.Line, columns int, measure func(string) int) [][]slot {
	if len(l.Cells) > 0 {
		cells := slices.Clone(l.Cells)
		if l.Large {
			for i := range cells {
				cells[i].Width /= 2
			}
		}
		return table(cells, columns, measure)
	}
	return twoColumns(l.Text, l.Right, columns, measure)
}

// each changes all texts of a line.
func (s *setter) each(l printer.Line, change func(string) string) printer.Line {
	l.Text, l.Right = change(l.Text), change(l.Right)
	l.Cells = slices.Clone(l.Cells)
	for i := range l.Cells {
		l.Cells[i].Text = change(l.Cells[i].Text)
	}
	return l
}

// mustDraw says whether the line holds a character that no code page has and a font has.
func (s *setter) mustDraw(l printer.Line) bool {
	if s.fonts == nil {
		return false
	}
	found := false
	s.each(l, func(text string) string {
		for _, r := range missing(clean(text, false), s.profile.Pages) {
			found = found || s.fonts.has(r)
		}
		return text
	})
	return found
}

// drawn lays the line out in dots and makes a picture of each row; none where the printer's characters do. A row whose text runs from right to left is
// mirrored: text at the right, amount at the left. A font that breaks the shaper costs the line its shape, not the
// receipt.
func (s *setter) drawn(l printer.Line) (pieces []piece, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			pieces, err = nil, fmt.Errorf("the font is damaged: %v", broken)
		}
	}()
	if !s.mustDraw(l) {
		return nil, nil
	}
	cell := s.profile.Fonts["a"]
	size, columns := cell.Height, s.profile.Columns
	if l.Large {
		size, columns = 2*size, columns/2
	}
	width := s.profile.Paper.Dots / columns // dots of a column
	l = s.each(l, func(text string) string {
		var b strings.Builder
		for _, r := range clean(text, true) {
			if !s.fonts.has(r) {
				s.replaced = append(s.replaced, r)
				r = '?'
			}
			b.WriteRune(r)
		}
		return b.String()
	})
	measure := func(text string) int { return (s.fonts.width(text, size) + width - 1) / width }
	mirrored := false
	s.each(l, func(text string) string {
		mirrored = mirrored || rightToLeft(text)
		return text
	})
	for _, row := range s.rows(l, columns, measure) {
		picture := newBitmap(s.profile.Paper.Dots, size)
		var drawn []*bitmap
		for _, slot := range row {
			d := s.fonts.draw(slot.text, size, l.Bold)
			drawn = append(drawn, d)
			if d.height > picture.height {
				picture = newBitmap(s.profile.Paper.Dots, d.height)
			}
		}
		for i, slot := range row {
			from, room := slot.at*width, slot.width*width
			atRight := slot.right
			if slot.at+slot.width >= columns {
				room = s.profile.Paper.Dots - from // what is left over of a column
			}
			if mirrored {
				from, atRight = s.profile.Paper.Dots-from-room, !atRight
			}
			switch {
			case l.Align == printer.Centre:
				from += max((room-drawn[i].width)/2, 0)
			case atRight:
				from += max(room-drawn[i].width, 0)
			}
			picture.place(drawn[i], from, picture.height-drawn[i].height)
		}
		pieces = append(pieces, piece{picture: picture, height: picture.height})
	}
	return pieces, nil
}
