package caisseap

import (
	"context"
	"errors"
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

// says is a terminal that answers any request with the same bytes, in pieces, and then does what is told.
func says(pieces ...string) device.Dial {
	return func(context.Context) (io.ReadWriteCloser, error) {
		near, far := net.Pipe()
		go func() {
			far.Read(make([]byte, 1024))
			for _, p := range pieces {
				far.Write([]byte(p))
				time.Sleep(50 * time.Millisecond)
			}
			io.Copy(io.Discard, far)
			far.Close()
		}()
		return near, nil
	}
}

// pay asks for 12.50 and returns what was seen approved.
func pay(t *testing.T, dial device.Dial) (slip terminal.CardSlip, seen []terminal.Approval, err error) {
	synctest.Test(t, func(t *testing.T) {
		term := New(dial, Config{Currency: "EUR"})
		slip, err = term.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
			terminal.Watch{Seen: func(a terminal.Approval) error { seen = append(seen, a); return nil }})
		time.Sleep(time.Second) // the far end goes
	})
	return slip, seen, err
}

const yes = "CZ0040300CA00201CB0041250CD0010CE003978AE00210"

// TestOnlyAnAnswerToWhatWasAskedIsAYes: anything else that is no clear no is in doubt.
func TestOnlyAnAnswerToWhatWasAskedIsAYes(t *testing.T) {
	without := func(field string) string { return strings.Replace(yes, field, "", 1) }
	instead := func(field, other string) string { return strings.Replace(yes, field, other, 1) }
	for _, c := range []struct {
		what, answer string
		class        error
	}{
		{"yes", yes, nil},
		{"yes, the amount padded", instead("CB0041250", "CB012000000001250"), nil},
		{"yes, and it says authorised", yes + "AF00201", nil},
		{"no: refused", "CZ0040300AE00201AF00204", device.ErrRefused},
		{"no: abandoned, without an amount", "CZ0040300AE00201AF00211", device.ErrRefused},
		{"no: with all that was asked", instead("AE00210", "AE00201AF00204"), device.ErrRefused},
		{"no, without a reason", instead("AE00210", "AE00201"), device.ErrDoubt},
		{"no, but authorised", instead("AE00210", "AE00201AF00201"), device.ErrDoubt},
		{"no: not finished", instead("AE00210", "AE00201AF00207"), device.ErrDoubt},
		{"done, but with a wrong format", yes + "AF00209", device.ErrDoubt},
		{"done, without all else", "CZ0040300AE00210", device.ErrDoubt},
		{"accepted, the outcome later", "CZ0040300AE00211", device.ErrDoubt},
		{"yes to another amount", instead("CB0041250", "CB006100000"), device.ErrDoubt},
		{"yes to a negative amount", instead("CB0041250", "CB005-1250"), device.ErrDoubt},
		{"yes without an amount", without("CB0041250"), device.ErrDoubt},
		{"yes in another currency", instead("CE003978", "CE003756"), device.ErrDoubt},
		{"yes without a currency", without("CE003978"), device.ErrDoubt},
		{"yes to a refund", instead("CD0010", "CD0011"), device.ErrDoubt},
		{"yes without an action", without("CD0010"), device.ErrDoubt},
		{"yes to another register", instead("CA00201", "CA00202"), device.ErrDoubt},
		{"yes without a register", without("CA00201"), device.ErrDoubt},
		{"yes, and then no message any more", yes + "\r\n", device.ErrDoubt},
		{"another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", device.ErrDoubt},
		{"nothing that says how it ended", without("AE00210"), device.ErrDoubt},
		{"yes, its last field cut off", yes + "AC006123", device.ErrDoubt},
	} {
		_, seen, err := pay(t, says(c.answer))
		if device.Class(err) != c.class || (len(seen) == 1) != (c.class == nil) {
			t.Errorf("%s: %v, seen %d", c.what, err, len(seen))
		}
	}
}

func TestGoldenAnswersAreJudgedAsTheirSourcesSay(t *testing.T) {
	judged := 0
	for _, v := range vectors(t) {
		result, isAnswer := v.Expect["result"]
		if !isAnswer {
			continue
		}
		want := device.ErrDoubt
		switch {
		case result == "approved":
			want = nil
		case strings.HasPrefix(result, "declined"):
			want = device.ErrRefused
		}
		judged++
		if _, _, err := pay(t, says(v.Text)); device.Class(err) != want {
			t.Errorf("%s, %s: %v", v.ID, v.What, err)
		}
	}
	if judged < 6 {
		t.Errorf("only %d answers", judged)
	}
}

func TestAnAnswerIsWholeOnlyWhenNothingMoreComes(t *testing.T) {
	if _, _, err := pay(t, says(yes, "AF00209")); device.Class(err) != device.ErrDoubt {
		t.Errorf("a contradiction that came a moment later: %v", err)
	}
	pieces := strings.Split(yes, "")
	if _, seen, err := pay(t, says(pieces...)); err != nil || len(seen) != 1 {
		t.Errorf("byte by byte: %v", err)
	}
}

func TestWhatTheTerminalTellsOfTheCardIsMasked(t *testing.T) {
	slip, seen, err := pay(t, says(yes+"CG006000017AC006123456AA0164970101234567890ZT036NDAxMiA4ODg4IDg4ODggMTg4MQpNRVJDSQo="))
	if err != nil {
		t.Fatal(err)
	}
	if a := seen[0]; a.Receipt != 17 || a.AuthorisationCode != "123456" || a.MaskedPAN != "497010******7890" {
		t.Errorf("approval %+v", a)
	}
	if len(slip.Customer) != 2 || slip.Customer[0] != "4012 88** **** 1881" || slip.Customer[1] != "MERCI" {
		t.Errorf("slip %q", slip.Customer)
	}
}

// TestNoPurchaseBeginsWhileTheTerminalMayWaitForACardStill: after a lost answer the terminal goes on with the former one.
func TestNoPurchaseBeginsWhileTheTerminalMayWaitForACardStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialled := 0
		dial := func(ctx context.Context) (io.ReadWriteCloser, error) {
			if dialled++; dialled > 1 {
				return says(yes)(ctx)
			}
			near, far := net.Pipe()
			go func() { far.Read(make([]byte, 1024)); far.Close() }()
			return near, nil
		}
		term := New(dial, Config{Currency: "EUR", Rest: time.Minute})
		buy := func() error {
			_, err := term.Purchase(context.Background(), terminal.Purchase{Amount: money.Of(1250, "EUR")},
				terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			return err
		}
		if err := buy(); device.Class(err) != device.ErrDoubt {
			t.Fatalf("the answer was lost: %v", err)
		}
		if err := buy(); device.Class(err) != device.ErrNotSent || dialled != 1 {
			t.Errorf("at once: %v after %d connections", err, dialled)
		}
		if s, err := term.Status(context.Background()); err != nil || s.Ready || !strings.Contains(s.Reason, "card") {
			t.Errorf("status %+v, %v", s, err)
		}
		time.Sleep(time.Minute)
		if err := buy(); err != nil {
			t.Errorf("after its rest: %v", err)
		}
	})
}

func TestWhatCannotBeAskedForIsNotSent(t *testing.T) {
	none := func(context.Context) (io.ReadWriteCloser, error) { return nil, errors.New("must not be dialled") }
	term := New(none, Config{Currency: "EUR"})
	for _, a := range []money.Amount{money.Of(0, "EUR"), money.Of(-5, "EUR"), money.Of(mostMinor+1, "EUR"), money.Of(1250, "CHF")} {
		if _, err := term.Purchase(context.Background(), terminal.Purchase{Amount: a}, terminal.Watch{}); device.Class(err) != device.ErrNotSent {
			t.Errorf("%v: %v", a, err)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := term.Purchase(gone, terminal.Purchase{Amount: money.Of(1250, "EUR")}, terminal.Watch{}); device.Class(err) != device.ErrNotSent {
		t.Errorf("after the end of its context: %v", err)
	}
}

// TestTheAmountIsTheLastOfARequest: of a request that was cut off the terminal can charge nothing.
func TestTheAmountIsTheLastOfARequest(t *testing.T) {
	term := New(nil, Config{Currency: "EUR", Application: "012345678901"})
	b, err := term.request(terminal.Purchase{Ref: "4821-123", Amount: money.Of(5, "EUR")})
	if want := "CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CH0084821-123CB00205"; err != nil || string(b) != want {
		t.Errorf("%q, want %q, %v", b, want, err)
	}
}
