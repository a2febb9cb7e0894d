package payment

import (
	"encoding/json"
	"fmt"
	"reflect"

	"selfpay/device/money"
)

// Event is something that happened to a payment. Each is saved before what follows from it is done.
type Event interface{ When() Stamp }

// Head is what every event has.
type Head struct {
	At Stamp `json:"at"`
}

// When is the moment of the event.
func (h Head) When() Stamp { return h.At }

// Events of the purchase.
type (
	// Intended: the patron confirmed. It makes the payment.
	Intended struct {
		Head
		ID      ID           `json:"id"`
		Amount  money.Amount `json:"amount"`
		Rules   Rules        `json:"rules"`
		Legs    []PlannedLeg `json:"legs"`
		Account Reading      `json:"account"`
	}
	// PlannedLeg is one posting to come. Fee is empty for the whole account.
	PlannedLeg struct {
		Fee    string       `json:"fee,omitempty"`
		Amount money.Amount `json:"amount"`
	}
	// Purchasing: from here on the card may be charged. Baseline is what the terminal remembered before.
	Purchasing struct {
		Head
		Baseline *Transaction `json:"baseline,omitempty"`
	}
	// Abandoned: the terminal was never asked, or cannot have begun.
	Abandoned struct {
		Head
		Reason string `json:"reason"`
	}
	// ApprovalSeen: the terminal approved and has not been told that we know.
	ApprovalSeen struct {
		Head
		Approval Approval `json:"approval"`
	}
	// DialogueEnded: the terminal's dialogue ended well; the approval stands.
	DialogueEnded struct {
		Head
		Slip CardSlip `json:"slip"`
	}
	// Declined: the terminal said no; the card is not charged.
	Declined struct {
		Head
		Reason string `json:"reason"`
	}
	// PurchaseFound: the terminal's last result proves that the card was charged.
	PurchaseFound struct {
		Head
		Approval Approval `json:"approval"`
		Evidence string   `json:"evidence"`
	}
	// PurchaseNotFound: the terminal's last result proves that the card was not charged.
	PurchaseNotFound struct {
		Head
		Evidence string `json:"evidence"`
	}
)

// Events of doubt.
type (
	// NoAnswer: an answer was lost, came too late, or the program was restarted. Leg 0 is the terminal.
	NoAnswer struct {
		Head
		Leg    int    `json:"leg,omitempty"`
		Reason string `json:"reason"`
	}
	// TerminalUnclear: the terminal was asked about a purchase or reversal in doubt, and its answer proves nothing.
	TerminalUnclear struct {
		Head
		Found    Transaction `json:"found"`
		Evidence string      `json:"evidence"`
		Final    bool        `json:"final,omitempty"` // its protocol has no question for it: asking again proves nothing either
	}
	// DoubtTooOld: the limit for ending a doubt by ourselves has passed. Leg 0 is the terminal.
	DoubtTooOld struct {
		Head
		Leg int `json:"leg,omitempty"`
	}
)

// Events of a leg.
type (
	// AccountRead: the account was read for a leg: before posting, after a no, or in doubt. Verdict is what Judge
	// says of the reading, kept so that a repost has it on record.
	AccountRead struct {
		Head
		Leg     int     `json:"leg"`
		Account Reading `json:"account"`
		Verdict Verdict `json:"verdict"`
	}
	// AccountRefused: the library does not show the account any more.
	AccountRefused struct {
		Head
		Leg    int    `json:"leg"`
		Reason string `json:"reason"`
	}
	// Answered: the library answered the posting.
	Answered struct {
		Head
		Leg           int    `json:"leg"`
		Accepted      bool   `json:"accepted"`
		BookingNumber string `json:"booking_number,omitempty"` // the library's own
	}
	// NotPosted: not one byte of the posting left; it may be asked again.
	NotPosted struct {
		Head
		Leg    int    `json:"leg"`
		Reason string `json:"reason"`
	}
)

// Events of the way back.
type (
	// PINGone: the patron's PIN is not in memory any more; see Rules.PINNeeded.
	PINGone struct{ Head }
	// Superseded: another purchase or an end of day is about to run; the terminal can no longer take this one back.
	Superseded struct{ Head }
	// ReversalWindowEnded: the time in which we reverse by ourselves is over.
	ReversalWindowEnded struct{ Head }
	// Reversed: the terminal took the purchase back.
	Reversed struct {
		Head
		Evidence string `json:"evidence,omitempty"`
	}
	// NotReversed: the purchase stands; the refund is due at the desk.
	NotReversed struct {
		Head
		Reason string `json:"reason"`
	}
	// ReversalNotSent: not one byte of the reversal left.
	ReversalNotSent struct {
		Head
		Reason string `json:"reason"`
	}
)

// Events made by people, and the receipt's own record.
type (
	// CaseResolved: staff decided an open case. Leg 0 is purchase or reversal.
	CaseResolved struct {
		Head
		Leg   int        `json:"leg,omitempty"`
		As    Resolution `json:"as"`
		Staff string     `json:"staff"`
		Note  string     `json:"note"`
	}
	// RefundDone: staff paid a refund out.
	RefundDone struct {
		Head
		Leg   int    `json:"leg"`
		Staff string `json:"staff"`
		Note  string `json:"note"`
	}
	// PostingConfirmed: staff found the posting of a leg in the library system that was posted by account only.
	PostingConfirmed struct {
		Head
		Leg   int    `json:"leg"`
		Staff string `json:"staff"`
		Note  string `json:"note"`
	}
	// ReceiptPrinted: a receipt left the printer, or may have.
	ReceiptPrinted struct {
		Head
		InDoubt bool `json:"in_doubt,omitempty"`
	}
)

// Resolution is how staff closes an open case.
type Resolution string

const (
	ResolvedCharged    Resolution = "charged"
	ResolvedNotCharged Resolution = "not-charged"
	ResolvedPosted     Resolution = "posted"
	ResolvedReversed   Resolution = "reversed"
	ResolvedRefundDue  Resolution = "refund-due"
	ResolvedWrittenOff Resolution = "written-off"
)

// kinds are the names events have in the ledger. A name is never reused for another form.
var kinds = map[string]Event{
	"intended":              Intended{},
	"purchasing":            Purchasing{},
	"abandoned":             Abandoned{},
	"approval seen":         ApprovalSeen{},
	"dialogue ended":        DialogueEnded{},
	"declined":              Declined{},
	"purchase found":        PurchaseFound{},
	"purchase not found":    PurchaseNotFound{},
	"no answer":             NoAnswer{},
	"terminal unclear":      TerminalUnclear{},
	"doubt too old":         DoubtTooOld{},
	"account read":          AccountRead{},
	"account refused":       AccountRefused{},
	"answered":              Answered{},
	"not posted":            NotPosted{},
	"pin gone":              PINGone{},
	"superseded":            Superseded{},
	"reversal window ended": ReversalWindowEnded{},
	"reversed":              Reversed{},
	"not reversed":          NotReversed{},
	"reversal not sent":     ReversalNotSent{},
	"case resolved":         CaseResolved{},
	"refund done":           RefundDone{},
	"posting confirmed":     PostingConfirmed{},
	"receipt printed":       ReceiptPrinted{},
}

var kindOf = func() map[reflect.Type]string {
	names := map[reflect.Type]string{}
	for name, e := range kinds {
		names[reflect.TypeOf(e)] = name
	}
	return names
}()

// Kind is the event's name in the ledger.
func Kind(e Event) string { return kindOf[reflect.TypeOf(e)] }

// Decode reads an event back from the ledger.
func Decode(kind string, data []byte) (Event, error) {
	sample, known := kinds[kind]
	if !known {
		return nil, fmt.Errorf("payment: unknown kind of event %.40q", kind)
	}
	e := reflect.New(reflect.TypeOf(sample))
	if err := json.Unmarshal(data, e.Interface()); err != nil {
		return nil, fmt.Errorf("payment: read event %q: %w", kind, err)
	}
	return e.Elem().Interface().(Event), nil
}
