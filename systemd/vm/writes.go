package vm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Writes is the log of everything that a guest wrote to its data disk in one life, in the form of the kernel's
// dm-log-writes, as QEMU's blklogwrites keeps it. From it the disk is made as it would be left by a power cut after any
// write, with a write cache that forgets what was not flushed.
type Writes struct {
	file    *os.File
	sector  int64 // bytes
	entries []write
}

// write is one entry: sectors that are written, or a flush, which makes everything before it lasting.
type write struct {
	first, sectors, flags int64
	at                    int64 // where its content stands in the log
}

// Flags of an entry.
const (
	flagFlush   = 1
	flagLasting = 2 // written past the cache
	flagDiscard = 4 // has no content; reads as zeros
)

// head is the beginning of a log.
type head struct {
	Magic, Version, Entries uint64
	Sector                  uint32
}

const (
	headMagic  = 0x6a736677736872
	entryBytes = 32 // of an entry's own sector
)

func readHead(f io.ReaderAt) (h head, err error) {
	if err := binary.Read(io.NewSectionReader(f, 0, 28), binary.LittleEndian, &h); err != nil {
		return h, fmt.Errorf("vm: read the log of writes: %w", err)
	}
	if h.Magic != headMagic || h.Sector < entryBytes {
		return h, errors.New("vm: this is no log of writes")
	}
	return h, nil
}

// ReadWrites opens a log. Close lets go of it.
func ReadWrites(path string) (*Writes, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("vm: open the log of writes: %w", err)
	}
	h, err := readHead(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w := &Writes{file: f, sector: int64(h.Sector)}
	at := w.sector
	for range h.Entries {
		e, err := w.entryAt(at)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		w.entries = append(w.entries, e)
		at = e.at
		if e.flags&flagDiscard == 0 {
			at += e.sectors * w.sector
		}
	}
	return w, nil
}

func (w *Writes) entryAt(at int64) (write, error) {
	var e struct{ First, Sectors, Flags, Length uint64 }
	if err := binary.Read(io.NewSectionReader(w.file, at, entryBytes), binary.LittleEndian, &e); err != nil {
		return write{}, fmt.Errorf("vm: read the log of writes: %w", err)
	}
	return write{first: int64(e.First), sectors: int64(e.Sectors), flags: int64(e.Flags), at: at + w.sector}, nil
}

// Len is how many writes and flushes there are.
func (w *Writes) Len() int { return len(w.entries) }

// Close lets go of the log.
func (w *Writes) Close() error { return w.file.Close() }

// flushed is how many of the first n entries are lasting because of a flush behind them.
func (w *Writes) flushed(n int) int {
	for n > 0 && w.entries[n-1].flags&flagFlush == 0 {
		n--
	}
	return n
}

// Replay turns disk, an image from before the first write, into what a power cut after n writes leaves. keep draws for
// each write behind the last flush whether it reached the disk; a cache may write in any order. lost is how many did not.
func (w *Writes) Replay(disk string, n int, keep func() bool) (lost int, err error) {
	f, err := os.OpenFile(disk, os.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("vm: replay writes: %w", err)
	}
	lasting := w.flushed(n)
	for i, e := range w.entries[:n] {
		if i >= lasting && e.flags&flagLasting == 0 && !keep() {
			lost++
			continue
		}
		if err := w.put(f, e); err != nil {
			return lost, errors.Join(fmt.Errorf("vm: replay write %d: %w", i+1, err), f.Close())
		}
	}
	return lost, f.Close()
}

func (w *Writes) put(disk io.WriterAt, e write) error {
	content := make([]byte, e.sectors*w.sector)
	if e.flags&flagDiscard == 0 {
		if _, err := w.file.ReadAt(content, e.at); err != nil {
			return err
		}
	}
	_, err := disk.WriteAt(content, e.first*w.sector)
	return err
}
