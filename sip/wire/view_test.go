package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// line64 is a Patron Information Response of 330 bytes with four fees, in the form of Koha 19.06.
var line64 = func() []byte {
	line := "64              00120240501    101530000100020003000400000000AA20017000010001|AEMueller, Anna Maria|BLY|CQY|BHEUR|BV47.40|CC5|" +
		"AV104 L Lost Item: Die Vermessung der Welt 17.77|AV105 F Overdue: Momo 2.23|AV106 F Overdue: Der Zauberberg 12.40|" +
		"AV107 A Account management fee 15.00|AFGreetings from the library, have a nice day|AOCPL|AY3AZ"
	return []byte(line + Sum([]byte(line)))
}()

var line38 = []byte("38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZF3C9")

func TestAViewSaysWhatAMessageSays(t *testing.T) {
	for _, line := range [][]byte{line64, line38, []byte("97AZFEF5"), []byte("36Y20110102UTC102030AOCPL|AFone|two|AAP1AY2"), []byte("42hello|AOCPL|"), []byte("38Y2024")} {
		var v View
		if err := (Format{}).ParseInto(line, &v); err != nil {
			t.Fatal(err)
		}
		m, err := Format{}.Parse(line)
		if err != nil || m.Code != v.Code || m.Fixed != string(v.Fixed) || m.Sequence != v.Sequence || m.Checksum != v.Checksum || len(m.Fields) != len(v.Fields) {
			t.Errorf("%s: %+v, view %+v", line, m, v)
		}
		for i, f := range v.Fields {
			if m.Fields[i] != (Field{f.ID, string(f.Value)}) {
				t.Errorf("%s: field %d is %v and %s", line, i, m.Fields[i], f)
			}
		}
		for i, p := range v.Problems {
			if m.Problems[i] != p.String() {
				t.Errorf("%s: %q and %q", line, m.Problems[i], p)
			}
		}
		if string(v.Value("AO")) != m.Value("AO") || string(v.FixedValue("transaction_date")) != m.FixedValue("transaction_date") {
			t.Errorf("%s: AO %q, date %q", line, v.Value("AO"), v.FixedValue("transaction_date"))
		}
	}
}

func TestReadingIntoTheSameViewAllocatesNothing(t *testing.T) {
	var v View
	lines := [][]byte{line64, line38, []byte("36Y20110102UTC102030AOCPL|AFone|two|AAP1AY2"), []byte("38Y2024"), []byte("97AZFEF5")}
	read := func() {
		for _, line := range lines {
			if err := (Format{}).ParseInto(line, &v); err != nil {
				t.Fatal(err)
			}
		}
	}
	read()
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations for %d messages", n, len(lines))
	}
}

func TestWritingIntoABufferAllocatesNothing(t *testing.T) {
	m, err := Format{}.Parse(line64)
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buffer, err = Format{}.AppendTo(buffer[:0], m) }); n != 0 || err != nil {
		t.Errorf("%v allocations, %v", n, err)
	}
	if string(buffer) != string(line64)+"\r" {
		t.Errorf("%s", buffer)
	}
	if got, err := (Format{}).AppendTo([]byte("before "), m); err != nil || string(got) != "before "+string(line64)+"\r" {
		t.Errorf("%s %v", got, err)
	}
	m.Fields[0].Value = "a|b"
	if got, err := (Format{}).AppendTo([]byte("before "), m); !errors.Is(err, ErrUnwritable) || string(got) != "before " {
		t.Errorf("%q %v", got, err)
	}
}

func TestAStreamIsCutWithoutAllocating(t *testing.T) {
	var d Decoder
	stream := append(append(append([]byte(nil), line64...), "\r\n"...), append(line38, '\r', '\n')...)
	feed := func() {
		for half := range slices.Chunk(stream, 100) {
			d.Feed(half)
		}
		for range 2 {
			if line, more, err := d.NextInPlace(); !more || err != nil || line[0] == '\n' {
				t.Fatalf("%q %v %v", line, more, err)
			}
		}
		if _, more, _ := d.NextInPlace(); more {
			t.Fatal("a third line")
		}
	}
	for range 10 {
		feed()
	}
	if n := testing.AllocsPerRun(100, feed); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestASumOfManyBytesDoesNotOverflow(t *testing.T) {
	for _, size := range []int{0, 1, 7, 8, 9, 1023, 1024, 1025, 5000, DefaultLimit} {
		b := bytes.Repeat([]byte{0xFF}, size)
		if got, want := sum(b), uint16(size*255); got != want {
			t.Errorf("%d bytes: %d, want %d", size, got, want)
		}
	}
}

func TestLengthsAreLimitedBothWays(t *testing.T) {
	long := Message{Code: "36", Fixed: "Y20240501    101530", Fields: []Field{{"AF", strings.Repeat("ü", 300)}}, Sequence: NoSequence}
	if _, err := (Format{}).Encode(long); err != nil {
		t.Errorf("without limits: %v", err)
	}
	if _, err := (Format{ValueLimit: 300}).Encode(long); err != nil {
		t.Errorf("300 characters of two bytes: %v", err)
	}
	for name, f := range map[string]Format{"value": {ValueLimit: 255}, "message": {Limit: 300}} {
		if _, err := f.Encode(long); !errors.Is(err, ErrUnwritable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (Format{}).Encode(Message{Code: "36", Fixed: long.Fixed, Fields: []Field{{"AF", strings.Repeat("x", DefaultLimit)}}}); !errors.Is(err, ErrUnwritable) {
		t.Errorf("above the standard limit: %v", err)
	}
	if _, err := (Format{Limit: 20}).Parse(line38); !errors.Is(err, ErrTooLong) {
		t.Errorf("reading a long message: %v", err)
	}
	many := []byte("36Y20240501    101530" + strings.Repeat("AF|", MaxFields))
	if m, err := (Format{}).Parse(many); err != nil || len(m.Fields) != MaxFields {
		t.Errorf("%d fields, %v", len(m.Fields), err)
	}
	if _, err := (Format{}).Parse(append(many, "AF|"...)); !errors.Is(err, ErrTooLong) {
		t.Errorf("one field more: %v", err)
	}
}

// FuzzRoundTrip: what is read without a problem is written with the same bytes, in every character set, whatever was in
// the view before.
func FuzzRoundTrip(f *testing.F) {
	for _, line := range [][]byte{line64, line38, []byte("9300CNterm1|COterm1|CPCPL|AY0AZF5F4"), []byte("36Y20240501    101530AOCPL|XX\xfc|XX|AF1|"), []byte("38000000000|000000000")} {
		f.Add(line, 0)
		f.Add(line, 2)
	}
	charsets := []Charset{UTF8, Latin1, CP850, CP437, ASCII}
	f.Fuzz(func(t *testing.T, line []byte, charset int) {
		format := Format{Charset: charsets[uint(charset)%uint(len(charsets))]}
		var fresh, used View
		if err := format.ParseInto(line64, &used); err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(line)
		err := format.ParseInto(line, &fresh)
		if again := format.ParseInto(line, &used); (err == nil) != (again == nil) || fmt.Sprint(fresh.Fields, fresh.Problems, string(fresh.Fixed)) != fmt.Sprint(used.Fields, used.Problems, string(used.Fixed)) {
			t.Fatalf("a used view reads %q as %v", line, used)
		}
		if !bytes.Equal(before, line) {
			t.Fatal("the line was changed")
		}
		if err != nil || len(fresh.Problems) > 0 {
			return
		}
		back, err := format.Encode(format.Message(&fresh))
		if err == nil && string(back) != string(line)+"\r" {
			t.Fatalf("%q became %q", line, back)
		}
		if err != nil && printable(line) {
			t.Fatalf("%q was read without a problem and cannot be written: %v", line, err)
		}
	})
}

func BenchmarkParseInto(b *testing.B) {
	for name, line := range map[string][]byte{"64": line64, "38": line38} {
		b.Run(name, func(b *testing.B) {
			var v View
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if err := (Format{}).ParseInto(line, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for name, line := range map[string][]byte{"64": line64, "38": line38} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (Format{}).Parse(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendTo(b *testing.B) {
	m, err := Format{}.Parse([]byte("3720240501    1015300402EURBV2.50|AOCPL|AAP1001|AC|AD|CG104|BKK1-000042|AY3AZECFC"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("37", func(b *testing.B) {
		buffer := make([]byte, 0, 256)
		b.ReportAllocs()
		for b.Loop() {
			if buffer, err = (Format{}).AppendTo(buffer[:0], m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPerByte shows that a byte costs the same in short and in long messages, framing included.
func BenchmarkPerByte(b *testing.B) {
	for _, size := range []int{100, 1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			const field = "AV104 L Lost Item: Die Vermessung der Welt 17.77|"
			line := "64              00120240501    101530000100020003000400000000"
			line += strings.Repeat(field, max(1, (size-len(line))/len(field))) + "AY3AZ"
			stream := []byte(line + Sum([]byte(line)) + "\r")
			var d Decoder
			var v View
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				d.Feed(stream)
				got, more, err := d.NextInPlace()
				if !more || err != nil {
					b.Fatal(err)
				}
				if err := (Format{}).ParseInto(got, &v); err != nil || v.Checksum != OK {
					b.Fatal(err, v.Checksum)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(stream)), "ns/byte")
		})
	}
}
