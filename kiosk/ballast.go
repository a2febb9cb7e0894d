package kiosk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/session"
)

// ballastFile is in the state folder.
const ballastFile = "ballast"

// ballastLooks is the pause between two looks at the disk.
const ballastLooks = time.Second

// ballast is a file that takes up room for nothing. When the disk is full it is given up, so that payments that have begun can
// be finished and recorded; no new one begins until it could be made again, with room besides.
type ballast struct {
	folder string
	size   int64                               // bytes; 0: none is wanted
	free   func(folder string) (uint64, error) // bytes
	log    *slog.Logger
}

func (s *station) ballast() *ballast {
	return &ballast{folder: s.Config.Kiosk.State, size: int64(s.Config.Storage.Ballast) << 20, free: ledger.Free, log: s.Log}
}

// run looks until ctx ends, and tells health.
func (b *ballast) run(ctx context.Context, tell func(check string, status health.Status, output string, why session.Reason)) error {
	if b.size == 0 {
		b.give()
		return nil
	}
	looks := time.NewTicker(ballastLooks)
	defer looks.Stop()
	for {
		if err := b.look(); err != nil {
			tell(health.CheckBallast, health.Fail, err.Error(), session.ReasonStorage)
		} else {
			tell(health.CheckBallast, health.Pass, "", "")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-looks.C:
		}
	}
}

// look gives the ballast up where there is no room, and makes it where there is. Its error says why there is none.
func (b *ballast) look() error {
	if b.size == 0 {
		return nil
	}
	free, err := b.free(b.folder)
	if err != nil {
		return fmt.Errorf("the disk cannot be looked at: %w", err)
	}
	whole := b.whole()
	switch {
	case whole && free >= ledger.Floor:
		return nil
	case whole:
		b.give()
		b.log.Error("the disk is full: the ballast is given up so that payments that have begun can be finished", "free", free)
	case free >= uint64(b.size)+2*ledger.Floor:
		return b.take()
	}
	return fmt.Errorf("the disk is full: %d MB must be free, and %d are; remove old files", (b.size+2*ledger.Floor)>>20, free>>20)
}

func (b *ballast) path() string { return filepath.Join(b.folder, ballastFile) }

// whole says whether the ballast is there.
func (b *ballast) whole() bool {
	about, err := os.Stat(b.path())
	return err == nil && about.Size() == b.size
}

// give gives the ballast up.
func (b *ballast) give() {
	if err := os.Remove(b.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.log.Error("the ballast cannot be given up", "error", err)
	}
}

// take makes the ballast. Nothing is written but that the room is taken.
func (b *ballast) take() error {
	f, err := os.OpenFile(b.path(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("the ballast cannot be made: %w", err)
	}
	err = errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, b.size), f.Close())
	if err != nil {
		b.give()
		return fmt.Errorf("the ballast cannot be made: %w", err)
	}
	b.log.Info("the ballast is made", "bytes", b.size)
	return nil
}
