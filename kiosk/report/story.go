package report

import (
	"fmt"
	"strings"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// Story is what happened to one payment, for people at the desk.
type Story struct {
	Told     []Told    `json:"told"`     // each event in order, as a sentence
	Accounts []Account `json:"accounts"` // what the library showed, leg by leg
	Advice   []Advice  `json:"advice"`   // what it means, what to look up, what can be done; of what has not ended
}

// Told is one event as a sentence.
type Told struct {
	Sequence int64     `json:"sequence"`
	At       time.Time `json:"at"`
	Text     string    `json:"text"`
}

// Account is the patron's account as it was read for one leg, oldest reading first.
type Account struct {
	Leg      int       `json:"leg"`
	Fee      string    `json:"fee,omitempty"`
	Currency string    `json:"currency"`
	Readings []Reading `json:"readings"`
}

// Reading is the account at one moment.
type Reading struct {
	At         time.Time         `json:"at"`
	When       When              `json:"when"`
	Fees       []payment.Balance `json:"fees"`
	TotalMinor int64             `json:"total_minor"`
}

// When is at which point of a payment the account was read.
type When string

const (
	WhenConfirmed When = "confirmed" // what the patron saw
	WhenBefore    When = "before"    // right before the posting
	WhenAfter     When = "after"     // after a lost answer or a no
)

// Tell makes the story of a payment from its events.
func Tell(p payment.Payment, entries []ledger.Entry) Story {
	s := Story{Told: []Told{}, Accounts: []Account{}, Advice: Advise(p)}
	for _, l := range p.Legs {
		s.Accounts = append(s.Accounts, Account{Leg: l.Number, Fee: l.Fee, Currency: string(p.Amount.Currency),
			Readings: []Reading{reading(p.IntendedAt.Wall, WhenConfirmed, p.Intent)}})
	}
	var before payment.Payment
	for _, entry := range entries {
		after, err := payment.Step(before, entry.Event)
		if err != nil { // an older program's rule; the events themselves are still true
			after = before
		}
		text := sentence(before, after, entry.Event) + consequence(before, after)
		s.Told = append(s.Told, Told{Sequence: entry.Sequence, At: entry.Event.When().Wall, Text: text})
		s.read(before, entry.Event)
		before = after
	}
	for i := range s.Advice {
		s.hint(&s.Advice[i], p)
	}
	return s
}

// hint says which way the last reading of the account points, for a leg that a person must decide.
func (s *Story) hint(a *Advice, p payment.Payment) {
	for i, l := range p.Legs {
		readings := s.Accounts[i].Readings
		last := readings[len(readings)-1]
		if l.State != payment.LegOpenCase || p.OpenCase || a.ID != itemID(p, l.Number) || last.When != WhenAfter || l.Fee == "" {
			continue
		}
		left := money.Of(onFee(payment.Reading{Fees: last.Fees}, l.Fee), l.Amount.Currency)
		switch left.Minor {
		case onFee(l.Snapshot, l.Fee):
			a.Check += fmt.Sprintf(" When the kiosk last read it, fee %s was still %s, which speaks for %s.", l.Fee, left, payment.ResolvedRefundDue)
		case 0:
			a.Check += fmt.Sprintf(" When the kiosk last read it, fee %s was gone, which speaks for %s if the payment is the kiosk's, and for %s if it is the desk's.",
				l.Fee, payment.ResolvedPosted, payment.ResolvedRefundDue)
		}
	}
}

func itemID(p payment.Payment, leg int) string { return fmt.Sprintf("%s/%d", p.ID, leg) }

// read takes in a reading of the account.
func (s *Story) read(before payment.Payment, event payment.Event) {
	e, ok := event.(payment.AccountRead)
	if !ok || e.Leg < 1 || e.Leg > len(s.Accounts) || e.Leg > len(before.Legs) {
		return
	}
	when := WhenBefore
	if before.Legs[e.Leg-1].State == payment.LegPostingInDoubt {
		when = WhenAfter
	}
	a := &s.Accounts[e.Leg-1]
	a.Readings = append(a.Readings, reading(e.At.Wall, when, e.Account))
}

func reading(at time.Time, when When, r payment.Reading) Reading {
	return Reading{At: at, When: when, Fees: append([]payment.Balance{}, r.Fees...), TotalMinor: r.Total.Minor}
}

// sentence says what one event is.
func sentence(before, after payment.Payment, event payment.Event) string {
	switch e := event.(type) {
	case payment.Intended:
		return fmt.Sprintf("The patron confirmed %s for %s. The account showed %s in all.", e.Amount, plannedFees(e.Legs), e.Account.Total)
	case payment.Purchasing:
		return fmt.Sprintf("The terminal was asked to charge %s.%s", after.Amount, remembers(e.Baseline))
	case payment.Abandoned:
		return fmt.Sprintf("It was given up before the card could be charged: %s.", e.Reason)
	case payment.ApprovalSeen:
		return fmt.Sprintf("The terminal approved %s: %s. The dialogue was not over yet.", e.Approval.Amount, numbers(e.Approval))
	case payment.DialogueEnded:
		return "The terminal ended the purchase well: the card is charged."
	case payment.Declined:
		return fmt.Sprintf("The terminal said no (%s): the card is not charged.", e.Reason)
	case payment.PurchaseFound:
		return fmt.Sprintf("The terminal's memory shows that the card was charged %s: %s (%s).", e.Approval.Amount, numbers(e.Approval), e.Evidence)
	case payment.PurchaseNotFound:
		return fmt.Sprintf("The terminal's memory shows that the card was not charged (%s).", e.Evidence)
	case payment.NoAnswer:
		return lost(before, e)
	case payment.TerminalUnclear:
		return fmt.Sprintf("The terminal was asked what became of it, and its answer proves nothing (%s).%s", e.Evidence, remembers(&e.Found))
	case payment.DoubtTooOld:
		return "The time in which the kiosk finds out by itself was over."
	}
	return sentenceOfLeg(before, after, event)
}

func sentenceOfLeg(before, after payment.Payment, event payment.Event) string {
	switch e := event.(type) {
	case payment.AccountRead:
		return readSentence(before, after, e)
	case payment.AccountRefused:
		return fmt.Sprintf("The library did not show the account for %s (%s).", leg(after, e.Leg), e.Reason)
	case payment.Answered:
		if e.Accepted {
			return fmt.Sprintf("The library answered yes: %s is posted%s.", leg(after, e.Leg), as(e.BookingNumber))
		}
		return fmt.Sprintf("The library answered no for %s. The account is read before money goes back, since some systems say no after booking.", leg(after, e.Leg))
	case payment.NotPosted:
		return fmt.Sprintf("The posting of %s could not be sent (%s); it is sent again later.", leg(after, e.Leg), e.Reason)
	case payment.PINGone:
		return "The patron's PIN is not in memory any more; nothing more can be posted."
	case payment.Superseded:
		return "Another purchase or an end of day began: the terminal can no longer take this one back."
	case payment.ReversalWindowEnded:
		return "The time in which the kiosk takes the purchase back by itself was over."
	case payment.Reversed:
		return "The terminal took the purchase back: the card is not charged."
	case payment.NotReversed:
		return fmt.Sprintf("The terminal did not take the purchase back (%s): the card stays charged.", e.Reason)
	case payment.ReversalNotSent:
		return fmt.Sprintf("The terminal could not be asked to take the purchase back (%s).", e.Reason)
	}
	return sentenceOfPeople(after, event)
}

func sentenceOfPeople(after payment.Payment, event payment.Event) string {
	switch e := event.(type) {
	case payment.CaseResolved:
		what := "the purchase"
		if e.Leg > 0 {
			what = leg(after, e.Leg)
		}
		return fmt.Sprintf("%s decided: %s is %s. Note: %s.", e.Staff, what, strings.ReplaceAll(string(e.As), "-", " "), e.Note)
	case payment.RefundDone:
		return fmt.Sprintf("%s paid %s out. Note: %s.", e.Staff, leg(after, e.Leg), e.Note)
	case payment.PostingConfirmed:
		return fmt.Sprintf("%s found the posting of %s in the library system. Note: %s.", e.Staff, leg(after, e.Leg), e.Note)
	case payment.ReceiptPrinted:
		if e.InDoubt {
			return "A receipt may have been printed."
		}
		return "A receipt was printed."
	}
	return payment.Kind(event) + "."
}

// as names the library's own number of a booking, where it gave one.
func as(number string) string {
	if number == "" {
		return ""
	}
	return " as its number " + number
}

// lost says what it means that an answer does not come.
func lost(before payment.Payment, e payment.NoAnswer) string {
	switch {
	case e.Leg > 0 && before.Legs[e.Leg-1].State == payment.LegPosting:
		return fmt.Sprintf("The library's answer for %s was lost (%s): it may be booked or not.", leg(before, e.Leg), e.Reason)
	case e.Leg > 0 || before.State.TerminalInDoubt():
		return fmt.Sprintf("The station was switched off and on (%s): the waits begin anew.", e.Reason)
	case before.State == payment.StateReversing:
		return fmt.Sprintf("The terminal's answer was lost (%s): the purchase may be taken back or not.", e.Reason)
	}
	return fmt.Sprintf("The terminal's answer was lost (%s): the card may be charged or not.", e.Reason)
}

// readSentence says what a reading of the account showed, and what it was for.
func readSentence(before, after payment.Payment, e payment.AccountRead) string {
	was, is := before.Legs[e.Leg-1], after.Legs[e.Leg-1]
	showed := fmt.Sprintf("The account showed %s in all", e.Account.Total)
	if was.Fee != "" {
		showed += fmt.Sprintf(" and %s on fee %s", money.Of(onFee(e.Account, was.Fee), after.Amount.Currency), was.Fee)
	}
	switch {
	case is.State == payment.LegPosting:
		return fmt.Sprintf("%s. The posting of %s was about to be sent, with the reference %s.", showed, leg(after, e.Leg), after.ID.Reference(e.Leg))
	case is.Proof == payment.ByReference:
		return fmt.Sprintf("%s, and %s booked under the reference %s: %s counts as posted, by reference.", showed, is.Amount, after.ID.Reference(e.Leg), leg(after, e.Leg))
	case was.State == payment.LegWaiting:
		return showed + ": the fee is not what the patron confirmed, so it was not posted."
	case e.Verdict == payment.Applied && is.State == payment.LegPosted:
		return fmt.Sprintf("%s: it fell by exactly %s, so %s counts as posted, by account.", showed, is.Amount, leg(after, e.Leg))
	case e.Verdict == payment.NotApplied && is.State == payment.LegWaiting:
		return fmt.Sprintf("%s, for the second time as before the posting: %s is not booked and is posted once more.", showed, leg(after, e.Leg))
	case e.Verdict == payment.NotApplied:
		return showed + ", as before the posting."
	case e.Verdict == payment.Applied:
		return fmt.Sprintf("%s: it fell by exactly %s.", showed, is.Amount)
	case is.State == payment.LegOpenCase:
		return showed + "."
	}
	return showed + ": it moved in another way than by this payment."
}

func onFee(r payment.Reading, fee string) (minor int64) {
	for _, b := range r.Fees {
		if b.Fee == fee {
			minor += b.Minor
		}
	}
	return minor
}

// consequence says what an event led to, beyond what it is.
func consequence(before, after payment.Payment) string {
	text := ""
	if after.OpenCase && !before.OpenCase {
		text += fmt.Sprintf(" It became an open case: %s.", after.Reason)
	}
	for i, l := range after.Legs {
		if i >= len(before.Legs) || l.State == before.Legs[i].State || after.OpenCase {
			continue
		}
		switch l.State {
		case payment.LegOpenCase:
			text += fmt.Sprintf(" %s became an open case: %s.", capital(leg(after, l.Number)), l.Reason)
		case payment.LegRefundDue:
			text += fmt.Sprintf(" %s is due to the patron at the desk.", capital(leg(after, l.Number)))
		}
	}
	if after.State != before.State {
		switch after.State {
		case payment.StateReversing:
			text += " The terminal is asked to take the purchase back."
		case payment.StateClosed:
			text += " With that the payment is closed."
		}
	}
	return text
}

// leg names a leg for people: "leg 1 (12.50 EUR, fee 104)".
func leg(p payment.Payment, number int) string {
	if number < 1 || number > len(p.Legs) {
		return fmt.Sprintf("leg %d", number)
	}
	l := p.Legs[number-1]
	if l.Fee == "" {
		return fmt.Sprintf("leg %d (%s, whole account)", number, l.Amount)
	}
	return fmt.Sprintf("leg %d (%s, fee %s)", number, l.Amount, l.Fee)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func plannedFees(legs []payment.PlannedLeg) string {
	var fees []string
	for _, l := range legs {
		if l.Fee == "" {
			return "the whole account"
		}
		fees = append(fees, l.Fee)
	}
	if len(fees) == 1 {
		return "fee " + fees[0]
	}
	return "fees " + strings.Join(fees, ", ")
}

// remembers says what the terminal had as its newest transaction.
func remembers(t *payment.Transaction) string {
	if t == nil || t.Kind == "" {
		return " It told no earlier transaction."
	}
	approved := "approved"
	if !t.Approved {
		approved = "not approved"
	}
	return fmt.Sprintf(" Its newest transaction was a %s of %s, %s: %s.", t.Kind, t.Approval.Amount, approved, numbers(t.Approval))
}

// numbers are the terminal's own, as far as it told them.
func numbers(a payment.Approval) string {
	told := []string{fmt.Sprintf("receipt %d", a.Receipt), fmt.Sprintf("trace %d", a.Trace)}
	for _, n := range []struct{ name, value string }{{"terminal", a.TerminalID}, {"authorisation code", a.AuthorisationCode}, {"card", a.MaskedPAN}} {
		if n.value != "" {
			told = append(told, n.name+" "+n.value)
		}
	}
	return strings.Join(told, ", ")
}

// Since is when a payment (leg 0) or a leg came into the state that it is in.
func Since(entries []ledger.Entry, leg int) (since time.Time) {
	var p payment.Payment
	var last string
	for _, entry := range entries {
		after, err := payment.Step(p, entry.Event)
		if err != nil {
			continue
		}
		p = after
		now := fmt.Sprint(p.State, p.OpenCase)
		if leg > 0 {
			now = string(p.Legs[leg-1].State)
		}
		if now != last {
			since, last = entry.Event.When().Wall, now
		}
	}
	return since
}
