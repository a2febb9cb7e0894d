package ecr17

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

// far is a terminal that a test plays: what it hears and says, in turn.
type far struct {
	net.Conn
	heard string
}

// hears reads one packet of the kiosk.
func (f *far) hears() {
	var got []byte
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(f, b); err != nil {
			return
		}
		got = append(got, b[0])
		if p, _, err := Split(got); err == nil {
			f.heard += name(p) + " "
			return
		}
	}
}

// name is the code of a message, with what tells it from others; + is ACK and - is NAK.
func name(p Packet) string {
	switch {
	case p.Sign == ACK:
		return "+"
	case p.Sign == NAK:
		return "-"
	case len(p.Text) < headerSize:
		return "?"
	case p.Text[9] == codeReceipts:
		return string(p.Text[9:11])
	}
	return string(p.Text[9:10])
}

func (f *far) says(b ...[]byte) {
	for _, b := range b {
		f.Write(b)
	}
}

var (
	ack = Control(ACK)
	nak = Control(NAK)
)

func frame(r Result) []byte { return LRCWhole.Frame(r.Bytes()) }

// takes hears the wish for receipts and the payment, as they should be.
func (f *far) takes() {
	f.hears()
	f.says(ack)
	f.hears()
	f.says(ack)
}

// receipt is one of two parts.
func (f *far) receipt() {
	for _, part := range []string{"BIBLIOTECA}EUR 12", ",50}}}}}}}\x1b"} {
		f.says(LRCWhole.Frame([]byte("303500390S" + part)))
		f.hears()
	}
}

// played is a terminal for one link. When the link has ended, heard is what it heard.
func played(play func(*far)) (dial device.Dial, heard func() string) {
	near, other := net.Pipe()
	f := &far{Conn: other}
	ended := make(chan struct{})
	go func() {
		play(f)
		for n := -1; len(f.heard) != n; {
			n = len(f.heard)
			f.hears()
		}
		f.Close()
		close(ended)
	}()
	return func(context.Context) (io.ReadWriteCloser, error) { return near, nil },
		func() string { <-ended; return strings.TrimSpace(f.heard) }
}

// pay asks a terminal that is played for 12.50.
func pay(t *testing.T, cfg Config, play func(*far)) (heard string, slip terminal.CardSlip, seen []terminal.Approval, err error) {
	synctest.Test(t, func(t *testing.T) {
		dial, hears := played(play)
		cfg.Currency = "EUR"
		slip, err = New(dial, cfg).Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
			terminal.Watch{Seen: func(a terminal.Approval) error { seen = append(seen, a); return nil }})
		heard = hears()
	})
	return heard, slip, seen, err
}

// TestTheTurnsOfAPurchase: every sign in its place, and no payment asked for twice.
func TestTheTurnsOfAPurchase(t *testing.T) {
	damaged := frame(good)
	damaged[20] ^= 1
	for _, c := range []struct {
		what  string
		cfg   Config
		play  func(*far)
		heard string
		class error
		lines int
	}{
		{"as it should be", Config{}, func(f *far) { f.takes(); f.says(frame(good)); f.hears(); f.receipt() }, "E1 X + + +", nil, 2},
		{"it prints itself", Config{OwnPrinter: true}, func(f *far) { f.hears(); f.says(ack); f.says(frame(good)); f.hears() }, "X +", nil, 0},
		{"it cannot send receipts", Config{}, func(f *far) { f.hears(); f.says(nak); f.hears(); f.says(ack, frame(good)); f.hears() }, "E1 X +", nil, 0},
		{"nobody answers", Config{}, func(f *far) { f.hears() }, "E1", device.ErrNotSent, 0},
		{"it does not take the payment", Config{}, func(f *far) { f.hears(); f.says(ack); f.hears(); f.says(nak) }, "E1 X", device.ErrNotSent, 0},
		{"the payment is not confirmed", Config{}, func(f *far) { f.hears(); f.says(ack); f.hears() }, "E1 X", device.ErrDoubt, 0},
		{"a damaged sign confirms nothing", Config{}, func(f *far) { f.hears(); f.says(ack); f.hears(); f.says([]byte{NAK, ETX, 0x7A}) }, "E1 X", device.ErrDoubt, 0},
		{"an old NAK is no answer to the payment", Config{}, func(f *far) { f.hears(); f.says(nak, nak); f.hears(); f.says(ack, frame(good)); f.hears() },
			"E1 X +", nil, 0},
		{"an old yes is no answer to the payment", Config{}, func(f *far) { f.hears(); f.says(ack, frame(good)); f.hears() }, "E1 X", device.ErrDoubt, 0},
		{"a yes before the ACK", Config{}, func(f *far) { f.hears(); f.says(ack); f.hears(); f.says(frame(good)) }, "E1 X", device.ErrDoubt, 0},
		{"no answer", Config{}, func(f *far) { f.takes() }, "E1 X", device.ErrDoubt, 0},
		{"the link ends before the answer", Config{}, func(f *far) { f.takes(); f.Close() }, "E1 X", device.ErrDoubt, 0},
		{"the answer is damaged once", Config{OwnPrinter: true}, func(f *far) { f.hears(); f.says(ack, damaged); f.hears(); f.says(frame(good)); f.hears() },
			"X - +", nil, 0},
		{"the answer is always damaged", Config{OwnPrinter: true}, func(f *far) {
			f.hears()
			f.says(ack, damaged)
			f.hears()
			f.says(damaged)
			f.hears()
			f.says(damaged)
		}, "X - -", device.ErrDoubt, 0},
		{"the answer breaks off", Config{OwnPrinter: true}, func(f *far) { f.hears(); f.says(ack, frame(good)[:40]); f.hears(); f.says(frame(good)); f.hears() },
			"X - +", nil, 0},
		{"check sums of another way", Config{OwnPrinter: true, LRC: LRCMessage}, func(f *far) {
			f.hears()
			f.says(ack)
			for range 3 {
				f.says(frame(good))
				f.hears()
			}
		}, "X - -", device.ErrDoubt, 0},
		{"the acknowledgement is lost", Config{}, func(f *far) {
			f.takes()
			f.says(frame(good))
			f.hears()
			f.says(frame(good))
			f.hears()
			f.receipt()
		}, "E1 X + + + +", nil, 2},
		{"no receipt", Config{}, func(f *far) { f.takes(); f.says(frame(good)); f.hears() }, "E1 X +", nil, 0},
		{"half a receipt", Config{}, func(f *far) {
			f.takes()
			f.says(frame(good))
			f.hears()
			f.says(LRCWhole.Frame([]byte("303500390SBIBLIOTECA}")))
			f.hears()
		}, "E1 X + +", nil, 0},
		{"the link ends within the receipt", Config{}, func(f *far) {
			f.takes()
			f.says(frame(good))
			f.hears()
			f.says(LRCWhole.Frame([]byte("303500390SBIBLIOTECA}"))[:9])
			f.Close()
		}, "E1 X +", nil, 0},
		{"a receipt without end", Config{}, func(f *far) {
			f.takes()
			f.says(frame(good))
			f.hears()
			for range mostParts + 5 {
				f.says(LRCWhole.Frame([]byte("303500390SBIBLIOTECA}")))
				f.hears()
			}
		}, "E1 X +" + strings.Repeat(" +", mostParts), nil, 0},
		{"the receipt comes first", Config{}, func(f *far) { f.takes(); f.receipt(); f.says(frame(good)); f.hears() }, "E1 X + + +", nil, 2},
		{"a no has a receipt, too", Config{}, func(f *far) { f.takes(); f.says(frame(refusal)); f.hears(); f.receipt() }, "E1 X + + +", device.ErrRefused, 0},
		{"noise before the answer", Config{OwnPrinter: true}, func(f *far) { f.hears(); f.says(ack, []byte("AT\r\n\x06"), frame(good)); f.hears() },
			"X +", nil, 0},
		{"it never stops talking", Config{}, func(f *far) {
			f.hears()
			f.says(ack)
			for range 100 {
				f.says(Progress("ATTENDERE"))
				time.Sleep(100 * time.Millisecond)
			}
		}, "E1", device.ErrNotSent, 0},
	} {
		heard, slip, seen, err := pay(t, c.cfg, c.play)
		if device.Class(err) != c.class || heard != c.heard || len(slip.Customer) != c.lines || len(seen) > 1 || len(seen) == 0 && err == nil {
			t.Errorf("%s: %v, seen %d, slip %q, heard %q, want %q", c.what, err, len(seen), slip.Customer, heard, c.heard)
		}
	}
}

func TestAWrongWayToBuildCheckSumsIsNamed(t *testing.T) {
	_, _, _, err := pay(t, Config{OwnPrinter: true, LRC: LRCMessage}, func(f *far) {
		f.hears()
		f.says(ack)
		for range 3 {
			f.says(frame(good))
			f.hears()
		}
	})
	if err == nil || !strings.Contains(err.Error(), `"stx-message-etx" instead of "message"`) {
		t.Errorf("%v", err)
	}
}

// TestAQuestionIsAskedThreeTimes: what begins nothing may be said again.
func TestAQuestionIsAskedThreeTimes(t *testing.T) {
	condition := LRCWhole.Frame(Condition{TerminalID: "30350039", At: "2911261015", State: '2'}.Bytes())
	for _, c := range []struct {
		what  string
		play  func(*far)
		heard string
		ready bool
	}{
		{"at once", func(f *far) { f.hears(); f.says(ack, condition); f.hears() }, "s +", true},
		{"after a NAK and a silence", func(f *far) {
			f.hears()
			f.says(nak)
			f.hears()
			f.hears()
			f.says(ack, condition)
			f.hears()
		}, "s s s +", true},
		{"never", func(f *far) { f.hears(); f.hears(); f.hears() }, "s s s", false},
		{"another terminal", func(f *far) {
			f.hears()
			f.says(ack, LRCWhole.Frame(Condition{TerminalID: "30350040", At: "2911261015", State: '2'}.Bytes()))
			f.hears()
		}, "s +", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			dial, hears := played(c.play)
			s, err := New(dial, Config{Currency: "EUR", TerminalID: "30350039"}).Status(context.Background())
			if heard := hears(); s.Ready != c.ready || (err == nil) != c.ready || heard != c.heard {
				t.Errorf("%s: %+v, %v, heard %q", c.what, s, err, heard)
			}
		})
	}
}

func TestTheDisplayIsAHintForTheScreen(t *testing.T) {
	for text, want := range map[string]terminal.Progress{"Inserire carta": terminal.ProgressCard, "DIGITARE PIN": terminal.ProgressPIN,
		"RIMUOVERE LA CARTA": terminal.ProgressRemove, "ATTENDERE PREGO": terminal.ProgressWait, "": terminal.ProgressWait} {
		if got := hint(text); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func ExampleParseLRC() {
	lrc, err := ParseLRC("message-etx")
	fmt.Printf("% X %v\n", lrc.Frame([]byte("123456780s")), err)
	_, err = ParseLRC("std")
	fmt.Println(err)
	// Output:
	// 02 31 32 33 34 35 36 37 38 30 73 03 37 <nil>
	// ecr17: "std" is no way to build a check sum; use one of [message message-etx stx-message stx-message-etx]
}
