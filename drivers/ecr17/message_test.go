package ecr17

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// good is the result of a payment that was asked for as 12.50.
var good = Result{TerminalID: "30350039", Ended: "00", MaskedPAN: "403035******5938", Reading: "CLI", Authorisation: "004711", When: "2111520", Card: '1',
	Acquirer: "00000000003", STAN: 124, Online: 57, Action: "000", HasAmount: true, Minor: 1250}

// refusal is a clear no to it.
var refusal = Result{TerminalID: "30350039", Ended: "01", Reason: "CARTA NON ABILITATA", Card: '2', Acquirer: "00000000003", STAN: 124, Online: 57,
	Action: "100", HasAmount: true, Minor: 1250}

// TestMessagesHaveTheirFieldsWhereTheDocumentHasThem writes each message out by hand.
func TestMessagesHaveTheirFieldsWhereTheDocumentHasThem(t *testing.T) {
	payment, err := Payment{TerminalID: "30350039", Register: "00000001", Extended: true, Minor: 1250, Contract: "4821-123"}.Bytes()
	if want := "303500390X" + "00000001" + "0" + "00" + "0" + "0" + "00001250" + strings.Repeat(" ", 120) + "4821-123" + "00000000"; err != nil || string(payment) != want {
		t.Errorf("payment %q, %v", payment, err)
	}
	for what, c := range map[string]struct{ got, want string }{
		"yes": {string(good.Bytes()), "303500390E" + "00" + "000403035******5938" + "CLI" + "004711" + "2111520" + "1" + "00000000003" + "000124" + "000057" +
			"000" + "00001250" + "0000000000"},
		"no": {string(refusal.Bytes()), "303500390E" + "01" + "CARTA NON ABILITATA     " + "00000000000" + "2" + "00000000003" + "000124" + "000057" +
			"100" + "00001250" + "0000000000"},
		"condition": {string(Condition{TerminalID: "30350039", At: "2911261015", State: '2', Release: "ECR01.55"}.Bytes()),
			"303500390s" + "0000000000" + "2911261015" + "2" + "ECR01.55"},
		"closed": {string(Totals{TerminalID: "30350039", Closed: true, Ended: "00", Minor: 3750, HostMinor: 3751}.Bytes()),
			"303500390C" + "00" + "0000000000003750" + "0000000000003751"},
		"not closed": {string(Totals{TerminalID: "30350039", Closed: true, Ended: "01", Reason: "HOST ASSENTE"}.Bytes()),
			"303500390C" + "01" + "HOST ASSENTE       " + "000" + "0000000000"},
		"totals": {string(Totals{TerminalID: "30350039", Ended: "00", Minor: 3750}.Bytes()), "303500390T" + "00" + "0000000000003750" + "000000"},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n%q, want\n%q", what, c.got, c.want)
		}
	}
}

func TestMessagesAreReadAsTheyAreWritten(t *testing.T) {
	change := func(change func(*Result)) Result { r := good; change(&r); return r }
	for what, want := range map[string]Result{
		"yes": good, "no": refusal,
		"plain":    change(func(r *Result) { r.HasAmount, r.Minor, r.Action = false, 0, "" }),
		"exchange": change(func(r *Result) { r.Exchange = true }),
		"reversal": change(func(r *Result) { r.HasAmount, r.Minor, r.Reversal, r.Authorisation = false, 0, true, "000000" }),
	} {
		if got, err := ParseResult(want.Bytes()); err != nil || got != want {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	for _, want := range []Totals{{TerminalID: "30350039", Closed: true, Ended: "00", Minor: 3750, HostMinor: 3751}, {TerminalID: "30350039", Ended: "00", Minor: 1},
		{TerminalID: "30350039", Closed: true, Ended: "01", Reason: "HOST ASSENTE"}} {
		if got, err := ParseTotals(want.Bytes()); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	condition := Condition{TerminalID: "30350039", At: "2911261015", State: '5', Release: "SYS03.4EECR01.55"}
	if got, err := ParseCondition(condition.Bytes()); err != nil || got != condition {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatHasNotTheShapeOfAMessageIsMalformed(t *testing.T) {
	for what, text := range map[string]string{
		"nothing":              "",
		"no terminal":          "3035003X0E00",
		"no reserved place":    "303500391E00",
		"result without STAN":  string(good.Bytes()[:59]),
		"result cut short":     string(good.Bytes()[:plainSize-1]),
		"result beyond sizes":  string(good.Bytes()) + strings.Repeat("0", 99),
		"result with a sign":   strings.Replace(string(good.Bytes()), "CLI", "C\x1BI", 1),
		"condition cut off":    "303500390s00000000002911261015",
		"totals without end":   "303500390T0000000000",
		"totals of letters":    "303500390T00" + strings.Repeat("A", 16) + "000000",
		"payment of a word":    "303500390X" + strings.Repeat("A", 157),
		"payment that is long": "303500390X" + strings.Repeat("0", 158),
	} {
		b := []byte(text)
		_, err1 := ParseResult(b)
		_, err2 := ParseCondition(b)
		_, err3 := ParseTotals(b)
		_, err4 := ParsePayment(b)
		for _, err := range []error{err1, err2, err3, err4} {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

func TestWhatDoesNotFitItsFieldsIsNotAsked(t *testing.T) {
	fits := Payment{TerminalID: "30350039", Register: "00000001", Minor: 1250, Contract: "4821-123"}
	if _, err := fits.Bytes(); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Payment){
		"amount of nine digits":  func(p *Payment) { p.Minor = mostMinor + 1 },
		"negative amount":        func(p *Payment) { p.Minor = -1 },
		"nothing":                func(p *Payment) { p.Minor = 0 },
		"short terminal":         func(p *Payment) { p.TerminalID = "3035003" },
		"no terminal":            func(p *Payment) { p.TerminalID = "" },
		"short register":         func(p *Payment) { p.Register = "1" },
		"shifted fields":         func(p *Payment) { p.Register = "000000010"; p.TerminalID = "3035003" },
		"long contract":          func(p *Payment) { p.Contract = strings.Repeat("1", 129) },
		"contract beyond ASCII":  func(p *Payment) { p.Contract = "è" },
		"contract behind blanks": func(p *Payment) { p.Contract = " 4821-123" },
		"contract with a sign":   func(p *Payment) { p.Contract = "4821\x03" },
	} {
		p := fits
		change(&p)
		if b, err := p.Bytes(); err == nil {
			t.Errorf("%s: %q", what, b)
		}
	}
}

func TestNoWholeCardNumberIsRead(t *testing.T) {
	for field, want := range map[string]string{
		"0004012888888881881": "401288******1881",
		"4012888888888888888": "401288*********8888",
		"0000000000000005938": "************5938",
		"0000000000000000038": "************0038",
		"000403035******5938": "403035******5938",
		"   4012888888881881": "401288******1881",
		"0000000123456789012": "************9012",
	} {
		text := "303500390E00" + field + string(good.Bytes()[31:])
		if r, err := ParseResult([]byte(text)); err != nil || r.MaskedPAN != want {
			t.Errorf("%s: %q, %v", field, r.MaskedPAN, err)
		}
	}
	no := strings.Replace(string(refusal.Bytes()), "CARTA NON ABILITATA     ", "NO 4012888888881881     ", 1)
	if r, err := ParseResult([]byte(no)); err != nil || strings.Contains(r.Reason, "8888") {
		t.Errorf("%q, %v", r.Reason, err)
	}
}

func TestTheDayOfAYearBecomesADate(t *testing.T) {
	at := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct{ when, now, want string }{
		{"2111520", "2028-08-01", "0729 152000"}, // the document's example fits a leap year
		{"2111520", "2026-08-01", "0730 152000"},
		{"0010003", "2026-01-01", "0101 000300"},
		{"0010003", "2026-12-31", "0101 000300"},
		{"3652359", "2027-01-01", "1231 235900"},
		{"0010003", "2026-01-02", "0101 000300"},
		{"       ", "2026-01-02", " "},
		{"123", "2026-01-02", " "},
	} {
		if date, clock := monthDay(c.when, at(c.now)); date+" "+clock != c.want {
			t.Errorf("%s at %s: %s %s", c.when, c.now, date, clock)
		}
	}
}
