package report_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
)

// rewrite writes the stories in testdata anew: go test ./kiosk/report -rewrite
var rewrite = flag.Bool("rewrite", false, "write the stories in testdata anew")

func (b book) story(p payment.Payment) report.Story {
	b.t.Helper()
	entries, err := b.Events(p.ID)
	if err == nil {
		p, err = b.Payment(p.ID)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return report.Tell(p, entries)
}

// prose is a story as one reads it. Each payment is called 4821-123, since the epoch is drawn.
func prose(p payment.Payment, s report.Story) string {
	var out strings.Builder
	for _, e := range s.Told {
		fmt.Fprintf(&out, "%s %s\n", e.At.Format("15:04"), e.Text)
	}
	for _, a := range s.Accounts {
		for _, r := range a.Readings {
			fmt.Fprintf(&out, "leg %d %s %s %v in all %d\n", a.Leg, r.At.Format("15:04"), r.When, r.Fees, r.TotalMinor)
		}
	}
	for _, a := range s.Advice {
		fmt.Fprintf(&out, "%s: %s\n  %s\n", a.ID, a.Means, a.Check)
		for _, c := range a.Do {
			fmt.Fprintf(&out, "  if %s: %s\n", c.If, c.Command)
		}
	}
	as := payment.ID{Epoch: 4821, Number: 123}
	return strings.NewReplacer(p.ID.Reference(1), as.Reference(1), p.ID.String(), as.String()).Replace(out.String())
}

// moved is the account with another fee beside ours.
func moved(ours, other int64) payment.Reading {
	r := payment.Reading{Total: eur(ours + other)}
	if ours > 0 {
		r.Fees = append(r.Fees, payment.Balance{Fee: "104", Minor: ours})
	}
	if other > 0 {
		r.Fees = append(r.Fees, payment.Balance{Fee: "105", Minor: other})
	}
	return r
}

// stories are payments that a desk clerk meets, by the name of their file.
func stories(b book) map[string]payment.Payment {
	a := eur(1250)
	read := func(minute int, r payment.Reading, v payment.Verdict) payment.Event {
		return payment.AccountRead{Head: head(9, minute), Leg: 1, Account: r, Verdict: v}
	}
	silence := payment.NoAnswer{Head: head(9, 1), Leg: 1, Reason: "no answer within 45s"}
	baseline := &payment.Transaction{Kind: "purchase", Approved: true, Approval: payment.Approval{Amount: eur(300), Receipt: 416, Trace: 911}}
	unclear := payment.TerminalUnclear{Head: head(9, 3), Found: *baseline, Evidence: "the terminal remembers another purchase"}
	return map[string]payment.Payment{
		"booked":                   b.posted(a, 9, 0),
		"by-account":               b.byAccount(a, 9, 0),
		"another-fee-moved":        b.charged(a, 9, 0, read(0, moved(1250, 450), ""), silence, read(3, moved(1250, 0), payment.Unclear)),
		"our-fee-gone-and-another": b.charged(a, 9, 0, read(0, moved(1250, 450), ""), silence, read(3, moved(0, 0), payment.Unclear)),
		"never-shown": b.charged(a, 9, 0, read(0, owes(a), ""), silence, read(3, owes(a), payment.NotApplied), read(5, owes(a), payment.NotApplied),
			read(5, owes(a), ""), payment.NoAnswer{Head: head(9, 6), Leg: 1, Reason: "no answer within 45s"}, payment.DoubtTooOld{Head: head(20, 0), Leg: 1}),
		"refused": b.charged(a, 9, 0, payment.Superseded{Head: head(9, 1)}, read(2, owes(a), ""), payment.Answered{Head: head(9, 3), Leg: 1},
			read(3, owes(a), payment.NotApplied)),
		"paid-out": b.charged(a, 9, 0, payment.Superseded{Head: head(9, 1)}, payment.AccountRefused{Head: head(9, 2), Leg: 1, Reason: "no such patron"},
			payment.RefundDone{Head: head(9, 30), Leg: 1, Staff: "mk", Note: "in cash"}),
		"charged-or-not": b.purchase(a, 9, 0, payment.NoAnswer{Head: head(9, 1), Reason: "the kiosk was restarted"}, unclear, payment.DoubtTooOld{Head: head(20, 0)}),
		"another-amount": b.purchase(a, 9, 0, payment.ApprovalSeen{Head: head(9, 1), Approval: approval(eur(1200))}, payment.DialogueEnded{Head: head(9, 1)}),
		"reversed-or-not": b.charged(a, 9, 0, payment.AccountRefused{Head: head(9, 0), Leg: 1, Reason: "no such patron"},
			payment.NoAnswer{Head: head(9, 1), Reason: "reset"}, payment.DoubtTooOld{Head: head(20, 0)}),
		"resolved": b.charged(a, 9, 0, read(0, owes(a), ""), silence, payment.DoubtTooOld{Head: head(20, 0), Leg: 1},
			payment.CaseResolved{Head: head(21, 0), Leg: 1, As: payment.ResolvedRefundDue, Staff: "mk", Note: "the fee is open"}, payment.ReceiptPrinted{Head: head(21, 1), InDoubt: true}),
		"found-by-the-terminal": b.purchase(a, 9, 0, payment.NoAnswer{Head: head(9, 1), Reason: "cut"}, payment.PurchaseFound{Head: head(9, 2), Approval: approval(a), Evidence: "newer than before, our amount"}),
		"waits":                 b.charged(a, 9, 0, read(0, owes(a), ""), payment.NotPosted{Head: head(9, 1), Leg: 1, Reason: "no route"}),
		"in-doubt":              b.charged(a, 9, 0, read(0, owes(a), ""), silence),
	}
}

func TestStoriesReadAsReviewed(t *testing.T) {
	b := newBook(t)
	for name, p := range stories(b) {
		got := prose(p, b.story(p))
		path := "testdata/" + name + ".txt"
		if *rewrite {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s reads\n%s\nand was reviewed as\n%s", name, got, want)
		}
	}
}

func TestEveryChoiceOfAStoryIsTaken(t *testing.T) {
	b := newBook(t)
	for name, p := range stories(b) {
		for _, a := range b.story(p).Advice {
			for _, c := range a.Do {
				if !strings.Contains(c.Command, a.ID+" ") || !strings.HasSuffix(c.Command, " --staff YOU --note WHY") || c.If == "" {
					t.Errorf("%s: %+v", name, c)
				}
				words := strings.Fields(c.Command)
				h := payment.Head{At: at(22, 0)}
				var e payment.Event
				leg := 0
				if strings.HasSuffix(a.ID, "/1") {
					leg = 1
				}
				switch strings.Join(words[1:3], " ") {
				case "case resolve":
					e = payment.CaseResolved{Head: h, Leg: leg, As: payment.Resolution(words[5]), Staff: "mk", Note: "x"}
				case "case confirm":
					e = payment.PostingConfirmed{Head: h, Leg: leg, Staff: "mk", Note: "x"}
				case "refund done":
					e = payment.RefundDone{Head: h, Leg: leg, Staff: "mk", Note: "x"}
				}
				now, err := b.Payment(p.ID)
				if err == nil {
					_, err = payment.Step(now, e)
				}
				if err != nil {
					t.Errorf("%s: %q is offered, and refused: %v", name, c.Command, err)
				}
			}
		}
	}
}

func TestWhatAPersonMustDecideHasSomethingToLookUp(t *testing.T) {
	b := newBook(t)
	for name, p := range stories(b) {
		s := b.story(p)
		for _, a := range s.Advice {
			if len(a.Do) > 0 && (!strings.Contains(a.Check, " EUR on 2026-11-21 09:0") || a.Means == "") {
				t.Errorf("%s: %+v", name, a)
			}
		}
		if now, err := b.Payment(p.ID); err != nil || p.OpenCase && len(s.Advice) == 0 || now.State == payment.StateDeclined && len(s.Advice) > 0 {
			t.Errorf("%s: %+v, %v", name, s.Advice, err)
		}
	}
}

func TestNoStoryNamesThePatronsCard(t *testing.T) {
	b := newBook(t)
	for name, p := range stories(b) {
		if got := prose(p, b.story(p)); strings.Contains(got, card) {
			t.Errorf("%s names it:\n%s", name, got)
		}
	}
}

func TestSinceIsWhenTheStateBegan(t *testing.T) {
	b := newBook(t)
	p := b.charged(eur(1250), 9, 0, payment.Superseded{Head: head(9, 1)}, payment.AccountRefused{Head: head(9, 20), Leg: 1, Reason: "gone"}, payment.ReceiptPrinted{Head: head(9, 40)})
	entries, err := b.Events(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := report.Since(entries, 1); !got.Equal(at(9, 20).Wall) {
		t.Errorf("the refund is due since %s", got.Format(time.TimeOnly))
	}
	open := b.purchase(eur(300), 10, 0, payment.NoAnswer{Head: head(10, 1), Reason: "cut"}, payment.DoubtTooOld{Head: head(11, 0)})
	entries, err = b.Events(open.ID)
	if got := report.Since(entries, 0); err != nil || !got.Equal(at(11, 0).Wall) {
		t.Errorf("the case is open since %s, %v", got.Format(time.TimeOnly), err)
	}
}
