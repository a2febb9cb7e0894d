package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"selfpay/kiosk/payment"
)

// query reads payments from the view.
func (l *Ledger) query(text string, args ...any) ([]payment.Payment, error) {
	rows, err := l.db.Query(text, args...)
	if err != nil {
		return nil, l.explain("read payments", err)
	}
	defer rows.Close()
	var found []payment.Payment
	for rows.Next() {
		var fold []byte
		if err := rows.Scan(&fold); err != nil {
			return nil, l.explain("read payments", err)
		}
		var p payment.Payment
		if err := json.Unmarshal(fold, &p); err != nil {
			return nil, fmt.Errorf("ledger: read payments: %w: %w", ErrDamaged, err)
		}
		found = append(found, p)
	}
	return found, l.explain("read payments", rows.Err())
}

// list is query for callers from outside.
func (l *Ledger) list(text string, args ...any) ([]payment.Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.query(text, args...)
}

// BusinessDay is the day of the capture by the clock of the kiosk then, "2026-11-21"; of the intent while nothing is captured.
func BusinessDay(p payment.Payment) string {
	at := p.ApprovedAt.Wall
	if at.IsZero() {
		at = p.IntendedAt.Wall
	}
	return at.Format(time.DateOnly)
}

// find is a payment by its id, open or ended.
func (l *Ledger) find(id payment.ID) (payment.Payment, error) {
	if p, ok := l.open[id.Number]; ok && id.Epoch == l.epoch {
		return p, nil
	}
	if id.Epoch != l.epoch {
		return payment.Payment{}, fmt.Errorf("ledger: payment %s: %w", id, ErrNotFound)
	}
	found, err := l.query(`SELECT fold FROM payments WHERE number = ?`, id.Number)
	if err != nil {
		return payment.Payment{}, err
	}
	if len(found) == 0 {
		return payment.Payment{}, fmt.Errorf("ledger: payment %s: %w", id, ErrNotFound)
	}
	return found[0], nil
}

// Payment is a payment by its id, open or ended.
func (l *Ledger) Payment(id payment.ID) (payment.Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.find(id)
}

// Unfinished lists the payments that have not ended, in order of their numbers.
func (l *Ledger) Unfinished() ([]payment.Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []payment.Payment
	for _, number := range slices.Sorted(maps.Keys(l.open)) {
		found = append(found, l.open[number])
	}
	return found, nil
}

// OfPatron lists the payments of a card that have not ended.
func (l *Ledger) OfPatron(card string) ([]payment.Payment, error) {
	return l.list(`SELECT fold FROM payments WHERE patron = ? AND NOT ended ORDER BY number`, l.seal.hash(card))
}

// NewestOfPatron is the newest payment of a card, whether it has ended or not.
func (l *Ledger) NewestOfPatron(card string) (p payment.Payment, found bool, err error) {
	newest, err := l.list(`SELECT fold FROM payments WHERE patron = ? ORDER BY number DESC LIMIT 1`, l.seal.hash(card))
	if err != nil || len(newest) == 0 {
		return payment.Payment{}, false, err
	}
	return newest[0], true, nil
}

// All lists the newest payments first, limit at the most.
func (l *Ledger) All(limit int) ([]payment.Payment, error) {
	return l.list(`SELECT fold FROM payments ORDER BY number DESC LIMIT ?`, limit)
}

// PatronHash tells payments of the same card from those of others, without naming it.
func (l *Ledger) PatronHash(id payment.ID) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var hash []byte
	if err := l.db.QueryRow(`SELECT patron FROM payments WHERE number = ?`, id.Number).Scan(&hash); err != nil {
		return "", l.explain(fmt.Sprintf("read the patron of payment %s", id), err)
	}
	return string(hash), nil
}

// Card is the card of a payment's patron.
func (l *Ledger) Card(id payment.ID) (string, error) {
	if l.seal.wrap == nil {
		return "", errors.New("ledger: read a card: opened without a key")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var sealed, wrapped []byte
	err := l.db.QueryRow(`SELECT e.sealed, k.wrapped FROM events e JOIN patron_keys k ON k.payment = e.payment
		WHERE e.payment = ? AND e.sealed IS NOT NULL`, id.Number).Scan(&sealed, &wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("ledger: card of payment %s: erased or never there: %w", id, ErrNotFound)
	}
	if err != nil {
		return "", l.explain(fmt.Sprintf("read the card of payment %s", id), err)
	}
	return l.seal.open(sealed, wrapped)
}

// Entry is one saved event.
type Entry struct {
	Sequence int64
	Kind     string
	Event    payment.Event

	payment int64
}

// Events lists what happened to a payment, in order.
func (l *Ledger) Events(id payment.ID) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events(id.Number, id.Number)
}

// events reads what happened to some payments, in order of the payments and then of the events.
func (l *Ledger) events(from, to int64) ([]Entry, error) {
	rows, err := l.db.Query(`SELECT payment, seq, kind, data FROM events WHERE payment BETWEEN ? AND ? ORDER BY payment, seq`, from, to)
	if err != nil {
		return nil, l.explain("read events", err)
	}
	defer rows.Close()
	var found []Entry
	for rows.Next() {
		var entry Entry
		var data []byte
		if err := rows.Scan(&entry.payment, &entry.Sequence, &entry.Kind, &data); err != nil {
			return nil, l.explain("read events", err)
		}
		if entry.Event, err = payment.Decode(entry.Kind, data); err != nil {
			return nil, l.damage(entry.Sequence, entry.payment, "it cannot be read: "+err.Error())
		}
		found = append(found, entry)
	}
	return found, l.explain("read events", rows.Err())
}

// Day is the books of one business day in one currency.
type Day struct {
	Day      string        `json:"day"`
	Currency string        `json:"currency"`
	Books    payment.Books `json:"books"`
}

// Days lists the books of all business days, oldest first.
func (l *Ledger) Days(context.Context) ([]Day, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.readDays()
}

func (l *Ledger) readDays() ([]Day, error) {
	rows, err := l.db.Query(`SELECT day, currency, books FROM days ORDER BY day, currency`)
	if err != nil {
		return nil, l.explain("read days", err)
	}
	defer rows.Close()
	var days []Day
	for rows.Next() {
		var d Day
		var books []byte
		if err := rows.Scan(&d.Day, &d.Currency, &books); err != nil {
			return nil, l.explain("read days", err)
		}
		if err := json.Unmarshal(books, &d.Books); err != nil {
			return nil, &Damage{What: "the sums of " + d.Day + " cannot be read: " + err.Error()}
		}
		days = append(days, d)
	}
	return days, l.explain("read days", rows.Err())
}
