package escpos

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-text/typesetting/font"
	"golang.org/x/image/font/gofont/gomono"

	"selfpay/device/printer"
)

// goFont is a font that is always there: European alphabets, nothing from right to left.
func goFont(t testing.TB) *Fonts {
	t.Helper()
	f, err := ParseFonts(gomono.TTF)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// systemFont is the first of the files that is there.
func systemFont(t testing.TB, need string, paths ...string) *Fonts {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			f, err := OpenFonts(path)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Skipf("no font with this script is installed; on Debian: apt-get install %s", need)
	return nil
}

func arabicFont(t testing.TB) *Fonts {
	return systemFont(t, "fonts-dejavu-core", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf")
}

func one(l printer.Line) printer.Receipt { return printer.Receipt{Lines: []printer.Line{l}} }

func TestTable(t *testing.T) {
	cells := []printer.Cell{{Text: "Fee"}, {Text: "since", Width: 6}, {Text: "1,00", Width: 5, Right: true}}
	for _, c := range []struct {
		cells   []printer.Cell
		columns int
		want    []string
	}{
		{cells, 20, []string{"Fee     since   1,00"}},
		{[]printer.Cell{{Text: "a long name"}, {Text: "12,00", Width: 6, Right: true}}, 14, []string{"a long   12,00", "name"}},
		{[]printer.Cell{{Text: "a"}, {Text: "b"}, {Text: "c"}}, 11, []string{"a   b   c"}},
		{[]printer.Cell{{Text: "a", Width: 8}, {Text: "b", Width: 8}}, 10, []string{"a        b"}},
		{[]printer.Cell{{Text: "abcdefgh", Width: 9}, {Text: "below"}}, 9, []string{"abcdefgh", "below"}},
		{[]printer.Cell{{}, {Text: "x"}}, 9, []string{"     x"}},
	} {
		var got []string
		for _, row := range table(c.cells, c.columns, inColumns) {
			got = append(got, compose(row))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("table(%v, %d) = %q, want %q", c.cells, c.columns, got, c.want)
		}
	}
}

func TestRowsAreNeverWiderThanThePaper(t *testing.T) {
	draw := rand.New(rand.NewSource(1))
	letters := []rune("abc déf Łó € ю 12,50 ")
	word := func() string {
		var b strings.Builder
		for range draw.Intn(40) {
			b.WriteRune(letters[draw.Intn(len(letters))])
		}
		return b.String()
	}
	for range 3000 {
		l := printer.Line{Text: word(), Large: draw.Intn(2) == 0}
		switch draw.Intn(3) {
		case 0:
			l.Right = word()
		case 1:
			for range 1 + draw.Intn(5) {
				l.Cells = append(l.Cells, printer.Cell{Text: word(), Width: draw.Intn(30), Right: draw.Intn(2) == 0})
			}
		}
		columns := epson.Columns
		if l.Large {
			columns /= 2
		}
		for _, p := range lay(one(l), epson, nil, nil).pieces {
			if inColumns(p.text) > columns {
				t.Fatalf("%+v: row %q has %d columns of %d", l, p.text, inColumns(p.text), columns)
			}
		}
	}
}

func TestCharacterWithoutPageIsDrawnOrReplacedAndTold(t *testing.T) {
	few := mustProfile("custom-vkp80ii") // Western Europe only
	line := printer.Line{Text: "Opłata бібліотеки", Right: "1,00 €"}
	plain := lay(one(line), few, nil, nil)
	if len(plain.pieces) != 1 || !strings.Contains(plain.pieces[0].text, "Oplata ?i??i") || len(plain.notes) != 1 || !strings.Contains(plain.notes[0], "ł (U+0142)") || !strings.Contains(plain.notes[0], "no font is configured") {
		t.Errorf("without a font: %+v", plain)
	}
	fine := lay(one(line), few, goFont(t), nil)
	if len(fine.notes) != 0 || len(fine.pieces) == 0 {
		t.Errorf("with a font: notes %q, %d pieces", fine.notes, len(fine.pieces))
	}
	for _, p := range fine.pieces {
		if p.picture == nil || p.picture.width != few.Paper.Dots {
			t.Errorf("with a font: %q is no picture", p.text)
		}
	}
	stays := lay(one(printer.Line{Text: "Gebühr"}), few, goFont(t), nil)
	if len(stays.pieces) != 1 || stays.pieces[0].text != "Gebühr" {
		t.Errorf("what a page has is drawn: %+v", stays)
	}
	some := lay(one(printer.Line{Text: "ł 王"}), few, goFont(t), nil)
	if len(some.notes) != 1 || !strings.Contains(some.notes[0], "王 (U+738B); neither") {
		t.Errorf("a font without the character: notes %q", some.notes)
	}
}

func TestDrawnRowsStandWhereTheirColumnsAre(t *testing.T) {
	few := mustProfile("custom-vkp80ii")
	edges := func(l printer.Line) (left, right int) {
		laid := lay(one(l), few, goFont(t), nil)
		if len(laid.pieces) != 1 || laid.pieces[0].picture == nil {
			t.Fatalf("%+v: %+v", l, laid)
		}
		b := laid.pieces[0].picture
		left, right = b.width, -1
		for y := range b.height {
			for x := range b.width {
				if b.black(x, y) {
					left, right = min(left, x), max(right, x)
				}
			}
		}
		return left, right
	}
	if left, right := edges(printer.Line{Text: "ł", Right: "ł"}); left > 15 || right < few.Paper.Dots-15 {
		t.Errorf("two columns reach from %d to %d", left, right)
	}
	if _, right := edges(printer.Line{Cells: []printer.Cell{{Text: "ł"}, {Text: "ł", Width: 10, Right: true}}}); right < few.Paper.Dots-15 {
		t.Errorf("a right cell reaches to %d", right)
	}
	if left, right := edges(printer.Line{Text: "łł", Align: printer.Centre}); left < 200 || left-(few.Paper.Dots-right) > 8 || (few.Paper.Dots-right)-left > 8 {
		t.Errorf("centred text reaches from %d to %d", left, right)
	}
}

func TestArabicIsJoinedAndRunsFromRightToLeft(t *testing.T) {
	fonts := arabicFont(t)
	const fee = "رسوم المكتبة"
	line, _ := fonts.shape(fee, 24)
	glyphs := 0
	for _, run := range line {
		for _, g := range run.Glyphs {
			if g.GlyphID == 0 {
				t.Error("the font lacks a glyph")
			}
			glyphs++
		}
	}
	// the letters of a word take other shapes than those that stand alone
	var alone int
	for _, r := range fee {
		alone += fonts.width(string(r), 24)
	}
	if joined := fonts.width(fee, 24); glyphs == 0 || joined >= alone*95/100 {
		t.Errorf("joined %d dots, letters alone %d", joined, alone)
	}
	laid := lay(one(printer.Line{Text: fee, Right: "12,50 €"}), epson, fonts, nil)
	if len(laid.notes) != 0 || len(laid.pieces) != 1 {
		t.Fatalf("notes %q, %d pieces", laid.notes, len(laid.pieces))
	}
	b := laid.pieces[0].picture
	ink := func(from, to int) (n int) {
		for y := range b.height {
			for x := from; x < to; x++ {
				if b.black(x, y) {
					n++
				}
			}
		}
		return n
	}
	if ink(0, 20) == 0 || ink(b.width-20, b.width) == 0 || ink(b.width/2-60, b.width/2) != 0 {
		t.Error("the row does not reach from edge to edge with a gap between")
	}
	amount := fonts.width("12,50 €", 24) // narrower than the text
	if ink(amount+15, b.width/2) != 0 || ink(b.width-amount-40, b.width-amount-15) == 0 {
		t.Error("the row is not mirrored: the amount belongs to the left")
	}
	mixed := fee + " ABC"
	if line, _ := fonts.shape(mixed, 24); line[0].Runes.Offset < len([]rune(fee)) {
		t.Error("Latin letters behind Arabic ones do not stand left of them")
	}
	if f := rightToLeft("12 " + fee); !f {
		t.Error("digits decide the direction")
	}
}

func TestPersianKeepsItsJoinersAndOthersDoNot(t *testing.T) {
	if got := clean("می\u200cخواهم\u202e\u0007", true); got != "می\u200cخواهم" {
		t.Errorf("clean = %q", got)
	}
	if got := clean("a\u200cb", false); got != "ab" {
		t.Errorf("clean = %q", got)
	}
}

func TestChineseIsDrawn(t *testing.T) {
	fonts := systemFont(t, "fonts-wqy-zenhei", "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
	laid := lay(one(printer.Line{Text: strings.Repeat("图书馆费用", 10), Right: "12,50"}), epson, fonts, nil)
	if len(laid.notes) != 0 || len(laid.pieces) < 2 {
		t.Errorf("notes %q, %d pieces: wrapped by what is wide", laid.notes, len(laid.pieces))
	}
}

func TestWrongFontIsNamed(t *testing.T) {
	if _, err := OpenFonts("/nowhere/font.ttf"); err == nil || !strings.Contains(err.Error(), "/nowhere/font.ttf") || !strings.Contains(err.Error(), "install") {
		t.Errorf("OpenFonts = %v", err)
	}
	path := filepath.Join(t.TempDir(), "x.ttf")
	os.WriteFile(path, []byte("no font"), 0o600)
	if _, err := OpenFonts(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("OpenFonts = %v", err)
	}
}

func TestNoRealTimeCommandInsideAPicture(t *testing.T) {
	draw := rand.New(rand.NewSource(2))
	for range 2000 {
		b := newBitmap(64, 30)
		for i := range b.dots {
			b.dots[i] = []byte{0x10, 0x04, 0x05, 0x14, 0x01, 0x02, 0x08, 0xFF}[draw.Intn(8)]
		}
		for _, g := range []Graphics{{"gs-v-0", 7}, {"gs-l", 7}} {
			for _, band := range b.bands(g, 100) {
				for _, command := range []string{"\x10\x04", "\x10\x05", "\x10\x14"} {
					if bytes.Contains(band[4:], []byte(command)) {
						t.Fatalf("% x holds % x", band, command)
					}
				}
			}
		}
	}
}

func TestBandsOfAPicture(t *testing.T) {
	b := newBitmap(12, 5) // 2 bytes a row
	for i := range b.dots {
		b.dots[i] = byte(i)
	}
	got := b.bands(Graphics{"gs-v-0", 3}, 1000)
	want := [][]byte{[]byte("\x1dv0\x00\x02\x00\x03\x00\x00\x01\x02\x03\x04\x05"), []byte("\x1dv0\x00\x02\x00\x02\x00\x06\x07\x08\x09")}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("GS v 0: % x, want % x", got, want)
	}
	got = b.bands(Graphics{"gs-l", 5}, 1000)
	want = [][]byte{[]byte("\x1d(L\x14\x00\x30\x70\x30\x01\x01\x31\x10\x00\x05\x00\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x1d(L\x02\x00\x30\x32")}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("GS ( L: % x, want % x", got, want)
	}
	if got := newBitmap(576, 100).bands(Graphics{"gs-v-0", 255}, 2048); len(got) != 4 || len(got[0]) != 8+28*72 {
		t.Errorf("for a buffer of 4096: %d bands, the first of %d bytes", len(got), len(got[0]))
	}
	if got := newBitmap(2000, 300).bands(Graphics{"gs-l", 300}, 1<<20); len(got) != 1 || !bytes.HasPrefix(got[0], []byte("\x1d8L\x02\x25\x01\x00\x30\x70")) {
		t.Errorf("more than GS ( L holds: % x", got[0][:9]) // 250 bytes x 300 + 10 = 0x01 24 F8 + 10
	}
}

// ramp is a picture from black to white.
func ramp(width, height int) image.Image {
	m := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetGray(x, y, color.Gray{uint8(x * 255 / (width - 1))})
		}
	}
	return m
}

func TestDitheredPictureIsAsDarkAsItsOriginal(t *testing.T) {
	b := dither(ramp(256, 64), 512)
	if b.width != 256 || b.height != 64 {
		t.Fatalf("%d x %d", b.width, b.height)
	}
	for part := range 8 {
		black := 0
		for y := range 64 {
			for x := part * 32; x < part*32+32; x++ {
				if b.black(x, y) {
					black++
				}
			}
		}
		want := 64 * 32 * (255 - (part*32 + 16)) / 255
		if diff := black - want; diff < -100 || diff > 100 {
			t.Errorf("part %d: %d black dots, want about %d", part, black, want)
		}
	}
	if small := dither(ramp(1000, 500), 500); small.width != 500 || small.height != 250 {
		t.Errorf("a wide picture becomes %d x %d", small.width, small.height)
	}
	if clear := dither(image.NewNRGBA(image.Rect(0, 0, 16, 16)), 512); bytes.ContainsFunc(clear.dots, func(r rune) bool { return r != 0 }) {
		t.Error("what is transparent is black")
	}
}

func TestLogoIsOpenedOrNamed(t *testing.T) {
	dir := t.TempDir()
	good, huge, text := filepath.Join(dir, "good.png"), filepath.Join(dir, "huge.png"), filepath.Join(dir, "text.png")
	for path, m := range map[string]image.Image{good: ramp(20, 10), huge: ramp(maxLogo+1, 1)} {
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(path, b.Bytes(), 0o600)
	}
	os.WriteFile(text, []byte("text"), 0o600)
	if m, err := OpenLogo(good); err != nil || m.Bounds().Dx() != 20 {
		t.Errorf("OpenLogo = %v, %v", m, err)
	}
	for path, part := range map[string]string{huge: "4096 at most", text: "not a PNG", filepath.Join(dir, "none.png"): "cannot be read"} {
		if _, err := OpenLogo(path); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %q in it", path, err, part)
		}
	}
}

func TestNativeCodesHaveTheBytesOfTheManual(t *testing.T) {
	for _, c := range []struct {
		code printer.Code
		want string
	}{
		{printer.Code{Kind: printer.QR, Data: "a1"}, "\x1d(k\x04\x00\x31\x41\x32\x00\x1d(k\x03\x00\x31\x43\x0d\x1d(k\x03\x00\x31\x45\x31\x1d(k\x05\x00\x31\x50\x30a1\x1d(k\x03\x00\x31\x51\x30"},
		{printer.Code{Kind: printer.Code128, Data: "a{1"}, "\x1dh\x50\x1dw\x03\x1dH\x00\x1dk\x49\x06{Ba{{1"},
		{printer.Code{Kind: printer.Code39, Data: "4821-123"}, "\x1dh\x50\x1dw\x03\x1dH\x00\x1dk\x45\x084821-123"},
		{printer.Code{Kind: printer.EAN, Data: "400638133393"}, "\x1dh\x50\x1dw\x03\x1dH\x00\x1dk\x43\x0c400638133393"},
		{printer.Code{Kind: printer.EAN, Data: "9638507"}, "\x1dh\x50\x1dw\x03\x1dH\x00\x1dk\x44\x079638507"},
	} {
		s, err := makeSymbol(c.code, epson)
		if err != nil || string(s.native) != c.want {
			t.Errorf("%v: % x, %v; want % x", c.code, s.native, err, c.want)
		}
		if s, err := makeSymbol(c.code, mustProfile("generic-58mm")); err != nil || s.native != nil || s.picture == nil {
			t.Errorf("%v on a printer of which nothing is known: %v", c.code, err)
		}
	}
}

func TestCodeThatCannotBeIsPrintedAsTextAndTold(t *testing.T) {
	for _, c := range []printer.Code{
		{Kind: printer.QR}, {Kind: printer.QR, Data: "a\nb"}, {Kind: printer.QR, Data: strings.Repeat("x", maxQR+1)},
		{Kind: printer.Code128, Data: "ä"}, {Kind: printer.Code39, Data: "a"}, {Kind: printer.EAN, Data: "123"},
		{Kind: printer.EAN, Data: "4006381333932"}, {Kind: printer.Code128, Data: strings.Repeat("x", 60)}, {Kind: "aztec", Data: "x"},
	} {
		laid := lay(printer.Receipt{Lines: []printer.Line{{Code: c}}}, epson, nil, nil)
		if len(laid.notes) != 1 || !strings.Contains(laid.notes[0], "barcode") || len(laid.pieces) == 0 || laid.pieces[0].code != nil || laid.pieces[0].picture != nil {
			t.Errorf("%v: notes %q, %d pieces", c, laid.notes, len(laid.pieces))
		}
	}
}

func TestProofSheetUsesEachPageAndTriesWhatIsUnknown(t *testing.T) {
	for _, name := range Profiles() {
		p := mustProfile(name)
		sheet := proofSheet(p).bytes
		for _, page := range p.Pages {
			if want := append(cmdPage(page.Number), fmt.Sprintf("%d %s", page.Number, page.Name)...); !bytes.Contains(sheet, want) {
				t.Errorf("%s: %q is not on the sheet", name, want)
			}
		}
		for what, command := range map[string]string{"qr": "\x1d(k\x03\x00\x31\x51\x30", "code128": "\x1dkI", "code39": "\x1dkE", "ean": "\x1dkC"} {
			if !bytes.Contains(sheet, []byte(command)) {
				t.Errorf("%s: no %s on the sheet", name, what)
			}
		}
	}
}

func TestCodePageIsSentAgainBehindAPicture(t *testing.T) {
	got := encode(one(printer.Line{Text: "x"}), epson, nil, newBitmap(epson.Paper.Dots, 1)).bytes
	if want := []byte("\x00\x00\x1bt\x13x\n"); !bytes.Contains(got, want) {
		t.Errorf("% x, want % x in it", got, want)
	}
}

func TestCutsOfTheProfiles(t *testing.T) {
	for name, want := range map[string]string{
		"epson-tm-t88v":  "\x1bd\x01\x1dVB\x00",
		"star-tsp650":    "\x1bd\x04\x1bm",
		"custom-vkp80ii": "\x1bd\x04\x1dV\x00\x1de\x03\x0c",
		"generic-58mm":   "\x1bd\x01\x1dVB\x00",
	} {
		if got := encode(printer.Receipt{}, mustProfile(name), nil, nil); !strings.HasSuffix(string(got.bytes), want) {
			t.Errorf("%s ends in %q, want %q", name, got.bytes, want)
		}
	}
	if got := string(cutOff(mustProfile("star-tsp650"))); got != "\x1b@\x1bd\x04\x1bm" {
		t.Errorf("what hangs out is cut off with %q: the knife is above the last rows", got)
	}
	for c, want := range map[Cutter]string{{"full", "feed", 0}: "\x1dVA\x00", {"partial", "here", 0}: "\x1dV\x01", {"full", "old", 0}: "\x1bi"} {
		if got := string(cutOnly(c)); got != want {
			t.Errorf("%v: %q, want %q", c, got, want)
		}
	}
}

func TestBrokenFontCostsTheShapeAndNotTheReceipt(t *testing.T) {
	fonts := goFont(t)
	fonts.faces[0] = font.NewFace(&font.Font{}) // without a single table
	s := setter{profile: mustProfile("custom-vkp80ii"), fonts: fonts}
	if pieces, err := s.drawn(printer.Line{Text: "ł", Right: "1,00 €"}); err == nil {
		t.Fatalf("a font without tables draws %d pieces", len(pieces))
	}
	s.line(printer.Line{Text: "Łódź"})
	if len(s.sheet.pieces) != 1 || s.sheet.pieces[0].text != "Lódz" {
		t.Errorf("pieces = %+v", s.sheet.pieces)
	}
}

// FuzzDrawnText holds what is drawn to its place on the paper.
func FuzzDrawnText(f *testing.F) {
	fonts, p := goFont(f), mustProfile("custom-vkp80ii")
	f.Add("Плата ґєії", "12,50 €", false)
	f.Add("ł\u0301\u200d\u202e王 א", "\u0e01\u0e33", true)
	f.Fuzz(func(t *testing.T, text, right string, large bool) {
		laid := lay(one(printer.Line{Text: text, Right: right, Large: large}), p, fonts, nil)
		for _, one := range laid.pieces {
			if one.picture != nil && (one.picture.width != p.Paper.Dots || one.picture.height > 200) {
				t.Fatalf("a picture of %d x %d", one.picture.width, one.picture.height)
			}
		}
		for _, note := range laid.notes {
			if strings.Contains(note, "damaged") {
				t.Fatal(note)
			}
		}
	})
}
