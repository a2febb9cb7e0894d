package escpos

import (
	"bytes"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/device/printer"
	"selfpay/drivers/escpos/escpostest"
)

var epson = mustProfile(DefaultProfile)

func TestReceiptBytes(t *testing.T) {
	// Byte values of the characters: code page 858 has ü 81, € D5; 852 has ő 8B, which 858 lacks.
	r := printer.Receipt{Lines: []printer.Line{
		{Text: "Bücherei", Align: printer.Centre, Bold: true},
		{Text: "Fee", Right: "1,00 €"},
		{},
		{Text: "Erdős", Large: true},
	}}
	want := "\x1b@\x1c.\x1bR\x00\x1da\x0e\x1bt\x13" +
		"\x1ba\x01\x1bE\x01B\x81cherei\n" +
		"\x1ba\x00\x1bE\x00Fee" + strings.Repeat(" ", 33) + "1,00 \xd5\n" +
		"\n" +
		"\x1d!\x11\x1bt\x12Erd\x8bs\n" +
		"\x1d!\x00\x1bd\x01\x1dVB\x00"
	if got := encode(r, epson, nil, nil); string(got.bytes) != want || len(got.notes) != 0 || got.rows != 5 {
		t.Errorf("rows %d, notes %q, bytes\n%q, want\n%q", got.rows, got.notes, got.bytes, want)
	}
}

func TestPrintable(t *testing.T) {
	onlyASCII := []Page{{0, charsets["cp437"]}}
	for _, c := range []struct {
		text, want string
		pages      []Page
		replaced   string
	}{
		{"u\u0308 “x” – y…\u00a0z", `ü "x" - y... z`, epson.Pages, ""},
		{"a\x00\x1b\x10\x7f\u0085\u200e\u202eb", "ab", epson.Pages, ""},
		{"Łódź Černý Ångström Иванов", "Łódź Černý Ångström Иванов", epson.Pages, ""},
		{"Łódź 12 €", "Lódz 12 EUR", onlyASCII, "Łź€"},
		{"王 😀", "? ?", epson.Pages, "王😀"},
		{"\xff", "?", epson.Pages, "\uFFFD"},
		{"ﬁn x\u0331", "fin x", epson.Pages, "\u0331"},
	} {
		got, replaced := printable(c.text, c.pages)
		if got != c.want || string(replaced) != c.replaced {
			t.Errorf("printable(%q) = %q, replaced %q; want %q, %q", c.text, got, string(replaced), c.want, c.replaced)
		}
	}
}

func TestTwoColumns(t *testing.T) {
	for _, c := range []struct {
		text, right string
		want        []string
	}{
		{"", "", []string{""}},
		{"one two three four", "", []string{"one two", "three four"}},
		{"abcdefghijklmno", "", []string{"abcdefghij", "klmno"}},
		{"ab", "1", []string{"ab       1"}},
		{"", "1", []string{"         1"}},
		{"ab cd efg hi", "12", []string{"ab cd", "efg hi  12"}},
		{"some text", "12345678", []string{"some text", "  12345678"}},
		{"a", "12345678", []string{"a 12345678"}},
		{"a", "123456789012", []string{"a", "1234567890", "        12"}},
	} {
		var got []string
		for _, row := range twoColumns(c.text, c.right, 10, inColumns) {
			got = append(got, compose(row))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("twoColumns(%q, %q) = %q, want %q", c.text, c.right, got, c.want)
		}
	}
}

func TestPortionsEndBehindRows(t *testing.T) {
	j := encode(printer.Receipt{Lines: []printer.Line{{Text: "aaaa"}, {Text: "bbbb", Large: true}, {Text: "cccc"}}}, epson, nil, nil)
	for size := 1; size < 100; size++ {
		pieces := j.portions(size)
		if !bytes.Equal(slices.Concat(pieces...), j.bytes) {
			t.Fatalf("size %d: pieces lose bytes: %q", size, pieces)
		}
		for _, p := range pieces[:len(pieces)-1] {
			if p[len(p)-1] != '\n' {
				t.Errorf("size %d: piece %q ends inside a row", size, p)
			}
			if len(p) > size && bytes.Count(p, []byte("\n")) > 1 {
				t.Errorf("size %d: piece %q is too long", size, p)
			}
		}
	}
}

// parsed feeds b and returns what came out, noise left out.
func parsed(b []byte) []message {
	var p parser
	var all []message
	for _, c := range b {
		if m := p.feed(c); m.kind != kindNone && m.kind != kindFlow && m.kind != kindNoise {
			all = append(all, message{m.kind, bytes.Clone(m.bytes)})
		}
	}
	return all
}

func TestParserTellsAnswersApart(t *testing.T) {
	for _, c := range []struct {
		name, bytes string
		want        []message
	}{
		{"real time", "\x12\x16\x1e\x72\x7e\x32", []message{{kindRealTime, []byte{0x12}}, {kindRealTime, []byte{0x16}},
			{kindRealTime, []byte{0x1e}}, {kindRealTime, []byte{0x72}}, {kindRealTime, []byte{0x7e}}, {kindRealTime, []byte{0x32}}}},
		{"in order", "\x00\x0c\x03", []message{{kindInOrder, []byte{0}}, {kindInOrder, []byte{0x0c}}, {kindInOrder, []byte{3}}}},
		{"automatic status", "\x14\x00\x00\x0f", []message{{kindASB, []byte{0x14, 0, 0, 0x0f}}}},
		{"XOFF and XON inside automatic status", "\x13\x14\x13\x00\x11\x00\x13\x0f", []message{{kindASB, []byte{0x14, 0, 0, 0x0f}}}},
		{"buffer cleared", "\x37\x25\x00", []message{{kindBlock, []byte{0x37, 0x25}}}},
		{"identity with XOFF", "_TM\x13-T88V\x00\x12", []message{{kindBlock, []byte("_TM-T88V")}, {kindRealTime, []byte{0x12}}}},
		{"answer in a torn status", "\x14\x00\x12", []message{{kindRealTime, []byte{0x12}}}},
		{"answer in a torn block", "\x37\x25\x12", []message{{kindRealTime, []byte{0x12}}}},
		{"noise", "\x80\x91\xff\x12", []message{{kindRealTime, []byte{0x12}}}},
		{"block without end", "_" + strings.Repeat("A", 79) + "\x72", []message{{kindRealTime, []byte{0x72}}}},
	} {
		got := parsed([]byte(c.bytes))
		if !slices.EqualFunc(got, c.want, func(a, b message) bool { return a.kind == b.kind && bytes.Equal(a.bytes, b.bytes) }) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestStatusBits(t *testing.T) {
	ready := printer.Status{Online: true}
	for _, c := range []struct {
		answers [4]byte
		want    printer.Status
	}{
		{[4]byte{0x16, 0x12, 0x12, 0x12}, ready},
		{[4]byte{0x12, 0x12, 0x12, 0x1E}, printer.Status{Online: true, PaperNearEnd: true}},
		{[4]byte{0x1A, 0x32, 0x12, 0x7E}, printer.Status{PaperEnd: true, PaperNearEnd: true}},
		{[4]byte{0x16, 0x12, 0x12, 0x72}, printer.Status{Online: true, PaperEnd: true, PaperNearEnd: true}},
		{[4]byte{0x1A, 0x16, 0x12, 0x12}, printer.Status{CoverOpen: true}},
		{[4]byte{0x1A, 0x52, 0x1A, 0x12}, printer.Status{Fault: "cutter error: look for jammed paper"}},
		{[4]byte{0x1A, 0x52, 0x52, 0x12}, printer.Status{Fault: "print head too hot"}},
		{[4]byte{0x1A, 0x52, 0x3A, 0x12}, printer.Status{Fault: "unrecoverable printer error: switch it off and on, then call service"}},
	} {
		if got := (answers{realTime: c.answers}).status(epson); got != c.want {
			t.Errorf("status of % x = %+v, want %+v", c.answers, got, c.want)
		}
	}
	noSensor := epson
	noSensor.Sensors.NearEnd = No
	if s := (answers{realTime: [4]byte{0x16, 0x12, 0x12, 0x1E}}).status(noSensor); s.PaperNearEnd {
		t.Error("near end without a sensor")
	}
}

func FuzzParser(f *testing.F) {
	f.Add([]byte("\x14\x13\x00\x00\x0f\x37\x25\x00\x12_TM\x00\x80\x91"), false)
	f.Add([]byte("\x10\x0f\x24\x02\x00\x01\x37\x220001\x00\x10\x0f\x24"), true)
	f.Fuzz(func(t *testing.T, b []byte, full bool) {
		p := parser{full: full}
		for _, c := range b {
			m := p.feed(c)
			if m.kind == kindASB && len(m.bytes) != 4 || m.kind == kindFull && len(m.bytes) != 6 || len(p.held) > maxBlock {
				t.Fatalf("%v, held %d", m, len(p.held))
			}
			if m.kind == kindBlock {
				m.block()
			}
			var r reading
			for _, answer := range []string{answerPrinter, answerAutomate, answerFull} {
				r.add(answer, m.bytes)
			}
		}
		// Whatever came before, noise ends it, and the answer behind it is read.
		for range maxBlock {
			p.feed(0x80)
		}
		if m := p.feed(0x12); m.kind != kindRealTime {
			t.Fatalf("after noise: %v", m)
		}
	})
}

// FuzzTextCannotCommand holds the encoder to this: between its own commands there are printing characters only.
func FuzzTextCannotCommand(f *testing.F) {
	f.Add("Gebühr \x1b@\x10\x04\x01", "12,50 €", true)
	f.Add("Łódź Иванов 王", "\x1dV\x00", false)
	f.Fuzz(func(t *testing.T, text, right string, large bool) {
		j := encode(printer.Receipt{Lines: []printer.Line{{Text: text, Right: right, Large: large}}}, epson, nil, nil)
		rest := j.bytes
		row := 0
		for len(rest) > 0 {
			skip := 1
			switch c := rest[0]; {
			case c == 0x1B && rest[1] == '@', c == 0x1C && rest[1] == '.':
				skip = 2
			case c == 0x1B && strings.IndexByte("RtaEd", rest[1]) >= 0, c == 0x1D && (rest[1] == '!' || rest[1] == 'a'):
				skip = 3
			case bytes.Equal(rest, cutOnly(epson.Cutter)):
				skip = 4
			case c == '\n':
				row = 0
			case c < 0x20 || c == 0x7F:
				t.Fatalf("byte %02x of % x", c, j.bytes)
			default:
				if row++; row > epson.Columns || large && row > epson.Columns/2 {
					t.Fatalf("row too long in %q", j.bytes)
				}
			}
			rest = rest[skip:]
		}
	})
}

// TestPrinterReadsWhatWasEncoded decodes each page's characters with the printer's own table.
func TestPrinterReadsWhatWasEncoded(t *testing.T) {
	var r printer.Receipt
	var want []string
	for _, p := range epson.Pages {
		var s strings.Builder
		for b := 0x80; b < 0x100; b++ {
			c := p.Decode(byte(b))
			if out, _ := printable(string(c), epson.Pages); out == string(c) && out != "?" {
				s.WriteString(out)
			}
		}
		for _, row := range wrap(s.String(), epson.Columns, inColumns) {
			r.Lines = append(r.Lines, printer.Line{Text: row})
			want = append(want, row)
		}
	}
	sim := escpostest.New()
	near, far := net.Pipe()
	go sim.ServeConn(far)
	near.SetDeadline(time.Now().Add(10 * time.Second))
	near.Write(encode(r, epson, nil, nil).bytes)
	near.Write(cmdMark)
	near.Read(make([]byte, 1))
	near.Close()
	got := sim.Receipts()
	if len(got) != 1 || got[0] != strings.Join(want, "\n") {
		t.Errorf("printed\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
