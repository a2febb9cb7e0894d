package mdb

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"selfpay/device/money"
)

// vector is one line of testdata/vectors.json.
type vector struct {
	ID, What, Text, Hex, State, Error string
	Fields                            int
	Of                                []string
	Setup                             []int
}

func (v vector) raw(t testing.TB) []byte {
	t.Helper()
	if v.Hex == "" {
		return []byte(v.Text)
	}
	raw, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func vectors(t testing.TB) []vector {
	t.Helper()
	content, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors
}

func TestGoldenLinesBothWays(t *testing.T) {
	for _, v := range vectors(t) {
		raw := v.raw(t)
		line, err := ParseLine(raw)
		if v.Error == "line" {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, %s: taken as %q", v.ID, v.What, line)
			}
			continue
		}
		again, unwritten := line.Bytes()
		if err != nil || v.Error == "" && len(line) != v.Fields || unwritten != nil || !bytes.Equal(again, raw) {
			t.Errorf("%s, %s: %q, %v; written as %q, %v", v.ID, v.What, line, err, again, unwritten)
		}
		report(t, v, raw)
	}
}

// report compares what a line says of the state.
func report(t *testing.T, v vector, raw []byte) {
	t.Helper()
	r, err := ParseReport(raw)
	switch {
	case v.Error == "report":
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s, %s: taken as %+v, %v", v.ID, v.What, r, err)
		}
	case v.State == "" || v.State == "none":
		if !errors.Is(err, ErrNoReport) {
			t.Errorf("%s, %s: taken as %+v, %v", v.ID, v.What, r, err)
		}
	case err != nil || string(r.State) != v.State || !slices.Equal(r.Of, v.Of) || (r.Setup == nil) != (v.Setup == nil):
		t.Errorf("%s, %s: %+v, %v", v.ID, v.What, r, err)
	case r.Setup != nil:
		s := r.Setup
		currency, _ := strconv.Atoi(s.Currency)
		if got := []int{s.Level, currency, int(s.Scale), s.Decimals, s.Seconds, s.Flags, s.Mode}; !slices.Equal(got, v.Setup) {
			t.Errorf("%s, %s: setup %v, want %v", v.ID, v.What, got, v.Setup)
		}
	}
}

func TestNoFieldCarriesASecondLineOrField(t *testing.T) {
	for _, l := range []Line{nil, {""}, {"D", "REQ", "12,50", "1"}, {"D", "END\nD,0"}, {"D", "ä"}, {strings.Repeat("9", mostLine+1)}} {
		if b, err := l.Bytes(); err == nil {
			t.Errorf("%q is written as %q", l, b)
		}
	}
}

func TestLinesAreFoundInPiecesAndAnEndlessOneIsNotKept(t *testing.T) {
	var s splitter
	var found []string
	for _, b := range []byte("\r\nd,STATUS,IDLE\r\n\n\nd,STATUS,VEND\rV\n" + strings.Repeat("9", 1<<20) + "\nd,STATUS") {
		if line, whole := s.take(b); whole {
			found = append(found, string(line))
		}
		if cap(s.line) > 4*mostLine {
			t.Fatalf("%d bytes are kept", cap(s.line))
		}
	}
	if len(found) != 4 || found[0] != "d,STATUS,IDLE" || found[1] != "d,STATUS,VEND" || found[2] != "V" {
		t.Fatalf("%.80q", found)
	}
	if _, err := ParseLine([]byte(found[3])); !errors.Is(err, ErrMalformed) {
		t.Errorf("an endless line is taken: %v", err)
	}
}

// TestAnAmountIsAskedForOnlyWhereTheReaderCanCountIt: with steps of its scale factor, exactly.
func TestAnAmountIsAskedForOnlyWhereTheReaderCanCountIt(t *testing.T) {
	cents := Setup{Currency: "1978", Scale: 1, Decimals: 2}
	with := func(change func(*Setup)) *Setup { s := cents; change(&s); return &s }
	for _, c := range []struct {
		what  string
		setup *Setup
		a     money.Amount
		takes bool
	}{
		{"cents", &cents, money.Of(1253, "EUR"), true},
		{"nothing is known of the reader", nil, money.Of(1253, "EUR"), true},
		{"a telephone code", with(func(s *Setup) { s.Currency = "0049" }), money.Of(1253, "EUR"), true},
		{"francs", with(func(s *Setup) { s.Currency = "1756" }), money.Of(1253, "EUR"), false},
		{"steps of 5, even", with(func(s *Setup) { s.Scale = 5 }), money.Of(1255, "EUR"), true},
		{"steps of 5, odd", with(func(s *Setup) { s.Scale = 5 }), money.Of(1253, "EUR"), false},
		{"steps of nothing", with(func(s *Setup) { s.Scale = 0 }), money.Of(1250, "EUR"), false},
		{"tenths, even", with(func(s *Setup) { s.Decimals = 1 }), money.Of(1250, "EUR"), true},
		{"tenths, odd", with(func(s *Setup) { s.Decimals = 1 }), money.Of(1255, "EUR"), false},
		{"whole euros", with(func(s *Setup) { s.Decimals = 0 }), money.Of(1250, "EUR"), false},
		{"thousandths", with(func(s *Setup) { s.Decimals = 3 }), money.Of(1250, "EUR"), false},
		{"no decimals in the currency", with(func(s *Setup) { s.Decimals, s.Currency = 0, "1392" }), money.Of(1250, "JPY"), true},
		{"the most", &cents, money.Of(mostSteps, "EUR"), true},
		{"more than the most", &cents, money.Of(mostSteps+1, "EUR"), false},
		{"the most, in steps", with(func(s *Setup) { s.Scale = 5 }), money.Of(5*mostSteps, "EUR"), true},
		{"card first", with(func(s *Setup) { s.Mode = 1 }), money.Of(1250, "EUR"), false},
	} {
		if err := c.setup.takes(c.a); (err == nil) != c.takes {
			t.Errorf("%s: %s: %v", c.what, c.a, err)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.raw(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		line, err := ParseLine(b)
		if err == nil {
			if again, err := line.Bytes(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%q is written as %q, %v", b, again, err)
			}
		}
		r, err := ParseReport(b)
		if err == nil && line == nil {
			t.Errorf("%q is no line and a report %+v", b, r)
		}
		if approved, amount, err := r.result(); err == nil && approved && amount != r.Of[1] {
			t.Errorf("%q approves %q", b, amount)
		}
		var s splitter
		for _, c := range b {
			if s.take(c); cap(s.line) > 4*mostLine {
				t.Fatalf("%d bytes are kept", cap(s.line))
			}
		}
	})
}

func BenchmarkParseReport(b *testing.B) {
	line := []byte("d,STATUS,RESULT,1,12.50,#,2,1978,5,2,60,9,2")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseReport(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrintLine(b *testing.B) {
	line := Line{"D", "REQ", "12.50", "1"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := line.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}
