// Package ilstest is the conformance suite of the contract ils.Library: every route runs it over its own far end,
// with the same faults and the same expectations. Its first half holds single calls to the contract; the second, money.go,
// takes whole payments through the kiosk's own rules and compares the books. Each case runs in a bubble of
// testing/synctest, so the far end must be reached in memory and time costs nothing.
package ilstest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
)

// Fault is what the far end does to the next posting.
type Fault string

// The faults every far end must be able to play.
const (
	Silent      Fault = "silent"       // not booked, no answer
	ApplySilent Fault = "apply-silent" // booked, no answer
	Refuse      Fault = "refuse"       // not booked, answered no
	Drop        Fault = "drop"         // booked, the connection breaks in the answer
	Duplicate   Fault = "duplicate"    // booked once, answered twice
	Foreign     Fault = "foreign"      // not booked, the answer is another patron's or somebody else's
	Late        Fault = "late"         // booked and answered some seconds later
	ApplyLate   Fault = "apply-late"   // never answered, and booked 90 s later although nobody waits
	BookedNo    Fault = "booked-no"    // booked, answered no
)

// Faults are all of them.
var Faults = []Fault{Silent, ApplySilent, Refuse, Drop, Duplicate, Foreign, Late, ApplyLate, BookedNo}

// Far is a library system with the route to it, made anew for each case.
type Far struct {
	Library ils.Library
	Patron  ils.Patron // owes something payable, in two fees where the route has fee ids, and needs no PIN
	WithPIN ils.Patron // owes something and needs this PIN; zero where the far end has no such patron
	Unknown ils.Patron // nobody
	Fault   func(Fault)
	Cut     func() // cuts the link
	Restore func()
	Booked  func(reference string) int // how often the far end has booked this reference
	// Deaf makes the far end refuse the login; nil where there is none.
	Deaf func()
	// Waive lets the library's staff cancel Patron's first fee, Charge lets them add one.
	Waive  func()
	Charge func(minor int64)
}

// rule is one rule of the contract.
type rule struct {
	name   string
	run    func(t *testing.T, far Far)
	absent func(far Far) string // why the rule has no meaning for a far end; nil: it always has one
}

var rules = []rule{
	{"a patron's account is read", accountIsRead, nil},
	{"an unknown patron is refused", unknownPatronIsRefused, nil},
	{"a missing or wrong PIN is said", pinIsAskedFor, noPIN},
	{"a posting is accepted, booked once and seen in the account", postingIsAccepted, nil},
	{"every fee is paid in turn", everyFeeIsPaid, nil},
	{"a refusal is a refusal and books nothing", outcome(Refuse, device.ErrRefused, 0), nil},
	{"silence is doubt", outcome(Silent, device.ErrDoubt, 0), nil},
	{"silence after booking is doubt, and the account shows it", outcome(ApplySilent, device.ErrDoubt, 1), nil},
	{"an answer that breaks off is doubt, and the account shows it", outcome(Drop, device.ErrDoubt, 1), nil},
	{"an answer for somebody else is doubt", outcome(Foreign, device.ErrDoubt, 0), nil},
	{"a no after booking is a refusal, and the account shows it", outcome(BookedNo, device.ErrRefused, 1), nil},
	{"an answer that comes late is an answer", outcome(Late, nil, 1), nil},
	{"what is applied late is doubt, and the account shows it after the quiet time", outcome(ApplyLate, device.ErrDoubt, 1), nil},
	{"an answer twice is one posting", outcome(Duplicate, nil, 1), nil},
	{"the next posting after an answer twice is not confused", afterDuplicate, oneLeg},
	{"a link that is down means not sent", linkDownIsNotSent, nil},
	{"a link that was down in between is opened again", linkComesBack, nil},
	{"an impossible leg is not sent", impossibleLegIsNotSent, nil},
	{"a refused login needs attention and sends nothing", loginRefused, noLogin},
	{"error texts name no patron", errorsNameNoPatron, nil},
}

// Run holds a route to the contract and to the rules of money. far is called once per case, inside its bubble; it
// registers its own clean-up.
func Run(t *testing.T, far func(t *testing.T) Far) {
	t.Helper()
	for _, r := range append(rules, moneyRules()...) {
		t.Run(r.name, func(t *testing.T) {
			why := ""
			synctest.Test(t, func(t *testing.T) {
				f := far(t)
				if r.absent != nil {
					why = r.absent(f)
				}
				if why == "" {
					r.run(t, f)
				}
			})
			if why != "" {
				t.Skip(why)
			}
		})
	}
}

func noPIN(far Far) string {
	if far.WithPIN.Card == "" {
		return "no patron has a PIN here"
	}
	return ""
}

func noLogin(far Far) string {
	if far.Deaf == nil {
		return "there is no login here"
	}
	return ""
}

func oneLeg(far Far) string {
	if !far.Library.Traits().FeeIDs {
		return "the whole account is one leg here"
	}
	return ""
}

// read gets the account and checks what must hold for every one.
func read(t *testing.T, far Far, p ils.Patron, after ils.Doubt) ils.Account {
	t.Helper()
	a, err := far.Library.Account(t.Context(), p, after)
	if err != nil {
		t.Fatalf("Account = %v", err)
	}
	if !far.Library.Traits().FeeIDs {
		return a
	}
	sum := money.Of(0, a.Total.Currency)
	for _, f := range a.Fees {
		if f.ID == "" || !f.Balance.Positive() {
			t.Errorf("fee without id or balance: %+v", f.Balance)
		}
		if sum, err = sum.Add(f.Balance); err != nil {
			t.Fatal(err)
		}
	}
	if sum != a.Total {
		t.Errorf("fees sum to %v, total is %v", sum, a.Total)
	}
	return a
}

// leg is the first thing that can be paid of an account.
func leg(far Far, a ils.Account, reference string) ils.Leg {
	l := ils.Leg{Reference: reference, Patron: ils.Patron{Card: far.Patron.Card}, Amount: a.Total, PaidAt: time.Now()}
	if far.Library.Traits().PINInFeePaid {
		l.Patron = far.Patron
	}
	if far.Library.Traits().FeeIDs {
		l.Fee, l.Amount = a.Fees[0].ID, a.Fees[0].Balance
	}
	return l
}

// post posts a leg and keeps the error only.
func post(t *testing.T, far Far, l ils.Leg) error {
	t.Helper()
	_, err := far.Library.Post(t.Context(), l)
	return err
}

// wantClass wants exactly one class in an error, or no error.
func wantClass(t *testing.T, what string, err, want error) {
	t.Helper()
	if got := device.Class(err); !errors.Is(got, want) || (want == nil) != (err == nil) {
		t.Errorf("%s = %v, want class %v", what, err, want)
	}
}

func accountIsRead(t *testing.T, far Far) {
	a := read(t, far, far.Patron, ils.Doubt{})
	if !a.Total.Positive() {
		t.Errorf("total is %v", a.Total)
	}
	if far.Library.Traits().FeeIDs && len(a.Fees) < 2 {
		t.Errorf("%d fees, want two at least", len(a.Fees))
	}
	if a.Initials == "" || len([]rune(a.Initials)) > 3 {
		t.Errorf("initials %q", a.Initials)
	}
	if again := read(t, far, far.Patron, ils.Doubt{Since: time.Now()}); again.Total != a.Total {
		t.Errorf("read again: %v, before %v", again.Total, a.Total)
	}
	if err := far.Library.Ready(t.Context()); err != nil {
		t.Errorf("Ready = %v", err)
	}
}

func unknownPatronIsRefused(t *testing.T, far Far) {
	_, err := far.Library.Account(t.Context(), far.Unknown, ils.Doubt{})
	if !errors.Is(err, ils.ErrUnknownPatron) || !ils.IsRefusedAccount(err) {
		t.Errorf("Account = %v, want %v", err, ils.ErrUnknownPatron)
	}
	wantClass(t, "Account", err, device.ErrRefused)
}

func pinIsAskedFor(t *testing.T, far Far) {
	for _, pin := range []string{"", far.WithPIN.PIN + "9"} {
		_, err := far.Library.Account(t.Context(), ils.Patron{Card: far.WithPIN.Card, PIN: pin}, ils.Doubt{})
		if !errors.Is(err, ils.ErrPINNeeded) {
			t.Errorf("Account = %v, want %v", err, ils.ErrPINNeeded)
		}
	}
	read(t, far, far.WithPIN, ils.Doubt{})
}

func postingIsAccepted(t *testing.T, far Far) {
	before := read(t, far, far.Patron, ils.Doubt{})
	l := leg(far, before, "4821-000123-01")
	wantClass(t, "Post", post(t, far, l), nil)
	if n := far.Booked(l.Reference); n != 1 {
		t.Errorf("booked %d times", n)
	}
	if after := read(t, far, far.Patron, ils.Doubt{}); after.Total.Minor != before.Total.Minor-l.Amount.Minor {
		t.Errorf("%v were paid of %v, and %v are left", l.Amount, before.Total, after.Total)
	}
}

func everyFeeIsPaid(t *testing.T, far Far) {
	for i := range 10 {
		a := read(t, far, far.Patron, ils.Doubt{})
		if !a.Total.Positive() {
			return
		}
		wantClass(t, "Post", post(t, far, leg(far, a, fmt.Sprintf("4821-000123-%02d", i+1))), nil)
	}
	t.Error("something is owed after ten postings")
}

// outcome is a posting that meets a fault.
func outcome(fault Fault, want error, booked int) func(*testing.T, Far) {
	return func(t *testing.T, far Far) {
		before := read(t, far, far.Patron, ils.Doubt{})
		l := leg(far, before, "4821-000123-01")
		far.Fault(fault)
		wantClass(t, "Post", post(t, far, l), want)
		sent := time.Now()
		time.Sleep(far.Library.Traits().Quiet)
		if n := far.Booked(l.Reference); n != booked {
			t.Errorf("booked %d times, want %d", n, booked)
		}
		after := read(t, far, far.Patron, ils.Doubt{Since: sent, Reference: l.Reference})
		if far.Library.Traits().ReferenceReadable && (after.Booked == nil || after.Booked.Minor != int64(booked)*l.Amount.Minor) {
			t.Errorf("booked under the reference: %v, want %d times %v", after.Booked, booked, l.Amount)
		}
		if paid := before.Total.Minor - after.Total.Minor; paid != int64(booked)*l.Amount.Minor {
			t.Errorf("the account went down by %d, want %d times %d", paid, booked, l.Amount.Minor)
		}
	}
}

func afterDuplicate(t *testing.T, far Far) {
	far.Fault(Duplicate)
	for _, reference := range []string{"4821-000123-01", "4821-000123-02"} {
		l := leg(far, read(t, far, far.Patron, ils.Doubt{}), reference)
		wantClass(t, "Post "+reference, post(t, far, l), nil)
		if n := far.Booked(reference); n != 1 {
			t.Errorf("%s booked %d times", reference, n)
		}
	}
}

func linkDownIsNotSent(t *testing.T, far Far) {
	l := leg(far, read(t, far, far.Patron, ils.Doubt{}), "4821-000123-01")
	far.Cut()
	wantClass(t, "Post", post(t, far, l), device.ErrNotSent)
	_, err := far.Library.Account(t.Context(), far.Patron, ils.Doubt{})
	if err == nil || ils.IsRefusedAccount(err) || errors.Is(err, device.ErrRefused) {
		t.Errorf("Account = %v, want that it could not be read", err)
	}
	if err := far.Library.Ready(t.Context()); err == nil || errors.Is(err, device.ErrAttention) {
		t.Errorf("Ready = %v, want that it could not be asked", err)
	}
	far.Restore()
	wantClass(t, "Post after the link came back", post(t, far, l), nil)
	if n := far.Booked(l.Reference); n != 1 {
		t.Errorf("booked %d times", n)
	}
}

func linkComesBack(t *testing.T, far Far) {
	a := read(t, far, far.Patron, ils.Doubt{})
	far.Cut()
	far.Restore()
	read(t, far, far.Patron, ils.Doubt{})
	far.Cut()
	far.Restore()
	l := leg(far, a, "4821-000123-01")
	wantClass(t, "Post", post(t, far, l), nil)
	if n := far.Booked(l.Reference); n != 1 {
		t.Errorf("booked %d times", n)
	}
	if err := far.Library.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	read(t, far, far.Patron, ils.Doubt{})
}

func impossibleLegIsNotSent(t *testing.T, far Far) {
	good := leg(far, read(t, far, far.Patron, ils.Doubt{}), "4821-000123-01")
	for name, change := range map[string]func(*ils.Leg){
		"nothing":           func(l *ils.Leg) { l.Amount.Minor = 0 },
		"less than nothing": func(l *ils.Leg) { l.Amount.Minor = -1 },
		"another currency":  func(l *ils.Leg) { l.Amount.Currency = "JPY" },
		"no reference":      func(l *ils.Leg) { l.Reference = "" },
		"letters":           func(l *ils.Leg) { l.Reference = "4821-AZ-01" },
	} {
		l := good
		change(&l)
		wantClass(t, "Post with "+name, post(t, far, l), device.ErrNotSent)
		if n := far.Booked(l.Reference); n != 0 {
			t.Errorf("%s: booked %d times", name, n)
		}
	}
}

func loginRefused(t *testing.T, far Far) {
	l := leg(far, read(t, far, far.Patron, ils.Doubt{}), "4821-000123-01")
	far.Deaf()
	far.Cut()
	far.Restore()
	wantClass(t, "Ready", far.Library.Ready(t.Context()), device.ErrAttention)
	wantClass(t, "Post", post(t, far, l), device.ErrNotSent)
	if n := far.Booked(l.Reference); n != 0 {
		t.Errorf("booked %d times", n)
	}
}

func errorsNameNoPatron(t *testing.T, far Far) {
	l := leg(far, read(t, far, far.Patron, ils.Doubt{}), "4821-000123-01")
	var said []error
	for _, f := range []Fault{Refuse, Silent, Foreign, Drop} {
		far.Fault(f)
		said = append(said, post(t, far, l))
	}
	for _, p := range []ils.Patron{far.Unknown, {Card: far.WithPIN.Card, PIN: "987654"}} {
		_, err := far.Library.Account(t.Context(), p, ils.Doubt{})
		said = append(said, err)
	}
	for _, err := range said {
		for _, secret := range []string{far.Patron.Card, far.Unknown.Card, far.WithPIN.Card, "987654"} {
			if err != nil && secret != "" && strings.Contains(err.Error(), secret) {
				t.Errorf("the error names a patron: %v", err)
			}
		}
	}
}
