package caisseap

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAMessageIsExplainedFieldByField(t *testing.T) {
	d := Explain([]byte("CZ0040300CB00800001250CD0010CE003978AE00201AF00204ZZ003abc"))
	if len(d.Problems) != 0 || len(d.Fields) != 7 {
		t.Fatalf("%+v", d)
	}
	for i, want := range []Explained{{"CZ", "version", "0300", ""}, {"CB", "amount", "00001250", "1250 minor units"}, {"CD", "action", "0", "debit"},
		{"CE", "currency", "978", "EUR"}, {"AE", "end", "01", "not done"}, {"AF", "reason", "04", "refused"}, {"ZZ", "", "abc", ""}} {
		if d.Fields[i] != want {
			t.Errorf("%+v, want %+v", d.Fields[i], want)
		}
	}
}

func TestWhatStandsBeforeAFaultIsShown(t *testing.T) {
	for text, want := range map[string]struct {
		fields  int
		problem string
	}{
		"CZ0040300AE00":          {1, "ends within a field"},
		"CZ0040300AE00210\r\n":   {2, "no message"},
		"AE00210":                {1, "begins with CZ"},
		"":                       {0, ""},
		"\x02ZVT":                {0, "no message"},
		strings.Repeat("9", 1e5): {16, "left out"},
	} {
		d := Explain([]byte(text))
		if len(d.Fields) != want.fields || want.problem == "" && len(d.Problems) > 0 || !strings.Contains(strings.Join(d.Problems, "; "), want.problem) {
			t.Errorf("%.20q: %d fields, %q", text, len(d.Fields), d.Problems)
		}
	}
}

func TestNoCardNumberIsExplained(t *testing.T) {
	said, err := json.Marshal(Explain([]byte("CZ0040300AA0164970101234567890ZT036NDAxMiA4ODg4IDg4ODggMTg4MQpNRVJDSQo=CF0164012888888881881")))
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"4970101234567890", "4012888888881881", "8888 1881", "NDAxMiA4"} {
		if strings.Contains(string(said), number) {
			t.Errorf("%s is in %s", number, said)
		}
	}
}

func FuzzExplain(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, e := range Explain(b).Fields {
			if !utf8.ValidString(e.Value + e.Means) {
				t.Errorf("%q", e)
			}
		}
	})
}
