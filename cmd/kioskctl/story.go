package main

import (
	"cmp"
	"fmt"
	"strings"

	"selfpay/device/money"
	"selfpay/kiosk/control"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
)

// showStory prints a payment for people at the desk: what it is now, what happened, what the account showed, what to do.
func (t *tool) showStory(d control.Detail) {
	p := d.Payment
	state := string(p.State)
	if p.OpenCase {
		state += ", an open case"
	}
	t.say("payment %s over %s: %s", p.ID, p.Amount, state)
	for _, l := range p.Legs {
		t.say("  leg %d  %12s  fee %s  %s", l.Number, l.Amount, cmp.Or(l.Fee, "(whole account)"), strings.TrimSpace(string(l.State)+" "+string(l.Proof)))
	}
	t.say("")
	t.say("what happened")
	for _, e := range d.Story.Told {
		t.say("  %s  %s", e.At.Format("2006-01-02 15:04:05"), e.Text)
	}
	for _, a := range d.Story.Accounts {
		if len(a.Readings) > 1 {
			t.showAccount(a)
		}
	}
	t.showAdvice(d.Story.Advice)
}

var readWhen = map[report.When]string{report.WhenConfirmed: "confirmed", report.WhenBefore: "before posting", report.WhenAfter: "after"}

// showAccount prints what the account showed for a leg, a column for each reading.
func (t *tool) showAccount(a report.Account) {
	t.say("")
	t.say("account for leg %d, %s", a.Leg, a.Currency)
	head, times := fmt.Sprintf("  %-20s", ""), fmt.Sprintf("  %-20s", "fee")
	for _, r := range a.Readings {
		head += fmt.Sprintf(" %16s", readWhen[r.When])
		times += fmt.Sprintf(" %16s", r.At.Format("01-02 15:04:05"))
	}
	t.say("%s", head)
	t.say("%s", times)
	for _, fee := range feesOf(a) {
		name := fee
		if fee == a.Fee {
			name += " (this one)"
		}
		t.showRow(name, a, func(r report.Reading) (int64, bool) { return balance(r.Fees, fee) })
	}
	t.showRow("in all", a, func(r report.Reading) (int64, bool) { return r.TotalMinor, true })
}

func (t *tool) showRow(name string, a report.Account, of func(report.Reading) (int64, bool)) {
	row := fmt.Sprintf("  %-20s", name)
	for _, r := range a.Readings {
		cell := "gone"
		if minor, there := of(r); there {
			cell = money.Of(minor, money.Currency(a.Currency)).Text()
		}
		row += fmt.Sprintf(" %16s", cell)
	}
	t.say("%s", row)
}

// feesOf are the fees of all readings, in the order in which they first appear.
func feesOf(a report.Account) []string {
	var fees []string
	seen := map[string]bool{}
	for _, r := range a.Readings {
		for _, b := range r.Fees {
			if b.Fee != "" && !seen[b.Fee] { // fees without ids are in the sum
				seen[b.Fee] = true
				fees = append(fees, b.Fee)
			}
		}
	}
	return fees
}

func balance(fees []payment.Balance, fee string) (minor int64, there bool) {
	for _, b := range fees {
		if b.Fee == fee {
			return b.Minor, true
		}
	}
	return 0, false
}

func (t *tool) showAdvice(all []report.Advice) {
	t.say("")
	if len(all) == 0 {
		t.say("nothing is to be done")
	}
	for _, a := range all {
		t.say("what to do about %s", a.ID)
		t.say("  %s", a.Means)
		if a.Check != "" {
			t.say("  %s", a.Check)
		}
		for _, c := range a.Do {
			t.say("  - if %s:", c.If)
			t.say("      %s", c.Command)
		}
		if len(a.Do) == 0 {
			t.say("  nothing is to be done.")
		}
	}
}
