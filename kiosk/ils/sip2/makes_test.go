package sip2_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip/acs"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

func TestAnUnprovenProfileIsForATestSystemOnly(t *testing.T) {
	dial := client.Dial(func(context.Context) (net.Conn, error) { return nil, errors.New("no") })
	cfg := sip2.Config{Dial: dial, Profile: "aleph-tpl", Currency: "EUR"}
	if _, err := sip2.New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "for a test system only") {
		t.Errorf("New = %v", err)
	}
	if _, err := cfg.Connection(); err != nil {
		t.Errorf("nothing can be found out: Connection = %v", err)
	}
	cfg.TestSystem = true
	if _, err := sip2.New(cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("at a test system: New = %v", err)
	}
	if p := written(t, "aleph-tpl", func(p *sip2.Profile) { p.Unproven = false }); p != "" {
		cfg.Profile, cfg.TestSystem = p, false
		if _, err := sip2.New(cfg, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("the site's own: New = %v", err)
		}
	}
}

// written makes a site's own profile of a built-in one, as the commissioning tool does.
func written(t *testing.T, name string, change func(*sip2.Profile)) (path string) {
	t.Helper()
	p, err := sip2.FindProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	change(&p)
	text, err := p.TOML()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASitesOwnProfileIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := written(t, "generic", func(p *sip2.Profile) {
			p.Sends.PaymentType, p.Traits.Quiet = "07", 300*time.Second
			p.Sends.Extra = []sip2.Extra{{ID: "OR", Value: "desk-{reference}"}}
		})
		var line string
		s := far(t, acs.Generic, nil)
		l := near(t, s, acs.Generic, func(c *sip2.Config) {
			c.Profile = own
			c.Dial = func(ctx context.Context) (net.Conn, error) {
				conn, err := s.Dial(ctx)
				return overheard{conn, &line}, err
			}
		})
		if l.Traits().Quiet != 300*time.Second {
			t.Errorf("traits %+v", l.Traits())
		}
		_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Amount: money.Of(1550, "EUR"), PaidAt: time.Now()})
		if err != nil || !strings.HasPrefix(line[22:], "07EUR") || !strings.Contains(line, "|ORdesk-4821-1-01|AA20017|AY") {
			t.Errorf("Post = %v, sent %s", err, line)
		}
	})
}

// A profile may say that 97 is of no use. The default asks for the last answer.
func TestWithoutResendALostAnswerIsInDoubtAndTheAccountTells(t *testing.T) {
	for _, fault := range []acs.Fault{acs.Lost, acs.Garble} {
		for resend, want := range map[bool]error{true: nil, false: device.ErrDoubt} {
			synctest.Test(t, func(t *testing.T) {
				s := far(t, acs.Koha, nil)
				l := near(t, s, acs.Koha, func(c *sip2.Config) {
					c.Profile = written(t, "koha", func(p *sip2.Profile) { p.Traits.Resend = resend })
				})
				if err := s.Next(fault); err != nil {
					t.Fatal(err)
				}
				_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: "104", Amount: money.Of(1250, "EUR"), PaidAt: time.Now()})
				if device.Class(err) != want || slices.Contains(s.Requests(), "97") != resend {
					t.Errorf("%s, resend %v: Post = %v, requests %v", fault, resend, err, s.Requests())
				}
				if a, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{Since: time.Now()}); err != nil || a.Total.Minor != 300 {
					t.Errorf("%s, resend %v: Account = %v %v", fault, resend, a, err)
				}
			})
		}
	}
}

func TestTheLibrarysOwnNumberIsKeptWhereItGivesOne(t *testing.T) {
	for _, c := range []struct {
		name, profile, fee, number string
		mode                       acs.Mode
		own                        bool // the library system puts a number of its own into BK
	}{
		{"CARL.X", "carlx", "104", "R1", acs.CARLX, true},
		{"CARL.X with a profile that names no number", written(t, "carlx", func(p *sip2.Profile) { p.Reads.Number = "" }), "104", "", acs.CARLX, true},
		{"CARL.X before 9.6, which gives ours back", "carlx", "104", "", acs.CARLX, false},
		{"Koha", "koha", "104", "", acs.Koha, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			is, _ := acs.BehaviourOf(c.mode)
			is.OwnReference = c.own
			l := near(t, far(t, c.mode, func(cfg *acs.Config) { cfg.Behaviour = &is }), c.mode, func(cfg *sip2.Config) { cfg.Profile = c.profile })
			number, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: c.fee, Amount: money.Of(1250, "EUR"), PaidAt: time.Now()})
			if err != nil || number != c.number {
				t.Errorf("%s: Post = %q, %v, want the number %q", c.name, number, err, c.number)
			}
		})
	}
}

func TestANumberThatIsNoWordIsNotKept(t *testing.T) {
	for bk, want := range map[string]string{"R-77/4": "R-77/4", "": "", "two words": "", strings.Repeat("7", 33): "", "é7": ""} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, acs.CARLX, nil), acs.CARLX, func(c *sip2.Config) {
				c.Login, c.ErrorDetection = "", client.NoDetection
				c.Dial = says(map[string]string{"99": "98YNNNNN010003                  2.00AOCPL|BXYYYYYYYYYYYYYYYY|", "37": "38Y                  AOCPL|AA20017|BK" + bk + "|"})
			})
			number, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: "104", Amount: money.Of(1250, "EUR"), PaidAt: time.Now()})
			if err != nil || number != want {
				t.Errorf("%q: Post = %q, %v", bk, number, err)
			}
		})
	}
}

// says is a library system that has one answer to each message.
func says(answers map[string]string) client.Dial {
	return func(context.Context) (net.Conn, error) {
		kiosk, library := net.Pipe()
		go func() {
			var d wire.Decoder
			buffer := make([]byte, 512)
			for {
				n, err := library.Read(buffer)
				if err != nil {
					return
				}
				d.Feed(buffer[:n])
				for line, more, _ := d.Next(); more; line, more, _ = d.Next() {
					_, _ = library.Write([]byte(answers[string(line[:2])] + "\r")) // a kiosk that has gone reads nothing
				}
			}
		}()
		return kiosk, nil
	}
}

// The pair goes out in front of the patron, so that a message that was cut has none; there is no CG beside it.
func TestAlephsPairGoesOutInFrontOfThePatron(t *testing.T) {
	p := feePaid(t, acs.AlephTPL, "aleph-tpl", "EUR", time.Now())
	var ids []string
	for _, f := range p.Fields {
		ids = append(ids, f.ID+f.Value)
	}
	if got := strings.Join(ids, " "); got != "BV12.50 BK4821-000123-01 AOCPL AC AD BZ12.50 EK104 AA20017" {
		t.Errorf("fields %s", got)
	}
}

func TestAFeeWhoseIDWouldBreakTheMessageIsNotSent(t *testing.T) {
	own := written(t, "aleph-tpl", func(p *sip2.Profile) {
		p.Unproven = false
		p.Sends.Extra = []sip2.Extra{{ID: "EA", Value: "0{fee}{fee}"}}
	})
	for _, fee := range []string{"ZA", "AZ1", "1 2", "1|AA2", "", strings.Repeat("1", 41)} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, acs.AlephTPL, nil)
			l := near(t, s, acs.AlephTPL, func(c *sip2.Config) { c.Profile = own })
			_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Fee: fee, Amount: money.Of(1250, "EUR"), PaidAt: time.Now()})
			if device.Class(err) != device.ErrNotSent || slices.Contains(s.Requests(), "37") {
				t.Errorf("%q: Post = %v", fee, err)
			}
		})
	}
}

// Polaris has an FA and a PA of its own, Sierra a zone of its own; neither changes what is owed or known.
func TestPeculiaritiesOfAMakeChangeNoAccount(t *testing.T) {
	for _, mode := range []acs.Mode{acs.Polaris, acs.Sierra, acs.AlephStd} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, mode, nil), mode, nil)
			if err := l.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			a, err := l.Account(t.Context(), ils.Patron{Card: "20017"}, ils.Doubt{})
			if err != nil || a.Total.Minor != 1550 || len(a.Fees) != 0 {
				t.Errorf("%s: %v %v", mode, a, err)
			}
			if ahead, known := l.Clock(); !known || ahead.Abs() > time.Second {
				t.Errorf("%s: the clock is %v ahead, known %v", mode, ahead, known)
			}
		})
	}
}

func TestAlephWithoutItsExtensionsIsPaidInFullOrNotAtAll(t *testing.T) {
	for minor, want := range map[int64]error{1549: device.ErrRefused, 1550: nil, 1551: device.ErrRefused} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, acs.AlephStd, nil)
			l := near(t, s, acs.AlephStd, nil)
			_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-1-01", Patron: ils.Patron{Card: "20017"}, Amount: money.Of(minor, "EUR"), PaidAt: time.Now()})
			if device.Class(err) != want || (len(s.Books().Postings) == 1) != (want == nil) {
				t.Errorf("%d of 1550: Post = %v, booked %v", minor, err, s.Books().Postings)
			}
			if l.Traits().Partial || l.Traits().FeeIDs {
				t.Errorf("traits %+v", l.Traits())
			}
		})
	}
}
