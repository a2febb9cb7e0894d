package ledger

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/payment"
)

func numbers(t *testing.T, found []payment.Payment, err error) (n []int64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range found {
		n = append(n, p.ID.Number)
	}
	return n
}

func wantNumbers(t *testing.T, what string, got []int64, want ...int64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

// endOfDay saves a whole end of day.
func endOfDay(t *testing.T, l *Ledger, at int, outcome DayOutcome, minor int64) {
	t.Helper()
	err := l.EndOfDayBegun(stamp(at))
	if err == nil {
		err = l.EndOfDayEnded(DayResult{At: stamp(at + 5), Outcome: outcome, TotalMinor: &minor, Currency: "EUR", Trace: 31})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnEndOfDayStandsInTheChainAmongThePurchases(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	pay(t, l, 300)
	endOfDay(t, l, 100, DayDone, 1550)
	pay(t, l, 75)
	if err := l.EndOfDayBegun(stamp(200)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, folder)
	days, err := l.EndsOfDay()
	if err != nil || len(days) != 2 {
		t.Fatalf("%+v, %v", days, err)
	}
	first, second := days[0], days[1]
	if r := first.Result; r.Outcome != DayDone || *r.TotalMinor != 1550 || r.Trace != 31 || r.Currency != "EUR" || first.Begun.Mono != stamp(100).Mono || !r.At.Wall.Equal(stamp(105).Wall) {
		t.Errorf("%+v", first)
	}
	if second.Result.Outcome != DayUnderWay || !second.Result.Outcome.MayHaveClosed() {
		t.Errorf("one that has not ended: %+v", second)
	}
	before, err := l.Purchased(0, first.Event)
	wantNumbers(t, "before the first", numbers(t, before, err), 1, 2)
	between, err := l.Purchased(first.Event, second.Event)
	wantNumbers(t, "between", numbers(t, between, err), 3)
	since, err := l.Purchased(second.Event, 0)
	wantNumbers(t, "since", numbers(t, since, err))
	all, err := l.Purchased(0, 0)
	wantNumbers(t, "all", numbers(t, all, err), 1, 2, 3)
	found, err := l.Verify(context.Background())
	if err != nil || found.Payments != 3 || found.Events != 15 {
		t.Errorf("Verify = %+v, %v", found, err)
	}
}

func TestAChangedEndOfDayIsDamage(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	endOfDay(t, l, 100, DayDone, 1550)
	if _, err := l.db.Exec(`UPDATE events SET data = replace(data, '1550', '1500') WHERE kind = ?`, noteDayEnded); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Verify(context.Background()); !errors.Is(err, ErrDamaged) {
		t.Errorf("Verify = %v", err)
	}
	l.Close()
	if l, err := Open(folder, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open = %v, %v", l, err)
	}
}

func TestAnEndOfDayThatEndsWithoutBeginningIsDamage(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	endOfDay(t, l, 100, DayDone, 1550)
	if err := l.EndOfDayEnded(DayResult{At: stamp(110), Outcome: DayDone}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.EndsOfDay(); !errors.Is(err, ErrDamaged) {
		t.Errorf("EndsOfDay = %v", err)
	}
}

func TestAfterAFailedCommitNoEndOfDayIsSaved(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	l.failed = ErrCommit
	if err := l.EndOfDayBegun(stamp(1)); !errors.Is(err, ErrCommit) {
		t.Errorf("EndOfDayBegun = %v", err)
	}
}

func TestPaymentsAreFoundByTheirBusinessDay(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	pay(t, l, 1250)
	p := pay(t, l, 300)
	day := stamp(0).Wall
	found, err := l.OfDay(BusinessDay(p))
	wantNumbers(t, "of the day", numbers(t, found, err), 1, 2)
	found, err = l.OfDay("2020-01-01")
	wantNumbers(t, "of another day", numbers(t, found, err))
	found, err = l.OfDays(day.Add(-48*time.Hour), day)
	wantNumbers(t, "of the days up to it", numbers(t, found, err), 1, 2)
	found, err = l.OfDays(day.Add(48*time.Hour), day.Add(72*time.Hour))
	wantNumbers(t, "of days to come", numbers(t, found, err))
}

func TestAPostingByAccountIsListedUntilItIsTickedOff(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 300)
	owed := payment.Reading{Total: euro(1250), Fees: []payment.Balance{{Fee: "104", Minor: 1250}}}
	first := intended(1250)
	first.Account = owed
	p, err := l.Intend(card, first)
	for _, e := range []payment.Event{payment.Purchasing{Head: head(1)}, payment.ApprovalSeen{Head: head(2), Approval: payment.Approval{Amount: euro(1250)}},
		payment.DialogueEnded{Head: head(3)}, payment.AccountRead{Head: head(4), Leg: 1, Account: owed}, payment.NoAnswer{Head: head(5), Leg: 1, Reason: "silence"},
		payment.AccountRead{Head: head(80), Leg: 1, Account: payment.Reading{Total: euro(0)}, Verdict: payment.Applied}} {
		if err == nil {
			p, err = l.Append(p.ID, e)
		}
	}
	if err != nil || p.State != payment.StateClosed {
		t.Fatalf("%s, %v", p.State, err)
	}
	l.Close()
	l = mustOpen(t, folder)
	found, err := l.ByAccount()
	wantNumbers(t, "by account", numbers(t, found, err), 2)
	if _, err := l.Append(p.ID, payment.PostingConfirmed{Head: head(200), Leg: 1, Staff: "mk", Note: "seen"}); err != nil {
		t.Fatal(err)
	}
	found, err = l.ByAccount()
	wantNumbers(t, "ticked off", numbers(t, found, err))
	if _, err := l.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	var plan string
	if err := l.db.QueryRow(`EXPLAIN QUERY PLAN SELECT fold FROM payments WHERE instr(fold, '"proof":"by account"') > 0 ORDER BY number`).Scan(new(int), new(int), new(int), &plan); err != nil || !strings.Contains(plan, "payments_by_account") {
		t.Errorf("the whole table is read: %q, %v", plan, err)
	}
}
