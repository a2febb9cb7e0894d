package ecr17_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/ecr17/ecr17test"
)

var (
	euro1250 = terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}
	anyway   = terminal.Watch{Seen: func(terminal.Approval) error { return nil }}
	saves    = func(terminal.Approval) error { return nil }
)

// lostAfterTheCommand begins a payment whose link is lost when the terminal has taken it: the patron is still to present the card.
func lostAfterTheCommand(t *testing.T, far *ecr17test.Terminal, term terminal.Terminal) terminal.Attempt {
	t.Helper()
	last, err := term.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = term.Purchase(t.Context(), euro1250, terminal.Watch{Seen: saves, Progress: func(terminal.Progress) { far.Cut() }})
	if device.Class(err) != device.ErrDoubt {
		t.Fatalf("the link was lost: %v", err)
	}
	far.Restore()
	return terminal.Attempt{Purchase: euro1250, Baseline: &last}
}

// TestNoVerdictWhileThePatronIsStillAtTheTerminal: the terminal goes on without the kiosk, and tells its last result from before
// meanwhile. Neither the kiosk that asked nor one that was started again may take that for a no.
func TestNoVerdictWhileThePatronIsStillAtTheTerminal(t *testing.T) {
	for what, restart := range map[string]bool{"the same kiosk": false, "started again": true} {
		synctest.Test(t, func(t *testing.T) {
			patron := &cardholder.Cardholder{Wait: 90 * time.Second}
			far := ecr17test.New(patron)
			defer far.Close()
			var term terminal.Terminal = ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"})
			a := lostAfterTheCommand(t, far, term)
			if restart {
				term = ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"})
			}
			begun := time.Now()
			brief, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if r, err := term.RecoverPurchase(brief, a); err != nil || r.Verdict != terminal.StillUnknown {
				t.Errorf("%s, while the patron looks for the card: %+v, %v", what, r, err)
			}
			r, err := term.RecoverPurchase(t.Context(), a)
			charged, _ := patron.Books()
			if took := time.Since(begun); err != nil || r.Verdict != terminal.Charged || len(charged) != 1 || took < 85*time.Second || took > 100*time.Second {
				t.Errorf("%s: %+v, %v after %s", what, r, err, took)
			}
		})
	}
}

func TestNothingChargedIsKnownWhenThePaymentWouldHaveEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		patron := &cardholder.Cardholder{Wait: 30 * time.Second}
		patron.Next(cardholder.Silent)
		far := ecr17test.New(patron)
		defer far.Close()
		term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR", Rest: 4 * time.Minute})
		a := lostAfterTheCommand(t, far, term)
		begun := time.Now()
		r, err := term.RecoverPurchase(t.Context(), a)
		if took := time.Since(begun); err != nil || r.Verdict != terminal.NotCharged || took < 4*time.Minute || took > 5*time.Minute {
			t.Errorf("%+v, %v after %s", r, err, took)
		}
	})
}

func TestNoPurchaseBeginsWhileTheTerminalMayBeAtOneStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := ecr17test.New(&cardholder.Cardholder{Wait: 30 * time.Second})
		defer far.Close()
		links := 0
		term := ecr17.New(func(ctx context.Context) (io.ReadWriteCloser, error) { links++; return far.Dial(ctx) }, ecr17.Config{Currency: "EUR"})
		a := lostAfterTheCommand(t, far, term)
		was := links
		if _, err := term.Purchase(t.Context(), euro1250, anyway); device.Class(err) != device.ErrNotSent || links != was {
			t.Errorf("at once: %v, %d links", err, links-was)
		}
		if s, err := term.Status(t.Context()); err != nil || s.Ready || s.Reason == "" {
			t.Errorf("status %+v, %v", s, err)
		}
		if r, err := term.RecoverPurchase(t.Context(), a); err != nil || r.Verdict != terminal.Charged {
			t.Errorf("%+v, %v", r, err)
		}
		if s, err := term.Status(t.Context()); err != nil || !s.Ready {
			t.Errorf("when it is known: %+v, %v", s, err)
		}
		if _, err := term.Purchase(t.Context(), euro1250, anyway); err != nil {
			t.Errorf("when it is known: %v", err)
		}
	})
}

func TestATerminalThatDoesNotTellItsLastResultNeverKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := ecr17test.New(&cardholder.Cardholder{})
		far.Unknown = "G"
		defer far.Close()
		term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"})
		if _, err := term.Last(t.Context()); device.Class(err) != device.ErrRefused {
			t.Errorf("last: %v", err)
		}
		if _, err := term.Purchase(t.Context(), euro1250, anyway); err != nil {
			t.Errorf("it can be paid at: %v", err)
		}
		r, err := term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: euro1250})
		if err != nil || r.Verdict != terminal.NeverKnown || r.Evidence == "" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestATerminalThatTakesNoMessageMayBeAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := ecr17test.New(&cardholder.Cardholder{})
		far.Unknown = "Gs"
		defer far.Close()
		term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"})
		if r, err := term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: euro1250}); device.Class(err) != device.ErrNotSent {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestANewTerminalProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := ecr17test.New(&cardholder.Cardholder{})
		far.Forget()
		defer far.Close()
		term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"})
		if _, err := term.Last(t.Context()); device.Class(err) != device.ErrRefused {
			t.Errorf("last: %v", err)
		}
		if _, err := term.Purchase(t.Context(), euro1250, anyway); err != nil {
			t.Fatal(err)
		}
		if r, err := term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: euro1250}); err != nil || r.Verdict != terminal.StillUnknown {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestASilentTerminalIsAskedAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		term := ecr17.New(func(context.Context) (io.ReadWriteCloser, error) { return nil, errors.New("no route") }, ecr17.Config{Currency: "EUR"})
		before := terminal.Transaction{Kind: terminal.KindPurchase, Approval: terminal.Approval{Trace: 5}}
		if r, err := term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: euro1250, Baseline: &before}); device.Class(err) != device.ErrNotSent {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAllWaysToBuildCheckSums(t *testing.T) {
	for _, word := range []string{"", "message", "message-etx", "stx-message", "stx-message-etx"} {
		synctest.Test(t, func(t *testing.T) {
			lrc, err := ecr17.ParseLRC(word)
			if err != nil {
				t.Fatal(err)
			}
			far := ecr17test.New(&cardholder.Cardholder{})
			far.LRC = lrc
			defer far.Close()
			term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR", LRC: lrc, TerminalID: ecr17test.TerminalID})
			if slip, err := term.Purchase(t.Context(), euro1250, anyway); err != nil || len(slip.Customer) == 0 {
				t.Errorf("%q: %v", word, err)
			}
		})
	}
}

func TestATerminalWithAnotherNumberTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := ecr17test.New(&cardholder.Cardholder{})
		defer far.Close()
		term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR", TerminalID: "12345678"})
		if _, err := term.Purchase(t.Context(), euro1250, anyway); device.Class(err) != device.ErrNotSent {
			t.Errorf("%v", err)
		}
	})
}

func TestWhatATerminalSaysOfItselfIsToldToStaff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for state, ready := range map[byte]bool{'0': false, '1': false, '2': true, '3': false, '4': false, '5': false, '6': false, '9': false} {
			far := ecr17test.New(&cardholder.Cardholder{})
			far.State = state
			s, err := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"}).Status(t.Context())
			if err != nil || s.Ready != ready || (s.Reason == "") != ready {
				t.Errorf("%c: %+v, %v", state, s, err)
			}
			far.Close()
		}
	})
}

// TestASecondDayBeginsAtNothing: the totals are those since the last close.
func TestASecondDayBeginsAtNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := ecr17test.New(&cardholder.Cardholder{})
		defer far.Close()
		term := ecr17.New(far.Dial, ecr17.Config{Currency: "EUR"})
		for _, want := range []int64{1250, 0} {
			if want > 0 {
				if _, err := term.Purchase(t.Context(), euro1250, anyway); err != nil {
					t.Fatal(err)
				}
			}
			if day, err := term.EndOfDay(t.Context()); err != nil || day.Amount != money.Of(want, "EUR") {
				t.Errorf("%+v, %v, want %d", day, err, want)
			}
		}
		if last, err := term.Last(t.Context()); err != nil || last.Approval.Amount != euro1250.Amount {
			t.Errorf("a close changed the last result: %+v, %v", last, err)
		}
	})
}
