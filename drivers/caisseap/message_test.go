package caisseap

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// vector is one message of testdata/vectors.json.
type vector struct {
	ID, What, Text, Hex string
	Expect              map[string]string
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

func TestGoldenMessagesBothWays(t *testing.T) {
	for _, v := range vectors(t) {
		raw, err := hex.DecodeString(v.Hex)
		if err != nil || string(raw) != v.Text {
			t.Fatalf("%s: the text is not the bytes: %v", v.ID, err)
		}
		m, err := Parse(raw)
		if malformed := v.Expect["error"]; malformed != "" {
			if err == nil {
				t.Errorf("%s, %s: taken as %v", v.ID, v.What, m)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s, %s: %v", v.ID, v.What, err)
			continue
		}
		for tag, want := range v.Expect {
			if len(tag) != tagSize {
				continue // a word about the message
			}
			if got, _ := m.Value(tag); got != want {
				t.Errorf("%s: %s is %q, want %q", v.ID, tag, got, want)
			}
		}
		if again, err := m.Bytes(); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%s: written as %q, %v", v.ID, again, err)
		}
	}
}

func TestWhatCannotBeAMessageIsToldFromWhatIsNotYetOne(t *testing.T) {
	const whole = "CZ0040300AE00210CB0041250"
	for at := range len(whole) {
		m, err := Parse([]byte(whole[:at]))
		if boundary := at == 9 || at == 16; boundary != (err == nil) || err != nil && !errors.Is(err, ErrIncomplete) {
			t.Errorf("%q: %v, %v", whole[:at], m, err)
		}
	}
	for _, text := range []string{"AE00210", "cz0040300", "CZ00X0300", "CZ-010300", "\x02", "HTTP/1.1 400", whole + "\r\n", whole + "  "} {
		if m, err := Parse([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
	for _, f := range []Field{{"A", ""}, {"ABC", ""}, {"a!", ""}, {"ZT", string(make([]byte, mostValue+1))}} {
		if b, err := (Message{f}).Bytes(); err == nil {
			t.Errorf("%q is written as %q", f.Tag, b)
		}
	}
}

func TestAMessageHasLimits(t *testing.T) {
	var many, long []byte
	for many = []byte("CZ0040300"); len(many) < mostFields*head+9; many = append(many, "AA000"...) {
	}
	for long = []byte("CZ0040300"); len(long) <= mostBytes; long = append(append(long, "ZT999"...), make([]byte, mostValue)...) {
	}
	for _, b := range [][]byte{many, long} {
		if _, err := Parse(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		if again, err := m.Bytes(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q is written as %q, %v", b, again, err)
		}
	})
}
