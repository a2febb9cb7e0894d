package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/sip2"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

const (
	secondCard = "20017000042325"
	thirdCard  = "20017000042333"
)

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

// wire remembers the commands that left for the terminal.
type wire struct {
	mu       sync.Mutex
	commands []string
}

// saw says whether a command such as "0601" left.
func (w *wire) saw(command string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.commands, command)
}

type tapped struct {
	io.ReadWriteCloser
	wire *wire
}

func (c tapped) Write(b []byte) (int, error) {
	if len(b) >= 2 {
		c.wire.mu.Lock()
		c.wire.commands = append(c.wire.commands, fmt.Sprintf("%02x%02x", b[0], b[1]))
		c.wire.mu.Unlock()
	}
	return c.ReadWriteCloser.Write(b)
}

// The commands of the terminal that money depends on.
const (
	authorisation = "0601"
	reversal      = "0630"
)

// faulty is a ledger that cannot save one kind of event.
type faulty struct {
	*ledger.Ledger
	kind string
}

func (l *faulty) Append(id payment.ID, e payment.Event) (payment.Payment, error) {
	if payment.Kind(e) == l.kind {
		return payment.Payment{}, fmt.Errorf("save %q: %w", l.kind, ledger.ErrCommit)
	}
	return l.Ledger.Append(id, e)
}

func (l *faulty) Intend(card string, e payment.Intended) (payment.Payment, error) {
	if l.kind == "intended" {
		return payment.Payment{}, fmt.Errorf("save %q: %w", l.kind, ledger.ErrCommit)
	}
	return l.Ledger.Intend(card, e)
}

// kiosk is a program whose wire is watched. It starts with change made to its configuration.
type kiosk struct {
	*program
	wire *wire
}

func (w *world) kiosk(profile string, change func(*runner.Config)) *kiosk {
	w.t.Helper()
	k := &kiosk{program: &program{w: w, ended: make(chan error, 1)}, wire: &wire{}}
	var err error
	if k.ledger, err = ledger.Open(w.folder, bytes.Repeat([]byte{7}, ledger.KeySize)); err != nil {
		w.t.Fatal(err)
	}
	k.library, err = sip2.New(sip2.Config{Profile: profile, Currency: "EUR", Institution: "CPL",
		Dial: func(ctx context.Context) (net.Conn, error) {
			conn, err := w.library.Dial(ctx)
			return conn, k.track(conn, err)
		}}, w.log)
	if err != nil {
		w.t.Fatal(err)
	}
	dial := device.Dial(func(ctx context.Context) (io.ReadWriteCloser, error) {
		conn, err := w.terminal.Dial(ctx)
		if err := k.track(conn, err); err != nil {
			return nil, err
		}
		return tapped{conn, k.wire}, nil
	})
	c := runner.Config{Ledger: k.ledger, Terminal: zvt.New(dial, zvt.Config{Password: "000000"}, w.log), Library: k.library, Now: now, Log: w.log}
	if change != nil {
		change(&c)
	}
	k.runner = runner.New(c)
	ctx, stop := context.WithCancel(context.Background())
	k.stop = stop
	go func() { k.ended <- k.runner.Run(ctx) }()
	return k
}

// cannotSave starts a kiosk whose ledger fails at one kind of event.
func (w *world) cannotSave(kind string) *kiosk {
	w.t.Helper()
	return w.kiosk("koha", func(c *runner.Config) { c.Ledger = &faulty{c.Ledger.(*ledger.Ledger), kind} })
}

// inWorld runs a rule in a bubble of its own.
func inWorld(t *testing.T, mode acs.Mode, terminal zvttest.Config, rule func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, mode)
		w.terminal.Close()
		w.terminal = zvttest.New(terminal)
		defer w.close()
		for _, c := range []string{secondCard, thirdCard} {
			if err := w.library.AddPatron(acs.Patron{Card: c, Name: "B", Fees: []acs.Fee{{ID: "9" + c[11:], OutstandingMinor: 300}}}); err != nil {
				t.Fatal(err)
			}
		}
		rule(t, w)
	})
}

// fee is one fee to pay.
type fee struct {
	id    string
	minor int64
}

var (
	both   = []fee{{"104", 250}, {"105", 1000}}
	second = []fee{{"9325", 300}}
	third  = []fee{{"9333", 300}}
)

func order(card string, fees ...fee) runner.Order {
	o := runner.Order{Patron: ils.Patron{Card: card}, Amount: eur(0), Rules: payment.StandardRules(120*time.Second, false)}
	for _, f := range fees {
		o.Legs = append(o.Legs, payment.PlannedLeg{Fee: f.id, Amount: eur(f.minor)})
		if f.id != "" {
			o.Seen.Fees = append(o.Seen.Fees, payment.Balance{Fee: f.id, Minor: f.minor})
		}
		o.Amount.Minor += f.minor
	}
	o.Seen.Total = o.Amount
	return o
}

// begin confirms an order.
func (k *kiosk) begin(o runner.Order) payment.ID {
	k.w.t.Helper()
	id, err := k.runner.Pay(context.Background(), o)
	if err != nil {
		k.w.t.Fatalf("Pay = %v", err)
	}
	return id
}

func (k *kiosk) payment(id payment.ID) payment.Payment {
	k.w.t.Helper()
	p, err := k.ledger.Payment(id)
	if err != nil {
		k.w.t.Fatal(err)
	}
	return p
}

// wantState compares the states of a payment and its legs, "approved: posted, waiting".
func (k *kiosk) wantState(id payment.ID, want string) {
	k.w.t.Helper()
	p := k.payment(id)
	got := string(p.State) + ":"
	for i, l := range p.Legs {
		if i > 0 {
			got += ","
		}
		got += " " + string(l.State)
	}
	if got != want {
		k.w.t.Errorf("payment %s stands at %q (%s), want %q", id, got, p.Reason, want)
	}
}

// wantBooks compares what the simulators hold, in minor units.
func (w *world) wantBooks(charged, reversed, booked int64) {
	w.t.Helper()
	var c, r, b int64
	for _, one := range w.terminal.Books().Captures {
		c += one.AmountMinor
	}
	for _, one := range w.terminal.Books().Reversals {
		r += one.AmountMinor
	}
	for _, one := range w.library.Books().Postings {
		b += one.AmountMinor
	}
	if c != charged || r != reversed || b != booked {
		w.t.Errorf("terminal charged %d and took back %d, library booked %d; want %d, %d, %d", c, r, b, charged, reversed, booked)
	}
}

// over lets virtual time pass.
func over(d time.Duration) { time.Sleep(d); synctest.Wait() }

func (k *kiosk) available(t *testing.T, want error) {
	t.Helper()
	if err := k.runner.Available(context.Background()); !errors.Is(err, want) {
		t.Errorf("Available = %v, want %v", err, want)
	}
}

// stopped says how the runner ended by itself.
func (k *kiosk) stopped(t *testing.T) error {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-k.ended:
		k.ended <- err
		return err
	default:
		t.Error("the runner still turns")
		return nil
	}
}

func TestNoPurchaseBeforeItsIntentIsSaved(t *testing.T) {
	for _, kind := range []string{"intended", "purchasing"} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.cannotSave(kind)
			defer k.end()
			_, err := k.runner.Pay(context.Background(), order(card, both...))
			if (err != nil) != (kind == "intended") {
				t.Errorf("%s: Pay = %v", kind, err)
			}
			over(time.Minute)
			if k.wire.saw(authorisation) {
				t.Errorf("%s: the terminal was asked for a purchase", kind)
			}
			w.wantBooks(0, 0, 0)
		})
	}
}

func TestAnApprovalIsSavedBeforeItIsAcknowledged(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		w.terminal.Unacknowledged(zvttest.Reverse)
		k := w.cannotSave("approval seen")
		k.begin(order(card, both...))
		over(5 * time.Minute)
		k.end()
		if !k.wire.saw(authorisation) {
			t.Error("no purchase was asked for")
		}
		w.wantBooks(0, 1250, 0) // the terminal heard no acknowledgement, so it took the payment back
	})
}

func TestNoPostingBeforeItsIntentIsSaved(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.cannotSave("account read")
		defer k.end()
		k.begin(order(card, both...))
		over(time.Minute)
		if seen := w.library.Requests(); !slices.Contains(seen, "63") || slices.Contains(seen, "37") {
			t.Errorf("the library system was asked %v", seen)
		}
		w.wantBooks(1250, 0, 0)
	})
}

func TestNoReversalBeforeItsIntentIsSaved(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		if err := w.library.SetOutstanding(secondCard, second[0].id, 0); err != nil {
			t.Fatal(err)
		}
		k := w.cannotSave("account read") // the event that makes the payment reversing
		defer k.end()
		k.begin(order(secondCard, second...))
		over(time.Minute)
		if k.wire.saw(reversal) {
			t.Error("the terminal was asked for a reversal")
		}
		w.wantBooks(300, 0, 0)
	})
}

func TestAFailedCommitStopsTheRunner(t *testing.T) {
	for _, kind := range []string{"intended", "purchasing", "approval seen", "dialogue ended", "account read", "answered"} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.cannotSave(kind)
			defer k.end()
			_, _ = k.runner.Pay(context.Background(), order(card, both...))
			over(10 * time.Second)
			if err := k.stopped(t); !errors.Is(err, ledger.ErrCommit) {
				t.Errorf("%s: Run = %v", kind, err)
			}
			if _, err := k.runner.Pay(context.Background(), order(secondCard, second...)); err == nil {
				t.Errorf("%s: another payment was begun", kind)
			}
		})
	}
}

func TestAPaymentIsBookedFeeByFeeAndClosed(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		var states []payment.State
		k := w.kiosk("koha", func(c *runner.Config) {
			c.Changed = func(p payment.Payment) { states = append(states, p.State) }
		})
		defer k.end()
		id := k.begin(order(card, both...))
		over(10 * time.Second)
		k.wantState(id, "closed: posted, posted")
		w.wantBooks(1250, 0, 1250)
		var references []string
		for _, b := range w.library.Books().Postings {
			references = append(references, b.Reference)
		}
		if !slices.Equal(references, []string{id.Reference(1), id.Reference(2)}) {
			t.Errorf("booked %v", references)
		}
		if states = slices.Compact(states); !slices.Equal(states, []payment.State{"intended", "purchasing", "approval seen", "approved", "closed"}) {
			t.Errorf("told of %q", states)
		}
	})
}

func TestALumpIsPostedAsOneLegForTheWholeAccount(t *testing.T) {
	inWorld(t, acs.Generic, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("generic", nil)
		defer k.end()
		k.begin(order(card, fee{"", 1250}))
		over(10 * time.Second)
		w.wantBooks(1250, 0, 1250)
		postings := w.library.Books().Postings
		if len(postings) != 1 || postings[0].Fee != "" || postings[0].AmountMinor != 1250 {
			t.Errorf("booked %+v", postings)
		}
		w.checkBooks(k.ledger)
	})
}

func TestDoubtBlocksTheTerminalUntilItIsSettled(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{CardWait: 10 * time.Second}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		id := k.begin(order(card, both...))
		over(5 * time.Second)
		w.terminal.Cut() // the patron holds the card to it all the same
		over(10 * time.Minute)
		k.wantState(id, "purchase in doubt: waiting, waiting")
		k.available(t, runner.ErrTerminalInDoubt)
		if _, err := k.runner.Pay(context.Background(), order(secondCard, second...)); !errors.Is(err, runner.ErrTerminalInDoubt) {
			t.Errorf("Pay = %v", err)
		}
		if _, err := k.runner.EndOfDay(context.Background()); !errors.Is(err, runner.ErrTerminalInDoubt) {
			t.Errorf("EndOfDay = %v", err)
		}
		w.wantBooks(1250, 0, 0)
		w.terminal.Restore()
		over(10 * time.Minute)
		k.wantState(id, "closed: posted, posted")
		k.available(t, nil)
		w.wantBooks(1250, 0, 1250)
	})
}

func TestOnePurchaseAtATime(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{CardWait: 10 * time.Second}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		k.begin(order(card, both...))
		over(5 * time.Second)
		k.available(t, runner.ErrBusy)
		if _, err := k.runner.Pay(context.Background(), order(secondCard, second...)); !errors.Is(err, runner.ErrBusy) {
			t.Errorf("Pay = %v", err)
		}
		if _, err := k.runner.EndOfDay(context.Background()); !errors.Is(err, runner.ErrBusy) {
			t.Errorf("EndOfDay = %v", err)
		}
		over(time.Minute)
		k.available(t, nil)
		w.wantBooks(1250, 0, 1250)
	})
}

func TestAnApprovedPaymentWaitsUntilTheLibraryIsBack(t *testing.T) {
	for name, bring := range map[string]func(*kiosk){
		"by itself": func(*kiosk) { over(6 * time.Minute) },
		"by order": func(k *kiosk) {
			if err := k.runner.Retry(context.Background(), payment.ID{}); err != nil {
				k.w.t.Error(err)
			}
			over(time.Second)
		},
	} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.kiosk("koha", nil)
			defer k.end()
			w.library.Cut()
			id := k.begin(order(card, both...))
			over(time.Hour)
			k.wantState(id, "approved: waiting, waiting")
			if s, err := k.runner.Summary(context.Background()); err != nil || s.Waiting != 1 || s.WaitingMinor != 1250 || s.InDoubt != 0 || s.AtTerminal != 0 {
				t.Errorf("summary %+v, %v", s, err)
			}
			k.available(t, nil)
			w.library.Restore()
			bring(k)
			k.wantState(id, "closed: posted, posted")
			if t.Failed() {
				t.Logf("brought forward %s", name)
			}
			w.checkBooks(k.ledger)
		})
	}
}

func TestPaymentsOfOnePatronAreBookedInOrder(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		w.library.Cut()
		older := k.begin(order(card, both[0]))
		over(time.Minute)
		k.runner.Leave(older)
		newer := k.begin(order(card, both[1])) // its patron waits at the screen, and still comes second
		over(time.Minute)
		w.library.Restore()
		k.settle()
		books := w.library.Books().Postings
		if len(books) != 2 || books[0].Reference != older.Reference(1) || books[1].Reference != newer.Reference(1) {
			t.Errorf("booked %+v", books)
		}
	})
}

func TestAPatronAtTheScreenComesBeforeTheBacklog(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		w.library.Cut()
		var backlog []payment.ID
		for _, o := range []runner.Order{order(card, both...), order(secondCard, second...)} {
			id := k.begin(o)
			over(time.Minute)
			k.runner.Leave(id)
			backlog = append(backlog, id)
		}
		w.library.Restore()
		if err := w.library.Next(acs.Hold); err != nil {
			t.Fatal(err)
		}
		if err := k.runner.Retry(context.Background(), payment.ID{}); err != nil {
			t.Fatal(err)
		}
		if err := w.library.WaitHolding(t.Context()); err != nil {
			t.Fatal(err)
		}
		live := k.begin(order(thirdCard, third...))
		over(time.Second)
		k.wantState(live, "approved: waiting")
		w.library.Release()
		k.settle()
		var order []string
		for _, b := range w.library.Books().Postings {
			order = append(order, b.Reference)
		}
		want := []string{live.Reference(1), backlog[0].Reference(1), backlog[0].Reference(2), backlog[1].Reference(1)}
		if !slices.Equal(order, want) {
			t.Errorf("booked %v, want %v", order, want)
		}
	})
}

func TestARefusedPaymentIsTakenBackAtTheTerminal(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		if err := w.library.Next(acs.Refuse, acs.Refuse); err != nil {
			t.Fatal(err)
		}
		id := k.begin(order(card, both...))
		over(time.Minute)
		k.wantState(id, "reversed: refused, refused")
		w.wantBooks(0, 1250, 0)
	})
}

func TestAFeeThatIsGoneIsNotPosted(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		if err := w.library.SetOutstanding(secondCard, second[0].id, 0); err != nil { // paid at the desk meanwhile
			t.Fatal(err)
		}
		id := k.begin(order(secondCard, second...))
		over(time.Minute)
		k.wantState(id, "reversed: refused")
		w.wantBooks(0, 300, 0)
		if seen := w.library.Requests(); slices.Contains(seen, "37") {
			t.Errorf("the library system was asked %v", seen)
		}
	})
}

func TestARefusalBesideAPostedLegIsARefundDue(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		if err := w.library.Next(acs.Refuse); err != nil {
			t.Fatal(err)
		}
		id := k.begin(order(card, both...))
		over(time.Minute)
		k.wantState(id, "approved: refund due, posted")
		w.wantBooks(1250, 0, 1000)
		if k.wire.saw(reversal) {
			t.Error("the whole purchase was to be taken back")
		}
		if s, err := k.runner.Summary(context.Background()); err != nil || s.RefundsDue != 1 || s.Waiting != 0 {
			t.Errorf("summary %+v, %v", s, err)
		}
		k.available(t, nil)
	})
}

func TestAfterTheWindowARefusalIsARefundDue(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		w.library.Cut()
		id := k.begin(order(secondCard, second...))
		over(121 * time.Second)
		if err := w.library.Next(acs.Refuse); err != nil {
			t.Fatal(err)
		}
		w.library.Restore()
		over(10 * time.Minute)
		k.wantState(id, "approved: refund due")
		w.wantBooks(300, 0, 0)
		if k.wire.saw(reversal) {
			t.Error("the purchase was to be taken back too late")
		}
	})
}

func TestAfterAnotherPurchaseARefusalIsARefundDue(t *testing.T) {
	for name, between := range map[string]func(*kiosk){
		"another purchase": func(k *kiosk) { k.begin(order(thirdCard, third...)) },
		"end of day": func(k *kiosk) {
			if _, err := k.runner.EndOfDay(context.Background()); err != nil {
				k.w.t.Error(err)
			}
		},
	} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.kiosk("koha", nil)
			defer k.end()
			w.library.Cut()
			id := k.begin(order(secondCard, second...))
			over(10 * time.Second)
			between(k)
			over(10 * time.Second)
			if err := w.library.SetOutstanding(secondCard, second[0].id, 0); err != nil {
				t.Fatal(err)
			}
			w.library.Restore()
			if err := k.runner.Retry(context.Background(), payment.ID{}); err != nil {
				t.Fatal(err)
			}
			over(10 * time.Second) // well within the window
			k.wantState(id, "approved: refund due")
			if k.wire.saw(reversal) {
				t.Errorf("after %s the purchase was to be taken back", name)
			}
		})
	}
}

func TestCancelBeforeTheCardChargesNothing(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{CardWait: 30 * time.Second}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		id := k.begin(order(card, both...))
		over(5 * time.Second)
		k.runner.Cancel(id)
		over(time.Minute)
		if s := k.payment(id).State; s != payment.StateDeclined && s != payment.StateAbandoned {
			t.Errorf("the payment is %s", s)
		}
		w.wantBooks(0, 0, 0)
		k.available(t, nil)
	})
}

func TestWithoutATerminalAPaymentIsAbandoned(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		w.terminal.Cut()
		id := k.begin(order(card, both...))
		over(5 * time.Minute)
		k.wantState(id, "abandoned: waiting, waiting")
		w.terminal.Restore()
		over(5 * time.Minute)
		if k.wire.saw(authorisation) {
			t.Error("a purchase was asked for")
		}
		w.wantBooks(0, 0, 0)
		k.available(t, nil)
	})
}

func TestADeclinedPurchaseIsNotPosted(t *testing.T) {
	for _, kind := range []zvttest.OrderKind{zvttest.Decline, zvttest.Cancel} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.kiosk("koha", nil)
			defer k.end()
			w.terminal.Next(zvttest.Order{Kind: kind})
			id := k.begin(order(card, both...))
			over(time.Minute)
			k.wantState(id, "declined: waiting, waiting")
			w.wantBooks(0, 0, 0)
		})
	}
}

func TestATerminalThatTellsNoLastResultTakesPayments(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{NoMemory: true}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		id := k.begin(order(card, both...))
		over(time.Minute)
		k.wantState(id, "closed: posted, posted")
	})
}

func TestLimitsBlockFurtherPayments(t *testing.T) {
	for name, c := range map[string]struct {
		limits runner.Limits
		want   error
	}{
		"number reached":     {runner.Limits{Waiting: 1}, runner.ErrQueueFull},
		"number not reached": {runner.Limits{Waiting: 2}, nil},
		"sum reached":        {runner.Limits{WaitingOf: eur(1250)}, runner.ErrQueueFull},
		"sum not reached":    {runner.Limits{WaitingOf: eur(1251)}, nil},
		"no limit":           {runner.Limits{}, nil},
	} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.kiosk("koha", func(r *runner.Config) { r.Limits = c.limits })
			defer k.end()
			w.library.Cut()
			k.begin(order(card, both...))
			over(time.Minute)
			if _, err := k.runner.Pay(context.Background(), order(secondCard, second...)); !errors.Is(err, c.want) {
				t.Errorf("%s: Pay = %v", name, err)
			}
			over(time.Minute)
		})
	}
}

// openCase brings one leg into a case for staff: its posting is lost, and the account moves in another way.
func (k *kiosk) openCase() payment.ID {
	k.w.t.Helper()
	if err := k.w.library.Next(acs.Silent); err != nil {
		k.w.t.Fatal(err)
	}
	id := k.begin(order(secondCard, second...))
	over(time.Minute)
	if err := k.w.library.AddFee(secondCard, acs.Fee{ID: "777", OutstandingMinor: 50}); err != nil {
		k.w.t.Fatal(err)
	}
	over(time.Hour)
	k.wantState(id, "approved: open case")
	return id
}

func TestOpenCasesBlockFurtherPaymentsOnlyAtTheirLimit(t *testing.T) {
	for limit, want := range map[int]error{0: nil, 1: runner.ErrTooManyCases, 2: nil} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.kiosk("koha", func(c *runner.Config) { c.Limits = runner.Limits{OpenCases: limit} })
			defer k.end()
			k.openCase()
			k.available(t, want)
		})
	}
}

func TestOnlyAPersonWithNameAndNoteClosesACase(t *testing.T) {
	for as, want := range map[payment.Resolution]string{
		payment.ResolvedPosted: "closed: posted", payment.ResolvedRefundDue: "approved: refund due", payment.ResolvedWrittenOff: "closed: written off",
	} {
		inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
			k := w.kiosk("koha", nil)
			defer k.end()
			id := k.openCase()
			decide := func(e payment.CaseResolved) error {
				_, err := k.runner.Decide(context.Background(), id, func(h payment.Head) payment.Event { e.Head = h; return e })
				return err
			}
			for name, e := range map[string]payment.CaseResolved{
				"no name": {Leg: 1, As: as, Note: "looked"}, "no note": {Leg: 1, As: as, Staff: "Kim"},
				"no such leg": {Leg: 2, As: as, Staff: "Kim", Note: "looked"}, "as what it cannot be": {Leg: 1, As: payment.ResolvedReversed, Staff: "Kim", Note: "looked"},
			} {
				if err := decide(e); !errors.Is(err, payment.ErrImpossible) {
					t.Errorf("%s: %v", name, err)
				}
			}
			k.wantState(id, "approved: open case")
			if err := decide(payment.CaseResolved{Leg: 1, As: as, Staff: "Kim", Note: "looked"}); err != nil {
				t.Error(err)
			}
			over(time.Hour)
			k.wantState(id, want)
			if seen := w.library.Requests(); len(slices.DeleteFunc(seen, func(code string) bool { return code != "37" })) != 1 {
				t.Error("a case was posted again")
			}
		})
	}
}

func TestARefundIsPaidOutOnceByAPerson(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		if err := w.library.Next(acs.Refuse); err != nil {
			t.Fatal(err)
		}
		id := k.begin(order(card, both...))
		over(time.Minute)
		done := func(leg int, staff string) error {
			_, err := k.runner.Decide(context.Background(), id, func(h payment.Head) payment.Event {
				return payment.RefundDone{Head: h, Leg: leg, Staff: staff, Note: "cash"}
			})
			return err
		}
		if err := done(1, ""); !errors.Is(err, payment.ErrImpossible) {
			t.Errorf("without a name: %v", err)
		}
		if err := done(2, "Kim"); !errors.Is(err, payment.ErrImpossible) {
			t.Errorf("of a posted leg: %v", err)
		}
		if err := done(1, "Kim"); err != nil {
			t.Error(err)
		}
		if err := done(1, "Kim"); !errors.Is(err, payment.ErrImpossible) {
			t.Errorf("twice: %v", err)
		}
		k.wantState(id, "closed: refunded, posted")
	})
}

func TestAfterTheEndOfDayPurchasesGoOn(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		k.begin(order(card, both...))
		over(time.Minute)
		total, err := k.runner.EndOfDay(context.Background())
		if err != nil || total.Amount != eur(1250) {
			t.Errorf("EndOfDay = %+v, %v", total, err)
		}
		if r := k.lastEndOfDay().Result; r.Outcome != ledger.DayDone || r.TotalMinor == nil || *r.TotalMinor != 1250 || r.Trace != total.Trace {
			t.Errorf("saved %+v", r)
		}
		id := k.begin(order(secondCard, second...))
		over(time.Minute)
		k.wantState(id, "closed: posted")
	})
}

func TestAStoppedRunnerTakesNothing(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		k := w.kiosk("koha", nil)
		defer k.end()
		k.stop()
		synctest.Wait()
		if _, err := k.runner.Pay(context.Background(), order(card, both...)); err == nil {
			t.Error("a payment was begun")
		}
		if err := k.runner.Available(context.Background()); err == nil {
			t.Error("it says that it is available")
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := k.runner.Summary(ctx); err == nil {
			t.Error("a summary of a stopped runner")
		}
	})
}
