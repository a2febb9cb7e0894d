package receipt_test

import (
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/text"
)

var printedAt = time.Date(2026, 11, 21, 23, 15, 0, 0, time.UTC)

// allBooks are books by the name of their file, which ends in the language.
func allBooks() map[string]report.Report {
	total := int64(4100)
	day := report.Report{Day: "2026-11-21", Currency: "EUR",
		Books:   payment.Books{Captured: 4000, Posted: 2000, Waiting: 1000, Reversed: 500, RefundDue: 100, Refunded: 150, Open: 200, WrittenOff: 50},
		Library: report.Library{ByAnswer: report.Sum{Number: 2, Minor: 1250}, ByAccount: report.Sum{Number: 1, Minor: 250}, ByStaff: report.Sum{Number: 1, Minor: 500}},
		Terminal: []report.Closing{
			{Begun: printedAt.Add(-time.Hour), Outcome: ledger.DayNotSent, Reason: "no route", LedgerMinor: 3500},
			{Begun: printedAt.Add(-10 * time.Minute), Outcome: ledger.DayDone, LedgerMinor: 3500},
			{Begun: printedAt.Add(-5 * time.Minute), Outcome: ledger.DayDone, TotalMinor: &total, Trace: 431, LedgerMinor: 3500}},
		Findings: []string{"one", "two"}}
	shift := report.Report{Shift: &report.Shift{From: printedAt.Add(-8 * time.Hour), To: printedAt}, Currency: "JPY", Books: payment.Books{Captured: 1500, Posted: 1500},
		Library: report.Library{ByAnswer: report.Sum{Number: 1, Minor: 1500}}}
	return map[string]report.Report{"books-day-de": day, "books-day-en": day, "books-shift-de": shift}
}

func TestBooksReadAsReviewed(t *testing.T) {
	w := writer(t)
	for name, r := range allBooks() {
		reviewed(t, name, paper(w.Books(name[len(name)-2:], r, printedAt)))
	}
}

func TestBooksSayEverySumInWords(t *testing.T) {
	w := writer(t)
	for name, r := range allBooks() {
		for _, lang := range text.Known {
			got := paper(w.Books(lang, r, printedAt))
			if strings.Contains(got, "receipt-") {
				t.Errorf("%s in %s has a text without a sentence:\n%s", name, lang, got)
			}
			for _, minor := range []int64{r.Books.Captured, r.Books.Posted, r.Books.Waiting, r.Books.Reversed, r.Books.RefundDue, r.Books.Refunded, r.Books.Open, r.Books.WrittenOff,
				r.Library.ByAnswer.Minor, r.Library.ByAccount.Minor, r.Library.ByStaff.Minor} {
				a := eur(minor)
				if a.Currency = "EUR"; r.Currency == "JPY" {
					a.Currency = "JPY"
				}
				if want := w.Texts.Amount(lang, a); !strings.Contains(got, want) {
					t.Errorf("%s in %s has no %s:\n%s", name, lang, want, got)
				}
			}
		}
	}
}
