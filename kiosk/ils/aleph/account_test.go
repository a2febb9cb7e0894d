package aleph_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/aleph/alephtest"
)

func TestEachInstitutionIsOneFee(t *testing.T) {
	for name, how := range map[string]func(*alephtest.Config){
		"points":       nil,
		"commas":       func(c *alephtest.Config) { c.Mark, c.Grouping = ",", " " },
		"hard blanks":  func(c *alephtest.Config) { c.Mark, c.Grouping = ",", "\u00a0" },
		"minus, brief": func(c *alephtest.Config) { c.Minus, c.Brief, c.Sums, c.Grouping = true, true, true, "," },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := account(t, near(t, far(t, how), nil), ils.Doubt{})
				want := []ils.Fee{
					{ID: "USM50", Balance: money.Of(125300, "EUR"), Description: "Main Library: Overdue fine; Lost item"},
					{ID: "LAW50", Balance: money.Of(550, "EUR"), Description: "Law Library: New card"}}
				if fmt.Sprint(a.Fees) != fmt.Sprint(want) || a.Total != money.Of(125850, "EUR") || a.Initials != "AMM" || a.Booked != nil {
					t.Errorf("the account is %+v", a)
				}
			})
		})
	}
}

func TestOnlyTheInstitutionsOfThisKioskArePaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *alephtest.Config) {
			c.Extra = []alephtest.Extra{{Card: card, Institution: "USM50", Kind: alephtest.Credit, AmountMinor: 100}}
		})
		l := near(t, s, func(c *aleph.Config) { c.Institutions = []string{"LAW50"} })
		a := account(t, l, ils.Doubt{})
		if len(a.Fees) != 1 || a.Fees[0].ID != "LAW50" || a.Total != money.Of(550, "EUR") {
			t.Errorf("the account is %+v", a.Fees)
		}
		leg := legOf(t, a, "LAW50")
		for _, fee := range []string{"USM50", "", "LAW50+", "LAW50&x=1"} {
			leg.Fee = fee
			wantClass(t, "Post", post(t, l, leg), device.ErrNotSent)
			wantClass(t, "Post where all are paid", post(t, near(t, s, nil), ils.Leg{Reference: "4821-000123-01", Patron: leg.Patron, Fee: strings.Replace(fee, "USM50", "", 1), Amount: leg.Amount}), device.ErrNotSent)
		}
		if len(s.Books().Postings) > 0 {
			t.Error("another institution was paid")
		}
	})
}

func TestAnInstitutionWithoutCodeIsTheOnlyOneOrNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *alephtest.Config) { c.Nameless = true })
		_, err := near(t, s, nil).Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		if !errors.Is(err, ils.ErrFeesUnreadable) {
			t.Errorf("Account = %v", err)
		}
		a := account(t, near(t, s, func(c *aleph.Config) { c.Institutions = []string{"USM50"} }), ils.Doubt{})
		if len(a.Fees) != 1 || a.Fees[0].ID != "USM50" {
			t.Errorf("the account is %+v", a.Fees)
		}
	})
}

func TestRowsThatAreNoOpenDebitsAreNotOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *alephtest.Config) {
			for _, k := range []alephtest.Kind{alephtest.Transferred, alephtest.Closed, alephtest.Payment} {
				c.Extra = append(c.Extra, alephtest.Extra{Card: card, Institution: "USM50", Kind: k, Description: string(k), AmountMinor: 777})
			}
			c.ListClosed, c.PaymentRows, c.Sums = true, true, true
		})
		l := near(t, s, nil)
		a := account(t, l, ils.Doubt{})
		if a.Total != money.Of(125850, "EUR") || strings.Contains(a.Fees[0].Description, "transferred") {
			t.Errorf("the account is %+v", a.Fees)
		}
		if err := post(t, l, legOf(t, a, "USM50")); err != nil {
			t.Fatal(err)
		}
		if a := account(t, l, ils.Doubt{}); a.Total != money.Of(550, "EUR") {
			t.Errorf("paid charges are offered again: %+v", a.Fees)
		}
	})
}

func TestAPatronWithAnOpenCreditIsSentToTheDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *alephtest.Config) {
			c.Extra = []alephtest.Extra{{Card: card, Institution: "LAW50", Kind: alephtest.Credit, AmountMinor: 1}}
		})
		_, err := near(t, s, nil).Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		if !errors.Is(err, ils.ErrFeesUnreadable) || !strings.Contains(err.Error(), "credit") {
			t.Errorf("Account = %v", err)
		}
	})
}

func TestReferenceThatIsReadableClearsDoubtUp(t *testing.T) {
	for name, c := range map[string]struct {
		how    func(*alephtest.Config)
		booked int64
	}{
		"closed charges":             {func(c *alephtest.Config) {}, 125300},
		"closed charges and payment": {func(c *alephtest.Config) { c.PaymentRows = true }, 125300},
		"payment only":               {func(c *alephtest.Config) { c.ListClosed, c.PaymentRows = false, true }, 125300},
		"a reference cut short":      {func(c *alephtest.Config) { c.Cut = 13 }, 0},
		"a reference nobody sees":    {func(c *alephtest.Config) { c.Hidden = true }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := far(t, func(cfg *alephtest.Config) { cfg.ListClosed = true; c.how(cfg) })
				l := near(t, s, func(c *aleph.Config) { c.Profile = site(t) })
				leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
				before := account(t, l, ils.Doubt{Since: time.Now(), Reference: leg.Reference})
				if before.Booked == nil || before.Booked.Minor != 0 {
					t.Errorf("before the posting %v is booked", before.Booked)
				}
				if err := post(t, l, leg); err != nil {
					t.Fatal(err)
				}
				after := account(t, l, ils.Doubt{Since: time.Now(), Reference: leg.Reference})
				if after.Booked == nil || *after.Booked != money.Of(c.booked, "EUR") {
					t.Errorf("%v is booked, want %d", after.Booked, c.booked)
				}
				if other := account(t, l, ils.Doubt{Since: time.Now(), Reference: "4821-000123-0"}); c.booked > 0 && other.Booked.Minor != 0 {
					t.Errorf("a part of the reference is taken for it: %v", other.Booked)
				}
			})
		})
	}
}

func TestAChargeOfTheSameSumDoesNotHideWhatWasBooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		before := account(t, l, ils.Doubt{})
		leg := legOf(t, before, "USM50")
		if err := s.Next("apply-silent"); err != nil {
			t.Fatal(err)
		}
		wantClass(t, "Post", post(t, l, leg), device.ErrDoubt)
		charge(t, s, "USM50", leg.Amount.Minor)
		a := account(t, l, ils.Doubt{Since: time.Now(), Reference: leg.Reference})
		if a.Total != before.Total || a.Mark == before.Mark || a.Mark == "" {
			t.Errorf("the account reads as if nothing was booked: %+v, mark %q and before %q", a.Fees, a.Mark, before.Mark)
		}
	})
}

// Nobody could tell a charge that was paid from another of the same sum that came up meanwhile.
func TestChargesWithoutANumberAreNotOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		row := func(number string) string {
			return `<get-pat-cash><reply-code>0000</reply-code><charges><institution code="USM50"><cash type="debit"` + number +
				`><z31><z31-sum>(12.50)</z31-sum></z31></cash></institution></charges></get-pat-cash>`
		}
		for number, want := range map[string]error{"": ils.ErrFeesUnreadable, ` href="http://aleph/rest-dlf/patron/` + number + `/circulationActions/cash/7"`: nil} {
			l := answering(t, with(row(number)), nil)
			if a, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{}); !errors.Is(err, want) {
				t.Errorf("with %q: %v %v", number, a, err)
			}
		}
	})
}

func TestUnknownCardIsNotTakenForAWrongPIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, func(c *aleph.Config) { c.AskPIN = true })
		for _, c := range []struct {
			patron ils.Patron
			want   error
		}{
			{ils.Patron{Card: "2110300000", PIN: "4711"}, ils.ErrUnknownPatron},
			{ils.Patron{Card: card, PIN: "4712"}, ils.ErrPINNeeded},
			{ils.Patron{Card: card}, ils.ErrPINNeeded},
			{ils.Patron{Card: card, PIN: strings.Repeat("1", 21)}, ils.ErrPINNeeded},
			{ils.Patron{Card: card, PIN: "47\n11"}, ils.ErrPINNeeded},
			{ils.Patron{Card: card, PIN: "4711"}, nil},
		} {
			a, err := l.Account(t.Context(), c.patron, ils.Doubt{})
			if !errors.Is(err, c.want) {
				t.Errorf("Account of %q with %q = %v, want %v", c.patron.Card, c.patron.PIN, err, c.want)
			}
			if c.want == ils.ErrPINNeeded && a.Total != money.Of(125850, "EUR") {
				t.Errorf("a posting that waits cannot be judged: %v", a.Total)
			}
		}
	})
}

func TestCardOfOtherSignsIsNotSentAnywhere(t *testing.T) {
	var asked bool
	l := library(t, config(t, func(context.Context, string) (net.Conn, error) { asked = true; return nil, errors.New("no") }), nil)
	for _, bad := range []string{"", "21 103", "../../x", "2110&op=bor-info", "2110%00", "2110\r\n", "Ä2110", strings.Repeat("1", 21), "<a>", "."} {
		_, err := l.Account(t.Context(), ils.Patron{Card: bad}, ils.Doubt{})
		if !errors.Is(err, ils.ErrUnknownPatron) {
			t.Errorf("Account of %q = %v", bad, err)
		}
		_, err = l.Post(t.Context(), ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: bad}, Fee: "USM50", Amount: money.Of(1, "EUR")})
		wantClass(t, fmt.Sprintf("Post for %q", bad), err, device.ErrNotSent)
	}
	if asked {
		t.Error("something was sent")
	}
}

func TestAccountOfAnotherPatronIsNotShown(t *testing.T) {
	row := func(href, id string) string {
		return `<get-pat-cash><reply-code>0000</reply-code><charges><institution code="USM50"><inst-name>Main</inst-name>` +
			`<cash type="debit" transferred="N" href="` + href + `"><z31><z31-id>` + id + `</z31-id><z31-sum>(5.00)</z31-sum></z31></cash></institution></charges></get-pat-cash>`
	}
	const mine, others = "http://h/rest-dlf/patron/LIB000012345/circulationActions/cash/1", "http://h/rest-dlf/patron/LIB000012346/circulationActions/cash/1"
	for name, c := range map[string]struct {
		answer string
		ok     bool
	}{
		"mine":                  {row(mine, number), true},
		"mine in small letters": {row(mine, strings.ToLower(number)), true},
		"the link is another's": {row(others, number), false},
		"the key is another's":  {row(mine, "LIB000012346"), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := answering(t, with(c.answer), nil).Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
				if (err == nil) != c.ok || ils.IsRefusedAccount(err) {
					t.Errorf("Account = %v", err)
				}
			})
		})
	}
}

func TestListThatSaysNoIsNotAnEmptyOne(t *testing.T) {
	for _, answer := range []string{
		`<get-pat-cash><reply-text>Patron LIB000012345 unknown</reply-text><reply-code>0023</reply-code></get-pat-cash>`,
		`<get-pat-cash><reply-text>ok</reply-text></get-pat-cash>`, ``, `<get-pat-cash><reply-code>0000</reply-code>`, `<html></html>`,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := answering(t, with(answer), nil).Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
			if err == nil || ils.IsRefusedAccount(err) || strings.Contains(err.Error(), number) {
				t.Errorf("Account of %q = %v", answer, err)
			}
		})
	}
}

func TestNameThatIsNotToldStopsNothing(t *testing.T) {
	for name, answer := range map[string]string{
		"refused":            `<bor-info><error>User is not permitted</error></bor-info>`,
		"another person":     `<bor-info><z303><z303-id>LIB1</z303-id><z303-name>Doe, Jo</z303-name></z303></bor-info>`,
		"no name":            `<bor-info><z303><z303-id>` + number + `</z303-id></z303></bor-info>`,
		"not even an answer": ``,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := answering(t, func(w http.ResponseWriter, r *http.Request) {
					if r.FormValue("op") == "bor-info" {
						fmt.Fprint(w, answer)
						return
					}
					with(`<get-pat-cash><reply-code>0000</reply-code></get-pat-cash>`)(w, r)
				}, nil)
				if a := account(t, l, ils.Doubt{}); a.Initials != "·" {
					t.Errorf("initials %q", a.Initials)
				}
			})
		})
	}
}

func TestBlockIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := near(t, far(t, nil), nil)
		a, err := l.Account(t.Context(), ils.Patron{Card: "2110300778"}, ils.Doubt{})
		if err != nil || !a.Blocked || a.Initials != "JD" {
			t.Errorf("Account = %+v, %v", a, err)
		}
		if account(t, l, ils.Doubt{}).Blocked {
			t.Error("a patron without a block has one")
		}
	})
}

func TestAnswerToAnotherQuestionTellsNoID(t *testing.T) {
	for _, answer := range []string{
		`<bor-info><internal-id>LIB1</internal-id></bor-info>`, `<bor-by-key><internal-id>../../X</internal-id></bor-by-key>`,
		`<bor-by-key><internal-id>LIB1</internal-id><internal-id>LIB2</internal-id></bor-by-key>`, `<bor-by-key/>`, `<bor-by-key><internal-id/></bor-by-key>`,
	} {
		synctest.Test(t, func(t *testing.T) {
			l := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/X" {
					t.Errorf("%s is asked", r.URL.Path)
				}
				fmt.Fprint(w, answer)
			}, nil)
			_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
			if err == nil || ils.IsRefusedAccount(err) {
				t.Errorf("Account = %v", err)
			}
			_, err = l.Post(t.Context(), ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: card}, Fee: "USM50", Amount: money.Of(1, "EUR")})
			wantClass(t, "Post", err, device.ErrNotSent)
		})
	}
}

func TestPINThatCannotBeOneIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("op") == "bor-auth" {
				t.Errorf("the PIN %q is sent", r.FormValue("verification"))
			}
			with(`<get-pat-cash><reply-code>0000</reply-code></get-pat-cash>`)(w, r)
		}, func(c *aleph.Config) { c.AskPIN = true })
		for _, pin := range []string{"", strings.Repeat("1", 21), "47\n11", "47ä1"} {
			if _, err := l.Account(t.Context(), ils.Patron{Card: card, PIN: pin}, ils.Doubt{}); !errors.Is(err, ils.ErrPINNeeded) {
				t.Errorf("Account with %q = %v", pin, err)
			}
		}
	})
}

func TestPINThatCannotBeCheckedShowsNoAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("op") == "bor-auth" {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			with(`<get-pat-cash><reply-code>0000</reply-code></get-pat-cash>`)(w, r)
		}, func(c *aleph.Config) { c.AskPIN = true })
		a, err := l.Account(t.Context(), ils.Patron{Card: card, PIN: "4711"}, ils.Doubt{})
		if err == nil || ils.IsRefusedAccount(err) || a.Total.Currency != "" {
			t.Errorf("Account = %+v, %v", a, err)
		}
	})
}
