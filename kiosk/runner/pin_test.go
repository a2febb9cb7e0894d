package runner_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
	"selfpay/kiosk/runner"
	"selfpay/sip/acs"
)

// A PIN lives in memory only, so a payment that outlives the program is posted without it.
func TestPostingAfterARestartNeedsNoPIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, acs.Koha)
		defer w.close()
		who := ils.Patron{Card: "20017000042318", PIN: "4711"}
		if err := w.library.AddPatron(acs.Patron{Card: who.Card, PIN: who.PIN, Fees: []acs.Fee{{ID: "900", OutstandingMinor: 640}}}); err != nil {
			t.Fatal(err)
		}
		first := w.start(crash{at: 4, after: true}) // the card is charged, the library not told
		account, err := first.library.Account(context.Background(), who, ils.Doubt{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := first.runner.Pay(context.Background(), runner.Order{Patron: who, Amount: account.Total,
			Legs:  []payment.PlannedLeg{{Fee: "900", Amount: account.Total}},
			Rules: payment.StandardRules(120*time.Second, false), Seen: posting.Reading(account)}); err != nil {
			t.Fatal(err)
		}
		<-first.ended
		first.ended <- nil
		first.end()
		second := w.start(crash{})
		second.settle()
		w.checkBooks(second.ledger)
		if n := len(w.library.Books().Postings); n != 1 {
			t.Errorf("%d postings", n)
		}
		second.end()
	})
}

// demandingLibrary wants the patron's PIN with each posting.
type demandingLibrary struct {
	ils.Library
	pins []string // as they came with postings
}

func (d *demandingLibrary) Traits() ils.Traits {
	traits := d.Library.Traits()
	traits.PINInFeePaid = true
	return traits
}

func (d *demandingLibrary) Post(ctx context.Context, l ils.Leg) (string, error) {
	d.pins = append(d.pins, l.Patron.PIN)
	return d.Library.Post(ctx, l)
}

// demand makes the world's library want the PIN.
func (w *world) demand() *demandingLibrary {
	library := &demandingLibrary{}
	w.wrap = func(l ils.Library) ils.Library { library.Library = l; return library }
	return library
}

// payWithPIN lets the patron confirm; shown is called when the account was read for that.
func (p *program) payWithPIN(pin string, shown func()) {
	p.w.t.Helper()
	account, err := p.library.Account(context.Background(), ils.Patron{Card: card}, ils.Doubt{})
	if err != nil {
		p.w.t.Fatal(err)
	}
	shown()
	rules := payment.StandardRules(120*time.Second, false)
	rules.PINNeeded = true
	_, err = p.runner.Pay(context.Background(), runner.Order{Patron: ils.Patron{Card: card, PIN: pin}, Amount: account.Total, Rules: rules,
		Legs: []payment.PlannedLeg{{Fee: "104", Amount: account.Fees[0].Balance}, {Fee: "105", Amount: account.Fees[1].Balance}},
		Seen: posting.Reading(account)})
	if err != nil {
		p.w.t.Fatal(err)
	}
}

func TestPINGoesWithThePostingWhereTheLibraryWantsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, acs.Koha)
		defer w.close()
		library := w.demand()
		p := w.start(crash{})
		p.payWithPIN("4711", func() {})
		p.settle()
		w.checkBooks(p.ledger)
		if len(library.pins) != 2 || library.pins[0] != "4711" || library.pins[1] != "4711" {
			t.Errorf("PINs that came with postings: %q", library.pins)
		}
		p.end()
	})
}

func TestWhatCannotBePostedWithItsPINIsGivenBack(t *testing.T) {
	for _, restart := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, acs.Koha)
			defer w.close()
			w.demand()
			p := w.start(crash{})
			p.payWithPIN("4711", func() {
				if err := w.library.Next(acs.Hold); err != nil { // the reading of the account before the posting
					t.Error(err)
				}
			})
			if err := w.library.WaitHolding(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.library.Cut()
			if restart {
				p.end()
				p = w.start(crash{})
			}
			p.settle()
			w.checkBooks(p.ledger)
			if b := w.terminal.Books(); len(b.Captures) != 0 || len(b.Reversals) != 1 {
				t.Errorf("restart %v: the money is not given back: %+v", restart, b)
			}
			p.end()
		})
	}
}
