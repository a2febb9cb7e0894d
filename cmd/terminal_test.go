package cmd_test

import (
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

// A terminal that speaks Caisse-AP charges, declines and is cancelled at a real kioskd, over TCP.
func TestPaymentAtACaisseAPTerminal(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{Terminal: "caisse-ap"}).begin().ready()
	for _, order := range []string{"decline", "cancel", "busy"} {
		s.order("terminal", "next", order)
		s.patron(cardOneFee).said(t, "not-charged", "not charged")
		s.nothingMoved()
	}
	s.patron(cardOneFee).said(t, "booked")
	s.booksAgree(oneFee)
}

// Caisse-AP takes nothing back without the card: what the library refuses is a refund at the desk, and the patron is told so.
func TestWhatTheLibraryRefusesStaysChargedAtACaisseAPTerminal(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{Terminal: "caisse-ap"}).begin().ready()
	s.order("ils", "next", "refuse")
	if v := s.patron(cardOneFee); v.Outcome == "booked" || v.Outcome == "returned" || v.Outcome == "not-charged" {
		t.Errorf("outcome %q: %s", v.Outcome, v.Said)
	}
	s.eventually("the refund is due", func() (bool, string) {
		out, _ := s.ctl("refund", "list")
		return strings.Contains(out, "12.50 EUR"), out
	})
	if b := s.around.Books(); len(b.Captures) != 1 || len(b.Reversals)+len(b.Postings) != 0 {
		t.Errorf("books %+v", b)
	}
}

// Caisse-AP can be asked nothing about a lost answer: nobody is told a guess, and a person decides.
func TestALostAnswerOfACaisseAPTerminalIsAnOpenCase(t *testing.T) {
	for _, order := range []string{"silent", "silent-charged"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, surround.Options{Terminal: "caisse-ap"}).begin().ready()
			s.order("terminal", "next", order)
			if v := s.patron(cardOneFee); v.Outcome == "booked" || v.Outcome == "returned" || v.Outcome == "not-charged" {
				t.Errorf("outcome %q: %s", v.Outcome, v.Said)
			}
			s.eventually("the doubt is an open case", func() (bool, string) {
				out, _ := s.ctl("case", "list")
				return strings.Contains(out, "12.50 EUR"), out
			})
			if b := s.around.Books(); len(b.Postings) != 0 || (len(b.Captures) == 1) != (order == "silent-charged") {
				t.Errorf("books %+v", b)
			}
		})
	}
}
