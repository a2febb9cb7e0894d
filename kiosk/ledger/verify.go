package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"selfpay/kiosk/payment"
)

// verifyTail checks the chain from the last verified mark to the newest event and moves the mark there.
func (l *Ledger) verifyTail() error {
	var from int64
	if err := l.db.QueryRow(`SELECT value FROM meta WHERE name = 'verified'`).Scan(&from); err != nil {
		return fmt.Errorf("ledger: read the verified mark: %w", err)
	}
	if err := l.db.QueryRow(`SELECT value FROM meta WHERE name = 'verified hash'`).Scan(&l.head); err != nil {
		return fmt.Errorf("ledger: read the verified mark: %w", err)
	}
	last, head, err := l.walk(context.Background(), from, l.head, nil)
	if err != nil {
		return err
	}
	l.head = head
	if last == from {
		return nil
	}
	_, err = l.db.Exec(`INSERT INTO meta VALUES ('verified', ?), ('verified hash', ?)
		ON CONFLICT DO UPDATE SET value = excluded.value`, last, head)
	if err != nil {
		return l.explain(err)
	}
	return nil
}

// walk reads the chain behind event number from, whose hash is head, and hands each event to visit.
func (l *Ledger) walk(ctx context.Context, from int64, head []byte, visit func(number int64, e payment.Event) error) (int64, []byte, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT seq, payment, kind, data, sealed, hash FROM events WHERE seq > ? ORDER BY seq`, from)
	if err != nil {
		return 0, nil, l.explain(err)
	}
	defer rows.Close()
	last := from
	for rows.Next() {
		var seq int64
		var r record
		var hash []byte
		if err := rows.Scan(&seq, &r.payment, &r.kind, &r.data, &r.sealed, &hash); err != nil {
			return 0, nil, l.explain(err)
		}
		head = r.chain(head)
		if seq != last+1 || !bytes.Equal(hash, head) {
			return 0, nil, fmt.Errorf("ledger: event %d does not follow event %d: %w", seq, last, ErrDamaged)
		}
		last = seq
		if visit == nil {
			continue
		}
		e, err := payment.Decode(r.kind, r.data)
		if err == nil {
			err = visit(r.payment, e)
		}
		if err != nil {
			return 0, nil, fmt.Errorf("ledger: event %d: %w: %w", seq, ErrDamaged, err)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, nil, l.explain(err)
	}
	return last, head, nil
}

// Verified is what a check of the whole ledger found.
type Verified struct {
	Events   int64 `json:"events"`
	Payments int   `json:"payments"`
}

// Verify checks the whole ledger: the chain from the first event, every payment folded again, and the view tables
// against that. It changes nothing and may be repeated. ErrDamaged names the first thing that does not fit.
func (l *Ledger) Verify(ctx context.Context) (Verified, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	folded := map[int64]payment.Payment{}
	last, _, err := l.walk(ctx, 0, nil, func(number int64, e payment.Event) error {
		p, err := payment.Step(folded[number], e)
		folded[number] = p
		return err
	})
	if err != nil {
		return Verified{}, err
	}
	if err := l.compareViews(folded); err != nil {
		return Verified{}, err
	}
	return Verified{Events: last, Payments: len(folded)}, l.compareDays(ctx, folded)
}

func (l *Ledger) compareViews(folded map[int64]payment.Payment) error {
	stored, err := l.query(`SELECT fold FROM payments`)
	if err != nil {
		return err
	}
	if len(stored) != len(folded) {
		return fmt.Errorf("ledger: %d payments in the view, %d in the events: %w", len(stored), len(folded), ErrDamaged)
	}
	for _, p := range stored {
		again, err := reread(folded[p.ID.Number])
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(p, again) {
			return fmt.Errorf("ledger: the view of payment %s is not what its events say: %w", p.ID, ErrDamaged)
		}
	}
	return nil
}

// reread is p as it comes back from the disk.
func reread(p payment.Payment) (again payment.Payment, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return again, fmt.Errorf("ledger: fold of payment %s: %w", p.ID, err)
	}
	return again, json.Unmarshal(text, &again)
}

func (l *Ledger) compareDays(ctx context.Context, folded map[int64]payment.Payment) error {
	type key struct{ day, currency string }
	sums := map[key]payment.Books{}
	for _, p := range folded {
		k := key{BusinessDay(p), string(p.Amount.Currency)}
		sums[k] = sums[k].Add(p.Books())
	}
	days, err := l.Days(ctx)
	if err != nil {
		return err
	}
	for _, d := range days {
		k := key{d.Day, d.Currency}
		if d.Books != sums[k] {
			return fmt.Errorf("ledger: the sums of %s in %s are not what the events say: %w", d.Day, d.Currency, ErrDamaged)
		}
		if !d.Books.Agree() {
			return fmt.Errorf("ledger: the books of %s in %s do not agree: %w", d.Day, d.Currency, ErrDamaged)
		}
		delete(sums, k)
	}
	for k, left := range sums {
		if left != (payment.Books{}) {
			return fmt.Errorf("ledger: the sums of %s in %s are missing: %w", k.day, k.currency, ErrDamaged)
		}
	}
	return nil
}
