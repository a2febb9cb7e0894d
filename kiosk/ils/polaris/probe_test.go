package polaris_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/polaris/polaristest"
	"selfpay/kiosk/ils/probe"
	"selfpay/kiosk/ils/rest/resttest"
)

// commission runs the probe over a far end and gives the mark of each step, what was said, and the profile.
func commission(t *testing.T, s *polaristest.Server, kiosk func(*polaris.Config), agree func(probe.Step) bool) (marks map[string]probe.Mark, report, written string) {
	t.Helper()
	p, err := polaris.NewProbe(config(t, s, kiosk), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if agree == nil {
		agree = func(probe.Step) bool { return true }
	}
	marks = map[string]probe.Mark{}
	results, _ := probe.Run(t.Context(), p, ils.Patron{Card: card}, probe.Person{Agree: agree, Saw: func(r probe.Result) { marks[r.Name] = r.Mark }})
	written, _ = p.Profile()
	return marks, probe.Report("Polaris", results), written
}

func wantMarks(t *testing.T, got map[string]probe.Mark, report string, want map[string]probe.Mark) {
	t.Helper()
	for step, mark := range want {
		if got[step] != mark {
			t.Errorf("%s is %q, want %q\n%s", step, got[step], mark, report)
		}
	}
	for _, secret := range []string{card, password, accessKey, "IGYhCPGcut", "B8sD7y0CYO"} {
		if strings.Contains(report, secret) {
			t.Errorf("%q stands in the report\n%s", secret, report)
		}
	}
}

// siteOf reads a written profile as a kiosk would.
func siteOf(t *testing.T, written string) polaris.Profile {
	t.Helper()
	file := filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(file, []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := polaris.FindProfile(file)
	if err != nil {
		t.Fatalf("%v in\n%s", err, written)
	}
	return p
}

// small gives the test patron a charge that may be paid in full.
func small(c *polaristest.Config) {
	c.Patrons[0].Fees = append(c.Patrons[0].Fees, resttest.Fee{ID: "680942", OutstandingMinor: 50})
}

func TestTheProbeProvesWhatAGoodLibraryDoesAndLeavesNoTrace(t *testing.T) {
	for _, pay := range []string{"single-pay", "pay-all"} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, small)
			before := s.Books().Patrons
			marks, report, written := commission(t, s, func(c *polaris.Config) { c.Profile = pay }, nil)
			twice := probe.Good
			if pay == "pay-all" {
				twice = probe.Skipped
			}
			wantMarks(t, marks, report, map[string]probe.Mark{"clock": probe.Good, "login": probe.Good, "permissions": probe.Good, "patron": probe.Good, "money": probe.Good,
				"workstation and user": probe.Good, "partial": probe.Good, "reference": probe.Good, "overpayment": probe.Good, "twice": twice, "cut": probe.Good, "void": probe.Good})
			site := siteOf(t, written)
			if tr := site.Traits; !tr.OverpaymentRefused || !tr.ReferenceReadable || tr.FeeIDs != (pay == "single-pay") || tr.Partial != tr.FeeIDs {
				t.Errorf("profile\n%s", written)
			}
			if after := s.Books().Patrons; !slices.Equal(after[0].Fees, before[0].Fees) {
				t.Errorf("before %v, after %v", before[0], after[0])
			}
		})
	}
}

func TestTheProbeSaysWhatTheLibraryDoesNotKeep(t *testing.T) {
	for name, c := range map[string]struct {
		library func(*polaristest.Config)
		kiosk   func(*polaris.Config)
		want    map[string]probe.Mark
		says    string
		site    func(polaris.Profile) bool
	}{
		"takes too much": {library: func(c *polaristest.Config) { c.TakesTooMuch = true },
			want: map[string]probe.Mark{"overpayment": probe.Careful, "twice": probe.Careful, "cut": probe.Good, "void": probe.Good}, says: "yes, after 1s",
			site: func(p polaris.Profile) bool { return !p.Traits.OverpaymentRefused && p.Traits.ReferenceReadable }},
		"keeps no notes": {library: func(c *polaristest.Config) { c.NoNotes = true },
			want: map[string]probe.Mark{"reference": probe.Careful, "void": probe.Careful}, says: "no payment is listed with our reference",
			site: func(p polaris.Profile) bool { return p.Traits.OverpaymentRefused && !p.Traits.ReferenceReadable }},
		"lists a payment when its charge is paid": {library: func(c *polaristest.Config) { c.HidesPartly = true },
			want: map[string]probe.Mark{"reference": probe.Careful}, site: func(p polaris.Profile) bool { return !p.Traits.ReferenceReadable }},
		"lists more than was paid": {library: func(c *polaristest.Config) { c.ListsMore = true },
			want: map[string]probe.Mark{"reference": probe.Careful}, says: "stands under its reference", site: func(p polaris.Profile) bool { return !p.Traits.ReferenceReadable }},
		"shortens notes": {library: func(c *polaristest.Config) { c.NoteLength = 20 },
			want: map[string]probe.Mark{"reference": probe.Good}, says: "20 are shown", site: func(p polaris.Profile) bool { return p.Traits.ReferenceReadable }},
		"shortens references": {library: func(c *polaristest.Config) { c.NoteLength = 8 },
			want: map[string]probe.Mark{"reference": probe.Careful}, site: func(p polaris.Profile) bool { return !p.Traits.ReferenceReadable }},
		"voids nothing": {library: func(c *polaristest.Config) { c.KeepsVoided = true }, want: map[string]probe.Mark{"void": probe.Careful}},
		"may not void":  {library: func(c *polaristest.Config) { c.Deny = []string{"void"} }, want: map[string]probe.Mark{"void": probe.Careful}},
		"another algorithm": {library: func(c *polaristest.Config) { c.Algorithm = "sha256" },
			want: map[string]probe.Mark{"login": probe.Bad, "permissions": ""}, says: `algorithm = "sha256"`},
		"another password": {kiosk: func(c *polaris.Config) { c.Password = "forgotten" },
			want: map[string]probe.Mark{"login": probe.Bad, "permissions": ""}, says: "both algorithms"},
		"may not list what is reconciled": {library: func(c *polaristest.Config) { c.Deny = []string{"reconciled", "basicdata"} },
			want: map[string]probe.Mark{"permissions": probe.Bad, "patron": ""}, says: "basicdata, reconciled"},
		"another workstation": {kiosk: func(c *polaris.Config) { c.Workstation = 99 },
			want: map[string]probe.Mark{"workstation and user": probe.Bad, "partial": ""}, says: "workstation"},
		"another user": {kiosk: func(c *polaris.Config) { c.User = 99 },
			want: map[string]probe.Mark{"workstation and user": probe.Bad}, says: "-8000"},
		"may not pay": {library: func(c *polaristest.Config) { c.Deny = []string{"pay"} },
			want: map[string]probe.Mark{"workstation and user": probe.Bad}, says: "401"},
		"clocks apart":          {library: func(c *polaristest.Config) { c.Ahead = 31 * 60e9 }, want: map[string]probe.Mark{"clock": probe.Bad, "login": ""}},
		"clocks a little apart": {library: func(c *polaristest.Config) { c.Ahead = 6 * 60e9 }, want: map[string]probe.Mark{"clock": probe.Careful, "login": probe.Good}},
		"owes nothing":          {library: func(c *polaristest.Config) { c.Patrons[0].Fees = nil }, want: map[string]probe.Mark{"patron": probe.Bad}},
		"no second charge": {library: func(c *polaristest.Config) { c.Patrons[0].Fees = c.Patrons[0].Fees[:1] },
			want: map[string]probe.Mark{"twice": probe.Skipped}, site: func(p polaris.Profile) bool { return !p.Traits.OverpaymentRefused }},
		"plain HTTP": {library: func(c *polaristest.Config) { c.Secure = true }, want: map[string]probe.Mark{"login": probe.Bad}, says: "https"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, func(cfg *polaristest.Config) {
				small(cfg)
				if c.library != nil {
					c.library(cfg)
				}
			})
			marks, report, written := commission(t, s, c.kiosk, nil)
			wantMarks(t, marks, name+"\n"+report, c.want)
			if !strings.Contains(report, c.says) {
				t.Errorf("%s: the report does not say %q\n%s", name, c.says, report)
			}
			if c.site != nil && !c.site(siteOf(t, written)) {
				t.Errorf("%s: profile\n%s", name, written)
			}
			if logins := count(s, "login"); logins > 2 {
				t.Errorf("%s: %d logins", name, logins)
			}
		})
	}
}

func TestTheProbeFindsAPaymentThatIsAppliedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, small)
		marks, report, written := commission(t, s, nil, func(step probe.Step) bool {
			if step.Name == "cut" {
				if err := s.Next("apply-late"); err != nil {
					t.Error(err)
				}
			}
			return true
		})
		wantMarks(t, marks, report, map[string]probe.Mark{"cut": probe.Careful, "void": probe.Good})
		if q := siteOf(t, written).Traits.Quiet; q.Minutes() != 4 {
			t.Errorf("quiet time %s\n%s", q, report)
		}
	})
}

func TestTheProbeChangesNothingWithoutAYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, small)
		marks, report, written := commission(t, s, nil, func(probe.Step) bool { return false })
		wantMarks(t, marks, report, map[string]probe.Mark{"money": probe.Good, "workstation and user": probe.Skipped})
		if written != "" || len(s.Books().Postings) != 0 || count(s, "pay")+count(s, "lumpsumpayment")+count(s, "void") != 0 {
			t.Errorf("books %v, profile %q", s.Books().Postings, written)
		}
	})
}

// What a step does to the account, and nothing else, is asked for.
func TestEveryStepThatPaysSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, small)
		commission(t, s, nil, func(step probe.Step) bool {
			return slices.Contains([]string{"workstation and user", "overpayment"}, step.Name)
		})
		if pays, voids := count(s, "pay"), count(s, "void"); pays != 2 || voids != 0 {
			t.Errorf("%d payments and %d voids, agreed to two payments", pays, voids)
		}
	})
}
