package ecr17

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// vector is one packet of testdata/vectors.json.
type vector struct {
	ID, What, Hex string
	Expect        struct{ LRC, Payload string }
}

func vectors(t testing.TB) (all []vector, packets [][]byte) {
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
		packets = append(packets, raw)
	}
	return file.Vectors, packets
}

func TestGoldenPacketsBothWays(t *testing.T) {
	all, packets := vectors(t)
	ways := map[LRC]bool{}
	for i, v := range all {
		raw := packets[i]
		p, rest, err := Split(raw)
		if err != nil || len(rest) != 0 || string(p.Text) != v.Expect.Payload {
			t.Errorf("%s, %s: %+v, %d bytes left, %v", v.ID, v.What, p, len(rest), err)
			continue
		}
		if v.Expect.LRC != "" && fmt.Sprintf("%02X", p.Sum) != v.Expect.LRC {
			t.Errorf("%s, %s: check sum %02X", v.ID, v.What, p.Sum)
		}
		again := Control(p.Sign)
		if p.Sign == STX {
			way, known := p.LRC()
			if ways[way] = true; !known {
				t.Errorf("%s, %s: no way fits", v.ID, v.What)
			}
			again = way.Frame(p.Text)
		}
		if !bytes.Equal(again, raw) {
			t.Errorf("%s: written as %X", v.ID, again)
		}
	}
	if len(all) != 4 || !ways[LRCMessage] || !ways[LRCMessageETX] {
		t.Errorf("%d vectors, ways %v", len(all), ways)
	}
}

// The check sums of "123456780s" in all four ways, by hand: 7F and the digits 1 to 8 give 77, 0 gives 47, s gives 34.
func TestFourWaysToBuildACheckSum(t *testing.T) {
	for way, want := range map[LRC]byte{LRCMessage: 0x34, LRCMessageETX: 0x37, LRCSTXMessage: 0x36, LRCWhole: 0x35} {
		frame := way.Frame([]byte("123456780s"))
		if frame[len(frame)-1] != want {
			t.Errorf("%s: %X", way, frame)
		}
		p, _, err := Split(frame)
		if fits, known := p.LRC(); err != nil || !known || fits != way {
			t.Errorf("%s is taken for %q, %v", way, fits, err)
		}
		if parsed, err := ParseLRC(string(way)); err != nil || parsed != way {
			t.Errorf("%s: %q, %v", way, parsed, err)
		}
	}
	if way, err := ParseLRC(""); err != nil || way != LRCWhole {
		t.Errorf("no word: %q, %v", way, err)
	}
	if _, err := ParseLRC("std"); err == nil || !strings.Contains(err.Error(), "message-etx") {
		t.Errorf("an unknown word: %v", err)
	}
}

func TestPacketsAreTakenOneAfterTheOther(t *testing.T) {
	status := LRCWhole.Frame([]byte("123456780s"))
	for what, c := range map[string]struct {
		bytes, packets string
		short          bool
	}{
		"an ACK and its answer":      {"\x06\x03\x7A" + string(status), "06 02", false},
		"all kinds":                  {string(Progress("ATTENDERE")) + "\x15\x03\x69" + string(status), "01 15 02", false},
		"nothing":                    {"", "", true},
		"half of a sign":             {"\x06\x03", "", true},
		"half of a frame":            {string(status[:7]), "", true},
		"a frame without check sum":  {string(status[:len(status)-1]), "", true},
		"noise":                      {"AT\r\n", "noise", false},
		"noise before a sign":        {"\xFF\x00\x06\x03\x7A", "noise 06", false},
		"a damaged sign":             {"\x06\x03\x7B" + string(status), "noise 02", false},
		"a NAK with an ACK's sum":    {"\x15\x03\x7A", "noise", false},
		"a frame that breaks off":    {string(status[:5]) + string(status), "noise 02", false},
		"a display that breaks off":  {string(Progress("ATTENDERE")[:9]) + string(status), "noise 02", false},
		"a display without its end":  {string(Progress("ATTENDERE")[:21]) + "A" + string(status), "noise 02", false},
		"a message beyond all sizes": {"\x02" + strings.Repeat("0", mostMessage+1), "noise", false},
		"a check sum like a sign":    {"\x02\x03\x02\x06\x03\x7A", "02 06", false},
		"a receipt's end":            {"\x02A}\x7F\x1B\x03Z", "02", false},
	} {
		var got []string
		var err error
		for b := []byte(c.bytes); len(b) > 0; {
			var p Packet
			var rest []byte
			if p, rest, err = Split(b); errors.Is(err, errShort) {
				break
			}
			word := fmt.Sprintf("%02X", p.Sign)
			if err != nil {
				word = "noise"
			}
			if len(got) == 0 || word != "noise" || got[len(got)-1] != word {
				got = append(got, word)
			}
			b = rest
		}
		if strings.Join(got, " ") != c.packets || errors.Is(err, errShort) != (c.short && c.bytes != "") {
			t.Errorf("%s: %q, want %q, %v", what, got, c.packets, err)
		}
	}
}

func TestNoByteOfAPacketIsNeededTwiceOrTooFew(t *testing.T) {
	for _, whole := range [][]byte{LRCWhole.Frame([]byte("123456780s")), Progress("ATTENDERE"), Control(ACK), Control(NAK)} {
		for n := range len(whole) {
			if _, _, err := Split(whole[:n]); !errors.Is(err, errShort) {
				t.Errorf("%X: %v", whole[:n], err)
			}
		}
		if _, rest, err := Split(append(bytes.Clone(whole), 'x')); err != nil || string(rest) != "x" {
			t.Errorf("%X: %q left, %v", whole, rest, err)
		}
	}
}

// FuzzSplit takes bytes apart to their end, and reads every message in all shapes.
func FuzzSplit(f *testing.F) {
	_, packets := vectors(f)
	for _, raw := range packets {
		f.Add(raw)
	}
	f.Add(LRCWhole.Frame(good.Bytes()))
	f.Add(LRCMessage.Frame(Condition{TerminalID: "30350039", At: "0112261015", State: '2', Release: "ECR01.55"}.Bytes()))
	f.Add(LRCWhole.Frame(Totals{TerminalID: "30350039", Closed: true, Ended: "00", Minor: 3750, HostMinor: 3750}.Bytes()))
	f.Add(append(Progress("ATTENDERE"), Control(NAK)...))
	for _, field := range []string{"4012888888888888888", "4012888888881=99991"} {
		whole := good
		whole.MaskedPAN = field
		f.Add(LRCWhole.Frame(whole.Bytes()))
	}
	f.Add([]byte("\x02303500390SBIBLIOTECA}\x7FEUR 12,50}\x1B\x03\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			p, rest, err := Split(b)
			if errors.Is(err, errShort) {
				if len(b) > mostMessage+3 {
					t.Errorf("more is wanted after %d bytes", len(b))
				}
				return
			}
			if len(rest) >= len(b) || len(p.Text) > mostMessage {
				t.Fatalf("%d of %d bytes are left, the text has %d", len(rest), len(b), len(p.Text))
			}
			if err == nil {
				sameAgain(t, p, b[:len(b)-len(rest)])
				readAll(t, p.Text)
			}
			b = rest
		}
	})
}

func sameAgain(t *testing.T, p Packet, raw []byte) {
	var again []byte
	switch fits, known := p.LRC(); {
	case p.Sign == SOH:
		again = Progress(string(p.Text))
	case p.Sign != STX:
		again = Control(p.Sign)
	case known:
		again = fits.Frame(p.Text)
	default:
		return
	}
	if !bytes.Equal(again, raw) {
		t.Errorf("%X is written as %X", raw, again)
	}
}

func readAll(t *testing.T, message []byte) {
	if p, err := ParsePayment(message); err == nil && p.Minor > 0 {
		if again, err := p.Bytes(); err == nil && !bytes.Equal(again[10:18], message[10:18]) {
			t.Errorf("%q is written as %q", message, again)
		}
	}
	if c, err := ParseCondition(message); err == nil && c.At != string(message[20:30]) {
		t.Errorf("%q: %+v", message, c)
	}
	if r, err := ParseResult(message); err == nil && r.Ended == endedDone && digitsIn(r.MaskedPAN) > 10 {
		t.Errorf("%q: card %q", message, r.MaskedPAN)
	}
	ParseTotals(message)
	lines(message)
}

func digitsIn(s string) (n int) {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}
