package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"selfpay/device/power"
	"selfpay/kiosk/health"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
)

// powerDown switches the machine off in order before its battery ends: no payment begins, the one that runs comes to rest, the
// ledger is closed, and systemd is asked. A battery whose charge is known decides by it; without one the line that tells of
// the mains does, after a while.
type powerDown struct {
	off    int                   // percent
	hold   time.Duration         // without mains, where no charge is known
	mains  func() panel.Mains    // what the line says
	supply func() *power.Reading // what is believed of the battery; nil: nothing
	tell   func(check string, status health.Status, output string, why session.Reason)
	rest   func(context.Context) error // lets payments come to rest
	stop   func(why string)            // ends the program, and then switches the machine off
	log    *slog.Logger
}

// The times of a machine that goes down.
const (
	mainsLooks = time.Second
	restWithin = 30 * time.Second // for a payment that runs; what takes longer is in doubt after the next start
	offWithin  = 20 * time.Second // for systemd to do as it was asked; less than TimeoutStopSec=
)

// run looks until ctx ends.
func (d *powerDown) run(ctx context.Context) error {
	looks := time.NewTicker(mainsLooks)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-looks.C:
			d.tellMains()
			why := d.due(now)
			if why == "" {
				continue
			}
			d.log.Error("the machine is going to be switched off", "why", why)
			ctx, stop := context.WithTimeout(ctx, restWithin)
			defer stop()
			if err := d.rest(ctx); err != nil {
				d.log.Warn("a payment is not at rest; the ledger knows where it was", "error", err)
			}
			d.stop(why)
			return nil
		}
	}
}

// gauge says what is known of the charge.
func (d *powerDown) gauge() (r power.Reading, known bool) {
	if newest := d.supply(); newest != nil && newest.ChargeKnown {
		return *newest, true
	}
	return power.Reading{}, false
}

// due is why the machine must go down now, empty where it need not.
func (d *powerDown) due(now time.Time) string {
	if r, known := d.gauge(); known {
		if r.Source == power.Battery && r.ChargePercent < d.off {
			return fmt.Sprintf("no mains, and the battery is at %d percent", r.ChargePercent)
		}
		return ""
	}
	if gone := d.mains().Gone; !gone.IsZero() && now.Sub(gone) >= d.hold {
		return fmt.Sprintf("no mains for %s", d.hold)
	}
	return ""
}

// tellMains tells health what the line says. Without a known charge nobody begins to pay on what is left.
func (d *powerDown) tellMains() {
	m := d.mains()
	_, known := d.gauge()
	switch {
	case !m.Line:
	case !m.Known:
		d.tell(health.CheckMains, health.Warn, "the line for the mains cannot be read", "")
	case m.Gone.IsZero():
		d.tell(health.CheckMains, health.Pass, "", "")
	case known:
		d.tell(health.CheckMains, health.Warn, "there are no mains", "")
	default:
		d.tell(health.CheckMains, health.Fail, fmt.Sprintf("there are no mains; after %s the machine is switched off", d.hold), session.ReasonPower)
	}
}

// errStillOn: systemd did not hear, or did not want to.
var errStillOn = errors.New("the machine was to be switched off, and is not; systemctl status kiosk-poweroff.path")

// switchOff asks for the power to be switched off. The ledger is closed. It waits to be ended.
func (s *station) switchOff(ctx context.Context) error {
	if err := s.ask(powerOff)(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(offWithin):
		return errStillOn
	}
}

// goingDown notes why the machine is switched off, and ends the run of the station.
func (s *station) goingDown(notes interface {
	SwitchedOff(at payment.Stamp, reason string) error
}, end func()) func(why string) {
	return func(why string) {
		if err := notes.SwitchedOff(s.now(), why); err != nil {
			s.Log.Error("it is not noted why the machine is switched off", "error", err)
		}
		s.down.Store(true)
		end()
	}
}
