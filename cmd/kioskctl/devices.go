package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/drivers/plugged"
	"selfpay/kiosk/control"
	"selfpay/kiosk/supervisor"
)

type devicesCommand struct {
	Found bool `help:"List what is plugged in at this machine, with the address by which the configuration names it. Asks no daemon."`
}

func (c *devicesCommand) Run(ctx context.Context, t *tool) error {
	if c.Found {
		return t.showPlugged(plugged.Find("/"))
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	var states []supervisor.State
	if err := client.Get(ctx, "/devices", &states); errors.Is(err, control.ErrDaemonDown) {
		return fmt.Errorf("%w; the devices belong to the running daemon: start it with systemctl start kioskd. kioskctl devices --found lists what is plugged in", err)
	} else if err != nil {
		return err
	}
	return t.showDevices(states, time.Now())
}

func (t *tool) showDevices(states []supervisor.State, now time.Time) error {
	well := true
	for _, s := range states {
		well = well && s.There
		if t.json {
			if err := t.document(s); err != nil {
				return err
			}
			continue
		}
		there := "there"
		if !s.There {
			there = "absent"
		}
		t.say("%-6s  %-9s %-8s %s", there, s.Name, s.Driver, s.Address)
		t.say("        %-9s since %s%s", "", now.Sub(s.Since).Round(time.Second), lostTimes(s.Lost))
		if s.Why != "" {
			t.say("        %-9s -> %s", "", s.Why)
		}
	}
	if !well {
		return errNotWell
	}
	return nil
}

func lostTimes(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", lost once since kioskd began"
	}
	return fmt.Sprintf(", lost %d times since kioskd began", n)
}

func (t *tool) showPlugged(found []plugged.Device) error {
	for _, d := range found {
		if t.json {
			if err := t.document(d); err != nil {
				return err
			}
			continue
		}
		t.say("%-16s %-30s %s", d.Kind, d.Name, d.Address)
	}
	if len(found) == 0 && !t.json {
		t.say("nothing is plugged in that could be a device of a station")
	}
	return nil
}
