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
		account, err := first.library.Account(context.Background(), who, time.Time{})
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
