package main

import (
	"context"
	"errors"
	"fmt"

	"selfpay/kiosk/control"
)

type tamperCommand struct {
	Clear tamperClear `cmd:"" help:"Say that you have looked at the station after its enclosure was opened."`
}

type tamperClear struct {
	Staff string `required:"" help:"Your name or initials."`
	Note  string `required:"" help:"What you found."`
}

func (c tamperClear) Run(ctx context.Context, t *tool) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	switch err := client.Post(ctx, "/tamper/clear", control.Decision{Staff: c.Staff, Note: c.Note}, &struct{}{}); {
	case errors.Is(err, control.ErrDaemonDown):
		return fmt.Errorf("%w; the switches belong to the running daemon: start it with systemctl start kioskd", err)
	case err != nil:
		return fmt.Errorf("not cleared: %w", err)
	case t.json:
		return t.document(done{OK: true})
	}
	t.say("cleared; it stands in the ledger")
	return nil
}
