package mdb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestASessionIsExplainedLineByLine(t *testing.T) {
	d := Explain([]byte("D,REQ,12.50,1\nd,STATUS,VEND\r\nd,STATUS,RESULT,1,12.50,#,3,1978,1,2,30,8,2\nD,END\nd,STATUS,RESULT,-1\nD,ERR,\"cashless master is on\""))
	if len(d.Problems) != 0 || len(d.Fields) != 16 {
		t.Fatalf("%+v", d)
	}
	for _, want := range []Explained{
		{"1", "kiosk", "D,REQ,12.50,1", "asks for an amount"}, {"1", "amount", "12.50", "2 decimals"}, {"1", "product", "1", ""},
		{"2", "adapter", "d,STATUS,VEND", "a request is pending"}, {"3", "amount", "12.50", "2 decimals"}, {"3", "currency", "1978", "EUR"},
		{"3", "mode", "2", "the price comes before the card"}, {"4", "kiosk", "D,END", "the goods were given: the reader keeps the money"},
		{"5", "adapter", "d,STATUS,RESULT,-1", "the reader denies"},
		{"6", "adapter", `D,ERR,"cashless master is on"`, "the adapter was master already"},
	} {
		if !strings.Contains(fmt.Sprint(d.Fields), fmt.Sprint(want)) {
			t.Errorf("%+v is missing in %+v", want, d.Fields)
		}
	}
}

func TestWhatIsWrongIsSaidAndStillShown(t *testing.T) {
	for text, want := range map[string]struct {
		fields  int
		problem string
	}{
		"":                             {0, ""},
		"\r\n\n":                       {0, ""},
		"d,STATUS,RE\xffULT,1,1.00":    {1, "character 12 is FF"},
		"d,STATUS,RESULT,1":            {1, "a result is"},
		"d,STATUS,RESULT,1,1x":         {2, "no amount"},
		"d,STATUS,IDLE,#,1":            {1, "setup"},
		"Z,1\nV":                       {2, "line 1: nobody"},
		strings.Repeat("9", 1e5):       {1, "left out"},
		strings.Repeat("V\n", 1e4):     {mostExplained, "left out"},
		"d,STATUS," + "\x1b[2J" + ",1": {1, "is 1B"},
	} {
		d := Explain([]byte(text))
		if len(d.Fields) != want.fields || want.problem == "" && len(d.Problems) > 0 || !strings.Contains(strings.Join(d.Problems, "; "), want.problem) {
			t.Errorf("%.30q: %d fields, %q", text, len(d.Fields), d.Problems)
		}
	}
}

func TestNoCardNumberAndNoControlSignIsExplained(t *testing.T) {
	said, err := json.Marshal(Explain([]byte("c,VEND,4012888888881881\nd,STATUS,RESULT,1,4012888888881881\n\x1b[2Jd,ERR,4012 8888 8888 1881")))
	if err != nil || strings.Contains(string(said), "8888881881") || strings.Contains(string(said), "8888 1881") || strings.Contains(string(said), "\\u001b") {
		t.Errorf("%s, %v", said, err)
	}
}

func FuzzExplain(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.raw(f))
	}
	f.Add([]byte("D,REQ,12.50,1\nd,STATUS,VEND\nd,STATUS,RESULT,1,12.50\nD,END\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := Explain(b)
		for _, e := range d.Fields {
			for _, c := range []byte(e.Tag + e.Name + e.Value + e.Means) {
				if c < ' ' || c > '~' {
					t.Fatalf("%q", e)
				}
			}
			if len(e.Value) > 4*mostLine {
				t.Fatalf("%d characters are shown", len(e.Value))
			}
		}
		for _, problem := range d.Problems {
			if len(problem) > 5*mostLine {
				t.Fatalf("a problem of %d characters", len(problem))
			}
		}
	})
}
