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
	// Ready asks whether fees can be paid now: line up, login accepted, payments allowed. It changes nothing and
	// may be repeated. nil means yes; device.ErrAttention means that staff must act (login refused, payments not
	// allowed, a wrong workstation); any other error that the library system could not be asked.
	Ready(ctx context.Context) error

	// Account reads who the patron is and what is owed. It changes nothing and may be repeated.
	// ErrUnknownPatron, ErrPINNeeded and ErrFeesUnreadable stand in the error where they apply; every other error
	// means that the account could not be read now. With ErrPINNeeded the account is returned where the library shows
	// it all the same: enough for a queued posting, which has no PIN any more, and not for a patron. after is the doubt
	// that the reading is to clear up; its zero value where there is none.
	Account(ctx context.Context, p Patron, after Doubt) (Account, error)

	// Post tells the library that one leg is paid. It is never repeated by the route, and by the caller only with a
	// verdict that the first was not applied. number is the library's own number of the booking, empty where it gives
	// none.
	//
	// nil: accepted. device.ErrRefused: answered no; some systems say no after booking, so read the account before
	// money goes back. device.ErrNotSent: nothing of it can have been carried out. device.ErrDoubt (or no class): it may
	// be booked; the route has already asked for the last answer where that was possible, and has closed the connection.
	Post(ctx context.Context, l Leg) (number string, err error)

	// Traits says what this library system can do, from its profile. They do not change while the kiosk runs.
	Traits() Traits

	// Clock is how far the library system's clock is ahead of ours, by its last answer that told the time. known is
	// false before there was one, and where its answers do not tell.
	Clock() (ahead time.Duration, known bool)

	// Close ends the connection; the library may be used again afterwards.
	Close() error
}

// Doubt is a posting whose answer was lost, for the reading that is to clear it up. The zero value: none.
type Doubt struct {
	Since     time.Time // the reading is taken on a connection younger than this: an old one proves nothing
	Reference string    // the posting's, to be looked for where Traits.ReferenceReadable
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
	Fees     []Fee  // in the library's order; perhaps without ids, or empty, where Traits.FeeIDs is false
	Total    money.Amount

	// Limit is what may be owed without a block; it has no currency where the library does not say it, and where the patron is blocked
	// for something else besides.
	Limit money.Amount

	// Mark is what the balances are made of, where the fees do not tell: how many fees the library counts, or a digest of
	// the charges. It tells two accounts of the same balances apart, and is the same as long as nothing moves.
	Mark string

	// Booked is what the library has booked under Doubt.Reference, zero where it has nothing. nil: it was not looked
	// for, because there is no doubt or the references cannot be read.
	Booked *money.Amount
}

// Fee is one fee with an outstanding balance.
type Fee struct {
	ID          string // the library's own id, or the branch that is paid as one: what a leg names where Traits.FeeIDs
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
	CardName  string    // the bank card's scheme as the terminal names it, "girocard"; empty where it names none
}

// Traits is what a library system can do. The zero value is the most careful reading. Profiles write them in TOML.
type Traits struct {
	FeeIDs             bool          `toml:"fee_ids"`             // fees carry ids, and each leg names one; else a leg is the whole account
	Partial            bool          `toml:"partial"`             // less than a whole fee may be paid
	OverpaymentRefused bool          `toml:"overpayment_refused"` // more than a fee's balance is refused: the fee itself guards against a double
	ReferenceEchoed    bool          `toml:"reference_echoed"`    // the answer carries our reference
	ReferenceReadable  bool          `toml:"reference_readable"`  // what is booked can be found by our reference: doubt ends by it, and not without it
	Resend             bool          `toml:"resend"`              // the last answer can be asked for once more
	PINInFeePaid       bool          `toml:"pin_in_fee_paid"`     // a posting needs the PIN, so it cannot wait in the queue
	Quiet              time.Duration `toml:"quiet"`               // after this, a lost request is applied or never will be
}
