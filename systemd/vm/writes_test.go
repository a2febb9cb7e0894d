package vm

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// logOf writes a log as QEMU does: a head of one sector, then for each entry a sector that describes it and its content.
func logOf(t *testing.T, entries ...write) string {
	t.Helper()
	const sector = 512
	fill := func(b *bytes.Buffer) { b.Write(make([]byte, -b.Len()&(sector-1))) }
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, head{headMagic, 1, uint64(len(entries)), sector})
	fill(&b)
	for i, e := range entries {
		binary.Write(&b, binary.LittleEndian, []int64{e.first, e.sectors, e.flags, 0})
		fill(&b)
		if e.flags&flagDiscard == 0 {
			b.Write(bytes.Repeat([]byte{byte('A' + i)}, int(e.sectors)*sector))
		}
	}
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// replayed shows the first byte of each of four sectors after n entries.
func replayed(t *testing.T, log string, n int, keep bool) (disk string, lost int) {
	t.Helper()
	w, err := ReadWrites(log)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	path := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(path, bytes.Repeat([]byte{'.'}, 4*512), 0o600); err != nil {
		t.Fatal(err)
	}
	if lost, err = w.Replay(path, n, func() bool { return keep }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for sector := 0; sector < 4; sector++ {
		disk += string(text[sector*512])
	}
	return disk, lost
}

func TestWhatWasFlushedStaysAndTheRestMayGo(t *testing.T) {
	log := logOf(t, write{first: 0, sectors: 1}, write{first: 1, sectors: 2}, write{flags: flagFlush},
		write{first: 1, sectors: 1}, write{first: 3, sectors: 1, flags: flagLasting})
	for _, c := range []struct {
		n    int
		keep bool
		want string
		lost int
	}{
		{0, true, "....", 0},
		{1, true, "A...", 0},
		{2, false, "....", 2},
		{3, false, "ABB.", 0},
		{5, false, "ABBE", 1},
		{5, true, "ADBE", 0},
	} {
		if disk, lost := replayed(t, log, c.n, c.keep); disk != c.want || lost != c.lost {
			t.Errorf("after %d entries, kept %v: %q and %d lost, want %q and %d", c.n, c.keep, disk, lost, c.want, c.lost)
		}
	}
}

func TestWhatIsDiscardedReadsAsZeros(t *testing.T) {
	log := logOf(t, write{first: 0, sectors: 2}, write{first: 0, sectors: 1, flags: flagDiscard}, write{flags: flagFlush})
	if disk, _ := replayed(t, log, 3, false); disk != "\x00A.." {
		t.Errorf("the disk is %q", disk)
	}
}

func TestWhatIsNoLogIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, make([]byte, 512), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadWrites(path); err == nil {
		t.Error("zeros were taken for a log")
	}
}
