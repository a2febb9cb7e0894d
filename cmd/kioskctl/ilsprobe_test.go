package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/probe"
	"selfpay/sip/acs"
)

// probed is a station of one route, with what its simulator holds.
type probed struct {
	place
	books func() acs.Books
}

// routes are stations of all routes.
func routes(t *testing.T) map[string]probed {
	t.Helper()
	sip2, address := libraryAt(t, nil)
	polaris, p := overPolaris(t, nil)
	aleph, a := overAleph(t, func(c *alephtest.Config) { c.Partial = true })
	return map[string]probed{
		"sip2":    {at(t, address, append(slices.Clone(well), `quiet = "2s"`)...), sip2.Books},
		"polaris": {p, polaris.Books},
		"aleph":   {a, aleph.Books},
	}
}

// kept are the two files of a probe that are not there yet.
type kept struct{ profile, report string }

func newKept(t *testing.T) kept {
	folder := t.TempDir()
	return kept{filepath.Join(folder, "profile.toml"), filepath.Join(folder, "probe.md")}
}

func (k kept) words(more ...string) []string {
	return append([]string{"ils", "probe", "--profile", k.profile, "--report", k.report}, more...)
}

// ended are the results of a probe that printed JSON, and what it left behind.
func ended(t *testing.T, out string) ([]probe.Result, probeEnd) {
	t.Helper()
	lines := slices.Collect(strings.Lines(out))
	if len(lines) == 0 {
		t.Fatal("nothing is printed")
	}
	last := len(lines) - 1
	end := documents[probeEnd](t, lines[last])
	return documents[probe.Result](t, strings.Join(lines[:last], "")), end[0]
}

// there says whether a file is there.
func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// reported checks that the report has every question.
func (k kept) reported(t *testing.T, results []probe.Result) {
	t.Helper()
	text, err := os.ReadFile(k.report)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Error("nothing was asked")
	}
	for _, r := range results {
		if !strings.Contains(string(text), "## "+r.Name+": "+string(r.Mark)+"\n\n"+r.Question+"\n") || !strings.Contains(string(text), strings.TrimRight(r.Said, ".")) {
			t.Errorf("the report has nothing of %+v", r)
		}
	}
}

func TestAProbeThatMayPayWritesTheProfileOfTheSite(t *testing.T) {
	for name, route := range routes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKept(t)
			s := route.asks(t, "", append([]string{"--json"}, k.words("--yes-this-pays", cardOwing)...)...)
			results, end := ended(t, s.out)
			if s.status != 0 || s.err != "" || end != (probeEnd{k.report, k.profile}) || len(route.books().Postings) == 0 {
				t.Fatalf("%+v", s)
			}
			k.reported(t, results)
			for _, r := range results {
				if strings.Contains(r.Said, "you did not agree") {
					t.Errorf("%+v", r)
				}
			}
			for _, path := range []string{k.profile, k.report} {
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for _, secret := range []string{kioskWord, papiKey, papiToken, xWord, fullName, cardOwing} {
					if strings.Contains(string(text), secret) {
						t.Errorf("%s names %q", path, secret)
					}
				}
			}
			p := route.but(t, "profile", `"`+k.profile+`"`)
			p.asks(t, "", "config", "check").has(t, 0, " is well")
			p.asks(t, "", "ils", "status").has(t, 0)
			p.asks(t, "", "ils", "fees", cardNothing).has(t, 0, "nothing is owed")
			again := route.asks(t, "", k.words("--yes-this-pays", cardOwing)...)
			again.has(t, exitUsage, k.profile+" exists already, and is not written over", "--profile and --report")
		})
	}
}

func TestAProbeIsToldForPeople(t *testing.T) {
	_, p := overPolaris(t, nil)
	k := newKept(t)
	s := p.asks(t, "", k.words("--yes-this-pays", cardOwing)...)
	s.has(t, 0, "probing the library system at "+strings.TrimPrefix(p.value(t, "address"), "https://")+" (polaris, profile single-pay) on a test patron", "good     login ", "good     void ",
		"report   "+k.report, "profile  "+k.profile, `write profile = "`+k.profile+`" into [ils], and kioskctl config check`)
}

func TestWithoutATerminalNothingThatCostsIsDone(t *testing.T) {
	for name, route := range routes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, before := newKept(t), route.books()
			s := route.asks(t, strings.Repeat("y\n", 20), append([]string{"--json"}, k.words(cardOwing)...)...)
			results, end := ended(t, s.out)
			if after := route.books(); !reflect.DeepEqual(before, after) {
				t.Errorf("the books were %+v and are %+v", before, after)
			}
			if n := strings.Count(s.out, "you did not agree"); n == 0 {
				t.Errorf("nothing was skipped: %+v", s)
			}
			for _, r := range results {
				if strings.Contains(r.Said, "you did not agree") && r.Mark != probe.Skipped {
					t.Errorf("%+v", r)
				}
			}
			if !strings.Contains(s.err, "standard input is no terminal, so nobody can be asked") || strings.Contains(s.err, "[y/N]") {
				t.Errorf("it says %q", s.err)
			}
			k.reported(t, results)
			// Polaris needs one payment, and without it there is no profile
			profile, status := k.profile, 0
			if name == "polaris" {
				profile, status = "", exitNotWell
				if !strings.Contains(s.err, "no payment was taken") {
					t.Errorf("it does not say why: %q", s.err)
				}
			}
			if s.status != status || end != (probeEnd{k.report, profile}) || there(k.profile) != (profile != "") {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestAProbeOverwritesNothingAndAsksNothingThen(t *testing.T) {
	polaris, p := overPolaris(t, nil)
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/nowhere/file", dangling); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		k    kept
		want string
	}{
		"a profile":      {kept{there, newKept(t).report}, there + " exists already"},
		"a report":       {kept{newKept(t).profile, there}, there + " exists already"},
		"a link":         {kept{dangling, newKept(t).report}, dangling + " exists already"},
		"no folder":      {kept{newKept(t).profile, "/nowhere/probe.md"}, "/nowhere/probe.md cannot be written"},
		"no folder too":  {kept{filepath.Join(there, "profile.toml"), newKept(t).report}, "profile.toml cannot be written"},
		"one file twice": {kept{newKept(t).profile, ""}, "are two files"},
	} {
		if c.k.report == "" {
			c.k.report = c.k.profile
		}
		s := p.asks(t, "", c.k.words("--yes-this-pays", "--pin", "-", cardOwing)...) // and the PIN is not asked for either
		s.has(t, exitUsage, c.want)
		if s.out != "" || strings.Count(s.err, "\n") != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if n := len(polaris.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestANeededStepThatFailsLeavesAReportAndNoProfile(t *testing.T) {
	_, polaris := overPolaris(t, nil)
	barring, aleph := overAleph(t, nil)
	barring.Bar(true)
	_, address := libraryAt(t, nil)
	gone := listen(t)
	gone.Close()
	for name, c := range map[string]struct {
		p    place
		card string
		step string
		mark probe.Mark
		mend string
	}{
		"login":         {polaris.but(t, "password", `"wrong"`), cardOwing, "login", probe.Bad, "access_id"},
		"unknown card":  {polaris, cardNobody, "permissions", probe.Bad, ""},
		"nothing owed":  {polaris, cardNothing, "patron", probe.Bad, "give the test patron a charge"},
		"nobody":        {polaris.but(t, "address", `"https://`+gone.Addr().String()+`"`), cardOwing, "clock", probe.Failed, ""},
		"Aleph bars":    {aleph, cardOwing, "rest", probe.Bad, "server_ip_allowed"},
		"SIP2 login":    {at(t, address, `profile = "koha"`, `password = "wrong"`), cardOwing, "line", probe.Bad, "kioskctl ils login"},
		"SIP2 stranger": {at(t, address, well...), cardNobody, "account", probe.Bad, "test patron's card"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKept(t)
			s := c.p.asks(t, "", append([]string{"--json"}, k.words("--yes-this-pays", c.card)...)...)
			results, end := ended(t, s.out)
			last := results[len(results)-1]
			if s.status != exitNotWell || end != (probeEnd{Report: k.report}) || there(k.profile) || last.Name != c.step || last.Mark != c.mark || !strings.Contains(last.Mend, c.mend) {
				t.Errorf("%+v", s)
			}
			k.reported(t, results)
			k = newKept(t)
			c.p.asks(t, "", k.words("--yes-this-pays", c.card)...).has(t, exitNotWell, string(c.mark)+" ", c.step, "report   "+k.report, "no profile is written: mend what is bad")
		})
	}
}

func TestAProbeTakesThePINFromStandardInput(t *testing.T) {
	_, p := overPolaris(t, nil)
	p = p.but(t, "workstation", "12\nask_pin = true")
	k := newKept(t)
	p.asks(t, patronPIN, k.words("--yes-this-pays", "--pin", patronPIN, cardPIN)...).has(t, exitUsage, "write --pin -")
	p.asks(t, "", k.words("--yes-this-pays", cardPIN)...).has(t, exitNotWell, "bad      patron")
	k = newKept(t)
	s := p.asks(t, patronPIN+"\n", k.words("--yes-this-pays", "--pin", "-", cardPIN)...)
	s.has(t, 0, "good     patron", "profile  "+k.profile)
	for _, path := range []string{k.profile, k.report} {
		if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), patronPIN) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// talk runs the program at a terminal, and types an answer behind each prompt in turn. It gives what stood on the terminal,
// and what went to standard output.
func (p place) talk(t *testing.T, prompts []string, words ...string) (shown string, s said) {
	t.Helper()
	var out bytes.Buffer
	c := exec.CommandContext(t.Context(), program, append([]string{"--config", p.config}, words...)...)
	c.Stdout = &out
	tty, err := pty.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	bound := time.AfterFunc(2*time.Minute, func() { c.Process.Kill() })
	defer bound.Stop()
	var all strings.Builder
	buffer, from := make([]byte, 4096), 0
	for {
		n, err := tty.Read(buffer)
		all.Write(buffer[:n])
		for len(prompts) > 0 {
			prompt, answer, _ := strings.Cut(prompts[0], "|")
			at := strings.Index(all.String()[from:], prompt)
			if at < 0 {
				break
			}
			from += at + len(prompt)
			if _, err := tty.WriteString(answer); err != nil {
				t.Fatal(err)
			}
			prompts = prompts[1:]
		}
		if err != nil { // the program has ended
			break
		}
	}
	c.Wait()
	if len(prompts) > 0 {
		t.Errorf("it never asked %q: %s", prompts, all.String())
	}
	return all.String(), said{out: out.String(), status: c.ProcessState.ExitCode()}
}

const question = "[y/N] "

func TestAtATerminalEachStepThatCostsIsAskedFor(t *testing.T) {
	polaris, p := overPolaris(t, nil)
	k := newKept(t)
	// pays a cent; tries no overpayment; pays no small charge; cuts no payment; takes nothing back
	shown, s := p.talk(t, []string{question + "|y\n", question + "|n\n", question + "|\n", question + "|yes?\n", question + "|N\n"},
		append([]string{"--json"}, k.words(cardOwing)...)...)
	results, end := ended(t, s.out)
	if s.status != 0 || end != (probeEnd{k.report, k.profile}) {
		t.Errorf("%+v %s", s, shown)
	}
	if n := strings.Count(shown, question); n != 5 {
		t.Errorf("it asked %d times: %s", n, shown)
	}
	for _, costs := range []string{"Is a payment taken from this workstation and user? This pays 0.01 EUR of a charge. Do it? [y/N]", "This tries to pay 0.01 EUR more than is owed;",
		"This pays a small charge in full,", "This pays 0.01 EUR once more, and waits for up to 2s. Do it?", "This voids the payments of this probe. Do it?"} {
		if !strings.Contains(shown, costs) {
			t.Errorf("it does not say %q: %s", costs, shown)
		}
	}
	skipped := map[string]bool{}
	for _, r := range results {
		if r.Mark == probe.Skipped {
			skipped[r.Name] = strings.Contains(r.Said, "you did not agree")
		}
	}
	if !reflect.DeepEqual(skipped, map[string]bool{"overpayment": true, "twice": true, "cut": true, "void": true}) {
		t.Errorf("%v", skipped)
	}
	if b := polaris.Books(); len(b.Postings) != 1 || b.Postings[0].AmountMinor != 1 || countOf(polaris.Calls(), "void") != 0 {
		t.Errorf("%+v", b.Postings)
	}
}

func TestThePINIsTypedUnseenBeforeTheQuestions(t *testing.T) {
	polaris, p := overPolaris(t, nil)
	p = p.but(t, "workstation", "12\nask_pin = true")
	k, before := newKept(t), polaris.Books()
	no := question + "|n\n"
	shown, s := p.talk(t, []string{"PIN: |" + patronPIN + "\n", no, no, no, no, no}, k.words("--pin", "-", cardPIN)...)
	if strings.Contains(shown+s.out, patronPIN) || !strings.Contains(s.out, "good     patron") {
		t.Errorf("%s %+v", shown, s)
	}
	if after := polaris.Books(); !reflect.DeepEqual(before, after) {
		t.Errorf("%+v", after)
	}
}

func TestCtrlCAtAQuestionEndsTheProbe(t *testing.T) {
	for name, route := range routes(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, before := newKept(t), route.books()
			shown, s := route.talk(t, []string{question + "|\x03"}, append([]string{"--json"}, k.words(cardOwing)...)...)
			results, end := ended(t, s.out)
			if s.status != exitNotWell || end != (probeEnd{Report: k.report}) || there(k.profile) || strings.Count(shown, question) != 1 {
				t.Errorf("%+v %s", s, shown)
			}
			k.reported(t, results)
			if after := route.books(); !reflect.DeepEqual(before, after) {
				t.Errorf("%+v", after)
			}
		})
	}
}

func TestTheFilesOfAProbeAreNamedInTheHelp(t *testing.T) {
	s := call(t, "", "ils", "probe", "--help")
	s.has(t, 0, "ils-profile.toml", "ils-probe.md", "--yes-this-pays", "--pin")
	if line, err := json.Marshal(probeEnd{Report: "r"}); err != nil || string(line) != `{"report":"r"}` {
		t.Errorf("%s, %v", line, err)
	}
}
