// Package ils is the kiosk's contract to the library system (ILS): identify a patron, read what is owed, post
// one leg of a payment. Each route (sip2 first) is a folder below with its far end; posting uses this contract only.
package ils

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device"
	"selfpay/device/money"
)

// Library is one library system, reached by one route. Methods may be called from several goroutines; a route
// decides how many run at a time, and never has more than one Post under way.
type Library interface {
	// Ready asks whether fees can be paid now: line up, login accepted, Fee Paid supported. It changes nothing and
	// may be repeated. nil means yes; device.ErrAttention means that staff must act (login refused, Fee Paid not
	// supported); any other error that the library system could not be asked.
	Ready(ctx context.Context) error

	// Account reads who the patron is and what is owed. It changes nothing and may be repeated.
	// ErrUnknownPatron, ErrPINNeeded and ErrFeesUnreadable stand in the error where they apply; every other error
	// means that the account could not be read now. With ErrPINNeeded the account is returned where the library shows
	// it all the same: enough for a queued posting, which has no PIN any more, and not for a patron. The reading is taken on a connection younger than notBefore if
	// that is set: after doubt, an old connection proves nothing.
	Account(ctx context.Context, p Patron, notBefore time.Time) (Account, error)

	// Post tells the library that one leg is paid. It is never repeated by the route, and by the caller only with a
	// verdict that the first was not applied.
	//
	// nil: accepted. device.ErrRefused: answered no; some systems say no after booking, so read the account before
	// money goes back. device.ErrNotSent: not one byte left. device.ErrDoubt (or no class): it may be booked; the
	// route has already asked for the last answer where that was possible, and has closed the connection.
	Post(ctx context.Context, l Leg) error

	// Traits says what this library system can do, from its profile. They do not change while the kiosk runs.
	Traits() Traits

	// Close ends the connection; the library may be used again afterwards.
	Close() error
}

// Patron is how a patron is named to the library system. It lives in memory only.
type Patron struct {
	Card string // library card number as scanned or typed
	PIN  string // empty where the library asks for none
}

// String hides the patron from logs and error texts.
func (Patron) String() string { return "patron(hidden)" }

// GoString hides the patron from %#v.
func (p Patron) GoString() string { return p.String() }

// Format hides the patron from every verb.
func (p Patron) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// The reasons why an account cannot be paid at the kiosk. All carry device.ErrRefused.
var (
	// ErrUnknownPatron: the library does not know the card, or does not let it be used.
	ErrUnknownPatron = fmt.Errorf("patron unknown to the library: %w", device.ErrRefused)
	// ErrPINNeeded: the library wants a PIN, or another one.
	ErrPINNeeded = fmt.Errorf("PIN missing or wrong: %w", device.ErrRefused)
	// ErrFeesUnreadable: the answer cannot be read exactly, so nothing is guessed and nothing is paid.
	ErrFeesUnreadable = fmt.Errorf("fees cannot be read exactly: %w", device.ErrRefused)
)

// IsRefusedAccount says whether err is the library's answer about this account, rather than a fault on the way to it.
func IsRefusedAccount(err error) bool {
	return errors.Is(err, ErrUnknownPatron) || errors.Is(err, ErrPINNeeded) || errors.Is(err, ErrFeesUnreadable)
}

// Account is what is owed at one moment.
type Account struct {
	Initials string // of the personal name, at most three letters, for the screen
	Blocked  bool   // charge privileges denied, or another block that paying may lift
	Fees     []Fee  // in the library's order; empty where the system names none
	Total    money.Amount
}

// Fee is one fee with an outstanding balance.
type Fee struct {
	ID          string // the library's own, for CG; empty where Traits.FeeIDs is false
	Description string // for the patron's screen only: never stored, never logged
	Balance     money.Amount
}

// Leg is one posting: one fee, or the whole account where the library names no fees.
type Leg struct {
	Reference string // BK, "4821-000123-01": the same on every attempt of this leg
	Patron    Patron // PIN only where Traits.PINInFeePaid
	Fee       string // empty: the whole account
	Amount    money.Amount
	PaidAt    time.Time // when the card was charged
}

// Traits is what a library system can do. The zero value is the most careful reading.
type Traits struct {
	FeeIDs             bool          // fees carry ids, and a leg may name one
	Partial            bool          // less than a whole fee may be paid
	OverpaymentRefused bool          // more than a fee's balance is refused: the fee itself guards against a double
	ReferenceEchoed    bool          // the answer carries our reference
	PINInFeePaid       bool          // a posting needs the PIN, so it cannot wait in the queue
	Quiet              time.Duration // after this, a lost request is applied or never will be
}
