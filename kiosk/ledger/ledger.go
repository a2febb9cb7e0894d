// Package ledger is the kiosk's append-only record of money: one SQLite file, one event per thing that happened,
// numbered and chained by hash, and a few view tables written in the same transaction. What is not in the ledger did
// not happen, as far as screen and receipt are concerned.
//
// One process opens it, with one connection in exclusive mode, write-ahead log and synchronous=FULL: one sync per
// event. A commit that fails has an unknown outcome (after a failed sync nobody knows what the disk kept), so the
// ledger refuses everything afterwards and the program must exit and read it again.
//
// Patrons' cards are encrypted with a key of their own, the chain covers the ciphertext, and erasing deletes the key.
// PINs, names and titles never come here.
package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"selfpay/kiosk/payment"
)

// FileName is the ledger's file in the state folder.
const FileName = "ledger.db"

// Floor is how many bytes must be free on the ledger's disk before a payment is offered.
const Floor = 8 << 20

// The ways in which the ledger fails. After each of them no payment may be taken.
var (
	// ErrHeld: another process has the ledger open.
	ErrHeld = errors.New("the ledger is held by another process")
	// ErrCommit: an event may or may not be saved. The program must exit and read the ledger again.
	ErrCommit = errors.New("the outcome of a write to the ledger is unknown")
	// ErrDamaged: events do not fit together. Staff must be called.
	ErrDamaged = errors.New("the ledger is damaged")
	// ErrNoSpace: the disk is too full to take a payment.
	ErrNoSpace = errors.New("too little space left on the ledger's disk")
	// ErrNotFound: there is no such payment.
	ErrNotFound = errors.New("no such payment")
)

// Ledger is the open record. Its methods may be called from several goroutines.
type Ledger struct {
	engine engine
	db     *sql.DB
	path   string
	epoch  int
	seal   sealer

	mu     sync.Mutex
	head   []byte // hash of the newest event
	open   map[int64]payment.Payment
	newest int64 // number of the newest payment
	logged int   // events since the log was moved into the file
	failed error // set by the first failed commit, for ever
}

const schema = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
	seq INTEGER PRIMARY KEY, payment INTEGER NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL, sealed BLOB,
	hash BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_of_payment ON events (payment, seq);
CREATE TABLE IF NOT EXISTS payments (
	number INTEGER PRIMARY KEY, ended INTEGER NOT NULL, day TEXT NOT NULL, patron BLOB NOT NULL, fold BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS payments_open ON payments (number) WHERE NOT ended;
CREATE INDEX IF NOT EXISTS payments_of_patron ON payments (patron, number);
CREATE TABLE IF NOT EXISTS patron_keys (payment INTEGER PRIMARY KEY, wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS days (
	day TEXT NOT NULL, currency TEXT NOT NULL, books BLOB NOT NULL, PRIMARY KEY (day, currency)) WITHOUT ROWID;
`

// version is the form of the file. A newer form is read at least one release before it is written.
const version = "1"

// Open opens or makes the ledger in folder. It reads the views and checks the chain from the last verified mark.
// key seals the patrons' cards, see LoadKey; a reader that needs no cards may pass nil.
func Open(folder string, key []byte) (*Ledger, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("ledger: make the state folder: %w", err)
	}
	return open(theEngine, filepath.Join(folder, FileName), key)
}

func open(e engine, path string, key []byte) (*Ledger, error) {
	db, err := e.connect(path)
	if err != nil {
		return nil, err
	}
	l := &Ledger{engine: e, db: db, path: path, open: map[int64]payment.Payment{}}
	if err := l.load(key); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

func (l *Ledger) load(key []byte) error {
	if len(key) > 0 {
		var err error
		if l.seal, err = newSealer(key); err != nil {
			return err
		}
	}
	if _, err := l.db.Exec(schema); err != nil {
		return l.explain(err)
	}
	if err := l.readMeta(); err != nil {
		return err
	}
	if err := l.verifyTail(); err != nil {
		return err
	}
	return l.readOpen()
}

// readMeta checks the form of the file and draws the epoch when the ledger is new.
func (l *Ledger) readMeta() error {
	var found string
	err := l.db.QueryRow(`SELECT value FROM meta WHERE name = 'version'`).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return l.create()
	}
	if err != nil {
		return l.explain(err)
	}
	if found != version {
		return fmt.Errorf("ledger: %s has form %s, this program knows %s: install the newer release", l.path, found, version)
	}
	if err := l.db.QueryRow(`SELECT value FROM meta WHERE name = 'epoch'`).Scan(&l.epoch); err != nil {
		return fmt.Errorf("ledger: read the epoch: %w", err)
	}
	return nil
}

func (l *Ledger) create() error {
	draw, err := rand.Int(rand.Reader, big.NewInt(9000))
	if err != nil {
		return fmt.Errorf("ledger: draw an epoch: %w", err)
	}
	l.epoch = 1000 + int(draw.Int64())
	_, err = l.db.Exec(`INSERT INTO meta VALUES ('version', ?), ('epoch', ?), ('verified', 0), ('verified hash', x'')`,
		version, l.epoch)
	if err != nil {
		return l.explain(err)
	}
	return nil
}

func (l *Ledger) readOpen() error {
	if err := l.db.QueryRow(`SELECT coalesce(max(number), 0) FROM payments`).Scan(&l.newest); err != nil {
		return fmt.Errorf("ledger: read payments: %w", err)
	}
	found, err := l.query(`SELECT fold FROM payments WHERE NOT ended ORDER BY number`)
	if err != nil {
		return err
	}
	for _, p := range found {
		l.open[p.ID.Number] = p
	}
	return nil
}

// query reads payments from the view.
func (l *Ledger) query(text string, args ...any) ([]payment.Payment, error) {
	rows, err := l.db.Query(text, args...)
	if err != nil {
		return nil, fmt.Errorf("ledger: read payments: %w", err)
	}
	defer rows.Close()
	var found []payment.Payment
	for rows.Next() {
		var fold []byte
		if err := rows.Scan(&fold); err != nil {
			return nil, fmt.Errorf("ledger: read payments: %w", err)
		}
		var p payment.Payment
		if err := json.Unmarshal(fold, &p); err != nil {
			return nil, fmt.Errorf("ledger: read payments: %w: %w", ErrDamaged, err)
		}
		found = append(found, p)
	}
	return found, rows.Err()
}

// Epoch is drawn at random when the ledger is made, so that a replaced card never repeats a reference.
func (l *Ledger) Epoch() int { return l.epoch }

// Close lets go of the file.
func (l *Ledger) Close() error { return l.db.Close() }

// Ready says whether a payment may be offered: no failed commit and enough space. nil means yes.
func (l *Ledger) Ready() error {
	l.mu.Lock()
	failed := l.failed
	l.mu.Unlock()
	if failed != nil {
		return failed
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(l.path), &disk); err != nil {
		return fmt.Errorf("ledger: ask for free space: %w", err)
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < Floor {
		return fmt.Errorf("ledger: %d kB free: %w", free>>10, ErrNoSpace)
	}
	return nil
}

// Intend begins a payment for the patron's card: it gives it the next number and saves the event.
func (l *Ledger) Intend(card string, e payment.Intended) (payment.Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seal.wrap == nil {
		return payment.Payment{}, errors.New("ledger: intend: opened without a key")
	}
	if l.newest >= payment.MaxNumber {
		return payment.Payment{}, errors.New("ledger: all payment numbers of this ledger are used: begin a new one")
	}
	e.ID = payment.ID{Epoch: l.epoch, Number: l.newest + 1}
	p, err := payment.Step(payment.Payment{}, e)
	if err != nil {
		return payment.Payment{}, err
	}
	sealed, wrapped, err := l.seal.seal(card)
	if err != nil {
		return payment.Payment{}, err
	}
	if err := l.commit(payment.Payment{}, p, e, &patron{sealed: sealed, wrapped: wrapped, hash: l.seal.hash(card)}); err != nil {
		return payment.Payment{}, err
	}
	l.newest = e.ID.Number
	return p, nil
}

// Append says what the event means for the payment, saves both, and returns the payment. payment.ErrImpossible: the
// event does not fit and is not saved. ErrCommit: it may be saved; the program must exit.
func (l *Ledger) Append(id payment.ID, e payment.Event) (payment.Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, err := l.find(id)
	if err != nil {
		return payment.Payment{}, err
	}
	after, err := payment.Step(before, e)
	if err != nil {
		return before, err
	}
	if err := l.commit(before, after, e, nil); err != nil {
		return before, err
	}
	return after, nil
}

type patron struct{ sealed, wrapped, hash []byte }

// commit writes the event, the payment's fold and the day's sums in one transaction.
func (l *Ledger) commit(before, after payment.Payment, e payment.Event, who *patron) error {
	if l.failed != nil {
		return l.failed
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("ledger: write event %s: %w", payment.Kind(e), err)
	}
	hash, err := l.write(before, after, record{payment: after.ID.Number, kind: payment.Kind(e), data: data}, who)
	if err != nil {
		l.failed = fmt.Errorf("ledger: save %q of payment %s: %w: %w", payment.Kind(e), after.ID, ErrCommit, err)
		return l.failed
	}
	l.head = hash
	if after.State.Ended() {
		delete(l.open, after.ID.Number)
	} else {
		l.open[after.ID.Number] = after
	}
	l.tidy()
	return nil
}

// tidy moves the log into the file once in a while. The event before is saved; but a disk that fails at this is not
// trusted with another.
func (l *Ledger) tidy() {
	if l.logged++; l.logged < l.engine.log {
		return
	}
	if _, err := l.db.Exec(`PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		l.failed = fmt.Errorf("ledger: move the log into %s: %w: %w", l.path, ErrCommit, err)
		return
	}
	l.logged = 0
}

func (l *Ledger) write(before, after payment.Payment, r record, who *patron) (hash []byte, err error) {
	tx, err := l.db.Begin()
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if who != nil {
		r.sealed = who.sealed
		if _, err := tx.Exec(`INSERT INTO patron_keys VALUES (?, ?)`, r.payment, who.wrapped); err != nil {
			return nil, err
		}
	}
	hash = r.chain(l.head)
	if _, err := tx.Exec(`INSERT INTO events (payment, kind, data, sealed, hash) VALUES (?, ?, ?, ?, ?)`,
		r.payment, r.kind, r.data, r.sealed, hash); err != nil {
		return nil, err
	}
	if err := writeViews(tx, before, after, who); err != nil {
		return nil, err
	}
	return hash, tx.Commit()
}

func writeViews(tx *sql.Tx, before, after payment.Payment, who *patron) error {
	fold, err := json.Marshal(after)
	if err != nil {
		return err
	}
	day := BusinessDay(after)
	if who != nil {
		_, err = tx.Exec(`INSERT INTO payments VALUES (?, ?, ?, ?, ?)`, after.ID.Number, after.State.Ended(), day, who.hash, fold)
	} else {
		_, err = tx.Exec(`UPDATE payments SET ended = ?, day = ?, fold = ? WHERE number = ?`, after.State.Ended(), day, fold, after.ID.Number)
	}
	if err != nil {
		return err
	}
	if err := addToDay(tx, BusinessDay(before), before, payment.Books{}.Sub(before.Books())); err != nil {
		return err
	}
	return addToDay(tx, day, after, after.Books())
}

// addToDay changes the sums of one business day.
func addToDay(tx *sql.Tx, day string, p payment.Payment, by payment.Books) error {
	if by == (payment.Books{}) {
		return nil
	}
	var text []byte
	var books payment.Books
	err := tx.QueryRow(`SELECT books FROM days WHERE day = ? AND currency = ?`, day, string(p.Amount.Currency)).Scan(&text)
	if err == nil {
		err = json.Unmarshal(text, &books)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if text, err = json.Marshal(books.Add(by)); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO days VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET books = excluded.books`,
		day, string(p.Amount.Currency), text)
	return err
}

// BusinessDay is the day of the capture by the clock of the kiosk then, "2026-11-21"; of the intent while nothing is captured.
func BusinessDay(p payment.Payment) string {
	at := p.ApprovedAt.Wall
	if at.IsZero() {
		at = p.IntendedAt.Wall
	}
	return at.Format(time.DateOnly)
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
	return l.query(`SELECT fold FROM payments WHERE NOT ended ORDER BY number`)
}

// OfPatron lists the payments of a card that have not ended.
func (l *Ledger) OfPatron(card string) ([]payment.Payment, error) {
	return l.query(`SELECT fold FROM payments WHERE patron = ? AND NOT ended ORDER BY number`, l.seal.hash(card))
}

// All lists the newest payments first, limit at the most.
func (l *Ledger) All(limit int) ([]payment.Payment, error) {
	return l.query(`SELECT fold FROM payments ORDER BY number DESC LIMIT ?`, limit)
}

// PatronHash tells payments of the same card from those of others, without naming it.
func (l *Ledger) PatronHash(id payment.ID) (string, error) {
	var hash []byte
	if err := l.db.QueryRow(`SELECT patron FROM payments WHERE number = ?`, id.Number).Scan(&hash); err != nil {
		return "", fmt.Errorf("ledger: read patron of payment %s: %w", id, err)
	}
	return string(hash), nil
}

// Card is the card of a payment's patron.
func (l *Ledger) Card(id payment.ID) (string, error) {
	if l.seal.wrap == nil {
		return "", errors.New("ledger: read a card: opened without a key")
	}
	var sealed, wrapped []byte
	err := l.db.QueryRow(`SELECT e.sealed, k.wrapped FROM events e JOIN patron_keys k ON k.payment = e.payment
		WHERE e.payment = ? AND e.sealed IS NOT NULL`, id.Number).Scan(&sealed, &wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("ledger: card of payment %s: erased or never there: %w", id, ErrNotFound)
	}
	if err != nil {
		return "", fmt.Errorf("ledger: read card of payment %s: %w", id, err)
	}
	return l.seal.open(sealed, wrapped)
}

// Entry is one saved event.
type Entry struct {
	Sequence int64
	Kind     string
	Event    payment.Event
}

// Events lists what happened to a payment, in order.
func (l *Ledger) Events(id payment.ID) ([]Entry, error) {
	rows, err := l.db.Query(`SELECT seq, kind, data FROM events WHERE payment = ? ORDER BY seq`, id.Number)
	if err != nil {
		return nil, fmt.Errorf("ledger: read events: %w", err)
	}
	defer rows.Close()
	var found []Entry
	for rows.Next() {
		var entry Entry
		var data []byte
		if err := rows.Scan(&entry.Sequence, &entry.Kind, &data); err != nil {
			return nil, fmt.Errorf("ledger: read events: %w", err)
		}
		if entry.Event, err = payment.Decode(entry.Kind, data); err != nil {
			return nil, fmt.Errorf("ledger: event %d: %w: %w", entry.Sequence, ErrDamaged, err)
		}
		found = append(found, entry)
	}
	return found, rows.Err()
}

// Day is the books of one business day in one currency.
type Day struct {
	Day      string        `json:"day"`
	Currency string        `json:"currency"`
	Books    payment.Books `json:"books"`
}

// Days lists the books of all business days, oldest first.
func (l *Ledger) Days(ctx context.Context) ([]Day, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT day, currency, books FROM days ORDER BY day, currency`)
	if err != nil {
		return nil, fmt.Errorf("ledger: read days: %w", err)
	}
	defer rows.Close()
	var days []Day
	for rows.Next() {
		var d Day
		var books []byte
		if err := rows.Scan(&d.Day, &d.Currency, &books); err != nil {
			return nil, fmt.Errorf("ledger: read days: %w", err)
		}
		if err := json.Unmarshal(books, &d.Books); err != nil {
			return nil, fmt.Errorf("ledger: day %s: %w: %w", d.Day, ErrDamaged, err)
		}
		days = append(days, d)
	}
	return days, rows.Err()
}
