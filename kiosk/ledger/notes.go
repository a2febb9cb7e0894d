package ledger

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Notes are what the ledger saves about itself. They stand in the same chain as the events, with payment number 0.
const (
	noteMoved     = "opened on another machine"
	noteContinued = "continued from an export"
	noteErased    = "cards erased"
)

// Moved is the note that the ledger was opened on another machine than before. That is right for a card that was put
// into a spare station; where the other station still runs with a copy, both give out the same references.
type Moved struct {
	At   time.Time `json:"at"`
	From string    `json:"from"` // tells machines apart, names none
	To   string    `json:"to"`
}

// continued is the note that an export was opened as a ledger.
type continued struct {
	At    time.Time `json:"at"`
	After int64     `json:"after"` // the newest payment number in the export
	From  int64     `json:"from"`  // the next number is above this one
}

// erased is the note that the keys of some payments' cards were deleted.
type erased struct {
	At       time.Time `json:"at"`
	Payments []int64   `json:"payments"`
}

// note saves a note, and what also does, in one transaction.
func (l *Ledger) note(kind string, content any, also func() error) error {
	if l.failed != nil {
		return l.failed
	}
	data, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("ledger: write note %q: %w", kind, err)
	}
	r := record{kind: kind, data: data}
	hash := r.chain(l.head)
	err = l.transaction(func() error {
		if _, err := l.write.event.Exec(l.last+1, r.payment, r.kind, r.data, nil, hash); err != nil {
			return err
		}
		return also()
	})
	if err != nil {
		l.failed = fmt.Errorf("ledger: save note %q: %w: %w", kind, ErrCommit, err)
		return l.failed
	}
	l.head, l.last = hash, l.last+1
	return nil
}

// notes reads all notes of a kind, oldest first.
func notes[N any](l *Ledger, kind string) ([]N, error) {
	rows, err := l.db.Query(`SELECT seq, data FROM events WHERE payment = 0 AND kind = ? ORDER BY seq`, kind)
	if err != nil {
		return nil, l.explain("read notes", err)
	}
	defer rows.Close()
	var found []N
	for rows.Next() {
		var seq int64
		var data []byte
		if err := rows.Scan(&seq, &data); err != nil {
			return nil, l.explain("read notes", err)
		}
		var n N
		if err := json.Unmarshal(data, &n); err != nil {
			return nil, l.damage(seq, 0, "it cannot be read: "+err.Error())
		}
		found = append(found, n)
	}
	return found, l.explain("read notes", rows.Err())
}

// Note is one note, of any kind: of one that this program does not know too.
type Note struct {
	Event int64           `json:"event"` // its number in the chain
	Kind  string          `json:"kind"`
	Note  json.RawMessage `json:"note"`
}

// Notes lists the newest notes, at most so many, oldest first.
func (l *Ledger) Notes(most int) ([]Note, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := l.db.Query(`SELECT seq, kind, data FROM
		(SELECT seq, kind, data FROM events WHERE payment = 0 ORDER BY seq DESC LIMIT ?) ORDER BY seq`, most)
	if err != nil {
		return nil, l.explain("read notes", err)
	}
	defer rows.Close()
	found := []Note{}
	for rows.Next() {
		var n Note
		var data []byte
		if err := rows.Scan(&n.Event, &n.Kind, &data); err != nil {
			return nil, l.explain("read notes", err)
		}
		if !json.Valid(data) {
			return nil, l.damage(n.Event, 0, "it cannot be read")
		}
		n.Note = data
		found = append(found, n)
	}
	return found, l.explain("read notes", rows.Err())
}

// meta reads one entry beside the chain; nil where there is none.
func (l *Ledger) meta(name string) (value []byte, err error) {
	err = l.db.QueryRow(`SELECT value FROM meta WHERE name = ?`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, l.explain("read "+name, err)
}

func (l *Ledger) setMeta(name string, value any) error {
	_, err := l.db.Exec(`INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`, name, value)
	return l.explain("write "+name, err)
}

// checkMachine notes when the ledger is opened on another machine than before.
func (l *Ledger) checkMachine() error {
	before, err := l.meta("machine")
	if err != nil {
		return err
	}
	now := l.engine.machine()
	switch {
	case len(now) == 0 || bytes.Equal(before, now):
	case before == nil:
		err = l.setMeta("machine", now)
	default:
		n := Moved{At: l.engine.now(), From: hex.EncodeToString(before), To: hex.EncodeToString(now)}
		err = l.note(noteMoved, n, func() error { return l.setMeta("machine", now) })
	}
	if err != nil {
		return err
	}
	moves, err := notes[Moved](l, noteMoved)
	if len(moves) > 0 {
		l.moved = &moves[len(moves)-1]
	}
	return err
}

// Moved is when the ledger last came from another machine; nil: never.
func (l *Ledger) Moved() *Moved { return l.moved }
