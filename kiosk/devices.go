package kiosk

import (
	"context"
	"fmt"
	"time"

	"selfpay/device/scanner"
	"selfpay/kiosk/health"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/supervisor"
	"selfpay/kiosk/voice"
)

// The names of the devices that are only used; nobody attends to them.
const (
	deviceRing    = "ring"
	deviceDisplay = "display"
)

// devices are what is supervised.
func (s *station) devices(label func(scanner.Scan), monitor *health.Monitor, lamps *panel.Panel, supply *supplyWatch, spoken *voice.Voice) []supervisor.Device {
	c := s.Config
	all := []supervisor.Device{
		{Name: "terminal", Driver: c.Terminal.Driver, Address: c.Terminal.Address.String(), Attend: supervisor.Asked(monitor.LookTerminal)},
		{Name: "printer", Driver: c.Printer.Driver, Address: c.Printer.Address.String(), Attend: supervisor.Asked(monitor.LookPrinter)},
		{Name: "scanner", Driver: c.Scanner.Driver, Address: c.Scanner.Address.String(),
			Attend: func(ctx context.Context, there func()) error {
				return s.scan(ctx, label, func() {
					there()
					c := s.Scanner.Counts()
					monitor.Measure(health.CheckLabels, health.Pass, int64(c.TooLong+c.Broken), "labels dropped", "", "")
				})
			}},
		{Name: "keypad", Driver: c.Voice.Keypad.Scheme, Address: c.Voice.Keypad.String(),
			Attend: func(ctx context.Context, there func()) error { return spoken.AttendKeypad(ctx, s.Keypad, there) }},
		{Name: "headset", Driver: c.Voice.Headset.Scheme, Address: c.Voice.Headset.String(),
			Attend: func(ctx context.Context, there func()) error { return spoken.AttendHeadset(ctx, s.Headset, there) }},
		{Name: "power", Driver: c.Power.Driver, Address: c.Power.Address.String(), Attend: supply.attend},
		{Name: deviceRing, Driver: c.Ring.Driver, Address: c.Ring.Address.String()},
		{Name: deviceDisplay, Driver: c.Display.Driver, Address: c.Display.Address.String()},
	}
	for i, chip := range s.Lines {
		name := "gpio"
		if i > 0 {
			name = fmt.Sprintf("gpio-%d", i+1)
		}
		all = append(all, supervisor.Device{Name: name, Driver: "gpio", Address: chip.String(),
			Attend: func(ctx context.Context, there func()) error { return lamps.Attend(ctx, chip, there) }})
	}
	return all
}

// watchPlugs hints at plugs. Without a word of the system absent devices are still tried every few seconds.
func (s *station) watchPlugs(ctx context.Context, hint func()) error {
	if s.Plugs == nil {
		return nil
	}
	if err := s.Plugs(ctx, hint); err != nil && ctx.Err() == nil {
		s.Log.Warn("the system does not tell what is plugged in; devices are found a few seconds later", "error", err)
	}
	return nil
}

// scannerSettles: the scanner counts as there when it has been open for so long without a fault.
const scannerSettles = 2 * time.Second

// scan hands on labels until the scanner is lost.
func (s *station) scan(ctx context.Context, hand func(scanner.Scan), there func()) error {
	defer s.Scanner.Close()
	for {
		settled := time.AfterFunc(scannerSettles, there)
		label, err := s.Scanner.Read(ctx)
		settled.Stop()
		if err != nil {
			return err
		}
		there()
		hand(label)
	}
}
