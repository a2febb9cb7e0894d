package report

import (
	"testing"

	"selfpay/device/money"
	"selfpay/kiosk/payment"
)

func TestEveryKindOfEventHasItsOwnSentence(t *testing.T) {
	a := money.Of(1250, "EUR")
	p := payment.Payment{ID: payment.ID{Epoch: 4821, Number: 123}, State: payment.StateApproved, Amount: a,
		Legs: []payment.Leg{{Number: 1, Fee: "104", Amount: a, State: payment.LegPosting}}}
	told := map[string]bool{}
	for _, kind := range []string{"intended", "purchasing", "abandoned", "approval seen", "dialogue ended", "declined", "purchase found", "purchase not found", "no answer",
		"terminal unclear", "doubt too old", "account read", "account refused", "answered", "not posted", "pin gone", "superseded", "reversal window ended", "reversed",
		"not reversed", "reversal not sent", "case resolved", "refund done", "posting confirmed", "receipt printed"} {
		e, err := payment.Decode(kind, []byte(`{"leg":1}`))
		if err != nil {
			t.Fatal(err)
		}
		if text := sentence(p, p, e); text == kind+"." || told[text] {
			t.Errorf("%s: %q", kind, text)
		} else {
			told[text] = true
		}
	}
}
