package report

import (
	"fmt"

	"selfpay/kiosk/payment"
)

// Advice is what the state of a payment or leg means, what to look up, and what can be done.
type Advice struct {
	ID    string   `json:"id"`
	Means string   `json:"means"`
	Check string   `json:"check,omitempty"` // what to look up; empty: nothing
	Do    []Choice `json:"do"`              // empty: nothing is to be done
}

// Choice is one way to go on, and when it is right.
type Choice struct {
	If      string `json:"if"`
	Command string `json:"command"`
}

// Advise says what of a payment asks for a person, or goes on by itself. Legs that have ended need nothing, but those
// that were posted by account.
func Advise(p payment.Payment) []Advice {
	all := []Advice{}
	switch {
	case p.State.TerminalInDoubt() || p.OpenCase:
		return append(all, adviseTerminal(p))
	case p.State != payment.StateApproved && p.State != payment.StateClosed:
		return all
	}
	for _, l := range p.Legs {
		if a, needed := adviseLeg(p, l); needed {
			a.ID = itemID(p, l.Number)
			all = append(all, a)
		}
	}
	return all
}

func adviseTerminal(p payment.Payment) Advice {
	a := Advice{ID: p.ID.String(), Do: []Choice{}}
	wrongAmount := p.Approval != nil && p.Approval.Amount != p.Amount
	switch {
	case !p.OpenCase:
		a.Means = "The terminal's answer was lost. The kiosk asks the terminal by itself; no payment is taken until it knows."
	case p.State == payment.StateReversalInDoubt:
		a.Means = fmt.Sprintf("%s were charged and not booked, and nobody knows whether the terminal took them back.", p.Amount)
		a.Check = fmt.Sprintf("Look in the terminal's list of payments, or ask the acquirer, for a reversal of %s.", LookUp(p, 0))
		a.Do = []Choice{resolve(a.ID, payment.ResolvedReversed, "the reversal is there"),
			resolve(a.ID, payment.ResolvedRefundDue, "there is none, so that the patron gets the money back at the desk")}
	case wrongAmount:
		a.Means = fmt.Sprintf("The terminal charged %s instead of %s. Nothing is booked.", p.Approval.Amount, p.Amount)
		a.Check = fmt.Sprintf("Take the payment back at the terminal: %s.", LookUp(p, 0))
		a.Do = []Choice{resolve(a.ID, payment.ResolvedNotCharged, "it was taken back")}
	default:
		a.Means = fmt.Sprintf("Nobody knows whether the card was charged %s. Nothing is booked.", p.Amount)
		a.Check = fmt.Sprintf("Look in the terminal's list of payments, or ask the acquirer, for %s.", LookUp(p, 0))
		a.Do = []Choice{resolve(a.ID, payment.ResolvedCharged, "it is there, so that the kiosk posts the fees"),
			resolve(a.ID, payment.ResolvedNotCharged, "it is not there")}
	}
	return a
}

func adviseLeg(p payment.Payment, l payment.Leg) (a Advice, needed bool) {
	a.Do = []Choice{}
	id := itemID(p, l.Number)
	switch {
	case l.State == payment.LegPosted && l.Proof == payment.ByAccount:
		a.Means = fmt.Sprintf("%s were charged, and the account shows them as paid, but the library never answered. A payment at the desk at the same time looks the same.", l.Amount)
		a.Check = fmt.Sprintf("Look in the library system for the payment itself: %s.", LookUp(p, l.Number))
		a.Do = []Choice{{"it is there", sign("case confirm " + id)},
			{"the only payment there is the desk's, so that the patron has paid twice (pay it back as your library does, and say so in the note)", sign("case confirm " + id)}}
	case l.State == payment.LegOpenCase:
		a.Means = fmt.Sprintf("%s were charged, and nobody knows whether the library has booked them: %s.", l.Amount, l.Reason)
		a.Check = fmt.Sprintf("Look at the patron's account in the library system: %s.", LookUp(p, l.Number))
		a.Do = []Choice{resolve(id, payment.ResolvedPosted, "the payment is there"),
			resolve(id, payment.ResolvedRefundDue, "it is not there, so that the patron gets the money back at the desk"),
			resolve(id, payment.ResolvedWrittenOff, "it cannot be cleared up, and your library books it as its own loss or gain")}
	case l.State == payment.LegRefundDue:
		a.Means = fmt.Sprintf("%s were charged and not booked%s: the patron gets them back at the desk.", l.Amount, because(l.Reason))
		a.Check = fmt.Sprintf("Have the patron show receipt or card: %s.", LookUp(p, l.Number))
		a.Do = []Choice{{"the money was paid out", sign("refund done " + id)}}
	case l.State == payment.LegPostingInDoubt:
		a.Means = fmt.Sprintf("%s were charged, and the library's answer was lost. The kiosk reads the account by itself and decides, or makes it an open case.", l.Amount)
	case !l.State.Ended():
		a.Means = fmt.Sprintf("%s were charged and wait for the library system; they are posted by themselves.", l.Amount)
	default:
		return a, false
	}
	return a, true
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

func resolve(id string, as payment.Resolution, when string) Choice {
	return Choice{when, sign(fmt.Sprintf("case resolve %s --as %s", id, as))}
}

func sign(command string) string { return "kioskctl " + command + " --staff YOU --note WHY" }

// LookUp is by what a payment is found at the terminal, and a leg (0: none) at the library.
func LookUp(p payment.Payment, leg int) string {
	charged, own := p.Amount, ""
	if p.Approval != nil {
		charged, own = p.Approval.Amount, ", "+numbers(*p.Approval)
	}
	text := fmt.Sprintf("%s on %s%s", charged, capturedAt(p).Format("2006-01-02 15:04"), own)
	if leg == 0 {
		return text
	}
	l := p.Legs[leg-1]
	fee := "the whole account"
	if l.Fee != "" {
		fee = "fee " + l.Fee
	}
	reference := p.ID.Reference(leg)
	if l.BookingNumber != "" {
		reference += ", the library's number " + l.BookingNumber
	}
	return fmt.Sprintf("%s of %s, reference %s, paid with %s", l.Amount, fee, reference, text)
}
