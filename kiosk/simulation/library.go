package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
	"selfpay/kiosk/runner"
)

// Library is a kind of library system.
type Library struct {
	Name               string
	FeeIDs             bool
	OverpaymentRefused bool // else the rest becomes credit
	NeedsPIN           bool
	Partial            bool // takes a part of a fee
	ShowsReferences    bool // what is booked can be found by its reference
}

// Libraries are the kinds that differ for the money.
var Libraries = []Library{
	{Name: "books anything", FeeIDs: true, Partial: true},
	{Name: "refuses overpayment", FeeIDs: true, OverpaymentRefused: true, Partial: true},
	{Name: "totals only"},
	{Name: "wants the PIN", FeeIDs: true, NeedsPIN: true},
	{Name: "shows references", FeeIDs: true, ShowsReferences: true},
}

// quiet is the profile's quiet time: what was sent is applied within it or never.
const quiet = 120 * time.Second

func (l Library) traits() ils.Traits {
	return ils.Traits{FeeIDs: l.FeeIDs, OverpaymentRefused: l.OverpaymentRefused, Partial: l.Partial, PINInFeePaid: l.NeedsPIN,
		ReferenceReadable: l.ShowsReferences, Quiet: quiet}
}

// librarySystem holds the accounts. Its books are what the library's cashier has.
type librarySystem struct {
	*World
	kind     Library
	down     bool
	accounts []*account
	fees     int
	booked   map[string]int   // how often, by reference
	minor    map[string]int64 // how much, by reference
	doubled  map[string]bool
	pending  int // requests that will still be applied
}

type account struct {
	card    string
	fees    []fee
	credit  int64
	unknown bool
	atDesk  map[string]int64 // paid at the desk, by fee
}

type fee struct {
	id    string
	minor int64
}

func newLibrarySystem(w *World, kind Library) *librarySystem {
	l := &librarySystem{World: w, kind: kind, booked: map[string]int{}, minor: map[string]int64{}, doubled: map[string]bool{}}
	for i := range 4 {
		l.accounts = append(l.accounts, &account{card: fmt.Sprintf("2001700001%04d", i+1), atDesk: map[string]int64{}})
	}
	return l
}

func (l *librarySystem) restore() {
	l.down = false
	for _, a := range l.accounts {
		a.unknown = false
	}
}

// cut breaks the line for a while.
func (l *librarySystem) cut(pause time.Duration) {
	l.down = true
	l.tell("link", "to the library is cut for %s", pause.Round(time.Second))
	if k := l.kiosk; k != nil && k.request != nil {
		x := k.request
		k.mine(time.Millisecond, func() { x.end(errLink) })
	}
	l.in(pause, func() { l.down = false })
}

// owe adds a fee to an account.
func (l *librarySystem) owe(a *account, minor int64) {
	l.fees++
	a.fees = append(a.fees, fee{fmt.Sprint(100 + l.fees), minor})
}

// grow makes a fee larger, as overdue fees do; one that is paid begins anew.
func (l *librarySystem) grow(a *account, id string, minor int64) {
	for i := range a.fees {
		if f := &a.fees[i]; f.id == id || id == "" && i == 0 {
			f.minor += minor
			l.tell("library", "fee %s grows by %s", f.id, euro(minor))
		}
	}
}

func (l *librarySystem) account(card string) *account {
	at := slices.IndexFunc(l.accounts, func(a *account) bool { return a.card == card })
	return l.accounts[at]
}

// read is the account as Patron Information shows it.
func (l *librarySystem) read(card, pin string) (ils.Account, error) {
	a := l.account(card)
	if a.unknown {
		return ils.Account{}, ils.ErrUnknownPatron
	}
	total := -a.credit
	shown := ils.Account{}
	for _, f := range a.fees {
		total += f.minor
		if f.minor > 0 && l.kind.FeeIDs {
			shown.Fees = append(shown.Fees, ils.Fee{ID: f.id, Balance: money.Of(f.minor, "EUR")})
		}
	}
	shown.Total = money.Of(max(0, total), "EUR")
	if l.kind.FeeIDs { // credit is not shown where fees are
		shown.Total = money.Of(total+a.credit, "EUR")
	}
	if l.kind.NeedsPIN && pin == "" {
		return shown, ils.ErrPINNeeded
	}
	return shown, nil
}

// book applies a Fee Paid; false: refused.
func (l *librarySystem) book(leg ils.Leg) bool {
	a := l.account(leg.Patron.Card)
	if a.unknown || l.kind.NeedsPIN && leg.Patron.PIN == "" {
		return false
	}
	rest := leg.Amount.Minor
	owed := int64(0)
	for _, f := range a.fees {
		if leg.Fee == "" || f.id == leg.Fee {
			owed += f.minor
		}
	}
	if l.kind.OverpaymentRefused && rest > owed {
		return false
	}
	for _, named := range []bool{true, false} { // the rest spills to other fees, then to credit
		for i := range a.fees {
			if f := &a.fees[i]; !named || leg.Fee == "" || f.id == leg.Fee {
				part := min(rest, f.minor)
				f.minor -= part
				rest -= part
			}
		}
	}
	a.credit += rest
	l.booked[leg.Reference]++
	l.minor[leg.Reference] += leg.Amount.Minor
	l.tell("library", "books %s for leg %s", leg.Amount, leg.Reference[5:])
	return true
}

// deskPayment is a patron who pays at the desk: the named fee, or the first.
func (l *librarySystem) deskPayment(a *account, id string) {
	for i := range a.fees {
		if f := &a.fees[i]; f.minor > 0 && (id == "" || f.id == id) {
			l.tell("desk", "takes %s for fee %s", money.Of(f.minor, "EUR"), f.id)
			a.atDesk[f.id] += f.minor
			f.minor = 0
			return
		}
	}
}

// doReadAccount is the kiosk's side of a reading.
func (k *life) doReadAccount(j runner.Job, p payment.Payment, who ils.Patron) {
	l := k.library
	k.mine(k.between(50*time.Millisecond, 300*time.Millisecond), func() {
		if l.down || l.takes("account unreadable") {
			k.core.Finished(j, nil, errNoLine)
			return
		}
		account, err := l.read(who.Card, who.PIN)
		if l.kind.ShowsReferences && p.Legs[j.Leg-1].DoubtAt != (payment.Stamp{}) {
			booked := money.Of(l.minor[p.ID.Reference(j.Leg)], "EUR")
			account.Booked = &booked
		}
		e, err := posting.ReadAccount(context.Background(), answering{account: account, err: err}, who, p, p.Legs[j.Leg-1], k.Now)
		k.sabotage(postBeforeSave, func() { l.arrived(p.ID, j.Leg); l.book(k.legOf(j, p, who)) })
		k.core.Finished(j, e, err)
	})
}

func (k *life) legOf(j runner.Job, p payment.Payment, who ils.Patron) ils.Leg {
	leg := p.Legs[j.Leg-1]
	if !k.library.kind.NeedsPIN {
		who.PIN = ""
	}
	return ils.Leg{Reference: p.ID.Reference(leg.Number), Patron: who, Fee: leg.Fee, Amount: leg.Amount}
}

// doPost is the kiosk's side of a Fee Paid.
func (k *life) doPost(j runner.Job, p payment.Payment, who ils.Patron) {
	l := k.library
	leg := k.legOf(j, p, who)
	x := k.await(j, 45*time.Second, func(err error, _ bool) {
		k.request = nil
		k.tell("kiosk", "hears of leg %s: %v", leg.Reference[5:], orWell(err))
		e := posting.Post(context.Background(), answering{err: err}, who, p, p.Legs[j.Leg-1], k.Now)
		if _, lost := e.(payment.NoAnswer); lost {
			k.sabotage(repostBlindly, func() { l.in(time.Second, func() { l.book(leg) }) })
		}
		k.core.Finished(j, e, nil)
	})
	k.request = x
	if l.down {
		k.mine(100*time.Millisecond, func() { x.end(errNoLine) })
		return
	}
	k.tell("kiosk", "posts leg %s", leg.Reference[5:])
	if l.takes("posting lost on the way") {
		k.mine(time.Second, func() { x.end(errLink) })
		return
	}
	l.pending++
	l.in(l.between(30*time.Millisecond, 400*time.Millisecond), func() { l.posted(k, x, p.ID, j.Leg, leg) })
}

// posted takes a Fee Paid and answers it, in one of many ways.
func (l *librarySystem) posted(k *life, x *waiting, id payment.ID, number int, leg ils.Leg) {
	l.pending--
	l.arrived(id, number)
	answer := func(err error, wait time.Duration) {
		k.mine(wait, func() {
			if l.down {
				err = errLink
			}
			x.end(err)
		})
	}
	late := func(least, most time.Duration) {
		l.pending++
		l.in(l.between(least, most), func() { l.pending--; l.book(leg) })
		answer(errLink, time.Second)
	}
	refused := fmt.Errorf("the library says no: %w", device.ErrRefused)
	soon := 50 * time.Millisecond
	switch {
	case l.takes("library refuses"):
		answer(refused, soon)
	case l.takes("library fails to apply, in silence"):
	case l.takes("applied late"):
		late(2*time.Second, quiet-2*time.Second)
	case l.takes("applied after the quiet time"):
		late(quiet+10*time.Second, 5*quiet)
	case l.takes("answer for another payment, not applied"):
		if k.sabotaged(trustForeign) {
			answer(nil, soon)
			return
		}
		answer(errLink, soon)
	default:
		l.answerBooked(k, leg, answer, refused)
	}
}

// arrived looks whether the intent to post was saved before.
func (l *librarySystem) arrived(id payment.ID, leg int) {
	held := l.saved[id.Number]
	if len(held.Legs) < leg || held.Legs[leg-1].State == payment.LegWaiting {
		l.violation("rule 1: leg %d of payment %d was posted before that was saved: %s", leg, id.Number, describe(held))
	}
}

// answerBooked books and answers, unless the answer is spoilt.
func (l *librarySystem) answerBooked(k *life, leg ils.Leg, answer func(error, time.Duration), refused error) {
	ok := l.book(leg)
	soon := 50 * time.Millisecond
	switch {
	case l.takes("applied, and no answer"):
	case l.takes("applied, and the answer unreadable"), l.takes("applied, and the line cut"):
		answer(errLink, soon)
	case l.takes("no after booking"):
		answer(refused, soon)
	case !ok:
		answer(refused, soon)
	case l.takes("answer lost, resend helps"):
		answer(nil, 20*time.Second)
	case l.takes("answer twice"):
		answer(nil, soon)
		answer(nil, 2*soon)
	default:
		answer(nil, soon)
	}
}

// answering is a route whose answer is known already, so that package posting says what it means.
type answering struct {
	ils.Library
	account ils.Account
	err     error
}

func (a answering) Account(context.Context, ils.Patron, ils.Doubt) (ils.Account, error) {
	return a.account, a.err
}
func (a answering) Post(context.Context, ils.Leg) (string, error) { return "", a.err }
