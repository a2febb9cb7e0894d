package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"modernc.org/sqlite"
)

// exportGap is how many payment numbers a ledger leaves out that goes on from an export: those that the old machine may
// have given out since.
const exportGap = 10_000

// Exported is what an export holds.
type Exported struct {
	File     string `json:"file"`
	Epoch    int    `json:"epoch"`
	Events   int64  `json:"events"`
	Payments int    `json:"payments"`
	Bytes    int64  `json:"bytes"`
}

// Export copies the whole ledger into a new file that only its owner may read, and checks the copy. It never writes over
// a file. Payments go on meanwhile. The key-encryption key is not in the copy: without it no card can be read there.
// A ledger that goes on from an export leaves out some payment numbers, see docs/operations.md.
func (l *Ledger) Export(ctx context.Context, path string) (Exported, error) {
	if err := l.roomFor(path); err != nil {
		return Exported{}, fmt.Errorf("ledger: export into %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Exported{}, fmt.Errorf("ledger: export: %w", err)
	}
	if err := f.Close(); err != nil {
		return Exported{}, fmt.Errorf("ledger: export: %w", err)
	}
	found, err := l.exportInto(ctx, path)
	if err != nil {
		for _, name := range []string{path, path + "-journal", path + "-wal"} {
			os.Remove(name)
		}
		return Exported{}, fmt.Errorf("ledger: export into %s: %w", path, err)
	}
	return found, nil
}

// roomFor says whether a copy fits beside path, with what payments need in case it is the same disk.
func (l *Ledger) roomFor(path string) error {
	l.mu.Lock()
	var size int64
	err := l.db.QueryRow(`SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`).Scan(&size)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	free, err := Free(filepath.Dir(path))
	if err != nil {
		return err
	}
	if need := uint64(size) + 2*Floor; free < need {
		return fmt.Errorf("%d kB free, %d kB needed: %w", free>>10, need>>10, ErrNoSpace)
	}
	return nil
}

func (l *Ledger) exportInto(ctx context.Context, path string) (Exported, error) {
	if err := l.copyInto(ctx, path); err != nil {
		return Exported{}, err
	}
	found, err := l.checkExport(ctx, path)
	if err != nil {
		return Exported{}, err
	}
	if err := syncPath(path); err != nil {
		return Exported{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Exported{}, err
	}
	return Exported{File: path, Epoch: l.epoch, Events: found.Events, Payments: found.Payments, Bytes: info.Size()}, syncPath(filepath.Dir(path))
}

// Folder is where the ledger's file stands.
func (l *Ledger) Folder() string { return filepath.Dir(l.path) }

// copyInto copies a few pages at a time; SQLite brings what is written in between into the copy too.
func (l *Ledger) copyInto(ctx context.Context, path string) error {
	var b *sqlite.Backup
	err := l.raw(func(c any) (err error) {
		maker, ok := c.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		})
		if !ok {
			return errors.New("this build of SQLite makes no copies")
		}
		b, err = maker.NewBackup(path)
		return err
	})
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if err = ctx.Err(); err == nil {
			err = l.raw(func(any) (err error) { more, err = b.Step(int32(l.engine.copied)); return err })
		}
	}
	return errors.Join(err, l.raw(func(any) error { return b.Finish() }))
}

// raw lets do have SQLite's own connection.
func (l *Ledger) raw(do func(any) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.db.conn.Raw(do)
}

// checkExport reads the copy as a ledger, and marks it as an export.
func (l *Ledger) checkExport(ctx context.Context, path string) (Verified, error) {
	copied, err := open(l.engine, path, nil)
	if err != nil {
		return Verified{}, err
	}
	found, err := copied.Verify(ctx)
	if err == nil {
		err = copied.setMeta("export", strconv.FormatInt(copied.newest, 10))
	}
	return found, errors.Join(err, copied.Close())
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// continueExport notes when an export is opened as a ledger: it goes on well above the numbers in it.
func (l *Ledger) continueExport() error {
	value, err := l.meta("export")
	if err != nil {
		return err
	}
	if value != nil {
		n := continued{At: l.engine.now(), After: l.newest, From: l.newest + exportGap}
		err := l.note(noteContinued, n, func() error {
			_, err := l.db.Exec(`DELETE FROM meta WHERE name = 'export'`)
			return err
		})
		if err != nil {
			return err
		}
	}
	all, err := notes[continued](l, noteContinued)
	for _, n := range all {
		l.newest = max(l.newest, n.From)
	}
	return err
}
