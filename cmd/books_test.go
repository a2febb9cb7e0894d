package cmd_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

// dayReport is what report day prints, as far as it is looked at here.
type dayReport struct {
	Books struct {
		Captured int64 `json:"captured_minor"`
		Posted   int64 `json:"posted_minor"`
	}
	Terminal []struct {
		Outcome     string
		TotalMinor  *int64 `json:"total_minor"`
		LedgerMinor int64  `json:"ledger_minor"`
	}
	ByAccount []struct{ ID string } `json:"by_account"`
	Findings  []string
}

func (s *station) report() dayReport {
	s.t.Helper()
	out, status := s.ctl("report", "day", "--json")
	var r dayReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 {
		s.t.Fatalf("report day: %d, %v: %s", status, err, out)
	}
	return r
}

func TestTheBooksOfADayMatch(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	s.patron(cardTwoFees).said(t, "booked")
	s.order("ils", "next", "apply-silent")
	s.patron(cardOneFee)
	s.queueEmpties()
	if out, status := s.ctl("terminal", "end-of-day"); status != 0 || !strings.Contains(out, "25.00 EUR") {
		t.Errorf("end of day: %s", out)
	}
	s.kill()
	s.begin().ready()
	r := s.report()
	if r.Books.Captured != 2500 || r.Books.Posted != 2500 || len(r.Terminal) != 1 || *r.Terminal[0].TotalMinor != 2500 || r.Terminal[0].LedgerMinor != 2500 || r.Terminal[0].Outcome != "done" {
		t.Errorf("%+v", r)
	}
	if len(r.ByAccount) != 1 || len(r.Findings) != 1 {
		t.Fatalf("%+v", r)
	}
	s.eventually("health names what is to be ticked off", func() (bool, string) {
		_, said := s.get("/healthz")
		return strings.Contains(said, `"payments:by-account":[{"status":"warn"`), said
	})
	if out, status := s.ctl("case", "confirm", r.ByAccount[0].ID, "--staff", "mk", "--note", "seen in the account"); status != 0 {
		t.Errorf("case confirm: %s", out)
	}
	if r := s.report(); len(r.Findings) != 0 {
		t.Errorf("ticked off, and still %q", r.Findings)
	}
	out, _ := s.ctl("report", "day", "--csv")
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 4 || strings.Contains(out, cardOneFee) {
		t.Errorf("%v: %s", err, out)
	}
	if out, status := s.ctl("report", "day", "--print"); status != 0 || out != "printed\n" {
		t.Errorf("print: %s", out)
	}
	receipts := s.around.Books().Receipts
	if last := receipts[len(receipts)-1]; !strings.Contains(last, "Business day") || !strings.Contains(last, "€25.00") {
		t.Errorf("printed %q", last)
	}
	s.order("paper", "out")
	if out, status := s.ctl("report", "day", "--print"); status != 1 || !strings.Contains(out, "no paper") {
		t.Errorf("print without paper: %s", out)
	}
	if out, status := s.ctl("ledger", "verify"); status != 0 {
		t.Errorf("ledger verify: %s", out)
	}
}
