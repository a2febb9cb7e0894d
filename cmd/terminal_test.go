package cmd_test

import (
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

// keeping are the terminals that take nothing back without the card. All but the one that speaks ECR17 can be asked nothing about a lost
// answer, either.
var keeping = map[string]surround.Options{
	"caisse-ap":        {Terminal: "caisse-ap"},
	"concert":          {Terminal: "concert"},
	"concert, on line": {Terminal: "concert", Serial: true},
	"ecr17":            {Terminal: "ecr17"},
	"mdb":              {Terminal: "mdb", Serial: true},
}

// forEachKeeping runs a test at a real kioskd with each of them.
func forEachKeeping(t *testing.T, run func(*testing.T, *station)) {
	for name, o := range keeping {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, newStation(t, o).begin().ready())
		})
	}
}

func TestTerminalsThatTakeNothingBackChargeAndDecline(t *testing.T) {
	forEachKeeping(t, func(t *testing.T, s *station) {
		for _, order := range []string{"decline", "cancel", "busy"} {
			s.order("terminal", "next", order)
			s.patron(cardOneFee).said(t, "not-charged", "not charged")
			s.nothingMoved()
		}
		s.patron(cardOneFee).said(t, "booked")
		s.booksAgree(oneFee)
	})
}

// What the library refuses is a refund at the desk, and the patron is told so.
func TestWhatTheLibraryRefusesStaysChargedWhereNothingIsTakenBack(t *testing.T) {
	forEachKeeping(t, func(t *testing.T, s *station) {
		s.order("ils", "next", "refuse")
		s.patron(cardOneFee).said(t, "staff")
		s.eventually("the refund is due", func() (bool, string) {
			out, _ := s.ctl("refund", "list")
			return strings.Contains(out, "12.50 EUR"), out
		})
		if b := s.around.Books(); len(b.Captures) != 1 || len(b.Reversals)+len(b.Postings) != 0 {
			t.Errorf("books %+v", b)
		}
	})
}

// The terminal's last result tells.
func TestALostAnswerIsFoundOutAtAnECR17Terminal(t *testing.T) {
	t.Parallel()
	s := newStation(t, keeping["ecr17"]).begin().ready()
	s.order("terminal", "next", "silent-charged")
	s.patron(cardOneFee).said(t, "booked")
	s.booksAgree(oneFee)
}

// Nobody is told a guess, and a person decides.
func TestALostAnswerIsAnOpenCaseWhereNothingCanBeAsked(t *testing.T) {
	t.Parallel()
	s := newStation(t, keeping["concert, on line"]).begin().ready()
	s.order("terminal", "next", "silent-charged")
	s.patron(cardOneFee).said(t, "staff")
	if out, _ := s.ctl("case", "list"); !strings.Contains(out, "12.50 EUR") {
		t.Errorf("open cases: %s", out)
	}
	if b := s.around.Books(); len(b.Postings) != 0 || len(b.Captures) != 1 {
		t.Errorf("books %+v", b)
	}
}

func TestATerminalThatCannotHangWhereItIsToldIsRefused(t *testing.T) {
	for want, o := range map[string]surround.Options{"add --serial": {Terminal: "mdb"}, "leave --serial out": {Terminal: "caisse-ap", Serial: true}} {
		if s, err := surround.Start(t.TempDir(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, %v", o, s, err)
		}
	}
}
