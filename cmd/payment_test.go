package cmd_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
)

// The cards of the simulated library's patrons, and what they owe in minor units.
const (
	cardTwoFees    = "20017000010001" // 250 and 1000
	cardOneFee     = "20017000010002" // 1250
	cardThreeFees  = "20017000010003" // 300, 450, 75
	cardWithPIN    = "20017000010009" // 640
	cardNoFees     = "20017000010010"
	cardTooMuch    = "20017000010011" // 30000, more than the kiosk's maximum
	cardNobody     = "20017000099999"
	oneFee         = 1250
	threeFees      = 825
	twoFees        = 1250
	feesOfThePIN   = 640
	secondFeeOfTwo = "102"
)

func TestSamePaymentOverTCPAndOverASerialLine(t *testing.T) {
	for name, o := range map[string]surround.Options{"tcp": {}, "serial at 9600 baud": {Serial: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, o).begin().ready()
			v := s.patron(cardTwoFees)
			v.said(t, "booked")
			s.booksAgree(twoFees)
			receipts := s.around.Books().Receipts
			if len(receipts) != 1 || !strings.Contains(receipts[0], v.Reference) {
				t.Errorf("receipts %q, reference %q", receipts, v.Reference)
			}
			if !strings.Contains(receipts[0], "€12.50") {
				t.Errorf("the receipt has no amount with its sign: %q", receipts[0])
			}
		})
	}
}

func TestPatronPaysOnlyTheFeeThatWasChosen(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	s.patron(cardTwoFees, "--pay", secondFeeOfTwo).said(t, "booked")
	s.booksAgree(1000)
	for _, p := range s.around.Books().Postings {
		if p.Fee != secondFeeOfTwo {
			t.Errorf("fee %s was paid", p.Fee)
		}
	}
}

func TestWholeAccountIsPaidWhereTheLibraryNamesNoFees(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{Mode: "generic"}).begin().ready()
	s.patron(cardThreeFees).said(t, "booked")
	s.booksAgree(threeFees)
	if b := s.around.Books(); len(b.Postings) != 1 || b.Postings[0].Fee != "" {
		t.Errorf("postings %+v", b.Postings)
	}
}

func TestAPartIsPaidOldestFeeFirst(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}, "partial = false", "partial = true").begin().ready()
	s.patron(cardTwoFees, "--part", "4.00").said(t, "booked")
	s.booksAgree(400)
	b := s.around.Books()
	if len(b.Postings) != 2 || b.Postings[0].AmountMinor != 250 || b.Postings[1].AmountMinor != 150 {
		t.Errorf("postings %+v", b.Postings)
	}
	s.patron(cardTwoFees).said(t, "booked")
	s.booksAgree(twoFees)
}

func TestPatronWithAPIN(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	s.patron(cardWithPIN).said(t, "pin-needed")
	s.nothingMoved()
	s.patron(cardWithPIN, "--pin", "-").said(t, "booked")
	s.booksAgree(feesOfThePIN)
	if strings.Contains(s.log(), "58204711") {
		t.Error("the PIN is in the log")
	}
}

func TestALibraryThatWantsThePINIsPaidWhileThePatronIsThere(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{NeedPIN: true}).begin().ready()
	s.patron(cardWithPIN, "--pin", "-").said(t, "booked")
	s.booksAgree(feesOfThePIN)
}

// A PIN is never at rest: after a restart there is none, so the money goes back instead of waiting.
func TestAPINIsNeverQueued(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{NeedPIN: true}).begin().ready()
	s.order("ils", "next", "hold")
	held := make(chan error, 1)
	go func() {
		_, err := surround.Send(s.dir, "ils", "wait-held")
		s.kill()
		s.begin()
		held <- err
	}()
	if v := s.patron(cardWithPIN, "--pin", "-"); v.Paid {
		t.Errorf("outcome %q: %s", v.Outcome, v.Said)
	}
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	s.queueEmpties()
	if b := s.around.Books(); len(b.Captures)+len(b.Postings) > 0 || len(b.Reversals) != 1 {
		t.Errorf("charged %+v, given back %+v, booked %+v", b.Captures, b.Reversals, b.Postings)
	}
}

func TestScannedCardOpensTheAccount(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready().scannerThere()
	s.order("scan", cardTwoFees)
	s.eventually("the fees are shown", func() (bool, string) {
		out, _ := s.ctl("status", "--json")
		return strings.Contains(out, `"screen":"fees"`), out
	})
	if strings.Contains(s.log(), cardTwoFees) {
		t.Error("the card's number is in the log")
	}
}

func TestPurchaseDeclinedOrCancelledChargesNothing(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	for _, order := range []string{"decline", "cancel"} {
		s.order("terminal", "next", order)
		s.patron(cardOneFee).said(t, "not-charged", "not charged")
		s.nothingMoved()
	}
	s.patron(cardOneFee).said(t, "booked")
	s.booksAgree(oneFee)
}

func TestRefusedPostingIsTakenBackAtTheTerminal(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	s.order("ils", "next", "refuse")
	s.patron(cardOneFee).said(t, "returned")
	s.queueEmpties()
	b := s.around.Books()
	if len(b.Captures) != 0 || len(b.Reversals) != 1 || len(b.Postings) != 0 {
		t.Errorf("books %+v", b)
	}
	if captured, posted := s.ledgerBooks(); captured != 0 || posted != 0 {
		t.Errorf("ledger: captured %d, posted %d", captured, posted)
	}
}

// paysThrough lets a patron pay while the library system has a fault, and wants the books to agree afterwards.
func (s *station) paysThrough(fault string) {
	s.t.Helper()
	s.order("ils", "next", fault)
	if v := s.patron(cardOneFee); !v.Paid {
		s.t.Errorf("outcome %q: %s", v.Outcome, v.Said)
	}
	s.queueEmpties()
	s.booksAgree(oneFee)
}

func TestLostAnswersOfTheLibraryAreFoundOut(t *testing.T) {
	for _, fault := range []string{"silent", "apply-silent", "drop", "foreign", "duplicate", "lost", "garble", "again"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, surround.Options{}).begin().ready()
			s.paysThrough(fault)
		})
	}
}

func TestLostAnswersOfTheTerminalAreFoundOut(t *testing.T) {
	for _, dialect := range []string{"keep", "reverse", "decline"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, surround.Options{}).begin().ready()
			s.order("terminal", "unacknowledged", dialect)
			s.order("terminal", "next", "drop-after", "40")
			v := s.patron(cardOneFee)
			s.queueEmpties()
			switch held := len(s.around.Books().Captures); {
			case held == 1 && v.Paid:
				s.booksAgree(oneFee)
			case held == 0 && !v.Paid:
				if captured, _ := s.ledgerBooks(); captured != 0 {
					t.Errorf("the ledger holds %d, the terminal nothing", captured)
				}
			default:
				t.Errorf("the terminal holds %d payments, the patron was told %q", held, v.Outcome)
			}
		})
	}
}

// TestKioskdIsKilledAgainAndAgain kills the real program at moments that nobody chose.
func TestKioskdIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{CardWait: 200 * time.Millisecond}).begin().ready()
	killings, stop := context.WithCancel(context.Background())
	var killer sync.WaitGroup
	killer.Go(func() {
		for i := range 6 {
			select {
			case <-killings.Done():
				return
			case <-time.After(time.Duration(150+i*70) * time.Millisecond):
				s.kill()
				s.begin()
			}
		}
	})
	func() {
		defer killer.Wait()
		defer stop()
		for _, card := range []string{cardOneFee, cardTwoFees, cardThreeFees} {
			s.patron(card)
		}
	}()
	s.queueEmpties()
	b := s.around.Books()
	charged, booked := map[string]int64{}, map[string]int64{}
	for _, c := range b.Captures {
		charged[c.Reference] += c.AmountMinor
	}
	total := int64(0)
	for _, p := range b.Postings {
		booked[p.Reference] += p.AmountMinor
		total += p.AmountMinor
	}
	s.booksAgree(total)
	if out, _ := s.ctl("case", "list", "--json"); out != "" {
		t.Errorf("a person is called: %s", out)
	}
}

// The account reading that comes before the posting is held, so the real program dies at the worst moment.
func TestKioskdIsKilledBetweenApprovalAndPosting(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	s.order("ils", "next", "hold")
	held := make(chan error, 1)
	go func() {
		_, err := surround.Send(s.dir, "ils", "wait-held")
		s.kill()
		s.begin()
		held <- err
	}()
	v := s.patron(cardThreeFees)
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	if !v.Paid {
		t.Errorf("outcome %q: %s", v.Outcome, v.Said)
	}
	s.queueEmpties()
	s.booksAgree(threeFees)
	if n := len(s.around.Books().Receipts); n != 1 {
		t.Errorf("%d receipts", n)
	}
}
