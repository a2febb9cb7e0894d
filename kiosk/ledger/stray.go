package ledger

import (
	"errors"
	"fmt"

	"selfpay/kiosk/payment"
)

// That the terminal told of an approval nobody asked for, and what became of it, are notes of the station in the chain, with payment
// number 0.
const (
	noteStray      = "approval nobody asked for"
	noteStrayEnded = "approval nobody asked for ended"
)

// Stray is one approval that belongs to no attempt.
type Stray struct {
	At       payment.Stamp    `json:"at"`
	Approval payment.Approval `json:"approval"`
	Note     string           `json:"note"` // the approval in words
	Result   StrayResult      `json:"-"`    // the zero value: the terminal was not asked since
}

// StrayResult is what the terminal said of it afterwards.
type StrayResult struct {
	At      payment.Stamp `json:"at"`
	Receipt int           `json:"receipt"`
	Trace   int           `json:"trace"`
	Outcome string        `json:"outcome"` // a verdict, as a terminal's memory gives it
	Reason  string        `json:"reason,omitempty"`
}

// StraySeen saves the approval, before the terminal is told that nothing was given for it.
func (l *Ledger) StraySeen(at payment.Stamp, a payment.Approval) error {
	return l.saveNote(noteStray, Stray{At: at, Approval: a, Note: fmt.Sprintf("%s, receipt %04d, trace %d", a.Amount, a.Receipt, a.Trace)})
}

// StrayEnded saves what the terminal said of it.
func (l *Ledger) StrayEnded(r StrayResult) error { return l.saveNote(noteStrayEnded, r) }

// Strays lists every approval nobody asked for, oldest first.
func (l *Ledger) Strays() ([]Stray, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	strays, err1 := notes[Stray](l, noteStray)
	results, err2 := notes[StrayResult](l, noteStrayEnded)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	for _, r := range results {
		for i := range strays {
			s := &strays[i]
			if s.Result == (StrayResult{}) && s.Approval.Receipt == r.Receipt && s.Approval.Trace == r.Trace {
				s.Result = r
				break
			}
		}
	}
	return strays, nil
}
