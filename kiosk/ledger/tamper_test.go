package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/payment"
)

// told makes a ledger of all stories and closes it. marked: it was started once more since, so that its events stand
// before the verified mark.
func told(t *testing.T, folder string, marked bool) (epoch int) {
	t.Helper()
	l, err := Open(folder, key)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range stories() {
		if err := s.tell(l, fmt.Sprintf("2001%010d", i), func(payment.Payment) {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if marked {
		if err := mustOpen(t, folder).Close(); err != nil {
			t.Fatal(err)
		}
	}
	return l.Epoch()
}

// tamper changes the file past the ledger.
func tamper(t *testing.T, folder string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		result, err := db.Exec(s)
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := result.RowsAffected(); n == 0 {
			t.Fatalf("%s: nothing was changed", s)
		}
	}
}

// cutOff: the newest events are missing, which only what stands beside them can tell.
const cutOff = -1

// The stories' events: 1 to 9 are payment 1's (3: approval seen, 5: account read), the newest are payment 11's.
var tamperings = []struct {
	name    string
	do      []string
	event   int64
	payment int64
	what    string

	sums     bool // only a check of the whole ledger adds them up
	harmless bool // no payment is another by it, so behind the mark only a check of the whole ledger sees it
}{
	{"the content of an event", []string{`UPDATE events SET data = replace(data, '417', '418') WHERE seq = 3`}, 3, 1, "it is not what was saved there", false, false},
	{"the kind of an event", []string{`UPDATE events SET kind = 'declined' WHERE seq = 3`}, 3, 1, "it is not what was saved there", false, false},
	{"the payment of an event", []string{`UPDATE events SET payment = 2 WHERE seq = 3`}, 3, 2, "it is not what was saved there", false, false},
	{"the checksum of an event", []string{`UPDATE events SET hash = x'00' WHERE seq = 3`}, 3, 1, "its checksum was changed", false, true},
	{"the sealed card of an event", []string{`UPDATE events SET sealed = x'00' WHERE seq = 1`}, 1, 1, "it is not what was saved there", false, false},
	{"an event is taken out", []string{`DELETE FROM events WHERE seq = 5`}, 5, 0, "is missing; event 4 is followed by event 6", false, false},
	{"an event is taken out and the gap closed", []string{`DELETE FROM events WHERE seq = 5`,
		`UPDATE events SET seq = -(seq - 1) WHERE seq > 5`, `UPDATE events SET seq = -seq WHERE seq < 0`}, 5, 1, "it is not what was saved there", false, false},
	{"two events are exchanged", []string{`UPDATE events SET seq = -5 WHERE seq = 5`, `UPDATE events SET seq = 5 WHERE seq = 6`,
		`UPDATE events SET seq = 6 WHERE seq = -5`}, 5, 1, "it is not what was saved there", false, false},
	{"the last event is cut off", []string{`DELETE FROM events WHERE seq = 69`}, cutOff, 11, "its last events are missing", false, false},
	{"the last payment's events are cut off", []string{`DELETE FROM events WHERE payment = 11`}, cutOff, 11, "all its events are missing", false, false},
	{"the state in the view", []string{`UPDATE payments SET fold = replace(fold, '"waiting"', '"posted"') WHERE number = 5`}, 0, 5, "the view", false, false},
	{"a payment is taken out of the view", []string{`DELETE FROM payments WHERE number = 11`}, 0, 11, "the view has lost it", false, false},
	{"an open payment counts as ended", []string{`UPDATE payments SET ended = 1 WHERE number = 5`}, 0, 5, "wrong list or day", false, false},
	{"a payment is moved to another day", []string{`UPDATE payments SET day = '2001-01-01' WHERE number = 1`}, 0, 1, "wrong list or day", false, false},
	{"a payment is given to another patron", []string{`UPDATE payments SET patron = (SELECT patron FROM payments WHERE number = 2) WHERE number = 1`}, 0, 1, "another card", false, false},
	{"the key of a card is taken out", []string{`DELETE FROM patron_keys WHERE payment = 1`}, 0, 1, "the key of its card is missing", false, false},
	{"the key of a card", []string{`UPDATE patron_keys SET wrapped = (SELECT wrapped FROM patron_keys WHERE payment = 2) WHERE payment = 1`}, 0, 1, "the key of its card was changed", false, false},
	{"the sums of a day", []string{`UPDATE days SET books = replace(books, '"posted_minor":', '"posted_minor":1')`}, 0, 0, "the sums of 2027-01-15 in EUR", true, false},
	{"a day is taken out", []string{`DELETE FROM days`}, 0, 0, "are missing", true, false},
	{"a day too many", []string{`INSERT INTO days SELECT '2001-01-01', currency, books FROM days`}, 0, 0, "the sums of 2001-01-01", true, false},
}

func (l *Ledger) named(number int64) string {
	if number == 0 {
		return ""
	}
	return payment.ID{Epoch: l.epoch, Number: number}.String()
}

func TestWhatWasTamperedWithIsFoundAndNamed(t *testing.T) {
	sound, epochs := map[bool][]byte{}, map[bool]int{}
	for _, marked := range []bool{false, true} {
		folder := t.TempDir()
		epochs[marked] = told(t, folder, marked)
		var err error
		if sound[marked], err = os.ReadFile(filepath.Join(folder, FileName)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range tamperings {
		for _, marked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, marked=%v", c.name, marked), func(t *testing.T) {
				c, folder := c, t.TempDir()
				if err := os.WriteFile(filepath.Join(folder, FileName), sound[marked], 0o600); err != nil {
					t.Fatal(err)
				}
				tamper(t, folder, c.do...)
				l, err := Open(folder, key)
				atStart := err != nil
				if err == nil {
					_, err = l.Verify(context.Background())
					l.Close()
				}
				var found *Damage
				if !errors.As(err, &found) || !errors.Is(err, ErrDamaged) {
					t.Fatalf("found %v", err)
				}
				if c.event == cutOff {
					c.event = 0
					if marked { // the mark knows the number of the newest event that there was
						c.event, c.payment, c.what = 69, 0, "it is missing"
					}
				}
				want := &Damage{Event: c.event, Payment: (&Ledger{epoch: epochs[marked]}).named(c.payment), What: c.what}
				if found.Event != want.Event || found.Payment != want.Payment || !strings.Contains(found.What, c.what) {
					t.Errorf("found %v, want %v", found, want)
				}
				if late := c.sums || c.harmless && marked; atStart == late {
					t.Errorf("found at the start: %v", atStart)
				}
			})
		}
	}
}

// A daemon that runs sees it when its newest events vanish under it.
func TestEventsCutOffUnderARunningLedgerAreNamed(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	pay(t, l, 1250)
	if _, err := l.db.Exec(`DELETE FROM events WHERE seq = 4`); err != nil {
		t.Fatal(err)
	}
	var found *Damage
	if _, err := l.Verify(context.Background()); !errors.As(err, &found) || found.Event != 4 {
		t.Errorf("Verify = %v", err)
	}
}

func TestNoEventIsSavedWhereTheViewHasLostItsPayment(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	p := pay(t, l, 1250)
	if _, err := l.db.Exec(`DELETE FROM payments`); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(p.ID, payment.ReceiptPrinted{Head: head(9)}); !errors.Is(err, ErrCommit) || !errors.Is(err, ErrDamaged) {
		t.Errorf("Append = %v", err)
	}
	if saved, err := l.Events(p.ID); err != nil || len(saved) != 4 {
		t.Errorf("%d events, %v", len(saved), err)
	}
}

func TestLedgerWithoutItsEpochIsDamaged(t *testing.T) {
	folder := t.TempDir()
	told(t, folder, false)
	tamper(t, folder, `DELETE FROM meta`)
	if _, err := Open(folder, key); !errors.Is(err, ErrDamaged) { // a new epoch over old events would hide them
		t.Errorf("Open = %v", err)
	}
	folder = t.TempDir()
	told(t, folder, true)
	tamper(t, folder, `UPDATE meta SET value = value % 9000 + 1000 WHERE name = 'epoch'`)
	if _, err := Open(folder, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("another epoch: Open = %v", err)
	}
}

// inAnotherProcess opens the ledger there and says what came of it.
func inAnotherProcess(t *testing.T, folder string) string {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestOfAChildProcess$", "-test.v")
	c.Env = append(os.Environ(), folderVariable+"="+folder, "LEDGER_TEST_DEED=try")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, said, _ := strings.Cut(string(out), "child: ")
	said, _, _ = strings.Cut(said, "\n")
	return said
}

func TestAnotherProcessIsRefused(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	if said := inAnotherProcess(t, folder); !strings.Contains(said, ErrHeld.Error()) {
		t.Errorf("another process beside this one: %q", said)
	}
	l.Close()
	if said := inAnotherProcess(t, folder); said != "opened" {
		t.Errorf("after the end of this one: %q", said)
	}
}

// A call that is cut short would cost the connection, and with it the lock on the file.
func TestTheLedgerStaysHeldWhenACheckIsCutShort(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v", err)
	}
	if _, err := l.Days(ctx); err != nil {
		t.Errorf("Days = %v", err)
	}
	if said := inAnotherProcess(t, folder); !strings.Contains(said, ErrHeld.Error()) {
		t.Errorf("another process: %q", said)
	}
}

func TestAnotherMachineIsNoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	start := func(machine string) *Ledger {
		t.Helper()
		e := theEngine
		e.machine = func() []byte { return []byte(machine) }
		l, err := open(e, path, key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Verify(context.Background()); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l
	}
	for i, step := range []struct {
		machine string
		moves   int64
	}{{"one", 0}, {"one", 0}, {"two", 1}, {"two", 1}, {"", 1}, {"one", 2}} {
		l := start(step.machine)
		if step.machine == "" {
			continue
		}
		if l.last != step.moves || (l.Moved() != nil) != (step.moves > 0) {
			t.Errorf("start %d on %q: %d notes, %+v", i+1, step.machine, l.last, l.Moved())
		}
	}
}

// A payment that waits for long is checked at each start, however many came after it.
func TestAnOldOpenPaymentIsCheckedAtEachStart(t *testing.T) {
	folder := t.TempDir()
	l := mustOpen(t, folder)
	pay(t, l, 1250)
	for range newestChecked + 5 {
		if err := stories()[1].tell(l, card, func(payment.Payment) {}); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	mustOpen(t, folder).Close() // moves the mark
	tamper(t, folder, `UPDATE payments SET fold = replace(fold, '"waiting"', '"posted"') WHERE number = 1`)
	var found *Damage
	if _, err := Open(folder, key); !errors.As(err, &found) || found.Payment != l.named(1) {
		t.Errorf("Open = %v", err)
	}
}
