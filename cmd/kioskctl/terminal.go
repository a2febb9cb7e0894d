package main

import (
	"context"
	"errors"
	"fmt"

	"selfpay/device/money"
	"selfpay/kiosk/control"
)

type terminalCommand struct {
	EndOfDay   terminalEndOfDay   `cmd:"" name:"end-of-day" help:"Close the terminal's day with the acquirer now; afterwards no purchase can be reversed."`
	Accept     terminalAccept     `cmd:"" help:"Try a new model with a card and a small amount, and write its profile and a protocol; kioskd must be stopped."`
	PowerCycle terminalPowerCycle `cmd:"" name:"power-cycle" help:"Take the terminal's power away for a moment; with an attempt in doubt the key switch must be at service."`
}

type terminalEndOfDay struct{}

func (terminalEndOfDay) Run(ctx context.Context, t *tool) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	var closed control.DayClosed
	switch err := c.Post(ctx, "/end-of-day", struct{}{}, &closed); {
	case errors.Is(err, control.ErrDaemonDown):
		return fmt.Errorf("%w; the terminal belongs to the running daemon: start it with systemctl start kioskd", err)
	case err != nil:
		return fmt.Errorf("%w; kioskctl report day says what is known of it", err)
	case t.json:
		return t.document(closed)
	case closed.Currency == "":
		t.say("the terminal has closed its day and told no total")
	default:
		t.say("the terminal has closed its day: %s, trace %d", money.Of(closed.TotalMinor, money.Currency(closed.Currency)), closed.Trace)
	}
	return nil
}

type terminalPowerCycle struct {
	Staff string `required:"" help:"Your name or initials."`
	Note  string `required:"" help:"Why."`
}

func (c terminalPowerCycle) Run(ctx context.Context, t *tool) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	switch err := client.Post(ctx, "/power-cycle", control.Decision{Staff: c.Staff, Note: c.Note}, &struct{}{}); {
	case errors.Is(err, control.ErrDaemonDown):
		return fmt.Errorf("%w; the terminal belongs to the running daemon: start it with systemctl start kioskd", err)
	case err != nil:
		return err
	case t.json:
		return t.document(done{OK: true})
	}
	t.say("the terminal is dark; it gets its power back by itself, and kioskctl status says when it answers")
	return nil
}
