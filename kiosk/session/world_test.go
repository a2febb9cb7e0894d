package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/printer"
	"selfpay/device/scanner"
	"selfpay/device/terminal"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

const (
	card      = "20017000042317"
	otherCard = "20017000042325"
	pin       = "4711"
)

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

// library is a library system that does as it is told.
type library struct {
	mu     sync.Mutex
	traits ils.Traits
	fees   map[string][]ils.Fee // by card
	pin    string               // asked for if set
	limit  money.Amount         // above which an account is blocked
	down   error                // what Account says instead
	post   error                // what Post says; nil books
	posted int
	asked  int
}

func (l *library) Ready(context.Context) error  { return nil }
func (l *library) Traits() ils.Traits           { return l.traits }
func (l *library) Clock() (time.Duration, bool) { return 0, false }
func (l *library) Close() error                 { return nil }

func (l *library) Account(_ context.Context, p ils.Patron, _ ils.Doubt) (ils.Account, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.down != nil {
		return ils.Account{}, l.down
	}
	fees, known := l.fees[p.Card]
	switch {
	case !known:
		return ils.Account{}, ils.ErrUnknownPatron
	case l.pin != "" && p.PIN != l.pin:
		return ils.Account{}, ils.ErrPINNeeded
	}
	a := ils.Account{Initials: "AM", Total: eur(0), Limit: l.limit}
	for _, f := range fees {
		a.Total.Minor += f.Balance.Minor
	}
	if l.traits.FeeIDs {
		a.Fees = slices.Clone(fees)
	}
	return a, nil
}

func (l *library) Post(_ context.Context, leg ils.Leg) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.post != nil {
		return "", l.post
	}
	l.posted++
	var left []ils.Fee
	for _, f := range l.fees[leg.Patron.Card] {
		if leg.Fee == "" || f.ID == leg.Fee {
			paid := min(leg.Amount.Minor, f.Balance.Minor)
			leg.Amount.Minor -= paid
			f.Balance.Minor -= paid
		}
		if f.Balance.Positive() {
			left = append(left, f)
		}
	}
	l.fees[leg.Patron.Card] = left
	return "", nil
}

func (l *library) set(change func(*library)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

// cardTerminal is a terminal that does as it is told.
type cardTerminal struct {
	mu        sync.Mutex
	wait      time.Duration // until the card is presented
	purchase  error         // what Purchase says; nil approves
	recovery  terminal.Recovery
	recover   error
	reverse   error
	purchases int
	reversals int
}

func (c *cardTerminal) set(change func(*cardTerminal)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

func (c *cardTerminal) Status(context.Context) (terminal.Status, error) {
	return terminal.Status{Ready: true}, nil
}

func (c *cardTerminal) Last(context.Context) (terminal.Transaction, error) {
	return terminal.Transaction{}, nil
}

func (c *cardTerminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	c.mu.Lock()
	c.purchases++
	wait, result := c.wait, c.purchase
	c.mu.Unlock()
	w.Progress(terminal.ProgressCard)
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return terminal.CardSlip{}, fmt.Errorf("cancelled: %w", device.ErrRefused)
	}
	if result != nil {
		return terminal.CardSlip{}, result
	}
	if err := w.Seen(approval(p.Amount)); err != nil {
		return terminal.CardSlip{}, err
	}
	return terminal.CardSlip{}, nil
}

func approval(a money.Amount) terminal.Approval {
	return terminal.Approval{Amount: a, Receipt: 7, Trace: 8, MaskedPAN: "************1234"}
}

func (c *cardTerminal) RecoverPurchase(context.Context, terminal.Attempt) (terminal.Recovery, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.recovery, c.recover
}

func (c *cardTerminal) Reverse(context.Context, terminal.Approval) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reversals++
	return c.reverse
}

func (c *cardTerminal) RecoverReversal(context.Context, terminal.Approval) (terminal.Recovery, error) {
	return terminal.Recovery{}, device.ErrNotSent
}

func (c *cardTerminal) EndOfDay(context.Context) (terminal.DayTotal, error) {
	return terminal.DayTotal{}, nil
}

func (c *cardTerminal) Close() error { return nil }

// paper is a printer that does as it is told.
type paper struct {
	mu     sync.Mutex
	status printer.Status
	broken error // what Status says
	print  error // what Print says
	slips  []session.Slip
	prints int
}

func (p *paper) set(change func(*paper)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *paper) Status(context.Context) (printer.Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status, p.broken
}

func (p *paper) Print(context.Context, printer.Receipt) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.print == nil {
		p.prints++
	}
	return p.print
}

func (p *paper) Close() error { return nil }

func (p *paper) compose(s session.Slip) printer.Receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slips = append(p.slips, s)
	return printer.Receipt{}
}

// newest is the slip that was composed last, and how many receipts came out.
func (p *paper) newest() (session.Slip, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.slips) == 0 {
		return session.Slip{}, p.prints
	}
	return p.slips[len(p.slips)-1], p.prints
}

// station is a whole kiosk but for its drivers; only library and paper outlive a restart.
type station struct {
	*session.Session
	t        *testing.T
	folder   string
	library  *library
	terminal *cardTerminal
	paper    *paper
	change   func(*session.Config)

	ledger *ledger.Ledger
	runner *runner.Runner
	stop   func()

	mu       sync.Mutex
	obstacle session.Reason
	shown    []session.View
}

func now() payment.Stamp {
	at := time.Now()
	return payment.Stamp{Wall: at, Boot: "one", Mono: time.Duration(at.UnixNano())}
}

// inStation runs a rule in a bubble of its own.
func inStation(t *testing.T, change func(*session.Config), rule func(t *testing.T, s *station)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &station{t: t, folder: t.TempDir(), change: change,
			library: &library{traits: ils.Traits{FeeIDs: true}, fees: map[string][]ils.Fee{
				card:      {{ID: "104", Description: "Momo", Balance: eur(250)}, {ID: "105", Description: "Krabat", Balance: eur(1000)}},
				otherCard: {{ID: "200", Description: "Tintenherz", Balance: eur(300)}},
				"99999":   nil,
			}},
			terminal: &cardTerminal{recovery: terminal.Recovery{Verdict: terminal.StillUnknown}, recover: device.ErrNotSent},
			paper:    &paper{status: printer.Status{Online: true}}}
		s.start()
		defer func() { s.end() }()
		rule(t, s)
	})
}

// start begins a life of the program.
func (s *station) start() {
	s.t.Helper()
	var err error
	if s.ledger, err = ledger.Open(s.folder, bytes.Repeat([]byte{7}, ledger.KeySize)); err != nil {
		s.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s.runner = runner.New(runner.Config{Ledger: s.ledger, Terminal: s.terminal, Library: s.library, Now: now, Log: log,
		Limits:   runner.StandardLimits,
		Changed:  func(p payment.Payment) { s.PaymentChanged(p) },
		Progress: func(id payment.ID, p terminal.Progress) { s.PaymentProgress(id, p) }})
	c := session.Config{Runner: s.runner, Ledger: s.ledger, Library: s.library, Printer: s.paper, Obstacle: s.why, Compose: s.paper.compose,
		Cards: scanner.CardRules{}, Now: now, Log: log, LibraryName: "Central Library", Languages: []string{"de", "en"},
		Rules: payment.StandardRules(120*time.Second, false), Min: eur(100), Max: eur(2000), Waits: session.StandardWaits}
	if s.change != nil {
		s.change(&c)
	}
	s.Session = session.New(c)
	ctx, stop := context.WithCancel(context.Background())
	views, unwatch := s.Watch()
	var running sync.WaitGroup
	running.Go(func() { _ = s.runner.Run(ctx) })
	running.Go(func() { _ = s.Run(ctx) })
	running.Go(func() {
		for {
			select {
			case v := <-views:
				s.mu.Lock()
				s.shown = append(s.shown, v)
				s.mu.Unlock()
			case <-ctx.Done():
				return
			}
		}
	})
	s.stop = func() { stop(); running.Wait(); unwatch() }
	synctest.Wait()
}

// end ends a life.
func (s *station) end() {
	s.t.Helper()
	s.stop()
	synctest.Wait()
	if err := s.ledger.Close(); err != nil {
		s.t.Error(err)
	}
}

func (s *station) why() session.Reason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.obstacle
}

func (s *station) blocked(why session.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.obstacle = why
}

// sees waits until all is quiet and wants a screen.
func (s *station) sees(want session.Screen) session.View {
	s.t.Helper()
	synctest.Wait()
	v := s.View()
	if v.Screen != want {
		s.t.Errorf("the screen shows %q (%s %s), want %q", v.Screen, v.Reason, v.Outcome, want)
	}
	return v
}

// told wants a message.
func (s *station) told(want session.Reason) session.View {
	s.t.Helper()
	v := s.sees(session.ScreenMessage)
	if v.Reason != want {
		s.t.Errorf("the message is %q, want %q", v.Reason, want)
	}
	return v
}

// ended wants an outcome.
func (s *station) ended(want session.Outcome, receipt session.Receipt) session.View {
	s.t.Helper()
	v := s.sees(session.ScreenOutcome)
	if v.Outcome != want || v.Receipt != receipt {
		s.t.Errorf("the outcome is %q, receipt %q; want %q, %q", v.Outcome, v.Receipt, want, receipt)
	}
	return v
}

// tap acts on the screen that is shown.
func (s *station) tap(name, value string) {
	s.t.Helper()
	if err := s.try(name, value); err != nil {
		s.t.Errorf("tap %s %q on %s: %v", name, value, s.View().Screen, err)
	}
}

func (s *station) try(name, value string) error {
	synctest.Wait()
	err := s.Act(context.Background(), session.Action{Screen: s.View().Number, Name: name, Value: value})
	synctest.Wait()
	return err
}

func (s *station) digits(text string) {
	s.t.Helper()
	for _, d := range text {
		s.tap("digit", string(d))
	}
}

func (s *station) scan(text string) {
	s.Scan(scanner.Scan{Text: text})
	synctest.Wait()
}

// pay goes from the ready screen to the card terminal with everything chosen.
func (s *station) pay() {
	s.t.Helper()
	s.scan(card)
	s.sees(session.ScreenFees)
	s.tap("pay", "")
	s.sees(session.ScreenConfirm)
	s.tap("confirm", "")
}

// over lets virtual time pass.
func over(d time.Duration) { time.Sleep(d); synctest.Wait() }

// forgotten wants a ready screen without a trace of a patron.
func (s *station) forgotten() {
	s.t.Helper()
	v := s.sees(session.ScreenReady)
	number := v.Number
	if want := fmt.Sprintf("%+v", session.View{Number: number, Screen: session.ScreenReady, Language: "de", Library: "Central Library", Languages: []string{"de", "en"}}); fmt.Sprintf("%+v", v) != want {
		s.t.Errorf("the ready screen still holds %+v", v)
	}
}

// neverShown looks for a text in every view that was shown.
func (s *station) neverShown(text string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shown) == 0 {
		s.t.Error("nothing was shown")
	}
	for _, v := range s.shown {
		if strings.Contains(fmt.Sprintf("%+v", v), text) {
			s.t.Errorf("%q stands in %+v", text, v)
		}
	}
}

var errLink = errors.New("no route to host")
