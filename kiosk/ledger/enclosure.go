package ledger

import (
	"encoding/json"
	"time"

	"selfpay/kiosk/payment"
)

// That the enclosure was opened, and that a person has looked at the station since, are notes of the station in the
// chain, with payment number 0. A program that does not know them passes over them.
const (
	noteEnclosureOpened  = "enclosure opened"
	noteEnclosureCleared = "enclosure cleared"
)

// enclosureCleared is the note that a person has looked.
type enclosureCleared struct {
	At    payment.Stamp `json:"at"`
	Staff string        `json:"staff"`
	Note  string        `json:"note"`
}

// EnclosureOpened saves that the enclosure was opened. ErrCommit: it may be saved; the program must exit.
func (l *Ledger) EnclosureOpened(at payment.Stamp) error {
	return l.saveNote(noteEnclosureOpened, payment.Head{At: at})
}

// EnclosureCleared saves that a person has looked at the station after its enclosure was opened.
func (l *Ledger) EnclosureCleared(at payment.Stamp, staff, note string) error {
	return l.saveNote(noteEnclosureCleared, enclosureCleared{at, staff, note})
}

// EnclosureOpenSince is when the enclosure was first opened since a person has looked; open says whether it was.
func (l *Ledger) EnclosureOpenSince() (at time.Time, open bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := l.db.Query(`SELECT seq, data FROM events WHERE payment = 0 AND kind = ? AND seq >
		(SELECT coalesce(max(seq), 0) FROM events WHERE payment = 0 AND kind = ?) ORDER BY seq LIMIT 1`, noteEnclosureOpened, noteEnclosureCleared)
	if err != nil {
		return at, false, l.explain("read the enclosure's notes", err)
	}
	defer rows.Close()
	if !rows.Next() {
		return at, false, l.explain("read the enclosure's notes", rows.Err())
	}
	var seq int64
	var data []byte
	if err := rows.Scan(&seq, &data); err != nil {
		return at, false, l.explain("read the enclosure's notes", err)
	}
	opened := payment.Head{}
	if err := json.Unmarshal(data, &opened); err != nil {
		return at, false, l.damage(seq, 0, err.Error())
	}
	return opened.At.Wall, true, nil
}
