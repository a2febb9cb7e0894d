package scanline

import (
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/device/scanner"
)

func TestDecode(t *testing.T) {
	long := strings.Repeat("7", scanner.MaxText)
	for _, c := range []struct {
		raw  string
		want scanner.Scan
		ok   bool
	}{
		{"21234000567894", scanner.Scan{Text: "21234000567894"}, true},
		{"]F0A21234B", scanner.Scan{Text: "A21234B", Symbology: scanner.Codabar}, true},
		{"]F2A21234B", scanner.Scan{Text: "A21234B", Symbology: scanner.Codabar, Check: scanner.CheckSent}, true},
		{"]F4A21234B", scanner.Scan{Text: "A21234B", Symbology: scanner.Codabar, Check: scanner.CheckTakenOff}, true},
		{"]F121234", scanner.Scan{Text: "21234", Symbology: scanner.Codabar}, true},
		{"]A0ABC-1", scanner.Scan{Text: "ABC-1", Symbology: scanner.Code39}, true},
		{"]A1ABC-1", scanner.Scan{Text: "ABC-1", Symbology: scanner.Code39, Check: scanner.CheckSent}, true},
		{"]A2ABC-1", scanner.Scan{Text: "ABC-1", Symbology: scanner.Code39, Check: scanner.CheckTakenOff}, true},
		{"]A3ABC-1", scanner.Scan{Text: "ABC-1", Symbology: scanner.Code39, Check: scanner.CheckTakenOff}, true},
		{"]A4abc-1", scanner.Scan{Text: "abc-1", Symbology: scanner.Code39}, true},
		{"]A5abc-1", scanner.Scan{Text: "abc-1", Symbology: scanner.Code39, Check: scanner.CheckSent}, true},
		{"]A6abc-1", scanner.Scan{Text: "abc-1", Symbology: scanner.Code39, Check: scanner.CheckTakenOff}, true},
		{"]A7abc-1", scanner.Scan{Text: "abc-1", Symbology: scanner.Code39, Check: scanner.CheckTakenOff}, true},
		{"]G0x", scanner.Scan{Text: "x", Symbology: scanner.Code93}, true},
		{"]L2x", scanner.Scan{Text: "x", Symbology: scanner.PDF417}, true},
		{"]d1x", scanner.Scan{Text: "x", Symbology: scanner.DataMatrix}, true},
		{"]e0x", scanner.Scan{Text: "x", Symbology: scanner.Other}, true},
		{"]U0x", scanner.Scan{Text: "x", Symbology: scanner.Other}, true},
		{"]C0x", scanner.Scan{Text: "x", Symbology: scanner.Code128}, true},
		{"]E4x", scanner.Scan{Text: "x", Symbology: scanner.EAN}, true},
		{"]I0x", scanner.Scan{Text: "x", Symbology: scanner.ITF}, true},
		{"]I1x", scanner.Scan{Text: "x", Symbology: scanner.ITF, Check: scanner.CheckSent}, true},
		{"]I3x", scanner.Scan{Text: "x", Symbology: scanner.ITF, Check: scanner.CheckTakenOff}, true},
		{"]Q3x", scanner.Scan{Text: "x", Symbology: scanner.QR}, true},
		{"]z0x", scanner.Scan{Text: "x", Symbology: scanner.Aztec}, true},
		{"]]C0x", scanner.Scan{Text: "]]C0x"}, true},
		{"]F", scanner.Scan{Text: "]F"}, true},
		{"]F ", scanner.Scan{Text: "]F "}, true},
		{"\x02]F0\x02123\x03", scanner.Scan{Text: "123", Symbology: scanner.Codabar}, true},
		{" 12 ", scanner.Scan{Text: " 12 "}, true},
		{"12\x0034", scanner.Scan{Text: "12?34"}, true},
		{"12\x1b[2J", scanner.Scan{Text: "12?[2J"}, true},
		{"ü1", scanner.Scan{Text: "??1"}, true},
		{"]C0" + long, scanner.Scan{Text: long, Symbology: scanner.Code128}, true},
		{long + "7", scanner.Scan{}, false},
		{"", scanner.Scan{}, false},
		{"\x02\x03", scanner.Scan{}, false},
		{"]F0", scanner.Scan{}, false},
	} {
		got, ok := decode([]byte(c.raw))
		if got != c.want || ok != c.ok {
			t.Errorf("decode(%q) = %+v, %v; want %+v, %v", c.raw, got, ok, c.want, c.ok)
		}
	}
}

// feedLines gives pieces to l, ten milliseconds apart unless the piece is a pause.
func feedLines(l *lines, pieces ...any) []string {
	var labels []string
	now := time.Unix(1000, 0)
	for _, p := range pieces {
		switch p := p.(type) {
		case time.Duration:
			now = now.Add(p)
			if p > 60*time.Millisecond {
				if label := l.silence(); label != nil {
					labels = append(labels, string(label))
				}
			}
		case string:
			now = now.Add(10 * time.Millisecond)
			for _, label := range l.takeAt(now, []byte(p)) {
				labels = append(labels, string(label))
			}
		}
	}
	return labels
}

func TestLines(t *testing.T) {
	pause := 100 * time.Millisecond
	for _, c := range []struct {
		name   string
		pieces []any
		want   []string
	}{
		{"CR", []any{"12", "34\r56", "78\r"}, []string{"1234", "5678"}},
		{"LF and both", []any{"12\n34\r\n\r\n56\n\r"}, []string{"12", "34", "56"}},
		{"silence", []any{"12", "34", pause, "56", pause}, []string{"1234", "56"}},
		{"no silence after the first terminator", []any{"12\r", "34", pause, "56\r"}, []string{"12", "3456"}},
		{"remainder of long ago", []any{"12\r", "34", 2 * time.Second, "56\r"}, []string{"12", "56"}},
		{"silence without anything", []any{pause, pause}, nil},
		{"too long", []any{"1\r", strings.Repeat("9", 600), strings.Repeat("9", 600) + "\r", "2\r"}, []string{"1", "2"}},
	} {
		l := &lines{leftover: 600 * time.Millisecond}
		if got := feedLines(l, c.pieces...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x02]F0A123B\x03"))
	f.Add([]byte("]Q1https://example.org/\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, ok := decode(raw)
		if !ok {
			return
		}
		if s.Text == "" || len(s.Text) > scanner.MaxText {
			t.Fatalf("length %d", len(s.Text))
		}
		for _, c := range []byte(s.Text) {
			if c < 0x20 || c > 0x7E {
				t.Fatalf("text %q", s.Text)
			}
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("12\r34\n"), 3)
	f.Fuzz(func(t *testing.T, raw []byte, at int) {
		whole, split := &lines{leftover: time.Hour}, &lines{leftover: time.Hour}
		now := time.Unix(1000, 0)
		want := whole.takeAt(now, raw)
		at = max(0, min(at, len(raw)))
		got := append(split.takeAt(now, raw[:at]), split.takeAt(now, raw[at:])...)
		if !slices.EqualFunc(got, want, slices.Equal[[]byte]) {
			t.Fatalf("in two pieces %q, in one %q", got, want)
		}
		if len(whole.text) > maxRaw {
			t.Fatal("held without bound")
		}
	})
}
