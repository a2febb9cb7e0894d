package aleph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/ilstest"
	"selfpay/kiosk/ils/rest/resttest"
)

const (
	card   = "2110300777"
	number = "LIB000012345"
)

func far(t *testing.T, change func(*alephtest.Config)) *alephtest.System {
	t.Helper()
	cfg := alephtest.Config{
		Patrons: []resttest.Patron{
			{Card: card, Number: number, PIN: "4711", Name: "Anna Maria Müller", Fees: []resttest.Fee{
				{ID: "0000001", Branch: "USM50", Description: "Overdue fine", OutstandingMinor: 125000},
				{ID: "0000002", Branch: "USM50", Description: "Lost item", OutstandingMinor: 300},
				{ID: "0000003", Branch: "LAW50", Description: "New card", OutstandingMinor: 550}}},
			{Card: "2110300778", Number: "LIB000012346", PIN: "1234", Name: "Jo Doe", Blocked: true, Fees: []resttest.Fee{
				{ID: "0000001", Branch: "USM50", Description: "Overdue fine", OutstandingMinor: 500}}},
			{Card: "2110300779", Number: "LIB000012347", Name: "Nil Owing"},
		},
		Institutions: []alephtest.Institution{{Code: "USM50", Name: "Main Library"}, {Code: "LAW50", Name: "Law Library"}},
		XUser:        "KIOSK", XPassword: "x-secret word&",
	}
	if change != nil {
		change(&cfg)
	}
	s, err := alephtest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func config(t *testing.T, dial func(context.Context, string) (net.Conn, error)) aleph.Config {
	t.Helper()
	return aleph.Config{Base: address(t, "http://aleph.example.org:1892"), XServer: address(t, "http://aleph.example.org:8995"),
		Dial: dial, XUser: "KIOSK", XPassword: "x-secret word&", Library: "USM50", Currency: "EUR"}
}

func near(t *testing.T, s *alephtest.System, change func(*aleph.Config)) *aleph.Library {
	t.Helper()
	return library(t, config(t, s.Dial), change)
}

func library(t *testing.T, cfg aleph.Config, change func(*aleph.Config)) *aleph.Library {
	t.Helper()
	if change != nil {
		change(&cfg)
	}
	l, err := aleph.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// site is a profile of a site in testdata.
func site(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "site.toml"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func booked(s *alephtest.System, reference string) int {
	n := 0
	for _, p := range s.Books().Postings {
		if p.Reference == reference {
			n++
		}
	}
	return n
}

func TestContract(t *testing.T) {
	commas := func(c *alephtest.Config) { c.Mark, c.Grouping = ",", "." }
	readable := func(c *alephtest.Config) { c.ListClosed, c.NeedDeclaration = true, true }
	for _, c := range []struct {
		name string
		far  []func(*alephtest.Config)
		near func(*aleph.Config)
	}{
		{name: "pay-cash with points"},
		{name: "pay-cash with commas", far: []func(*alephtest.Config){commas}},
		{name: "pay-cash in the brief view", far: []func(*alephtest.Config){func(c *alephtest.Config) { c.Brief, c.Sums, c.Minus = true, true, true }}},
		{name: "a site that shows the reference, with points", far: []func(*alephtest.Config){readable}, near: func(c *aleph.Config) { c.Profile = site(t) }},
		{name: "a site that shows the reference, with commas", far: []func(*alephtest.Config){readable, commas}, near: func(c *aleph.Config) { c.Profile = site(t) }},
		{name: "a site with rows of payments", far: []func(*alephtest.Config){readable, func(c *alephtest.Config) { c.PaymentRows = true }},
			near: func(c *aleph.Config) { c.Profile = site(t) }},
		{name: "a kiosk that asks for the PIN", near: func(c *aleph.Config) { c.AskPIN = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ilstest.Run(t, func(t *testing.T) ilstest.Far {
				s := far(t, func(cfg *alephtest.Config) {
					for _, change := range c.far {
						change(cfg)
					}
				})
				l := near(t, s, c.near)
				f := ilstest.Far{
					Library: l,
					Patron:  ils.Patron{Card: card, PIN: "4711"},
					Unknown: ils.Patron{Card: "99999"},
					Fault: func(f ilstest.Fault) {
						if err := s.Next(string(f)); err != nil {
							t.Fatal(err)
						}
					},
					Cut:     s.Cut,
					Restore: s.Restore,
					Booked:  func(reference string) int { return booked(s, reference) },
					Waive:   func() { waive(t, s, "USM50") },
					Charge:  func(minor int64) { charge(t, s, "USM50", minor) },
				}
				if strings.Contains(c.name, "PIN") {
					f.WithPIN = ils.Patron{Card: "2110300778", PIN: "1234"}
				}
				return f
			})
		})
	}
}

func change(t *testing.T, s *alephtest.System, how func(*resttest.Patron)) {
	t.Helper()
	if err := s.Change(card, how); err != nil {
		t.Fatal(err)
	}
}

func waive(t *testing.T, s *alephtest.System, institution string) {
	t.Helper()
	change(t, s, func(p *resttest.Patron) {
		for i := range p.Fees {
			if p.Fees[i].Branch == institution {
				p.Fees[i].OutstandingMinor = 0
			}
		}
	})
}

func charge(t *testing.T, s *alephtest.System, institution string, minor int64) {
	t.Helper()
	change(t, s, func(p *resttest.Patron) {
		p.Fees = append(p.Fees, resttest.Fee{ID: fmt.Sprintf("%07d", len(p.Fees)+1), Branch: institution, Description: "New fine",
			AmountMinor: minor, OutstandingMinor: minor})
	})
}

// account reads the account of the patron that owes.
func account(t *testing.T, l *aleph.Library, after ils.Doubt) ils.Account {
	t.Helper()
	a, err := l.Account(t.Context(), ils.Patron{Card: card}, after)
	if err != nil {
		t.Fatalf("Account = %v", err)
	}
	return a
}

// legOf is a leg over all that an institution wants.
func legOf(t *testing.T, a ils.Account, institution string) ils.Leg {
	t.Helper()
	for _, f := range a.Fees {
		if f.ID == institution {
			return ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: card}, Fee: f.ID, Amount: f.Balance, PaidAt: time.Now()}
		}
	}
	t.Fatalf("nothing is owed at %s: %+v", institution, a.Fees)
	return ils.Leg{}
}

func post(t *testing.T, l *aleph.Library, leg ils.Leg) error {
	t.Helper()
	_, err := l.Post(t.Context(), leg)
	return err
}

func wantClass(t *testing.T, what string, err, want error) {
	t.Helper()
	if got := device.Class(err); !errors.Is(got, want) {
		t.Errorf("%s = %v, want class %v", what, err, want)
	}
}

func TestAddressThatIsNotLetInNeedsAttention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
		s.Bar(true)
		err := l.Ready(t.Context())
		wantClass(t, "Ready", err, device.ErrAttention)
		if !strings.Contains(err.Error(), "server_ip_allowed") {
			t.Errorf("the error does not name the lists: %v", err)
		}
		_, err = l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		wantClass(t, "Account", err, device.ErrAttention)
		wantClass(t, "Post", post(t, l, leg), device.ErrDoubt)
		leg.Patron.Card = "2110300778" // must be looked up first
		wantClass(t, "Post", post(t, l, leg), device.ErrNotSent)
		if len(s.Books().Postings) > 0 {
			t.Error("booked")
		}
	})
}

// TestEitherServerMayRefuseTheAddress: the lists are two, and each server has its own way to say no.
func TestEitherServerMayRefuseTheAddress(t *testing.T) {
	for _, path := range []string{"/X", "/rest-dlf/"} {
		synctest.Test(t, func(t *testing.T) {
			open, barred := far(t, nil), far(t, nil)
			barred.Bar(true)
			l := library(t, config(t, func(ctx context.Context, to string) (net.Conn, error) {
				if (to == "aleph.example.org:8995") == (path == "/X") {
					return barred.Dial(ctx, to)
				}
				return open.Dial(ctx, to)
			}), nil)
			wantClass(t, "Ready with "+path+" barred", l.Ready(t.Context()), device.ErrAttention)
		})
	}
}

func TestUserOfTheXServerThatIsWrongNeedsAttention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := near(t, far(t, nil), func(c *aleph.Config) { c.XPassword = "another" })
		wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
		_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		if err == nil || ils.IsRefusedAccount(err) {
			t.Errorf("Account = %v", err)
		}
	})
}

func TestSignInPageIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
		s.Portal(true)
		if err := l.Ready(t.Context()); err == nil {
			t.Error("Ready with a sign-in page")
		}
		_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		if err == nil || ils.IsRefusedAccount(err) {
			t.Errorf("Account = %v", err)
		}
		wantClass(t, "Post", post(t, l, leg), device.ErrDoubt)
	})
}

// answering is an Aleph that answers as said, with a route to it.
func answering(t *testing.T, handler http.HandlerFunc, change func(*aleph.Config)) *aleph.Library {
	t.Helper()
	server := resttest.NewServer(handler)
	t.Cleanup(func() { server.Close() })
	return library(t, config(t, server.Dial), change)
}

const key = `<bor-by-key><internal-id>` + number + `</internal-id><session-id>X</session-id></bor-by-key>`

// with answers the X-services well, and the RESTful API as said.
func with(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/X" {
			fmt.Fprint(w, key)
			return
		}
		fmt.Fprint(w, answer)
	}
}

// TestPaymentIsSentAsClientsSendIt: bytes as in two public clients, see testdata/pay-cash.http.
func TestClockIsLearnt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := near(t, far(t, nil), func(c *aleph.Config) { c.Now = func() time.Time { return time.Now().Add(-7 * time.Minute) } })
		if _, known := l.Clock(); known {
			t.Error("the clock is known before anything was asked")
		}
		if err := l.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ahead, known := l.Clock(); !known || ahead != 7*time.Minute {
			t.Errorf("the clock is ahead by %v, %v", ahead, known)
		}
	})
}

// TestSecretsAndCardsReachNoLogAndNoError: everything that can go wrong does, with questions by GET and by POST.
func TestSecretsAndCardsReachNoLogAndNoError(t *testing.T) {
	for _, profile := range []string{"", site(t)} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, nil)
			var out bytes.Buffer
			cfg := config(t, s.Dial)
			cfg.AskPIN, cfg.Profile, cfg.Answer = true, profile, 10*time.Second
			l, err := aleph.New(cfg, slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
			if err != nil {
				t.Fatal(err)
			}
			said := func(err error) {
				if err != nil {
					fmt.Fprintln(&out, err)
				}
			}
			everything := func() {
				said(l.Ready(t.Context()))
				for _, p := range []ils.Patron{{Card: card, PIN: "4711"}, {Card: card, PIN: "987654"}, {Card: "5550001", PIN: "987654"}} {
					_, err := l.Account(t.Context(), p, ils.Doubt{})
					said(err)
				}
				for range 2 {
					_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: card, PIN: "4711"}, Fee: "USM50", Amount: money.Of(125301, "EUR")})
					said(err)
				}
			}
			everything()
			for _, fault := range []string{"silent", "drop", "foreign", "error", "redirect", "refuse", "hold"} {
				if err := s.Next(fault); err != nil {
					t.Fatal(err)
				}
				everything()
			}
			s.Portal(true)
			everything()
			s.Portal(false)
			s.Bar(true)
			everything()
			s.Cut()
			everything()
			for _, secret := range []string{card, "5550001", "987654", "4711", number, "x-secret", "KIOSK", "Müller"} {
				if strings.Contains(out.String(), secret) {
					t.Errorf("%q is told:\n%s", secret, out.String())
				}
			}
		})
	}
}

func TestXServerIsAskedByPostWhereTheProfileSaysSo(t *testing.T) {
	for profile, method := range map[string]string{"": http.MethodGet, site(t): http.MethodPost} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			seen := map[string]bool{}
			l := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/X" {
					mu.Lock()
					seen[r.Method] = true
					mu.Unlock()
					if r.FormValue("user_password") != "x-secret word&" || r.FormValue("library") != "USM50" {
						t.Errorf("asked %v", r.Form)
					}
					if method == http.MethodPost && r.URL.RawQuery != "" {
						t.Errorf("the address holds %s", r.URL.RawQuery)
					}
					if method == http.MethodGet && !strings.Contains(r.URL.RawQuery, "x-secret%20word%26") {
						t.Errorf("a blank is not written as every server reads it: %s", r.URL.RawQuery)
					}
				}
				with(`<get-pat-cash><reply-code>0000</reply-code></get-pat-cash>`)(w, r)
			}, func(c *aleph.Config) { c.Profile = profile })
			account(t, l, ils.Doubt{})
			if len(seen) != 1 || !seen[method] {
				t.Errorf("asked by %v, want %s", seen, method)
			}
		})
	}
}

func TestSignInPageBeforeTheRestServerIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/X" {
				fmt.Fprint(w, "<bor-by-key><error>Bor_Id must be filled</error></bor-by-key>")
				return
			}
			resttest.SignIn(w)
		}, nil)
		if err := l.Ready(t.Context()); err == nil || errors.Is(err, device.ErrAttention) {
			t.Errorf("Ready = %v", err)
		}
	})
}

func TestMistakesOfConfigurationAreSaid(t *testing.T) {
	for want, how := range map[string]func(*aleph.Config){
		"address":     func(c *aleph.Config) { c.Base = nil },
		"x_server":    func(c *aleph.Config) { c.XServer = address(t, "tcp://aleph:8995") },
		"take the":    func(c *aleph.Config) { c.XServer = address(t, "http://a:b@aleph:8995") },
		"currency":    func(c *aleph.Config) { c.Currency = "" },
		"thousandths": func(c *aleph.Config) { c.Currency = "KWD" },
		"institution": func(c *aleph.Config) { c.Institutions = []string{"USM50", "U&M"} },
		"x_password":  func(c *aleph.Config) { c.XUser = "" },
		"profile":     func(c *aleph.Config) { c.Profile = "koha" },
		"none of":     func(c *aleph.Config) { c.Profile = "../pay-cash" },
	} {
		cfg := config(t, nil)
		how(&cfg)
		if _, err := aleph.New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want something about %s", err, want)
		}
	}
	if _, err := aleph.New(config(t, nil), slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("New = %v", err)
	}
}

func TestProfilesThatThisRouteCannotKeepAreRefused(t *testing.T) {
	good, err := os.ReadFile(site(t))
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		"fee_ids = true":           "fee_ids = false",
		"resend = false":           "resend = true",
		"reference_echoed = false": "reference_echoed = true",
		`quiet = "120s"`:           `quiet = "120ms"`,
		`content_type = ""`:        `content_type = "text/xml\r\nX: y"`,
		"x_post = true":            "x_post = true\nunknown = 1",
	} {
		path := filepath.Join(t.TempDir(), "site.toml")
		if err := os.WriteFile(path, []byte(strings.Replace(string(good), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := aleph.FindProfile(path); err == nil {
			t.Errorf("%s is taken", to)
		}
	}
	for _, name := range aleph.Profiles() {
		p, err := aleph.FindProfile(name)
		if err != nil {
			t.Error(err)
		}
		if tr := p.Traits; tr.Partial || tr.OverpaymentRefused || tr.ReferenceReadable || tr.Quiet != 120*time.Second {
			t.Errorf("%s claims what nobody has proved: %+v", name, tr)
		}
	}
}

// certificate is a self-signed one for a host, with the file in which its authority is.
