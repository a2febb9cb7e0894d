package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"selfpay/device/printer"
	"selfpay/kiosk/control"
	"selfpay/kiosk/health"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/supervisor"
)

type selfTestCommand struct {
	Interactive bool   `help:"Print a slip, ask for a label and for a hand on the screen too, and ask you what you see."`
	Machine     string `hidden:"" default:"/" help:"Where sound cards are looked for."`
	Signed      string `type:"path" placeholder:"FILE" help:"Also write what the daemon says of itself, signed with the station's key: FILE and FILE.minisig."`
}

func (c *selfTestCommand) Run(ctx context.Context, t *tool) error {
	var at person
	if c.Interactive {
		var err error
		if at, err = somebody(); err != nil {
			return errUsage(err.Error() + "; leave --interactive out")
		}
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	if c.Signed != "" {
		if err := writeSigned(ctx, client, c.Signed); err != nil {
			return err
		}
	}
	trial := selfTest{tool: t, client: client}
	if err := trial.devices(ctx); err != nil {
		return err
	}
	if c.Interactive {
		trial.slip(ctx, at)
		trial.label(ctx)
		trial.touch(ctx)
		trial.signals(ctx, at)
		trial.headset(ctx, at, filepath.Join(c.Machine, "proc/asound/cards"))
	}
	return trial.end()
}

// writeSigned writes the daemon's statement, and beside it the signature as minisign has it: minisign -V -P KEY -m FILE.
func writeSigned(ctx context.Context, client *control.Client, path string) error {
	_, signed, err := client.State(ctx, rand.Text())
	if err != nil {
		return err
	}
	for name, content := range map[string]string{path: signed.Text, path + ".minisig": signed.Signature} {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("the signed result cannot be written: %w", err)
		}
		_, err = f.WriteString(content)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "signed by the station; check it with minisign -V -P %s -m %s\n", signed.Key, path)
	return nil
}

// selfTest is one run; what was found is told as it is found.
type selfTest struct {
	*tool
	client  *control.Client
	notWell bool
	failed  error // the document could not be written
}

func (s *selfTest) found(f finding) {
	s.notWell = s.notWell || f.Status != health.Pass
	s.failed = errors.Join(s.failed, s.tellFinding(f))
}

func (s *selfTest) end() error {
	if s.failed == nil && s.notWell {
		return errNotWell
	}
	return s.failed
}

// devices tells all checks of each device, and of ledger and library.
func (s *selfTest) devices(ctx context.Context) error {
	var states []supervisor.State
	if err := s.client.Get(ctx, "/devices", &states); errors.Is(err, control.ErrDaemonDown) {
		return fmt.Errorf("%w; the devices belong to the running daemon: start it with systemctl start kioskd, or run kioskctl doctor", err)
	} else if err != nil {
		return err
	}
	var status control.Status
	if err := s.client.Get(ctx, "/status", &status); err != nil {
		return err
	}
	addresses := map[string]string{"ils": "answers", "ledger": "can be written"}
	for _, d := range states {
		addresses[d.Name] = d.Address
	}
	for _, f := range checkFindings(status.Checks) {
		component, _, _ := strings.Cut(f.Check, ":")
		address, tried := addresses[component]
		switch {
		case !tried || f.Check == health.CheckClock:
			continue
		case f.Status == health.Pass && f.Found == "":
			f.Found = address
		case f.Status == health.Warn: // for patrons it may do; a test it does not pass
			f.Status = health.Fail
		}
		s.found(f)
	}
	return nil
}

// slip prints a slip; the printer's word and the person's both count.
func (s *selfTest) slip(ctx context.Context, at person) {
	f := finding{"test slip", health.Pass, "", "kioskctl printer proof-sheet shows what the printer can; is printer.profile its model?"}
	printed, err := printSlip(ctx, s.client, "test-slip")
	switch {
	case err != nil:
		f.Status, f.Found = health.Fail, err.Error()
	case printed.Result != string(printer.Printed):
		f.Status, f.Found = health.Fail, toldOf(printed)
	case !at.agrees(ctx, "Did a slip come out, black and whole, and cut behind its last line? [y/N] "):
		f.Status, f.Found = health.Fail, toldOf(printed)+"; what came out is not well"
	default:
		f.Found = toldOf(printed)
	}
	s.found(f)
}

// label waits for a label.
func (s *selfTest) label(ctx context.Context) {
	f := finding{"label", health.Pass, "", "is the scanner's light on? docs/scanners.md says how it must be set up"}
	scanned, err := s.client.Label(ctx, func() { fmt.Fprintln(os.Stderr, "Hold a library card to the scanner within 30 seconds.") })
	symbology := scanned.Symbology
	if symbology == "" {
		symbology = "a symbology that the scanner does not state"
	}
	switch {
	case err != nil:
		f.Status, f.Found = health.Fail, err.Error()
	case !scanned.Card:
		f.Status, f.Found = health.Warn, fmt.Sprintf("%d characters of %s: %s", scanned.Characters, symbology, scanned.Refused)
	default:
		f.Found = fmt.Sprintf("%d characters of %s: may be a library card", scanned.Characters, symbology)
	}
	s.found(f)
}

// touch lets the person touch every part of the screen.
func (s *selfTest) touch(ctx context.Context) {
	f := finding{"touch panel", health.Pass, "", "clean the panel; is it turned as the screen is? libinput debug-events shows where it is touched"}
	fmt.Fprintln(os.Stderr, "Touch every field of the screen within 90 seconds.")
	var touched control.Touched
	err := s.client.Post(ctx, "/screen/touch", struct{}{}, &touched)
	switch {
	case err != nil:
		f.Status, f.Found = health.Fail, err.Error()
	case len(touched.Missed) > 0:
		f.Status, f.Found = health.Fail, fmt.Sprintf("%d of %d fields were not touched: %s", len(touched.Missed), touched.Fields, countedFromOne(touched.Missed))
	default:
		f.Found = fmt.Sprintf("all %d fields were touched", touched.Fields)
	}
	s.found(f)
}

// countedFromOne names fields as the screen does.
func countedFromOne(fields []int) string {
	var names []string
	for _, f := range fields {
		names = append(names, strconv.Itoa(f+1))
	}
	return strings.Join(names, ", ")
}

// signals shows each lamp, the buzzer and the ring, one after the other.
func (s *selfTest) signals(ctx context.Context, at person) {
	var signals []control.Signal
	if err := s.client.Get(ctx, "/signals", &signals); err != nil {
		s.found(finding{"lamps", health.Fail, err.Error(), ""})
		return
	}
	for _, signal := range signals {
		f := finding{signal.Name, health.Pass, "as it should be", "compare the [gpio] and [ring] tables with the wiring; gpioinfo says who holds which line"}
		question := fmt.Sprintf("Is the %s light on, and no other? [y/N] ", signal.Name)
		if signal.Name == panel.Buzzer {
			question = "Did the buzzer sound three times? [y/N] "
		}
		if err := s.client.Post(ctx, "/signals/try", signal, nil); err != nil {
			f.Status, f.Found = health.Fail, err.Error()
		} else if !at.agrees(ctx, question) {
			f.Status, f.Found = health.Fail, "not as it should be"
		}
		s.found(f)
	}
}
