package report_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
)

const card = "20017000042317"

var zone = time.FixedZone("", 3600)

// at is a moment of 21 November; an hour of 24 and more belongs to the next day.
func at(hour, minute int) payment.Stamp {
	wall := time.Date(2026, 11, 21, hour, minute, 0, 0, zone)
	return payment.Stamp{Wall: wall, Boot: "one", Mono: time.Duration(wall.Unix()) * time.Second}
}

func head(hour, minute int) payment.Head { return payment.Head{At: at(hour, minute)} }

// book is a ledger to make reports of.
type book struct {
	*ledger.Ledger
	t *testing.T
}

func newBook(t *testing.T) book {
	t.Helper()
	l, err := ledger.Open(t.TempDir(), bytes.Repeat([]byte{7}, ledger.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return book{l, t}
}

func owes(a money.Amount) payment.Reading {
	return payment.Reading{Total: a, Fees: []payment.Balance{{Fee: "104", Minor: a.Minor}}}
}

// purchase begins a payment of one fee at a moment, and lets events happen to it.
func (b book) purchase(a money.Amount, hour, minute int, events ...payment.Event) payment.Payment {
	b.t.Helper()
	p, err := b.Intend(card, payment.Intended{Head: head(hour, minute), Amount: a, Rules: payment.StandardRules(time.Minute, false),
		Legs: []payment.PlannedLeg{{Fee: "104", Amount: a}}, Account: owes(a)})
	for _, e := range append([]payment.Event{payment.Purchasing{Head: head(hour, minute)}}, events...) {
		if err == nil {
			p, err = b.Append(p.ID, e)
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func approval(a money.Amount) payment.Approval {
	return payment.Approval{Amount: a, Receipt: 417, Trace: 912, TerminalID: "52500295", AuthorisationCode: "384211", MaskedPAN: "************1234", CardName: "girocard"}
}

// charged pays by card; then events happen.
func (b book) charged(a money.Amount, hour, minute int, events ...payment.Event) payment.Payment {
	b.t.Helper()
	return b.purchase(a, hour, minute, append([]payment.Event{payment.ApprovalSeen{Head: head(hour, minute), Approval: approval(a)}, payment.DialogueEnded{Head: head(hour, minute)}}, events...)...)
}

// posted pays and posts, by answer.
func (b book) posted(a money.Amount, hour, minute int) payment.Payment {
	b.t.Helper()
	return b.charged(a, hour, minute, payment.AccountRead{Head: head(hour, minute), Leg: 1, Account: owes(a)}, payment.Answered{Head: head(hour, minute), Leg: 1, Accepted: true})
}

// byAccount pays and posts, and only the account tells.
func (b book) byAccount(a money.Amount, hour, minute int) payment.Payment {
	b.t.Helper()
	return b.charged(a, hour, minute, payment.AccountRead{Head: head(hour, minute), Leg: 1, Account: owes(a)},
		payment.NoAnswer{Head: head(hour, minute), Leg: 1, Reason: "silence"},
		payment.AccountRead{Head: head(hour, minute+5), Leg: 1, Account: payment.Reading{Total: money.Of(0, a.Currency)}, Verdict: payment.Applied})
}

func (b book) endOfDay(hour, minute int, r ledger.DayResult) {
	b.t.Helper()
	err := b.EndOfDayBegun(at(hour, minute))
	if err == nil {
		r.At = at(hour, minute)
		err = b.EndOfDayEnded(r)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func total(minor int64) ledger.DayResult {
	return ledger.DayResult{Outcome: ledger.DayDone, TotalMinor: &minor, Currency: "EUR", Trace: 431}
}

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

const today = "2026-11-21"

func (b book) read(s report.Span) []report.Report {
	b.t.Helper()
	found, err := report.Read(b.Ledger, s, at(23, 59).Wall)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range found {
		if !r.Books.Agree() || r.Books.Posted != r.Library.ByAnswer.Minor+r.Library.ByAccount.Minor+r.Library.ByStaff.Minor {
			b.t.Errorf("the books do not agree: %+v", r)
		}
	}
	return found
}

// day is the only report of a day.
func (b book) day(day string) report.Report {
	b.t.Helper()
	found := b.read(report.Span{Day: day})
	if len(found) != 1 {
		b.t.Fatalf("%d reports of %s", len(found), day)
	}
	return found[0]
}

// found compares the findings with what each must hold.
func found(t *testing.T, r report.Report, want ...string) {
	t.Helper()
	if len(r.Findings) != len(want) {
		t.Errorf("findings %q, want %q", r.Findings, want)
		return
	}
	for i, w := range want {
		if !strings.Contains(r.Findings[i], w) {
			t.Errorf("finding %q, want %q", r.Findings[i], w)
		}
	}
}

func TestTerminalLedgerAndLibraryStandSideBySide(t *testing.T) {
	b := newBook(t)
	b.posted(eur(1250), 9, 0)
	b.posted(eur(300), 10, 0)
	weak := b.byAccount(eur(250), 11, 0)
	b.endOfDay(23, 10, total(1800))
	r := b.day(today)
	if r.Books.Captured != 1800 || r.Books.Posted != 1800 || r.Library.ByAnswer != (report.Sum{Number: 2, Minor: 1550}) || r.Library.ByAccount != (report.Sum{Number: 1, Minor: 250}) ||
		r.Library.ByStaff != (report.Sum{}) {
		t.Errorf("%+v", r)
	}
	if len(r.Terminal) != 1 || *r.Terminal[0].TotalMinor != 1800 || r.Terminal[0].LedgerMinor != 1800 || r.Terminal[0].Outcome != ledger.DayDone || r.Terminal[0].Trace != 431 {
		t.Errorf("%+v", r.Terminal)
	}
	if len(r.ByAccount) != 1 || r.ByAccount[0] != (report.Posting{ID: weak.ID.String() + "/1", Day: today, AmountMinor: 250, Currency: "EUR", Fee: "104", Reference: weak.ID.Reference(1)}) {
		t.Errorf("%+v", r.ByAccount)
	}
	found(t, r, "kioskctl case confirm "+weak.ID.String()+"/1")
	if _, err := b.Append(weak.ID, payment.PostingConfirmed{Head: head(23, 30), Leg: 1, Staff: "mk", Note: "seen"}); err != nil {
		t.Fatal(err)
	}
	r = b.day(today)
	if len(r.ByAccount) != 0 || r.Library.ByAccount.Number != 1 {
		t.Errorf("ticked off: %+v", r)
	}
	found(t, r)
}

func TestAPostingByAccountIsListedFromItsDayOn(t *testing.T) {
	b := newBook(t)
	b.byAccount(eur(250), 11, 0)
	b.byAccount(eur(300), 35, 0)
	for span, want := range map[report.Span]int{{Day: today}: 1, {Day: "2026-11-22"}: 2, {From: at(10, 0).Wall, To: at(12, 0).Wall}: 1} {
		if r := b.read(span); len(r) != 1 || len(r[0].ByAccount) != want {
			t.Errorf("%+v: %+v, want %d", span, r, want)
		}
	}
}

func TestADayWithoutAPaymentHasNoReport(t *testing.T) {
	b := newBook(t)
	if found := b.read(report.Span{Day: today}); found == nil || len(found) != 0 {
		t.Errorf("%+v", found)
	}
	b.posted(eur(1250), 33, 0)
	if found := b.read(report.Span{Day: today}); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	b.endOfDay(23, 10, ledger.DayResult{Outcome: ledger.DayDone})
	if r := b.day(today); r.Currency != "EUR" || len(r.Terminal) != 1 {
		t.Errorf("with an end of day only: %+v", r)
	}
}

func TestATerminalThatIsApartFromTheLedgerIsNamed(t *testing.T) {
	for minor, want := range map[int64]string{
		1300: "The terminal closed 13.00 EUR at 23:10, and the ledger holds 12.50 EUR as charged since the end of day before: 0.50 EUR more at the terminal. Compare",
		1000: "2.50 EUR more in the ledger. Compare the terminal's list of payments with kioskctl report day --csv of 2026-11-21",
		0:    "12.50 EUR more in the ledger",
	} {
		b := newBook(t)
		b.posted(eur(1250), 9, 0)
		b.endOfDay(23, 10, total(minor))
		found(t, b.day(today), want)
	}
	b := newBook(t)
	b.posted(eur(1250), 9, 0)
	open := b.purchase(eur(300), 10, 0, payment.NoAnswer{Head: head(10, 1), Reason: "reset"}, payment.DoubtTooOld{Head: head(11, 0)})
	b.endOfDay(23, 10, total(1550))
	r := b.day(today)
	found(t, r, "3.00 EUR more at the terminal. Look first at "+open.ID.String()+", of which nobody knows", "Nobody knows yet whether 3.00 EUR of "+open.ID.String()+" were charged")
	if r.Books.Captured != 1250 {
		t.Errorf("what may have been charged counts as captured: %+v", r.Books)
	}
}

func TestWhatWasReversedIsNotInTheTerminalsTotal(t *testing.T) {
	b := newBook(t)
	b.posted(eur(1250), 9, 0)
	b.charged(eur(300), 10, 0, payment.AccountRefused{Head: head(10, 0), Leg: 1, Reason: "gone"}, payment.Reversed{Head: head(10, 1)})
	b.endOfDay(23, 10, total(1250))
	r := b.day(today)
	found(t, r)
	if r.Books.Captured != 1550 || r.Books.Reversed != 300 {
		t.Errorf("%+v", r.Books)
	}
}

func TestATerminalThatToldNoTotalIsSaid(t *testing.T) {
	b := newBook(t)
	b.posted(eur(1250), 9, 0)
	b.endOfDay(23, 10, ledger.DayResult{Outcome: ledger.DayDone})
	found(t, b.day(today), "The terminal told no total at its end of day of 23:10: compare its slip with 12.50 EUR")
}

func TestAPurchaseAfterTheEndOfDayIsInTheNextOne(t *testing.T) {
	b := newBook(t)
	b.posted(eur(1250), 9, 0)
	b.endOfDay(23, 10, total(1250))
	b.posted(eur(300), 23, 30) // of this business day, and of the terminal's next
	b.posted(eur(75), 33, 0)
	b.endOfDay(47, 10, total(375))
	r := b.day(today)
	found(t, r)
	if r.Books.Captured != 1550 {
		t.Errorf("%+v", r.Books)
	}
	r = b.day("2026-11-22")
	found(t, r)
	if r.Books.Captured != 75 || r.Terminal[0].LedgerMinor != 375 {
		t.Errorf("%+v", r)
	}
}

func TestAnEndOfDayInDoubtMayHaveClosedOrNot(t *testing.T) {
	for _, closed := range []int64{300, 1550} { // the one in doubt was done, or was not
		b := newBook(t)
		b.posted(eur(75), 8, 0)
		b.endOfDay(8, 30, total(75))
		b.posted(eur(1250), 9, 0)
		b.endOfDay(12, 0, ledger.DayResult{Outcome: ledger.DayInDoubt, Reason: "the kiosk was restarted"})
		b.posted(eur(300), 13, 0)
		b.endOfDay(23, 10, total(closed))
		found(t, b.day(today), "Nobody knows whether the end of day of 12:00 was done (the kiosk was restarted): look at the terminal's last slip. It should show 12.50 EUR")
	}
	b := newBook(t)
	b.posted(eur(1250), 9, 0)
	b.endOfDay(12, 0, ledger.DayResult{Outcome: ledger.DayInDoubt, Reason: "reset"})
	b.posted(eur(300), 13, 0)
	b.endOfDay(23, 10, total(500))
	found(t, b.day(today), "of 12:00", "the ledger holds 15.50 EUR as charged since the end of day before")
}

func TestAnEndOfDayThatFailedIsNamedUntilOneIsDone(t *testing.T) {
	for _, outcome := range []ledger.DayOutcome{ledger.DayRefused, ledger.DayNotSent} {
		b := newBook(t)
		b.posted(eur(1250), 9, 0)
		b.endOfDay(23, 10, ledger.DayResult{Outcome: outcome, Reason: "no route"})
		found(t, b.day(today), "The end of day of 23:10 was not done (no route): mend that, then kioskctl terminal end-of-day.")
		b.endOfDay(23, 15, total(1250))
		found(t, b.day(today))
	}
	b := newBook(t)
	b.posted(eur(1250), 9, 0)
	if err := b.EndOfDayBegun(at(23, 10)); err != nil {
		t.Fatal(err)
	}
	found(t, b.day(today), "is under way")
}

func TestWhatWaitsForSomebodyIsSaidWithItsCommand(t *testing.T) {
	b := newBook(t)
	b.charged(eur(100), 9, 0)
	b.charged(eur(200), 10, 0, payment.AccountRead{Head: head(10, 0), Leg: 1, Account: owes(eur(200))}, payment.NoAnswer{Head: head(10, 0), Leg: 1, Reason: "silence"},
		payment.DoubtTooOld{Head: head(11, 0), Leg: 1})
	b.charged(eur(400), 11, 0, payment.Superseded{Head: head(11, 0)}, payment.AccountRefused{Head: head(11, 0), Leg: 1, Reason: "gone"})
	found(t, b.day(today), "1.00 EUR wait for the library system and are posted by themselves: kioskctl queue list.",
		"2.00 EUR are open cases, which a person must decide: kioskctl case list.", "4.00 EUR are due to patrons at the desk: kioskctl refund list.")
}

func TestAShiftBeginsAtTheLastEndOfDay(t *testing.T) {
	b := newBook(t)
	b.posted(eur(100), 9, 0)
	all := b.read(report.Span{})
	if len(all) != 1 || all[0].Books.Captured != 100 || !all[0].Shift.From.IsZero() {
		t.Errorf("before any end of day: %+v", all)
	}
	b.endOfDay(11, 0, total(100))
	b.posted(eur(50), 11, 30)
	b.endOfDay(12, 0, total(50))
	b.posted(eur(200), 13, 0)
	b.endOfDay(13, 30, ledger.DayResult{Outcome: ledger.DayRefused, Reason: "no"})
	b.posted(eur(400), 14, 0)
	r := b.read(report.Span{})
	if len(r) != 1 || r[0].Books.Captured != 600 || !r[0].Shift.From.Equal(at(12, 0).Wall) || !r[0].Shift.To.Equal(at(23, 59).Wall) || r[0].Day != "" {
		t.Errorf("%+v", r)
	}
}

func TestAShiftIsFromOneMomentToAnother(t *testing.T) {
	b := newBook(t)
	b.posted(eur(100), 9, 0)
	b.posted(eur(200), 10, 0)
	b.posted(eur(400), 11, 0)
	r := b.read(report.Span{From: at(10, 0).Wall, To: at(11, 0).Wall})
	if len(r) != 1 || r[0].Books.Captured != 200 || len(r[0].Terminal) != 0 {
		t.Errorf("%+v", r)
	}
	if r := b.read(report.Span{From: at(12, 0).Wall, To: at(13, 0).Wall}); len(r) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestEachCurrencyHasItsOwnBooks(t *testing.T) {
	b := newBook(t)
	b.posted(eur(100), 9, 0)
	b.posted(money.Of(1500, "JPY"), 10, 0)
	b.endOfDay(23, 10, total(100))
	r := b.read(report.Span{Day: today})
	if len(r) != 2 || r[0].Currency != "EUR" || r[1].Currency != "JPY" || r[0].Books.Captured != 100 || r[1].Books.Captured != 1500 || len(r[0].Terminal) != 1 || len(r[1].Terminal) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestEveryDayOfTheLedgerCanBeReported(t *testing.T) {
	b := newBook(t)
	b.posted(eur(100), 9, 0)
	b.posted(money.Of(1500, "JPY"), 10, 0)
	b.posted(eur(200), 33, 0)
	days, err := b.Days(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := report.ReadAll(b.Ledger, days, at(40, 0).Wall)
	if err != nil || len(all) != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	lines, err := report.AllLines(b.Ledger, days)
	if err != nil || len(lines) != 3 {
		t.Errorf("%+v, %v", lines, err)
	}
}

// table reads a CSV file back, without its head.
func table(t *testing.T, lines []report.Line) (text string, rows [][]string) {
	t.Helper()
	var out bytes.Buffer
	if err := report.WriteCSV(&out, lines); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), rows[1:]
}

func TestFinanceGetsOneLinePerPaymentAndLeg(t *testing.T) {
	b := newBook(t)
	p := b.posted(eur(1250), 9, 0)
	b.purchase(eur(100), 9, 30, payment.Declined{Head: head(9, 31), Reason: "no"})
	open := b.purchase(eur(300), 10, 0, payment.NoAnswer{Head: head(10, 1), Reason: "reset"}, payment.DoubtTooOld{Head: head(11, 0)})
	lines, err := report.Lines(b.Ledger, report.Span{Day: today}, at(23, 59).Wall)
	if err != nil || len(lines) != 2 {
		t.Fatalf("%+v, %v", lines, err)
	}
	text, rows := table(t, lines)
	want := []string{today, p.ID.Reference(1), p.ID.String(), "1", "closed", "posted", "by answer", "104", "12.50", "EUR",
		"2026-11-21T09:00:00+01:00", "2026-11-21T09:00:00+01:00", "2026-11-21T09:00:00+01:00", "417", "912", "52500295", "384211", "************1234", "girocard"}
	if fmt.Sprint(rows[0]) != fmt.Sprint(want) {
		t.Errorf("%q\nwant\n%q", rows[0], want)
	}
	if r := rows[1]; r[1] != open.ID.Reference(1) || r[4] != "purchase in doubt" || r[8] != "3.00" || r[11] != "" || r[13] != "" {
		t.Errorf("one in doubt: %q", r)
	}
	if strings.Contains(text, card) || !strings.HasPrefix(text, "business day,reference,payment,leg,") || strings.Count(text, "\r\n") != 3 {
		t.Errorf("%q", text)
	}
}

func TestNoCellOfTheFileIsAFormula(t *testing.T) {
	for _, bad := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "=HYPERLINK(\"http://x\",\"y\")", "a\n=1"} {
		line := report.Line{Fee: bad, TerminalID: bad, AuthorisationCode: bad, MaskedPAN: bad, CardName: bad, Currency: "EUR"}
		_, rows := table(t, []report.Line{line})
		if len(rows) != 1 {
			t.Fatalf("%q: %d rows", bad, len(rows))
		}
		for _, cell := range rows[0] {
			if first := strings.TrimSpace(cell); first != "" && strings.ContainsRune("=+-@＝", []rune(first)[0]) {
				t.Errorf("%q stands in the file as %q", bad, cell)
			}
		}
	}
	_, rows := table(t, []report.Line{{Fee: "104", CardName: "Müller, \"Visa\"", Currency: "EUR"}})
	if rows[0][7] != "104" || rows[0][18] != `Müller, "Visa"` {
		t.Errorf("%q", rows[0])
	}
}

// A payment that was taken before the clock was set is in the books of the day that the clock said, and the report of the
// first day behind it names it.
func TestPaymentsBeforeTheClockWasSetAreNamed(t *testing.T) {
	b := newBook(t)
	b.posted(eur(700), 9, 0) // before the power cut
	unset := -20778 * 24     // 1 January 1970
	first, second := b.posted(eur(250), unset, 0), b.charged(eur(1000), unset+1, 0)
	b.purchase(eur(400), unset+2, 0, payment.Declined{Head: head(unset+2, 0), Reason: "no"}) // nothing was charged
	b.posted(eur(300), 12, 0)
	found(t, b.day(today), fmt.Sprintf("clock was not set, there were %s, %s; they are in the books of 1970-01-01: kioskctl report day --date 1970-01-01", first.ID, second.ID))
	if got := b.day("1970-01-01"); got.Books.Captured != 1250 || got.Books.Posted != 250 {
		t.Errorf("%+v", got.Books)
	}
	if got := b.day(today); got.Books.Captured != 1000 {
		t.Errorf("%+v", got.Books)
	}
}
