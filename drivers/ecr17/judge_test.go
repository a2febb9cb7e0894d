package ecr17

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

// TestOnlyAnAnswerToWhatWasAskedIsAYes: anything else that is no clear no is in doubt.
func TestOnlyAnAnswerToWhatWasAskedIsAYes(t *testing.T) {
	yes := func(change func(*Result)) []byte { r := good; change(&r); return r.Bytes() }
	no := func(change func(*Result)) []byte { r := refusal; change(&r); return r.Bytes() }
	for _, c := range []struct {
		what   string
		answer []byte
		class  error
	}{
		{"yes", good.Bytes(), nil},
		{"yes, in a currency of the card", yes(func(r *Result) { r.Exchange = true }), nil},
		{"yes, with an action code that nobody explains", yes(func(r *Result) { r.Action = "085" }), nil},
		{"yes to another amount", yes(func(r *Result) { r.Minor = 125000 }), device.ErrDoubt},
		{"yes to nothing", yes(func(r *Result) { r.Minor = 0 }), device.ErrDoubt},
		{"yes to another amount, in a currency of the card", yes(func(r *Result) { r.Exchange, r.Minor = true, 1300 }), device.ErrDoubt},
		{"yes without an amount", yes(func(r *Result) { r.HasAmount = false }), device.ErrDoubt},
		{"yes with an amount of letters", []byte(strings.Replace(string(good.Bytes()), "00001250", "    1250", 1)), device.ErrDoubt},
		{"yes without a STAN", yes(func(r *Result) { r.STAN = 0 }), device.ErrDoubt},
		{"yes with a STAN of blanks", []byte(strings.Replace(string(good.Bytes()), "000124", "      ", 1)), device.ErrDoubt},
		{"yes from another terminal", yes(func(r *Result) { r.TerminalID = "30350040" }), device.ErrDoubt},
		{"yes to a reversal", yes(func(r *Result) { r.HasAmount, r.Reversal = false, true }), device.ErrDoubt},
		{"yes, cut off", good.Bytes()[:plainSize-1], device.ErrDoubt},
		{"yes, beyond all sizes", append(good.Bytes(), strings.Repeat("0", 60)...), device.ErrDoubt},
		{"no", refusal.Bytes(), device.ErrRefused},
		{"no, by the patron", no(func(r *Result) { r.Reason, r.STAN, r.Minor = "OPERAZIONE ANNULLATA", 0, 0 }), device.ErrRefused},
		{"no, without a reason and an amount", no(func(r *Result) { r.Reason, r.HasAmount = "", false }), device.ErrRefused},
		{"no from another terminal", no(func(r *Result) { r.TerminalID = "30350040" }), device.ErrDoubt},
		{"no to a reversal", no(func(r *Result) { r.HasAmount, r.Reversal = false, true }), device.ErrDoubt},
		{"no card in the terminal, which was not asked", no(func(r *Result) { r.Ended = "05" }), device.ErrDoubt},
		{"unknown data from the host", no(func(r *Result) { r.Ended = "09" }), device.ErrDoubt},
		{"a result that nobody knows", no(func(r *Result) { r.Ended = "91" }), device.ErrDoubt},
		{"a result of blanks", no(func(r *Result) { r.Ended = "  " }), device.ErrDoubt},
	} {
		heard, _, seen, err := pay(t, Config{OwnPrinter: true, TerminalID: "30350039"}, func(f *far) { f.hears(); f.says(ack, LRCWhole.Frame(c.answer)); f.hears() })
		if device.Class(err) != c.class || (len(seen) == 1) != (c.class == nil) {
			t.Errorf("%s: %v, seen %d", c.what, err, len(seen))
		}
		if acknowledged := strings.HasSuffix(heard, "+"); acknowledged != (c.class != device.ErrDoubt) {
			t.Errorf("%s: heard %q", c.what, heard)
		}
	}
}

func TestAnApprovalHoldsWhatTheTerminalTells(t *testing.T) {
	_, _, seen, err := pay(t, Config{OwnPrinter: true}, func(f *far) { f.hears(); f.says(ack, frame(good)); f.hears() })
	if err != nil || len(seen) != 1 {
		t.Fatalf("%v, seen %d", err, len(seen))
	}
	want := terminal.Approval{Amount: money.Of(1250, "EUR"), Trace: 124, TerminalID: "30350039", AuthorisationCode: "004711", MaskedPAN: "403035******5938",
		CardName: "PagoBANCOMAT", Date: seen[0].Date, Time: "152000"}
	if seen[0] != want || len(want.Date) != 4 {
		t.Errorf("%+v", seen[0])
	}
}

// TestTheSameApprovalNeverCountsTwice: a terminal that did not hear our acknowledgement may say it again.
func TestTheSameApprovalNeverCountsTwice(t *testing.T) {
	term := New(nil, Config{Currency: "EUR"})
	for n, want := range []error{nil, device.ErrDoubt} {
		err := term.judge(&line{wire: nowhere()}, good.Bytes(), terminal.Purchase{Amount: money.Of(1250, "EUR")},
			terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
		if device.Class(err) != want {
			t.Errorf("said %d times: %v", n+1, err)
		}
	}
}

func TestAnApprovalIsNotAcknowledgedBeforeItIsSaved(t *testing.T) {
	full := errors.New("disk full")
	said := &heardBytes{}
	term := New(nil, Config{Currency: "EUR"})
	err := term.judge(&line{wire: over(said)}, good.Bytes(), terminal.Purchase{Amount: money.Of(1250, "EUR")}, terminal.Watch{Seen: func(terminal.Approval) error {
		if said.n > 0 {
			t.Error("acknowledged before it was saved")
		}
		return full
	}})
	if device.Class(err) != device.ErrDoubt || !errors.Is(err, full) || said.n > 0 {
		t.Errorf("%v, %d bytes", err, said.n)
	}
}

func TestNoCardNumberIsInAnError(t *testing.T) {
	for _, answer := range []string{
		strings.Replace(string(refusal.Bytes()), "CARTA NON ABILITATA     ", "4012888888881881 NEGATA ", 1),
		strings.Replace(string(good.Bytes()), "000403035******5938", "0004012888888881881", 1)[:70],
		"303500390E09" + "0004012888888881881" + string(good.Bytes()[31:]),
		"4012888888881881" + string(good.Bytes()[16:]),
	} {
		_, _, _, err := pay(t, Config{OwnPrinter: true, TerminalID: "30350039"}, func(f *far) { f.hears(); f.says(ack, LRCWhole.Frame([]byte(answer))); f.hears() })
		if err == nil || strings.Contains(fmt.Sprint(err), "8888") {
			t.Errorf("%v", err)
		}
	}
}

func TestWhatCannotBeAskedForIsNotSent(t *testing.T) {
	none := func(context.Context) (io.ReadWriteCloser, error) { return nil, errors.New("must not be dialled") }
	term := New(none, Config{Currency: "EUR"})
	for _, a := range []money.Amount{money.Of(0, "EUR"), money.Of(-5, "EUR"), money.Of(mostMinor+1, "EUR"), money.Of(1250, "CHF")} {
		if _, err := term.Purchase(context.Background(), terminal.Purchase{Amount: a}, terminal.Watch{}); device.Class(err) != device.ErrNotSent ||
			strings.Contains(err.Error(), "dialled") {
			t.Errorf("%v: %v", a, err)
		}
	}
	if _, err := New(none, Config{Currency: "CHF"}).Purchase(context.Background(), terminal.Purchase{Amount: money.Of(1250, "CHF")}, terminal.Watch{}); device.Class(err) != device.ErrNotSent ||
		strings.Contains(err.Error(), "dialled") {
		t.Errorf("francs: %v", err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 { // whether the turn or the end of the context is seen first is chance
		if _, err := term.Purchase(gone, terminal.Purchase{Amount: money.Of(1250, "EUR")}, terminal.Watch{}); device.Class(err) != device.ErrNotSent ||
			strings.Contains(err.Error(), "dialled") {
			t.Fatalf("after the end of its context: %v", err)
		}
	}
}

func TestACloseIsJudgedByItsAnswer(t *testing.T) {
	term := New(nil, Config{Currency: "EUR", TerminalID: "30350039"})
	closed := Totals{TerminalID: "30350039", Closed: true, Ended: "00", Minor: 3750, HostMinor: 3750}
	for _, c := range []struct {
		what   string
		change func(*Totals)
		class  error
	}{
		{"closed", func(*Totals) {}, nil},
		{"closed, and the host has counted something else", func(t *Totals) { t.HostMinor = 1250 }, nil},
		{"not closed", func(t *Totals) { t.Ended = "01" }, device.ErrRefused},
		{"unknown data from the host", func(t *Totals) { t.Ended = "09" }, device.ErrDoubt},
		{"another terminal", func(t *Totals) { t.TerminalID = "30350040" }, device.ErrDoubt},
		{"not the answer to a close", func(t *Totals) { t.Closed = false }, device.ErrDoubt},
	} {
		totals := closed
		c.change(&totals)
		day, err := term.closed(totals.Bytes())
		if device.Class(err) != c.class || err == nil && day.Amount != money.Of(3750, "EUR") {
			t.Errorf("%s: %+v, %v", c.what, day, err)
		}
	}
}

// TestACloseIsSaidOnce: the session may be closed though nothing confirms it.
func TestACloseIsSaidOnce(t *testing.T) {
	closed := LRCWhole.Frame(Totals{TerminalID: "30350039", Closed: true, Ended: "00", Minor: 1250, HostMinor: 1250}.Bytes())
	for _, c := range []struct {
		what  string
		play  func(*far)
		heard string
		class error
	}{
		{"closed", func(f *far) { f.hears(); f.says(ack, closed); f.hears() }, "C +", nil},
		{"not confirmed", func(f *far) { f.hears() }, "C", device.ErrDoubt},
		{"not taken", func(f *far) { f.hears(); f.says(nak) }, "C", device.ErrNotSent},
		{"no answer", func(f *far) { f.hears(); f.says(ack) }, "C", device.ErrDoubt},
	} {
		synctest.Test(t, func(t *testing.T) {
			dial, hears := played(c.play)
			_, err := New(dial, Config{Currency: "EUR"}).EndOfDay(context.Background())
			if heard := hears(); device.Class(err) != c.class || heard != c.heard {
				t.Errorf("%s: %v, heard %q", c.what, err, heard)
			}
		})
	}
}

func TestARegisterHasEightDigits(t *testing.T) {
	for word, want := range map[string]string{"": "00000001", "2": "00000002", "12345678": "12345678"} {
		if c := (Config{Register: word}).filled(); c.Register != want {
			t.Errorf("%q: %q", word, c.Register)
		}
	}
}
