package ledger

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"selfpay/kiosk/payment"
)

// booksSchema are the indexes behind the books for people. SQLite keeps them itself, so they are right after an older
// program wrote too.
const booksSchema = `
CREATE INDEX IF NOT EXISTS payments_of_day ON payments (day, number);
CREATE INDEX IF NOT EXISTS payments_by_account ON payments (number) WHERE instr(fold, '"proof":"by account"') > 0;
`

// The terminal's end of day is no event of a payment: it stands as a note of the station in the same chain, with
// payment number 0, so that its place among the purchases is beyond doubt.
const (
	noteDayBegun = "end of day begun"
	noteDayEnded = "end of day ended"
)

// DayOutcome is how an end of day at the terminal went.
type DayOutcome string

const (
	DayUnderWay DayOutcome = "under way"
	DayDone     DayOutcome = "done"
	DayRefused  DayOutcome = "refused"  // the terminal said no; its day is not closed
	DayNotSent  DayOutcome = "not sent" // the terminal could not be asked; its day is not closed
	DayInDoubt  DayOutcome = "in doubt" // the terminal's day may be closed
)

// MayHaveClosed says whether the terminal's day is closed, or may be.
func (o DayOutcome) MayHaveClosed() bool { return o != DayRefused && o != DayNotSent }

// DayResult is what an end of day brought.
type DayResult struct {
	At         payment.Stamp `json:"at"`
	Outcome    DayOutcome    `json:"outcome"`
	TotalMinor *int64        `json:"total_minor,omitempty"` // nil: the terminal told none
	Currency   string        `json:"currency,omitempty"`    // of the total
	Trace      int           `json:"trace,omitempty"`
	Reason     string        `json:"reason,omitempty"` // why it is not done
}

// EndOfDay is one end of day at the terminal. Event is the number of the note that it began: what has a lower number was
// bought before it. The result is under way while there is none.
type EndOfDay struct {
	Event  int64
	Begun  payment.Stamp
	Result DayResult
}

// EndOfDayBegun saves that the terminal may close its day from here on.
func (l *Ledger) EndOfDayBegun(at payment.Stamp) error {
	return l.saveNote(noteDayBegun, payment.Head{At: at})
}

// EndOfDayEnded saves what the end of day brought that began last.
func (l *Ledger) EndOfDayEnded(r DayResult) error { return l.saveNote(noteDayEnded, r) }

// saveNote appends one note to the chain. ErrCommit: it may be saved; the program must exit.
func (l *Ledger) saveNote(kind string, content any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.note(kind, content, func() error { return nil })
}

// EndsOfDay lists every end of day at the terminal that was begun, oldest first.
func (l *Ledger) EndsOfDay() ([]EndOfDay, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := l.db.Query(`SELECT seq, kind, data FROM events WHERE payment = 0 AND kind IN (?, ?) ORDER BY seq`,
		noteDayBegun, noteDayEnded)
	if err != nil {
		return nil, l.explain("read the ends of day", err)
	}
	defer rows.Close()
	var days []EndOfDay
	for rows.Next() {
		if days, err = l.addNote(days, rows); err != nil {
			return nil, err
		}
	}
	return days, l.explain("read the ends of day", rows.Err())
}

// addNote folds the note in the current row into the ends of day.
func (l *Ledger) addNote(days []EndOfDay, row *sql.Rows) ([]EndOfDay, error) {
	var event int64
	var kind string
	var data []byte
	if err := row.Scan(&event, &kind, &data); err != nil {
		return nil, l.explain("read the ends of day", err)
	}
	var err error
	switch {
	case kind == noteDayBegun:
		begun := payment.Head{}
		err = json.Unmarshal(data, &begun)
		days = append(days, EndOfDay{Event: event, Begun: begun.At, Result: DayResult{Outcome: DayUnderWay}})
	case len(days) == 0 || days[len(days)-1].Result.Outcome != DayUnderWay:
		err = errors.New("an end of day ended that never began")
	default:
		err = json.Unmarshal(data, &days[len(days)-1].Result)
	}
	if err != nil {
		return nil, l.damage(event, 0, err.Error())
	}
	return days, nil
}

// OfDay lists the payments of a business day, in order of their numbers.
func (l *Ledger) OfDay(day string) ([]payment.Payment, error) {
	return l.list(`SELECT fold FROM payments WHERE day = ? ORDER BY number`, day)
}

// OfDays lists the payments of the business days from first to last, both included.
func (l *Ledger) OfDays(first, last time.Time) ([]payment.Payment, error) {
	return l.list(`SELECT fold FROM payments WHERE day BETWEEN ? AND ? ORDER BY number`, first.Format(time.DateOnly), last.Format(time.DateOnly))
}

// Purchased lists the payments whose purchase began behind event after and before event before (0: the newest).
func (l *Ledger) Purchased(after, before int64) ([]payment.Payment, error) {
	return l.list(`SELECT fold FROM payments WHERE number IN (SELECT payment FROM events
		WHERE kind = 'purchasing' AND seq > ? AND (seq < ? OR ? = 0)) ORDER BY number`, after, before, before)
}

// ByAccount lists the payments with a leg that was posted by account and that nobody has ticked off.
func (l *Ledger) ByAccount() ([]payment.Payment, error) {
	return l.list(`SELECT fold FROM payments WHERE instr(fold, '"proof":"by account"') > 0 ORDER BY number`)
}
