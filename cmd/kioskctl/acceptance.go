package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/cmd/parts"
	"selfpay/device/money"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/accept"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
)

type terminalAccept struct {
	Model  string `arg:"" help:"The model, as its files are to be called: desk-3500."`
	Amount string `default:"1.00" help:"What each purchase charges."`
	To     string `default:"." type:"existingdir" help:"Folder for MODEL.toml and MODEL.txt."`
}

var modelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// mostToAccept bounds the amount: most of it goes back, and none of it should hurt.
const mostToAccept = 1000

func (c terminalAccept) Run(ctx context.Context, t *tool) error {
	if !modelName.MatchString(c.Model) {
		return errUsage(fmt.Sprintf("%q is no name for the files; write small letters, digits and hyphens", c.Model))
	}
	at, err := somebody()
	if err != nil {
		return errUsage(err.Error() + "; an acceptance needs somebody with a card at the terminal")
	}
	cfg, err := t.load()
	if err != nil {
		return err
	}
	amount, err := money.Parse(c.Amount, cfg.Kiosk.Currency)
	if err != nil || !amount.Positive() || amount.Minor > mostToAccept {
		return errUsage(fmt.Sprintf("%q cannot be charged; write an amount between %s and %s", c.Amount, money.Of(1, cfg.Kiosk.Currency), money.Of(mostToAccept, cfg.Kiosk.Currency)))
	}
	if err := control.NewClient(cfg.Kiosk.Socket).Get(ctx, "/status", &struct{}{}); !errors.Is(err, control.ErrDaemonDown) {
		return errors.New("the terminal belongs to the running daemon: stop it with systemctl stop kioskd")
	}
	if _, err := cfg.Terminal.Password.Read(); err != nil { // a credential, which is for the daemon alone
		typed, err := at.keeps("The terminal's password (empty: 000000): ")
		if err != nil {
			return err
		}
		cfg.Terminal.Password = config.Secret(typed)
	}
	script, err := parts.Acceptance(cfg, quietly)
	if err != nil {
		return err
	}
	question := fmt.Sprintf("A card will be charged with %s up to five times. What can be taken back is. Go on? [y/N] ", amount)
	if !at.agrees(ctx, question) {
		return errors.New("nothing was charged")
	}
	return c.accept(ctx, t, at, script, amount)
}

func (c terminalAccept) accept(ctx context.Context, t *tool, at person, script accept.Script, amount money.Amount) error {
	kept, err := os.OpenFile(filepath.Join(c.To, c.Model+".txt"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("the protocol cannot be kept: %w", err)
	}
	defer kept.Close()
	protocol := protocol{kept}
	if err := protocol.line("%s  acceptance of %s with the profile %s", time.Now().Format(time.DateTime), c.Model, script.Profile.Name); err != nil {
		return err
	}
	script.Amount, script.Person, script.Saved = amount, technician{ctx, at}, protocol.step
	found, ended := script.Run(ctx)
	for _, a := range found.Left {
		ended = errors.Join(ended, protocol.line("may still be charged: %s, receipt %04d, trace %d", a.Amount, a.Receipt, a.Trace))
	}
	if ended != nil {
		return fmt.Errorf("%w; %s says how far it came and what may still be charged", ended, kept.Name())
	}
	profile := filepath.Join(c.To, c.Model+".toml")
	if err := writeProfile(profile, c.Model, found.Profile); err != nil {
		return err
	}
	for _, a := range found.Left {
		t.say("pay back, it may still be charged: %s, receipt %04d", a.Amount, a.Receipt)
	}
	t.say("the protocol is %s, the profile %s; put it where kioskd can read it, and its whole path into terminal.profile", kept.Name(), profile)
	if found.Wrong() {
		return errNotWell
	}
	return nil
}

// protocol is the file that keeps each step before the next begins.
type protocol struct{ *os.File }

func (p protocol) step(s accept.Step) error {
	return p.line("%s  %-7s  %s: %s", s.At.Format(time.DateTime), s.Outcome, s.Name, s.Detail)
}

func (p protocol) line(format string, a ...any) error {
	_, err := fmt.Fprintf(p, format+"\n", a...)
	return errors.Join(err, p.Sync())
}

// technician is the person at the terminal, as the script knows one.
type technician struct {
	ctx context.Context
	at  person
}

func (t technician) Tell(text string) { fmt.Fprintln(os.Stderr, text) }

func (t technician) Confirm(question string) (bool, error) {
	answer, err := t.at.answer(t.ctx, "  "+question+" [y/N] ")
	return answer == "y" || answer == "Y", err
}

func writeProfile(path, model string, p zvt.Profile) error {
	p.Models = []string{model}
	var text bytes.Buffer
	fmt.Fprintf(&text, "# %s, as kioskctl terminal accept found it on %s, from the profile %s.\n", model, time.Now().Format(time.DateOnly), p.Name)
	if err := toml.NewEncoder(&text).Encode(p); err != nil {
		return fmt.Errorf("the profile cannot be written: %w", err)
	}
	if _, err := zvt.ParseProfile(model, text.Bytes()); err != nil {
		return err
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("the profile cannot be written: %w", err)
	}
	return nil
}
