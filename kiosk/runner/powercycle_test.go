package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

const boot = 90 * time.Second

// plugged is a terminal on a relay.
type plugged struct {
	terminal.Terminal
	mu     sync.Mutex
	dark   bool
	hung   bool // until its power was away
	broken bool // for good
	stuck  error
	cut    []time.Time // when its power went away and came back
	asked  []string
	early  bool // asked while it was dark or started
}

// power is its relay.
func (p *plugged) power(dark bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stuck != nil {
		return p.stuck
	}
	if dark != p.dark {
		p.cut = append(p.cut, time.Now())
	}
	if p.dark = dark; dark {
		p.hung = p.broken
	}
	return nil
}

func (p *plugged) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *plugged) ask(what string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, what)
	starts := len(p.cut) > 0 && time.Since(p.cut[len(p.cut)-1]) < boot
	p.early = p.early || p.dark || starts
	if p.dark || p.hung || starts {
		return fmt.Errorf("no answer: %w", device.ErrNotSent)
	}
	return nil
}

func (p *plugged) Status(context.Context) (terminal.Status, error) {
	return terminal.Status{Ready: true}, p.ask("status")
}

func (p *plugged) Last(context.Context) (terminal.Transaction, error) {
	return terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: terminal.Approval{Amount: eur(1250), Receipt: 7, Trace: 7}}, p.ask("last")
}

// Purchase charges the card; a terminal that hangs has charged it, and says no more.
func (p *plugged) Purchase(_ context.Context, order terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if err := p.ask("purchase"); err != nil {
		return terminal.CardSlip{}, err
	}
	p.mu.Lock()
	breaks := p.stuck
	p.mu.Unlock()
	if errors.Is(breaks, errHangs) {
		p.set(func() { p.stuck, p.hung = nil, true })
		time.Sleep(time.Minute)
		return terminal.CardSlip{}, fmt.Errorf("silence: %w", device.ErrDoubt)
	}
	return terminal.CardSlip{}, w.Seen(terminal.Approval{Amount: order.Amount, Receipt: 7, Trace: 7})
}

var errHangs = errors.New("it hangs in the middle of the next purchase")

func (p *plugged) RecoverPurchase(_ context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	return terminal.Recovery{Verdict: terminal.Charged, Evidence: "its newest purchase is this one",
		Found: terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: terminal.Approval{Amount: a.Purchase.Amount, Receipt: 7, Trace: 7}}}, p.ask("recover")
}

func (p *plugged) EndOfDay(context.Context) (terminal.DayTotal, error) {
	return terminal.DayTotal{}, p.ask("end of day")
}

// cuts is how often its power was away.
func (p *plugged) cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return (len(p.cut) + 1) / 2
}

func (p *plugged) wasAsked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// onRelay runs a rule at a kiosk whose terminal hangs on a relay.
func onRelay(t *testing.T, change func(*runner.Config), rule func(t *testing.T, k *kiosk, p *plugged)) {
	t.Helper()
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		p := &plugged{}
		k := w.onRelay(p, change)
		defer k.end()
		rule(t, k, p)
	})
}

func (w *world) onRelay(p *plugged, change func(*runner.Config)) *kiosk {
	return w.kiosk("koha", func(c *runner.Config) {
		c.Terminal, c.Power = p, runner.Power{Dark: p.power, Off: runner.PowerOff, Boot: boot}
		if change != nil {
			change(c)
		}
	})
}

func (k *kiosk) cycle(by runner.Cycle, want error) {
	k.w.t.Helper()
	if err := k.runner.PowerCycle(context.Background(), by); !errors.Is(err, want) {
		k.w.t.Errorf("PowerCycle(%+v) = %v, want %v", by, err, want)
	}
}

// cycles are the power cycles in the ledger.
func (k *kiosk) cycles(want int) []ledger.PowerCycle {
	k.w.t.Helper()
	found, err := k.ledger.PowerCycles()
	if err != nil || len(found) != want {
		k.w.t.Fatalf("the ledger has the power cycles %+v, %v; want %d", found, err, want)
	}
	return found
}

var (
	byItself  = runner.Cycle{}
	staff     = runner.Cycle{Staff: "mk", Note: "it hangs"}
	staffsKey = runner.Cycle{Staff: "mk", Note: "it hangs", Key: true}
)

func TestAHungTerminalIsCycledByItselfOnlyWhenNoAttemptIsOpenOrInDoubt(t *testing.T) {
	onRelay(t, nil, func(t *testing.T, k *kiosk, p *plugged) {
		p.set(func() { p.stuck = errHangs })
		id := k.begin(order(card, both...))
		over(time.Second)
		k.wantState(id, "purchasing: waiting, waiting")
		for _, by := range []runner.Cycle{byItself, staff, staffsKey} {
			k.cycle(by, runner.ErrBusy)
		}
		over(time.Minute)
		k.wantState(id, "purchase in doubt: waiting, waiting")
		k.cycle(byItself, runner.ErrTerminalInDoubt)
		k.cycle(staff, runner.ErrKeyNeeded)
		k.cycles(0)
		if p.cuts() != 0 {
			t.Fatal("the power was cut with an attempt open or in doubt")
		}
		k.cycle(staffsKey, nil)
		over(time.Second)
		if c := k.cycles(1)[0]; c.Staff != "mk" || c.Note != "it hangs" || c.InDoubt != 1 || c.Result.Outcome != ledger.PowerUnderWay {
			t.Errorf("saved %+v", c)
		}
		before := len(p.wasAsked())
		over(runner.PowerOff + boot)
		if asked := p.wasAsked()[before:]; len(asked) < 2 || asked[0] != "last" || asked[1] != "recover" || p.early {
			t.Errorf("behind it the terminal was asked for %q, early: %v", asked, p.early)
		}
		k.wantState(id, "closed: posted, posted")
		if r := k.cycles(1)[0].Result; r.Outcome != ledger.PowerBack || r.Last == nil || r.Last.Approval.Receipt != 7 {
			t.Errorf("saved %+v", r)
		}
	})
}

func TestNoPurchaseBeginsWhileTheTerminalIsDark(t *testing.T) {
	onRelay(t, nil, func(t *testing.T, k *kiosk, p *plugged) {
		k.available(t, nil)
		k.cycle(byItself, nil)
		for _, wait := range []time.Duration{time.Second, 13 * time.Second, 2 * time.Second, boot - 2*time.Second} { // 1, 14, 16 and 104 s
			over(wait)
			k.available(t, runner.ErrDark)
			if _, err := k.runner.Pay(context.Background(), order(card, both...)); !errors.Is(err, runner.ErrDark) {
				t.Errorf("Pay = %v", err)
			}
			if _, err := k.runner.EndOfDay(context.Background()); !errors.Is(err, runner.ErrDark) {
				t.Errorf("EndOfDay = %v", err)
			}
			k.cycle(byItself, runner.ErrDark)
			k.cycle(staffsKey, runner.ErrDark)
		}
		over(2 * time.Second)
		k.available(t, nil)
		if p.early {
			t.Errorf("asked while it was dark: %q", p.asked)
		}
		if off := p.cut[1].Sub(p.cut[0]); off < 15*time.Second {
			t.Errorf("dark for %s", off)
		}
		id := k.begin(order(card, both...))
		over(time.Second)
		k.wantState(id, "closed: posted, posted")
	})
}

func TestWhatThePowerCycleEndsCannotBeReversed(t *testing.T) {
	onRelay(t, nil, func(t *testing.T, k *kiosk, p *plugged) {
		k.w.library.Cut()
		id := k.begin(order(card, both...))
		over(time.Second)
		k.wantState(id, "approved: waiting, waiting")
		k.cycle(byItself, nil)
		if !k.payment(id).Superseded {
			t.Error("the terminal may still be asked to take it back")
		}
	})
}

func TestAtMostThreePowerCyclesADayByItself(t *testing.T) {
	onRelay(t, nil, func(t *testing.T, k *kiosk, p *plugged) {
		p.set(func() { p.hung, p.broken = true, true })
		for range 3 {
			k.cycle(staff, nil) // those of a person do not count
			over(time.Minute * 10)
			k.cycle(byItself, nil)
			over(time.Hour)
		}
		k.cycle(byItself, runner.ErrCyclesSpent)
		k.cycle(staff, nil) // without a doubt no key is needed
		over(time.Hour)
		k.cycle(byItself, runner.ErrCyclesSpent)
		over(20*time.Hour + 30*time.Minute)
		k.cycle(byItself, nil)
		over(time.Hour)
		for _, c := range k.cycles(8) {
			if c.Result.Outcome != ledger.PowerSilent || c.Result.Reason == "" {
				t.Errorf("%+v", c)
			}
		}
		k.available(t, nil) // the terminal is asked before each purchase anyway
	})
}

// noPowerNotes is a ledger that cannot save that a power cycle begins.
type noPowerNotes struct{ *ledger.Ledger }

func (noPowerNotes) PowerCycleBegun(ledger.PowerCycle) error {
	return fmt.Errorf("save: %w", ledger.ErrCommit)
}

func TestNoPowerCycleBeforeItIsSaved(t *testing.T) {
	onRelay(t, func(c *runner.Config) { c.Ledger = noPowerNotes{c.Ledger.(*ledger.Ledger)} }, func(t *testing.T, k *kiosk, p *plugged) {
		k.cycle(byItself, ledger.ErrCommit)
		if p.cuts() != 0 {
			t.Error("the power was cut")
		}
		if err := k.stopped(t); !errors.Is(err, ledger.ErrCommit) {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestAPowerCycleThatARestartInterruptsIsNoted(t *testing.T) {
	inWorld(t, acs.Koha, zvttest.Config{}, func(t *testing.T, w *world) {
		p := &plugged{}
		k := w.onRelay(p, nil)
		k.cycle(byItself, nil)
		over(time.Second)
		k.end()
		if over(time.Second); len(p.cut) != 2 {
			t.Error("the terminal stays dark behind the program")
		}
		for range 2 {
			again := w.onRelay(p, nil)
			over(time.Second)
			if c := again.cycles(1)[0]; c.Result.Outcome != ledger.PowerInterrupted || c.Result.Reason == "" {
				t.Errorf("%+v", c)
			}
			again.available(t, nil)
			again.end()
		}
	})
}

func TestARelayThatCannotBeSwitchedIsNoted(t *testing.T) {
	onRelay(t, nil, func(t *testing.T, k *kiosk, p *plugged) {
		p.set(func() { p.stuck = device.ErrAttention })
		k.cycle(byItself, device.ErrAttention)
		over(time.Second)
		if c := k.cycles(1)[0]; c.Result.Outcome != ledger.PowerNotCut || c.Result.Reason == "" {
			t.Errorf("%+v", c)
		}
		k.available(t, nil)
	})
	onRelay(t, func(c *runner.Config) { c.Power = runner.Power{} }, func(t *testing.T, k *kiosk, _ *plugged) {
		k.cycle(byItself, runner.ErrNoRelay)
		k.cycle(staffsKey, runner.ErrNoRelay)
		k.cycles(0)
	})
}
