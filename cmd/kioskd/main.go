// Command kioskd is the daemon of a library's self-pay station. It drives the devices, serves the patron's screen on
// loopback, keeps the ledger and posts payments to the library system.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"selfpay/cmd/parts"
	"selfpay/device/tap"
	"selfpay/drivers"
	"selfpay/drivers/hotplug"
	"selfpay/kiosk"
	"selfpay/kiosk/config"
	"selfpay/kiosk/desk"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/release"
)

// Exit statuses. systemd does not start the daemon again after a wrong configuration.
const (
	exitFailed = 1
	exitUsage  = 2
	exitConfig = 78
)

// arguments are the words of the call; manual.8 tells them too.
type arguments struct {
	Config         string
	Check, Verbose bool
	Version        bool
}

// parse reads the words of a call. It is pflag that reads them, not kong as in the other programs: kong finds methods by their names while
// it runs, so that the linker must keep every exported method of the daemon, 2 MB of them.
func parse(words []string) (arguments, error) {
	var a arguments
	flags := pflag.NewFlagSet("kioskd", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.StringVar(&a.Config, "config", "/etc/kiosk/kiosk.toml", "The kiosk's configuration, `FILE`.")
	flags.BoolVar(&a.Check, "check", false, "Check the configuration and end.")
	flags.BoolVarP(&a.Verbose, "verbose", "v", false, "Log more.")
	flags.BoolVar(&a.Version, "version", false, "Print the version and end.")
	help := flags.BoolP("help", "h", false, "Show this help and end.")
	switch err := flags.Parse(words); {
	case err != nil:
		return a, err
	case *help:
		fmt.Printf("Usage: kioskd [flags]\n\nThe daemon of a library's self-pay station.\n\nFlags:\n%s", flags.FlagUsages())
		return a, pflag.ErrHelp
	case flags.NArg() > 0:
		return a, fmt.Errorf("unexpected argument %s", flags.Arg(0))
	}
	var err error
	a.Config, err = filepath.Abs(a.Config)
	return a, err
}

// garbage is how much of the heap may be garbage before it is collected, in percent of the rest: a station has more processor to
// spare than memory.
const garbage = 50

func main() {
	debug.SetGCPercent(garbage)
	a, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "kioskd:", err)
		os.Exit(exitUsage)
	case a.Version:
		fmt.Println(release.Text())
		return
	}
	c, err := config.Load(a.Config, parts.Checks...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitConfig)
	}
	if a.Check {
		fmt.Println(a.Config, "is well")
		return
	}
	level := slog.LevelInfo
	if a.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	if err := noCoreDumps(); err != nil {
		log.Error("core dumps cannot be switched off; a session's memory holds PIN and barcode", "error", err)
		os.Exit(exitFailed)
	}
	station, err := assemble(c, log)
	if err != nil {
		fmt.Fprintln(os.Stderr, "kioskd:", err)
		os.Exit(exitConfig)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := kiosk.Run(ctx, station); err != nil && !errors.Is(err, context.Canceled) {
		log.Error("kioskd ends", "error", err)
		os.Exit(exitFailed)
	}
}

// noCoreDumps keeps a live session's memory off the disk.
func noCoreDumps() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}

// assemble makes devices and library from the configuration. It opens nothing.
func assemble(c config.Config, log *slog.Logger) (kiosk.Parts, error) {
	p := kiosk.Parts{Config: c, Version: release.Text(), Release: release.Of(), Built: release.Made(), Log: log,
		Plugs: func(ctx context.Context, plugged func()) error {
			return hotplug.Watch(ctx, func(e hotplug.Event) {
				log.Debug("plug", "action", e.Action, "subsystem", e.Subsystem, "name", e.Name)
				plugged()
			})
		}}
	var err error
	heard := &tap.Tap{}
	if p.Terminal, err = parts.Terminal(c, heard, log.With("device", "terminal")); err != nil {
		return p, err
	}
	p.Trace = parts.Trace(c, heard)
	if p.Printer, err = parts.Printer(c, log.With("device", "printer")); err != nil {
		return p, err
	}
	if p.Scanner, err = parts.Scanner(c, log.With("device", "scanner")); err != nil {
		return p, err
	}
	p.Lines, err = drivers.Lines(c.GPIO.Inputs(), c.GPIO.Outputs(), log.With("device", "gpio"))
	if err != nil {
		return p, fmt.Errorf("gpio: %w", err)
	}
	p.Ring, err = drivers.Ring(c.Ring.Driver, c.Ring.Address.URL, c.Ring.Lights, c.Ring.Intensity())
	if err != nil {
		return p, fmt.Errorf("ring: %w", err)
	}
	p.Display, err = drivers.Display(c.Display.Driver, c.Display.Address.URL)
	if err != nil {
		return p, fmt.Errorf("display: %w", err)
	}
	if p.Keypad, err = drivers.Keypad(c.Voice.Keypad.URL); err != nil {
		return p, fmt.Errorf("keypad: %w", err)
	}
	if p.Headset, err = drivers.Headset(c.Voice.Headset.URL); err != nil {
		return p, fmt.Errorf("headset: %w", err)
	}
	if p.Headset != nil {
		p.Speaker = drivers.Speaker(c.Voice.Device())
	}
	p.Supply, err = drivers.Supply(c.Power.Driver, c.Power.Address.URL, c.Power.ShuntMilliOhm)
	if err != nil {
		return p, fmt.Errorf("power: %w", err)
	}
	p.Access = func() (health.Access, error) { return parts.Access(c, log.With("device", "health")) }
	p.DeskAccess = func() (desk.Access, error) { return parts.Desk(c, log.With("device", "desk")) }
	if c.Health.Heartbeat != "" {
		p.Heartbeat = func() (heartbeat.HubConfig, error) { return parts.Heartbeat(c, log.With("device", "health")) }
	}
	if c.Health.Ping != "" {
		p.Ping = func() (heartbeat.PingConfig, error) { return parts.Ping(c) }
	}
	p.Library, err = parts.Library(c, log.With("device", "library"))
	return p, err
}
