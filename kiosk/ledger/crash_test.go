package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	ncruces "github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver"

	"selfpay/kiosk/ledger/disktest"
	"selfpay/kiosk/payment"
)

// Power cuts and failing disks, on a simulated disk and another build of SQLite than the shipped one. Here the
// ledger's own code runs, from Open on; only the engine below it is exchanged.
//
//	go test ./kiosk/ledger -run 'PowerCut|FailingDisk' -v -every-image
var everyImage = flag.Bool("every-image", false, "look at every step of the simulated disk, not at a part of them")

// stride is how many steps there are from one look at the disk to the next.
func stride(wanted int) int {
	if *everyImage {
		return 1
	}
	if testing.Short() || racing {
		return wanted * 5
	}
	return wanted
}

// How often the log is moved into the file: as in the kiosk, and so often that power also goes while that is done.
var (
	usualLog = theEngine.log
	smallLog = 4
)

// on is the ledger's engine on a simulated disk.
func on(d *disktest.Disk, log int) engine {
	return engine{driver: "sqlite3", call: durable + "&vfs=" + d.Name(), log: log, machine: func() []byte { return []byte("one") }, now: time.Now, code: func(err error) int {
		var e *ncruces.Error
		if errors.As(err, &e) {
			return int(e.ExtendedCode())
		}
		return 0
	}}
}

// promise is what a ledger has acknowledged, and so must hold after any power cut.
type promise struct {
	epoch  int      // 0 before the first Open returned
	hashes [][]byte // of the events, in order
	newest int64    // the newest payment number that was given out
}

// machine runs the stories on a disk, as one program start after another.
type machine struct {
	disk   *disktest.Disk
	engine engine
	ledger *Ledger // while it takes events
	promise
}

func newMachine(d *disktest.Disk, log int) *machine {
	return &machine{disk: d, engine: on(d, log)}
}

func (m *machine) open() (*Ledger, error) {
	l, err := open(m.engine, FileName, key)
	if err == nil {
		m.epoch = l.Epoch()
	}
	return l, err
}

// work tells some stories in one run of the program, erases the cards of those that ended, and ends the run well.
func (m *machine) work(stories []story) error {
	l, err := m.open()
	if err != nil {
		return err
	}
	m.ledger = l
	for i, s := range stories {
		err := s.tell(l, fmt.Sprintf("2001700004%04d", i), func(p payment.Payment) {
			m.hashes = append(m.hashes, l.head)
			m.newest = max(m.newest, p.ID.Number)
		})
		if err != nil {
			return errors.Join(err, refused(l), l.Close())
		}
	}
	if _, err := l.EraseCards(stamp(1e6).Wall); err != nil {
		return errors.Join(err, refused(l), l.Close())
	}
	m.hashes = append(m.hashes, l.head)
	m.ledger = nil
	return l.Close()
}

// errGoesOn: a ledger went on after a write whose outcome nobody knows.
var errGoesOn = errors.New("the ledger goes on after a failed commit")

// refused says whether the ledger refuses everything, as it must after a failed commit.
func refused(l *Ledger) error {
	_, err := l.Intend(card, intended(100))
	if !errors.Is(err, ErrCommit) {
		return errGoesOn
	}
	for _, p := range l.open {
		if _, err := l.Append(p.ID, payment.ReceiptPrinted{Head: head(1)}); !errors.Is(err, ErrCommit) {
			return errGoesOn
		}
	}
	if err := l.Ready(); !errors.Is(err, ErrCommit) {
		return errGoesOn
	}
	return nil
}

// run works through all stories in two runs of the program.
func (m *machine) run() error {
	all := stories()
	if err := m.work(all[:4]); err != nil {
		return err
	}
	return m.work(all[4:])
}

// keeps opens what a machine finds on its disk, by the ledger's own code, and says what of the promise is broken.
func (p promise) keeps(image disktest.Image) error {
	d := disktest.New(image)
	defer d.Close()
	l, err := open(on(d, usualLog), FileName, key)
	if err != nil {
		return fmt.Errorf("it cannot be opened: %w", err)
	}
	return errors.Join(p.holds(l), l.Close())
}

func (p promise) holds(l *Ledger) error {
	if p.epoch != 0 && l.Epoch() != p.epoch {
		return fmt.Errorf("epoch %d instead of %d", l.Epoch(), p.epoch)
	}
	found, newest, err := chainOf(l)
	if err != nil {
		return err
	}
	if len(found) < len(p.hashes) || len(found) > len(p.hashes)+1 {
		return fmt.Errorf("%d events, %d acknowledged: %w", len(found), len(p.hashes), errLost)
	}
	for i, hash := range p.hashes {
		if !bytes.Equal(hash, found[i]) {
			return fmt.Errorf("event %d is another: %w", i+1, errLost)
		}
	}
	if v, err := l.Verify(context.Background()); err != nil || v.Events != int64(len(found)) {
		return fmt.Errorf("verify: %d events: %w", v.Events, err)
	}
	next, err := l.Intend(card, intended(100))
	if err != nil || next.ID.Number != newest+1 || next.ID.Number <= p.newest {
		return fmt.Errorf("the next payment is %d after %d, %d were given out: %w", next.ID.Number, newest, p.newest, err)
	}
	return nil
}

// errLost: an acknowledged event is not there.
var errLost = errors.New("acknowledged events are lost")

// chainOf reads the hashes of all events and the newest payment's number, past the ledger's own code.
func chainOf(l *Ledger) (hashes [][]byte, newest int64, err error) {
	rows, err := l.db.Query(`SELECT payment, hash FROM events ORDER BY seq`)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var number int64
		var hash []byte
		if err := rows.Scan(&number, &hash); err != nil {
			return nil, 0, err
		}
		hashes, newest = append(hashes, hash), max(newest, number)
	}
	return hashes, newest, rows.Err()
}

// looks counts the images that were looked at; equal ones under an equal promise are looked at once.
type looks struct {
	t        *testing.T
	taken    int
	distinct map[[sha256.Size]byte]bool
	broken   []error
}

// at looks at an image.
func (all *looks) at(what string, image disktest.Image, p promise) {
	if image == nil || !all.fresh(image, p) {
		return
	}
	if err := p.keeps(image); err != nil {
		all.broken = append(all.broken, fmt.Errorf("%s: %w", what, err))
	}
}

// fresh counts an image and says whether it is a new one.
func (all *looks) fresh(image disktest.Image, p promise) bool {
	all.taken++
	sum := sha256.New()
	fmt.Fprintln(sum, p.epoch, len(p.hashes))
	for _, name := range slices.Sorted(maps.Keys(image)) {
		fmt.Fprintln(sum, name, len(image[name]))
		sum.Write(image[name])
	}
	id := [sha256.Size]byte(sum.Sum(nil))
	if all.distinct[id] {
		return false
	}
	if all.distinct == nil {
		all.distinct = map[[sha256.Size]byte]bool{}
	}
	all.distinct[id] = true
	return true
}

// around looks at every kind of image of a disk as it is now.
func (all *looks) around(d *disktest.Disk, when string, seed int, p promise) {
	chance := rand.New(rand.NewPCG(uint64(seed), 41822))
	all.at(when+", nothing unsynced is left", d.Dropped(), p)
	all.at(when+", all is left", d.Kept(), p)
	all.at(when+", the last write is torn", d.Torn(chance), p)
	all.at(when+", sectors by chance", d.Random(chance), p)
	all.at(when+", sectors by chance again", d.Random(chance), p)
}

// before looks around before every n-th step of a machine's disk, and before each of the first.
func (all *looks) before(m *machine, n, first int) {
	m.disk.Before = func(s disktest.Step) error {
		if s.Number%n == 0 || s.Number < first {
			all.around(m.disk, fmt.Sprintf("before step %d, %s %s", s.Number, s.Kind, s.File), s.Number, m.promise)
		}
		return nil
	}
}

func (all *looks) report() {
	all.t.Helper()
	all.t.Logf("%d images, %d of them distinct, %d violations", all.taken, len(all.distinct), len(all.broken))
	for _, err := range all.broken[:min(5, len(all.broken))] {
		all.t.Error(err)
	}
	if len(all.distinct) < 10 {
		all.t.Error("there are too few images to mean anything")
	}
}

// creation is more steps than the first Open needs, which are looked at in full.
const creation = 60

func TestNoAcknowledgedEventIsLostByAPowerCut(t *testing.T) {
	for name, log := range map[string]int{"the usual log": usualLog, "a small log": smallLog} {
		t.Run(name, func(t *testing.T) {
			m, all := newMachine(disktest.New(nil), log), &looks{t: t}
			defer m.disk.Close()
			all.before(m, stride(19), creation)
			if err := m.run(); err != nil {
				t.Fatal(err)
			}
			all.around(m.disk, "at the end", 0, m.promise)
			t.Logf("%d steps of the disk, %d events", m.disk.Steps(), len(m.hashes))
			all.report()
		})
	}
}

// The machine loses its power again while it recovers from a power cut, at every step of that.
func TestNoAcknowledgedEventIsLostByAPowerCutDuringRecovery(t *testing.T) {
	all := &looks{t: t}
	m := newMachine(disktest.New(nil), smallLog)
	defer m.disk.Close()
	m.disk.Before = func(s disktest.Step) error {
		if s.Number%stride(131) == 0 {
			chance := rand.New(rand.NewPCG(uint64(s.Number), 7))
			for _, image := range []disktest.Image{m.disk.Dropped(), m.disk.Kept(), m.disk.Random(chance)} {
				all.recover(image, m.promise, fmt.Sprintf("cut before step %d", s.Number))
			}
		}
		return nil
	}
	if err := m.run(); err != nil {
		t.Fatal(err)
	}
	all.report()
}

// recover opens an image and looks around at each step of that.
func (all *looks) recover(image disktest.Image, p promise, when string) {
	d := disktest.New(image)
	defer d.Close()
	d.Before = func(s disktest.Step) error {
		all.around(d, fmt.Sprintf("%s and again at step %d, %s %s", when, s.Number, s.Kind, s.File), s.Number, p)
		return nil
	}
	l, err := open(on(d, smallLog), FileName, key)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		all.broken = append(all.broken, fmt.Errorf("%s: %w", when, err))
	}
}

// The shipped SQLite opens what is left on the simulated disk, too.
func TestTheShippedSQLiteRecoversFromAPowerCut(t *testing.T) {
	all := &looks{t: t}
	m := newMachine(disktest.New(nil), smallLog)
	defer m.disk.Close()
	m.disk.Before = func(s disktest.Step) error {
		if s.Number%stride(29) == 0 {
			chance := rand.New(rand.NewPCG(uint64(s.Number), 11))
			for _, image := range []disktest.Image{m.disk.Dropped(), m.disk.Kept(), m.disk.Torn(chance), m.disk.Random(chance)} {
				if image == nil || !all.fresh(image, m.promise) {
					continue
				}
				if err := m.promise.keepsOnDisk(t, image); err != nil {
					all.broken = append(all.broken, fmt.Errorf("cut before step %d: %w", s.Number, err))
				}
			}
		}
		return nil
	}
	if err := m.run(); err != nil {
		t.Fatal(err)
	}
	all.report()
}

// keepsOnDisk is keeps by the shipped SQLite, in a folder.
func (p promise) keepsOnDisk(t *testing.T, image disktest.Image) error {
	folder := t.TempDir()
	for name, content := range image {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	e := theEngine
	e.machine = func() []byte { return []byte("one") }
	l, err := open(e, filepath.Join(folder, FileName), key)
	if err != nil {
		return fmt.Errorf("it cannot be opened: %w", err)
	}
	return errors.Join(p.holds(l), l.Close())
}

// The check above can fail: without a sync at each commit acknowledged events are lost.
func TestWithoutASyncAtEachCommitAPowerCutLosesEvents(t *testing.T) {
	m, all := newMachine(disktest.New(nil), usualLog), &looks{t: t}
	defer m.disk.Close()
	m.engine.call = strings.Replace(m.engine.call, "synchronous(full)", "synchronous(normal)", 1)
	all.before(m, stride(29), 0)
	if err := m.run(); err != nil {
		t.Fatal(err)
	}
	losses := 0
	for _, err := range all.broken {
		if errors.Is(err, errLost) {
			losses++
		}
	}
	t.Logf("synchronous=NORMAL: %d images, %d of them distinct, acknowledged events are lost in %d", all.taken, len(all.distinct), losses)
	if losses == 0 {
		t.Error("the check finds no loss where there must be one: it cannot be trusted")
	}
}

// fault is one way in which a disk fails at a kind of step.
type fault struct {
	kind disktest.Kind
	err  error
	last bool // it never works again
}

func TestAFailingDiskStopsTheLedgerAndLosesNothing(t *testing.T) {
	for name, f := range map[string]fault{
		"a sync fails once":       {disktest.Sync, disktest.ErrSync, false},
		"no sync works any more":  {disktest.Sync, disktest.ErrSync, true},
		"a write fails once":      {disktest.Write, disktest.ErrIO, false},
		"no write works any more": {disktest.Write, disktest.ErrIO, true},
		"the disk is full":        {disktest.Write, disktest.ErrFull, true},
		"full for a moment":       {disktest.Write, disktest.ErrFull, false},
		"a truncation fails":      {disktest.Truncate, disktest.ErrIO, false},
		"a deletion fails":        {disktest.Delete, disktest.ErrIO, false},
		"a file cannot be made":   {disktest.Create, disktest.ErrIO, false},
	} {
		t.Run(name, func(t *testing.T) {
			all := &looks{t: t}
			stopped := 0
			runs := 0
			for n := 1; ; n += f.stride() {
				failed, err := all.failAt(n, f)
				if !failed {
					break
				}
				runs++
				if errors.Is(err, ErrCommit) {
					stopped++
				}
			}
			t.Logf("%d runs, %d of them stopped by a failed commit; %d images, %d of them distinct, %d violations",
				runs, stopped, all.taken, len(all.distinct), len(all.broken))
			for _, err := range all.broken[:min(5, len(all.broken))] {
				t.Error(err)
			}
			if runs == 0 || stopped == 0 && (f.kind == disktest.Write || f.kind == disktest.Sync) {
				t.Errorf("%d runs, %d stopped: too few to mean anything", runs, stopped)
			}
		})
	}
}

// stride leaves out some of the writes, which are many.
func (f fault) stride() int {
	if f.kind == disktest.Write {
		return stride(37)
	}
	return stride(5)
}

// failAt runs the stories on a disk that fails at its n-th step of a kind. failed is false where there are not so many.
func (all *looks) failAt(n int, f fault) (failed bool, err error) {
	m := newMachine(disktest.New(nil), smallLog)
	defer m.disk.Close()
	count := 0
	var hit *Ledger // that was taking events
	m.disk.Before = func(s disktest.Step) error {
		if s.Kind != f.kind {
			return nil
		}
		if count++; count == n {
			failed, hit = true, m.ledger
		}
		if count == n || f.last && count > n {
			return f.err
		}
		return nil
	}
	err = m.run()
	if errors.Is(err, errGoesOn) || hit != nil && hit.failed == nil {
		all.broken = append(all.broken, fmt.Errorf("%s %d: the ledger goes on: %v", f.kind, n, err))
	}
	if failed {
		all.around(m.disk, fmt.Sprintf("after %s %d failed", f.kind, n), n, m.promise)
	}
	return failed, err
}
