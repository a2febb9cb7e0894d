package session_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/kiosk/session"
)

func TestThePatronChoosesTheReceipt(t *testing.T) {
	for _, c := range []struct {
		wish    session.Wish
		receipt session.Receipt
	}{{session.WishPaper, session.ReceiptPrinted}, {session.WishScreen, session.ReceiptOnScreen}, {session.WishNone, session.ReceiptDeclined}} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.scan(card)
			s.tap("pay", "")
			if v := s.sees(session.ScreenConfirm); v.Wish != session.WishPaper || len(v.Wishes) != 3 {
				t.Errorf("offered %v, chosen %q", v.Wishes, v.Wish)
			}
			s.tap("receipt", string(c.wish))
			if err := s.try("receipt", "gold"); !errors.Is(err, session.ErrStale) {
				t.Errorf("a receipt that is not offered: %v", err)
			}
			s.tap("confirm", "")
			s.ended(session.OutcomeBooked, c.receipt)
			if c.wish == session.WishPaper {
				return
			}
			if _, n := s.paper.newest(); n != 0 {
				t.Errorf("%s: %d receipts were printed", c.wish, n)
			}
			s.tap("print", "") // on second thoughts
			s.ended(session.OutcomeBooked, session.ReceiptPrinted)
			if slip, n := s.paper.newest(); n != 1 || slip.Copy {
				t.Errorf("%d receipts, copy %v", n, slip.Copy)
			}
		})
	}
}

func TestAReceiptThatMayBeNeededIsPrintedWhateverWasWished(t *testing.T) {
	for _, wish := range []session.Wish{session.WishScreen, session.WishNone} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.library.set(func(l *library) { l.post = device.ErrNotSent })
			s.scan(card)
			s.tap("pay", "")
			s.tap("receipt", string(wish))
			s.tap("confirm", "")
			over(session.StandardWaits.Booking + time.Second)
			if v := s.ended(session.OutcomeFollows, session.ReceiptPrinted); v.Wish != wish {
				t.Errorf("the wish became %q", v.Wish)
			}
		})
	}
}

func TestWithoutPaperTheCodeCanBeChosen(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.paper.set(func(p *paper) { p.broken = errLink })
		s.scan(card)
		s.tap("pay", "")
		if v := s.sees(session.ScreenConfirm); !slices.Equal(v.Wishes, []session.Wish{session.WishScreen, session.WishNone}) || v.Wish != session.WishNone {
			t.Errorf("offered %v, chosen %q", v.Wishes, v.Wish)
		}
		s.tap("receipt", string(session.WishScreen))
		s.tap("confirm", "")
		if v := s.ended(session.OutcomeBooked, session.ReceiptOnScreen); v.CanPrint() {
			t.Error("printing is offered")
		}
	})
}

func TestALibraryThatWantsAReceiptForEachPaymentLeavesNoChoice(t *testing.T) {
	inStation(t, func(c *session.Config) { c.RefuseNoPaper = true }, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("pay", "")
		if v := s.sees(session.ScreenConfirm); v.Wishes != nil || s.try("receipt", "none") == nil {
			t.Errorf("offered %v", v.Wishes)
		}
	})
}

func TestThePatronWhoComesBackWithinTenMinutesGetsTheReceiptOnceMore(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("choose", "105")
		s.tap("pay", "")
		s.tap("confirm", "")
		reference := s.ended(session.OutcomeBooked, session.ReceiptPrinted).Reference
		s.tap("leave", "")

		s.scan(otherCard) // nobody else's
		if v := s.sees(session.ScreenFees); v.Earlier != "" || s.try("earlier", "") == nil {
			t.Errorf("another patron is offered %q", v.Earlier)
		}
		s.scan(card)
		if v := s.sees(session.ScreenFees); v.Earlier != reference {
			t.Errorf("offered is %q, want %q", v.Earlier, reference)
		}
		s.tap("earlier", "")
		if v := s.ended(session.OutcomeBooked, session.ReceiptPrinted); v.Reference != reference || v.Chosen != eur(250) {
			t.Errorf("%+v", v)
		}
		if slip, n := s.paper.newest(); n != 2 || !slip.Copy {
			t.Errorf("%d receipts, copy %v", n, slip.Copy)
		}
		s.tap("leave", "")
		s.library.set(func(l *library) { l.fees[card] = nil }) // the rest was paid at the desk
		over(9 * time.Minute)
		s.scan(card)
		if v := s.told(session.ReasonNothingOwed); v.Earlier != reference {
			t.Errorf("with nothing owed %q is offered", v.Earlier)
		}
		over(2 * time.Minute)
		s.scan(card)
		if v := s.told(session.ReasonNothingOwed); v.Earlier != "" || s.try("earlier", "") == nil {
			t.Errorf("too late, and %q is offered", v.Earlier)
		}
	})
}

func TestAPaymentInDoubtIsShownAgainAsItStands(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.terminal.set(func(c *cardTerminal) { c.purchase = errLink })
		s.pay()
		over(session.StandardWaits.Checking + time.Second)
		reference := s.ended(session.OutcomeStaff, session.ReceiptPrinted).Reference
		s.tap("leave", "")
		s.scan(card)
		if v := s.told(session.ReasonBeingBooked); v.Earlier != reference {
			t.Errorf("offered is %q, want %q", v.Earlier, reference)
		}
		s.tap("earlier", "")
		over(session.StandardWaits.Checking + time.Second)
		if v := s.ended(session.OutcomeStaff, session.ReceiptPrinted); v.Reference != reference {
			t.Errorf("%+v", v)
		}
	})
}

func TestAReceiptThatWasNotWantedIsNotPrintedByARestart(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("pay", "")
		s.tap("receipt", string(session.WishNone))
		s.tap("confirm", "")
		s.ended(session.OutcomeBooked, session.ReceiptDeclined)
		over(time.Minute)
		s.sees(session.ScreenReady)
		s.end()
		s.start()
		s.forgotten()
		if _, n := s.paper.newest(); n != 0 {
			t.Errorf("%d receipts", n)
		}
	})
}
