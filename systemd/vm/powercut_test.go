//go:build vm

package vm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/payment"
	"selfpay/sip/acs"
)

// The power is cut while patrons pay, while the station recovers from the cut before, and while it boots; the disk
// keeps, or forgets, what was not flushed. In the end the books of terminal, ledger and library agree payment by
// payment: nothing that was acknowledged is lost, nothing was done twice.
func TestBooksAgreeAfterPowerCuts(t *testing.T) {
	s := newStation(t)
	for i := range *cuts {
		when := s.untilCut()
		disk := s.cut()
		t.Logf("cut %d: %s; %s; %s", i+1, when, disk, held(s.around))
		if (i+1)%cutsInARow == 0 {
			s.on()
			s.ready()
			s.settled()
			s.cut()
		}
	}
	s.on()
	s.ready()
	s.settled()
	s.patrons(t.Context(), 1) // it is of use again
	s.settled()
	s.booksAgree()
}

// Moments of a cut are not counted in seconds: so they fall into the midst of the work on a slow machine too. They are
// counted in what kioskd says on the console, a payment some 1,800 bytes, and not in writes to the disk, after which
// even a ledger that never waits for its disk is well for a moment. While the machine boots nobody says anything.
const (
	bytesOfPayments = 6000
	bytesOfRecovery = 2000
	writesOfBoot    = 8
	after           = 40 * time.Millisecond // the longest time behind the moment that was counted
)

// cutsInARow is after how many cuts the station is left alone until everything has settled. Each cut begins the quiet
// time anew and halves the time that a doubt may live: after some fifteen lives of five seconds it rightly becomes an open
// case, for a person.
const cutsInARow = 5

// untilCut lets the station work until the moment of the next cut, and says which that is.
func (s *station) untilCut() string {
	s.t.Helper()
	switch s.draw.IntN(8) {
	case 0:
		if err := s.machine.On(); err != nil {
			s.t.Fatal(err)
		}
		n := s.until(s.logged, writesOfBoot, func() bool { return s.machine.Booted(s.t.Context()) == nil })
		return fmt.Sprintf("%d writes into the boot", n)
	case 1, 2:
		s.on()
		end := time.Now().Add(3 * time.Second) // there may be nothing to recover
		n := s.until(s.machine.Spoken, bytesOfRecovery, func() bool { return time.Now().After(end) })
		return fmt.Sprintf("%d bytes into the recovery", n)
	}
	s.on()
	s.ready()
	told := len(s.told)
	ctx, cut := context.WithTimeout(s.t.Context(), patience)
	paid := make(chan struct{})
	go func() { s.patrons(ctx, math.MaxInt); close(paid) }()
	n := s.until(s.machine.Spoken, bytesOfPayments, func() bool { return ctx.Err() != nil })
	s.machine.Cut()
	cut()
	<-paid
	return fmt.Sprintf("%d bytes into payments, %d ended before", n, len(s.told)-told)
}

// until waits until so much was counted, drawn up to most, or until enough says yes, and for a moment more.
func (s *station) until(count func() int, most int, enough func() bool) int {
	wanted, begun := 1+s.draw.IntN(most), count()
	for count()-begun < wanted && !enough() {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(s.draw.Int64N(int64(after))))
	return count() - begun
}

// logged is how many writes there are; none before the machine has opened its disk.
func (s *station) logged() int {
	n, err := s.machine.Logged()
	if err != nil {
		return 0
	}
	return n
}

// cut cuts the power, draws what the disk's write cache forgets, and examines what is left.
func (s *station) cut() string {
	s.t.Helper()
	s.machine.Cut()
	w, err := s.machine.Writes()
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Close()
	lost, err := s.machine.DiskAfter(w, w.Len(), s.cache(), s.machine.DataDisk())
	if err != nil {
		s.t.Fatal(err)
	}
	said := acknowledgedIn(s.machine.Console())
	events, err := examine(s.t, s.machine.DataDisk(), said)
	report := fmt.Sprintf("%d of %d writes forgotten, %d events acknowledged, %d saved", lost, w.Len(), len(said), events)
	if err != nil {
		s.t.Fatalf("after a power cut, %s: %v", report, err) // the books cannot agree any more
	}
	return report
}

// cache draws how a disk's write cache behaves at a power cut: it keeps everything, forgets everything that was not
// flushed, or each such write with probability one half.
func (s *station) cache() (keep func() bool) {
	return []func() bool{
		func() bool { return true },
		func() bool { return false },
		func() bool { return s.draw.IntN(2) == 0 },
	}[s.draw.IntN(3)]
}

// Whatever kioskd has spoken of is on the disk, after which write ever the power is cut, and whatever the disk's cache
// forgets.
func TestAcknowledgedEventsAreOnTheDiskAfterEveryWrite(t *testing.T) {
	s := newStation(t)
	s.on()
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan []sight)
	go func() { watched <- s.watch(ctx) }()
	s.ready()
	s.patrons(ctx, 6)
	stop()
	seen := <-watched
	s.machine.Cut()
	w, err := s.machine.Writes()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	lost, image := 0, filepath.Join(t.TempDir(), "after.img")
	for range *points {
		n := s.draw.IntN(seen[len(seen)-1].writes + 1)
		forgotten, err := s.machine.DiskAfter(w, n, s.cache(), image)
		if err != nil {
			t.Fatal(err)
		}
		lost += forgotten
		if _, err := examine(t, image, saidBefore(n, seen, s.machine.Console())); err != nil {
			t.Errorf("after %d of %d writes, %d of them forgotten: %v", n, w.Len(), forgotten, err)
		}
	}
	said := acknowledgedIn(s.machine.Console())
	if len(s.told) == 0 || len(said) < len(s.told) {
		t.Errorf("%d payments, of which the console knows %d events: nothing was examined", len(s.told), len(said))
	}
	t.Logf("%d payments, %d writes and flushes, %d moments examined, %d writes forgotten, %d events acknowledged",
		len(s.told), w.Len(), *points, lost, len(said))
}

// held says what the simulators hold.
func held(around *surround.Surround) string {
	b := around.Books()
	return fmt.Sprintf("charged %d, given back %d, booked %d", len(b.Captures), len(b.Reversals), len(b.Postings))
}

// booksAgree compares terminal, ledger and library, payment by payment and to the cent.
func (s *station) booksAgree() {
	s.t.Helper()
	b := s.around.Books()
	charged, booked := s.paymentsAgree(b)
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	verified, err := s.ctl(ctx, "ledger", "verify")
	if err != nil {
		s.t.Error(err)
	}
	ledger := s.ledgerBooks(ctx)
	s.t.Logf("terminal %d, ledger captured %d and posted %d, library %d; %s; ledger verify %s",
		charged, ledger.Captured-ledger.Reversed, ledger.Posted, booked, held(s.around), strings.TrimSpace(verified))
	if charged == 0 || charged != booked || ledger.Captured-ledger.Reversed != charged || ledger.Posted != booked {
		s.t.Errorf("the books differ: terminal %+v, library %+v, ledger %+v", b.Captures, b.Postings, ledger)
	}
}

// paymentsAgree compares terminal and library payment by payment, and both with what patrons were told. It returns what
// each holds.
func (s *station) paymentsAgree(b surround.Books) (charged, booked int64) {
	s.t.Helper()
	byPayment := map[string]int64{}
	for _, c := range b.Captures {
		charged += c.AmountMinor
		byPayment[c.Reference] += c.AmountMinor
	}
	for _, p := range b.Postings {
		booked += p.AmountMinor
		byPayment[codeOf(p.Reference)] -= p.AmountMinor
	}
	for code, left := range byPayment {
		if left != 0 {
			s.t.Errorf("payment %s: charged and booked differ by %d", code, left)
		}
	}
	for _, code := range s.told {
		if !slices.ContainsFunc(b.Postings, func(p acs.Posting) bool { return codeOf(p.Reference) == code }) {
			s.t.Errorf("a patron was told that payment %s is booked; the library has not heard of it", code)
		}
	}
	return charged, booked
}

// ledgerBooks adds up what the ledger says of all days.
func (s *station) ledgerBooks(ctx context.Context) payment.Books {
	s.t.Helper()
	out, err := s.ctl(ctx, "report", "day", "--date", "all")
	if err != nil {
		s.t.Fatal(err)
	}
	var all payment.Books
	for line := range strings.Lines(out) {
		var day struct{ Books payment.Books }
		if err := json.Unmarshal([]byte(line), &day); err != nil {
			s.t.Fatal(err)
		}
		all = all.Add(day.Books)
	}
	return all
}

// codeOf turns the reference of a leg into the patron's code: 4821-000123-01 is of 4821-123.
func codeOf(reference string) string {
	var id payment.ID
	var leg int
	if n, _ := fmt.Sscanf(reference, "%d-%d-%d", &id.Epoch, &id.Number, &leg); n != 3 {
		return reference
	}
	return id.String()
}
