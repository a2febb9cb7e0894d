package ecr17

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestADialogueIsExplainedPacketByPacket(t *testing.T) {
	payment, err := Payment{TerminalID: "30350039", Register: "00000001", Extended: true, Minor: 1250, Contract: "4821-123"}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	d := Explain(slices.Concat(LRCMessage.Frame([]byte("303500390E1")), Control(ACK), LRCMessageETX.Frame(payment), Control(NAK), Progress("ATTENDERE"),
		LRCWhole.Frame(good.Bytes()), LRCSTXMessage.Frame([]byte("303500390SEUR 12,50}}}}}}}\x1b"))))
	if len(d.Problems) != 0 {
		t.Errorf("%q", d.Problems)
	}
	var got []string
	for _, p := range d.Packets {
		got = append(got, p.Name+" "+string(p.LRC))
	}
	want := []string{"who prints the receipt message", "ACK ", "payment, its result with the amount message-etx", "NAK ", "progress ", "result stx-message-etx",
		"part of a receipt stx-message"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func fields(t *testing.T, message []byte) map[string]string {
	t.Helper()
	d := Explain(LRCWhole.Frame(message))
	if len(d.Packets) != 1 || len(d.Problems) != 0 {
		t.Fatalf("%+v", d)
	}
	all := map[string]string{}
	for _, f := range d.Packets[0].Fields {
		all[f.Name] = f.Value + "|" + f.Means
	}
	return all
}

func TestAMessageIsExplainedFieldByField(t *testing.T) {
	for what, c := range map[string]struct {
		message []byte
		want    map[string]string
	}{
		"yes": {good.Bytes(), map[string]string{"terminal": "30350039|", "code": "E|result", "result": "00|done", "card": "403035******5938|",
			"reading of the card": "CLI|contactless, chip", "authorisation code": "004711|", "date and time of the host": "2111520|day 211 of the year, 15:20",
			"kind of card": "1|PagoBANCOMAT", "acquirer": "00000000003|", "STAN": "000124|", "number at the host": "000057|", "action code": "000|",
			"amount": "00001250|1250 cents", "rest": "0000000000|"}},
		"no": {refusal.Bytes(), map[string]string{"terminal": "30350039|", "code": "E|result", "result": "01|not done", "reason": "CARTA NON ABILITATA|",
			"kind of card": "2|international card", "acquirer": "00000000003|", "STAN": "000124|", "number at the host": "000057|", "action code": "100|",
			"amount": "00001250|1250 cents", "rest": "0000000000|"}},
		"condition": {Condition{TerminalID: "30350039", At: "2911261015", State: '5', Release: "ECR01.55"}.Bytes(), map[string]string{"terminal": "30350039|",
			"code": "s|how the terminal is", "date and time, DDMMYYhhmm": "2911261015|", "state": "5|a download (DLL) is due", "release": "ECR01.55|"}},
		"closed": {Totals{TerminalID: "30350039", Closed: true, Ended: "00", Minor: 3750, HostMinor: 3751}.Bytes(), map[string]string{"terminal": "30350039|",
			"code": "C|session closed", "result": "00|done", "total of the terminal": "0000000000003750|3750 cents", "total of the host": "0000000000003751|3751 cents"}},
		"reversal": {[]byte("303500390S0000000100012400"), map[string]string{"terminal": "30350039|", "code": "S|reversal", "register": "00000001|",
			"STAN": "000124|", "additional data follow": "0|no", "rest": "0|"}},
		"receipt": {[]byte("303500390SEUR 12,50}GRAZIE}}}}}}\x1b"), map[string]string{"terminal": "30350039|", "code": "S|part of a receipt",
			"text": "23 characters|EUR 12,50 / GRAZIE"}},
		"another code": {[]byte("303500390H00000001"), map[string]string{"terminal": "30350039|", "code": "H|check of a card", "rest": "00000001|"}},
	} {
		got := fields(t, c.message)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", what, got)
		}
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%s, %s: %q, want %q", what, name, got[name], want)
			}
		}
	}
}

func TestWhatStandsBesideAFaultIsShown(t *testing.T) {
	status := LRCWhole.Frame([]byte("123456780s"))
	damaged := slices.Clone(status)
	damaged[4] ^= 0x10
	for what, c := range map[string]struct {
		bytes   []byte
		packets int
		problem string
	}{
		"a sound question":   {status, 1, ""},
		"nothing":            {nil, 0, ""},
		"a wrong check sum":  {append(damaged, Control(ACK)...), 2, "none of the four ways"},
		"half a packet":      {append(Control(ACK), status[:5]...), 1, "not whole"},
		"noise between":      {slices.Concat(Control(ACK), []byte("AT\r\n"), status), 2, "belong to no packet"},
		"another protocol":   {[]byte("\x02ZVT\x03\x00"), 1, "terminal and a code"},
		"more than anybody":  {append([]byte(strings.Repeat("9", mostExplained)), status...), 0, "left out"},
		"a result cut short": {LRCWhole.Frame(good.Bytes()[:20]), 1, ""},
	} {
		d := Explain(c.bytes)
		if len(d.Packets) != c.packets || c.problem == "" && len(d.Problems) > 0 || !strings.Contains(strings.Join(d.Problems, "; "), c.problem) {
			t.Errorf("%s: %d packets, %q", what, len(d.Packets), d.Problems)
		}
	}
}

func TestNoCardNumberIsExplained(t *testing.T) {
	whole := strings.Replace(string(good.Bytes()), "000403035******5938", "0004012888888881881", 1)
	uncheckable := strings.Replace(string(good.Bytes()), "000403035******5938", "0004012888888881882", 1)
	for _, message := range []string{whole, uncheckable, whole[:30], whole[:20], whole[:14], "303500390SPAN 4012888888881881}", "303500390SPAN 40128888\x7e88881881}",
		"303500390H4012888888881881", "4012888888881881", strings.Replace(string(refusal.Bytes()), "CARTA NON ABILITATA     ", "4012888888881881        ", 1)} {
		said, err := json.Marshal(Explain(LRCWhole.Frame([]byte(message))))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(said), "8888888") {
			t.Errorf("%q: %s", message, said)
		}
	}
	said, err := json.Marshal(Explain(Progress("4012888888881881")))
	if err != nil || strings.Contains(string(said), "8888888") {
		t.Errorf("%s, %v", said, err)
	}
}

// FuzzExplain: whatever the bytes are, the document is text, and of no greater size than they.
func FuzzExplain(f *testing.F) {
	_, packets := vectors(f)
	for _, raw := range packets {
		f.Add(raw)
	}
	f.Add(LRCWhole.Frame(good.Bytes()))
	f.Add(LRCWhole.Frame(good.Bytes()[:20]))
	f.Add(LRCWhole.Frame(refusal.Bytes()))
	f.Add(LRCWhole.Frame(Condition{TerminalID: "30350039", At: "0112261015", State: '2', Release: "ECR01.55"}.Bytes()))
	f.Add(append(Control(ACK), LRCMessage.Frame([]byte("303500390SPAN 4012888888881881}\x1b"))...))
	f.Add(append(Progress("ATTENDERE"), 0xFF, STX, 0x80))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := Explain(b)
		if len(d.Packets) > len(b) || len(d.Problems) > 2*len(b)+1 {
			t.Errorf("%d packets and %d problems of %d bytes", len(d.Packets), len(d.Problems), len(b))
		}
		for _, p := range d.Packets {
			for _, e := range p.Fields {
				if !utf8.ValidString(e.Value + e.Means) {
					t.Errorf("%+v", e)
				}
			}
		}
	})
}
