package ledger

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"selfpay/kiosk/payment"
)

// Erased is what became of the card of one patron, or of many.
type Erased struct {
	Payments []string `json:"payments"` // by code: their card is gone
	Kept     []string `json:"kept"`     // by code: not ended, so the card is still needed
}

// erasedAtOnce bounds how many payments stand in one note.
const erasedAtOnce = 500

// EraseCards deletes the keys of the cards of all payments that ended, and last changed, before a moment. What is left
// of such a payment names no patron. The bytes are gone from the file and its log when it returns nil; copies that were
// exported before are not touched.
func (l *Ledger) EraseCards(before time.Time) (Erased, error) {
	all := newErased()
	// A payment does not change before its day, whatever the zones of the two: most of what is too young need not be read. A day after
	// tomorrow is by a clock that was wrong, and says nothing.
	young, future := before.AddDate(0, 0, 2).Format(time.DateOnly), time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	for after := int64(0); ; {
		ended, err := l.list(`SELECT p.fold FROM payments p JOIN patron_keys k ON k.payment = p.number
			WHERE p.ended AND p.number > ? AND (p.day < ? OR p.day >= ?) ORDER BY p.number LIMIT ?`, after, young, future, erasedAtOnce)
		if err != nil {
			return all, err
		}
		if len(ended) == 0 {
			break
		}
		after = ended[len(ended)-1].ID.Number
		tooYoung := func(p payment.Payment) bool { return !p.ChangedAt.Wall.Before(before) }
		if err := l.erase(slices.DeleteFunc(ended, tooYoung), &all); err != nil {
			return all, err
		}
	}
	return all, l.clearLog()
}

// EraseCard deletes the keys of one card from all its payments that have ended, see EraseCards.
func (l *Ledger) EraseCard(card string) (Erased, error) {
	payments, err := l.Patron(card)
	if err != nil {
		return Erased{}, err
	}
	all := newErased()
	if err := l.erase(payments, &all); err != nil {
		return all, err
	}
	return all, l.clearLog()
}

// Patron lists all payments of a card that is not erased, oldest first.
func (l *Ledger) Patron(card string) ([]payment.Payment, error) {
	if l.seal.wrap == nil {
		return nil, errors.New("ledger: look a card up: opened without a key")
	}
	return l.list(`SELECT fold FROM payments WHERE patron = ? ORDER BY number`, l.seal.hash(card))
}

func newErased() Erased { return Erased{Payments: []string{}, Kept: []string{}} }

// erase deletes the keys of those payments that have ended, a part at a time.
func (l *Ledger) erase(payments []payment.Payment, all *Erased) error {
	var numbers []int64
	for _, p := range payments {
		if p.State.Ended() {
			numbers = append(numbers, p.ID.Number)
		} else {
			all.Kept = append(all.Kept, p.ID.String())
		}
	}
	for some := range slices.Chunk(numbers, erasedAtOnce) {
		if err := l.eraseKeys(some); err != nil {
			return err
		}
		for _, n := range some {
			all.Payments = append(all.Payments, payment.ID{Epoch: l.epoch, Number: n}.String())
		}
	}
	return nil
}

func (l *Ledger) eraseKeys(numbers []int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.erasedCards(); err != nil {
		return err
	}
	n := erased{At: l.engine.now(), Payments: numbers}
	err := l.note(noteErased, n, func() error {
		for _, n := range numbers {
			if _, err := l.db.Exec(`DELETE FROM patron_keys WHERE payment = ?`, n); err != nil {
				return err
			}
			if _, err := l.db.Exec(`UPDATE payments SET patron = x'' WHERE number = ?`, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		l.forget(n)
	}
	return err
}

// clearLog moves the log into the file and cuts it to nothing. The note is saved already; what fails here fails a disk
// that is not trusted any more, as with every write.
func (l *Ledger) clearLog() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	var busy, logged, moved int
	err := l.db.QueryRow(`PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved)
	if err == nil && busy != 0 {
		err = errors.New("the log is in use")
	}
	if err != nil {
		l.failed = fmt.Errorf("ledger: clear the log of %s: %w: %w", l.path, ErrCommit, err)
		return l.failed
	}
	l.logged = 0
	return nil
}

// erasedCards are the payments whose cards were erased, as the notes say; they are read once.
func (l *Ledger) erasedCards() (map[int64]bool, error) {
	if l.erased != nil {
		return l.erased, nil
	}
	all, err := notes[erased](l, noteErased)
	if err != nil {
		return nil, err
	}
	l.erased = map[int64]bool{}
	for _, n := range all {
		l.forget(n)
	}
	return l.erased, nil
}

func (l *Ledger) forget(n erased) {
	for _, number := range n.Payments {
		l.erased[number] = true
	}
}
