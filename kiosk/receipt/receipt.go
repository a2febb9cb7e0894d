// Package receipt writes what the ledger holds of a payment as lines for paper. It says nothing that the ledger does
// not hold, and no name, no card number of the library and no title.
package receipt

import (
	"selfpay/device/printer"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// Writer writes receipts for one library.
type Writer struct {
	Library string
	Texts   *text.Texts
}

// moment is the date of a payment; where the clock was not set, that.
func (w Writer) moment(language string, at payment.Stamp) string {
	if !at.Dated() {
		return w.Texts.Say(language, "receipt-undated", nil)
	}
	return w.Texts.Moment(language, at.Wall)
}

// Compose writes the receipt of a payment.
func (w Writer) Compose(s session.Slip) printer.Receipt {
	p, say := s.Payment, func(key string, data text.Data) string { return w.Texts.Say(s.Language, key, data) }
	lines := []printer.Line{{Text: w.Library, Align: printer.Centre, Bold: true}}
	if s.Copy {
		lines = append(lines, printer.Line{Text: say("receipt-copy", nil), Align: printer.Centre, Large: true})
	}
	lines = append(lines,
		printer.Line{Text: say("receipt-title", nil), Align: printer.Centre},
		printer.Line{},
		printer.Line{Text: say("receipt-reference", nil), Right: p.ID.String(), Bold: true},
		printer.Line{Text: say("receipt-date", nil), Right: w.moment(s.Language, p.IntendedAt)},
		printer.Line{},
	)
	lines = append(lines, w.legs(s)...)
	lines = append(lines,
		printer.Line{Text: say("receipt-total", nil), Right: w.Texts.Amount(s.Language, p.Amount), Bold: true},
		printer.Line{},
		printer.Line{Text: say("receipt-status-"+string(s.Outcome), nil), Bold: true},
		printer.Line{},
	)
	return printer.Receipt{Lines: append(lines, w.card(s)...)}
}

func (w Writer) legs(s session.Slip) []printer.Line {
	var lines []printer.Line
	for _, l := range s.Payment.Legs {
		name := w.Texts.Say(s.Language, "receipt-account", nil)
		if l.Fee != "" {
			name = w.Texts.Say(s.Language, "receipt-fee", text.Data{"Fee": l.Fee})
		}
		lines = append(lines, printer.Line{Text: name, Right: w.Texts.Amount(s.Language, l.Amount)})
		if !session.LegsCount(s.Payment.State) {
			continue
		}
		lines = append(lines, printer.Line{Text: "  " + w.Texts.Say(s.Language, "receipt-leg-"+string(session.OutcomeOfLeg(l)), nil)})
	}
	return lines
}

// card is the terminal's own text, unchanged, or its numbers where it sent none.
func (w Writer) card(s session.Slip) []printer.Line {
	p := s.Payment
	if len(p.Slip.Customer) > 0 {
		var lines []printer.Line
		for _, text := range p.Slip.Customer {
			lines = append(lines, printer.Line{Text: text})
		}
		return lines
	}
	if p.Approval == nil {
		return nil
	}
	return []printer.Line{
		{Text: w.Texts.Say(s.Language, "receipt-card", nil), Right: p.Approval.CardName},
		{Text: p.Approval.MaskedPAN, Right: p.Approval.AuthorisationCode},
	}
}
