package cmd_test

import (
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

// While somebody works on the station nobody pays, though the daemon is killed meanwhile; the payment that ran when it began
// has ended before.
func TestMaintenanceLetsAPaymentEndAndNoneBegin(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	s.order("ils", "next", "hold")
	paid := make(chan visit)
	go func() { paid <- s.patron(cardTwoFees) }()
	s.order("ils", "wait-held") // the card is charged, and the library is being asked
	if out, status := s.ctl("maintenance", "on", "--staff", "mk", "--note", "new paper"); status != 0 {
		t.Fatalf("maintenance on: %d %s", status, out)
	}
	if _, status := s.ctl("maintenance", "on", "--staff", "jd", "--note", "the same"); status != 1 {
		t.Errorf("begun twice: status %d", status)
	}
	s.order("ils", "release")
	(<-paid).said(t, "booked")
	s.kill()
	s.begin()
	s.notReady("service")
	s.eventually("the check", func() (bool, string) {
		out, _ := s.ctl("status", "--json")
		return strings.Contains(out, `"station:maintenance":{"status":"warn"`) && strings.Contains(out, "by mk (new paper)"), out
	})
	if v := s.patron(cardTwoFees); v.Paid {
		t.Errorf("paid while it is serviced: %+v", v)
	}
	if out, status := s.ctl("maintenance", "off", "--staff", "jd"); status != 0 {
		t.Fatalf("maintenance off: %d %s", status, out)
	}
	s.ready()
	if out, _ := s.ctl("ledger", "notes"); !strings.Contains(out, "maintenance begun by mk (new paper)") || !strings.Contains(out, "maintenance ended by jd") {
		t.Errorf("notes: %s", out)
	}
	s.booksAgree(twoFees)
}
