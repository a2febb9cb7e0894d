package ledger

import (
	"encoding/json"

	"selfpay/kiosk/payment"
)

// That somebody works on the station, and has ended, are notes of the station in the chain, with payment number 0. A program
// that does not know them passes over them.
const (
	noteMaintenanceBegun = "maintenance begun"
	noteMaintenanceEnded = "maintenance ended"
)

// Maintenance is one note of it.
type Maintenance struct {
	At    payment.Stamp `json:"at"`
	Staff string        `json:"staff"`
	Note  string        `json:"note,omitempty"`
}

// MaintenanceBegun saves that the station is being serviced from here on. ErrCommit: it may be saved; the program must exit.
func (l *Ledger) MaintenanceBegun(m Maintenance) error { return l.saveNote(noteMaintenanceBegun, m) }

// MaintenanceEnded saves that it is not any more.
func (l *Ledger) MaintenanceEnded(m Maintenance) error { return l.saveNote(noteMaintenanceEnded, m) }

// Maintenance is the newest note of it, and whether it has begun by that; it may have been in an earlier boot.
func (l *Ledger) Maintenance() (m Maintenance, begun bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows, err := l.db.Query(`SELECT seq, kind, data FROM events WHERE payment = 0 AND kind IN (?, ?) ORDER BY seq DESC LIMIT 1`,
		noteMaintenanceBegun, noteMaintenanceEnded)
	if err != nil {
		return m, false, l.explain("read the notes of maintenance", err)
	}
	defer rows.Close()
	if !rows.Next() {
		return m, false, l.explain("read the notes of maintenance", rows.Err())
	}
	var seq int64
	var kind string
	var data []byte
	if err := rows.Scan(&seq, &kind, &data); err != nil {
		return m, false, l.explain("read the notes of maintenance", err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, false, l.damage(seq, 0, err.Error())
	}
	return m, kind == noteMaintenanceBegun, nil
}
