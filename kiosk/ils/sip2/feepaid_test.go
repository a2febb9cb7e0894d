package sip2_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/wire"
)

// overheard keeps the last Fee Paid that was written.
type overheard struct {
	net.Conn
	paid *string
}

func (o overheard) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), "37") {
		*o.paid = string(p)
	}
	return o.Conn.Write(p)
}

// feePaid posts one leg of the first patron and returns the message that did.
func feePaid(t *testing.T, mode acs.Mode, profile string, currency money.Currency, paidAt time.Time) sip.FeePaid {
	t.Helper()
	var line string
	synctest.Test(t, func(t *testing.T) {
		s := far(t, mode, func(c *acs.Config) {
			c.Currency, c.Decimals = string(currency), currency.Exponent()
			if mode == acs.Evergreen && profile == "evergreen-legacy" {
				is, _ := acs.BehaviourOf(mode)
				is.Fees = acs.FeesEGLegacy
				c.Behaviour = &is
			}
		})
		l := near(t, s, mode, func(c *sip2.Config) {
			c.Profile, c.Currency, c.TestSystem = profile, currency, true
			c.Dial = func(ctx context.Context) (net.Conn, error) {
				conn, err := s.Dial(ctx)
				return overheard{conn, &line}, err
			}
		})
		who := ils.Patron{Card: "20017", PIN: "4711"}
		a, err := l.Account(t.Context(), who, ils.Doubt{})
		if err != nil {
			t.Fatal(err)
		}
		leg := ils.Leg{Reference: "4821-000123-01", Patron: who, Amount: a.Total, PaidAt: paidAt}
		if len(a.Fees) > 0 {
			leg.Fee, leg.Amount = a.Fees[0].ID, a.Fees[0].Balance
		}
		if _, err := l.Post(t.Context(), leg); err != nil {
			t.Fatal(err)
		}
	})
	m, err := wire.Format{}.Parse([]byte(strings.TrimRight(line, "\r")))
	if err != nil {
		t.Fatal(err)
	}
	paid, err := sip.ParseFeePaid(m)
	if err != nil {
		t.Fatal(err)
	}
	return paid
}

// What a payment type means differs from site to site, up to a write-off.
func TestOnlyWhatTheProfileAgreedToIsSent(t *testing.T) {
	for _, profile := range sip2.Profiles() {
		at := slices.IndexFunc(libraries, func(l library) bool { return l.profile == profile })
		t.Run(profile, func(t *testing.T) {
			p := feePaid(t, libraries[at].mode, profile, "EUR", time.Now())
			agreed, err := sip2.FindProfile(profile)
			if err != nil {
				t.Fatal(err)
			}
			var extra []string
			for _, e := range agreed.Sends.Extra {
				extra = append(extra, e.ID)
			}
			var others []string
			for _, f := range p.Fields {
				if !slices.Contains([]string{"BV", "CG", "BK", "AO", "AC", "AD", "AA"}, f.ID) {
					others = append(others, f.ID)
				}
			}
			if !slices.Equal(others, extra) {
				t.Errorf("fields %v of its own, want %v", others, extra)
			}
			if p.PaymentType != agreed.Sends.PaymentType || p.FeeType != agreed.Sends.FeeType || p.Currency != "EUR" || p.Patron != "20017" || p.Transaction != "4821-000123-01" ||
				(p.Fee != "") != (agreed.Sends.FeeID == sip2.InCG) || p.PatronPassword != "" || p.Institution != "CPL" {
				t.Errorf("%+v", p)
			}
			if n := len(p.Fields); p.Order != sip.PatronLast || p.Fields[0].ID != "BV" || p.Fields[n-1].ID != "AA" {
				t.Errorf("fields %v", p.Fields)
			}
		})
	}
}

func TestAnAmountIsSentWithTheDigitsOfItsCurrency(t *testing.T) {
	for currency, want := range map[money.Currency]string{"EUR": "12.50", "JPY": "1250", "KWD": "1.250"} {
		if p := feePaid(t, acs.Koha, "koha", currency, time.Now()); p.Amount != want || p.Currency != sip.Currency(currency) {
			t.Errorf("%s: %s %s, want %s", currency, p.Amount, p.Currency, want)
		}
	}
}

// A payment that waited in the queue still says when the patron paid, on the clock of this place.
func TestAPaymentIsSentWithTheTimeAtWhichItWasMade(t *testing.T) {
	paidAt := time.Date(2026, 11, 20, 12, 30, 5, 0, time.FixedZone("far away", 5*3600))
	if p := feePaid(t, acs.Koha, "koha", "EUR", paidAt); !p.At.Equal(paidAt) || !strings.HasPrefix(p.Fixed, paidAt.Local().Format("20060102    150405")) {
		t.Errorf("paid at %v, sent as %s", paidAt, p.Fixed)
	}
}

// Koha shows what was paid too much in a text only. It is no total that could be paid.
func TestCreditAtKohaIsNoDebt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, acs.Koha, func(c *acs.Config) { c.Patrons[2].CreditMinor, c.Patrons[0].CreditMinor = 500, 5000 })
		l := near(t, s, acs.Koha, nil)
		if a, err := l.Account(t.Context(), ils.Patron{Card: "20019"}, ils.Doubt{}); err != nil || a.Total.Minor != 0 || len(a.Fees) != 0 {
			t.Errorf("credit and no fees: %v %v", a, err)
		}
		if a, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{}); !ils.IsRefusedAccount(err) {
			t.Errorf("credit above the fees: %v %v", a, err)
		}
	})
}
