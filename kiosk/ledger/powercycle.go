package ledger

import (
	"errors"

	"selfpay/kiosk/payment"
)

// That the terminal's power was taken away and given back are notes of the station in the chain, with payment number 0. A
// program that does not know them passes over them.
const (
	notePowerBegun = "terminal power cycle begun"
	notePowerEnded = "terminal power cycle ended"
)

// PowerCycle is one power cycle of the terminal.
type PowerCycle struct {
	At      payment.Stamp `json:"at"`
	Staff   string        `json:"staff,omitempty"` // who wanted it; empty: the kiosk itself
	Note    string        `json:"note,omitempty"`
	InDoubt int           `json:"in_doubt,omitempty"` // attempts at the terminal that were in doubt
	Result  PowerResult   `json:"-"`
}

// PowerResult is how a power cycle ended.
type PowerResult struct {
	At      payment.Stamp        `json:"at"`
	Outcome PowerOutcome         `json:"outcome"`
	Reason  string               `json:"reason,omitempty"`
	Last    *payment.Transaction `json:"last,omitempty"` // the terminal's newest transaction behind it, where it tells one
}

// PowerOutcome is how a power cycle ended.
type PowerOutcome string

const (
	PowerUnderWay    PowerOutcome = "under way"
	PowerBack        PowerOutcome = "answers" // the terminal is back
	PowerSilent      PowerOutcome = "silent"  // it has power, and does not answer
	PowerNotCut      PowerOutcome = "not cut" // the relay could not be switched
	PowerInterrupted PowerOutcome = "interrupted"
)

// PowerCycleBegun saves that the terminal's power is taken away from here on.
func (l *Ledger) PowerCycleBegun(c PowerCycle) error { return l.saveNote(notePowerBegun, c) }

// PowerCycleEnded saves how the power cycle ended that began last.
func (l *Ledger) PowerCycleEnded(r PowerResult) error { return l.saveNote(notePowerEnded, r) }

// PowerCycles lists every power cycle that was begun, oldest first; each ends before the next begins.
func (l *Ledger) PowerCycles() ([]PowerCycle, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	cycles, err1 := notes[PowerCycle](l, notePowerBegun)
	results, err2 := notes[PowerResult](l, notePowerEnded)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if len(results) > len(cycles) {
		return nil, l.damage(0, 0, "a power cycle of the terminal ended that never began")
	}
	for i := range cycles {
		cycles[i].Result.Outcome = PowerUnderWay
		if i < len(results) {
			cycles[i].Result = results[i]
		}
	}
	return cycles, nil
}
