package secondcopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"selfpay/kiosk/ledger"
)

// Config is what a copier works with.
type Config struct {
	File   string // on the other medium
	Ledger Source
	Folder string                                         // of the ledger: the copy must not be on the same disk
	Tell   func(behind int64, since time.Time, err error) // after each look: how many events the copy lacks, since when it lacks any, and why; it must return at once
	Log    *slog.Logger
}

// The pauses of a copier.
const (
	copyPause  = time.Second     // between two looks at the ledger
	retryPause = 5 * time.Second // when the medium is away
)

// Copier keeps the copy. Make it with New, then let Run turn.
type Copier struct {
	Config
	disk func(path string) (uint64, error) // which disk a file or folder is on

	file  *os.File // nil: the medium is away
	last  ledger.Link
	since time.Time // the copy lacks events; zero: none
}

// New makes a copier. It opens nothing before Run.
func New(c Config) *Copier { return &Copier{Config: c, disk: diskOf} }

func diskOf(path string) (uint64, error) {
	var about syscall.Stat_t
	if err := syscall.Stat(path, &about); err != nil {
		return 0, &os.PathError{Op: "look at", Path: path, Err: err}
	}
	return about.Dev, nil
}

// endsWithin is how long Run waits in the end for a medium that takes what it was given, or nothing.
const endsWithin = 2 * time.Second

// Run copies until ctx ends. A medium that is away or full is tried again and again; it is never an error. One that hangs holds
// up nobody, not even the end of the program.
func (c *Copier) Run(ctx context.Context) error {
	ended := make(chan struct{})
	go func() { defer close(ended); c.run(ctx) }()
	<-ctx.Done()
	select {
	case <-ended:
	case <-time.After(endsWithin):
		c.Log.Warn("the second medium hangs", "file", c.File)
	}
	return nil
}

func (c *Copier) run(ctx context.Context) {
	defer func() { c.close() }()
	for {
		err := c.look(ctx)
		pause := copyPause
		if err != nil {
			pause = retryPause
			c.close()
		}
		c.tell(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (c *Copier) close() {
	if c.file != nil {
		c.file.Close() // all that counts is synced
		c.file = nil
	}
}

func (c *Copier) tell(err error) {
	behind := c.Ledger.NewestEvent() - c.last.Event
	switch {
	case behind == 0 && err == nil:
		c.since = time.Time{}
	case c.since.IsZero():
		c.since = time.Now()
	}
	c.Tell(behind, c.since, err)
}

// look brings the copy up to the ledger.
func (c *Copier) look(ctx context.Context) error {
	if err := c.there(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		links, err := c.Ledger.Chain(c.last.Event, atOnce)
		if err != nil || len(links) == 0 {
			return err
		}
		if err := c.append(links); err != nil {
			return fmt.Errorf("second copy: write %s: %w", c.File, err)
		}
	}
	return nil
}

// there opens the copy, or finds that it is still the one that is open: the medium may have been taken out, or exchanged.
func (c *Copier) there() error {
	if c.file != nil {
		open, err1 := c.file.Stat()
		named, err2 := os.Stat(c.File)
		if err1 == nil && err2 == nil && os.SameFile(open, named) {
			return nil
		}
		c.close()
	}
	if err := c.open(); err != nil {
		return fmt.Errorf("second copy: open %s: %w", c.File, err)
	}
	return nil
}

// errSameDisk keeps a copy from being written onto the disk that it is to outlive, below the place of a medium that is away.
var errSameDisk = errors.New("it is on the ledger's own disk: is the second medium mounted?")

func (c *Copier) open() error {
	ours, err1 := c.disk(c.Folder)
	theirs, err2 := c.disk(filepath.Dir(c.File))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if ours == theirs {
		return errSameDisk
	}
	f, err := os.OpenFile(c.File, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	end, last, wrong := c.read(f)
	if wrong != nil && !mends(wrong) {
		return errors.Join(wrong, f.Close())
	}
	if wrong != nil {
		f.Close()
		aside := fmt.Sprintf("%s.aside-%s", c.File, time.Now().UTC().Format("20060102T150405.000"))
		if err := os.Rename(c.File, aside); err != nil {
			return fmt.Errorf("%w; and it cannot be set aside: %w", wrong, err)
		}
		c.Log.Error("the second copy does not fit the ledger: it is set aside and begun anew", "file", aside, "error", wrong)
		if f, err = os.OpenFile(c.File, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return err
		}
		end, last = 0, ledger.Link{}
	}
	if err := c.begin(f, end); err != nil {
		return errors.Join(err, f.Close())
	}
	c.file, c.last = f, last
	return nil
}

// begin cuts off what is torn, writes the head of a new file, and goes to the end.
func (c *Copier) begin(f *os.File, end int64) error {
	if err := f.Truncate(end); err != nil {
		return err
	}
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return err
	}
	if end > 0 {
		return nil
	}
	if _, err := f.Write(head(c.Ledger.Epoch())); err != nil {
		return err
	}
	return errors.Join(f.Sync(), syncFolder(filepath.Dir(f.Name())))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// errOther: the copy is sound, and not of this ledger as it is.
var errOther = errors.New("the copy is of another ledger, or of another time of this one")

// mends says whether a copy that does not fit is set aside and begun anew; other errors are the medium's.
func mends(wrong error) bool {
	return errors.Is(wrong, errDamaged) || errors.Is(wrong, errForeign) || errors.Is(wrong, errOther)
}

// read reads a copy to its end, or to where it is torn, and compares the end with the ledger.
func (c *Copier) read(f *os.File) (end int64, last ledger.Link, err error) {
	r, err := newReader(f)
	switch {
	case errors.Is(err, errTorn): // new, or the head did not come through
		return 0, last, nil
	case err != nil:
		return 0, last, err
	case r.epoch != c.Ledger.Epoch():
		return 0, last, errOther
	}
	for err == nil {
		_, err = r.next()
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, errTorn) {
		return 0, last, err
	}
	if r.last.Event == 0 {
		return r.at, r.last, nil
	}
	ours, err := c.Ledger.Chain(r.last.Event-1, 1)
	switch {
	case r.last.Event > c.Ledger.NewestEvent():
		return 0, last, errOther
	case err != nil:
		return 0, last, err
	case len(ours) != 1 || !bytes.Equal(ours[0].Hash, r.last.Hash):
		return 0, last, errOther
	}
	return r.at, r.last, nil
}

// append writes events and waits until the medium has them.
func (c *Copier) append(links []ledger.Link) error {
	var all []byte
	for _, k := range links {
		record, err := encode(k)
		if err != nil {
			return err
		}
		all = append(all, record...)
	}
	if _, err := c.file.Write(all); err != nil {
		return err
	}
	if err := c.file.Sync(); err != nil {
		return err
	}
	c.last = links[len(links)-1]
	return nil
}
