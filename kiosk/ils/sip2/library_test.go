package sip2_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/ilstest"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip/acs"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

func far(t *testing.T, mode acs.Mode, change func(*acs.Config)) *acs.System {
	t.Helper()
	cfg := acs.Config{Mode: mode, Institution: "CPL", Currency: "EUR", Decimals: 2, Login: "kiosk01", Password: "secret-word",
		Patrons: []acs.Patron{
			{Card: "20017", Name: "Müller, Anna Maria", Fees: []acs.Fee{
				{ID: "104", Kind: "Lost Item", Description: "The Hobbit", OutstandingMinor: 1250},
				{ID: "105", Kind: "Overdue", Description: "Dune", OutstandingMinor: 300}}},
			{Card: "20018", PIN: "4711", Name: "Jo Doe", Blocked: true, Fees: []acs.Fee{{ID: "106", Description: "Card", OutstandingMinor: 500}}},
			{Card: "20019", Name: "Nil Owing"},
		}}
	if change != nil {
		change(&cfg)
	}
	s, err := acs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func near(t *testing.T, s *acs.System, mode acs.Mode, change func(*sip2.Config)) *sip2.Library {
	t.Helper()
	cfg := sip2.Config{Dial: s.Dial, Login: "kiosk01", Password: "secret-word", Profile: string(mode), Currency: "EUR"}
	if change != nil {
		change(&cfg)
	}
	l, err := sip2.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// named gives all fees ids in the form that FOLIO has.
func named(c *acs.Config) {
	for _, p := range c.Patrons {
		for i := range p.Fees {
			p.Fees[i].ID = "0bab56e5-1ab6-4ac2-afdf-000000000" + p.Fees[i].ID
		}
	}
}

// library is one make of library system, or one way in which it is set up.
type library struct {
	name, profile string
	mode          acs.Mode
	fees          acs.FeeForm // empty: the mode's
	change        func(*acs.Config)
	kiosk         func(*sip2.Config)
}

// libraries are the makes of library systems with the profile for each.
var libraries = []library{
	{name: "koha", profile: "koha", mode: acs.Koha},
	{name: "koha at prompts", profile: "koha", mode: acs.Koha, change: func(c *acs.Config) { c.Telnet = true },
		kiosk: func(c *sip2.Config) { c.Telnet, c.KeepAlive = true, 5*time.Minute }},
	{name: "generic", profile: "generic", mode: acs.Generic},
	{name: "evergreen 3m", profile: "evergreen", mode: acs.Evergreen, fees: acs.Fees3M},
	{name: "evergreen swyer_a", profile: "evergreen", mode: acs.Evergreen, fees: acs.FeesSwyerA},
	{name: "evergreen swyer_b", profile: "evergreen", mode: acs.Evergreen, fees: acs.FeesSwyerB},
	{name: "evergreen eg_legacy", profile: "evergreen-legacy", mode: acs.Evergreen, fees: acs.FeesEGLegacy},
	{name: "evergreen without echo", profile: "evergreen", mode: acs.Evergreen, change: func(c *acs.Config) { c.NoEcho = true }},
	{name: "folio", profile: "folio", mode: acs.FOLIO, change: named},
	{name: "folio with error detection", profile: "folio", mode: acs.FOLIO, change: func(c *acs.Config) { named(c); c.NeedAZ = true }},
	{name: "carlx", profile: "carlx", mode: acs.CARLX, change: func(c *acs.Config) { c.Patrons[0].Fees[0].ID = "#1700000000104" }}, // a manual fee
	{name: "carlx before 9.6", profile: "carlx", mode: acs.CARLX, change: func(c *acs.Config) { c.Behaviour.OwnReference = false }},
	{name: "aleph-std", profile: "aleph-std", mode: acs.AlephStd},
	{name: "aleph-std without echo", profile: "aleph-std", mode: acs.AlephStd, change: func(c *acs.Config) { c.NoEcho = true }},
	{name: "aleph-tpl", profile: "aleph-tpl", mode: acs.AlephTPL, kiosk: func(c *sip2.Config) { c.TestSystem = true }},
	{name: "polaris", profile: "polaris", mode: acs.Polaris},
	{name: "sierra", profile: "sierra", mode: acs.Sierra},
	{name: "symphony", profile: "symphony", mode: acs.Generic},
	{name: "alma", profile: "alma", mode: acs.Generic},
	{name: "alma without echo", profile: "alma", mode: acs.Generic, change: func(c *acs.Config) { c.NoEcho = true }},
	{name: "totals only", profile: "generic", mode: acs.Totals},
	{name: "LF late", profile: "generic", mode: acs.LF},
	{name: "split segments", profile: "generic", mode: acs.Split},
	{name: "joined segments", profile: "generic", mode: acs.Joined},
	{name: "idle close", profile: "generic", mode: acs.IdleClose},
}

func TestEveryProfileIsHeldToTheContract(t *testing.T) {
	for _, name := range sip2.Profiles() {
		if !slices.ContainsFunc(libraries, func(l library) bool { return l.profile == name }) {
			t.Errorf("no library system is listed for the profile %s", name)
		}
	}
}

func TestContract(t *testing.T) {
	for _, c := range libraries {
		t.Run(c.name, func(t *testing.T) {
			change := func(cfg *acs.Config) {
				is, _ := acs.BehaviourOf(c.mode)
				if c.fees != "" {
					is.Fees = c.fees
				}
				cfg.Behaviour = &is
				if c.change != nil {
					c.change(cfg)
				}
			}
			ilstest.Run(t, func(t *testing.T) ilstest.Far {
				s := far(t, c.mode, change)
				deaf := far(t, c.mode, func(cfg *acs.Config) { change(cfg); cfg.Password = "another" })
				now := s
				l := near(t, s, c.mode, func(cfg *sip2.Config) {
					cfg.Profile = c.profile
					if c.kiosk != nil {
						c.kiosk(cfg)
					}
					cfg.Dial = func(ctx context.Context) (net.Conn, error) { return now.Dial(ctx) }
				})
				return ilstest.Far{
					Library: l,
					Patron:  ils.Patron{Card: "20017"},
					WithPIN: ils.Patron{Card: "20018", PIN: "4711"},
					Unknown: ils.Patron{Card: "99999"},
					Fault: func(f ilstest.Fault) {
						if err := s.Next(acs.Fault(f)); err != nil {
							t.Fatal(err)
						}
					},
					Cut:     s.Cut,
					Restore: s.Restore,
					Booked: func(reference string) int {
						n := 0
						for _, p := range s.Books().Postings {
							if p.Reference == reference {
								n++
							}
						}
						return n
					},
					Deaf: func() { now = deaf },
					Waive: func() {
						if err := s.SetOutstanding("20017", s.Books().Patrons[0].Fees[0].ID, 0); err != nil {
							t.Error(err)
						}
					},
					Charge: func(minor int64) {
						if err := s.AddFee("20017", acs.Fee{ID: "199", Description: "Another", OutstandingMinor: minor}); err != nil {
							t.Error(err)
						}
					},
				}
			})
		})
	}
}

func TestAYesThatBookedLessIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is, _ := acs.BehaviourOf(acs.FOLIO)
		is.Over = acs.Capped
		s := far(t, acs.FOLIO, func(c *acs.Config) { named(c); c.Behaviour = &is })
		l := near(t, s, acs.FOLIO, nil)
		for minor, want := range map[int64]error{1251: device.ErrDoubt, 300: nil} {
			fee := map[int64]string{1251: "104", 300: "105"}[minor]
			_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: "0bab56e5-1ab6-4ac2-afdf-000000000" + fee,
				Amount: money.Of(minor, "EUR"), PaidAt: time.Now()})
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("Post of %d = %v, want %v", minor, err, want)
			}
		}
	})
}

func TestWhatAPersonMustMendCallsStaff(t *testing.T) {
	for name, c := range map[string]struct {
		library func(*acs.Config)
		kiosk   func(*sip2.Config)
	}{
		"certificates that are not there":    {kiosk: func(c *sip2.Config) { c.TLS = &client.TLS{CAFile: "/nowhere/ca.pem"} }},
		"another character set":              {library: func(c *acs.Config) { c.Institution, c.Format.Charset = "Bücherei", wire.Latin1 }},
		"no Patron Information for this one": {library: func(c *acs.Config) { c.Messages = "YYYYYYYNYYYYYYYY" }},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, acs.Koha, c.library), acs.Koha, c.kiosk)
			if _, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{}); !errors.Is(err, device.ErrAttention) || ils.IsRefusedAccount(err) {
				t.Errorf("%s: Account = %v", name, err)
			}
		})
	}
}

func TestALegThatFOLIOWouldPayInBulkIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, acs.FOLIO, named)
		l := near(t, s, acs.FOLIO, nil)
		_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: "104", Amount: money.Of(100, "EUR"), PaidAt: time.Now()})
		if !errors.Is(err, device.ErrNotSent) || len(s.Books().Postings) != 0 {
			t.Errorf("Post = %v, booked %v", err, s.Books().Postings)
		}
	})
}

func TestAnOverpaidFeeAtEvergreenIsInDoubtAndBooksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, acs.Evergreen, nil)
		l := near(t, s, acs.Evergreen, nil)
		_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: "104", Amount: money.Of(1251, "EUR"), PaidAt: time.Now()})
		if !errors.Is(err, device.ErrDoubt) || len(s.Books().Postings) != 0 {
			t.Errorf("Post = %v, booked %v", err, s.Books().Postings)
		}
	})
}

func TestEdgeSIP2sFailuresAreDoubtOrARefusalToBeChecked(t *testing.T) {
	for fault, want := range map[acs.Fault]error{acs.PlainText: device.ErrDoubt, acs.BookedNo: device.ErrRefused} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, acs.FOLIO, named)
			l := near(t, s, acs.FOLIO, nil)
			before, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Next(fault); err != nil {
				t.Fatal(err)
			}
			fee := before.Fees[0]
			_, err = l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: fee.ID, Amount: fee.Balance, PaidAt: time.Now()})
			after, readErr := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{Since: time.Now()})
			if !errors.Is(err, want) || readErr != nil || after.Total.Minor != before.Total.Minor-fee.Balance.Minor {
				t.Errorf("%s: Post = %v, then %v %v: the account shows what happened", fault, err, after.Total, readErr)
			}
		})
	}
}

func TestPINGoesWithFeePaidOnlyWhereTheLibraryWantsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, acs.Koha, func(c *acs.Config) { c.NeedPIN = true })
		who := ils.Patron{Card: "20018", PIN: "4711"}
		pay := func(wanted bool, reference string) error {
			l := near(t, s, acs.Koha, func(c *sip2.Config) { c.PINInFeePaid = wanted })
			defer l.Close()
			if l.Traits().PINInFeePaid != wanted {
				t.Errorf("traits %+v", l.Traits())
			}
			_, err := l.Post(t.Context(), ils.Leg{Reference: reference, Patron: who, Fee: "106", Amount: money.Of(500, "EUR"), PaidAt: time.Now()})
			return err
		}
		if err := pay(false, "4821-000123-01"); !errors.Is(err, device.ErrRefused) {
			t.Errorf("without the PIN: %v, want refused", err)
		}
		if err := pay(true, "4821-000124-01"); err != nil {
			t.Errorf("with the PIN: %v", err)
		}
		if n := len(s.Books().Postings); n != 1 {
			t.Errorf("%d postings", n)
		}
	})
}

func TestKohaFeesAreReadExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := near(t, far(t, acs.Koha, nil), acs.Koha, nil)
		a, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(a); got != "{AMM false [{104 Lost Item The Hobbit 12.50 EUR} {105 Overdue Dune 3.00 EUR}] 15.50 EUR 5.00 EUR  <nil>}" {
			t.Errorf("account %s", got)
		}
		if a, err = l.Account(t.Context(), ils.Patron{Card: "20019"}, ils.Doubt{}); err != nil || a.Total.Minor != 0 || len(a.Fees) != 0 {
			t.Errorf("a patron who owes nothing: %v %v", a, err)
		}
		if a, err = l.Account(t.Context(), ils.Patron{Card: "20018", PIN: "4711"}, ils.Doubt{}); err != nil || !a.Blocked {
			t.Errorf("a blocked patron: %v %v", a, err)
		}
	})
}

func TestReadySaysWhyStaffMustAct(t *testing.T) {
	for _, c := range []struct {
		name    string
		library func(*acs.Config)
		kiosk   func(*sip2.Config)
		want    error
		text    string
	}{
		{name: "well"},
		{name: "Fee Paid supported", library: func(c *acs.Config) { c.Messages = "NNNNNNNNNY" }},
		{name: "Fee Paid not said", library: func(c *acs.Config) { c.Messages = "YYYY" }},
		{name: "Fee Paid not supported", library: func(c *acs.Config) { c.Messages = "YYYYYYYYYN" }, want: device.ErrAttention, text: "does not offer Fee Paid"},
		{name: "off line", library: func(c *acs.Config) { c.OffLine = true }, want: device.ErrAttention, text: "off line"},
		{name: "login refused", kiosk: func(c *sip2.Config) { c.Password = "wrong" }, want: device.ErrAttention, text: "library login refused"},
		{name: "not reached", kiosk: func(c *sip2.Config) {
			c.Dial = func(context.Context) (net.Conn, error) { return nil, errors.New("no route") }
		}, want: device.ErrNotSent, text: "no route"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := near(t, far(t, acs.Koha, c.library), acs.Koha, c.kiosk).Ready(t.Context())
				if device.Class(err) != c.want {
					t.Errorf("Ready = %v, want %v", err, c.want)
				}
				if err != nil && !strings.Contains(err.Error(), c.text) {
					t.Errorf("Ready = %v does not say %q", err, c.text)
				}
			})
		})
	}
}

func TestAnAnswerLostOnTheWayIsFetchedAgain(t *testing.T) {
	for _, fault := range []acs.Fault{acs.Lost, acs.Garble, acs.Again, acs.Late} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, acs.Koha, nil)
			l := near(t, s, acs.Koha, nil)
			if err := s.Next(fault); err != nil {
				t.Fatal(err)
			}
			a, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: "104", Amount: a.Fees[0].Balance, PaidAt: time.Now()})
			if n := len(s.Books().Postings); err != nil || n != 1 {
				t.Errorf("%s: Post = %v, booked %d times", fault, err, n)
			}
		})
	}
}

func TestAfterDoubtTheAccountIsReadOnANewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, acs.Koha, nil)
		dials := 0
		l := near(t, s, acs.Koha, func(c *sip2.Config) {
			c.Dial = func(ctx context.Context) (net.Conn, error) { dials++; return s.Dial(ctx) }
		})
		for i, since := range []time.Time{{}, time.Now().Add(-time.Hour), time.Now(), {}} {
			if _, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{Since: since}); err != nil {
				t.Fatal(err)
			}
			if want := []int{1, 1, 2, 2}[i]; dials != want {
				t.Errorf("reading %d: %d connections, want %d", i, dials, want)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestHeldAccountCanBeReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, acs.Koha, nil)
		l := near(t, s, acs.Koha, nil)
		if err := s.Next(acs.Hold); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{})
			done <- err
		}()
		if err := s.WaitHolding(t.Context()); err != nil || !s.Holding() {
			t.Fatal(err)
		}
		s.Release()
		if err := <-done; err != nil || s.Holding() {
			t.Errorf("Account = %v", err)
		}
	})
}

func TestAnAccountOfAnotherPatronIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := near(t, far(t, acs.Koha, nil), acs.Koha, func(c *sip2.Config) {
			c.Login = ""
			c.Dial = func(context.Context) (net.Conn, error) {
				kiosk, library := net.Pipe()
				go func() {
					lines := bufio.NewReader(library)
					for _, answer := range []string{"98YNNNNN010003                  2.00AOCPL|BXYYYYYYYYYY|",
						"64              001                  000000000000000000000000AA20018|AEJo|BLY|BV0|"} {
						if _, err := lines.ReadString('\r'); err != nil {
							return
						}
						_, _ = library.Write([]byte(answer + "\r")) // a kiosk that has gone reads nothing
					}
				}()
				return kiosk, nil
			}
		})
		if a, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{}); err == nil || ils.IsRefusedAccount(err) || strings.Contains(err.Error(), "2001") {
			t.Errorf("Account = %v %v", a, err)
		}
	})
}

func TestConfigurationMistakesAreSaid(t *testing.T) {
	dial := client.Dial(func(context.Context) (net.Conn, error) { return nil, errors.New("no") })
	for text, cfg := range map[string]sip2.Config{
		"profile":  {Dial: dial, Profile: "kohl", Currency: "EUR"},
		"currency": {Dial: dial, Profile: "koha", Currency: "EURO"},
		"reach":    {Profile: "koha", Currency: "EUR"},
	} {
		if _, err := sip2.New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("New = %v, want a word on %s", err, text)
		}
	}
}
