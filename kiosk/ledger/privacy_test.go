package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"selfpay/kiosk/payment"
)

// onDisk is what stands in the ledger's files, read by another process: closing a file of ours would let go of the lock.
func onDisk(t *testing.T, folder string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, FileName+"*"))
	if err != nil {
		t.Fatal(err)
	}
	content, err := exec.Command("cat", files...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// wrappedKeys are the keys of all cards as they stand in the file, and the hashes under which they are looked up.
func wrappedKeys(t *testing.T, l *Ledger) map[int64][2][]byte {
	t.Helper()
	rows, err := l.db.Query(`SELECT k.payment, k.wrapped, p.patron FROM patron_keys k JOIN payments p ON p.number = k.payment`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[int64][2][]byte{}
	for rows.Next() {
		var number int64
		var wrapped, patron []byte
		if err := rows.Scan(&number, &wrapped, &patron); err != nil {
			t.Fatal(err)
		}
		found[number] = [2][]byte{wrapped, patron}
	}
	return found
}

func TestErasingACardLeavesNoByteOfItsKey(t *testing.T) {
	folder := t.TempDir()
	told(t, folder, false)
	l := mustOpen(t, folder)
	pay(t, l, 1250) // in the log, not yet in the file
	keys := wrappedKeys(t, l)
	before := onDisk(t, folder)
	for number, k := range keys {
		if !bytes.Contains(before, k[0]) || !bytes.Contains(before, k[1]) {
			t.Fatalf("the key of payment %d is not found before it is erased: the search proves nothing", number)
		}
	}
	found, err := l.EraseCards(time.Now().Add(100 * 365 * 24 * time.Hour))
	if err != nil || len(found.Payments) != 9 {
		t.Fatalf("%+v, %v", found, err)
	}
	after := onDisk(t, folder)
	for number, k := range keys {
		p, err := l.Payment(payment.ID{Epoch: l.Epoch(), Number: number})
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range k {
			if there := bytes.Contains(after, secret); there == p.State.Ended() {
				t.Errorf("payment %d, %s: its key or its card's hash is on the disk: %v", number, p.State, there)
			}
		}
	}
	if _, err := l.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	l.Close()
	if _, err := mustOpen(t, folder).Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestACardIsErasedFromPaymentsThatHaveEndedOnly(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	ended := stories()[0]
	for range 2 {
		if err := ended.tell(l, card, func(payment.Payment) {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := ended.tell(l, "another", func(payment.Payment) {}); err != nil {
		t.Fatal(err)
	}
	open := pay(t, l, 1250)
	found, err := l.EraseCard(card)
	if err != nil || len(found.Payments) != 2 || !slices.Equal(found.Kept, []string{open.ID.String()}) {
		t.Fatalf("%+v, %v", found, err)
	}
	if got, err := l.Card(open.ID); err != nil || got != card {
		t.Errorf("the open payment's card is %q, %v", got, err)
	}
	first := payment.ID{Epoch: l.Epoch(), Number: 1}
	if got, err := l.Card(first); !errors.Is(err, ErrNotFound) {
		t.Errorf("an erased card is %q, %v", got, err)
	}
	if left, err := l.Patron(card); err != nil || len(left) != 1 || left[0].ID != open.ID {
		t.Errorf("%d payments are found by the card, %v", len(left), err)
	}
	if other, err := l.Patron("another"); err != nil || len(other) != 1 {
		t.Errorf("another patron has %d payments, %v", len(other), err)
	}
	if again, err := l.EraseCard(card); err != nil || len(again.Payments) != 0 {
		t.Errorf("erased twice: %+v, %v", again, err)
	}
	if p, err := l.Payment(first); err != nil || p.State != payment.StateClosed || p.Amount != euro(1250) {
		t.Errorf("the payment itself is %+v, %v", p, err)
	}
	if _, err := l.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestOnlyOldCardsAreErasedByTheirAge(t *testing.T) {
	const day = 86400
	for _, start := range []int{0, int(time.Since(stamp(0).Wall)/time.Second) - 400*day} { // of both years one lies behind us
		l := mustOpen(t, t.TempDir())
		for d := range 8 {
			s := storiesFrom(start + d*day)[1] // declined nine seconds later
			if err := s.tell(l, fmt.Sprint("card ", d), func(payment.Payment) {}); err != nil {
				t.Fatal(err)
			}
		}
		before := stamp(start + day + 9).Wall
		for _, step := range []struct {
			before time.Time
			want   int
		}{{before, 1}, {before, 0}, {before.Add(time.Second), 1}, {before.Add(4 * day * time.Second), 3}} {
			if found, err := l.EraseCards(step.before); err != nil || len(found.Payments) != step.want {
				t.Errorf("before %s: %+v, %v", step.before, found, err)
			}
		}
	}
}

// TestCardIsErasedThoughItsDayIsByAWrongClock: the clock was two years ahead when the money was taken, and right when the payment ended.
func TestCardIsErasedThoughItsDayIsByAWrongClock(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	const day = 24 * time.Hour
	ahead, right := intended(1250), payment.Abandoned{Head: head(1), Reason: "the patron left"}
	ahead.Head.At.Wall, right.Head.At.Wall = time.Now().Add(700*day), time.Now().Add(-40*day)
	p, err := l.Intend(card, ahead)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(p.ID, right); err != nil {
		t.Fatal(err)
	}
	if found, err := l.EraseCards(time.Now().Add(-30 * day)); err != nil || len(found.Payments) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestErasingIsItselfInTheChain(t *testing.T) {
	folder := t.TempDir()
	told(t, folder, false)
	l := mustOpen(t, folder)
	if _, err := l.EraseCard("20010000000000"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	tamper(t, folder, `UPDATE events SET data = replace(data, '[1]', '[2]') WHERE payment = 0`)
	if _, err := Open(folder, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("Open = %v", err)
	}
}

func TestMoreCardsThanStandInOneNoteAreErased(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	l.engine.log = 1 << 30
	if err := l.transaction(func() error {
		for range 2*erasedAtOnce + 1 {
			if err := fillOne(l, stories()[8]); err != nil { // abandoned
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	found, err := l.EraseCards(stamp(1000).Wall)
	if err != nil || len(found.Payments) != 2*erasedAtOnce+1 || len(wrappedKeys(t, l)) != 0 {
		t.Errorf("%d erased, %d keys left, %v", len(found.Payments), len(wrappedKeys(t, l)), err)
	}
	if _, err := l.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}
