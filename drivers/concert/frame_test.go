package concert

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// vector is one frame of testdata/vectors.json.
type vector struct {
	ID, What, Hex, Text string
	Expect              struct {
		Pos, Status, Mode, Type, Currency, Delay, Auto, Error string

		AnswerFlag  string `json:"answer_flag"`
		AmountMinor int64  `json:"amount_minor"`
		ReportLen   int    `json:"report_len"`
		TotalBytes  int    `json:"total_bytes"`
	}
}

func vectors(t testing.TB) (all []vector, frames [][]byte) {
	t.Helper()
	content, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		raw, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, raw)
	}
	return file.Vectors, frames
}

func TestGoldenFramesBothWays(t *testing.T) {
	all, frames := vectors(t)
	for i, v := range all {
		raw, want := frames[i], v.Expect
		message, err := ParseFrame(raw)
		if want.Error != "" {
			if err == nil {
				t.Errorf("%s, %s: taken as %q", v.ID, v.What, message)
			}
			continue
		}
		if err != nil || string(message) != v.Text || len(raw) != want.TotalBytes {
			t.Errorf("%s, %s: %q, %v", v.ID, v.What, message, err)
			continue
		}
		var again []byte
		if want.Status == "" {
			r, err := ParseRequest(message)
			if err != nil || r.Register != want.Pos || r.Minor != want.AmountMinor || r.Long != (want.AnswerFlag == "1") || string(r.Mode) != want.Mode ||
				string(r.Kind) != want.Type || r.Currency != want.Currency || r.Delay != want.Delay || r.Force != want.Auto {
				t.Errorf("%s, %s: %+v, %v", v.ID, v.What, r, err)
			}
			if again, err = r.Bytes(); err != nil {
				t.Errorf("%s: %v", v.ID, err)
			}
		} else {
			a, err := ParseAnswer(message)
			if err != nil || a.Register != want.Pos || string(a.Status) != want.Status || a.Minor != want.AmountMinor || len(a.Report) != want.ReportLen || a.Currency != want.Currency {
				t.Errorf("%s, %s: %+v, %v", v.ID, v.What, a, err)
			}
			again = a.Bytes()
		}
		if !bytes.Equal(Frame(again), raw) {
			t.Errorf("%s: written as %X", v.ID, Frame(again))
		}
	}
}

func TestWhatDoesNotFitItsFieldsIsNotAsked(t *testing.T) {
	good := Request{Register: "01", Minor: 1250, Mode: '1', Kind: '0', Currency: "978", Private: "4821-123", Delay: "A010", Force: "B010"}
	if b, err := good.Bytes(); err != nil || string(b) != "0100001250010978"+"4821-123  "+"A010B010" {
		t.Fatalf("%q, %v", b, err)
	}
	for what, change := range map[string]func(*Request){
		"amount of nine digits": func(r *Request) { r.Minor = mostMinor + 1 },
		"negative amount":       func(r *Request) { r.Minor = -1 },
		"long code":             func(r *Request) { r.Private = "4821-123456" },
		"code beyond ASCII":     func(r *Request) { r.Private = "ä" },
		"code with a sign":      func(r *Request) { r.Private = "4821\x03" },
		"no currency":           func(r *Request) { r.Currency = "" },
		"short register":        func(r *Request) { r.Register = "1" },
		"shifted fields":        func(r *Request) { r.Register, r.Currency = "1", "9780" },
	} {
		r := good
		change(&r)
		if b, err := r.Bytes(); err == nil {
			t.Errorf("%s: %q", what, b)
		}
	}
}

func FuzzFrame(f *testing.F) {
	_, frames := vectors(f)
	for _, raw := range frames {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		message, err := ParseFrame(b)
		if err != nil {
			return
		}
		if again := Frame(message); !bytes.Equal(again, b) {
			t.Errorf("%X is written as %X", b, again)
		}
		if r, err := ParseRequest(message); err == nil {
			if again, err := r.Bytes(); err != nil || !bytes.Equal(again, message) {
				t.Errorf("%q is written as %q, %v", message, again, err)
			}
		}
		if a, err := ParseAnswer(message); err == nil && !bytes.Equal(a.Bytes(), message) {
			t.Errorf("%q is written as %q", message, a.Bytes())
		}
	})
}
