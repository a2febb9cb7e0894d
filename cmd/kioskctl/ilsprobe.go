package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

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
	if err := p.free(); err != nil {
		return err
	}
	pin, err := p.pinFlag.read()
	if err != nil {
		return err
	}
	route, err := parts.Probe(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return keptBySystemd(err)
	}
	if !t.json {
		t.say("probing the library system at %s (%s, profile %s) on a test patron", c.ILS.Address.Host, c.ILS.Route, c.ILS.Profile)
	}
	person := probe.Person{Agree: p.agree(ctx), Saw: func(r probe.Result) { t.saw(r) }}
	results, complete := probe.Run(ctx, route, ils.Patron{Card: p.Card, PIN: pin}, person)
	end, err := p.keep(route, results, complete)
	switch {
	case end.Report == "":
		return err
	case t.json:
		err = errors.Join(err, t.document(end))
	default:
		t.tellEnd(end)
	}
	if err == nil && (end.Profile == "" || !allWell(results)) {
		err = errNotWell
	}
	return err
}

// free wants places for two new files, before anything is asked or paid that could not be kept then.
func (p *ilsProbeCommand) free() error {
	if p.Profile == p.Report {
		return errUsage("profile and report are two files: name them with --profile and --report")
	}
	for _, path := range []string{p.Profile, p.Report} {
		if _, err := os.Lstat(path); err == nil {
			return errUsage(fmt.Sprintf("%s exists already, and is not written over: name another file with --profile and --report", path))
		}
		if err := unix.Access(filepath.Dir(path), unix.W_OK|unix.X_OK); err != nil {
			return errUsage(fmt.Sprintf("%s cannot be written (%v): name files in a folder that is there with --profile and --report", path, err))
		}
	}
	return nil
}

// agree asks whoever sits at the terminal. Where nobody does, the answer is no.
func (p *ilsProbeCommand) agree(ctx context.Context) func(probe.Step) bool {
	if p.YesThisPays {
		return func(probe.Step) bool { return true }
	}
	person, err := somebody()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v and nothing is done that changes the account; --yes-this-pays does it without asking\n", err)
		return func(probe.Step) bool { return false }
	}
	return func(s probe.Step) bool {
		return person.agrees(ctx, fmt.Sprintf("%s This %s. Do it? [y/N] ", s.Question, s.Costs))
	}
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
	if err := writeNew(p.Report, probe.Report("Commissioning of the library system", results)); err != nil {
		return probeEnd{}, err
	}
	end := probeEnd{Report: p.Report}
	if !complete {
		return end, nil
	}
	text, err := route.Profile()
	if err != nil {
		return end, fmt.Errorf("what was found makes no profile: %w", err)
	}
	if err := writeNew(p.Profile, text); err != nil {
		return end, err
	}
	end.Profile = p.Profile
	return end, nil
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
		t.say("no profile is written: mend what is bad, agree to what was skipped, and probe again; kioskctl ils status tells more of a library system that gives no answer")
		return
	}
	t.say("profile  %s", end.Profile)
	t.say("read the report; then let the kiosk use what was found: write profile = %q into [ils], and kioskctl config check", end.Profile)
}

func allWell(results []probe.Result) bool {
	for _, r := range results {
		if r.Mark == probe.Bad || r.Mark == probe.Failed {
			return false
		}
	}
	return true
}
