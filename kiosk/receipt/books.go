package receipt

import (
	"fmt"
	"time"

	"selfpay/device/money"
	"selfpay/device/printer"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/report"
	"selfpay/kiosk/text"
)

// Books writes the books of a day or a shift for staff.
func (w Writer) Books(lang string, r report.Report, at time.Time) printer.Receipt {
	b := books{w, lang, r}
	lines := []printer.Line{{Text: w.Library, Align: printer.Centre, Bold: true}, {Text: b.say("receipt-books-title"), Align: printer.Centre}, {}}
	lines = append(lines, b.span()...)
	lines = append(lines, b.line("receipt-books-printed", w.Texts.Moment(lang, at)), printer.Line{})
	lines = append(lines, b.terminal()...)
	lines = append(lines, b.ledger()...)
	lines = append(lines, b.library()...)
	if n := len(r.Findings); n > 0 {
		lines = append(lines, printer.Line{}, printer.Line{Text: w.Texts.Say(lang, "receipt-books-findings", text.Data{"Count": n}), Bold: true})
	}
	return printer.Receipt{Lines: lines}
}

// books is one report in one language.
type books struct {
	w    Writer
	lang string
	r    report.Report
}

func (b books) say(key string) string { return b.w.Texts.Say(b.lang, key, nil) }

func (b books) line(key, right string) printer.Line {
	return printer.Line{Text: b.say(key), Right: right}
}

func (b books) amount(minor int64) string {
	return b.w.Texts.Amount(b.lang, money.Of(minor, money.Currency(b.r.Currency)))
}

func (b books) span() []printer.Line {
	if b.r.Shift != nil {
		return []printer.Line{b.line("receipt-books-from", b.w.Texts.Moment(b.lang, b.r.Shift.From)), b.line("receipt-books-to", b.w.Texts.Moment(b.lang, b.r.Shift.To))}
	}
	return []printer.Line{b.line("receipt-books-day", b.r.Day)}
}

func (b books) terminal() []printer.Line {
	lines := []printer.Line{{Text: b.say("receipt-books-terminal"), Bold: true}}
	for _, c := range b.r.Terminal {
		total := b.say("receipt-books-no-total")
		switch {
		case c.Outcome != ledger.DayDone:
			total = b.say("receipt-books-not-done")
		case c.TotalMinor != nil:
			total = b.amount(*c.TotalMinor)
		}
		lines = append(lines, b.line("receipt-books-end-of-day", ""), printer.Line{Text: "  " + b.w.Texts.Moment(b.lang, c.Begun), Right: total},
			printer.Line{Text: "  " + b.say("receipt-books-held"), Right: b.amount(c.LedgerMinor)})
	}
	if len(b.r.Terminal) == 0 {
		lines = append(lines, b.line("receipt-books-no-end-of-day", ""))
	}
	return append(lines, printer.Line{})
}

func (b books) ledger() []printer.Line {
	lines := []printer.Line{{Text: b.say("receipt-books-ledger"), Bold: true}}
	for _, line := range []struct {
		key   string
		minor int64
	}{{"receipt-books-captured", b.r.Books.Captured}, {"receipt-books-posted", b.r.Books.Posted}, {"receipt-books-waiting", b.r.Books.Waiting},
		{"receipt-books-reversed", b.r.Books.Reversed}, {"receipt-books-refund-due", b.r.Books.RefundDue}, {"receipt-books-refunded", b.r.Books.Refunded},
		{"receipt-books-open", b.r.Books.Open}, {"receipt-books-written-off", b.r.Books.WrittenOff}} {
		lines = append(lines, b.line(line.key, b.amount(line.minor)))
	}
	return append(lines, printer.Line{})
}

func (b books) library() []printer.Line {
	lines := []printer.Line{{Text: b.say("receipt-books-library"), Bold: true}}
	for _, line := range []struct {
		key string
		sum report.Sum
	}{{"receipt-books-by-answer", b.r.Library.ByAnswer}, {"receipt-books-by-account", b.r.Library.ByAccount}, {"receipt-books-by-staff", b.r.Library.ByStaff}} {
		lines = append(lines, printer.Line{Text: fmt.Sprintf("%s (%d)", b.say(line.key), line.sum.Number), Right: b.amount(line.sum.Minor)})
	}
	return lines
}
