package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/sip2"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/ledger/ledgertest"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

const card = "20017000042317"

// world is one kiosk's surroundings, which outlive its program.
type world struct {
	t        *testing.T
	folder   string
	library  *acs.System
	terminal *zvttest.Terminal
	log      *slog.Logger
	wrap     func(ils.Library) ils.Library // puts something between runner and library; nil: nothing
	cables   *cables                       // nil: none that can be cut

	far     farLibrary // another library system than library; nil: none
	next    func(fault string) error
	connect func(*program) ils.Library // to far
}

// books is what the library system holds.
func (w *world) books() acs.Books {
	if w.far != nil {
		return w.far.Books()
	}
	return w.library.Books()
}

func newWorld(t *testing.T, mode acs.Mode) *world {
	t.Helper()
	library, err := acs.New(acs.Config{Mode: mode, Institution: "CPL", Currency: "EUR", Decimals: 2, Patrons: []acs.Patron{
		{Card: card, Name: "Anna Müller", Fees: []acs.Fee{
			{ID: "104", Description: "Momo", OutstandingMinor: 250},
			{ID: "105", Description: "Krabat", OutstandingMinor: 1000}}}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, folder: ledgertest.Folder(t), library: library, terminal: zvttest.New(zvttest.Config{}), log: slog.New(slog.DiscardHandler),
		next: func(fault string) error { return library.Next(acs.Fault(fault)) }}
	return w
}

func (w *world) close() {
	w.library.Close()
	if w.far != nil {
		w.far.Close()
	}
	w.terminal.Close()
}

// program is one life of the kiosk's program: runner, ledger, drivers and their connections.
type program struct {
	w       *world
	ledger  *ledger.Ledger
	runner  *runner.Runner
	library ils.Library
	stop    context.CancelFunc
	ended   chan error

	mu    sync.Mutex
	dead  bool
	conns []io.Closer
}

// track remembers a connection, so that the program's death ends it.
func (p *program) track(c io.Closer, err error) error {
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		c.Close()
		return errors.New("the program is dead")
	}
	p.conns = append(p.conns, c)
	return nil
}

// tracked is a way to a library system whose connections die with the program, over the cable where there is one.
func (p *program) tracked(dial func(context.Context, string) (net.Conn, error)) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := dial(ctx, address)
		if err = p.track(conn, err); err != nil || p.w.cables == nil {
			return conn, err
		}
		return netPlug{conn, plug{conn, &p.w.cables.library}}, nil
	}
}

// die ends all connections at once, as the kernel does for a killed process.
func (p *program) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
	for _, c := range p.conns {
		c.Close()
	}
}

// crash is the moment a program dies: before or after its n-th saved event.
type crash struct {
	at    int
	after bool
}

// mortalLedger kills its program at a chosen event.
type mortalLedger struct {
	*ledger.Ledger
	p     *program
	crash crash
	saved int
}

var errKilled = fmt.Errorf("killed: %w", ledger.ErrCommit)

func (l *mortalLedger) Append(id payment.ID, e payment.Event) (payment.Payment, error) {
	return l.mortal(func() (payment.Payment, error) { return l.Ledger.Append(id, e) })
}

func (l *mortalLedger) Intend(card string, e payment.Intended) (payment.Payment, error) {
	return l.mortal(func() (payment.Payment, error) { return l.Ledger.Intend(card, e) })
}

func (l *mortalLedger) mortal(save func() (payment.Payment, error)) (payment.Payment, error) {
	if l.p.dead {
		return payment.Payment{}, errKilled
	}
	l.saved++
	if l.saved == l.crash.at && !l.crash.after {
		l.p.die()
		return payment.Payment{}, errKilled
	}
	p, err := save()
	if l.saved == l.crash.at {
		l.p.die()
		return payment.Payment{}, errKilled
	}
	return p, err
}

// now stamps with the bubble's clock; every life is of the same boot.
func now() payment.Stamp {
	at := time.Now()
	return payment.Stamp{Wall: at, Boot: "one", Mono: time.Duration(at.UnixNano())}
}

// start begins a life. Without a crash it lives until it is ended.
func (w *world) start(c crash) *program {
	w.t.Helper()
	p := &program{w: w, ended: make(chan error, 1)}
	var err error
	if p.ledger, err = ledger.Open(w.folder, bytes.Repeat([]byte{7}, ledger.KeySize)); err != nil {
		w.t.Fatal(err)
	}
	toLibrary, toTerminal := w.plugIn(
		func(ctx context.Context) (net.Conn, error) {
			conn, err := w.library.Dial(ctx)
			return conn, p.track(conn, err)
		}, func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := w.terminal.Dial(ctx)
			return conn, p.track(conn, err)
		})
	if w.connect != nil {
		p.library = w.connect(p)
	} else if p.library, err = sip2.New(sip2.Config{Profile: "koha", Currency: "EUR", Institution: "CPL", Dial: toLibrary}, w.log); err != nil {
		w.t.Fatal(err)
	}
	library := p.library
	if w.wrap != nil {
		library = w.wrap(library)
	}
	p.runner = runner.New(runner.Config{Ledger: &mortalLedger{Ledger: p.ledger, p: p, crash: c},
		Terminal: zvt.New(toTerminal, zvt.Config{Password: "000000"}, w.log), Library: library, Now: now, Log: w.log})
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	go func() { p.ended <- p.runner.Run(ctx) }()
	return p
}

// end ends a life and waits until nothing of it is left.
func (p *program) end() {
	p.w.t.Helper()
	p.stop()
	<-p.ended
	p.die()
	p.library.Close()
	synctest.Wait()
	if err := p.ledger.Close(); err != nil {
		p.w.t.Error(err)
	}
}

// pay lets the patron confirm all that is owed. It returns false if the program died over it.
func (p *program) pay() bool { return p.payAfter(func() {}) }

// payAfter does something between the patron's look at the account and the confirmation.
func (p *program) payAfter(do func()) bool {
	account, err := p.library.Account(context.Background(), ils.Patron{Card: card}, ils.Doubt{})
	if err != nil {
		p.w.t.Fatalf("account: %v", err)
	}
	traits := p.library.Traits()
	chosen := []posting.Choice{{Amount: account.Total}}
	if traits.FeeIDs {
		chosen = nil
	}
	for _, f := range account.Fees {
		if traits.FeeIDs {
			chosen = append(chosen, posting.Choice{Fee: f.ID, Amount: f.Balance})
		}
	}
	legs, err := posting.Plan(account, traits, chosen)
	if err != nil {
		p.w.t.Fatal(err)
	}
	do()
	_, err = p.runner.Pay(context.Background(), runner.Order{Patron: ils.Patron{Card: card}, Legs: legs, Amount: account.Total,
		Rules: payment.StandardRules(traits.Quiet, traits.OverpaymentRefused), Seen: posting.Reading(account)})
	return err == nil
}

// settle lets time pass until nothing moves any more by itself: two virtual days at the most.
func (p *program) settle() {
	p.w.t.Helper()
	for range 48 * 60 {
		time.Sleep(time.Minute)
		s, err := p.runner.Summary(context.Background())
		if err != nil {
			p.w.t.Fatal(err)
		}
		if s.Waiting+s.TerminalInDoubt+s.AtTerminal == 0 {
			return
		}
	}
	unfinished, _ := p.ledger.Unfinished()
	p.w.t.Errorf("after two days these have not ended: %+v", unfinished)
}

// checkBooks compares the simulators' books with the ledger.
func (w *world) checkBooks(l *ledger.Ledger) {
	w.t.Helper()
	if _, err := l.Verify(context.Background()); err != nil {
		w.t.Error(err)
	}
	books := payment.Books{}
	all, err := l.All(100)
	if err != nil {
		w.t.Fatal(err)
	}
	captures, postings := map[string]int{}, map[string]int{}
	charged, booked := int64(0), int64(0)
	for _, c := range w.terminal.Books().Captures {
		captures[c.Reference]++
		charged += c.AmountMinor
	}
	for _, b := range w.books().Postings {
		postings[b.Reference]++
		booked += b.AmountMinor
	}
	for reference, n := range captures {
		if n > 1 {
			w.t.Errorf("payment %s is charged %d times", reference, n)
		}
	}
	for reference, n := range postings {
		if n > 1 {
			w.t.Errorf("leg %s is booked %d times", reference, n)
		}
	}
	for _, p := range all {
		books = books.Add(p.Books())
		w.checkCases(p)
	}
	if charged != books.Captured-books.Reversed {
		w.t.Errorf("the terminal holds %d, the ledger %+v", charged, books)
	}
	if booked != books.Posted {
		w.t.Errorf("the library booked %d, the ledger %+v", booked, books)
	}
	if booked > charged {
		w.t.Errorf("the library booked %d, the terminal holds %d", booked, charged)
	}
}

// checkCases lets a person be called only where the rules leave no other way: the one repost was used up, as when the
// first attempt died with the program and the second met a silent library.
func (w *world) checkCases(p payment.Payment) {
	w.t.Helper()
	for _, l := range p.Legs {
		if p.OpenCase || l.State == payment.LegOpenCase && l.Attempts <= p.Rules.Reposts {
			w.t.Errorf("payment %s is an open case without need: %s %+v", p.ID, p.Reason, p.Legs)
		}
	}
}

var libraryMoods = []struct {
	name  string
	fault acs.Fault
}{{"accepts", ""}, {"refuses", acs.Refuse}, {"stays silent", acs.Silent}, {"applies and stays silent", acs.ApplySilent}}

var dialects = []zvttest.Dialect{zvttest.Keep, zvttest.Reverse, zvttest.Undo}

// TestBooksAgreeWhereverTheKioskIsKilled kills the program before and after every event that a payment saves, with
// each mood of the library and each dialect of the terminal, starts it again, and compares all books.
func TestBooksAgreeWhereverTheKioskIsKilled(t *testing.T) {
	for _, mood := range libraryMoods {
		for _, dialect := range dialects {
			t.Run(mood.name+"/"+string(dialect), func(t *testing.T) {
				killed := 0
				for n := 1; ; n++ {
					died := false
					for _, after := range []bool{false, true} {
						died = lifeAndDeath(t, nil, string(mood.fault), dialect, crash{n, after}) || died
					}
					if !died {
						break
					}
					killed++
				}
				if killed < 8 {
					t.Errorf("killed at %d events only", killed)
				}
				t.Logf("killed before and after each of %d events", killed)
			})
		}
	}
}

// lifeAndDeath runs one payment with one crash, over a route (nil: SIP2 to Koha), and says whether the crash came about.
func lifeAndDeath(t *testing.T, r *route, fault string, dialect zvttest.Dialect, c crash) (died bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, acs.Koha)
		defer w.close()
		if r != nil {
			w.far, w.next, w.connect = r.begin(w)
		}
		w.terminal.Unacknowledged(dialect)
		if fault != "" {
			if err := w.next(fault); err != nil {
				t.Fatal(err)
			}
		}
		first := w.start(c)
		if first.pay() {
			select {
			case err := <-first.ended:
				first.ended <- err
			case <-time.After(time.Hour):
			}
		}
		first.mu.Lock()
		died = first.dead
		first.mu.Unlock()
		first.end()
		second := w.start(crash{})
		second.settle()
		w.checkBooks(second.ledger)
		if t.Failed() {
			t.Logf("crash %+v, library %q, terminal %q", c, fault, dialect)
			w.tell(second.ledger)
		}
		second.end()
	})
	return died
}

// tell shows what happened, for a failed test.
func (w *world) tell(l *ledger.Ledger) {
	all, _ := l.All(10)
	for _, p := range all {
		events, _ := l.Events(p.ID)
		for _, e := range events {
			w.t.Logf("%d %s %+v", e.Sequence, e.Kind, e.Event)
		}
		w.t.Logf("%s %s %+v", p.ID, p.State, p.Legs)
	}
	w.t.Logf("terminal %+v library %+v", w.terminal.Books(), w.books())
}
