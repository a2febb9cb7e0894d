// Package disktest is a disk in memory, on which SQLite runs and which may lose its power at any step or fail at it. It
// promises what a POSIX disk promises and no more: what was synced is there after a power cut; of what was not, any
// 512-byte sector may be there or not, in any order, and the last write may be torn. A name in the folder is as safe
// as its file only once the folder was synced, which SQLite does with the first sync of a new log.
//
// It does not model a card that lies about a sync, nor damage to what was synced long ago.
package disktest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Sector is what the disk writes whole or not at all, in bytes.
const Sector = 512

// Kind is what a step does.
type Kind string

const (
	Create   Kind = "create"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync"
	Delete   Kind = "delete"
)

// Step is one thing that SQLite asks of the disk and that changes what is on it.
type Step struct {
	Number int // from 1
	Kind   Kind
	File   string
}

// Image is what a machine finds on the disk when its power comes back.
type Image map[string][]byte

// The ways in which a step fails. The disk keeps what it has; what was not synced may still be lost.
var (
	ErrIO   = error(sqlite3.IOERR_WRITE)
	ErrSync = error(sqlite3.IOERR_FSYNC)
	ErrFull = error(sqlite3.FULL)
)

// Disk is one folder of files. Before, where it is set, is called before each step with the disk as it still is; an
// error makes the step fail.
type Disk struct {
	Before func(Step) error

	name   string
	mu     sync.Mutex
	folder map[string]*file // as programs see it
	safe   map[string]*file // as it is after a power cut, at the least
	steps  int
	order  int // of changes, over all files
}

type file struct {
	content []byte   // as programs read it
	synced  []byte   // what survives, at the least, but for the changes since
	changes []change // since synced, in order
	holders map[*handle]vfs.LockLevel
}

// change is one write, or one truncation where data is nil.
type change struct {
	order int
	at    int64
	data  []byte
	state certainty
}

// certainty is what is known of a change.
type certainty int

const (
	unsynced certainty = iota
	firm               // a sync said that it is on the disk
	doubtful           // a sync failed: it may be on the disk or not, and no later sync brings it there
)

var disks atomic.Int64

// New makes a disk with an image on it; nil is an empty one. Close takes it away.
func New(image Image) *Disk {
	d := &Disk{name: fmt.Sprintf("disk-%d", disks.Add(1)), folder: map[string]*file{}}
	for name, content := range image {
		d.folder[name] = &file{content: bytes.Clone(content), synced: bytes.Clone(content), holders: map[*handle]vfs.LockLevel{}}
	}
	d.safe = maps.Clone(d.folder)
	vfs.Register(d.name, d)
	return d
}

// Name is what SQLite calls the disk: the vfs of a data source.
func (d *Disk) Name() string { return d.name }

// Steps is how many steps there were.
func (d *Disk) Steps() int { return d.steps }

// Close takes the disk away. No connection may be open on it.
func (d *Disk) Close() { vfs.Unregister(d.name) }

// step counts a step and asks whether it fails. Before is called without the lock, so that it may take images.
func (d *Disk) step(kind Kind, name string) error {
	d.mu.Lock()
	d.steps++
	s := Step{Number: d.steps, Kind: kind, File: name}
	d.mu.Unlock()
	if d.Before == nil {
		return nil
	}
	return d.Before(s)
}

// Dropped is the disk after a power cut that took everything that was not synced.
func (d *Disk) Dropped() Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	image := Image{}
	for name, f := range d.safe {
		image[name] = f.partly(func() bool { return false })
	}
	return image
}

// Kept is the disk after a power cut that took nothing, or after a kill of the program.
func (d *Disk) Kept() Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	image := Image{}
	for name, f := range d.folder {
		image[name] = bytes.Clone(f.content)
	}
	return image
}

// Torn is Kept, with the last write cut off at a byte that chance chooses. It is nil where nothing is unsynced.
func (d *Disk) Torn(chance *rand.Rand) Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	name, last := d.lastWrite()
	if name == "" {
		return nil
	}
	image := Image{}
	for other, f := range d.folder {
		image[other] = bytes.Clone(f.content)
	}
	f := d.folder[name]
	content := bytes.Clone(f.synced)
	for _, c := range f.changes {
		if c.order == last {
			c.data = c.data[:chance.IntN(len(c.data))]
		}
		content = c.apply(content)
	}
	image[name] = content
	return image
}

func (d *Disk) lastWrite() (name string, last int) {
	for n, f := range d.folder {
		for _, c := range f.changes {
			if c.state != firm && len(c.data) > 0 && c.order > last {
				name, last = n, c.order
			}
		}
	}
	return name, last
}

// Random is the disk after a power cut that kept of what was not synced what chance chooses: each name, each
// truncation, each sector of each write.
func (d *Disk) Random(chance *rand.Rand) Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := []float64{0.1, 0.5, 0.9}[chance.IntN(3)]
	keep := func() bool { return chance.Float64() < kept }
	folder := maps.Clone(d.safe)
	for _, name := range d.names() {
		if f := d.folder[name]; f != d.safe[name] && keep() {
			folder[name] = f
		}
	}
	image := Image{}
	for _, name := range slices.Sorted(maps.Keys(folder)) {
		if f := folder[name]; f != nil {
			image[name] = f.partly(keep)
		}
	}
	return image
}

// names are all names of the folder, before and after what was not synced, in order.
func (d *Disk) names() []string {
	all := maps.Clone(d.safe)
	maps.Copy(all, d.folder)
	return slices.Sorted(maps.Keys(all))
}

// partly is the content with what is firm, and of the rest what keep says.
func (f *file) partly(keep func() bool) []byte {
	content := bytes.Clone(f.synced)
	for _, c := range f.changes {
		for _, piece := range c.sectors() {
			if c.state == firm || keep() {
				content = piece.apply(content)
			}
		}
	}
	return content
}

// sectors cuts a write where the disk may cut it.
func (c change) sectors() []change {
	if c.data == nil {
		return []change{c}
	}
	var pieces []change
	for at, rest := c.at, c.data; len(rest) > 0; {
		n := min(int64(len(rest)), Sector-at%Sector)
		pieces = append(pieces, change{at: at, data: rest[:n]})
		at, rest = at+n, rest[n:]
	}
	return pieces
}

func (c change) apply(content []byte) []byte {
	end := c.at + int64(len(c.data))
	if c.data == nil && end < int64(len(content)) {
		return content[:end]
	}
	if grow := end - int64(len(content)); grow > 0 {
		content = append(content, make([]byte, grow)...)
	}
	copy(content[c.at:], c.data)
	return content
}

// Open opens or makes a file for SQLite.
func (d *Disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	const temporary = vfs.OPEN_TEMP_DB | vfs.OPEN_TEMP_JOURNAL | vfs.OPEN_TRANSIENT_DB | vfs.OPEN_SUBJOURNAL
	if name == "" || flags&temporary != 0 {
		return &vfsutil.SliceFile{}, flags | vfs.OPEN_MEMORY, nil
	}
	d.mu.Lock()
	f := d.folder[name]
	d.mu.Unlock()
	made := f == nil
	if made {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		if err := d.step(Create, name); err != nil {
			return nil, flags, sqlite3.CANTOPEN
		}
		f = &file{holders: map[*handle]vfs.LockLevel{}}
		d.mu.Lock()
		d.folder[name] = f
		d.mu.Unlock()
	}
	const logs = vfs.OPEN_WAL | vfs.OPEN_MAIN_JOURNAL | vfs.OPEN_SUPER_JOURNAL
	return &handle{disk: d, name: name, file: f, syncFolder: made && flags&logs != 0}, flags, nil
}

// Delete takes a name away. The file comes back with a power cut until the folder is synced.
func (d *Disk) Delete(name string, syncFolder bool) error {
	d.mu.Lock()
	_, there := d.folder[name]
	d.mu.Unlock()
	if !there {
		return sqlite3.IOERR_DELETE_NOENT
	}
	if err := d.step(Delete, name); err != nil {
		return sqlite3.IOERR_DELETE
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.folder, name)
	if syncFolder {
		d.safe = maps.Clone(d.folder)
	}
	return nil
}

// Access says whether a file is there; an empty one counts as missing, as in SQLite's own layer for Unix.
func (d *Disk) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.folder[name]
	return f != nil && len(f.content) > 0, nil
}

// FullPathname leaves names as they are.
func (d *Disk) FullPathname(name string) (string, error) { return name, nil }

// handle is one open file.
type handle struct {
	disk       *Disk
	name       string
	file       *file
	syncFolder bool // the first sync of a new log syncs the folder too
}

func (h *handle) ReadAt(b []byte, at int64) (n int, err error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if at < int64(len(h.file.content)) {
		n = copy(b, h.file.content[at:])
	}
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}

func (h *handle) WriteAt(b []byte, at int64) (int, error) {
	if err := h.disk.step(Write, h.name); err != nil {
		return 0, err
	}
	h.change(change{at: at, data: bytes.Clone(b)})
	return len(b), nil
}

func (h *handle) Truncate(size int64) error {
	if err := h.disk.step(Truncate, h.name); err != nil {
		return err
	}
	h.change(change{at: size})
	return nil
}

func (h *handle) change(c change) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	h.disk.order++
	c.order = h.disk.order
	h.file.changes = append(h.file.changes, c)
	h.file.content = c.apply(h.file.content)
}

// Sync makes what was written firm. Where it fails nobody knows what of it the disk has, and as on Linux a later sync
// does not try again.
func (h *handle) Sync(vfs.SyncFlag) error {
	err := h.disk.step(Sync, h.name)
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if err != nil {
		h.file.settle(doubtful)
		return err
	}
	h.file.settle(firm)
	if h.syncFolder {
		h.syncFolder = false
		h.disk.safe = maps.Clone(h.disk.folder)
	}
	return nil
}

func (f *file) settle(as certainty) {
	allFirm := true
	for i := range f.changes {
		if f.changes[i].state == unsynced {
			f.changes[i].state = as
		}
		allFirm = allFirm && f.changes[i].state == firm
	}
	if allFirm {
		f.synced, f.changes = bytes.Clone(f.content), nil
	}
}

func (h *handle) Size() (int64, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return int64(len(h.file.content)), nil
}

func (h *handle) Close() error { return h.Unlock(vfs.LOCK_NONE) }

// Lock lets many read, or one write.
func (h *handle) Lock(level vfs.LockLevel) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	for other, held := range h.file.holders {
		if other != h && (level >= vfs.LOCK_RESERVED || held >= vfs.LOCK_RESERVED) {
			return sqlite3.BUSY
		}
	}
	h.file.holders[h] = max(level, h.file.holders[h])
	return nil
}

func (h *handle) Unlock(level vfs.LockLevel) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if level == vfs.LOCK_NONE {
		delete(h.file.holders, h)
	} else {
		h.file.holders[h] = min(level, h.file.holders[h])
	}
	return nil
}

func (h *handle) CheckReservedLock() (bool, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	for _, held := range h.file.holders {
		if held >= vfs.LOCK_RESERVED {
			return true, nil
		}
	}
	return false, nil
}

// LockState is what SQLite asks for its own checks.
func (h *handle) LockState() vfs.LockLevel {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.file.holders[h]
}

func (h *handle) SectorSize() int { return 4096 }

// DeviceCharacteristics are those that SQLite takes for granted on Unix: a write harms no byte beside it.
func (h *handle) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE
}
