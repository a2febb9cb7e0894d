package disktest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"
)

const logFlags = vfs.OPEN_WAL | vfs.OPEN_CREATE | vfs.OPEN_READWRITE

func mustOpen(t *testing.T, d *Disk, name string) vfs.File {
	t.Helper()
	f, _, err := d.Open(name, logFlags)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustWrite(t *testing.T, f vfs.File, at int64, b byte, n int) {
	t.Helper()
	if _, err := f.WriteAt(bytes.Repeat([]byte{b}, n), at); err != nil {
		t.Fatal(err)
	}
}

func chance() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestWhatIsNotSyncedIsLost(t *testing.T) {
	d := New(nil)
	defer d.Close()
	f := mustOpen(t, d, "a")
	mustWrite(t, f, 0, 'x', 4)
	if _, there := d.Dropped()["a"]; there {
		t.Error("a new file is there without a sync")
	}
	if err := f.Sync(0); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, f, 2, 'y', 4)
	if got := d.Dropped()["a"]; string(got) != "xxxx" {
		t.Errorf("dropped: %q", got)
	}
	if got := d.Kept()["a"]; string(got) != "xxyyyy" {
		t.Errorf("kept: %q", got)
	}
	if got := d.Torn(chance())["a"]; len(got) > 6 || !bytes.HasPrefix(got, []byte("xx")) {
		t.Errorf("torn: %q", got)
	}
	if err := f.Truncate(1); err != nil {
		t.Fatal(err)
	}
	if got := d.Kept()["a"]; string(got) != "x" {
		t.Errorf("truncated: %q", got)
	}
}

func TestChanceKeepsWholeSectors(t *testing.T) {
	d := New(Image{"a": bytes.Repeat([]byte{'-'}, 4*Sector)})
	defer d.Close()
	f := mustOpen(t, d, "a")
	mustWrite(t, f, 0, 'x', 4*Sector)
	random, mixed := chance(), false
	for range 50 {
		got := d.Random(random)["a"]
		kept := 0
		for at := 0; at < len(got); at += Sector {
			sector := got[at : at+Sector]
			if n := bytes.Count(sector, []byte{'x'}); n != 0 && n != Sector {
				t.Fatalf("a sector is half written: %d", n)
			}
			kept += int(bytes.Count(sector, []byte{'x'}) / Sector)
		}
		mixed = mixed || kept > 0 && kept < 4
	}
	if !mixed {
		t.Error("the writes are lost or kept as a whole only")
	}
}

func TestALaterSyncDoesNotMendAFailedOne(t *testing.T) {
	d := New(Image{"a": []byte("--")})
	defer d.Close()
	f := mustOpen(t, d, "a")
	mustWrite(t, f, 0, 'x', 1)
	d.Before = func(s Step) error {
		if s.Kind == Sync {
			return ErrSync
		}
		return nil
	}
	if err := f.Sync(0); !errors.Is(err, ErrSync) {
		t.Fatal(err)
	}
	d.Before = nil
	mustWrite(t, f, 1, 'y', 1)
	if err := f.Sync(0); err != nil {
		t.Fatal(err)
	}
	if got := d.Dropped()["a"]; string(got) != "-y" {
		t.Errorf("dropped: %q", got)
	}
	if got := d.Kept()["a"]; string(got) != "xy" {
		t.Errorf("kept: %q", got)
	}
	mustWrite(t, f, 0, 'z', 1) // what is written again is synced again
	if err := f.Sync(0); err != nil {
		t.Fatal(err)
	}
	if got := d.Dropped()["a"]; string(got) != "zy" {
		t.Errorf("dropped: %q", got)
	}
}

func TestADeletedFileComesBackUntilTheFolderIsSynced(t *testing.T) {
	d := New(Image{"a": []byte("old")})
	defer d.Close()
	if err := d.Delete("a", false); err != nil {
		t.Fatal(err)
	}
	if got := d.Dropped()["a"]; string(got) != "old" {
		t.Errorf("dropped: %q", got)
	}
	if _, there := d.Kept()["a"]; there {
		t.Error("it is still there")
	}
	if err := mustOpen(t, d, "b").Sync(0); err != nil { // the first sync of a new log syncs the folder
		t.Fatal(err)
	}
	if image := d.Dropped(); len(image) != 1 {
		t.Errorf("after the folder was synced: %v", image)
	}
}

func TestOneWritesAndNobodyBesideIt(t *testing.T) {
	d := New(nil)
	defer d.Close()
	a, b := mustOpen(t, d, "a"), mustOpen(t, d, "a")
	if err := a.Lock(vfs.LOCK_EXCLUSIVE); err != nil {
		t.Fatal(err)
	}
	if err := b.Lock(vfs.LOCK_SHARED); err == nil {
		t.Error("a second one reads beside the writer")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Lock(vfs.LOCK_SHARED); err != nil {
		t.Error(err)
	}
}
