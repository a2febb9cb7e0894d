package main

import (
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/ledger"
)

func TestNotesAreReadByPeople(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.Local)
	clock := "2026-11-28 12:00:00"
	stamp := `"at":{"wall":"` + at.Format(time.RFC3339) + `","boot":"b","mono":1}`
	for _, c := range []struct{ kind, note, want string }{
		{"enclosure opened", `{` + stamp + `}`, clock + "   enclosure opened"},
		{"enclosure cleared", `{` + stamp + `,"staff":"mk","note":"looked"}`, clock + "   enclosure cleared by mk (looked)"},
		{"terminal power cycle ended", `{` + stamp + `,"outcome":"silent","reason":"no answer"}`, clock + "   terminal power cycle ended - silent (no answer)"},
		{"opened on another machine", `{"at":"` + at.Format(time.RFC3339) + `","from":"1","to":"2"}`, clock + "   opened on another machine"},
		{"from tomorrow", `{"at":[1],"staff":7}`, strings.Repeat(" ", 19) + "   from tomorrow"},
		{"from tomorrow", `"text"`, strings.Repeat(" ", 19) + "   from tomorrow"},
	} {
		if got := noteLine(ledger.Note{Kind: c.kind, Note: []byte(c.note)}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
