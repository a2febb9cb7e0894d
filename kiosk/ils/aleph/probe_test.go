package aleph_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/probe"
)

// visit is one run of the probe, with staff who charge the test patron anew before each step that costs something.
type visit struct {
	s       *alephtest.System
	refused string // the step that the installer does not agree to
	idle    bool   // staff do not charge
	before  map[string]func()
	text    string // the profile
	said    string // all that was said
	marks   map[string]probe.Mark
}

func (v *visit) run(t *testing.T, change func(*aleph.Config)) {
	t.Helper()
	cfg := config(t, v.s.Dial)
	if change != nil {
		change(&cfg)
	}
	p, err := aleph.NewProbe(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	v.marks = map[string]probe.Mark{}
	results, _ := probe.Run(t.Context(), p, ils.Patron{Card: card, PIN: "4711"}, probe.Person{
		Agree: func(s probe.Step) bool {
			if !strings.Contains(s.Costs, "no call of Aleph's takes it back") {
				t.Errorf("%s does not say that nothing can be taken back: %s", s.Name, s.Costs)
			}
			if !v.idle {
				charge(t, v.s, "USM50", 250)
			}
			if do := v.before[s.Name]; do != nil {
				do()
			}
			return s.Name != v.refused
		},
		Saw: func(probe.Result) {},
	})
	for _, r := range results {
		v.marks[r.Name] = r.Mark
	}
	v.said = probe.Report("Aleph", results)
	if v.text, err = p.Profile(); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{card, number, "4711", "x-secret", "Müller"} {
		if strings.Contains(v.said+v.text, secret) {
			t.Errorf("%q is told:\n%s", secret, v.said)
		}
	}
}

// profile reads the profile that the probe wrote, as the kiosk will.
func (v *visit) profile(t *testing.T) (aleph.Profile, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(path, []byte(v.text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := aleph.FindProfile(path)
	if err != nil {
		t.Fatalf("%v in\n%s", err, v.text)
	}
	return p, path
}

func (v *visit) want(t *testing.T, marks map[string]probe.Mark, words ...string) {
	t.Helper()
	for name, mark := range marks {
		if v.marks[name] != mark {
			t.Errorf("%s is %q, want %q:\n%s", name, v.marks[name], mark, v.said)
		}
	}
	for _, w := range words {
		if !strings.Contains(v.said, w) {
			t.Errorf("nothing is said of %q:\n%s", w, v.said)
		}
	}
}

var allGood = map[string]probe.Mark{"rest": probe.Good, "x-server": probe.Good, "card": probe.Good, "cash list": probe.Good, "pay": probe.Good,
	"reference": probe.Good, "part": probe.Good, "too much": probe.Good, "cut": probe.Good}

func TestProbeOfAnAlephThatShowsAndRefusesWhatItShould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := visit{s: far(t, func(c *alephtest.Config) { c.ListClosed = true })}
		v.run(t, nil)
		v.want(t, allGood, "USM50, LAW50", "(9.99)", "z31-payment-identifier", "less is refused", "more is refused", "after 5s at the latest", "by POST too")
		p, path := v.profile(t)
		if tr := p.Traits; !tr.ReferenceReadable || !tr.OverpaymentRefused || tr.Partial || !tr.FeeIDs || tr.Quiet != 120*time.Second || !p.XPost || p.Declaration {
			t.Errorf("the profile is %+v", p)
		}
		l := near(t, v.s, func(c *aleph.Config) { c.Profile = path })
		if err := post(t, l, legOf(t, account(t, l, ils.Doubt{}), "LAW50")); err != nil {
			t.Errorf("the profile does not work: %v", err)
		}
	})
}

func TestProbeOfAnAlephThatTakesEverythingAndShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := visit{s: far(t, func(c *alephtest.Config) {
			c.Over, c.Partial, c.Hidden, c.GetOnly, c.Mark, c.Grouping = alephtest.Credited, true, true, true, ",", "."
			c.NeedContentType, c.NeedDeclaration = "text/xml", true
		})}
		v.run(t, nil)
		v.want(t, map[string]probe.Mark{"x-server": probe.Careful, "pay": probe.Good, "reference": probe.Careful, "part": probe.Good, "too much": probe.Careful},
			"GET only", "as text/xml, with an XML declaration", "nowhere", "9 999,99 (thousands apart)", "one repeat at most")
		p, path := v.profile(t)
		if tr := p.Traits; tr.ReferenceReadable || tr.OverpaymentRefused || !tr.Partial || p.XPost || p.ContentType != "text/xml" || !p.Declaration {
			t.Errorf("the profile is %+v", p)
		}
		near(t, v.s, func(c *aleph.Config) { c.Profile = path })
	})
}

func TestProbeFindsWhereTheReferenceIs(t *testing.T) {
	for name, c := range map[string]struct {
		how      func(*alephtest.Config)
		mark     probe.Mark
		said     string
		readable bool
	}{
		"closed charges":  {func(c *alephtest.Config) { c.ListClosed = true }, probe.Good, "z31-payment-identifier", true},
		"a payment's row": {func(c *alephtest.Config) { c.PaymentRows = true }, probe.Good, "z31-payment-identifier", true},
		"over another sum": {func(c *alephtest.Config) {
			c.ListClosed, c.Patrons[0].Fees[0].AmountMinor = true, 200000 // paid in part before, and the sum stays
		}, probe.Careful, "not over what was paid", false},
		"cut short":         {func(c *alephtest.Config) { c.ListClosed, c.Cut = true, 12 }, probe.Careful, "cut to 12 characters", false},
		"out of the list":   {func(c *alephtest.Config) {}, probe.Careful, "nowhere", false},
		"hidden but listed": {func(c *alephtest.Config) { c.ListClosed, c.Hidden = true, true }, probe.Careful, "closed rows: 3", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := visit{s: far(t, c.how)}
				v.run(t, nil)
				v.want(t, map[string]probe.Mark{"reference": c.mark}, c.said)
				if p, _ := v.profile(t); p.Traits.ReferenceReadable != c.readable {
					t.Errorf("reference_readable is %v", p.Traits.ReferenceReadable)
				}
			})
		})
	}
}

func TestProbeClaimsNothingThatTheProfileBeforeItClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := visit{refused: "pay", s: far(t, nil)}
		v.run(t, func(c *aleph.Config) { c.Profile = site(t) })
		if p, _ := v.profile(t); p.Traits.ReferenceReadable || p.Traits.OverpaymentRefused || p.Traits.Partial {
			t.Errorf("the profile claims %+v", p.Traits)
		}
	})
}

func TestProbeSeesAnAccountThatMovesAfterARefusal(t *testing.T) {
	for _, step := range []string{"part", "too much"} {
		synctest.Test(t, func(t *testing.T) {
			v := visit{s: far(t, nil)}
			v.before = map[string]func(){step: func() {
				if err := v.s.Next("late"); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Second, func() { charge(t, v.s, "USM50", 200) })
			}}
			v.run(t, nil)
			if m := v.marks[step]; m != probe.Bad && m != probe.Failed {
				t.Errorf("%s is %s:\n%s", step, m, v.said)
			}
			if p, _ := v.profile(t); step == "too much" && p.Traits.OverpaymentRefused {
				t.Error("the profile claims that more is refused")
			}
		})
	}
}

func TestProbeEndsWhereNoPaymentCanWork(t *testing.T) {
	for name, c := range map[string]struct {
		far  func(*alephtest.Config)
		do   func(*alephtest.System)
		near func(*aleph.Config)
		last string
		said string
	}{
		"refused address": {do: func(s *alephtest.System) { s.Bar(true) }, last: "rest", said: "server_ip_allowed"},
		"sign-in page":    {do: func(s *alephtest.System) { s.Portal(true) }, last: "rest", said: "sign-in page"},
		"another path":    {near: func(c *aleph.Config) { c.Base = c.Base.JoinPath("dlf") }, last: "rest", said: "status 404"},
		"another user":    {near: func(c *aleph.Config) { c.XPassword = "x" }, last: "x-server", said: "x_user"},
		"unknown card":    {far: func(c *alephtest.Config) { c.Patrons = c.Patrons[1:] }, last: "card", said: "does not know the card"},
		"wrong PIN": {far: func(c *alephtest.Config) { c.Patrons[0].PIN = "1" }, near: func(c *aleph.Config) { c.AskPIN = true }, last: "card",
			said: "PIN is missing or wrong"},
		"nothing owed": {far: func(c *alephtest.Config) { c.Patrons[0].Fees = nil }, last: "cash list", said: "owes nothing"},
		"a credit": {far: func(c *alephtest.Config) {
			c.Extra = []alephtest.Extra{{Card: card, Institution: "USM50", Kind: alephtest.Credit, AmountMinor: 5}}
		}, last: "cash list", said: "credit"},
		"no codes": {far: func(c *alephtest.Config) { c.Nameless = true }, last: "cash list", said: "no code"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := visit{s: far(t, c.far)}
				if c.do != nil {
					c.do(v.s)
				}
				v.run(t, c.near)
				v.want(t, map[string]probe.Mark{c.last: probe.Bad, "pay": ""}, c.said)
				if len(v.s.Books().Postings) > 0 {
					t.Error("something was paid")
				}
				if p, _ := v.profile(t); p.Traits.ReferenceReadable || p.Traits.OverpaymentRefused || p.Traits.Partial {
					t.Errorf("the profile claims %+v", p.Traits)
				}
			})
		})
	}
}

func TestProbePaysNothingWithoutAYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := visit{s: far(t, nil), refused: "pay"}
		v.run(t, nil)
		v.want(t, map[string]probe.Mark{"pay": probe.Skipped, "reference": probe.Skipped, "part": probe.Skipped, "too much": probe.Skipped, "cut": probe.Skipped})
		if len(v.s.Books().Postings) > 0 {
			t.Error("something was paid")
		}
	})
}

func TestProbeThatFindsNothingOpenSkips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := visit{idle: true, s: far(t, func(c *alephtest.Config) { c.Patrons[0].Fees = c.Patrons[0].Fees[2:] })}
		v.run(t, nil)
		v.want(t, map[string]probe.Mark{"pay": probe.Good, "part": probe.Skipped, "too much": probe.Skipped, "cut": probe.Skipped}, "charge the test patron again")
	})
}

func TestProbeOfAPaymentThatIsCutOff(t *testing.T) {
	for fault, said := range map[string]string{"silent": "not carried out", "apply-silent": "after 5s at the latest", "apply-late": "quiet time is set to 3m"} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := visit{s: far(t, nil)}
				v.before = map[string]func(){"cut": func() {
					if err := v.s.Next(fault); err != nil {
						t.Fatal(err)
					}
				}}
				v.run(t, nil)
				v.want(t, nil, said)
				v.profile(t)
			})
		})
	}
}

// TestProbeStopsAtAPaymentWithoutAClearAnswer: what may be booked is not tried again in another form.
func TestProbeStopsAtAPaymentWithoutAClearAnswer(t *testing.T) {
	for _, fault := range []string{"silent", "drop", "error", "redirect", "foreign", "booked-no"} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := visit{s: far(t, nil)}
				v.before = map[string]func(){"pay": func() {
					if err := v.s.Next(fault); err != nil {
						t.Fatal(err)
					}
				}}
				v.run(t, nil)
				v.want(t, map[string]probe.Mark{"pay": probe.Failed, "part": probe.Skipped, "too much": probe.Skipped, "cut": probe.Skipped}, "look at")
				if n := len(v.s.Books().Postings); n > 1 {
					t.Errorf("paid %d times", n)
				}
			})
		})
	}
}

// TestProbeSeesThatAYesDidNotCloseTheCharges: into such an account nothing may be paid.
func TestProbeSeesThatAYesDidNotCloseTheCharges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := visit{s: far(t, func(c *alephtest.Config) { c.Partial = true })}
		v.before = map[string]func(){"pay": func() {
			if err := v.s.Next("late"); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(time.Second, func() { charge(t, v.s, "USM50", 200) })
		}}
		v.run(t, nil)
		v.want(t, map[string]probe.Mark{"pay": probe.Bad, "part": probe.Skipped, "too much": probe.Skipped, "cut": probe.Skipped})
	})
}
