package simulation

import (
	"fmt"

	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// disk is the kiosk's ledger with what can happen while it writes.
type disk struct {
	*ledger.Ledger
	w    *World
	life *life
	full bool
}

// Ready says what statfs would.
func (d *disk) Ready() error {
	if d.full {
		return fmt.Errorf("simulation: %w", ledger.ErrNoSpace)
	}
	return d.Ledger.Ready()
}

// Intend begins a payment.
func (d *disk) Intend(card string, e payment.Intended) (payment.Payment, error) {
	return d.write(e, func() (payment.Payment, error) { return d.Ledger.Intend(card, e) })
}

// Append saves an event.
func (d *disk) Append(id payment.ID, e payment.Event) (payment.Payment, error) {
	return d.write(e, func() (payment.Payment, error) { return d.Ledger.Append(id, e) })
}

// EndOfDayBegun saves a note of the station.
func (d *disk) EndOfDayBegun(at payment.Stamp) error {
	return d.note("that an end of day begins", func() error { return d.Ledger.EndOfDayBegun(at) })
}

// EndOfDayEnded saves a note of the station.
func (d *disk) EndOfDayEnded(r ledger.DayResult) error {
	return d.note("an end of day: "+string(r.Outcome), func() error { return d.Ledger.EndOfDayEnded(r) })
}

// PowerCycleBegun saves a note of the station.
func (d *disk) PowerCycleBegun(c ledger.PowerCycle) error {
	return d.note("that a power cycle of the terminal begins", func() error { return d.Ledger.PowerCycleBegun(c) })
}

// PowerCycleEnded saves a note of the station.
func (d *disk) PowerCycleEnded(r ledger.PowerResult) error {
	return d.note("a power cycle of the terminal: "+string(r.Outcome), func() error { return d.Ledger.PowerCycleEnded(r) })
}

// note saves, unless the program dies before or after.
func (d *disk) note(what string, save func() error) error {
	unknown := fmt.Errorf("simulation: killed: %w", ledger.ErrCommit)
	if d.life.dead {
		return unknown
	}
	if d.w.step() {
		d.life.exit("is killed before it saves " + what)
		return unknown
	}
	if err := save(); err != nil {
		return err
	}
	d.w.tell("ledger", "%s", what)
	if d.w.step() {
		d.life.exit("is killed after it saved " + what)
		return unknown
	}
	return nil
}

// write saves, unless the program dies before or after, or the disk fails in one of its ways.
func (d *disk) write(e payment.Event, save func() (payment.Payment, error)) (payment.Payment, error) {
	unknown := func(why string) (payment.Payment, error) {
		return payment.Payment{}, fmt.Errorf("simulation: %s: %w", why, ledger.ErrCommit)
	}
	w := d.w
	switch {
	case d.life.dead:
		return unknown("the program is dead")
	case w.step() || w.takes("killed before a save"):
		d.life.exit("is killed before it saves " + payment.Kind(e))
		return unknown("killed")
	case d.full || w.takes("write lost"):
		w.tell("disk", "refuses %s", payment.Kind(e))
		return unknown("the disk refuses")
	}
	p, err := save()
	if err != nil {
		return p, err
	}
	w.saved[p.ID.Number] = p
	w.tell("ledger", "%s: %s", payment.Kind(e), describe(p))
	switch {
	case w.step():
		d.life.exit("is killed after it saved " + payment.Kind(e))
		return unknown("killed")
	case w.takes("write kept, error told"):
		w.tell("disk", "reports an error for %s, though it was kept", payment.Kind(e))
		return unknown("the disk reports an error")
	}
	w.strike(p)
	if d.life.dead {
		return unknown("killed")
	}
	return p, nil
}

// describe is where a payment stands, in one line.
func describe(p payment.Payment) string {
	text := fmt.Sprintf("payment %d %s", p.ID.Number, p.State)
	if p.OpenCase {
		text += " (open case: " + p.Reason + ")"
	}
	for _, l := range p.Legs {
		text += fmt.Sprintf(", leg %d %s", l.Number, l.State)
		if l.Proof != "" {
			text += " " + string(l.Proof)
		}
	}
	return text
}
