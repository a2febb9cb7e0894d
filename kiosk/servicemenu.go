package kiosk

import (
	"context"
	"errors"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/servicecode"
	"selfpay/kiosk/session"
	"selfpay/kiosk/supervisor"
)

// serviceMenu is what the service menu sees and does of this station.
type serviceMenu struct {
	station  *station
	panel    *panel.Panel
	devices  func() []supervisor.State
	document func() health.Document
	serviced *maintenance
	waits    func() bool // an update waits
}

var _ session.Upkeep = (*serviceMenu)(nil)

func (m *serviceMenu) Turned() bool { return m.panel.Service() }

func (m *serviceMenu) Staff(label string) (name string, ours bool, err error) {
	key, err := servicecode.ParseKey(m.station.Config.Service.Key)
	if err != nil {
		key = nil // no code opens the menu of this station
	}
	now := m.station.now()
	code, err := servicecode.Read(label, key, m.station.Config.Kiosk.ID, now.Wall, now.Dated())
	return code.Staff, err != servicecode.ErrNoCode, err
}

func (m *serviceMenu) Devices() []session.ServiceDevice {
	var all []session.ServiceDevice
	for _, d := range m.devices() {
		all = append(all, session.ServiceDevice{Name: d.Name, There: d.There, Why: d.Why})
	}
	return all
}

func (m *serviceMenu) Checks() []session.ServiceCheck {
	var all []session.ServiceCheck
	for name, found := range m.document().Checks {
		for _, c := range found {
			all = append(all, session.ServiceCheck{Name: name, State: session.CheckState(c.Status), Why: c.Output})
		}
	}
	return all
}

func (m *serviceMenu) Signals() []string { return m.panel.Signals() }

// signalWithin bounds the wait for the chip that a lamp hangs on.
const signalWithin = 10 * time.Second

func (m *serviceMenu) TrySignal(name string) error {
	ctx, done := context.WithTimeout(context.Background(), signalWithin)
	defer done()
	return m.panel.Try(ctx, name)
}

func (m *serviceMenu) Resting() bool {
	_, on, err := m.serviced.lasts()
	return err == nil && on
}

func (m *serviceMenu) Rest(on bool, staff string) error {
	return m.serviced.set(on, staff, "service menu")
}

// slipWithin bounds the test slip.
const slipWithin = 30 * time.Second

func (m *serviceMenu) PrintTestSlip() error {
	if m.station.Printer == nil {
		return errors.New("this station has no printer")
	}
	ctx, done := context.WithTimeout(context.Background(), slipWithin)
	defer done()
	return m.station.Printer.Print(ctx, m.station.testSlip(time.Now()))
}

func (m *serviceMenu) Release() (version string, waits bool) { return m.station.Version, m.waits() }
