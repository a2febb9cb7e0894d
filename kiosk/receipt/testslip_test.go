package receipt_test

import (
	"strings"
	"testing"
	"time"

	"selfpay/device/printer"
	"selfpay/kiosk/receipt"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

func TestATestSlipShowsEveryLanguageAndSaysThatItIsNoReceipt(t *testing.T) {
	texts, err := text.New([]string{"de", "en"})
	if err != nil {
		t.Fatal(err)
	}
	w := receipt.Writer{Library: "Stadtbücherei", Texts: texts}
	slip := w.TestSlip([]string{"de", "en"}, "main-01", time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC))
	var all strings.Builder
	kinds := map[printer.CodeKind]string{}
	for _, l := range slip.Lines {
		all.WriteString(l.Text + " " + l.Right + "\n")
		kinds[l.Code.Kind] = l.Code.Data
	}
	for _, want := range []string{"Stadtbücherei", "Test, kein Beleg", "main-01", "28.11.2026", "ÄÖÜ €", "quick brown fox"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the slip does not say %q:\n%s", want, all.String())
		}
	}
	if kinds[printer.QR] != "main-01" || kinds[printer.Code128] != "main-01" {
		t.Errorf("the codes say %v", kinds)
	}
}

func TestTheSampleIsAWholePayment(t *testing.T) {
	p := receipt.Sample("EUR", time.Now())
	if session.OutcomeOf(p) != session.OutcomeBooked {
		t.Errorf("its outcome is %s", session.OutcomeOf(p))
	}
	sum := int64(0)
	for _, l := range p.Legs {
		sum += l.Amount.Minor
	}
	if sum != p.Amount.Minor || p.Approval.Amount != p.Amount {
		t.Errorf("%d of %+v", sum, p.Amount)
	}
}
