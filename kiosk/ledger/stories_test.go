package ledger

import (
	"fmt"
	"time"

	"selfpay/kiosk/payment"
)

// story is one payment: its fees and what happened to it after the patron confirmed.
type story struct {
	name   string
	from   int // seconds
	fees   map[string]int64
	order  []string
	events []payment.Event
}

// head is the moment so many seconds after the story's begin.
func (s story) head(seconds int) payment.Head { return head(s.from + seconds) }

// account is a reading with these fees still outstanding.
func (s story) account(outstanding ...string) payment.Reading {
	r := payment.Reading{Total: euro(0)}
	for _, fee := range outstanding {
		r.Fees = append(r.Fees, payment.Balance{Fee: fee, Minor: s.fees[fee]})
		r.Total = euro(r.Total.Minor + s.fees[fee])
	}
	return r
}

func (s story) total() int64 { return s.account(s.order...).Total.Minor }

// intent is the event that begins the story's payment.
func (s story) intent() payment.Intended {
	e := payment.Intended{Head: s.head(0), Amount: euro(s.total()), Rules: payment.StandardRules(time.Minute, false),
		Account: s.account(s.order...)}
	for _, fee := range s.order {
		e.Legs = append(e.Legs, payment.PlannedLeg{Fee: fee, Amount: euro(s.fees[fee])})
	}
	return e
}

// charged are the events up to an approved purchase.
func (s story) charged() []payment.Event {
	return []payment.Event{payment.Purchasing{Head: s.head(1)},
		payment.ApprovalSeen{Head: s.head(2), Approval: payment.Approval{Amount: euro(s.total()), Receipt: 417, Trace: 912, TerminalID: "52500295",
			AuthorisationCode: "384211", MaskedPAN: "************1234", CardName: "girocard", Date: "1121", Time: "140512"}},
		payment.DialogueEnded{Head: s.head(3), Slip: payment.CardSlip{Customer: []string{"** KUNDENBELEG **", "girocard", "************1234", "EUR 12,50", "Zahlung erfolgt"},
			Merchant: []string{"** HÄNDLERBELEG **", "girocard", "************1234", "EUR 12,50"}}}}
}

// then is the story with these events after the purchase.
func (s story) then(events ...payment.Event) story {
	s.events = append(s.charged(), events...)
	return s
}

// alone is the story with these events and no approved purchase.
func (s story) alone(events ...payment.Event) story {
	s.events = events
	return s
}

func oneFee(name string, from int) story {
	return story{name: name, from: from, fees: map[string]int64{"104": 1250}, order: []string{"104"}}
}

func twoFees(name string, from int) story {
	return story{name: name, from: from, fees: map[string]int64{"104": 250, "105": 1000}, order: []string{"104", "105"}}
}

// stories end in every way a payment can end, and two do not.
func stories() []story { return storiesFrom(0) }

func storiesFrom(seconds int) []story {
	one, two := oneFee("", seconds), twoFees("", seconds)
	head, oneFee, twoFees := one.head, func(name string) story { return oneFee(name, seconds) }, func(name string) story { return twoFees(name, seconds) }
	gone := payment.AccountRead{Head: head(70), Leg: 1, Account: one.account(), Verdict: payment.Applied}
	still := func(seconds int) payment.AccountRead {
		return payment.AccountRead{Head: head(seconds), Leg: 1, Account: one.account("104"), Verdict: payment.NotApplied}
	}
	before := payment.AccountRead{Head: head(4), Leg: 1, Account: one.account("104")}
	silence := payment.NoAnswer{Head: head(5), Leg: 1, Reason: "no answer within 45s"}
	yes := payment.Answered{Head: head(6), Leg: 1, Accepted: true}
	receipt := payment.ReceiptPrinted{Head: head(300)}
	firstOfTwo := []payment.Event{payment.AccountRead{Head: head(4), Leg: 1, Account: two.account("104", "105")}, yes}
	moved := payment.Reading{Total: euro(300), Fees: []payment.Balance{{Fee: "104", Minor: 300}}}
	return []story{
		twoFees("booked").then(append(firstOfTwo, payment.AccountRead{Head: head(7), Leg: 2, Account: two.account("105")},
			payment.Answered{Head: head(8), Leg: 2, Accepted: true}, receipt)...),
		oneFee("declined").alone(payment.Purchasing{Head: head(1)}, payment.Declined{Head: head(9), Reason: "card expired"}),
		oneFee("booked by account").then(before, silence, gone, receipt),
		oneFee("asked again").then(before, silence, still(70), still(140), payment.AccountRead{Head: head(141), Leg: 1, Account: one.account("104")},
			payment.Answered{Head: head(142), Leg: 1, Accepted: true}),
		oneFee("waits for the library").then(before, payment.NotPosted{Head: head(5), Leg: 1, Reason: "connection refused"}),
		oneFee("reversed").then(payment.AccountRefused{Head: head(4), Leg: 1, Reason: "no such patron"}, payment.Reversed{Head: head(6)}, receipt),
		twoFees("refunded at the desk").then(append(firstOfTwo, payment.AccountRead{Head: head(7), Leg: 2, Account: two.account()},
			payment.RefundDone{Head: head(900), Leg: 2, Staff: "mk", Note: "paid out in cash"})...),
		oneFee("open case").then(before, silence, payment.AccountRead{Head: head(70), Leg: 1, Account: moved, Verdict: payment.Unclear},
			payment.CaseResolved{Head: head(900), Leg: 1, As: payment.ResolvedWrittenOff, Staff: "mk", Note: "the account was closed"}),
		oneFee("abandoned").alone(payment.Abandoned{Head: head(1), Reason: "the patron left"}),
		oneFee("found at the terminal").alone(payment.Purchasing{Head: head(1)}, payment.NoAnswer{Head: head(90), Reason: "timeout"},
			payment.PurchaseFound{Head: head(100), Approval: payment.Approval{Amount: euro(1250), Receipt: 418}, Evidence: "repeat receipt"}, before, yes),
		oneFee("power cut at the terminal").alone(payment.Purchasing{Head: head(1)}),
	}
}

// tell lets a ledger hold the story; saved is called after each event that it acknowledged.
func (s story) tell(l *Ledger, card string, saved func(payment.Payment)) error {
	p, err := l.Intend(card, s.intent())
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	saved(p)
	for _, e := range s.events {
		if p, err = l.Append(p.ID, e); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		saved(p)
	}
	return nil
}
