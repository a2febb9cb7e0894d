package concert

import (
	"context"
	"fmt"
	"io"
	"net"
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

// hears reads until the kiosk has said n bytes.
func (f *far) hears(n int) string {
	b := make([]byte, n)
	io.ReadFull(f, b)
	f.heard += string(b)
	return string(b)
}

func (f *far) says(b ...byte) { f.Write(b) }

const requestFrame = requestSize + 3

// takes hears a request as it should be.
func (f *far) takes() {
	f.hears(1)
	f.says(ACK)
	f.hears(requestFrame)
	f.says(ACK)
	f.hears(1)
}

// tells has the turn and sends an answer.
func (f *far) tells(a Answer) {
	f.says(ENQ)
	f.hears(1)
	f.says(Frame(a.Bytes())...)
}

var yes = Answer{Register: "01", Status: '0', Minor: 1250, Mode: '1', Currency: "978", Private: "4821-123"}

// pay asks a terminal that is played for 12.50.
func pay(t *testing.T, play func(*far)) (heard string, seen []terminal.Approval, err error) {
	synctest.Test(t, func(t *testing.T) {
		near, other := net.Pipe()
		f := &far{Conn: other}
		played := make(chan struct{})
		go func() {
			play(f)
			b, _ := io.ReadAll(f)
			f.heard += string(b)
			f.Close()
			close(played)
		}()
		term := New(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, Config{Currency: "EUR"})
		_, err = term.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
			terminal.Watch{Seen: func(a terminal.Approval) error { seen = append(seen, a); return nil }})
		<-played
		heard = f.heard
	})
	return heard, seen, err
}

const ask = "\x02" + "0100001250010978" + "4821-123  " + "A010B010" + "\x03"

// TestOnlyAnAnswerToWhatWasAskedIsAYes: anything else that is no clear no is in doubt.
func TestOnlyAnAnswerToWhatWasAskedIsAYes(t *testing.T) {
	changed := func(change func(*Answer)) Answer { a := yes; change(&a); return a }
	for _, c := range []struct {
		what   string
		answer Answer
		class  error
	}{
		{"yes", yes, nil},
		{"yes with a report", changed(func(a *Answer) { a.Report = fmt.Sprintf("%55s", "") }), nil},
		{"no", changed(func(a *Answer) { a.Status = '7' }), device.ErrRefused},
		{"not verified", changed(func(a *Answer) { a.Status = '9' }), device.ErrDoubt},
		{"a status that nobody knows", changed(func(a *Answer) { a.Status = 'X' }), device.ErrDoubt},
		{"another amount", changed(func(a *Answer) { a.Minor = 125000 }), device.ErrDoubt},
		{"another currency", changed(func(a *Answer) { a.Currency = "756" }), device.ErrDoubt},
		{"another register", changed(func(a *Answer) { a.Register = "02" }), device.ErrDoubt},
		{"another payment's code", changed(func(a *Answer) { a.Private = "4821-122" }), device.ErrDoubt},
		{"no code", changed(func(a *Answer) { a.Private = "" }), device.ErrDoubt},
		{"a no to another payment", changed(func(a *Answer) { a.Status, a.Private = '7', "4821-122" }), device.ErrDoubt},
	} {
		_, seen, err := pay(t, func(f *far) { f.takes(); f.tells(c.answer) })
		if device.Class(err) != c.class || (len(seen) == 1) != (c.class == nil) {
			t.Errorf("%s: %v, seen %d", c.what, err, len(seen))
		}
	}
}

// TestTheTurnsOfAPurchase: every sign in its place, and no frame twice that may have been understood.
func TestTheTurnsOfAPurchase(t *testing.T) {
	whole := string(Frame([]byte(ask[1 : len(ask)-1])))
	enq, ack, nak, eot := "\x05", "\x06", "\x15", "\x04"
	for _, c := range []struct {
		what  string
		play  func(*far)
		heard string
		class error
	}{
		{"as it should be", func(f *far) { f.takes(); f.tells(yes); f.hears(1); f.says(EOT) }, enq + whole + eot + ack + ack, nil},
		{"nobody answers", func(f *far) { f.hears(3) }, enq + enq + enq, device.ErrNotSent},
		{"the second ENQ is answered", func(f *far) {
			f.hears(2)
			f.says(ACK)
			f.hears(requestFrame)
			f.says(ACK)
			f.hears(1)
			f.tells(yes)
		}, enq + enq + whole + eot + ack + ack, nil},
		{"busy", func(f *far) {
			for range 3 {
				f.hears(1)
				f.says(NAK)
			}
		}, enq + enq + enq, device.ErrNotSent},
		{"it has to tell of another payment", func(f *far) { f.hears(1); f.says(ENQ) }, enq, device.ErrNotSent},
		{"the frame is not understood once", func(f *far) {
			f.hears(1)
			f.says(ACK)
			f.hears(requestFrame)
			f.says(NAK)
			f.hears(requestFrame)
			f.says(ACK)
			f.hears(1)
			f.tells(yes)
		}, enq + whole + whole + eot + ack + ack, nil},
		{"the frame is never understood", func(f *far) {
			f.hears(1)
			f.says(ACK)
			for range 3 {
				f.hears(requestFrame)
				f.says(NAK)
			}
		}, enq + whole + whole + whole + eot, device.ErrNotSent},
		{"the frame is not confirmed", func(f *far) { f.hears(1); f.says(ACK); f.hears(requestFrame) }, enq + whole, device.ErrDoubt},
		{"no answer", func(f *far) { f.takes() }, enq + whole + eot, device.ErrDoubt},
		{"the answer is damaged once", func(f *far) {
			f.takes()
			f.says(ENQ)
			f.hears(1)
			damaged := Frame(yes.Bytes())
			damaged[5] ^= 1
			f.says(damaged...)
			f.hears(1)
			f.says(Frame(yes.Bytes())...)
		}, enq + whole + eot + ack + nak + ack, nil},
		{"the acknowledgement is lost", func(f *far) {
			f.takes()
			f.tells(yes)
			f.hears(1)
			f.tells(yes)
			f.hears(1)
			f.says(EOT)
		}, enq + whole + eot + ack + ack + ack + ack, nil},
		{"noise before the answer", func(f *far) { f.takes(); f.says('A', 'T', '\r'); f.tells(yes) }, enq + whole + eot + ack + ack, nil},
	} {
		heard, seen, err := pay(t, c.play)
		if device.Class(err) != c.class || heard != c.heard || len(seen) > 1 {
			t.Errorf("%s: %v, seen %d, heard %q, want %q", c.what, err, len(seen), heard, c.heard)
		}
	}
}

func TestNoPurchaseBeginsWhileTheTerminalMayWaitForACardStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialled := 0
		term := New(func(context.Context) (io.ReadWriteCloser, error) {
			dialled++
			near, other := net.Pipe()
			go func() { f := &far{Conn: other}; f.takes(); f.Close() }()
			return near, nil
		}, Config{Currency: "EUR", Rest: time.Minute})
		buy := func() error {
			_, err := term.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}, terminal.Watch{})
			return err
		}
		if err := buy(); device.Class(err) != device.ErrDoubt {
			t.Fatalf("the answer was lost: %v", err)
		}
		if err := buy(); device.Class(err) != device.ErrNotSent || dialled != 1 {
			t.Errorf("at once: %v after %d links", err, dialled)
		}
		if s, err := term.Status(context.Background()); err != nil || s.Ready || s.Reason == "" {
			t.Errorf("status %+v, %v", s, err)
		}
		time.Sleep(time.Minute)
		if err := buy(); device.Class(err) != device.ErrDoubt || dialled != 2 {
			t.Errorf("after its rest: %v after %d links", err, dialled)
		}
	})
}
