// Package terminaltest is the conformance suite of card terminal drivers: what every driver owes to the money. It runs
// each case in a bubble of testing/synctest against a far end with books, so that no case depends on the speed of a
// machine, and compares every outcome with those books.
package terminaltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

// Without is what the protocol of a terminal has not. The driver must say so in the classes of its errors; the suite holds it to that.
type Without struct {
	Memory     bool // of the last transaction: a lost answer stays in doubt, RecoverPurchase says NeverKnown and never a wrong word
	LastWord   bool // of an approval: the terminal may take it back until it is acknowledged, so it may be NeverKnown though it was seen
	Cancelling bool // by the kiosk: a purchase goes on when its context ends
	Reversal   bool // Reverse is refused, the money stays charged
	EndOfDay   bool // EndOfDay is not sent
	Slip       bool // no text for the receipts
	Receipt    bool // no number of the purchase
}

// Bench is one driver with a far end whose patron takes about half a minute to present a card. It is made inside the
// bubble in which it is used.
type Bench struct {
	// Without is what the protocol has not.
	Without Without
	// Dial reaches the far end. It may be called again and again.
	Dial device.Dial
	// New makes a driver; a second one stands for the kiosk after a restart.
	New func(device.Dial) terminal.Terminal
	// Next says what happens at the next purchase: "approve", "decline", "cancel" (by the patron), "silent" (nothing is
	// charged), "silent-charged", "late", "busy".
	Next func(order string)
	// Dialects are the ways of the far end with an approval that was not acknowledged; Unacknowledged chooses one.
	Dialects       []string
	Unacknowledged func(dialect string)
	// Charged is what stays charged, in minor units; Reversed what was taken back.
	Charged  func() []int64
	Reversed func() []int64
	// Close ends the far end.
	Close func()
}

// asked is what every case pays.
const asked = 1250

func purchase() terminal.Purchase {
	return terminal.Purchase{Ref: "4821-123", Amount: money.Of(asked, "EUR")}
}

// stage is a bench with a driver and what the case learned.
type stage struct {
	*testing.T
	Bench
	term     terminal.Terminal
	baseline *terminal.Transaction
	seen     []terminal.Approval
	seenErr  error
}

// Run runs the suite. make is called once per case.
func Run(t *testing.T, make func(t *testing.T) Bench) {
	cases := []struct {
		name string
		run  func(*stage)
	}{
		{"ApprovedPurchaseIsCharged", approved},
		{"DeclinedPurchaseIsRefused", func(s *stage) { refused(s, "decline") }},
		{"PurchaseCancelledByPatronIsRefused", func(s *stage) { refused(s, "cancel") }},
		{"LateApprovalIsCharged", func(s *stage) { s.Next("late"); approved(s) }},
		{"PurchaseStopsWhenContextEnds", stopped},
		{"SilentTerminalIsInDoubt", func(s *stage) { silent(s, "silent") }},
		{"SilentTerminalThatChargedIsInDoubt", func(s *stage) { silent(s, "silent-charged") }},
		{"BusyTerminalChargesNothing", busy},
		{"AbsentTerminalIsNotSent", absent},
		{"ApprovalIsSavedBeforeItIsAcknowledged", savedFirst},
		{"ReversalTakesMoneyBack", reversal},
		{"SecondReversalIsNoSuccess", secondReversal},
		{"SecondCallWaitsForTheFirst", queued},
		{"StatusIsReady", ready},
		{"EndOfDayCountsWhatIsCharged", endOfDay},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { on(t, make, c.run) })
	}
	dialects(t, make)
	t.Run("CutAnywhereInPurchaseIsRightOrInDoubt", func(t *testing.T) { cuts(t, make, cutPurchase) })
	reverses := false
	on(t, make, func(s *stage) { reverses = !s.Without.Reversal })
	if reverses {
		t.Run("CutAnywhereInReversalIsRightOrInDoubt", func(t *testing.T) { cuts(t, make, cutReversal) })
	}
}

func on(t *testing.T, make func(t *testing.T) Bench, run func(*stage)) {
	synctest.Test(t, func(t *testing.T) {
		bench := make(t)
		s := &stage{T: t, Bench: bench, term: bench.New(bench.Dial)}
		defer bench.Close()
		defer s.term.Close()
		run(s)
	})
}

func (s *stage) last() {
	s.Helper()
	found, err := s.term.Last(context.Background())
	if err != nil {
		s.Fatalf("Last = %v", err)
	}
	s.baseline = &found
}

func (s *stage) watch() terminal.Watch {
	return terminal.Watch{Seen: func(a terminal.Approval) error {
		s.seen = append(s.seen, a)
		return s.seenErr
	}}
}

func (s *stage) charged(want ...int64) {
	s.Helper()
	if got := s.Charged(); !slices.Equal(got, want) {
		s.Fatalf("charged %v, want %v", got, want)
	}
}

func (s *stage) class(err, want error) {
	s.Helper()
	if device.Class(err) != want {
		s.Fatalf("error %v is %v, want %v", err, device.Class(err), want)
	}
}

func (s *stage) attempt() terminal.Attempt {
	a := terminal.Attempt{Purchase: purchase(), Baseline: s.baseline}
	if len(s.seen) > 0 && s.seenErr == nil {
		a.Seen = &s.seen[0]
	}
	return a
}

// agree compares a verdict with the books.
func (s *stage) agree(term terminal.Terminal) {
	s.Helper()
	r, err := term.RecoverPurchase(context.Background(), s.attempt())
	if err != nil {
		s.Fatalf("RecoverPurchase = %v", err)
	}
	want := terminal.NotCharged
	if len(s.Charged()) > 0 {
		want = terminal.Charged
	}
	mayNotKnow := s.Without.Memory && (s.attempt().Seen == nil || want == terminal.NotCharged || s.Without.LastWord)
	if r.Verdict != want && !(mayNotKnow && r.Verdict == terminal.NeverKnown) {
		s.Fatalf("verdict %q (%s), the books hold %v, reversed %v", r.Verdict, r.Evidence, s.Charged(), s.Reversed())
	}
	if r.Evidence == "" {
		s.Fatal("a verdict without evidence")
	}
}

func approved(s *stage) {
	s.last()
	slip, err := s.term.Purchase(context.Background(), purchase(), s.watch())
	if err != nil {
		s.Fatalf("Purchase = %v", err)
	}
	s.charged(asked)
	if len(s.seen) != 1 || s.seen[0].Amount != purchase().Amount || s.seen[0].Receipt == 0 && !s.Without.Receipt {
		s.Fatalf("seen %+v", s.seen)
	}
	if len(slip.Customer) == 0 && !s.Without.Slip {
		s.Fatal("no customer slip")
	}
	s.agree(s.term)
}

func refused(s *stage, order string) {
	s.last()
	s.Next(order)
	_, err := s.term.Purchase(context.Background(), purchase(), s.watch())
	s.class(err, device.ErrRefused)
	s.charged()
	if len(s.seen) != 0 {
		s.Fatalf("seen %+v without approval", s.seen)
	}
	s.agree(s.term)
}

func stopped(s *stage) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := s.watch()
	w.Progress = func(p terminal.Progress) {
		if p == terminal.ProgressCard {
			cancel()
		}
	}
	s.last()
	_, err := s.term.Purchase(ctx, purchase(), w)
	if s.Without.Cancelling {
		s.class(err, nil)
		s.charged(asked)
	} else {
		s.class(err, device.ErrRefused)
		s.charged()
	}
	if _, err := s.term.Purchase(ctx, purchase(), w); device.Class(err) != device.ErrNotSent {
		s.Fatalf("a purchase begun after the end of its context = %v, want not sent", err)
	}
}

func silent(s *stage, order string) {
	s.last()
	s.Next(order)
	_, err := s.term.Purchase(context.Background(), purchase(), s.watch())
	s.class(err, device.ErrDoubt)
	s.agree(s.term)
}

func busy(s *stage) {
	s.last()
	s.Next("busy")
	_, err := s.term.Purchase(context.Background(), purchase(), s.watch())
	if class := device.Class(err); class != device.ErrNotSent && class != device.ErrRefused {
		s.Fatalf("Purchase at a busy terminal = %v", err)
	}
	s.charged()
	approved(s)
}

func absent(s *stage) {
	term := s.New(func(context.Context) (io.ReadWriteCloser, error) { return nil, errors.New("no such device") })
	defer term.Close()
	_, err := term.Purchase(context.Background(), purchase(), s.watch())
	s.class(err, device.ErrNotSent)
	if err := term.Reverse(context.Background(), terminal.Approval{Amount: purchase().Amount, Receipt: 1}); device.Class(err) != device.ErrNotSent && !s.Without.Reversal {
		s.Fatalf("Reverse = %v, want not sent", err)
	}
	if _, err := term.Status(context.Background()); err == nil {
		s.Fatal("an absent terminal has a status")
	}
}

func savedFirst(s *stage) {
	s.last()
	s.Unacknowledged(s.Dialects[0])
	s.seenErr = errors.New("disk full")
	_, err := s.term.Purchase(context.Background(), purchase(), s.watch())
	s.class(err, device.ErrDoubt)
	if !errors.Is(err, s.seenErr) {
		s.Fatalf("Purchase = %v does not say why", err)
	}
	s.agree(s.term)
}

// dialects: an approval is not acknowledged, since it could not be saved; the far end does with it what it will, and the
// verdict must be what its books say.
func dialects(t *testing.T, make func(t *testing.T) Bench) {
	var names []string
	on(t, make, func(s *stage) { names = s.Dialects })
	for _, name := range names {
		t.Run("VerdictAfterUnacknowledgedApproval/"+name, func(t *testing.T) {
			on(t, make, func(s *stage) {
				s.last()
				s.Unacknowledged(name)
				s.seenErr = errors.New("disk full")
				_, err := s.term.Purchase(context.Background(), purchase(), s.watch())
				s.class(err, device.ErrDoubt)
				s.agree(s.term)
				restarted := s.New(s.Dial)
				s.agree(restarted)
				restarted.Close()
			})
		})
	}
}

func (s *stage) bought() terminal.Approval {
	s.Helper()
	if _, err := s.term.Purchase(context.Background(), purchase(), s.watch()); err != nil {
		s.Fatalf("Purchase = %v", err)
	}
	return s.seen[len(s.seen)-1]
}

func reversal(s *stage) {
	a := s.bought()
	r, err := s.term.RecoverReversal(context.Background(), a)
	if err != nil || r.Verdict != terminal.Charged {
		s.Fatalf("before the reversal: %+v, %v", r, err)
	}
	if s.Without.Reversal {
		notReversed(s, a)
		return
	}
	if err := s.term.Reverse(context.Background(), a); err != nil {
		s.Fatalf("Reverse = %v", err)
	}
	s.charged()
	if got := s.Reversed(); !slices.Equal(got, []int64{asked}) {
		s.Fatalf("reversed %v", got)
	}
	r, err = s.term.RecoverReversal(context.Background(), a)
	if err != nil || r.Verdict != terminal.NotCharged {
		s.Fatalf("after the reversal: %+v, %v", r, err)
	}
}

// notReversed: a protocol without a reversal takes nothing back, and says so.
func notReversed(s *stage, a terminal.Approval) {
	s.class(s.term.Reverse(context.Background(), a), device.ErrRefused)
	r, err := s.term.RecoverReversal(context.Background(), a)
	if err != nil || r.Verdict != terminal.Charged {
		s.Fatalf("after the refused reversal: %+v, %v", r, err)
	}
	s.charged(asked)
}

func secondReversal(s *stage) {
	a := s.bought()
	if s.Without.Reversal {
		notReversed(s, a)
		notReversed(s, a)
		return
	}
	if err := s.term.Reverse(context.Background(), a); err != nil {
		s.Fatalf("Reverse = %v", err)
	}
	// After a refusal the money stays charged; here it does not, so refused would be a lie.
	err := s.term.Reverse(context.Background(), a)
	s.class(err, device.ErrDoubt)
	r, err := s.term.RecoverReversal(context.Background(), a)
	if err != nil || r.Verdict != terminal.NotCharged {
		s.Fatalf("RecoverReversal = %+v, %v", r, err)
	}
}

func queued(s *stage) {
	done := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := s.term.Purchase(context.Background(), purchase(), terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			s.Fatalf("Purchase = %v", err)
		}
	}
	s.charged(asked, asked)
}

func ready(s *stage) {
	status, err := s.term.Status(context.Background())
	if err != nil || !status.Ready || status.TerminalID == "" {
		s.Fatalf("Status = %+v, %v", status, err)
	}
}

func endOfDay(s *stage) {
	a := s.bought()
	total, err := s.term.EndOfDay(context.Background())
	if s.Without.EndOfDay {
		s.class(err, device.ErrNotSent)
		return
	}
	if err != nil || total.Amount != purchase().Amount {
		s.Fatalf("EndOfDay = %+v, %v", total, err)
	}
	if err := s.term.Reverse(context.Background(), a); err == nil {
		s.Fatal("a purchase was reversed after the end of day")
	}
	s.charged(asked)
}

// cuts runs one case for every byte of a dialogue, in both directions, by closing the link and by losing bytes without a
// sign, for each dialect. The log says how many bytes ended in which outcome, all of them right.
func cuts(t *testing.T, make func(t *testing.T) Bench, run func(*stage, *scissors) error) {
	for _, sent := range []bool{true, false} {
		for _, vanish := range []bool{false, true} {
			name := fmt.Sprintf("sent=%t/vanish=%t", sent, vanish)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				whole := &scissors{left: 1 << 30, sent: sent}
				on(t, make, func(s *stage) { run(s, whole) })
				length := whole.used
				if length < 20 {
					t.Fatalf("the dialogue has only %d bytes", length)
				}
				var names []string
				on(t, make, func(s *stage) { names = s.Dialects })
				outcomes := map[error]int{}
				for at := range length {
					for i, dialect := range names {
						if vanish && (at+i)%len(names) != 0 {
							continue // each byte once; the dialects in turn
						}
						cut := &scissors{left: at, sent: sent, vanish: vanish}
						on(t, make, func(s *stage) {
							s.Unacknowledged(dialect)
							outcomes[run(s, cut)]++
						})
						if t.Failed() {
							t.Fatalf("cut after byte %d, dialect %s", at, dialect)
						}
					}
				}
				t.Logf("| %s | %d bytes | done %d | refused %d | not sent %d | in doubt %d |", t.Name(), length,
					outcomes[nil], outcomes[device.ErrRefused], outcomes[device.ErrNotSent], outcomes[device.ErrDoubt])
			})
		}
	}
}

// cutPurchase returns the class of how a purchase ended over a cut link, when it was right.
func cutPurchase(s *stage, cut *scissors) error {
	s.last()
	s.term.Close()
	first := s.New(cut.dial(s.Dial))
	_, err := first.Purchase(context.Background(), purchase(), s.watch())
	first.Close()
	cut.mend()
	time.Sleep(10 * time.Minute) // the far end comes to rest
	switch class := device.Class(err); class {
	case nil:
		s.charged(asked)
		if len(s.seen) == 0 {
			s.Fatal("approved, and nobody saw it")
		}
	case device.ErrDoubt:
		s.agree(s.term)
	default:
		if len(s.Charged()) != 0 {
			s.Fatalf("Purchase = %v, but the books hold %v", err, s.Charged())
		}
	}
	if n := len(s.Charged()); n > 1 {
		s.Fatalf("%d charges for one purchase", n)
	}
	return device.Class(err)
}

func cutReversal(s *stage, cut *scissors) error {
	a := s.bought()
	s.term.Close()
	first := s.New(cut.dial(s.Dial))
	err := first.Reverse(context.Background(), a)
	first.Close()
	cut.mend()
	time.Sleep(10 * time.Minute)
	stays := len(s.Charged()) == 1
	switch class := device.Class(err); {
	case class == nil && stays:
		s.Fatal("reversed, but the books still hold the charge")
	case class == device.ErrDoubt:
		r, err := s.term.RecoverReversal(context.Background(), a)
		want := terminal.NotCharged
		if stays {
			want = terminal.Charged
		}
		if err != nil || r.Verdict != want {
			s.Fatalf("RecoverReversal = %+v, %v; the books hold %v", r, err, s.Charged())
		}
	case class != nil && !stays:
		s.Fatalf("Reverse = %v, but the books hold nothing any more", err)
	}
	return device.Class(err)
}
