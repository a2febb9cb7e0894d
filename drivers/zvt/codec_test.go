package zvt

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"selfpay/device/pan"
)

// frame is one published frame of testdata/frames.json, which names the source of each.
type frame struct {
	ID           string         `json:"id"`
	Transport    string         `json:"transport"`
	Hex          string         `json:"hex"`
	APDU         string         `json:"apdu"`
	Segments     []string       `json:"segments"`
	Malformed    bool           `json:"malformed"`
	TextEncoding string         `json:"text_encoding"`
	Expect       map[string]any `json:"expect"`
}

type exchange struct {
	Name   string `json:"name"`
	Expect string `json:"expect"`
	Frames []struct {
		Dir string `json:"dir"`
		Hex string `json:"hex"`
	} `json:"frames"`
}

func golden(t testing.TB) (frames []frame, dialogues []exchange) {
	t.Helper()
	raw, err := os.ReadFile("testdata/frames.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors   []frame    `json:"vectors"`
		Dialogues []exchange `json:"dialogues"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 117 || len(file.Dialogues) != 17 {
		t.Fatalf("%d frames, %d dialogues", len(file.Vectors), len(file.Dialogues))
	}
	return file.Vectors, file.Dialogues
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCRCIsKermit(t *testing.T) {
	var crc uint16
	for _, b := range []byte("123456789") {
		crc = crcByte(crc, b)
	}
	if crc != 0x2189 {
		t.Fatalf("check value %04X, want 2189", crc)
	}
	if got := CRC(unhex(t, "060006123456BA0978")); got != 0xC324 {
		t.Fatalf("registration: %04X, want C324", got)
	}
}

func TestPublishedSerialBlocksAreReadAndWritten(t *testing.T) {
	frames, _ := golden(t)
	n := 0
	for _, f := range frames {
		if f.Transport != "serial" {
			continue
		}
		n++
		if got := EncodeBlock(unhex(t, f.APDU)); !bytes.Equal(got, unhex(t, f.Hex)) {
			t.Errorf("%s: written as % X", f.ID, got)
		}
		var r BlockReader
		var last BlockEvent
		for _, b := range append([]byte("boot 06\x10"), unhex(t, f.Hex)...) {
			last = r.Feed(b)
		}
		if last != BlockWhole || !bytes.Equal(r.APDU(), unhex(t, f.APDU)) || r.Noise != 8 {
			t.Errorf("%s: event %v, APDU % X, %d stray bytes", f.ID, last, r.APDU(), r.Noise)
		}
	}
	if n < 20 {
		t.Fatalf("only %d serial frames", n)
	}
}

func TestBlockWithAnyByteChangedIsRefused(t *testing.T) {
	block := EncodeBlock(unhex(t, "06010A04000000011000490978"))
	for i := 2; i < len(block); i++ {
		broken := bytes.Clone(block)
		broken[i] ^= 0x40
		var r BlockReader
		for _, b := range broken {
			if r.Feed(b) == BlockWhole {
				t.Errorf("byte %d changed: taken as whole", i)
			}
		}
	}
}

func TestBlockCannotGrowWithoutBound(t *testing.T) {
	var r BlockReader
	r.Feed(dle)
	r.Feed(stx)
	for range maxBlock {
		if r.Feed(0) != BlockNothing {
			t.Fatal("refused too early")
		}
	}
	if r.Feed(0) != BlockBad || r.Inside() {
		t.Fatal("an endless block is taken")
	}
}

func TestMessagesComeInAnySegments(t *testing.T) {
	frames, _ := golden(t)
	n := 0
	for _, f := range frames {
		if f.Segments == nil {
			continue
		}
		n++
		var readers []io.Reader
		for _, s := range f.Segments {
			readers = append(readers, bytes.NewReader(unhex(t, s)))
		}
		a, err := ReadAPDU(io.MultiReader(readers...))
		if err != nil || !bytes.Equal(a.Bytes(), unhex(t, f.Hex)) {
			t.Errorf("%s: %v", f.ID, err)
		}
	}
	if n != 2 {
		t.Fatalf("%d segmented frames", n)
	}
	two := unhex(t, "04FF020A01"+"060F00")
	r := iotest.OneByteReader(bytes.NewReader(two))
	for _, want := range []Control{IntermediateStatus, Completion} {
		if a, err := ReadAPDU(r); err != nil || a.Control != want {
			t.Errorf("%v %v, want %v", a, err, want)
		}
	}
	if _, err := ReadAPDU(r); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestLengthIsLittleEndianAndMayBeLong(t *testing.T) {
	a, rest, err := ParseAPDU(unhex(t, "040FFF01006C99"))
	if err != nil || len(a.Data) != 1 || len(rest) != 1 {
		t.Fatalf("%v % X %v", a, rest, err)
	}
	for _, cut := range []string{"", "1E", "1E01", "1E01FF", "040FFF00", "040FFF00016C"} {
		if _, _, err := ParseAPDU(unhex(t, cut)); err != ErrIncomplete {
			t.Errorf("%s: %v, want incomplete", cut, err)
		}
	}
	for _, n := range []int{0, 254, 255, 256, MaxData} {
		a := APDU{Control: PrintBlock, Data: make([]byte, n)}
		got, rest, err := ParseAPDU(a.Bytes())
		if err != nil || len(got.Data) != n || len(rest) != 0 {
			t.Errorf("%d bytes come back as %d, %v", n, len(got.Data), err)
		}
	}
}

func TestLinesOfPublishedTextBlocks(t *testing.T) {
	frames, _ := golden(t)
	n := 0
	for _, f := range frames {
		want, ok := f.Expect["receipt"].(map[string]any)
		if !ok {
			continue
		}
		n++
		a, _, err := ParseAPDU(unhex(t, f.Hex))
		if err != nil {
			t.Fatal(err)
		}
		m := ReadMessage(a)
		if float64(m.ReceiptType) != want["receipt_type"] {
			t.Errorf("%s: type %d, want %v", f.ID, m.ReceiptType, want["receipt_type"])
		}
		charset := CharsetCP437
		if f.TextEncoding == "iso8859-1" {
			charset = CharsetLatin1
		}
		var lines []string
		ended := false
		for _, line := range m.Lines() {
			if !line.Last || len(line.Text) > 0 {
				lines = append(lines, charset.Text(line.Text))
			}
			ended = ended || line.Last
		}
		if ended != want["end_of_receipt"] {
			t.Errorf("%s: end %t", f.ID, ended)
		}
		for i, line := range want["lines"].([]any) {
			if i >= len(lines) || lines[i] != line {
				t.Errorf("%s: line %d is not %q", f.ID, i, line)
				break
			}
		}
		if float64(len(lines)) != want["line_count"] {
			t.Errorf("%s: %d lines, want %v", f.ID, len(lines), want["line_count"])
		}
	}
	if n < 8 {
		t.Fatalf("only %d text blocks", n)
	}
}

func TestPrintLineLosesOnlyTheTrailingReceiptType(t *testing.T) {
	for _, c := range []struct {
		hex, text string
		kind      byte
		last      bool
	}{
		{"06D119402A2A2048C44E444C455242454C4547202A2A06041F070101", "** HÄNDLERBELEG **", 1, false},
		{"06D1078106041F070102", "", 2, true},
		{"06D10181", "", 0, true},
		{"06D10180", "", 0, false},
	} {
		a, _, err := ParseAPDU(unhex(t, c.hex))
		if err != nil {
			t.Fatal(err)
		}
		m := ReadMessage(a)
		lines := m.Lines()
		if len(lines) != 1 || CharsetLatin1.Text(lines[0].Text) != c.text || m.ReceiptType != c.kind || lines[0].Last != c.last {
			t.Errorf("%s: %+v type %d", c.hex, lines, m.ReceiptType)
		}
	}
}

func TestOtherExpectationsOfPublishedFrames(t *testing.T) {
	frames, _ := golden(t)
	n := 0
	for _, f := range frames {
		if f.Malformed {
			continue
		}
		raw := unhex(t, f.Hex)
		if f.APDU != "" {
			raw = unhex(t, f.APDU)
		}
		a, _, err := ParseAPDU(raw)
		if err != nil {
			t.Fatal(err)
		}
		m := ReadMessage(a)
		check := func(name string, got any) {
			want, ok := f.Expect[name]
			if !ok {
				return
			}
			n++
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %s = %v, want %v", f.ID, name, got, want)
			}
		}
		check("password", fmt.Sprintf("%X", m.Password))
		check("timeout_bcd_minutes", fmt.Sprintf("%02X", m.Timeout))
		check("max_status_infos", fmt.Sprintf("%X", first(m.Fields.Get(BMPMaxStatus))))
		check("pan_raw", strings.ToUpper(hex.EncodeToString(first(m.Fields.Get(BMPPAN)))))
		check("dialog_control", fmt.Sprintf("%X", first(m.Fields.Get(0xFC))))
		check("card_type_19", fmt.Sprintf("%X", first(m.Fields.Get(BMPType))))
		check("text1_1", string(first(m.Fields.Get(0xF1))))
		check("text1_2", string(first(m.Fields.Get(0xF2))))
		if b, ok := m.Fields.Byte(BMPNetworkType); ok {
			check("card_type_netop", b)
		}
		if totals, ok := f.Expect["single_amounts"].(map[string]any); ok {
			data := first(m.Fields.Get(BMPTotals))
			if len(data) != 53 || fmt.Sprintf("%X", data[:2]) != totals["receipt_start"] || fmt.Sprintf("%X", data[2:4]) != totals["receipt_end"] {
				t.Errorf("%s: totals % X", f.ID, data)
			}
		}
	}
	if n < 40 {
		t.Fatalf("only %d expectations", n)
	}
}

func first(b []byte, _ bool) []byte { return b }

func TestUnknownFieldKeepsWhatCameBefore(t *testing.T) {
	fields, err := ParseFields(unhex(t, "2700"+"040000000012505F01"))
	if err == nil || len(fields) != 2 {
		t.Fatalf("%v, %v", fields, err)
	}
	if n, ok := fields.Number(BMPAmount); !ok || n != 1250 {
		t.Fatalf("amount %d", n)
	}
}

func TestUnknownFieldIsKeptWithWhatFollows(t *testing.T) {
	raw := unhex(t, "040F0C"+"2700"+"92F0F1AA"+"870012"+"0C1234"[:6])
	a, _, err := ParseAPDU(raw)
	if err != nil {
		t.Fatal(err)
	}
	m := ReadMessage(a)
	if m.Err == nil || !bytes.Equal(m.Unread, a.Data[2:]) || !bytes.Equal(m.APDU().Bytes(), raw) {
		t.Errorf("%v: unread % X, written as % X", m.Err, m.Unread, m.APDU().Bytes())
	}
}

func TestUnknownTagsAreSkipped(t *testing.T) {
	objects, err := ParseTLV(unhex(t, "5A02AABB"+"1F800001FF"+"DF010102"+"1F100102"))
	if err != nil || len(objects) != 4 {
		t.Fatalf("%+v, %v", objects, err)
	}
	if o, ok := FindTLV(objects, TagCardholderCheck); !ok || o.Value[0] != 2 {
		t.Fatalf("%+v", o)
	}
	for _, broken := range []string{"07", "0780", "078301020304", "0703AA", "1F", "1F8080808001", "2404070A41"} {
		if _, err := ParseTLV(unhex(t, broken)); err == nil {
			t.Errorf("%s is taken", broken)
		}
	}
}

func TestCardNumberIsMasked(t *testing.T) {
	for raw, want := range map[string]string{
		"4012888888881881":       "401288******1881",
		"401288888888188F":       "401288*****8188",
		"EEEEEEEEEEEE4771":       "************4771",
		"474843EEEEEE7743":       "474843******7743",
		"EEEEEEEEEEEEEEE4281F":   "***************4281",
		"5966666666D20021220100": "******6666D***********",
		"4012888888881881D2512F": "401288******1881D****",
	} {
		if got := pan.Mask(Nibbles(unhex(t, raw))); got != want {
			t.Errorf("%s = %s, want %s", raw, got, want)
		}
	}
}

func TestCharacterSets(t *testing.T) {
	for _, c := range []struct {
		name, hex, want string
	}{
		{"cp437", "5465737420842094208120E1", "Test ä ö ü ß"},
		{"iso8859-1", "5465737420E420F620FC20DF", "Test ä ö ü ß"},
		{"utf-8", "5465737420C3A420C3B620C3BC20C39F", "Test ä ö ü ß"},
		{"7bit", "54657374207B207C207D207E", "Test ä ö ü ß"},
		{"iso8859-15", "A4", "€"},
		{"utf-8", "41FF42", "A\uFFFDB"},
	} {
		charset, err := ParseCharset(c.name)
		if got := charset.Text(unhex(t, c.hex)); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
	for _, bad := range []string{"latin1", "iso8859-12", "iso8859-17", "iso8859-0"} {
		if _, err := ParseCharset(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// FuzzMessage also writes what it could read to its end, and reads it again.
func FuzzMessage(f *testing.F) {
	frames, _ := golden(f)
	for _, v := range frames {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, rest, err := ParseAPDU(b)
		if err != nil {
			return
		}
		again, left, err := ParseAPDU(a.Bytes())
		if err != nil || len(left) != 0 || again.Control != a.Control || !bytes.Equal(again.Data, a.Data) || len(rest) > len(b) {
			t.Fatalf("% X comes back as % X", b, again.Bytes())
		}
		m := ReadMessage(a)
		if written := m.APDU(); m.Err == nil {
			if back := ReadMessage(written); back.Err != nil || !bytes.Equal(back.APDU().Bytes(), written.Bytes()) {
				t.Fatalf("% X is written as % X, and that as % X", b, written.Bytes(), back.APDU().Bytes())
			}
		}
		m.Lines()
		m.Fields.Trace()
		m.Fields.receiptNumber()
		s := slip{charset: CharsetCP437, width: 24}
		s.add(m)
		s.cardSlip()
	})
}

func FuzzTLV(f *testing.F) {
	f.Add(unhex(f, "1F07010125820282071820"))
	f.Add(unhex(f, "2F081F1201021F100100"))
	f.Fuzz(func(t *testing.T, b []byte) {
		objects, err := ParseTLV(b)
		var again []byte
		for _, o := range objects {
			again = AppendTLV(again, o.Tag, o.Value...)
		}
		if err == nil {
			if _, err := ParseTLV(again); err != nil {
				t.Fatalf("% X written as % X: %v", b, again, err)
			}
		}
	})
}

func FuzzBlock(f *testing.F) {
	frames, _ := golden(f)
	for _, v := range frames {
		if v.Transport == "serial" {
			f.Add(unhex(f, v.Hex))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r BlockReader
		for _, x := range b {
			r.Feed(x)
		}
		r.Reset() // whatever came, the next whole block is found
		last := BlockNothing
		for _, x := range EncodeBlock(b) {
			last = r.Feed(x)
		}
		if last != BlockWhole || !bytes.Equal(r.APDU(), b) {
			t.Fatalf("% X comes back as % X, event %v", b, r.APDU(), last)
		}
	})
}
