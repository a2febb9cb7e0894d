// Package kiosk is the application: it starts and stops the parts of one station. It is handed its devices and its
// library, and knows neither drivers nor wires.
package kiosk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"selfpay/device/display"
	"selfpay/device/gpio"
	"selfpay/device/keypad"
	"selfpay/device/power"
	"selfpay/device/printer"
	"selfpay/device/ring"
	"selfpay/device/scanner"
	"selfpay/device/speech"
	"selfpay/device/terminal"
	"selfpay/kiosk/colour"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/desk"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/health/machine"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/receipt"
	"selfpay/kiosk/report"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
	"selfpay/kiosk/statement"
	"selfpay/kiosk/supervisor"
	"selfpay/kiosk/text"
	"selfpay/kiosk/voice"
	"selfpay/kiosk/web"
)

// Parts are what a station is made of. Printer, Scanner and Plugs may be nil.
type Parts struct {
	Config   config.Config
	Terminal terminal.Terminal
	Library  ils.Library
	Printer  printer.Printer
	Scanner  scanner.Scanner
	Lines    []gpio.Chip                                     // lamps, buzzer and switches
	Ring     ring.Ring                                       // may be nil
	Supply   power.Supply                                    // may be nil
	Display  display.Display                                 // for staff; may be nil
	Keypad   keypad.Keypad                                   // for patrons who cannot see or touch the screen; may be nil
	Headset  speech.Headset                                  // may be nil
	Speaker  speech.Speaker                                  // the voice in it; nil where there is no headset
	Plugs    func(ctx context.Context, plugged func()) error // tells until ctx ends that something was plugged in or pulled
	Version  string
	Release  int       // its number; 0 for a build by hand
	Built    time.Time // when this program was made
	Log      *slog.Logger
	Access   func() (health.Access, error) // who may look at the health page; nil: whoever can reach it

	DeskAccess func() (desk.Access, error) // how the desk's page is served, and to whom

	Trace func(ctx context.Context, emit func(any) error) error // explains what is said on the terminal's line, without secrets, until ctx ends; may be nil

	// What is called outside, and how; nil: nothing.
	Heartbeat func() (heartbeat.HubConfig, error)
	Ping      func() (heartbeat.PingConfig, error)
}

// retryOpen is the pause between two tries to open a ledger that cannot be opened.
const retryOpen = 5 * time.Second

// Run works until ctx ends (nil). An error means that the program must end, and may be started again: most of all that
// the outcome of a write to the ledger is unknown.
func Run(ctx context.Context, p Parts) error {
	texts, err := text.Load(p.Config.Kiosk.Languages, p.Config.Kiosk.Texts)
	if err != nil {
		return err
	}
	look, err := screenLook(p.Config.Screen)
	if err != nil {
		return err
	}
	screen, err := net.Listen("tcp", p.Config.Web.Listen)
	if err != nil {
		return fmt.Errorf("the screen cannot be served: %w", err)
	}
	defer screen.Close()
	answers := &health.Latency{}
	p.Library = health.Timed(p.Library, answers)
	station := &station{Parts: p, texts: texts, look: look, now: Clock(), answers: answers}
	calling, hangUp := context.WithCancel(ctx)
	var outward sync.WaitGroup
	defer outward.Wait()
	defer hangUp()
	outward.Go(func() { station.outward(calling) })
	for ctx.Err() == nil {
		l, err := station.open()
		if errors.Is(err, ledger.ErrHeld) {
			return err
		}
		if err != nil {
			p.Log.Error("no payment can be taken: the ledger cannot be opened", "error", err)
			station.outOfService(ctx, err, screen)
			screen.(*net.TCPListener).SetDeadline(time.Time{})
			continue
		}
		err = errors.Join(station.run(ctx, l, screen), l.Close())
		if err == nil && station.down.Load() {
			return station.switchOff(ctx)
		}
		return err
	}
	return nil
}

// Clock stamps with the wall clock and the monotonic clock of this boot, which goes on while the machine sleeps and
// while the program is down. Where the machine tells no boot, each start of the program counts as one.
func Clock() func() payment.Stamp {
	begin, boot := time.Now(), rand.Text()
	since := func() time.Duration { return time.Second + time.Since(begin) }
	if id, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil && len(id) > 0 {
		boot, since = strings.TrimSpace(string(id)), sinceBoot
	}
	return func() payment.Stamp { return payment.Stamp{Wall: time.Now().Round(0), Boot: boot, Mono: since()} }
}

// sinceBoot never fails on Linux from 2.6.39 on.
func sinceBoot() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		panic("the machine's clock cannot be read: " + err.Error())
	}
	return time.Duration(now.Nano())
}

// station is one run of the application.
type station struct {
	Parts
	texts   *text.Texts
	look    web.Look
	now     func() payment.Stamp
	answers *health.Latency                // of the library
	monitor atomic.Pointer[health.Monitor] // the newest
	down    atomic.Bool                    // the machine is to be switched off
}

func (s *station) open() (*ledger.Ledger, error) {
	state := s.Config.Kiosk.State
	if err := s.ballast().look(); err != nil && !errors.Is(err, fs.ErrNotExist) { // opening may take room too; at the first start there is no folder yet
		s.Log.Warn("storage", "error", err)
	}
	key, err := ledger.LoadKey(filepath.Join(state, "keys"))
	if err != nil {
		return nil, err
	}
	l, err := ledger.Open(state, key)
	if err == nil && l.Moved() != nil {
		s.Log.Warn("the ledger came from another machine: make sure that the other one takes no payments", "since", l.Moved().At)
	}
	return l, err
}

func (s *station) newSession(r *runner.Runner, l *ledger.Ledger, obstacle func() session.Reason, menu session.Upkeep) *session.Session {
	traits := s.Library.Traits()
	rules := payment.StandardRules(traits.Quiet, traits.OverpaymentRefused)
	rules.PINNeeded = traits.PINInFeePaid
	rules.RefundOnly = s.Config.Payment.OnRefusal == "refund"
	return session.New(session.Config{
		Runner: r, Ledger: l, Library: s.Library, Printer: s.Printer, Obstacle: obstacle,
		Compose:     receipt.Writer{Library: s.Config.Kiosk.Library, Texts: s.texts}.Compose,
		Cards:       s.Config.Scanner.CardRules(),
		Now:         s.now,
		Log:         s.Log,
		LibraryName: s.Config.Kiosk.Library, Languages: s.Config.Kiosk.Languages,
		Rules: rules,
		Min:   s.Config.MinAmount(), Max: s.Config.MaxAmount(),
		Partial:       s.Config.Payment.Partial,
		HideDetails:   s.Config.Screen.HideDetails,
		RefuseNoPaper: s.Config.Receipt.WithoutPaper == "refuse",
		NoCancel:      !terminal.Cancels(s.Terminal),
		Waits:         session.StandardWaits,
		Upkeep:        menu,
	})
}

func (s *station) newMonitor(r *runner.Runner, l *ledger.Ledger, screens func() int, changed func()) *health.Monitor {
	computer := machine.Of(s.Config.Kiosk.State)
	m := health.New(health.Config{Runner: r, Ledger: l, Terminal: s.Terminal, Library: s.Library, Printer: s.Printer,
		Kiosk: s.Config.Kiosk.ID, Version: s.Version,
		TellStaffAfter: time.Duration(s.Config.Payment.TellStaffAfter), MostWaiting: s.Config.Payment.Waiting,
		Machine: &computer, Built: s.Built, Screens: screens, Commits: &health.Latency{}, Answers: s.answers, Changed: changed, Log: s.Log})
	s.monitor.Store(m)
	return m
}

func (s *station) page() health.Page {
	return health.Page{Listen: s.Config.Health.Listen, Access: s.Access}
}

// deskPage serves the page for the library's desk, where one is configured.
func (s *station) deskPage(ctx context.Context, l *ledger.Ledger, m *health.Monitor, devices func() []supervisor.State) error {
	c := s.Config
	if c.Desk.Listen == "" || s.DeskAccess == nil {
		return nil
	}
	return desk.New(desk.Config{Listen: c.Desk.Listen, Access: s.DeskAccess, Ledger: l, Monitor: m, Devices: devices,
		Library: c.Kiosk.Library, Kiosk: c.Kiosk.ID, Currency: c.Kiosk.Currency, Log: s.Log}).Run(ctx)
}

// newPanel makes the owner of lamps, buzzer and switches.
func (s *station) newPanel(patron *session.Session, m *health.Monitor, l *ledger.Ledger, ringSeen func(error)) *panel.Panel {
	return panel.New(panel.Config{Chips: s.Lines, Ring: s.Ring, Quiet: s.Config.GPIO.QuietHours.Hold, Stops: s.Config.GPIO.TamperStops,
		Scene: func() panel.Scene {
			scene := panel.SceneOf(patron.View())
			scene.Help = !m.Well(health.CheckOpenCases)
			scene.Warning = !m.Well(health.CheckPrinter, health.CheckPaper, health.CheckQueue, health.CheckQueueAge)
			return scene
		},
		Tell: m.Tell, RingSeen: ringSeen, Ledger: l, Now: s.now, Log: s.Log})
}

// screenLook reads what the screen's look needs.
func screenLook(c config.Screen) (web.Look, error) {
	library, err := colour.Parse(c.Colour)
	if err != nil {
		return web.Look{}, err
	}
	logo, err := web.ReadLogo(c.Logo)
	if err != nil {
		return web.Look{}, err
	}
	return web.Look{Theme: c.Theme, Colour: library, Logo: logo, Fonts: c.Fonts}, nil
}

// booksSlip writes the books in the station's first language.
func (s *station) booksSlip(r report.Report, at time.Time) printer.Receipt {
	return receipt.Writer{Library: s.Config.Kiosk.Library, Texts: s.texts}.Books(s.Config.Kiosk.Languages[0], r, at)
}

func (s *station) testSlip(at time.Time) printer.Receipt {
	return receipt.Writer{Library: s.Config.Kiosk.Library, Texts: s.texts}.TestSlip(s.Config.Kiosk.Languages, s.Config.Kiosk.ID, at)
}

// outOfService shows why no payment can be taken, for a while; then the ledger is tried again.
func (s *station) outOfService(ctx context.Context, why error, screen net.Listener) {
	ctx, stop := context.WithTimeout(ctx, retryOpen)
	defer stop()
	monitor := s.newMonitor(nil, nil, nil, nil)
	monitor.LedgerLost(why)
	patron := s.newSession(nil, nil, monitor.Obstacle, nil)
	s.serve(ctx, stop, []part{
		{"session", patron.Run},
		{"screen", func(ctx context.Context) error {
			return web.New(patron, s.texts, s.look, s.Log).Serve(ctx, held{screen})
		}},
		{"health", func(ctx context.Context) error { return monitor.ServePage(ctx, s.page()) }},
		{"systemd", func(ctx context.Context) error { return notify(ctx, func(context.Context) error { return nil }) }},
	})
}

// run is the station at work.
func (s *station) run(ctx context.Context, l *ledger.Ledger, screen net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var patron *session.Session
	money := runner.New(runner.Config{
		Ledger: l, Terminal: s.Terminal, Library: s.Library, Now: s.now, Log: s.Log,
		Limits:   runner.Limits{OpenCases: s.Config.Payment.OpenCases, Waiting: s.Config.Payment.Waiting, WaitingOf: s.Config.WaitingAmount()},
		Power:    s.power(),
		Changed:  func(p payment.Payment) { patron.PaymentChanged(p) },
		Progress: func(id payment.ID, progress terminal.Progress) { patron.PaymentProgress(id, progress) },
	})
	var page *web.Server
	monitor := s.newMonitor(money, l, func() int { return page.Streams() }, func() {
		if patron != nil {
			patron.LookAround()
		}
	})
	monitor.Chain(nil) // checked when it was opened
	newer := &updates{folder: filepath.Join(s.Config.Kiosk.State, "versions"), release: s.Release, tell: monitor.Tell}
	newer.look() // before the first patron, and before a session that does not run yet would have to hear of it
	l.TellCommits(monitor.Commits.Add)
	serviced := newMaintenance(l, s.now, monitor, s.Log)
	menu := &serviceMenu{station: s, serviced: serviced, waits: newer.waits.Load, document: monitor.Document}
	patron = s.newSession(money, l, monitor.Obstacle, menu)
	page = web.New(patron, s.texts, s.look, s.Log)
	labels := &labels{session: patron.Scan}
	var devices *supervisor.Supervisor
	lamps := s.newPanel(patron, monitor, l, func(err error) { devices.Report(deviceRing, err) })
	supply := &supplyWatch{supply: s.Supply, least: s.Config.Power.LeastCharge, tell: monitor.Tell, measure: monitor.Measure}
	spoken := voice.New(voice.Config{Station: patron, Texts: s.texts, Speaker: s.Speaker, Languages: s.Config.Kiosk.Languages,
		Focus: page.Focus, Tell: monitor.Tell, Log: s.Log})
	devices = supervisor.New(s.devices(labels.take, monitor, lamps, supply, spoken), monitor.Device)
	menu.panel, menu.devices = lamps, devices.States
	key, err := statement.LoadKey(filepath.Join(s.Config.Kiosk.State, "keys"))
	if err != nil {
		return err
	}
	socket, err := control.Listen(s.Config.Kiosk.Socket)
	if err != nil {
		return fmt.Errorf("the socket for kioskctl cannot be opened: %w", err)
	}
	counter := &control.Server{Ledger: l, Runner: money, Session: patron, Monitor: monitor, Devices: devices.States, Printer: s.Printer, Slip: s.booksSlip, Panel: lamps,
		Maintain: serviced.set, TestSlip: s.testSlip, Cards: s.Config.Scanner.CardRules(), Key: key, Release: s.Release, Updating: newer.waits.Load,
		Trace: s.Trace}
	if s.Scanner != nil {
		counter.NextLabel = labels.next
	}
	return s.serve(ctx, stop, []part{
		{"runner", money.Run},
		{"session", patron.Run},
		{"monitor", monitor.Run},
		{"control", func(ctx context.Context) error { return counter.Serve(ctx, socket) }},
		{"screen", func(ctx context.Context) error { return page.Serve(ctx, screen) }},
		{"browser", (&browserWatch{watched: page.Watched, ask: s.ask(browserRestart), log: s.Log}).run},
		{"maintenance", serviced.run},
		{"health", func(ctx context.Context) error { return monitor.ServePage(ctx, s.page()) }},
		{"desk", func(ctx context.Context) error { return s.deskPage(ctx, l, monitor, devices.States) }},
		{"updates", newer.run},
		{"devices", devices.Run},
		{"plugs", func(ctx context.Context) error { return s.watchPlugs(ctx, devices.Hint) }},
		{"panel", lamps.Run},
		{"voice", spoken.Run},
		{"display", (&notice{display: s.Display, kiosk: s.Config.Kiosk.ID, document: monitor.Document, obstacle: monitor.Obstacle,
			seen: func(err error) { devices.Report(deviceDisplay, err) }}).run},
		{"end of day", (&nightly{timeOfDay: s.Config.Terminal.EndOfDay, close: money.EndOfDay, past: l.EndsOfDay, tell: monitor.EndOfDay, log: s.Log}).run},
		{"power", (&reviver{relay: s.power().Dark != nil, after: time.Duration(s.Config.GPIO.TerminalRestart), silent: monitor.TerminalSilent, tell: monitor.Tell, log: s.Log,
			cycle: func(ctx context.Context) error { return money.PowerCycle(ctx, runner.Cycle{}) }}).run},
		{"power down", (&powerDown{off: s.Config.Power.OffCharge, hold: time.Duration(s.Config.Power.Hold), mains: lamps.Mains, supply: supply.believed.Load,
			tell: monitor.Tell, rest: money.Rest, stop: s.goingDown(l, stop), log: s.Log}).run},
		{"ballast", func(ctx context.Context) error { return s.ballast().run(ctx, monitor.Tell) }},
		{"second copy", func(ctx context.Context) error { return s.secondCopy(ctx, l, monitor.Measure) }},
		{"housekeeping", (&housekeeping{books: l, retention: time.Duration(s.Config.Privacy.Retention), verified: monitor.Chain, log: s.Log}).run},
		{"systemd", func(ctx context.Context) error {
			return notify(ctx, func(ctx context.Context) error { _, err := money.Summary(ctx); return err })
		}},
	})
}

// part is one thing that runs until its context ends.
type part struct {
	name string
	run  func(context.Context) error
}

// serve runs the parts side by side; the first that fails stops the others.
func (s *station) serve(ctx context.Context, stop func(), parts []part) error {
	var running sync.WaitGroup
	failures := make(chan error, len(parts))
	for _, p := range parts {
		running.Go(func() {
			if err := p.run(ctx); err != nil && ctx.Err() == nil {
				failures <- fmt.Errorf("%s: %w", p.name, err)
				stop()
			}
		})
	}
	running.Wait()
	close(failures)
	var all error
	for err := range failures {
		all = errors.Join(all, err)
	}
	return all
}

// held is a listener that outlives one server on it.
type held struct{ net.Listener }

// Close keeps the listener open; a pending Accept is woken by a deadline instead.
func (h held) Close() error {
	return h.Listener.(*net.TCPListener).SetDeadline(time.Now())
}

// notify tells systemd that the station serves, and feeds its watchdog after a look at the money loop.
func notify(ctx context.Context, look func(context.Context) error) error {
	daemon.SdNotify(false, daemon.SdNotifyReady)
	defer daemon.SdNotify(false, daemon.SdNotifyStopping)
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil || interval == 0 {
		<-ctx.Done()
		return nil
	}
	feed := time.NewTicker(interval / 3)
	defer feed.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-feed.C:
			if look(ctx) == nil {
				daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}
