package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
)

type privacyCommand struct {
	Export privacyExport `cmd:"" help:"Print what the station holds of one library card."`
	Erase  privacyErase  `cmd:"" help:"Erase one library card from all its payments that have ended; it cannot be taken back."`
}

// cardFlag takes a card from standard input and from nowhere else: a command line can be read by others.
type cardFlag struct {
	Card string `name:"card" required:"" placeholder:"-" help:"Read the library card's number from standard input: --card -"`
}

// longestCard bounds what is read as a card, in bytes.
const longestCard = 1024

func (f cardFlag) read() (string, error) {
	if f.Card != "-" {
		return "", errUsage("a card is read from standard input only: write --card -")
	}
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(os.Stderr, "Library card: ")
	}
	text, err := readLine(os.Stdin)
	if err != nil {
		return "", fmt.Errorf("read the card from standard input: %w", err)
	}
	if text == "" {
		return "", errUsage("standard input holds no card")
	}
	return text, nil
}

// readLine reads up to the end of the line and not one byte more.
func readLine(in io.Reader) (string, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < longestCard; {
		_, err := io.ReadFull(in, one)
		if errors.Is(err, io.EOF) || err == nil && one[0] == '\n' {
			break
		}
		if err != nil {
			return "", err
		}
		line = append(line, one[0])
	}
	return strings.TrimSpace(string(line)), nil
}

type privacyExport struct{ cardFlag }

// Run prints JSON always: it is for the patron, who may ask for it in a form that machines read.
func (c *privacyExport) Run(ctx context.Context, t *tool) error {
	card, err := c.read()
	if err != nil {
		return err
	}
	var all []control.Detail
	err = t.askWithKey(
		func(client *control.Client) (err error) { all, err = client.PatronData(ctx, card); return err },
		func(l *ledger.Ledger) (err error) { all, err = control.PatronData(l, card); return err })
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := t.document(d); err != nil {
			return err
		}
	}
	return nil
}

type privacyErase struct{ cardFlag }

func (c *privacyErase) Run(ctx context.Context, t *tool) error {
	card, err := c.read()
	if err != nil {
		return err
	}
	var found control.Erased
	err = t.askWithKey(
		func(client *control.Client) error {
			return client.Post(ctx, "/privacy/erase", control.Card{Card: card}, &found)
		},
		func(l *ledger.Ledger) (err error) { found, err = l.EraseCard(card); return err })
	if err != nil {
		return err
	}
	if t.json {
		return t.document(found)
	}
	t.say("payments from which the card is erased: %d", len(found.Payments))
	if len(found.Kept) > 0 {
		t.say("these have not ended and still need it: %s; end them, then erase again", strings.Join(found.Kept, ", "))
	}
	return nil
}

// askWithKey is ask, with the ledger's key where the daemon is down.
func (t *tool) askWithKey(online func(*control.Client) error, offline func(*ledger.Ledger) error) error {
	c, err := t.load()
	if err != nil {
		return err
	}
	err = online(control.NewClient(c.Kiosk.Socket))
	if !errors.Is(err, control.ErrDaemonDown) {
		return err
	}
	key, err := findKey(c)
	if err != nil {
		return err
	}
	return t.offlineWith(c, key, offline)
}

func findKey(c config.Config) ([]byte, error) {
	key, err := ledger.FindKey(filepath.Join(c.Kiosk.State, "keys"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("kioskd is down and the ledger key is not in a file: start kioskd, which has it: %w", err)
	}
	return key, err
}
