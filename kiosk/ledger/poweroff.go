package ledger

import "selfpay/kiosk/payment"

// That the machine is switched off by the station itself is a note of the station in the chain, with payment number 0. A
// program that does not know it passes over it.
const noteSwitchedOff = "machine switched off"

// switchedOff is why it was.
type switchedOff struct {
	At     payment.Stamp `json:"at"`
	Reason string        `json:"reason"`
}

// SwitchedOff saves why the machine is switched off. ErrCommit: it may be saved; the program must exit, which it does anyway.
func (l *Ledger) SwitchedOff(at payment.Stamp, reason string) error {
	return l.saveNote(noteSwitchedOff, switchedOff{at, reason})
}
