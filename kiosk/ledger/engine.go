package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// engine is the SQLite below a ledger. The kiosk has one; tests put another on a disk that they simulate.
type engine struct {
	driver string          // its name in database/sql
	call   string          // what the data source says besides the path
	code   func(error) int // SQLite's result code of a failed call, 0 where it is not one of SQLite's
	log    int             // after this many events the log is moved into the file
}

// durable are the settings that make a commit durable with one sync, and deleted bytes go away. The order counts:
// exclusive before the log, so that its index is in our own memory. The log is moved into the file by ourselves, see
// tidy, because SQLite tells nobody when it fails at that.
const durable = "_pragma=locking_mode(exclusive)&_pragma=journal_mode(wal)&_pragma=synchronous(full)" +
	"&_pragma=secure_delete(on)&_pragma=wal_autocheckpoint(0)&_txlock=immediate"

var theEngine = engine{driver: "sqlite", call: durable, log: 200, code: func(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}}

// connect makes the one connection to the file. SQLite reads or creates it at the first call only.
func (e engine) connect(path string) (*sql.DB, error) {
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: e.call}
	db, err := sql.Open(e.driver, source.String())
	if err != nil {
		return nil, fmt.Errorf("ledger: open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// explain says what a failed call means for the ledger.
func (l *Ledger) explain(err error) error {
	switch l.engine.code(err) & 0xff {
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("ledger: open %s: %w (is kioskd running?)", l.path, ErrHeld)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("ledger: open %s: %w: %w", l.path, ErrDamaged, err)
	}
	return fmt.Errorf("ledger: open %s: %w", l.path, err)
}
