package escpos

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	ot "github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
	"golang.org/x/text/unicode/bidi"
)

// Fonts draw the text that no code page of the printer has. They are files of the system, the one to use first at the
// front: on Debian fonts-dejavu-core and fonts-noto-core have the alphabets of Europe and Arabic with the letters of
// Persian, fonts-noto-cjk and fonts-wqy-zenhei have Chinese. A line is drawn as a whole, so one of them must have Latin
// letters and digits too. Methods may be called from any goroutine.
type Fonts struct {
	mu     sync.Mutex // faces and shapers keep caches
	faces  []*font.Face
	shaper shaping.HarfbuzzShaper
	split  shaping.Segmenter
	order  shaping.LineWrapper
}

// OpenFonts reads font files: TrueType, OpenType, and the first font of a collection.
func OpenFonts(paths ...string) (*Fonts, error) {
	var files [][]byte
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("font cannot be read: %w; install the package that has it, or name another file", err)
		}
		files = append(files, b)
	}
	f, err := ParseFonts(files...)
	if err != nil {
		return nil, fmt.Errorf("fonts %s: %w", strings.Join(paths, ", "), err)
	}
	return f, nil
}

// ParseFonts makes Fonts of the files' bytes.
func ParseFonts(files ...[]byte) (*Fonts, error) {
	f := &Fonts{}
	for i, b := range files {
		faces, err := font.ParseTTC(bytes.NewReader(b))
		if err == nil && len(faces) == 0 {
			err = fmt.Errorf("no font in it")
		}
		if err != nil {
			return nil, fmt.Errorf("file %d is not a font: %w", i+1, err)
		}
		f.faces = append(f.faces, faces[0])
	}
	if len(f.faces) == 0 {
		return nil, fmt.Errorf("no font is named")
	}
	return f, nil
}

// ResolveFace is the first font that has r.
func (f *Fonts) ResolveFace(r rune) *font.Face {
	for _, face := range f.faces {
		if _, has := face.NominalGlyph(r); has {
			return face
		}
	}
	return f.faces[0]
}

// has says whether some font has r, or r is only a mark that shapes its neighbours.
func (f *Fonts) has(r rune) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.knows(r)
}

func (f *Fonts) knows(r rune) bool {
	if unicode.Is(unicode.Cf, r) {
		return true
	}
	_, has := f.ResolveFace(r).NominalGlyph(r)
	return has
}

// rightToLeft says whether the first letter with a direction goes from right to left.
func rightToLeft(text string) bool {
	for _, r := range text {
		switch p, _ := bidi.LookupRune(r); p.Class() {
		case bidi.L:
			return false
		case bidi.R, bidi.AL:
			return true
		}
	}
	return false
}

// shape orders and joins the letters of a row; size is the height of a letter's square in dots.
func (f *Fonts) shape(text string, size int) (shaping.Line, fixed.Int26_6) {
	runes := []rune(text)
	if len(runes) == 0 {
		return nil, 0
	}
	direction := di.DirectionLTR
	if rightToLeft(text) {
		direction = di.DirectionRTL
	}
	var runs []shaping.Output
	whole := shaping.Input{Text: runes, RunEnd: len(runes), Direction: direction, Size: fixed.I(size), Language: language.NewLanguage("und")}
	for _, part := range f.split.Split(whole, f) {
		runs = append(runs, f.shaper.Shape(part))
	}
	lines, _ := f.order.WrapParagraph(shaping.WrapConfig{Direction: direction, DisableTrailingWhitespaceTrim: true}, 1<<20, runes, shaping.NewSliceIterator(runs))
	var line shaping.Line
	for _, l := range lines { // one, as nothing is that wide
		line = append(line, l...)
	}
	line = slices.Clone(line)
	slices.SortStableFunc(line, func(a, b shaping.Output) int { return int(a.VisualIndex - b.VisualIndex) })
	var advance fixed.Int26_6
	for _, run := range line {
		advance += run.Advance
	}
	return line, advance
}

// width is the row's width in dots.
func (f *Fonts) width(text string, size int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, advance := f.shape(text, size)
	return advance.Ceil()
}

// draw is the row as a picture, trimmed to its width. Bold is drawn twice, a dot apart.
func (f *Fonts) draw(text string, size int, bold bool) *bitmap {
	f.mu.Lock()
	defer f.mu.Unlock()
	line, advance := f.shape(text, size)
	up, down := size*3/4, size/4
	for _, run := range line {
		up = max(up, run.LineBounds.Ascent.Ceil())
		down = max(down, (-run.LineBounds.Descent).Ceil())
	}
	width := max(advance.Ceil()+2, 1)
	ink := vector.NewRasterizer(width, up+down)
	var x fixed.Int26_6
	for _, run := range line {
		scale := float32(run.Size) / 64 / float32(run.Face.Upem())
		for _, g := range run.Glyphs {
			if outline, ok := run.Face.GlyphDataOutline(g.GlyphID); ok {
				trace(ink, outline, toFloat(x+g.XOffset), float32(up)-toFloat(g.YOffset), scale)
			}
			x += g.Advance
		}
	}
	covered := newAlpha(width, up+down)
	ink.Draw(covered, covered.Rect, opaque, opaque.Bounds().Min)
	out := newBitmap(width, up+down)
	for y := range out.height {
		for x := range width {
			if covered.Pix[y*covered.Stride+x] < 0x80 {
				continue
			}
			out.set(x, y)
			if bold {
				out.set(x+1, y)
			}
		}
	}
	return out
}

func toFloat(x fixed.Int26_6) float32 { return float32(x) / 64 }

// trace adds a glyph's outline with its origin at x, y.
func trace(ink *vector.Rasterizer, outline font.GlyphOutline, x, y, scale float32) {
	at := func(p ot.SegmentPoint) (float32, float32) { return x + p.X*scale, y - p.Y*scale }
	open := false
	for _, s := range outline.Segments {
		ax, ay := at(s.Args[0])
		bx, by := at(s.Args[1])
		cx, cy := at(s.Args[2])
		switch s.Op {
		case ot.SegmentOpMoveTo:
			if open {
				ink.ClosePath()
			}
			ink.MoveTo(ax, ay)
			open = true
		case ot.SegmentOpLineTo:
			ink.LineTo(ax, ay)
		case ot.SegmentOpQuadTo:
			ink.QuadTo(ax, ay, bx, by)
		case ot.SegmentOpCubeTo:
			ink.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	if open {
		ink.ClosePath()
	}
}
