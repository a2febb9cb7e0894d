package ilstest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
)

// moneyRules are the rules of money that every route keeps under every fault.
func moneyRules() []rule {
	var all []rule
	for _, f := range Faults {
		all = append(all, rule{"money: the books agree after " + string(f), func(t *testing.T, far Far) {
			far.Fault(f)
			c := newCashier(t, far)
			c.settle()
			c.compare(f == Refuse)
		}, nil})
	}
	for _, f := range []Fault{"", Silent, ApplySilent, ApplyLate} {
		all = append(all, rule{fmt.Sprintf("money: the books agree when the kiosk is killed while it posts, %s", orWell(f)), func(t *testing.T, far Far) {
			if f != "" {
				far.Fault(f)
			}
			c := newCashier(t, far)
			c.killed = true
			c.settle()
			c.compare(false)
		}, nil})
	}
	return append(all,
		rule{"money: what cannot be sent waits, and is posted once", waitsForTheLink, nil},
		rule{"money: a library system that is restarted between two legs books each once", restartedBetween, oneLeg},
		rule{"money: a fee that is waived before the posting is not posted", waivedBefore, nil},
		rule{"money: what the desk took while a posting was in doubt is never held for an answer", tookMeanwhile, nil},
		rule{"money: a fee that comes up while a posting is in doubt hides nothing", chargedMeanwhile, nil},
		rule{"money: a second posting of the same leg is never sent by the route", sentOnce, nil},
	)
}

func orWell(f Fault) string {
	if f == "" {
		return "all well"
	}
	return string(f)
}

// cashier takes one payment of all that the patron owes through the kiosk's rules, as the runner does: what is due is
// done, and what comes back is an event.
type cashier struct {
	t      *testing.T
	far    Far
	owed   money.Amount
	p      payment.Payment
	killed bool // the next posting is cut short after a second, and the program begins anew

	posted func() // called once when the first posting was answered; nil: nobody is told
}

func stamp() payment.Stamp {
	at := time.Now()
	return payment.Stamp{Wall: at, Boot: "one", Mono: time.Duration(at.UnixNano())}
}

// newCashier is a payment that is approved; nothing of it is posted.
func newCashier(t *testing.T, far Far) *cashier {
	t.Helper()
	a := read(t, far, far.Patron, ils.Doubt{})
	traits := far.Library.Traits()
	var chosen []posting.Choice
	for _, f := range a.Fees {
		if traits.FeeIDs {
			chosen = append(chosen, posting.Choice{Fee: f.ID, Amount: f.Balance})
		}
	}
	if !traits.FeeIDs {
		chosen = []posting.Choice{{Amount: a.Total}}
	}
	legs, err := posting.Plan(a, traits, chosen)
	if err != nil {
		t.Fatal(err)
	}
	c := &cashier{t: t, far: far, owed: a.Total}
	head := payment.Head{At: stamp()}
	for _, e := range []payment.Event{
		payment.Intended{Head: head, ID: payment.ID{Epoch: 4821, Number: 123}, Amount: a.Total, Legs: legs, Account: posting.Reading(a),
			Rules: payment.StandardRules(traits.Quiet, traits.OverpaymentRefused)},
		payment.Purchasing{Head: head},
		payment.ApprovalSeen{Head: head, Approval: payment.Approval{Amount: a.Total, Receipt: 417, CardName: "VISA"}},
		payment.DialogueEnded{Head: head},
	} {
		c.step(e)
	}
	return c
}

func (c *cashier) step(e payment.Event) {
	c.t.Helper()
	after, err := payment.Step(c.p, e)
	if err != nil {
		c.t.Fatal(err)
	}
	c.p = after
}

// settle does what is due until nothing is, or two days have passed.
func (c *cashier) settle() {
	c.t.Helper()
	for end := time.Now().Add(48 * time.Hour); time.Now().Before(end); {
		due := payment.Due(c.p, stamp())
		if len(due) == 0 {
			return
		}
		next := slices.MinFunc(due, sooner)
		time.Sleep(next.After)
		c.do(next)
	}
	c.t.Errorf("after two days the payment has not ended: %+v", c.p.Legs)
}

// sooner puts the end of a doubt before a reading that is due at the same time, and was perhaps asked in vain.
func sooner(a, b payment.Effect) int {
	if a.After == b.After && a.Do != b.Do && b.Do == payment.DoEndDoubt {
		return 1
	}
	return int(a.After - b.After)
}

// again is the pause after what could not be asked.
const again = 5 * time.Second

func (c *cashier) do(e payment.Effect) {
	c.t.Helper()
	head := payment.Head{At: stamp()}
	switch e.Do {
	case payment.DoReadAccount:
		event, err := posting.ReadAccount(c.t.Context(), c.far.Library, ils.Patron{Card: c.far.Patron.Card}, c.p, c.p.Legs[e.Leg-1], stamp)
		if err != nil {
			time.Sleep(again)
			return
		}
		c.step(event)
	case payment.DoPost:
		c.post(e.Leg)
	case payment.DoEndWindow:
		c.step(payment.ReversalWindowEnded{Head: head})
	case payment.DoEndDoubt:
		c.step(payment.DoubtTooOld{Head: head, Leg: e.Leg})
	case payment.DoReverse:
		c.step(payment.Reversed{Head: head})
	default:
		c.t.Fatalf("%s is due", e.Do)
	}
}

func (c *cashier) post(leg int) {
	c.t.Helper()
	ctx := c.t.Context()
	who := ils.Patron{Card: c.far.Patron.Card}
	if c.far.Library.Traits().PINInFeePaid {
		who = c.far.Patron
	}
	if c.killed {
		c.killed = false
		ctx, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		posting.Post(ctx, c.far.Library, who, c.p, c.p.Legs[leg-1], stamp)
		for _, e := range payment.Restart(c.p, stamp()) {
			c.step(e)
		}
		return
	}
	e := posting.Post(ctx, c.far.Library, who, c.p, c.p.Legs[leg-1], stamp)
	c.step(e)
	if _, notSent := e.(payment.NotPosted); notSent {
		time.Sleep(again)
	}
	if c.posted != nil {
		c.posted()
		c.posted = nil
	}
}

// compare holds what the kiosk believes against what the library booked. mayRefuse: money may have gone back.
func (c *cashier) compare(mayRefuse bool) {
	c.t.Helper()
	paid := int64(0)
	for _, l := range c.p.Legs {
		n := c.far.Booked(c.p.ID.Reference(l.Number))
		switch {
		case n > 1:
			c.t.Errorf("leg %d is booked %d times", l.Number, n)
		case c.p.State == payment.StateReversed && n > 0, l.State == payment.LegRefundDue && n > 0:
			c.t.Errorf("leg %d is booked, and the money goes back", l.Number)
		case l.State == payment.LegPosted && n == 0:
			c.t.Errorf("leg %d counts as posted %s, and is not booked", l.Number, l.Proof)
		case l.State == payment.LegOpenCase:
			c.t.Errorf("a person is called for leg %d: %s", l.Number, l.Reason)
		case l.State != payment.LegPosted && !mayRefuse:
			c.t.Errorf("leg %d is %s: %s", l.Number, l.State, l.Reason)
		}
		if n > 0 {
			paid += l.Amount.Minor
		}
	}
	c.left(c.owed.Minor - paid)
}

// left wants so much to be owed.
func (c *cashier) left(minor int64) {
	c.t.Helper()
	if a := read(c.t, c.far, c.far.Patron, ils.Doubt{Since: time.Now()}); a.Total.Minor != minor {
		c.t.Errorf("%v is owed, want %d", a.Total, minor)
	}
}

// postedByAnswer wants every leg to be proved by the library's answer.
func (c *cashier) postedByAnswer() {
	c.t.Helper()
	for _, l := range c.p.Legs {
		if l.Proof != payment.ByAnswer {
			c.t.Errorf("leg %d was posted %s", l.Number, l.Proof)
		}
	}
}

func waitsForTheLink(t *testing.T, far Far) {
	c := newCashier(t, far)
	far.Cut()
	restored := time.AfterFunc(time.Hour, far.Restore)
	defer restored.Stop()
	c.settle()
	c.compare(false)
	c.postedByAnswer()
}

func restartedBetween(t *testing.T, far Far) {
	c := newCashier(t, far)
	c.posted = func() {
		far.Cut()
		time.AfterFunc(30*time.Second, far.Restore)
	}
	c.settle()
	c.compare(false)
	c.postedByAnswer()
}

func waivedBefore(t *testing.T, far Far) {
	c := newCashier(t, far)
	far.Waive()
	c.settle()
	if n := far.Booked(c.p.ID.Reference(1)); n > 0 {
		t.Errorf("the fee was waived, and is booked %d times: %+v", n, c.p.Legs[0])
	}
	if n := c.p.Legs[0].Attempts; n > 0 { // the library's own refusal is not what is looked at here
		t.Errorf("the fee was waived, and its leg was posted %d times", n)
	}
	if l := c.p.Legs[0]; c.p.State != payment.StateReversed && l.State != payment.LegRefundDue {
		t.Errorf("the fee was waived, and its leg is %s in a payment %s", l.State, c.p.State)
	}
}

// tookMeanwhile: the posting never arrives, and the desk takes the same fee.
func tookMeanwhile(t *testing.T, far Far) {
	far.Fault(Silent)
	c := newCashier(t, far)
	time.AfterFunc(time.Minute, far.Waive)
	c.settle()
	l := c.p.Legs[0]
	if n := far.Booked(c.p.ID.Reference(1)); n > 0 && l.State != payment.LegPosted {
		t.Errorf("booked %d times, and the leg is %s", n, l.State)
	} else if n == 0 && l.State == payment.LegPosted && l.Proof != payment.ByAccount {
		t.Errorf("not booked, and the leg counts as posted %s", l.Proof)
	}
	if far.Library.Traits().ReferenceReadable && l.State != payment.LegOpenCase {
		t.Errorf("the reference is not there, and the leg is %s %s", l.State, l.Proof)
	}
}

// chargedMeanwhile: the posting is booked without an answer, and another fee of the same sum comes up.
func chargedMeanwhile(t *testing.T, far Far) {
	far.Fault(ApplySilent)
	c := newCashier(t, far)
	sum := c.p.Legs[0].Amount.Minor
	time.AfterFunc(time.Minute, func() { far.Charge(sum) })
	c.settle()
	l := c.p.Legs[0]
	if far.Library.Traits().ReferenceReadable && (l.State != payment.LegPosted || l.Proof != payment.ByReference) {
		t.Errorf("the reference is there, and the leg is %s %s: %s", l.State, l.Proof, l.Reason)
	}
	for _, l := range c.p.Legs {
		if n := far.Booked(c.p.ID.Reference(l.Number)); n > 1 {
			t.Errorf("leg %d is booked %d times", l.Number, n)
		} else if n == 1 && (l.State == payment.LegRefundDue || c.p.State == payment.StateReversed) {
			t.Errorf("leg %d is booked, and the money goes back", l.Number)
		}
	}
}

func sentOnce(t *testing.T, far Far) {
	for i, f := range []Fault{ApplySilent, Drop} {
		if i > 0 {
			far.Charge(500) // the first posting may have paid the whole account
		}
		l := leg(far, read(t, far, far.Patron, ils.Doubt{}), fmt.Sprintf("4821-000123-%02d", i+1))
		far.Fault(f)
		wantClass(t, "Post", post(t, far, l), device.ErrDoubt)
		time.Sleep(far.Library.Traits().Quiet)
		if n := far.Booked(l.Reference); n != 1 {
			t.Errorf("%s: booked %d times", f, n)
		}
	}
}
