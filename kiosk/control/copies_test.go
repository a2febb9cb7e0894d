package control_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

const card = "20017000042317"

// declined is a payment that has ended.
func declined() []payment.Event {
	return []payment.Event{payment.Purchasing{Head: stamp(1)}, payment.Declined{Head: stamp(2), Reason: "card expired"}}
}

func TestTheDaemonExportsItsLedgerWhileItRuns(t *testing.T) {
	d := open(t, func(l *ledger.Ledger) {
		save(t, l, caseAndRefund()...)
		if err := os.WriteFile(filepath.Join(l.Folder(), "export.part"), []byte("of a daemon that was killed"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	path := filepath.Join(t.TempDir(), "export.db")
	found, err := d.Export(t.Context(), path)
	if err != nil || found.File != path || found.Events != 8 || found.Payments != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != found.Bytes {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := d.Export(t.Context(), path); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("over a file: %v", err)
	}
	if again, err := os.Stat(path); err != nil || again.Size() != info.Size() {
		t.Errorf("the file is another: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(d.folder, "export*")); len(left) != 0 {
		t.Errorf("left in the state folder: %v", left)
	}
	moved := t.TempDir()
	if err := os.Rename(path, filepath.Join(moved, ledger.FileName)); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(moved, bytes.Repeat([]byte{7}, ledger.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Verify(context.Background()); err != nil || l.Epoch() != d.ledger.Epoch() {
		t.Errorf("epoch %d, %v", l.Epoch(), err)
	}
}

func TestAnExportThatIsRefusedMakesNoFile(t *testing.T) {
	client := control.NewClient(filepath.Join(t.TempDir(), "ctl.sock"))
	path := filepath.Join(t.TempDir(), "export.db")
	if _, err := client.Export(t.Context(), path); err == nil {
		t.Error("without a daemon there is an export")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file is left")
	}
}

func TestAPatronSeesWhatIsHeldAndCanHaveItErased(t *testing.T) {
	var ended, waits payment.ID
	d := open(t, func(l *ledger.Ledger) {
		ended = save(t, l, declined()...)
		waits = save(t, l, caseAndRefund()...)
	})
	all, err := d.PatronData(t.Context(), card)
	if err != nil || len(all) != 2 || all[0].Payment.ID != ended || len(all[1].Events) != 8 {
		t.Fatalf("%+v, %v", all, err)
	}
	if other, err := d.PatronData(t.Context(), "20017000042318"); err != nil || len(other) != 0 {
		t.Errorf("of another card: %+v, %v", other, err)
	}
	var found control.Erased
	if err := d.Post(t.Context(), "/privacy/erase", control.Card{Card: card}, &found); err != nil ||
		len(found.Payments) != 1 || found.Payments[0] != ended.String() || len(found.Kept) != 1 || found.Kept[0] != waits.String() {
		t.Fatalf("%+v, %v", found, err)
	}
	if all, err = d.PatronData(t.Context(), card); err != nil || len(all) != 1 || all[0].Payment.ID != waits {
		t.Errorf("afterwards: %+v, %v", all, err)
	}
	for _, path := range []string{"/privacy/erase", "/privacy/export"} {
		for _, body := range []any{control.Card{}, card, nil} {
			if err := d.Post(t.Context(), path, body, nil); err == nil || strings.Contains(err.Error(), card) {
				t.Errorf("%s with %v: %v", path, body, err)
			}
		}
	}
}
