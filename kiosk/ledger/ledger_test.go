package ledger

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/payment"
)

var key = bytes.Repeat([]byte{7}, KeySize)

const card = "20017000042317"

func euro(minor int64) money.Amount { return money.Of(minor, "EUR") }

func stamp(seconds int) payment.Stamp {
	return payment.Stamp{Wall: time.Unix(1_800_000_000+int64(seconds), 0), Boot: "one", Mono: time.Duration(seconds) * time.Second}
}

func head(seconds int) payment.Head { return payment.Head{At: stamp(seconds)} }

func mustOpen(t *testing.T, folder string) *Ledger {
	t.Helper()
	l, err := Open(folder, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func intended(minor int64) payment.Intended {
	return payment.Intended{Head: head(0), Amount: euro(minor), Rules: payment.StandardRules(time.Minute, false),
		Legs: []payment.PlannedLeg{{Fee: "104", Amount: euro(minor)}}, Account: payment.Reading{Total: euro(minor)}}
}

// pay brings one payment to approved.
func pay(t *testing.T, l *Ledger, minor int64) payment.Payment {
	t.Helper()
	p, err := l.Intend(card, intended(minor))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []payment.Event{payment.Purchasing{Head: head(1)},
		payment.ApprovalSeen{Head: head(2), Approval: payment.Approval{Amount: euro(minor), Receipt: 1}},
		payment.DialogueEnded{Head: head(3)}} {
		if p, err = l.Append(p.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestEventsAreThereAfterReopening(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	p := pay(t, l, 1250)
	epoch := l.Epoch()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, folder)
	found, err := again.Payment(p.ID)
	if err != nil || found.State != payment.StateApproved || again.Epoch() != epoch {
		t.Fatalf("after reopening: %v, %v", found.State, err)
	}
	if unfinished, _ := again.Unfinished(); len(unfinished) != 1 {
		t.Errorf("%d unfinished payments", len(unfinished))
	}
	if got, err := again.Card(p.ID); err != nil || got != card {
		t.Errorf("card = %q, %v", got, err)
	}
	if mine, _ := again.OfPatron(card); len(mine) != 1 {
		t.Errorf("%d payments of the patron", len(mine))
	}
	if other, _ := again.OfPatron("20017000042318"); len(other) != 0 {
		t.Errorf("%d payments of another patron", len(other))
	}
	next, err := again.Intend(card, intended(100))
	if err != nil || next.ID.Number != p.ID.Number+1 {
		t.Errorf("next number %d, %v", next.ID.Number, err)
	}
}

func TestLedgerIsDurableAtEveryCommit(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "locking_mode": "exclusive", "secure_delete": "1"} {
		var got string
		if err := l.db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", pragma, got, err, want)
		}
	}
	var version string
	if err := l.db.QueryRow("SELECT sqlite_version()").Scan(&version); err != nil || !atLeast(version, "3.51.3") {
		t.Errorf("SQLite %s is older than 3.51.3, which mends a loss of committed pages", version)
	}
}

func atLeast(version, least string) bool {
	a, b := parts(version), parts(least)
	for i := range b {
		if a[i] != b[i] {
			return a[i] > b[i]
		}
	}
	return true
}

func parts(version string) (n [3]int) {
	i := 0
	for _, c := range version {
		if c == '.' {
			i++
			continue
		}
		n[i] = n[i]*10 + int(c-'0')
	}
	return n
}

func TestSecondProcessIsRefused(t *testing.T) {
	folder := t.TempDir()
	mustOpen(t, folder)
	if _, err := Open(folder, key); !errors.Is(err, ErrHeld) {
		t.Errorf("second Open = %v, want held", err)
	}
}

func TestImpossibleEventIsNotSaved(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	p := pay(t, l, 1250)
	before, err := l.Events(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(p.ID, payment.Declined{Head: head(9)}); !errors.Is(err, payment.ErrImpossible) {
		t.Errorf("Append = %v", err)
	}
	if after, _ := l.Events(p.ID); len(after) != len(before) {
		t.Errorf("%d events, before %d", len(after), len(before))
	}
}

func TestDamageIsFound(t *testing.T) {
	for name, damage := range map[string]string{
		"changed event": `UPDATE events SET data = replace(data, '1250', '1350') WHERE kind = 'approval seen'`,
		"changed card":  `UPDATE events SET sealed = x'00' WHERE sealed IS NOT NULL`,
		"lost event":    `DELETE FROM events WHERE kind = 'approval seen'`,
		"changed view":  `UPDATE payments SET fold = replace(fold, '"approved"', '"reversed"')`,
		"changed sums":  `UPDATE days SET books = replace(books, '1250', '1350')`,
		"lost sums":     `DELETE FROM days`,
		"lost payment":  `DELETE FROM payments`,
	} {
		t.Run(name, func(t *testing.T) {
			l := mustOpen(t, t.TempDir())
			pay(t, l, 1250)
			if v, err := l.Verify(context.Background()); err != nil || v.Events != 4 || v.Payments != 1 {
				t.Fatalf("sound ledger: %+v, %v", v, err)
			}
			if _, err := l.db.Exec(damage); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Verify(context.Background()); !errors.Is(err, ErrDamaged) {
				t.Errorf("Verify = %v, want damaged", err)
			}
		})
	}
}

func TestDamagedTailIsFoundAtStart(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	if _, err := l.db.Exec(`UPDATE events SET kind = 'declined' WHERE kind = 'approval seen'`); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := Open(folder, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open = %v, want damaged", err)
	}
}

func TestFileThatIsNoLedgerIsDamage(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, FileName), bytes.Repeat([]byte("no ledger "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open = %v, want damaged", err)
	}
}

func TestFailedCommitStopsTheLedgerForEver(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	p := pay(t, l, 1250)
	if _, err := l.db.Exec(`PRAGMA max_page_count = 1`); err != nil { // SQLite: the disk is full
		t.Fatal(err)
	}
	var failed error
	for range 200 {
		if _, failed = l.Append(p.ID, payment.ReceiptPrinted{Head: head(9)}); failed != nil {
			break
		}
	}
	if !errors.Is(failed, ErrCommit) {
		t.Fatalf("Append on a full disk = %v", failed)
	}
	if _, err := l.db.Exec(`PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(p.ID, payment.ReceiptPrinted{Head: head(9)}); !errors.Is(err, ErrCommit) {
		t.Errorf("after a failed commit the ledger goes on: %v", err)
	}
	if err := l.Ready(); !errors.Is(err, ErrCommit) {
		t.Errorf("Ready = %v", err)
	}
}

func TestNoPlainCardAtRest(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	for range 2 { // with the log, and after it was moved into the file
		files, _ := filepath.Glob(filepath.Join(folder, "*"))
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(content, []byte(card)) {
				t.Errorf("%s holds the plain card", filepath.Base(f))
			}
		}
		l.Close()
	}
}

func TestAnotherKeyIsRefused(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	l.Close()
	if _, err := Open(folder, bytes.Repeat([]byte{8}, KeySize)); !errors.Is(err, ErrKey) {
		t.Errorf("Open with another key = %v", err)
	}
	reader, err := Open(folder, nil) // without a key all but the cards can be read
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	mustOpen(t, folder)
}

func TestKeyIsMadeOnceAndKept(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	folder := filepath.Join(t.TempDir(), "keys")
	first, err := LoadKey(folder)
	if err != nil || len(first) != KeySize {
		t.Fatalf("LoadKey = %d bytes, %v", len(first), err)
	}
	second, err := LoadKey(folder)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("second LoadKey differs, %v", err)
	}
	if info, _ := os.Stat(filepath.Join(folder, "ledger.key")); info.Mode().Perm() != 0o600 {
		t.Errorf("the key may be read by others: %v", info.Mode())
	}
	credentials := t.TempDir()
	if err := os.WriteFile(filepath.Join(credentials, CredentialName), key, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	if got, err := LoadKey(folder); err != nil || !bytes.Equal(got, key) {
		t.Errorf("the credential is not used: %v", err)
	}
}

func TestDaySumsFollowThePayments(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	p := pay(t, l, 1250)
	days, err := l.Days(context.Background())
	if err != nil || len(days) != 1 || days[0].Books != (payment.Books{Captured: 1250, Waiting: 1250}) {
		t.Fatalf("days = %+v, %v", days, err)
	}
	p2, err := l.Append(p.ID, payment.AccountRefused{Head: head(4), Leg: 1, Reason: "x"})
	if err != nil || p2.State != payment.StateReversing {
		t.Fatalf("%s, %v", p2.State, err)
	}
	if _, err := l.Append(p.ID, payment.Reversed{Head: head(5)}); err != nil {
		t.Fatal(err)
	}
	days, _ = l.Days(context.Background())
	if days[0].Books != (payment.Books{Captured: 1250, Reversed: 1250}) {
		t.Errorf("days = %+v", days)
	}
	if _, err := l.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}
