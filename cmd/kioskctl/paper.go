package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"slices"
	"time"

	"selfpay/device/printer"
	"selfpay/drivers/escpos"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/receipt"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

type printerCommand struct {
	TestSlip   testSlipCommand   `cmd:"" name:"test-slip" help:"Print a slip that shows whether the printer is well."`
	ProofSheet proofSheetCommand `cmd:"" name:"proof-sheet" help:"Print what the printer's profile claims: letters of each code page, codes, a picture. Somebody must look at it."`
}

type testSlipCommand struct{}

func (testSlipCommand) Run(ctx context.Context, t *tool) error { return t.slip(ctx, "test-slip") }

type proofSheetCommand struct{}

func (proofSheetCommand) Run(ctx context.Context, t *tool) error { return t.slip(ctx, "proof-sheet") }

// slip has a slip printed and tells what became of it.
func (t *tool) slip(ctx context.Context, name string) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	printed, err := printSlip(ctx, client, name)
	if err != nil {
		return err
	}
	if t.json {
		err = t.document(printed)
	} else {
		t.say("%s", toldOf(printed))
	}
	if err == nil && printed.Result != string(printer.Printed) {
		err = errNotWell
	}
	return err
}

// printSlip has the daemon print "test-slip" or "proof-sheet".
func printSlip(ctx context.Context, client *control.Client, slip string) (control.Printed, error) {
	var printed control.Printed
	err := client.Post(ctx, "/printer/"+slip, struct{}{}, &printed)
	if errors.Is(err, control.ErrDaemonDown) {
		return printed, fmt.Errorf("%w; the printer belongs to the running daemon: start it with systemctl start kioskd", err)
	}
	return printed, err
}

func toldOf(p control.Printed) string {
	told := p.Result
	switch {
	case p.Error != "":
		told += ": " + p.Error
	case p.Proof != "":
		told += "; the printer's word: " + p.Proof
	}
	for _, note := range p.Notes {
		told += "\n  " + note
	}
	return told
}

type receiptCommand struct {
	Preview receiptPreview `cmd:"" help:"Draw a receipt as the configured printer will print it, as a PNG picture."`
}

type receiptPreview struct {
	Payment  string `arg:"" optional:"" help:"The patron's code, 4821-123; a sample where it is left out."`
	Language string `help:"de, en; the station's first language where it is left out."`
	Font     string `default:"/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf" help:"Draws what the printer would print with its own characters."`
	To       string `default:"receipt.png" type:"path" help:"The picture; a file that is there is not written over."`
}

func (c *receiptPreview) Run(ctx context.Context, t *tool) error {
	cfg, err := t.load()
	if err != nil {
		return err
	}
	if cfg.Printer.Driver == "" {
		return errors.New("no receipt can be drawn: this station has no printer ([printer] in its configuration)")
	}
	if c.Language == "" {
		c.Language = cfg.Kiosk.Languages[0]
	}
	if !slices.Contains(cfg.Kiosk.Languages, c.Language) {
		return errUsage(fmt.Sprintf("%q is no language of this station; use one of %v", c.Language, cfg.Kiosk.Languages))
	}
	p, err := c.payment(ctx, t, cfg)
	if err != nil {
		return err
	}
	texts, err := text.Load(cfg.Kiosk.Languages, cfg.Kiosk.Texts)
	if err != nil {
		return err
	}
	paper, err := escpos.Configure(cfg.Printer.Profile, append(slices.Clone(cfg.Printer.Fonts), c.Font), cfg.Printer.Logo)
	if err != nil {
		return err
	}
	lines := receipt.Writer{Library: cfg.Kiosk.Library, Texts: texts}.Compose(session.Slip{Payment: p, Language: c.Language, Outcome: session.OutcomeOf(p)})
	picture, err := escpos.Preview(lines, paper)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.To, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return errUsage(c.To + " exists already, and is not written over: name another file with --to")
	} else if err != nil {
		return fmt.Errorf("the picture cannot be kept: %w", err)
	}
	if err := errors.Join(png.Encode(f, picture), f.Close()); err != nil {
		return fmt.Errorf("the picture cannot be kept: %w", err)
	}
	if t.json {
		return t.document(done{OK: true})
	}
	t.say("%s: %d by %d dots of %s", c.To, picture.Bounds().Dx(), picture.Bounds().Dy(), cfg.Printer.Profile)
	return nil
}

func (c *receiptPreview) payment(ctx context.Context, t *tool, cfg config.Config) (payment.Payment, error) {
	if c.Payment == "" {
		return receipt.Sample(cfg.Kiosk.Currency, time.Now()), nil
	}
	var shown control.Detail
	err := t.ask(func(client *control.Client) (err error) {
		shown, err = client.Payment(ctx, c.Payment)
		return err
	}, func(l *ledger.Ledger) (err error) {
		shown, err = control.Show(l, c.Payment)
		return err
	})
	return shown.Payment, err
}
