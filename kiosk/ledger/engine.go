package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// engine is what lies below a ledger: SQLite and the machine. The kiosk has one; tests put another on a disk that they
// simulate.
type engine struct {
	driver  string          // SQLite's name in database/sql
	call    string          // what the data source says besides the path
	code    func(error) int // SQLite's result code of a failed call, 0 where it is not one of SQLite's
	log     int             // after this many events the log is moved into the file
	copied  int             // so many pages of the file are copied before payments go on
	machine func() []byte   // tells this machine from others, without naming it; nil where that cannot be told
	now     func() time.Time
}

// durable are the settings that make a commit durable with one sync, and deleted bytes go away. The order counts:
// exclusive before the log, so that its index is in our own memory. The log is moved into the file by ourselves, see
// tidy, because SQLite tells nobody when it fails at that.
const durable = "_pragma=locking_mode(exclusive)&_pragma=journal_mode(wal)&_pragma=synchronous(full)" +
	"&_pragma=secure_delete(on)&_pragma=wal_autocheckpoint(0)&_txlock=immediate"

var theEngine = engine{driver: "sqlite", call: durable, code: resultCode, log: 200, copied: 200, machine: thisMachine, now: time.Now}

func resultCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// thisMachine is drawn from what every user may read of it: the serial number of a Raspberry Pi; else systemd's machine
// id, which is copied along with a card.
func thisMachine() []byte {
	for _, path := range []string{"/sys/firmware/devicetree/base/serial-number", "/etc/machine-id"} {
		if id, err := os.ReadFile(path); err == nil && len(id) > 0 {
			sum := sha256.Sum256(append([]byte("selfpay ledger "+path+" "), id...))
			return sum[:8]
		}
	}
	return nil
}

// connection is the one connection to the file. It is never replaced in silence, since the lock on the file goes with
// it: what breaks it breaks the ledger. Its calls cannot be cut short for the same reason.
type connection struct {
	pool     *sql.DB
	conn     *sql.Conn
	prepared []*sql.Stmt
}

func (e engine) connect(path string) (*connection, error) {
	source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: e.call}
	pool, err := sql.Open(e.driver, source.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &connection{pool: pool, conn: conn}, nil
}

func (c *connection) Exec(text string, args ...any) (sql.Result, error) {
	return c.conn.ExecContext(context.Background(), text, args...)
}

func (c *connection) Query(text string, args ...any) (*sql.Rows, error) {
	return c.conn.QueryContext(context.Background(), text, args...)
}

func (c *connection) QueryRow(text string, args ...any) *sql.Row {
	return c.conn.QueryRowContext(context.Background(), text, args...)
}

func (c *connection) Prepare(text string) (*sql.Stmt, error) {
	stmt, err := c.conn.PrepareContext(context.Background(), text)
	if err == nil {
		c.prepared = append(c.prepared, stmt)
	}
	return stmt, err
}

// Close lets go of the file. SQLite does that only once no statement is left.
func (c *connection) Close() error {
	var all error
	for _, stmt := range c.prepared {
		all = errors.Join(all, stmt.Close())
	}
	return errors.Join(all, c.conn.Close(), c.pool.Close())
}

// explain says what a failed call means for the ledger, and what could not be done.
func (l *Ledger) explain(deed string, err error) error {
	if err == nil {
		return nil
	}
	switch l.engine.code(err) & 0xff {
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("ledger: %s: %s: %w (is kioskd running?)", deed, l.path, ErrHeld)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("ledger: %s: %s: %w: %w", deed, l.path, ErrDamaged, err)
	}
	return fmt.Errorf("ledger: %s: %s: %w", deed, l.path, err)
}
