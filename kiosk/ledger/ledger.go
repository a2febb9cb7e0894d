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
//
// What the ledger notes about itself (another machine, an export that goes on, cards erased) stands in the same chain
// with payment number 0. A check names what does not fit (Damage), and what it cannot find stands in
// docs/money-safety.md.
package ledger

import (
	"crypto/hmac"
	"crypto/rand"
	"database/sql"
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
	// ErrKey: the ledger was written with another key. With this one no patron's earlier payments would be found.
	ErrKey = errors.New("the ledger was written with another key")
	// ErrNotFound: there is no such payment.
	ErrNotFound = errors.New("no such payment")
)

// Ledger is the open record. Its methods may be called from several goroutines.
type Ledger struct {
	engine engine
	path   string
	epoch  int
	moved  *Moved
	seal   sealer

	mu     sync.Mutex // guards the connection and all below
	db     *connection
	write  statements
	head   []byte // hash of the newest event
	last   int64  // its number
	open   map[int64]payment.Payment
	days   map[dayKey]payment.Books // those that were asked for, as they are saved
	erased map[int64]bool           // payments whose card was erased; nil until somebody asks
	newest int64                    // number of the newest payment
	logged int                      // events since the log was moved into the file
	failed error                    // set by the first failed commit, for ever
	told   func(time.Duration)      // how long each commit took; may be nil
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

// Open opens or makes the ledger in folder. It reads the views, checks the chain from the last verified mark, and folds
// the newest payments and those that have not ended again. ErrHeld, ErrDamaged and ErrKey say why it cannot be used.
// key seals the patrons' cards, see LoadKey; a reader that needs no cards may pass nil.
func Open(folder string, key []byte) (*Ledger, error) {
	if err := makeFolder(folder); err != nil {
		return nil, fmt.Errorf("ledger: make the state folder: %w", err)
	}
	return open(theEngine, filepath.Join(folder, FileName), key)
}

// makeFolder makes a folder that is still there after a power cut.
func makeFolder(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return syncPath(filepath.Dir(folder))
}

func open(e engine, path string, key []byte) (*Ledger, error) {
	l := &Ledger{engine: e, path: path, open: map[int64]payment.Payment{}, days: map[dayKey]payment.Books{}}
	var err error
	if l.db, err = e.connect(path); err != nil {
		return nil, l.explain("open", err)
	}
	if err := l.load(key); err != nil {
		return nil, errors.Join(err, l.db.Close())
	}
	return l, nil
}

func (l *Ledger) load(key []byte) (err error) {
	if len(key) > 0 {
		if l.seal, err = newSealer(key); err != nil {
			return err
		}
	}
	if _, err := l.db.Exec(schema + booksSchema); err != nil {
		return l.explain("open", err)
	}
	for _, step := range []func() error{l.readMeta, l.checkKey, l.prepare, l.readOpen, l.checkTail, l.continueExport, l.checkMachine, l.mark} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// readMeta checks the form of the file and draws the epoch when the ledger is new.
func (l *Ledger) readMeta() error {
	var found string
	err := l.db.QueryRow(`SELECT value FROM meta WHERE name = 'version'`).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return l.create()
	}
	if err != nil {
		return l.explain("read the form", err)
	}
	if found != version {
		return fmt.Errorf("ledger: %s has form %s, this program knows %s: install the newer release", l.path, found, version)
	}
	err = l.db.QueryRow(`SELECT value FROM meta WHERE name = 'epoch'`).Scan(&l.epoch)
	return l.explain("read the epoch", err)
}

func (l *Ledger) create() error {
	var events int64
	if err := l.db.QueryRow(`SELECT count(*) FROM events`).Scan(&events); err != nil {
		return l.explain("create", err)
	}
	if events > 0 {
		return &Damage{What: fmt.Sprintf("it has %d events and no epoch", events)}
	}
	draw, err := rand.Int(rand.Reader, big.NewInt(9000))
	if err != nil {
		return fmt.Errorf("ledger: draw an epoch: %w", err)
	}
	l.epoch = 1000 + int(draw.Int64())
	_, err = l.db.Exec(`INSERT INTO meta VALUES ('version', ?), ('epoch', ?), ('verified', 0), ('verified hash', x'')`,
		version, l.epoch)
	return l.explain("create", err)
}

// checkKey holds the key against the one that the ledger was first opened with.
func (l *Ledger) checkKey() error {
	if l.seal.wrap == nil {
		return nil
	}
	now := l.seal.hash("the key of this ledger")
	saved, err := l.meta("key check")
	switch {
	case err != nil:
		return err
	case saved == nil:
		return l.setMeta("key check", now)
	case !hmac.Equal(saved, now):
		return fmt.Errorf("ledger: open %s: %w: bring the file ledger.key or the credential %s from where it was made", l.path, ErrKey, CredentialName)
	}
	return nil
}

func (l *Ledger) readOpen() error {
	err := l.db.QueryRow(`SELECT max((SELECT coalesce(max(number), 0) FROM payments), (SELECT coalesce(max(payment), 0) FROM events))`).Scan(&l.newest)
	if err != nil {
		return l.explain("read payments", err)
	}
	found, err := l.query(`SELECT fold FROM payments WHERE NOT ended ORDER BY number`)
	for _, p := range found {
		l.open[p.ID.Number] = p
	}
	return err
}

// Epoch is drawn at random when the ledger is made, so that a replaced card never repeats a reference.
func (l *Ledger) Epoch() int { return l.epoch }

// TellCommits has each commit from now on told with the time it took. tell must return at once, and not use the ledger.
func (l *Ledger) TellCommits(tell func(took time.Duration)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = tell
}

// Close lets go of the file.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.db.Close()
}

// Ready says whether a payment may be offered: no failed commit and enough space. nil means yes.
func (l *Ledger) Ready() error {
	l.mu.Lock()
	failed := l.failed
	l.mu.Unlock()
	if failed != nil {
		return failed
	}
	free, err := Free(filepath.Dir(l.path))
	if err != nil {
		return fmt.Errorf("ledger: ask for free space: %w", err)
	}
	if free < Floor {
		return fmt.Errorf("ledger: %d kB free: %w", free>>10, ErrNoSpace)
	}
	return nil
}

// Free is how many bytes the kiosk's user may still write to the disk of a folder.
func Free(folder string) (uint64, error) {
	var disk syscall.Statfs_t
	err := syscall.Statfs(folder, &disk)
	return disk.Bavail * uint64(disk.Bsize), err
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
