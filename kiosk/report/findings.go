package report

import (
	"fmt"
	"strings"
	"time"

	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// find says in sentences what does not match and what waits for somebody, each with what to do.
func (r *Report) find(payments []payment.Payment) {
	for _, c := range r.Terminal {
		r.say(r.ofTerminal(c))
	}
	b := r.Books
	if !b.Agree() {
		r.say(fmt.Sprintf("Captured is %s, and the rest does not make that: stop the station and run kioskctl ledger verify.", r.amount(b.Captured)))
	}
	if posted := r.Library.posted(); posted != b.Posted {
		r.say(fmt.Sprintf("The postings make %s, and the ledger holds %s as posted: stop the station and run kioskctl ledger verify.",
			r.amount(posted), r.amount(b.Posted)))
	}
	for _, p := range payments {
		if string(p.Amount.Currency) == r.Currency && !p.State.Captured() && p.State.TerminalInDoubt() {
			r.say(fmt.Sprintf("Nobody knows yet whether %s of %s were charged; they are not in captured: kioskctl case show %s.", p.Amount, p.ID, p.ID))
		}
	}
	r.sayOf(b.Waiting, "%s wait for the library system and are posted by themselves: kioskctl queue list.")
	r.sayOf(b.Open, "%s are open cases, which a person must decide: kioskctl case list.")
	r.sayOf(b.RefundDue, "%s are due to patrons at the desk: kioskctl refund list.")
	for _, p := range r.ByAccount {
		r.say(fmt.Sprintf("%s of %s were posted by account only, which a payment at the desk looks like too: find the payment %s in the library system, then kioskctl case confirm %s.",
			r.amount(p.AmountMinor), p.ID, p.Reference, p.ID))
	}
}

func (r *Report) say(sentence string) {
	if sentence != "" {
		r.Findings = append(r.Findings, sentence)
	}
}

func (r *Report) sayOf(minor int64, sentence string) {
	if minor != 0 {
		r.say(fmt.Sprintf(sentence, r.amount(minor)))
	}
}

// ofTerminal is what an end of day has to say; nothing where terminal and ledger agree.
func (r Report) ofTerminal(c Closing) string {
	at, held := c.Begun.Format("15:04"), r.amount(c.LedgerMinor)
	switch {
	case c.Outcome == ledger.DayUnderWay:
		return fmt.Sprintf("The end of day of %s is under way: ask again in a minute.", at)
	case c.Outcome == ledger.DayInDoubt:
		return fmt.Sprintf("Nobody knows whether the end of day of %s was done (%s): look at the terminal's last slip. "+
			"It should show %s; what it did not close, the next end of day closes.", at, c.Reason, held)
	case c.Outcome != ledger.DayDone && c.repeated:
		return ""
	case c.Outcome != ledger.DayDone:
		return fmt.Sprintf("The end of day of %s was not done (%s): mend that, then kioskctl terminal end-of-day.", at, c.Reason)
	case c.TotalMinor == nil:
		return fmt.Sprintf("The terminal told no total at its end of day of %s: compare its slip with %s, which the ledger holds as charged since the end of day before.", at, held)
	case !c.matches():
		return r.apart(c, at)
	}
	return ""
}

// apart says how far terminal and ledger are apart, and where to look.
func (r Report) apart(c Closing, at string) string {
	more, where := *c.TotalMinor-c.LedgerMinor, "at the terminal"
	if more < 0 {
		more, where = -more, "in the ledger"
	}
	look := ""
	if len(c.unsettled) > 0 {
		look = fmt.Sprintf(" Look first at %s, of which nobody knows yet whether they were charged.", strings.Join(c.unsettled, ", "))
	}
	return fmt.Sprintf("The terminal closed %s at %s, and the ledger holds %s as charged since the end of day before: %s more %s.%s "+
		"Compare the terminal's list of payments with kioskctl report day --csv of %s, by receipt and trace number.",
		r.amount(*c.TotalMinor), at, r.amount(c.LedgerMinor), r.amount(more), where, look, c.Begun.Format(time.DateOnly))
}
