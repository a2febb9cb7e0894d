// Package terminal is the contract of a card terminal: purchase, look up what became of it, reverse it. Amounts
// are exact; card data never appears, the terminal is the only device that sees it.
package terminal

import (
	"context"

	"selfpay/device/money"
)

// Terminal is one card terminal. One method runs at a time; a second call waits for the first. A method whose ctx
// ends asks the terminal to stop and still waits, within its own limits, for the terminal's last word.
type Terminal interface {
	// Status says whether a purchase could begin now. It changes nothing and may be repeated. An error means
	// that the terminal could not be asked.
	Status(ctx context.Context) (Status, error)

	// Purchase charges the card. It is called once per attempt and never repeated.
	//
	// nil: the dialogue has ended and the approval given to w.Seen stands.
	// device.ErrRefused: the terminal said no; nothing is charged. The error text names the reason.
	// device.ErrNotSent: the terminal cannot have begun.
	// device.ErrDoubt (or no class): the card may be charged; ask RecoverPurchase.
	Purchase(ctx context.Context, p Purchase, w Watch) (CardSlip, error)

	// RecoverPurchase asks the terminal what became of an attempt whose answer was lost. It charges nothing and may
	// be repeated. An error means that the terminal could not be asked; ask again later.
	RecoverPurchase(ctx context.Context, a Attempt) (Recovery, error)

	// Reverse takes an approved purchase back by the terminal's own reference (ZVT: receipt number). Its errors
	// mean what they mean for Purchase: after ErrRefused the money stays charged, after ErrDoubt ask RecoverReversal.
	Reverse(ctx context.Context, a Approval) error

	// RecoverReversal asks whether the purchase a was taken back. Charged: it was not, the money stays with the
	// library. NotCharged: it was. Else as RecoverPurchase.
	RecoverReversal(ctx context.Context, a Approval) (Recovery, error)

	// Last reports the newest transaction the terminal remembers, whoever started it. It changes nothing and may be
	// repeated. Saved before a purchase it is the baseline that RecoverPurchase compares with. device.ErrRefused: this
	// terminal does not tell; purchases are possible all the same.
	Last(ctx context.Context) (Transaction, error)

	// EndOfDay closes the day with the acquirer; afterwards nothing can be reversed. device.ErrDoubt: it may have
	// run. It must not be called while an attempt is open or in doubt.
	EndOfDay(ctx context.Context) (DayTotal, error)

	// Close ends the link. The terminal may be used again afterwards.
	Close() error
}

// Purchase is what is asked of the terminal.
type Purchase struct {
	Ref    string // the patron's code, "4821-123"; goes to the terminal where its protocol has a field
	Amount money.Amount
}

// Cancels says whether the kiosk can stop a purchase that waits for a card. A terminal that cannot be stopped says so itself, by a method
// CannotCancel.
func Cancels(t Terminal) bool {
	c, says := t.(interface{ CannotCancel() bool })
	return !says || !c.CannotCancel()
}

// Maintainer is a terminal that needs service now and then which the kiosk can give it.
type Maintainer interface {
	// Maintain does what the terminal asks for, and says what that was; empty: nothing. It moves no money and may be repeated. It must not
	// be called while an attempt is open or in doubt.
	Maintain(ctx context.Context) (done string, err error)
}

// StrayWatcher is a terminal that can tell of approvals nobody asked for: of a purchase that was typed at its own keys, or that another
// register began. Without a watcher it leaves them unanswered, and the terminal's own rule decides.
type StrayWatcher interface {
	// WatchStrays is called once, before any other method.
	WatchStrays(Stray)
}

// Stray is told of an approval that came while no purchase ran. Its functions are called from the goroutine of the method during which
// the approval came.
type Stray struct {
	// Seen is called before the terminal is told that nothing was given for the money, upon which it takes it back. After an error it is
	// told nothing.
	Seen func(Approval) error
	// Ended is called with what the terminal's memory says of it afterwards.
	Ended func(Approval, Recovery)
}

// Watch is told what happens during a purchase, from the goroutine that runs it.
type Watch struct {
	// Seen is called with the approval before it is acknowledged to the terminal. Only when it has returned nil
	// (the ledger holds the approval) does the terminal learn that we know. It must be set.
	Seen func(Approval) error
	// Progress is a hint for the screen, never evidence of an outcome. May be nil.
	Progress func(Progress)
}

// Progress is what the terminal asks of the patron just now.
type Progress string

const (
	ProgressCard      Progress = "card"      // present, insert or swipe the card
	ProgressPIN       Progress = "pin"       // look at the PIN pad
	ProgressWait      Progress = "wait"      // terminal or host at work
	ProgressRemove    Progress = "remove"    // take the card out
	ProgressRetry     Progress = "retry"     // card not read, try again
	ProgressReversing Progress = "reversing" // the terminal takes a payment back by itself
)

// Approval is the terminal's yes. Numbers are the terminal's own.
type Approval struct {
	Amount            money.Amount `json:"amount"`
	Receipt           int          `json:"receipt"`                      // receipt number, 1 to 9999
	Trace             int          `json:"trace"`                        // trace number
	Turnover          int          `json:"turnover,omitempty"`           // turnover record number
	TerminalID        string       `json:"terminal_id,omitempty"`        // TID
	AuthorisationCode string       `json:"authorisation_code,omitempty"` // approval code of the acquirer
	MaskedPAN         string       `json:"masked_pan,omitempty"`         // at least the digits between the first 6 and last 4 masked by *
	CardName          string       `json:"card_name,omitempty"`          // "girocard"
	Date              string       `json:"date,omitempty"`               // the terminal's own clock, MMDD; a label
	Time              string       `json:"time,omitempty"`               // HHMMSS; a label
	Offline           bool         `json:"offline,omitempty"`            // approved without the host
}

// CardSlip is the text the terminal wants on the receipts, printed unchanged.
type CardSlip struct {
	Customer []string `json:"customer,omitempty"`
	Merchant []string `json:"merchant,omitempty"`
}

// Kind is what a transaction of the terminal was.
type Kind string

const (
	KindNone     Kind = "" // the terminal remembers none
	KindPurchase Kind = "purchase"
	KindReversal Kind = "reversal"
	KindOther    Kind = "other" // end of day, refund or anything else that is not ours
)

// Transaction is one transaction as the terminal remembers it.
type Transaction struct {
	Kind          Kind     `json:"kind"`
	Approved      bool     `json:"approved"`
	ResultCode    string   `json:"result_code,omitempty"`    // the protocol's own
	OriginalTrace int      `json:"original_trace,omitempty"` // reversal: trace number of what was taken back
	Approval      Approval `json:"approval"`                 // its numbers, also when not approved
}

// Attempt is a purchase whose answer was lost, with what was saved about it.
type Attempt struct {
	Purchase Purchase
	Baseline *Transaction // newest transaction before the attempt; nil where it could not be read
	Seen     *Approval    // the approval that was saved but perhaps not acknowledged; nil if none
}

// Verdict is what the terminal's memory proves.
type Verdict string

const (
	Charged      Verdict = "charged"
	NotCharged   Verdict = "not charged"
	StillUnknown Verdict = "still unknown" // the terminal was asked and its answer proves nothing
	NeverKnown   Verdict = "never known"   // its protocol has no question for it: asking again proves nothing either
)

// Recovery is a verdict with its evidence.
type Recovery struct {
	Verdict  Verdict     `json:"verdict"`
	Found    Transaction `json:"found"`
	Evidence string      `json:"evidence"` // one sentence for staff: what was compared with what
}

// Status says whether a purchase could begin.
type Status struct {
	Ready      bool
	Reason     string // why not, for staff; empty when ready
	TerminalID string
	EndOfDay   bool // the terminal demands an end of day
	Service    bool // the terminal asks for what Maintainer does
}

// DayTotal is what the terminal says it closed.
type DayTotal struct {
	Amount money.Amount // without a currency where the terminal tells no total
	Trace  int          // 0 where it tells none
}
