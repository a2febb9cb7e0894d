package wire

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The checksums here were computed by hand from the document's rule and accepted by Koha 19.06 in this form.
func TestChecksumIsTheNegatedSumOfAllBytesUpToAZ(t *testing.T) {
	latin1, _ := Latin1.Encode("AEMüller|AY1AZ")
	cp850, _ := CP850.Encode("AEMüller|AY1AZ")
	for text, want := range map[string]string{
		"9900302.00AY1AZ":                 "FCA5",
		"97AZ":                            "FEF5",
		"96AZ":                            "FEF6",
		"9300CNterm1|COterm1|CPCPL|AY0AZ": "F5F4",
		"941AY0AZ":                        "FDFD",
		"3720240501    1015300402EURBV2.50|AOCPL|AAP1001|AC|AD|CG104|BKK1-000042|AY3AZ": "ECFC",
		"38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZ":                          "F3C9",
		"AEMüller|AY1AZ":          "FA1D",
		string(latin1):            "FAA0",
		string(cp850):             "FB1B",
		strings.Repeat("x", 1000): "2B40",
	} {
		if got := Sum([]byte(text)); got != want {
			t.Errorf("Sum(%.40q) = %s, want %s", text, got, want)
		}
	}
}

func TestBytesAndDigitsTogetherAreZero(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for size := range 2000 {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(r.UintN(256))
		}
		digits := Sum(b)
		sum, err := strconv.ParseUint(digits, 16, 16)
		for _, c := range b {
			sum += uint64(c)
		}
		if err != nil || sum%65536 != 0 || len(digits) != 4 || digits != strings.ToUpper(digits) {
			t.Errorf("%d bytes: %s, %d over, %v", size, digits, sum%65536, err)
		}
	}
}

// The sum is over what is on the wire: after the text was encoded, and before it is decoded, whatever with.
func TestTheChecksumIsOverTheBytesOfTheCharacterSet(t *testing.T) {
	m := Message{Code: "36", Fixed: "Y20240501    101530", Fields: []Field{{"AE", "Müller"}}, Sequence: 1, Checksum: OK}
	seen := map[string]bool{}
	for _, charset := range []Charset{UTF8, Latin1, CP850} {
		b, err := Format{Charset: charset}.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		line := b[:len(b)-1]
		seen[string(line[len(line)-4:])] = true
		for _, reader := range []Charset{UTF8, Latin1, CP850, CP437, ASCII} {
			got, err := Format{Charset: reader}.Parse(line)
			if err != nil || got.Checksum != OK || !bytes.Equal(got.Raw, line) || (got.Value("AE") == "Müller") != (reader == charset || reader == CP437 && charset == CP850) {
				t.Errorf("written in %s and read in %s: %q, checksum %s, %v", charset, reader, got.Value("AE"), got.Checksum, err)
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("checksums %v", seen)
	}
}

func TestGoldenMessagesReadAndWriteToTheSameBytes(t *testing.T) {
	for _, c := range []struct {
		line string
		want Message
	}{
		{"9900302.00AY1AZFCA5", Message{Code: "99", Fixed: "00302.00", Sequence: 1, Checksum: OK}},
		{"97AZFEF5", Message{Code: "97", Sequence: NoSequence, Checksum: OK}},
		{"96AZFEF6", Message{Code: "96", Sequence: NoSequence, Checksum: OK}},
		{"941AY0AZFDFD", Message{Code: "94", Fixed: "1", Checksum: OK}},
		{"9300CNterm1|COterm1|CPCPL|AY0AZF5F4", Message{Code: "93", Fixed: "00", Checksum: OK,
			Fields: []Field{{"CN", "term1"}, {"CO", "term1"}, {"CP", "CPL"}}}},
		{"3720240501    1015300402EURBV2.50|AOCPL|AAP1001|AC|AD|CG104|BKK1-000042|AY3AZECFC",
			Message{Code: "37", Fixed: "20240501    1015300402EUR", Sequence: 3, Checksum: OK, Fields: []Field{
				{"BV", "2.50"}, {"AO", "CPL"}, {"AA", "P1001"}, {"AC", ""}, {"AD", ""}, {"CG", "104"}, {"BK", "K1-000042"}}}},
		{"38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZF3C9",
			Message{Code: "38", Fixed: "Y20240501    101530", Sequence: 3, Checksum: OK, Fields: []Field{
				{"AO", "CPL"}, {"AA", "P1001"}, {"BK", "K1-000042"}}}},
	} {
		got, err := Format{}.Parse([]byte(c.line))
		if err != nil || len(got.Problems) > 0 {
			t.Errorf("%s: %v %v", c.line, err, got.Problems)
		}
		if got.Code != c.want.Code || got.Fixed != c.want.Fixed || got.Sequence != c.want.Sequence ||
			got.Checksum != c.want.Checksum || !slices.Equal(got.Fields, c.want.Fields) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.line, got, c.want)
		}
		b, err := Format{}.Encode(c.want)
		if err != nil || string(b) != c.line+"\r" {
			t.Errorf("Encode = %q %v, want %q", b, err, c.line+"\r")
		}
	}
}

func TestChecksumIsLookedForOnlyAtTheEnd(t *testing.T) {
	for _, value := range []string{"GAYAZ-0001", "AZFCA5", "AY3AZFCA5"} {
		m := Message{Code: "38", Fixed: "Y20240501    101530", Sequence: 3, Checksum: OK, Fields: []Field{{"BK", value}, {"AA", "P1"}}}
		b, err := Format{}.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format{}.Parse(bytes.TrimSuffix(b, []byte("\r")))
		if err != nil || got.Checksum != OK || got.Value("BK") != value || len(got.Problems) > 0 {
			t.Errorf("BK %q: %+v %v", value, got, err)
		}
	}
	m, _ := Format{}.Parse([]byte("38Y20240501    101530AOCPL|BKGAYAZ12FF|AAP1|"))
	if m.Checksum != Absent || m.Value("BK") != "GAYAZ12FF" {
		t.Errorf("AZ inside a value was taken for a checksum: %+v", m)
	}
}

func TestReadingIsLenientAndSaysWhatWasWrong(t *testing.T) {
	for _, c := range []struct {
		name, line, problem string
		check               func(Message) bool
	}{
		{"lower-case checksum", "9900302.00AY1AZfca5", "lower case", func(m Message) bool { return m.Checksum == OK }},
		{"wrong checksum", "9900302.00AY1AZFCA6", "checksum is wrong", func(m Message) bool { return m.Checksum == Bad && m.Sequence == 1 }},
		{"AY without a digit", "941AYAZ" + Sum([]byte("941AYAZ")), "no digit", func(m Message) bool { return m.Sequence == NoSequence && m.Checksum == OK }},
		{"AY without AZ", "941AY7", "no checksum", func(m Message) bool { return m.Sequence == 7 && m.Checksum == Absent }},
		{"last delimiter missing", "36Y20240501    101530AOCPL|AAP1AY2AZ" + Sum([]byte("36Y20240501    101530AOCPL|AAP1AY2AZ")), "no delimiter",
			func(m Message) bool { return m.Value("AA") == "P1" && m.Sequence == 2 && m.Checksum == OK }},
		{"all last delimiters stripped", "36Y20240501    101530AOCPL|AAP1|AF", "no delimiter",
			func(m Message) bool { return m.Value("AA") == "P1" && len(m.Fields) == 3 && m.Checksum == Absent }},
		{"delimiter inside a value", "36Y20240501    101530AOCPL|AFone|two|AAP1|", "inside a value", func(m Message) bool { return m.Value("AF") == "one|two" && m.Value("AA") == "P1" }},
		{"stray delimiter", "36Y20240501    101530AOCPL||AAP1|", "without a field", func(m Message) bool { return m.Value("AO") == "CPL" }},
		{"delimiter after the checksum", "97AZFEF5|", "after the checksum", func(m Message) bool { return m.Checksum == OK }},
		{"short fixed part", "38Y2024", "ends inside", func(m Message) bool { return m.FixedValue("payment_accepted") == "Y" }},
		{"zone without blanks", "38Y20110102UTC102030AOCPL|AAP1|", "no blanks", func(m Message) bool {
			return m.FixedValue("transaction_date") == "20110102UTC 102030" && m.Value("AO") == "CPL"
		}},
		{"no zone at all", "38Y20110102102030AOCPL|AAP1|", "no blanks", func(m Message) bool {
			return m.FixedValue("transaction_date") == "20110102    102030" && m.Value("AO") == "CPL"
		}},
		{"unknown code", "42hello|AOCPL|", "not in the SIP2 document", func(m Message) bool { return m.Fixed == "hello" && m.Value("AO") == "CPL" }},
		{"undecodable byte", "36Y20240501    101530AE\xffx|", "mean nothing", func(m Message) bool { return m.Value("AE") == "\uFFFDx" }},
		{"fixed part too long", "36Y20240501    101530  AOCPL|", "does not begin", func(m Message) bool { return len(m.Fields) == 1 && m.Fields[0].Value == "  AOCPL" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Format{}.Parse([]byte(c.line))
			if err != nil || !c.check(m) {
				t.Errorf("%+v %v", m, err)
			}
			if !strings.Contains(strings.Join(m.Problems, " "), c.problem) {
				t.Errorf("problems %q lack %q", m.Problems, c.problem)
			}
		})
	}
}

func TestAHostileLineTakesNoLongerThanItsLength(t *testing.T) {
	for _, piece := range []string{"|x", "|", "AAx|", "AY1|", "\xff|"} {
		line := []byte("36Y20240501    101530AO" + strings.Repeat(piece, DefaultLimit/len(piece)))
		m, err := Format{}.Parse(line)
		if len(m.Problems) > 10 || len(m.Fields) > MaxFields {
			t.Errorf("%q: %d problems, %d fields, %v", piece, len(m.Problems), len(m.Fields), err)
		}
		if many := bytes.Count(line, []byte("AAx|"))+bytes.Count(line, []byte("AY1|")) > MaxFields; many != errors.Is(err, ErrTooLong) {
			t.Errorf("%q: %v", piece, err)
		}
	}
}

func TestUnknownAndRepeatedFieldsAreKeptInOrder(t *testing.T) {
	m, err := Format{}.Parse([]byte("38Y20240501    101530AOCPL|U1x|AFone|XXy|AFtwo|"))
	want := []Field{{"AO", "CPL"}, {"U1", "x"}, {"AF", "one"}, {"XX", "y"}, {"AF", "two"}}
	if err != nil || !slices.Equal(m.Fields, want) || !slices.Equal(m.Values("AF"), []string{"one", "two"}) || len(m.Problems) > 0 {
		t.Errorf("%+v %v", m, err)
	}
}

func TestPlainTextIsNoSIP2(t *testing.T) {
	for _, line := range []string{"Problems handling the request: timeout", "login: ", "3", "", "x37"} {
		if _, err := (Format{}).Parse([]byte(line)); !errors.Is(err, ErrNotSIP2) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestWritingRefusesWhatCannotBeSaidExactly(t *testing.T) {
	good := Message{Code: "36", Fixed: "Y20240501    101530", Fields: []Field{{"AO", "CPL"}}}
	with := func(change func(*Message)) Message {
		m := good
		m.Fields = slices.Clone(good.Fields)
		change(&m)
		return m
	}
	if _, err := (Format{}).Encode(good); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		m       Message
		charset Charset
	}{
		"delimiter in a value": {m: with(func(m *Message) { m.Fields[0].Value = "a|b" })},
		"CR in a value":        {m: with(func(m *Message) { m.Fields[0].Value = "a\rb" })},
		"LF in a value":        {m: with(func(m *Message) { m.Fields[0].Value = "a\nb" })},
		"not in Latin-1":       {m: with(func(m *Message) { m.Fields[0].Value = "Ž" }), charset: Latin1},
		"not in CP850":         {m: with(func(m *Message) { m.Fields[0].Value = "Ž" }), charset: CP850},
		"not in CP437":         {m: with(func(m *Message) { m.Fields[0].Value = "Ž" }), charset: CP437},
		"not in ASCII":         {m: with(func(m *Message) { m.Fields[0].Value = "ü" }), charset: ASCII},
		"no text":              {m: with(func(m *Message) { m.Fields[0].Value = "\xff" })},
		"fixed part too short": {m: with(func(m *Message) { m.Fixed = "Y" })},
		"CR in the fixed part": {m: with(func(m *Message) { m.Fixed = "Y20240501    10153\r" })},
		"AY as a field":        {m: with(func(m *Message) { m.Fields[0].ID = "AY" })},
		"bad identifier":       {m: with(func(m *Message) { m.Fields[0].ID = "a1" })},
		"code":                 {m: with(func(m *Message) { m.Code = "3x" })},
		"sequence":             {m: with(func(m *Message) { m.Sequence, m.Checksum = 10, OK })},
	} {
		b, err := Format{Charset: c.charset}.Encode(c.m)
		if !errors.Is(err, ErrUnwritable) || b != nil {
			t.Errorf("%s: %q %v", name, b, err)
		}
		if err != nil && strings.Contains(err.Error(), "a|b") {
			t.Errorf("%s: the value stands in %v", name, err)
		}
	}
}

func TestCharsetsRoundTrip(t *testing.T) {
	for charset, text := range map[Charset]string{UTF8: "Müller Ž 図書館", Latin1: "Müller é", CP850: "Müller é", CP437: "Müller é", ASCII: "Mueller", "": "Ž"} {
		b, err := charset.Encode(text)
		if err != nil || charset.Decode(b) != text {
			t.Errorf("%s: %q %v", charset, charset.Decode(b), err)
		}
	}
	for name, want := range map[string]Charset{"UTF-8": UTF8, "Latin1": Latin1, "IBM850": CP850, "cp437": CP437, "US-ASCII": ASCII, "": UTF8} {
		if got, err := ParseCharset(name); err != nil || got != want {
			t.Errorf("ParseCharset(%q) = %q %v", name, got, err)
		}
	}
	if _, err := ParseCharset("ebcdic"); err == nil {
		t.Error("an unknown character set was accepted")
	}
	if got := ASCII.Decode([]byte("M\xfcller")); got != "M\uFFFDller" {
		t.Errorf("ASCII.Decode = %q", got)
	}
	if got := (Format{Charset: CP850}).Fit("Žu|l\rü"); got != "?u l ü" {
		t.Errorf("Fit = %q", got)
	}
}

func collect(t *testing.T, d *Decoder, pieces ...string) (lines []string, tooLong int) {
	t.Helper()
	for _, p := range pieces {
		d.Feed([]byte(p))
		for {
			line, more, err := d.Next()
			if !more {
				break
			}
			if err != nil {
				if !errors.Is(err, ErrTooLong) {
					t.Fatal(err)
				}
				tooLong++
				continue
			}
			lines = append(lines, string(line))
		}
	}
	return lines, tooLong
}

func TestDecoderCutsPiecesOfAnySizeIntoTheSameLines(t *testing.T) {
	const stream = "941AY0AZFDFD\r\n\r\n\r97AZFEF5\r96AZFEF6\r\n9900"
	want := []string{"941AY0AZFDFD", "97AZFEF5", "96AZFEF6"}
	for size := 1; size <= len(stream); size++ {
		var d Decoder
		var pieces []string
		for p := range slices.Chunk([]byte(stream), size) {
			pieces = append(pieces, string(p))
		}
		if got, _ := collect(t, &d, pieces...); !slices.Equal(got, want) || string(d.Rest()) != "9900" {
			t.Errorf("pieces of %d: %q, rest %q", size, got, d.Rest())
		}
	}
}

func TestDecoderDropsWhatIsTooLongAndGoesOn(t *testing.T) {
	long := strings.Repeat("x", 11)
	for name, pieces := range map[string][]string{
		"at once":   {long + "\r97\r"},
		"in pieces": {"xxxxxx", "xxxxxx", "xxxx", "x\r9", "7\r"},
		"LF only":   {strings.Repeat("\n", 50), long + "\r97\r"},
	} {
		d := Decoder{Limit: 10}
		if got, tooLong := collect(t, &d, pieces...); !slices.Equal(got, []string{"97"}) || tooLong != 1 {
			t.Errorf("%s: %q, %d too long", name, got, tooLong)
		}
	}
	d := Decoder{Limit: 10}
	for range 1000 {
		collect(t, &d, strings.Repeat("x", 100), strings.Repeat("\n", 100))
		if cap(d.buffer) > 1000 {
			t.Fatalf("the decoder keeps %d bytes of a message above its limit of 10", cap(d.buffer))
		}
	}
}

func TestLayoutWidthsAreThoseOfTheDocument(t *testing.T) {
	for code, width := range map[string]int{"23": 21, "24": 35, "11": 38, "12": 22, "09": 37, "10": 22, "01": 19, "99": 8, "98": 34,
		"97": 0, "96": 0, "93": 2, "94": 1, "63": 31, "64": 59, "35": 18, "36": 19, "37": 25, "38": 19, "17": 18, "18": 24, "19": 18,
		"20": 19, "25": 18, "26": 35, "15": 19, "16": 20, "29": 38, "30": 22, "65": 18, "66": 27} {
		l, ok := LayoutOf(code)
		if !ok || l.Width() != width {
			t.Errorf("%s: %d %v, want %d", code, l.Width(), ok, width)
		}
	}
	if len(Layouts()) != 31 {
		t.Errorf("%d layouts", len(Layouts()))
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("941AY0AZFDFD\r\n9900302.00AY1AZFCA5\r"), 3)
	f.Add([]byte("38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZF3C9\r"), 1)
	f.Add([]byte("Problems handling the request\r\x00\xff|\r"), 7)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		if size < 1 || size > 1<<16 {
			return
		}
		whole, pieces := Decoder{Limit: 64}, Decoder{Limit: 64}
		a, _ := collect(t, &whole, string(stream))
		var parts []string
		for p := range slices.Chunk(stream, size) {
			parts = append(parts, string(p))
		}
		b, _ := collect(t, &pieces, parts...)
		if !slices.Equal(a, b) {
			t.Fatalf("whole %q, pieces %q", a, b)
		}
		for _, line := range a {
			m, err := Format{}.Parse([]byte(line))
			if err != nil || len(m.Problems) > 0 {
				continue
			}
			back, err := Format{}.Encode(m)
			if err == nil && string(back) != line+"\r" {
				t.Fatalf("%q became %q", line, back)
			}
		}
	})
}
