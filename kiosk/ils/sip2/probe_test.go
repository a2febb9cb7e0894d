package sip2_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/probe"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip/acs"
)

// probed is what a probe found at a library system: marks by name, and the profile as it reads again.
func probed(t *testing.T, mode acs.Mode, profile string, change func(*acs.Config), agree bool) (marks map[string]probe.Mark, said map[string]string, found sip2.Profile) {
	t.Helper()
	marks, said = map[string]probe.Mark{}, map[string]string{}
	synctest.Test(t, func(t *testing.T) {
		s := far(t, mode, change)
		p, err := sip2.NewProbe(sip2.Config{Dial: s.Dial, Login: "kiosk01", Password: "secret-word", Profile: profile, Currency: "EUR"}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		results, complete := probe.Run(t.Context(), p, ils.Patron{Card: "20017"}, probe.Person{Agree: func(probe.Step) bool { return agree }, Saw: func(probe.Result) {}})
		for _, r := range results {
			marks[r.Name], said[r.Name] = r.Mark, r.Said
			if strings.Contains(r.Said+r.Mend, "20017") {
				t.Errorf("%s names the patron: %s", r.Name, r.Said)
			}
		}
		if !agree && len(s.Books().Postings) > 0 {
			t.Errorf("nobody agreed, and this was paid: %+v", s.Books().Postings)
		}
		if !complete {
			return
		}
		text, err := p.Profile()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "profile.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err = sip2.FindProfile(file); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
	})
	return marks, said, found
}

func TestAProbeFindsOutWhatALibrarySystemDoes(t *testing.T) {
	for name, c := range map[string]struct {
		mode    acs.Mode
		profile string // to begin with
		change  func(*acs.Config)
		traits  ils.Traits
		fees    sip2.FeeForm
		echo    sip2.Echo
		marks   map[string]probe.Mark
	}{
		"Koha, from nothing": {acs.Koha, "generic", nil,
			ils.Traits{FeeIDs: true, Partial: true, ReferenceEchoed: true, Resend: true}, sip2.IDFirst, sip2.EchoRequired,
			map[string]probe.Mark{"line": probe.Good, "account": probe.Good, "part": probe.Good, "resend": probe.Good, "cut": probe.Good, "twice": probe.Careful, "too much": probe.Careful}},
		"Evergreen, from nothing": {acs.Evergreen, "generic", nil,
			ils.Traits{FeeIDs: true, Partial: true, ReferenceEchoed: true, Resend: true}, sip2.EvergreenIDs, sip2.EchoRequired,
			map[string]probe.Mark{"part": probe.Good, "cut": probe.Good}},
		"FOLIO, from its profile": {acs.FOLIO, "folio", named,
			ils.Traits{FeeIDs: true, Partial: true, OverpaymentRefused: true, ReferenceEchoed: true, Resend: true}, sip2.Groups, sip2.EchoRequired,
			map[string]probe.Mark{"twice": probe.Good, "too much": probe.Good}},
		"totals only": {acs.Generic, "generic", nil,
			ils.Traits{Partial: true, OverpaymentRefused: true, ReferenceEchoed: true, Resend: true}, sip2.TotalOnly, sip2.EchoRequired,
			map[string]probe.Mark{"account": probe.Careful, "part": probe.Good, "twice": probe.Skipped, "too much": probe.Good}},
		"no echo": {acs.Generic, "generic", func(c *acs.Config) { c.NoEcho = true },
			ils.Traits{Partial: true, OverpaymentRefused: true, Resend: true}, sip2.TotalOnly, sip2.EchoIfPresent,
			map[string]probe.Mark{"part": probe.Good}},
		"numbers of its own in BK": {acs.Generic, "generic", behaving(acs.Generic, func(b *acs.Behaviour) { b.OwnReference = true }),
			ils.Traits{Partial: true, OverpaymentRefused: true, Resend: true}, sip2.TotalOnly, sip2.EchoIgnored,
			map[string]probe.Mark{"part": probe.Good}},
		"whole accounts only": {acs.Generic, "generic", behaving(acs.Generic, func(b *acs.Behaviour) { b.WholeOnly = true }),
			ils.Traits{ReferenceEchoed: true, Resend: true}, sip2.TotalOnly, sip2.EchoRequired,
			map[string]probe.Mark{"part": probe.Careful, "resend": probe.Good, "cut": probe.Failed}}, // after one payment nothing is owed
	} {
		t.Run(name, func(t *testing.T) {
			marks, said, found := probed(t, c.mode, c.profile, c.change, true)
			got := found.Traits
			got.Quiet = 0
			if got != c.traits || found.Reads.Fees != c.fees || found.Reads.Echo != c.echo || found.Unproven {
				t.Errorf("found %+v, %q, %q; want %+v, %q, %q; %v", got, found.Reads.Fees, found.Reads.Echo, c.traits, c.fees, c.echo, said)
			}
			for step, want := range c.marks {
				if marks[step] != want {
					t.Errorf("%s: %s (%s), want %s", step, marks[step], said[step], want)
				}
			}
		})
	}
}

// behaving changes one thing of a mode.
func behaving(mode acs.Mode, change func(*acs.Behaviour)) func(*acs.Config) {
	return func(c *acs.Config) {
		is, _ := acs.BehaviourOf(mode)
		change(&is)
		c.Behaviour = &is
	}
}

// A no to more than is owed guards against nothing where it was booked all the same.
func TestAProbeLooksWhetherMoreThanIsOwedWasBookedInSpiteOfTheNo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, acs.Generic, behaving(acs.Generic, func(b *acs.Behaviour) { b.Over = acs.ToCredit }))
		p, err := sip2.NewProbe(sip2.Config{Dial: s.Dial, Login: "kiosk01", Password: "secret-word", Profile: "generic", Currency: "EUR"}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range p.Steps(ils.Patron{Card: "20017"}) {
			if step.Name == "too much" {
				if err := s.Next(acs.BookedNo); err != nil {
					t.Fatal(err)
				}
			}
			found, err := step.Run(t.Context())
			if step.Name == "too much" && found.Mark != probe.Bad {
				t.Errorf("%+v %v, books %+v", found, err, s.Books().Postings)
			}
		}
		if text, err := p.Profile(); err != nil || !strings.Contains(text, "overpayment_refused = false") {
			t.Errorf("%s %v", text, err)
		}
	})
}

func TestAProbePaysNothingWithoutAYes(t *testing.T) {
	marks, _, found := probed(t, acs.Koha, "koha", nil, false)
	if marks["part"] != probe.Skipped || marks["too much"] != probe.Skipped {
		t.Errorf("%v", marks)
	}
	if found.Traits.Partial || found.Traits.OverpaymentRefused || found.Traits.ReferenceEchoed {
		t.Errorf("nothing was tried, and the profile says %+v", found.Traits)
	}
}

func TestAProbeSaysHowDatesAndAmountsAreWritten(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*acs.Behaviour)
		want   [2]string
	}{
		"as in the document": {func(*acs.Behaviour) {}, [2]string{"no zone", `"99.99"`}},
		"another zone":       {func(b *acs.Behaviour) { b.Zone = "0000" }, [2]string{`the zone "0000"`, `"99.99"`}},
	} {
		_, said, _ := probed(t, acs.Koha, "koha", behaving(acs.Koha, c.change), false)
		if !strings.Contains(said["line"], c.want[0]) || !strings.Contains(said["account"], c.want[1]) {
			t.Errorf("%s: %q, %q, want %q", name, said["line"], said["account"], c.want)
		}
	}
}

func TestAProbeThatCannotAskEndsEarly(t *testing.T) {
	marks, said, _ := probed(t, acs.Koha, "koha", func(c *acs.Config) { c.Password = "another" }, true)
	if len(marks) != 1 || marks["line"] != probe.Bad {
		t.Errorf("%v, %v", marks, said)
	}
	marks, said, _ = probed(t, acs.Koha, "koha", func(c *acs.Config) { c.Patrons[0].Fees = nil }, true)
	if len(marks) != 2 || marks["account"] != probe.Bad || !strings.Contains(said["account"], "owes nothing") {
		t.Errorf("%v, %v", marks, said)
	}
}
