package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"selfpay/cmd/parts"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/probe"
)

type ilsProbeCommand struct {
	Card string `arg:"" help:"The library card number of a test patron, who owes two fees or more."`
	pinFlag
	Profile     string `default:"ils-profile.toml" type:"path" help:"Where the profile is written; a new file."`
	Report      string `default:"ils-probe.md" type:"path" help:"Where the report is written; a new file."`
	YesThisPays bool   `name:"yes-this-pays" help:"Do all that changes the test patron's account without asking."`
}

// probeEnd is what a probe left behind.
type probeEnd struct {
	Report  string `json:"report"`
	Profile string `json:"profile,omitempty"` // empty: there is none, because a needed answer is missing
}

func (p *ilsProbeCommand) Run(ctx context.Context, t *tool) error {
	c, err := t.load()
	if err != nil {
		return err
	}
	for _, path := range []string{p.Profile, p.Report} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return errUsage(fmt.Sprintf("%s exists already, and is not written over: name another file with --profile and --report", path))
		}
	}
	pin, err := p.pinFlag.read()
	if err != nil {
		return err
	}
	route, err := parts.Probe(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return unreadable(c, err)
	}
	if !t.json {
		t.say("probing the library system at %s (%s, profile %s) on a test patron", c.ILS.Address.Host, c.ILS.Route, c.ILS.Profile)
	}
	results, complete := probe.Run(ctx, route, ils.Patron{Card: p.Card, PIN: pin}, probe.Person{Agree: p.agree, Saw: func(r probe.Result) { t.saw(r) }})
	end, err := p.keep(route, results, complete)
	if err != nil {
		return err
	}
	if t.json {
		err = t.document(end)
	} else {
		t.tellEnd(end)
	}
	if err == nil && !allWell(results) {
		err = errNotWell
	}
	return err
}

// agree asks whoever sits at the terminal. Where nobody does, the answer is no.
func (p *ilsProbeCommand) agree(s probe.Step) bool {
	if p.YesThisPays {
		return true
	}
	if _, err := unix.IoctlGetTermios(int(os.Stdin.Fd()), unix.TCGETS); err != nil {
		return false
	}
	fmt.Fprintf(os.Stderr, "%s This %s. Do it? [y/N] ", s.Question, s.Costs)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return err == nil && strings.EqualFold(strings.TrimSpace(answer), "y")
}

func (t *tool) saw(r probe.Result) error {
	if t.json {
		return t.document(r)
	}
	t.say("%-8s %-14s %s", r.Mark, r.Name, r.Said)
	if r.Mend != "" {
		t.say("%-8s %-14s -> %s", "", "", r.Mend)
	}
	return nil
}

// keep writes the report, and the profile if no needed answer is missing.
func (p *ilsProbeCommand) keep(route probe.Route, results []probe.Result, complete bool) (probeEnd, error) {
	end := probeEnd{Report: p.Report}
	if err := writeNew(p.Report, probe.Report("Commissioning of the library system", results)); err != nil {
		return end, err
	}
	if !complete {
		return end, nil
	}
	text, err := route.Profile()
	if err != nil {
		return end, fmt.Errorf("what was found makes no profile: %w", err)
	}
	end.Profile = p.Profile
	return end, writeNew(p.Profile, text)
}

// writeNew writes a file that is not there yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("what was found cannot be kept: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func (t *tool) tellEnd(end probeEnd) {
	t.say("report   %s", end.Report)
	if end.Profile == "" {
		t.say("no profile is written: mend what is bad, and probe again")
		return
	}
	t.say("profile  %s", end.Profile)
	whole, err := filepath.Abs(end.Profile)
	if err != nil {
		whole = end.Profile
	}
	t.say("read the report; then let the kiosk use what was found: write profile = %q into [ils], and kioskctl config check", whole)
}

func allWell(results []probe.Result) bool {
	for _, r := range results {
		if r.Mark == probe.Bad || r.Mark == probe.Failed {
			return false
		}
	}
	return true
}
