package simulation

import (
	"fmt"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
)

// fault is one thing that goes wrong. Where now is nil, it waits for its next occasion: the models ask for it by name.
type fault struct {
	name string
	now  func(w *World, p payment.Payment)
	// breaks: a stated assumption does not hold any more (a posting is applied within the quiet time or never; what is
	// owed does not grow by just what was paid while the posting is in doubt), so a leg may be booked twice; then it must
	// have been reposted with a verdict, which is in the ledger.
	breaks bool
}

// faults are all that can strike, in the order of the table.
var faults = []fault{
	{name: "killed", now: func(w *World, _ payment.Payment) { w.killed("") }},
	{name: "killed before a save"},
	{name: "power cut", now: func(w *World, _ payment.Payment) { w.powerCut(0) }},
	{name: "power cut, clock lost", now: func(w *World, _ payment.Payment) { w.powerCut(-30 * 365 * 24 * time.Hour) }},
	{name: "write lost"},
	{name: "write kept, error told"},
	{name: "disk full for an hour", now: func(w *World, _ payment.Payment) {
		w.disk.full = true
		w.in(time.Hour, func() { w.disk.full = false })
	}},
	{name: "clock one hour on", now: jump(time.Hour)},
	{name: "clock one hour back", now: jump(-time.Hour)},
	{name: "clock one year on", now: jump(365 * 24 * time.Hour)},

	{name: "terminal line cut", now: func(w *World, _ payment.Payment) { w.terminal.cut(w.between(2*time.Second, 10*time.Minute)) }},
	{name: "request to the terminal lost"},
	{name: "answer of the terminal lost"},
	{name: "acknowledgement lost"},
	{name: "completion lost"},
	{name: "card declined"},
	{name: "patron aborts at the terminal"},
	{name: "patron cancels at the screen", now: func(w *World, p payment.Payment) {
		if k := w.kiosk; k != nil {
			k.mine(0, func() { k.core.Cancel(p.ID) })
		}
	}},
	{name: "terminal charges another amount"},
	{name: "reversal declined"},
	{name: "payment by hand at the terminal", now: func(w *World, _ payment.Payment) { w.in(0, w.terminal.byHand) }},
	{name: "end of day at the terminal", now: func(w *World, _ payment.Payment) { w.in(0, w.terminal.endOfDay) }},
	{name: "end of day by the kiosk", now: func(w *World, _ payment.Payment) { w.endOfDay() }},
	{name: "power cycle by the kiosk", now: func(w *World, _ payment.Payment) { w.powerCycle(runner.Cycle{}) }},
	{name: "power cycle by staff", now: func(w *World, _ payment.Payment) {
		w.in(w.between(time.Minute, 5*time.Minute), func() { w.powerCycle(runner.Cycle{Staff: "mk", Note: "it hangs", Key: true}) })
	}},

	{name: "library line cut", now: func(w *World, _ payment.Payment) { w.library.cut(w.between(2*time.Second, 2*time.Hour)) }},
	{name: "account unreadable"},
	{name: "posting lost on the way"},
	{name: "library refuses"},
	{name: "no after booking"},
	{name: "library fails to apply, in silence"},
	{name: "applied, and no answer"},
	{name: "applied, and the line cut"},
	{name: "applied, and the answer unreadable"},
	{name: "applied late"},
	{name: "applied after the quiet time", breaks: true},
	{name: "answer for another payment, not applied"},
	{name: "answer twice"},
	{name: "answer lost, resend helps"},

	{name: "paper out"},
	{name: "word of the printer lost"},

	{name: "same fee paid at the desk", now: atDesk(func(w *World, a *account, p payment.Payment) { w.library.deskPayment(a, p.Legs[0].Fee) })},
	{name: "another fee paid at the desk", now: atDesk(func(w *World, a *account, _ payment.Payment) {
		if len(a.fees) > 0 {
			w.library.deskPayment(a, a.fees[len(a.fees)-1].id)
		}
	})},
	{name: "new fee", now: atDesk(func(w *World, a *account, p payment.Payment) { w.library.owe(a, otherThan(150, p)) })},
	{name: "fee grows", now: atDesk(func(w *World, a *account, p payment.Payment) { w.library.grow(a, p.Legs[0].Fee, otherThan(10, p)) })},
	{name: "fee grows by just what is paid", breaks: true, now: atDesk(func(w *World, a *account, p payment.Payment) {
		w.library.grow(a, p.Legs[0].Fee, p.Legs[0].Amount.Minor)
	})},
	{name: "patron unknown for an hour", now: atDesk(func(w *World, a *account, _ payment.Payment) {
		a.unknown = true
		w.in(time.Hour, func() { a.unknown = false })
	})},
}

// FaultNames are the names of all faults.
func FaultNames() []string {
	var names []string
	for _, f := range faults {
		names = append(names, f.name)
	}
	return names
}

func findFault(name string) fault {
	for _, f := range faults {
		if f.name == name {
			return f
		}
	}
	panic("simulation: there is no fault " + name)
}

// jump moves the kiosk's wall clock.
func jump(by time.Duration) func(*World, payment.Payment) {
	return func(w *World, _ payment.Payment) { w.clockOff += by }
}

// atDesk is something that staff does to the patron's account, a moment later.
func atDesk(do func(*World, *account, payment.Payment)) func(*World, payment.Payment) {
	return func(w *World, p payment.Payment) {
		card, err := w.disk.Ledger.Card(p.ID)
		if err != nil {
			w.violation("the card of payment %d cannot be read: %v", p.ID.Number, err)
			return
		}
		w.in(w.between(0, 2*time.Second), func() { do(w, w.library.account(card), p) })
	}
}

// otherThan is an amount that no leg has: growing by just what was paid hides a payment, and is a fault of its own.
func otherThan(minor int64, p payment.Payment) int64 {
	for _, l := range p.Legs {
		if l.Amount.Minor == minor {
			return otherThan(minor+1, p)
		}
	}
	return minor
}

// powerCut ends the program and the boot; the clock may come back wrong.
func (w *World) powerCut(clock time.Duration) {
	w.boot++
	w.bootedAt = w.now
	w.clockOff += clock
	w.killed("by a power cut")
}

// endOfDay is the kiosk's own, which refuses while something is under way.
func (w *World) endOfDay() {
	k := w.kiosk
	if k == nil {
		return
	}
	k.mine(0, func() {
		if err := k.core.BeginEndOfDay(); err != nil {
			k.exitIfFailed()
			return
		}
		k.mine(5*time.Second, func() {
			asked := device.ErrNotSent
			if !w.terminal.down {
				w.terminal.endOfDay()
				asked = nil
			}
			if err := k.core.EndOfDayEnded(terminal.DayTotal{}, asked); err != nil {
				k.tell("kiosk", "cannot save its end of day: %v", err)
			}
			k.exitIfFailed()
		})
	})
}

// powerCycle takes the terminal's power away and gives it back, where the kiosk does not refuse.
func (w *World) powerCycle(by runner.Cycle) {
	k := w.kiosk
	if k == nil {
		return
	}
	k.mine(0, func() {
		if err := k.core.BeginPowerCycle(by); err != nil {
			k.exitIfFailed()
			return
		}
		w.terminal.off()
		w.in(runner.PowerOff+boots, w.terminal.on) // the relay falls back with the program too
		k.mine(runner.PowerOff+boots, func() {
			k.core.PowerCycleEnded(ledger.PowerResult{Outcome: ledger.PowerBack})
			k.exitIfFailed()
		})
	})
}

// strike lets happen what was planned for the states that a payment has just entered, or what chance brings.
func (w *World) strike(p payment.Payment) {
	if w.healing {
		return
	}
	for _, state := range newStates(w.entered, p) {
		for _, s := range w.Plan {
			if s.State == state && p.ID.Number == 1 {
				w.arm(s.Fault, state, p)
			}
		}
	}
	if w.Chance > 0 && w.rng.Float64() < w.Chance {
		f := faults[w.rng.IntN(len(faults))]
		if !f.breaks {
			w.arm(f.name, string(p.State), p)
		}
	}
}

// arm lets a fault happen now, or at its next occasion.
func (w *World) arm(name, state string, p payment.Payment) {
	f := findFault(name)
	w.tell("FAULT", "%s (payment %d %s)", name, p.ID.Number, state)
	w.struck[name+" at "+state]++
	if f.now == nil {
		w.armed[name] = true
		return
	}
	f.now(w, p)
}

// takes says whether an armed fault comes now, and disarms it.
func (w *World) takes(name string) bool {
	if !w.armed[name] {
		return false
	}
	delete(w.armed, name)
	w.tell("FAULT", "comes: %s", name)
	return true
}

// newStates lists the states that a payment and its legs have not been in before.
func newStates(entered map[string]bool, p payment.Payment) []string {
	states := []string{string(p.State)}
	if p.State.Captured() { // before that, a leg's state says nothing
		for _, l := range p.Legs {
			states = append(states, string(l.State))
		}
	}
	var fresh []string
	for _, s := range states {
		if name := fmt.Sprint(p.ID.Number, " ", s); !entered[name] {
			entered[name] = true
			fresh = append(fresh, s)
		}
	}
	return fresh
}

func euro(minor int64) money.Amount { return money.Of(minor, "EUR") }
