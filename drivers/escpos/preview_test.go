package escpos

import (
	"image"
	"image/png"
	"os"
	"strings"
	"testing"

	"selfpay/device/printer"
)

func TestPreviewShowsWhatStandsWhere(t *testing.T) {
	r := printer.Receipt{Lines: []printer.Line{
		{Text: "Fee", Right: "1,00 €"},
		{Text: "middle", Align: printer.Centre, Large: true},
		{Text: "Łódź", Bold: true},
	}}
	m, err := Preview(r, Config{Profile: epson, Fonts: goFont(t), Logo: image.NewGray(image.Rect(0, 0, 40, 10))})
	if err != nil {
		t.Fatal(err)
	}
	margin, pitch := marginMM*epson.Paper.DPI*10/254, epson.Paper.DPI/6
	if size := m.Bounds().Size(); size.X != epson.Paper.Dots+2*margin || size.Y != 2*margin+10+4*pitch {
		t.Fatalf("size = %v", size)
	}
	// ink tells which pieces of two columns have ink between y and y + height
	ink := func(y, height int) string {
		var b strings.Builder
		for x := margin; x < margin+epson.Paper.Dots; x += 24 {
			c := byte('.')
			for i := x; i < x+24; i++ {
				for j := y; j < y+height; j++ {
					if r, _, _, _ := m.At(i, j).RGBA(); r == 0 {
						c = '#'
					}
				}
			}
			b.WriteByte(c)
		}
		return b.String()
	}
	for _, c := range []struct {
		y, height int
		want      string
	}{
		// a logo of 40 dots in the middle; 3 and 6 characters of 12; 6 of 24 in the middle; 4 of 12
		{margin, 10, ".........###.........."},
		{margin + 10, pitch, "##................###."},
		{margin + 10 + pitch, 2 * pitch, ".......#######........"},
		{margin + 10 + 3*pitch, pitch, "##...................."},
	} {
		if got := ink(c.y, c.height); got != c.want {
			t.Errorf("at %d: %s, want %s", c.y, got, c.want)
		}
	}
	if _, err := Preview(r, Config{}); err == nil || !strings.Contains(err.Error(), "needs a font") {
		t.Errorf("without a font: %v", err)
	}
	if path := os.Getenv("PREVIEW"); path != "" { // to look at
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
	}
}
