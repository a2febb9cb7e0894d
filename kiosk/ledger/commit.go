package ledger

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"selfpay/kiosk/payment"
)

// statements are the writes of a commit, prepared once.
type statements struct {
	begin, commit                              *sql.Stmt
	event, newPayment, fold, payment, day, key *sql.Stmt
}

func (l *Ledger) prepare() error {
	for into, text := range map[**sql.Stmt]string{
		&l.write.begin:      `BEGIN IMMEDIATE`,
		&l.write.commit:     `COMMIT`,
		&l.write.event:      `INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)`,
		&l.write.newPayment: `INSERT INTO payments (ended, day, fold, patron, number) VALUES (?, ?, ?, ?, ?)`,
		&l.write.fold:       `UPDATE payments SET fold = ? WHERE number = ?`,
		&l.write.payment:    `UPDATE payments SET ended = ?, day = ?, fold = ? WHERE number = ?`,
		&l.write.day:        `INSERT INTO days VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET books = excluded.books`,
		&l.write.key:        `INSERT INTO patron_keys VALUES (?, ?)`,
	} {
		var err error
		if *into, err = l.db.Prepare(text); err != nil {
			return l.explain("prepare", err)
		}
	}
	return nil
}

// patron is what is kept of a payment's card.
type patron struct{ sealed, wrapped, hash []byte }

// change is all that one event writes.
type change struct {
	record
	hash          []byte // of the record, chained
	before, after payment.Payment
	fold          []byte                   // of after
	days          map[dayKey]payment.Books // as they are afterwards
	who           *patron                  // of a new payment
}

// commit writes the event, the payment's fold and the day's sums in one transaction.
func (l *Ledger) commit(before, after payment.Payment, e payment.Event, who *patron) error {
	if l.failed != nil {
		return l.failed
	}
	c, err := l.change(before, after, e, who)
	if err != nil {
		return fmt.Errorf("ledger: write %q of payment %s: %w", payment.Kind(e), after.ID, err)
	}
	if err := l.save(c); err != nil {
		l.failed = fmt.Errorf("ledger: save %q of payment %s: %w: %w", payment.Kind(e), after.ID, ErrCommit, err)
		return l.failed
	}
	l.saved(c)
	l.tidy()
	return nil
}

// change does what needs no transaction.
func (l *Ledger) change(before, after payment.Payment, e payment.Event, who *patron) (change, error) {
	c := change{record: record{payment: after.ID.Number, kind: payment.Kind(e)}, before: before, after: after, who: who}
	if who != nil {
		c.sealed = who.sealed
	}
	var err error
	if c.data, err = json.Marshal(e); err != nil {
		return c, err
	}
	if c.fold, err = json.Marshal(after); err != nil {
		return c, err
	}
	c.hash = c.chain(l.head)
	c.days, err = l.daysAfter(before, after)
	return c, err
}

func (l *Ledger) save(c change) error {
	return l.transaction(func() error { return l.saveRows(c) })
}

func (l *Ledger) saveRows(c change) error {
	if _, err := l.write.event.Exec(l.last+1, c.payment, c.kind, c.data, c.sealed, c.hash); err != nil {
		return err
	}
	if err := l.savePayment(c); err != nil {
		return err
	}
	for key, books := range c.days {
		text, err := json.Marshal(books)
		if err != nil {
			return err
		}
		if _, err := l.write.day.Exec(key.day, key.currency, text); err != nil {
			return err
		}
	}
	return nil
}

// transaction does all of it or nothing; after an error nobody knows which.
func (l *Ledger) transaction(do func() error) error {
	began := time.Now()
	if _, err := l.write.begin.Exec(); err != nil {
		return err
	}
	err := do()
	if err == nil {
		_, err = l.write.commit.Exec()
	}
	if err != nil {
		_, _ = l.db.Exec(`ROLLBACK`) // where SQLite has not done it by itself
	}
	if l.told != nil {
		l.told(time.Since(began))
	}
	return err
}

func (l *Ledger) savePayment(c change) error {
	ended, day := c.after.State.Ended(), BusinessDay(c.after)
	switch {
	case c.who != nil:
		if _, err := l.write.newPayment.Exec(ended, day, c.fold, c.who.hash, c.payment); err != nil {
			return err
		}
		_, err := l.write.key.Exec(c.payment, c.who.wrapped)
		return err
	case ended == c.before.State.Ended() && day == BusinessDay(c.before): // no index is touched: a page less to write
		return one(l.write.fold.Exec(c.fold, c.payment))
	}
	return one(l.write.payment.Exec(ended, day, c.fold, c.payment))
}

// one is an error where a write did not change its one row.
func one(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); n != 1 {
		return fmt.Errorf("%d rows of the view changed: %w", n, errors.Join(ErrDamaged, err))
	}
	return nil
}

// saved notes in memory what the file holds now.
func (l *Ledger) saved(c change) {
	l.head, l.last = c.hash, l.last+1
	maps.Copy(l.days, c.days)
	if c.after.State.Ended() {
		delete(l.open, c.payment)
	} else {
		l.open[c.payment] = c.after
	}
}

// dayKey names the sums of one business day.
type dayKey struct{ day, currency string }

func keyOf(p payment.Payment) dayKey { return dayKey{BusinessDay(p), string(p.Amount.Currency)} }

// daysAfter are the sums of the days that a payment's step changes.
func (l *Ledger) daysAfter(before, after payment.Payment) (map[dayKey]payment.Books, error) {
	by := map[dayKey]payment.Books{}
	by[keyOf(before)] = payment.Books{}.Sub(before.Books())
	by[keyOf(after)] = by[keyOf(after)].Add(after.Books())
	sums := map[dayKey]payment.Books{}
	for key, change := range by {
		if change == (payment.Books{}) {
			continue
		}
		books, err := l.dayBooks(key)
		if err != nil {
			return nil, err
		}
		sums[key] = books.Add(change)
	}
	return sums, nil
}

// dayBooks are the sums of a day so far.
func (l *Ledger) dayBooks(key dayKey) (payment.Books, error) {
	books, known := l.days[key]
	if known {
		return books, nil
	}
	var text []byte
	err := l.db.QueryRow(`SELECT books FROM days WHERE day = ? AND currency = ?`, key.day, key.currency).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return books, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &books)
	}
	if err == nil {
		l.days[key] = books
	}
	return books, err
}

// tidy moves the log into the file once in a while, and the verified mark to the newest event. The event before is saved; but a disk that fails at this is not
// trusted with another.
func (l *Ledger) tidy() {
	if l.logged++; l.logged < l.engine.log {
		return
	}
	err := l.mark()
	if err == nil {
		_, err = l.db.Exec(`PRAGMA wal_checkpoint(PASSIVE)`)
	}
	if err != nil {
		l.failed = fmt.Errorf("ledger: move the log into %s: %w: %w", l.path, ErrCommit, err)
		return
	}
	l.logged = 0
}

// record is one event as it is chained.
type record struct {
	payment int64
	kind    string
	data    []byte
	sealed  []byte
}

// chain is the hash over the hash before and everything in the record.
func (r record) chain(before []byte) []byte {
	h := sha256.New()
	for _, part := range [][]byte{before, binary.BigEndian.AppendUint64(nil, uint64(r.payment)), []byte(r.kind), r.data, r.sealed} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}
