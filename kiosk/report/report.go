// Package report makes books for people from the ledger: the day and the shift with the match of terminal, ledger and
// library, lines for finance, and what happened to one payment in plain sentences. It changes nothing, and it says no
// patron's card, PIN or name: the ledger gives it none.
package report

import (
	"slices"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// Span is what a report is about: a business day, or a shift.
type Span struct {
	Day  string    // "2026-11-21"; empty: a shift
	From time.Time // of a shift; zero: since the last end of day
	To   time.Time // of a shift; zero: now
}

// Report is the books of one span in one currency. Amounts are in minor units.
type Report struct {
	Day       string        `json:"day,omitempty"`   // of a day
	Shift     *Shift        `json:"shift,omitempty"` // of a shift
	Currency  string        `json:"currency"`
	Books     payment.Books `json:"books"`
	Library   Library       `json:"library"`
	Terminal  []Closing     `json:"terminal"`   // the ends of day in the span, oldest first
	ByAccount []Posting     `json:"by_account"` // of this span and before, not ticked off
	Findings  []string      `json:"findings"`   // what does not match, or waits for somebody, and what to do
}

// Shift is from when to when.
type Shift struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Library is what was posted, by what proves it.
type Library struct {
	ByAnswer  Sum `json:"by_answer"`
	ByAccount Sum `json:"by_account"`
	ByStaff   Sum `json:"by_staff"`
}

// Sum is a number of postings and what they make.
type Sum struct {
	Number int   `json:"number"`
	Minor  int64 `json:"minor"`
}

// Closing is one end of day of the terminal beside what the ledger holds as charged for the time that it closed: since
// the end of day before.
type Closing struct {
	Begun       time.Time         `json:"begun"`
	Outcome     ledger.DayOutcome `json:"outcome"`
	TotalMinor  *int64            `json:"total_minor,omitempty"` // missing where the terminal told none
	Trace       int               `json:"trace,omitempty"`
	LedgerMinor int64             `json:"ledger_minor"`
	Reason      string            `json:"reason,omitempty"`

	unsettled []string // payments of that time of which nobody knows whether they are charged
	repeated  bool     // a later one was done
}

// Posting is a leg that was posted by account only.
type Posting struct {
	ID          string `json:"id"`
	Day         string `json:"day"`
	AmountMinor int64  `json:"amount_minor"`
	Currency    string `json:"currency"`
	Fee         string `json:"fee,omitempty"`
	Reference   string `json:"reference"`
}

// Read makes the reports of a span, one for each currency; none where nothing happened.
func Read(l *ledger.Ledger, s Span, now time.Time) ([]Report, error) {
	ends, err := l.EndsOfDay()
	if err != nil {
		return nil, err
	}
	s = s.settled(ends, now)
	payments, err := s.payments(l)
	if err != nil {
		return nil, err
	}
	unconfirmed, err := l.ByAccount()
	if err != nil {
		return nil, err
	}
	currencies, err := currenciesOf(l, s, payments, ends)
	if err != nil {
		return nil, err
	}
	reports := []Report{}
	for _, c := range currencies {
		r := s.report(c)
		r.count(payments)
		r.list(unconfirmed, s)
		if err := r.close(l, s, ends); err != nil {
			return nil, err
		}
		r.find(payments)
		if err := r.undated(l, payments); err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// ReadAll makes the reports of every business day in the ledger.
func ReadAll(l *ledger.Ledger, days []ledger.Day, now time.Time) ([]Report, error) {
	all := []Report{}
	last := ""
	for _, d := range days {
		if d.Day == last {
			continue
		}
		last = d.Day
		reports, err := Read(l, Span{Day: d.Day}, now)
		if err != nil {
			return nil, err
		}
		all = append(all, reports...)
	}
	return all, nil
}

// settled fills in what a shift leaves open.
func (s Span) settled(ends []ledger.EndOfDay, now time.Time) Span {
	if s.Day != "" {
		return s
	}
	if s.To.IsZero() {
		s.To = now
	}
	for _, e := range slices.Backward(ends) {
		if s.From.IsZero() && e.Result.Outcome.MayHaveClosed() {
			s.From = e.Begun.Wall
		}
	}
	return s
}

// holds says whether a moment lies in the span.
func (s Span) holds(at time.Time) bool {
	if s.Day != "" {
		return at.Format(time.DateOnly) == s.Day
	}
	return !at.Before(s.From) && at.Before(s.To)
}

// payments are those of a settled span.
func (s Span) payments(l *ledger.Ledger) ([]payment.Payment, error) {
	if s.Day != "" {
		return l.OfDay(s.Day)
	}
	around := 24 * time.Hour // a business day is one of the kiosk's own clock then
	found, err := l.OfDays(s.From.Add(-around), s.To.Add(around))
	return slices.DeleteFunc(found, func(p payment.Payment) bool { return !s.holds(capturedAt(p)) }), err
}

// capturedAt is when the card was charged, by the clock then; the intent where that moment is not known.
func capturedAt(p payment.Payment) time.Time {
	if p.ApprovedAt.Wall.IsZero() {
		return p.IntendedAt.Wall
	}
	return p.ApprovedAt.Wall
}

// currenciesOf are the currencies of payments and ends of day in the span.
func currenciesOf(l *ledger.Ledger, s Span, payments []payment.Payment, ends []ledger.EndOfDay) ([]string, error) {
	found := []string{}
	for _, p := range payments {
		if counts(p) {
			found = append(found, string(p.Amount.Currency))
		}
	}
	ran := false
	for _, e := range ends {
		if s.holds(e.Begun.Wall) {
			ran = true
			found = append(found, e.Result.Currency)
		}
	}
	slices.Sort(found)
	found = slices.DeleteFunc(slices.Compact(found), func(c string) bool { return c == "" })
	if len(found) > 0 || !ran {
		return found, nil
	}
	newest, err := l.All(1) // an end of day without a total, on a day without a payment
	for _, p := range newest {
		found = append(found, string(p.Amount.Currency))
	}
	return found, err
}

// counts says whether the card was charged, or may have been.
func counts(p payment.Payment) bool {
	return p.State.Captured() || p.State == payment.StateReversed || p.State.TerminalInDoubt()
}

func (s Span) report(currency string) Report {
	r := Report{Day: s.Day, Currency: currency, Terminal: []Closing{}, ByAccount: []Posting{}, Findings: []string{}}
	if s.Day == "" {
		r.Shift = &Shift{s.From, s.To}
	}
	return r
}

func (r *Report) count(payments []payment.Payment) {
	for _, p := range payments {
		if string(p.Amount.Currency) != r.Currency {
			continue
		}
		r.Books = r.Books.Add(p.Books())
		if !p.State.Captured() {
			continue
		}
		for _, l := range p.Legs {
			if l.State == payment.LegPosted {
				r.Library.add(l)
			}
		}
	}
}

func (b *Library) add(l payment.Leg) {
	sum := &b.ByAnswer // a reference that the library shows is as good as its answer
	switch l.Proof {
	case payment.ByAccount, payment.ByAccountConfirmed:
		sum = &b.ByAccount
	case payment.ByStaff:
		sum = &b.ByStaff
	}
	sum.Number++
	sum.Minor += l.Amount.Minor
}

// posted is the sum of all postings.
func (b Library) posted() int64 { return b.ByAnswer.Minor + b.ByAccount.Minor + b.ByStaff.Minor }

// list takes in what was posted by account up to the end of the span.
func (r *Report) list(unconfirmed []payment.Payment, s Span) {
	for _, p := range unconfirmed {
		day := ledger.BusinessDay(p)
		if string(p.Amount.Currency) != r.Currency || s.Day != "" && day > s.Day || s.Day == "" && !capturedAt(p).Before(s.To) {
			continue
		}
		r.ByAccount = append(r.ByAccount, PostingsByAccount(p)...)
	}
}

// PostingsByAccount are the legs of a payment that were posted by account and not ticked off.
func PostingsByAccount(p payment.Payment) []Posting {
	var found []Posting
	for _, l := range p.Legs {
		if l.State == payment.LegPosted && l.Proof == payment.ByAccount {
			found = append(found, Posting{ID: itemID(p, l.Number), Day: ledger.BusinessDay(p),
				AmountMinor: l.Amount.Minor, Currency: string(l.Amount.Currency), Fee: l.Fee, Reference: p.ID.Reference(l.Number)})
		}
	}
	return found
}

// close takes in the terminal's ends of day in the span.
func (r *Report) close(l *ledger.Ledger, s Span, ends []ledger.EndOfDay) error {
	for i, e := range ends {
		if !s.holds(e.Begun.Wall) || e.Result.Currency != "" && e.Result.Currency != r.Currency {
			continue
		}
		c := Closing{Begun: e.Begun.Wall, Outcome: e.Result.Outcome, TotalMinor: e.Result.TotalMinor, Trace: e.Result.Trace, Reason: e.Result.Reason}
		c.repeated = slices.ContainsFunc(ends[i+1:], func(later ledger.EndOfDay) bool { return later.Result.Outcome == ledger.DayDone })
		for _, after := range endsBefore(ends[:i]) {
			if err := c.compare(l, after, e.Event, r.Currency); err != nil {
				return err
			}
			if c.matches() {
				break
			}
		}
		r.Terminal = append(r.Terminal, c)
	}
	return nil
}

// endsBefore are the events at which the time may begin that an end of day closes: the one before that was done, and
// those in doubt since, newest first.
func endsBefore(ends []ledger.EndOfDay) []int64 {
	var after []int64
	for _, e := range slices.Backward(ends) {
		if e.Result.Outcome.MayHaveClosed() {
			after = append(after, e.Event)
		}
		if e.Result.Outcome == ledger.DayDone {
			return after
		}
	}
	return append(after, 0)
}

// compare counts what the ledger holds as charged between two events.
func (c *Closing) compare(l *ledger.Ledger, after, before int64, currency string) error {
	purchased, err := l.Purchased(after, before)
	if err != nil {
		return err
	}
	c.LedgerMinor, c.unsettled = 0, nil
	for _, p := range purchased {
		if string(p.Amount.Currency) != currency {
			continue
		}
		books := p.Books()
		c.LedgerMinor += books.Captured - books.Reversed
		if p.State.TerminalInDoubt() {
			c.unsettled = append(c.unsettled, p.ID.String())
		}
	}
	return nil
}

func (c Closing) matches() bool { return c.TotalMinor != nil && *c.TotalMinor == c.LedgerMinor }

// amount is a sum in the report's currency.
func (r Report) amount(minor int64) money.Amount { return money.Of(minor, money.Currency(r.Currency)) }
