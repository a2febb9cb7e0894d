package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"selfpay/drivers/caisseap"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/trace"
	zvtdecode "selfpay/drivers/zvt/decode"
)

func TestATracedMessageIsALine(t *testing.T) {
	at := time.Date(2026, 11, 21, 14, 5, 7, 80e6, time.Local)
	for name, c := range map[string]struct {
		message trace.Message
		want    string
	}{
		"zvt": {trace.Message{From: "kiosk", Message: zvtdecode.APDU([]byte{6, 1, 10, 4, 0, 0, 0, 0, 0x12, 0x50, 0x49, 9, 0x78})},
			"   kiosk > 06 01 authorisation amount_minor=1250 currency=0978"},
		"a text": {trace.Message{From: "terminal", Message: zvtdecode.APDU([]byte("\x06\xD1\x06\x00ab\"\x1bd"))},
			`terminal > 06 D1 print line attribute=00 text="ab\"\x1bd"`},
		"nothing that is known": {trace.Message{From: "terminal", Lost: 3, Message: zvtdecode.APDU([]byte{6})},
			"terminal > - incomplete header: 1 bytes, the length is missing - 3 pieces before it were not heard"},
		"caisse-ap": {trace.Message{From: "terminal", Message: caisseap.Explain([]byte("CB00800001250ZZ003a bAE00210"))},
			`terminal > amount=00001250 (1250 minor units) ZZ="a b" end=10 (done) - a message begins with CZ`},
		"ecr17": {trace.Message{From: "terminal", Message: ecr17.Explain(append(ecr17.Control(ecr17.ACK), ecr17.Progress("ATTENDERE PREGO")...))},
			`terminal > [ACK] [progress] text="ATTENDERE PREGO"`},
		"concert": {trace.Message{From: "kiosk", Message: trace.ConcertDocument{Text: "ENQ\x1b", Problems: []string{"odd\n"}}},
			"   kiosk > ENQ\uFFFD - odd\uFFFD"},
		"of a daemon from tomorrow": {trace.Message{From: "kiosk", Message: map[string]any{"fields": 7}}, "   kiosk >"},
	} {
		c.message.At = at
		document, err := json.Marshal(c.message)
		if err != nil {
			t.Fatal(err)
		}
		var people, machines bytes.Buffer
		if err := (&tool{out: &people}).traced(document); err != nil || people.String() != "14:05:07.080 "+c.want+"\n" {
			t.Errorf("%s: %q, %v, want %q", name, people.String(), err, c.want)
		}
		if err := (&tool{out: &machines, json: true}).traced(document); err != nil || machines.String() != string(document)+"\n" {
			t.Errorf("%s: %q, %v", name, machines.String(), err)
		}
	}
}

func TestATraceNeedsTheDaemonAndATime(t *testing.T) {
	p := newPlace(t)
	if s := p.call(t, "trace", "terminal"); s.status != 1 || !strings.Contains(s.err, "kioskd does not answer") || !strings.Contains(s.err, "systemctl start kioskd") || s.out != "" {
		t.Errorf("%+v", s)
	}
	for _, minutes := range []string{"0", "61", "-1"} {
		if s := p.call(t, "trace", "terminal", "--minutes="+minutes); s.status != 2 || !strings.Contains(s.err, "1 to 60 minutes") {
			t.Errorf("%s: %+v", minutes, s)
		}
	}
}
