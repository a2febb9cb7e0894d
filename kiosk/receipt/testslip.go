package receipt

import (
	"time"

	"selfpay/device/money"
	"selfpay/device/printer"
	"selfpay/kiosk/payment"
)

// TestSlip shows whether a printer is well: the letters of each language, both edges, a table, large and bold, codes. It
// says in so many words that it is no receipt.
func (w Writer) TestSlip(languages []string, station string, at time.Time) printer.Receipt {
	first := languages[0]
	say := func(key string) string { return w.Texts.Say(first, key, nil) }
	lines := []printer.Line{
		{Text: w.Library, Align: printer.Centre, Bold: true},
		{Text: say("receipt-test-title"), Align: printer.Centre, Large: true},
		{},
		{Text: say("receipt-test-station"), Right: station, Bold: true},
		{Text: say("receipt-test-time"), Right: w.Texts.Moment(first, at)},
		{},
		{Text: say("receipt-test-letters"), Bold: true},
	}
	for _, language := range languages {
		lines = append(lines, printer.Line{Text: w.Texts.Say(language, "receipt-test-sample", nil)})
	}
	return printer.Receipt{Lines: append(lines,
		printer.Line{Text: "|<", Right: ">|"},
		printer.Line{Text: say("receipt-test-edge"), Align: printer.Centre},
		printer.Line{Cells: []printer.Cell{{Text: "1"}, {Text: "2"}, {Text: "3", Right: true}}},
		printer.Line{},
		printer.Line{Text: say("receipt-test-codes")},
		printer.Line{Code: printer.Code{Kind: printer.QR, Data: station}, Align: printer.Centre},
		printer.Line{Code: printer.Code{Kind: printer.Code128, Data: station}, Align: printer.Centre},
		printer.Line{Text: say("receipt-test-end")},
	)}
}

// Sample is a payment that never was, to show what a receipt looks like.
func Sample(currency money.Currency, at time.Time) payment.Payment {
	stamp := payment.Stamp{Wall: at}
	return payment.Payment{
		ID: payment.ID{Epoch: 4821, Number: 123}, State: payment.StateClosed, Amount: money.Of(1250, currency), IntendedAt: stamp,
		Legs: []payment.Leg{
			{Number: 1, Fee: "104", Amount: money.Of(250, currency), State: payment.LegPosted},
			{Number: 2, Fee: "105", Amount: money.Of(1000, currency), State: payment.LegPosted},
		},
		Approval: &payment.Approval{Amount: money.Of(1250, currency), Receipt: 417, Trace: 912, AuthorisationCode: "384211", MaskedPAN: "************1234", CardName: "girocard"},
	}
}
