package escpos

import (
	"errors"
	"image"

	"selfpay/device/printer"
)

// marginMM is the white at each side of a preview, as the paper has it.
const marginMM = 4

// Preview draws a receipt as it will stand on paper, a dot for a dot, from the same layout as the bytes for the
// printer. The printer's own characters are drawn with cfg.Fonts, so their shapes differ; their places do not.
func Preview(r printer.Receipt, cfg Config) (image.Image, error) {
	if cfg.Fonts == nil {
		return nil, errors.New("escpos: a preview needs a font: name one, DejaVuSansMono.ttf of fonts-dejavu-core for example")
	}
	cfg, logo := cfg.ready()
	p := cfg.Profile
	laid := lay(r, p, cfg.Fonts, logo)
	byHand := p // draws the codes that the printer would draw by itself
	byHand.Codes = Codes{}
	if byHand.Raster.Command == "none" {
		byHand.Raster.Command = "gs-v-0"
	}
	cell := p.Fonts["a"]
	pitch := max(p.Paper.DPI/6, cell.Height) // a sixth of an inch
	margin := marginMM * p.Paper.DPI * 10 / 254

	height := 2 * margin
	for _, one := range laid.pieces {
		height += one.rise(pitch)
	}
	paper := newBitmap(p.Paper.Dots+2*margin, height)
	y := margin
	for _, one := range laid.pieces {
		switch {
		case one.picture != nil:
			paper.place(one.picture, margin, y)
		case one.code != nil:
			if symbol, err := makeSymbol(one.drawn, byHand); err == nil {
				paper.place(symbol.picture, margin, y)
			}
		default:
			paper.characters(one, p, cfg.Fonts, margin, y)
		}
		y += one.rise(pitch)
	}
	return paper.picture(), nil
}

// rise is how much paper the piece takes, in dots.
func (p piece) rise(pitch int) int {
	switch {
	case p.picture != nil || p.code != nil:
		return p.height
	case p.large:
		return 2 * pitch
	}
	return pitch
}

// characters sets each character in its cell.
func (b *bitmap) characters(row piece, p Profile, fonts *Fonts, x, y int) {
	cell := p.Fonts["a"]
	width, size := cell.Width, cell.Height
	if row.large {
		width, size = 2*width, 2*size
	}
	runes := []rune(row.text)
	if row.align == printer.Centre {
		x += (p.Paper.Dots - len(runes)*width) / 2
	}
	for _, r := range runes {
		if r != ' ' {
			// the glyph's own box is taller than the cell: a smaller size keeps its ends inside
			b.place(fonts.draw(string(r), size*7/8, row.bold), x, y)
		}
		x += width
	}
}
