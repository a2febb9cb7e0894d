package main

import (
	"context"
	"errors"
	"fmt"

	"selfpay/kiosk/control"
)

type maintenanceCommand struct {
	On  maintenanceOn  `cmd:"" help:"Let no visit begin while you work on the station; a payment that runs ends first. A reboot ends it too."`
	Off maintenanceOff `cmd:"" help:"Let patrons pay again."`
}

type maintenanceOn struct {
	Staff string `required:"" help:"Your name or initials."`
	Note  string `required:"" help:"Why."`
}

type maintenanceOff struct {
	Staff string `required:"" help:"Your name or initials."`
	Note  string `help:"What was done."`
}

func (c maintenanceOn) Run(ctx context.Context, t *tool) error {
	return t.maintain(ctx, control.Maintenance{On: true, Staff: c.Staff, Note: c.Note},
		"the station is being serviced: no visit begins. kioskctl maintenance off --staff "+c.Staff+" ends it, and so does a reboot")
}

func (c maintenanceOff) Run(ctx context.Context, t *tool) error {
	return t.maintain(ctx, control.Maintenance{Staff: c.Staff, Note: c.Note}, "patrons can pay again, if nothing else is wrong: kioskctl status")
}

func (t *tool) maintain(ctx context.Context, m control.Maintenance, words string) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	switch err := client.Post(ctx, "/maintenance", m, &struct{}{}); {
	case errors.Is(err, control.ErrDaemonDown):
		return fmt.Errorf("%w; no visit begins anyway. Start it with systemctl start kioskd", err)
	case err != nil:
		return err
	case t.json:
		return t.document(done{OK: true})
	}
	t.say("%s", words)
	return nil
}
