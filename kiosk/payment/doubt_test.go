package payment

import (
	"os"
	"strings"
	"testing"
)

// rows are what the account may show for a posting in doubt, and what the kiosk makes of it. docs/money-safety.md has the
// same rows.
var rows = []struct {
	shows    string
	saidNo   bool
	lump     bool
	now      Reading
	outcome  LegState
	proof    Proof
	readings int // after which that is decided
}{
	{"our fee is gone or fell by our amount, nothing else moved", false, false, without("104"), LegPosted, ByAccount, 1},
	{"the same fee was paid at the desk in the same minute", false, false, without("104"), LegPosted, ByAccount, 1}, // looks the same
	{"nothing moved", false, false, account, LegWaiting, "", 2},
	{"another fee moved, or ours by another amount", false, false, without("105"), LegOpenCase, "", 1},
	{"our fee is gone and another moved too", false, false, without("104", "105"), LegOpenCase, "", 1},
	{"a new fee came", false, false, Reading{Fees: append([]Balance{{"107", 100}}, account.Fees...), Total: euro(1425)}, LegOpenCase, "", 1},
	{"the library shows totals only, and the total fell by our amount", false, true, Reading{Total: euro(0)}, LegPosted, ByAccount, 1},
	{"the library shows totals only, and the total fell by another amount", false, true, Reading{Total: euro(1000)}, LegOpenCase, "", 1},
	{"the library shows totals only, the total is as before, and it counts another number of fees", false, true, Reading{Total: euro(1325), Mark: "1"}, LegOpenCase, "", 1},
	{"our reference is booked with our amount, whatever moved", false, false, showing(without("104", "105"), 250), LegPosted, ByReference, 1},
	{"references can be read, ours is not there, and nothing moved", false, false, showing(account, 0), LegWaiting, "", 2},
	{"references can be read, ours is not there, and our fee is gone", false, false, showing(without("104"), 0), LegOpenCase, "", 1},
	{"our reference is booked with another amount", false, false, showing(without("104"), 500), LegOpenCase, "", 1},
	{"the library said no, and nothing moved", true, false, account, LegRefused, "", 1},
	{"the library said no, and our fee is gone after the quiet time", true, false, without("104"), LegPosted, ByAccount, 1},
}

func TestEveryRowOfTheWayOutOfDoubt(t *testing.T) {
	for _, row := range rows {
		t.Run(row.shows, func(t *testing.T) {
			e := intended("104", "106")
			if row.lump {
				e.Account = Reading{Total: euro(1325), Mark: "3"}
				e.Legs, e.Amount = []PlannedLeg{{Amount: euro(1325)}}, euro(1325)
			}
			p := walk(t, Payment{}, e, Purchasing{Head: head(1)}, ApprovalSeen{head(10), approval(e.Amount.Minor)}, DialogueEnded{Head: head(11)},
				read(12, 1, e.Account, NotApplied))
			if row.saidNo {
				p = walk(t, p, Answered{Head: head(20), Leg: 1, Accepted: false})
			} else {
				p = walk(t, p, NoAnswer{head(20), 1, "silence"})
			}
			readings, first := 0, 141
			if row.outcome == LegRefused {
				first = 21 // after a no the account is read at once
			}
			for at := first; p.Legs[0].State == LegPostingInDoubt && readings < 5; at += 61 {
				p = walk(t, p, read(at, 1, row.now, Judge(p.Legs[0].Snapshot, row.now, p.Legs[0])))
				readings++
			}
			if l := p.Legs[0]; l.State != row.outcome || l.Proof != row.proof || readings != row.readings {
				t.Errorf("after %d readings: %s %s, want %s %s after %d", readings, l.State, l.Proof, row.outcome, row.proof, row.readings)
			}
		})
	}
}

func TestTheWayOutOfDoubtIsDocumentedRowByRow(t *testing.T) {
	text, err := os.ReadFile("../../docs/money-safety.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if !strings.Contains(string(text), "| "+row.shows+" |") {
			t.Errorf("docs/money-safety.md has no row %q", row.shows)
		}
	}
}
