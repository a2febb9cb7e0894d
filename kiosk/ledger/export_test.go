package ledger

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"selfpay/kiosk/payment"
)

func mustExport(t *testing.T, l *Ledger, path string) Exported {
	t.Helper()
	found, err := l.Export(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAnExportHoldsTheWholeLedgerForItsOwnerOnly(t *testing.T) {
	folder := t.TempDir()
	told(t, folder, false)
	l := mustOpen(t, folder)
	path := filepath.Join(t.TempDir(), "export.db")
	found := mustExport(t, l, path)
	if found.Epoch != l.Epoch() || found.Events != 69 || found.Payments != 11 || found.File != path {
		t.Errorf("%+v", found)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != found.Bytes {
		t.Errorf("%v, %v", info, err)
	}
	content, err := os.ReadFile(path)
	if err != nil || bytes.Contains(content, key) || bytes.Contains(content, []byte("20010000000000")) {
		t.Errorf("the export holds the ledger key or a card: %v", err)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 1 {
		t.Errorf("left beside it: %v", files)
	}
	pay(t, l, 1250) // the ledger goes on
}

func TestAnExportNeverWritesOverAFile(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "export.db")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Export(context.Background(), path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Export = %v", err)
	}
	if content, _ := os.ReadFile(path); string(content) != "mine" {
		t.Errorf("it holds %q now", content)
	}
}

func TestAnExportThatFailsLeavesNothing(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	pay(t, l, 1250)
	path := filepath.Join(t.TempDir(), "export.db")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Export(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("Export = %v", err)
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != 0 {
		t.Errorf("left: %v", files)
	}
	pay(t, l, 300)
	if _, err := l.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

// What is saved while the copy is made is in it as a whole, up to some event; Export itself checks the copy.
func TestPaymentsGoOnDuringAnExport(t *testing.T) {
	folder := t.TempDir()
	told(t, folder, false)
	l := mustOpen(t, folder)
	l.engine.copied = 1 // page after page
	path := filepath.Join(t.TempDir(), "export.db")
	found := make(chan Exported, 1)
	go func() {
		e, err := l.Export(context.Background(), path)
		if err != nil {
			t.Error(err)
		}
		found <- e
	}()
	for {
		pay(t, l, 1250)
		select {
		case e := <-found:
			if e.Events < 69 || e.Events > l.last {
				t.Errorf("the copy has %d events, the ledger %d", e.Events, l.last)
			}
			if _, err := l.Verify(context.Background()); err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}

// moveTo makes another station's state folder out of an export.
func moveTo(t *testing.T, export string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Rename(export, filepath.Join(folder, FileName)); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestANewMachineGoesOnFromAnExportAndRepeatsNoReference(t *testing.T) {
	old := mustOpen(t, t.TempDir())
	p := pay(t, old, 1250)
	export := filepath.Join(t.TempDir(), "export.db")
	mustExport(t, old, export)
	given := map[payment.ID]bool{p.ID: true}
	for range 20 { // the old station does not know yet that it is over
		given[pay(t, old, 100).ID] = true
	}
	folder := moveTo(t, export)
	for start := range 2 {
		again := mustOpen(t, folder)
		if again.Epoch() != old.Epoch() {
			t.Errorf("epoch %d instead of %d", again.Epoch(), old.Epoch())
		}
		if found, err := again.Payment(p.ID); err != nil || found.State != payment.StateApproved {
			t.Errorf("the payment under way is %q: %v", found.State, err)
		}
		if got, err := again.Card(p.ID); err != nil || got != card {
			t.Errorf("card %q, %v", got, err)
		}
		next := pay(t, again, 300)
		if given[next.ID] || next.ID.Number <= p.ID.Number+exportGap {
			t.Errorf("start %d: %s is given out again", start+1, next.ID)
		}
		given[next.ID] = true
		if _, err := again.Verify(context.Background()); err != nil {
			t.Error(err)
		}
		again.Close()
	}
}

func TestAnExportNeedsTheKeyOfItsLedger(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	pay(t, l, 1250)
	export := filepath.Join(t.TempDir(), "export.db")
	mustExport(t, l, export)
	if _, err := Open(moveTo(t, export), bytes.Repeat([]byte{8}, KeySize)); !errors.Is(err, ErrKey) {
		t.Errorf("Open with another key = %v", err)
	}
}

func TestANewLedgerHasANewEpoch(t *testing.T) {
	epochs := map[int]bool{}
	for range 12 {
		epochs[mustOpen(t, t.TempDir()).Epoch()] = true
	}
	if len(epochs) < 10 { // drawn out of 9000
		t.Errorf("12 new ledgers have %d epochs", len(epochs))
	}
}
