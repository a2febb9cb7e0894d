package parts

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"selfpay/device/printer"
	"selfpay/device/scanner"
	"selfpay/device/tap"
	"selfpay/device/terminal"
	"selfpay/drivers"
	"selfpay/drivers/trace"
	"selfpay/drivers/zvt/accept"
	"selfpay/kiosk/config"
)

// Terminal makes the configured card terminal. What is said on its line can be heard at the tap; nil: by nobody. The error is a mistake in the
// configuration, or a password that cannot be read.
func Terminal(c config.Config, heard *tap.Tap, log *slog.Logger) (terminal.Terminal, error) {
	s, err := terminalSettings(c)
	if err != nil {
		return nil, err
	}
	s.Tap = heard
	t, err := drivers.Terminal(s, log)
	if err != nil {
		return nil, fmt.Errorf("terminal: %w", err)
	}
	return t, nil
}

// Trace explains what is heard of the configured card terminal's line, until ctx ends.
func Trace(c config.Config, heard *tap.Tap) func(ctx context.Context, emit func(any) error) error {
	return func(ctx context.Context, emit func(any) error) error {
		serial := c.Terminal.Address.Scheme == "serial"
		return trace.Terminal(ctx, c.Terminal.Driver, serial, heard, func(m trace.Message) error { return emit(m) })
	}
}

// Acceptance is the script for a new model of the configured card terminal. The error is as Terminal's.
func Acceptance(c config.Config, log *slog.Logger) (accept.Script, error) {
	s, err := terminalSettings(c)
	if err != nil {
		return accept.Script{}, err
	}
	script, err := drivers.Acceptance(s, log)
	if err != nil {
		return script, fmt.Errorf("terminal: %w", err)
	}
	return script, nil
}

func terminalSettings(c config.Config) (drivers.Settings, error) {
	password, err := c.Terminal.Password.Read()
	if err != nil {
		return drivers.Settings{}, fmt.Errorf("terminal.password: %w", err)
	}
	return drivers.Settings{Driver: c.Terminal.Driver, Profile: c.Terminal.Profile, Address: c.Terminal.Address.URL,
		Password: password, TerminalID: c.Terminal.TerminalID, Register: c.Terminal.Register, Application: c.Terminal.Application, LRC: c.Terminal.LRC,
		Answer: time.Duration(c.Terminal.Answer), Currency: c.Kiosk.Currency}, nil
}

// Printer makes the configured receipt printer; nil where there is none.
func Printer(c config.Config, log *slog.Logger) (printer.Printer, error) {
	p, err := drivers.Printer(drivers.Settings{Driver: c.Printer.Driver, Address: c.Printer.Address.URL,
		Profile: c.Printer.Profile, Fonts: c.Printer.Fonts, Logo: c.Printer.Logo}, log)
	if err != nil {
		return nil, fmt.Errorf("printer: %w", err)
	}
	return p, nil
}

// Scanner makes the configured scanner; nil where there is none.
func Scanner(c config.Config, log *slog.Logger) (scanner.Scanner, error) {
	s, err := drivers.Scanner(drivers.Settings{Driver: c.Scanner.Driver, Address: c.Scanner.Address.URL, Layout: c.Scanner.Layout}, log)
	if err != nil {
		return nil, fmt.Errorf("scanner: %w", err)
	}
	return s, nil
}
