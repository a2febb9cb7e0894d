package receipt_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/device/printer"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/receipt"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// rewrite writes the receipts in testdata anew: go test ./kiosk/receipt -rewrite
var rewrite = flag.Bool("rewrite", false, "write the receipts in testdata anew")

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

func writer(t *testing.T) receipt.Writer {
	t.Helper()
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Writer{Library: "Zentralbibliothek", Texts: texts}
}

// paid is a payment with legs in the states given.
func paid(state payment.State, legs ...payment.LegState) payment.Payment {
	p := payment.Payment{ID: payment.ID{Epoch: 4821, Number: 123}, State: state, Amount: eur(0),
		IntendedAt: payment.Stamp{Wall: time.Date(2026, 11, 21, 14, 5, 0, 0, time.UTC)},
		Approval:   &payment.Approval{Receipt: 417, AuthorisationCode: "384211", MaskedPAN: "************1234", CardName: "girocard"},
		Reason:     "a reason for staff"}
	for i, s := range legs {
		amount := eur(int64(250 + 750*i))
		p.Amount.Minor += amount.Minor
		p.Legs = append(p.Legs, payment.Leg{Number: i + 1, Fee: fmt.Sprint(104 + i), Amount: amount, State: s, Reason: "a reason for staff"})
	}
	return p
}

// paper writes a receipt as plain text, 42 columns as the printer has them.
func paper(r printer.Receipt) string {
	const width = 42
	var b strings.Builder
	for _, l := range r.Lines {
		line := l.Text
		switch n := len([]rune(l.Text)); {
		case l.Right != "":
			line += strings.Repeat(" ", max(1, width-n-len([]rune(l.Right)))) + l.Right
		case l.Align == printer.Centre:
			line = strings.Repeat(" ", max(0, (width-n)/2)) + line
		}
		mark := "  "
		switch {
		case l.Large:
			mark = "# "
		case l.Bold:
			mark = "* "
		}
		b.WriteString(strings.TrimRight(mark+line, " ") + "\n")
	}
	return b.String()
}

func slips() map[string]session.Slip {
	slip := paid(payment.StateClosed, payment.LegPosted)
	slip.Slip = payment.CardSlip{Customer: []string{"** KUNDENBELEG **", "Terminal 52500295", "EUR 2,50", "Zahlung erfolgt"}, Merchant: []string{"** HAENDLERBELEG **"}}
	found := paid(payment.StateApproved, payment.LegWaiting)
	found.Approval = nil
	doubt := paid(payment.StatePurchaseInDoubt, payment.LegWaiting)
	doubt.Approval = nil
	lump := paid(payment.StateClosed, payment.LegPosted)
	lump.Legs[0].Fee = ""
	return map[string]session.Slip{
		"booked":       {Payment: paid(payment.StateClosed, payment.LegPosted), Language: "de", Outcome: session.OutcomeBooked},
		"booked-en":    {Payment: paid(payment.StateClosed, payment.LegPosted), Language: "en", Outcome: session.OutcomeBooked},
		"lump":         {Payment: lump, Language: "de", Outcome: session.OutcomeBooked},
		"follows":      {Payment: paid(payment.StateApproved, payment.LegPostingInDoubt), Language: "de", Outcome: session.OutcomeFollows},
		"returned":     {Payment: paid(payment.StateReversed, payment.LegRefused, payment.LegRefused), Language: "de", Outcome: session.OutcomeReturned},
		"in-doubt":     {Payment: doubt, Language: "de", Outcome: session.OutcomeStaff},
		"going-back":   {Payment: paid(payment.StateReversalInDoubt, payment.LegRefused), Language: "de", Outcome: session.OutcomeStaff},
		"staff":        {Payment: paid(payment.StateApproved, payment.LegOpenCase), Language: "de", Outcome: session.OutcomeStaff},
		"several-legs": {Payment: paid(payment.StateApproved, payment.LegPosted, payment.LegWaiting, payment.LegRefundDue, payment.LegRefunded), Language: "de", Outcome: session.OutcomeStaff},
		"copy":         {Payment: paid(payment.StateClosed, payment.LegPosted), Language: "de", Outcome: session.OutcomeBooked, Copy: true},
		"own-slip":     {Payment: slip, Language: "de", Outcome: session.OutcomeBooked},
		"no-numbers":   {Payment: found, Language: "de", Outcome: session.OutcomeFollows},
	}
}

func TestReceiptsReadAsReviewed(t *testing.T) {
	w := writer(t)
	for name, slip := range slips() {
		reviewed(t, name, paper(w.Compose(slip)))
	}
}

// reviewed compares what is printed with the file in testdata.
func reviewed(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s reads\n%s\nand was reviewed as\n%s", name, got, want)
	}
}

func TestTestdataHoldsNoReceiptThatIsNotWritten(t *testing.T) {
	files, err := filepath.Glob("testdata/*")
	if written := len(slips()) + len(allBooks()); err != nil || len(files) != written {
		t.Errorf("%d files for %d receipts, %v", len(files), written, err)
	}
}

// While nobody knows whether the card is charged, or the money goes back, no booking is promised.
func TestNoBookingIsPromisedInDoubt(t *testing.T) {
	w := writer(t)
	for _, name := range []string{"in-doubt", "going-back", "returned"} {
		if got := paper(w.Compose(slips()[name])); strings.Contains(got, w.Texts.Say("de", "receipt-leg-follows", nil)) {
			t.Errorf("%s reads\n%s", name, got)
		}
	}
}

func TestEveryReceiptSaysReferenceTotalAndStatusInWords(t *testing.T) {
	w := writer(t)
	for _, language := range []string{"de", "en"} {
		for name, slip := range slips() {
			slip.Language = language
			got := paper(w.Compose(slip))
			for what, want := range map[string]string{"reference": "4821-123", "total": w.Texts.Amount(language, slip.Payment.Amount),
				"library": "Zentralbibliothek", "status": w.Texts.Say(language, "receipt-status-"+string(slip.Outcome), nil)} {
				if !strings.Contains(got, want) {
					t.Errorf("%s in %s has no %s:\n%s", name, language, what, got)
				}
			}
			if strings.Contains(got, "receipt-") {
				t.Errorf("%s in %s has a text without a sentence:\n%s", name, language, got)
			}
		}
	}
}

func TestAReceiptNamesNobodyAndNoReasonOfStaff(t *testing.T) {
	w := writer(t)
	for name, slip := range slips() {
		slip.Payment.Intent = payment.Reading{Total: eur(9999), Fees: []payment.Balance{{Fee: "777", Minor: 8888}}}
		got := paper(w.Compose(slip))
		for _, secret := range []string{"a reason for staff", "777", "88,88", "99,99", "HAENDLERBELEG"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s says %q:\n%s", name, secret, got)
			}
		}
	}
}

func TestOnlyACopySaysSo(t *testing.T) {
	w := writer(t)
	for name, slip := range slips() {
		got := paper(w.Compose(slip))
		if says := strings.Contains(got, w.Texts.Say("de", "receipt-copy", nil)); says != (name == "copy") {
			t.Errorf("%s says that it is a copy: %v", name, says)
		}
	}
}

// A day that the clock cannot have known is not printed.
func TestAReceiptOfAStationWithoutTheTimeHasNoDate(t *testing.T) {
	p := paid(payment.StateClosed, payment.LegPosted)
	for lang, want := range map[string]string{"en": "not known (clock not set)", "de": "unbekannt (Uhr nicht gestellt)"} {
		for year, unset := range map[int]bool{1970: true, 2001: true, 2025: true, 2026: false, 2031: false} {
			p.IntendedAt.Wall = time.Date(year, 6, 1, 14, 5, 0, 0, time.UTC)
			got := paper(writer(t).Compose(session.Slip{Payment: p, Language: lang, Outcome: session.OutcomeBooked}))
			if strings.Contains(got, want) != unset || strings.Contains(got, fmt.Sprint(year)) == unset {
				t.Errorf("%d: %s", year, got)
			}
		}
	}
}
