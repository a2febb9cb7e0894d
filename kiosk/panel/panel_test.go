package panel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device/gpio"
	"selfpay/device/gpio/gpiotest"
	"selfpay/device/ring"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
	"selfpay/kiosk/supervisor"
)

// desk is a panel with everything around it.
type desk struct {
	t    *testing.T
	chip *gpiotest.Chip
	book *book
	*Panel
	devices *supervisor.Supervisor
	stop    func() error

	mu     sync.Mutex
	scene  Scene
	checks map[string]told
	why    map[string]session.Reason
}

// book is a ledger in memory.
type book struct {
	mu     sync.Mutex
	opened *time.Time
	notes  []string
	answer error
}

func (b *book) EnclosureOpened(at payment.Stamp) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, "opened")
	if b.opened == nil {
		b.opened = &at.Wall
	}
	return b.answer
}

func (b *book) EnclosureCleared(_ payment.Stamp, staff, note string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, fmt.Sprintf("cleared by %s: %s", staff, note))
	b.opened = nil
	return b.answer
}

func (b *book) EnclosureOpenSince() (time.Time, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == nil {
		return time.Time{}, false, nil
	}
	return *b.opened, true, nil
}

func (b *book) wants(t *testing.T, want ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.notes, want) {
		t.Errorf("the ledger has %q, want %q", b.notes, want)
	}
}

// atDesk runs a rule in a bubble of its own. All switches are there; the enclosure is closed.
func atDesk(t *testing.T, change func(*Config), rule func(t *testing.T, d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		chip := gpiotest.New([]string{KeySwitch, PaperLow, StaffCall, Tamper}, []string{Green, Amber, Red, Slot, Buzzer})
		chip.Drive(Tamper, true)
		d := &desk{t: t, chip: chip, book: &book{}, checks: map[string]told{}, why: map[string]session.Reason{}}
		c := Config{Chips: []gpio.Chip{chip}, Stops: true,
			Scene: d.look, Tell: d.hear, Ledger: d.book, Log: slog.New(slog.DiscardHandler),
			Now: func() payment.Stamp { return payment.Stamp{Wall: time.Now(), Boot: "one"} }}
		if change != nil {
			change(&c)
		}
		c.RingSeen = func(err error) { d.devices.Report("ring", err) }
		d.Panel = New(c)
		d.start()
		rule(t, d)
		if err := d.stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
}

// start lets the panel turn, with its devices under supervision as at a station.
func (d *desk) start() {
	ctx, cancel := context.WithCancel(d.t.Context())
	devices := []supervisor.Device{{Name: "ring", Driver: "hoop"}}
	for _, chip := range d.Chips {
		devices = append(devices, supervisor.Device{Name: "gpio", Driver: "gpiotest",
			Attend: func(ctx context.Context, there func()) error { return d.Attend(ctx, chip, there) }})
	}
	d.devices = supervisor.New(devices, func(s supervisor.State) {
		d.hear(s.Name+":link", map[bool]health.Status{true: health.Pass, false: health.Warn}[s.There], s.Why, "")
	})
	ended, supervised := make(chan error, 1), make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	go func() { supervised <- d.devices.Run(ctx) }()
	d.stop = sync.OnceValue(func() error { cancel(); return errors.Join(<-ended, <-supervised) })
	over(3 * tick)
}

// triedAgain is when a device that was lost has been tried again.
const triedAgain = 6 * time.Second

func over(d time.Duration) { time.Sleep(d); synctest.Wait() }

func (d *desk) look() Scene {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.scene
}

func (d *desk) hear(check string, status health.Status, output string, why session.Reason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.checks[check], d.why[check] = told{status, output}, why
}

func (d *desk) sees(s Scene) {
	d.mu.Lock()
	d.scene = s
	d.mu.Unlock()
	over(2 * tick)
}

func (d *desk) check(name string, status health.Status, why session.Reason, words ...string) {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.checks[name].status != status || d.why[name] != why {
		d.t.Errorf("%s is %q, %+v; want %q, %q", name, d.why[name], d.checks[name], status, why)
	}
	for _, w := range words {
		if !strings.Contains(d.checks[name].output, w) {
			d.t.Errorf("%s says %q, not %q", name, d.checks[name].output, w)
		}
	}
}

func (d *desk) lit(want ...string) {
	d.t.Helper()
	var got []string
	for _, lamp := range []string{Green, Amber, Red, Slot} {
		if d.chip.Lit(lamp) {
			got = append(got, lamp)
		}
	}
	if !slices.Equal(got, want) {
		d.t.Errorf("lit are %q, want %q", got, want)
	}
}

// flashes counts how often an output goes on within a time, and for how long it is on.
func (d *desk) flashes(output string, long time.Duration) (times int, on time.Duration) {
	before := d.chip.Lit(output)
	for range long / (tick / 5) {
		over(tick / 5)
		now := d.chip.Lit(output)
		if now && !before {
			times++
		}
		if now {
			on += tick / 5
		}
		before = now
	}
	return times, on
}

func TestLampsFollowTheScene(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.lit(Green)
		d.sees(Scene{OutOfService: true})
		d.lit(Red)
		d.sees(Scene{Warning: true})
		d.lit(Green, Amber)
		d.sees(Scene{Patron: true, Card: true})
		if times, _ := d.flashes(Green, 10*time.Second); times != 10 {
			t.Errorf("while the card is awaited green blinks %d times in 10 s", times)
		}
		d.sees(Scene{})
		d.lit(Green)
		if err := d.stop(); err != nil {
			t.Error(err)
		}
		d.lit()
	})
}

func TestLampsCountAgainWhenTheChipIsBack(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.check(health.CheckLines, health.Pass, "")
		d.chip.Unplug()
		over(tick)
		d.check(health.CheckLines, health.Warn, "", "lost")
		d.sees(Scene{OutOfService: true})
		d.chip.Plug()
		over(triedAgain)
		d.lit(Red)
		d.check(health.CheckLines, health.Pass, "")
	})
}

func TestAChipOfLampsIsWellWhenItStaysOpen(t *testing.T) {
	var lamps *gpiotest.Chip
	atDesk(t, func(c *Config) {
		lamps = gpiotest.New(nil, []string{Green})
		c.Chips = []gpio.Chip{lamps}
	}, func(t *testing.T, d *desk) {
		lamps.Unplug()
		over(tick)
		d.check(health.CheckLines, health.Warn, "")
		lamps.Plug()
		over(triedAgain + chipSettles)
		d.check(health.CheckLines, health.Pass, "")
	})
}

func TestAnOpenedEnclosureStopsPaymentsUntilStaffClearIt(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.check(health.CheckEnclosure, health.Pass, "")
		d.chip.Drive(Tamper, false)
		over(tick)
		d.check(health.CheckEnclosure, health.Fail, session.ReasonEnclosure, "kioskctl tamper clear")
		d.book.wants(t, "opened")
		if err := d.ClearEnclosure(t.Context(), "mk", "looked"); !errors.Is(err, ErrStillOpen) {
			t.Errorf("cleared while open: %v", err)
		}
		d.chip.Drive(Tamper, true)
		over(time.Hour)
		d.check(health.CheckEnclosure, health.Fail, session.ReasonEnclosure)
		d.book.wants(t, "opened")
		for _, who := range [][2]string{{"", "looked"}, {"mk", ""}} {
			if err := d.ClearEnclosure(t.Context(), who[0], who[1]); !errors.Is(err, ErrNoName) {
				t.Errorf("cleared by %q: %v", who, err)
			}
		}
		if err := d.ClearEnclosure(t.Context(), "mk", "looked"); err != nil {
			t.Error(err)
		}
		over(tick)
		d.check(health.CheckEnclosure, health.Pass, "")
		d.book.wants(t, "opened", "cleared by mk: looked")
		if err := d.ClearEnclosure(t.Context(), "mk", "again"); !errors.Is(err, ErrNotOpened) {
			t.Errorf("cleared twice: %v", err)
		}
	})
}

func TestAnOpenedEnclosureIsKnownAfterARestart(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.chip.Drive(Tamper, false)
		over(tick)
		if err := d.stop(); err != nil {
			t.Fatal(err)
		}
		d.chip.Drive(Tamper, true)
		d.Panel = New(d.Config)
		d.start()
		d.check(health.CheckEnclosure, health.Fail, session.ReasonEnclosure)
		d.book.wants(t, "opened")
		d.flashes(Amber, time.Second)
		if times, _ := d.flashes(Amber, 4*time.Second); times == 0 {
			t.Error("amber does not blink")
		}
	})
}

func TestAnOpenedEnclosureOnlyTellsWhereThatIsConfigured(t *testing.T) {
	atDesk(t, func(c *Config) { c.Stops = false }, func(t *testing.T, d *desk) {
		d.chip.Drive(Tamper, false)
		over(tick)
		d.check(health.CheckEnclosure, health.Fail, "")
		d.book.wants(t, "opened")
	})
}

func TestAnEnclosureThatNobodyWatchesStopsPayments(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.chip.Unplug()
		over(tick)
		d.check(health.CheckEnclosure, health.Fail, session.ReasonEnclosure, "cannot be read")
		d.chip.Plug()
		over(triedAgain)
		d.check(health.CheckEnclosure, health.Pass, "")
		d.book.wants(t)
	})
}

func TestANoteWhoseFateIsUnknownEndsTheProgram(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.book.answer = fmt.Errorf("disk: %w", ledger.ErrCommit)
		d.chip.Drive(Tamper, false)
		over(tick)
		select {
		case <-d.ended:
		default:
			t.Error("the panel goes on")
		}
		if err := d.stop(); !errors.Is(err, ledger.ErrCommit) {
			t.Errorf("Run = %v", err)
		}
		d.stop = func() error { return nil }
	})
}

func TestTheKeySwitchTakesTheStationOutOfService(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.check(health.CheckService, health.Pass, "")
		d.chip.Drive(KeySwitch, true)
		over(tick)
		d.check(health.CheckService, health.Warn, session.ReasonService)
		if !d.Service() {
			t.Error("the key is not turned")
		}
		d.chip.Drive(Tamper, false)
		over(tick)
		d.check(health.CheckEnclosure, health.Warn, "", "in service")
		d.book.wants(t)
		d.chip.Drive(Tamper, true)
		d.chip.Drive(KeySwitch, false)
		over(tick)
		d.check(health.CheckService, health.Pass, "")
		d.check(health.CheckEnclosure, health.Pass, "")
		if d.Service() {
			t.Error("the key is still turned")
		}
	})
}

func TestACallIsSeenAndHeard(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.chip.Drive(StaffCall, true)
		over(300 * time.Millisecond)
		d.chip.Drive(StaffCall, false)
		d.check(health.CheckStaffCall, health.Warn, "", "calls for staff")
		if times, _ := d.flashes(Amber, 10*time.Second); times < 9 || times > 11 {
			t.Errorf("amber blinks %d times in 10 s", times)
		}
		over(callLasts)
		d.check(health.CheckStaffCall, health.Pass, "")
	})
}

func TestSoundsEndAndAreSilentInQuietHours(t *testing.T) {
	for name, c := range map[string]struct {
		quiet func(time.Time) bool
		times int
		on    time.Duration
	}{
		"day":   {func(time.Time) bool { return false }, 3, 3 * tick},
		"any":   {nil, 3, 3 * tick},
		"quiet": {func(time.Time) bool { return true }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			atDesk(t, func(config *Config) { config.Quiet = c.quiet }, func(t *testing.T, d *desk) {
				d.mu.Lock()
				d.scene = Scene{Patron: true, Remove: true}
				d.mu.Unlock()
				if times, on := d.flashes(Buzzer, 5*time.Second); times != c.times || on != c.on {
					t.Errorf("the buzzer sounds %d times, %s in all; want %d, %s", times, on, c.times, c.on)
				}
			})
		})
	}
}

func TestPaperLowIsToldAndStopsNothing(t *testing.T) {
	atDesk(t, nil, func(t *testing.T, d *desk) {
		d.check(health.CheckPaperSwitch, health.Pass, "")
		d.chip.Drive(PaperLow, true)
		over(4 * time.Second)
		d.check(health.CheckPaperSwitch, health.Pass, "")
		over(2 * time.Second)
		d.check(health.CheckPaperSwitch, health.Warn, "", "paper")
		d.lit(Green, Amber)
	})
}

// hoop is a ring in memory.
type hoop struct {
	mu     sync.Mutex
	shown  []ring.Colour
	closed bool
	broken error
}

func (*hoop) String() string { return "hoop" }

func (h *hoop) Show(c ring.Colour) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shown = append(h.shown, c)
	return h.broken
}

func (h *hoop) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return nil
}

func (h *hoop) take() []ring.Colour {
	h.mu.Lock()
	defer h.mu.Unlock()
	shown := h.shown
	h.shown = nil
	return shown
}

func TestTheRingFollowsTheScene(t *testing.T) {
	h := &hoop{}
	atDesk(t, func(c *Config) { c.Ring = h }, func(t *testing.T, d *desk) {
		if got := h.take(); len(got) != 1 || got[0] != ringGreen {
			t.Errorf("ready: %v", got)
		}
		over(time.Minute)
		if got := h.take(); len(got) != 0 {
			t.Errorf("the same colour was sent again: %v", got)
		}
		d.sees(Scene{Patron: true})
		over(pulseTurn)
		if got := h.take(); len(got) < 10 {
			t.Errorf("a pulse has %d steps", len(got))
		}
		d.sees(Scene{OutOfService: true})
		if got := h.take(); got[len(got)-1] != ringRed {
			t.Errorf("out of service: %v", got)
		}
		if err := d.stop(); err != nil || !h.closed {
			t.Errorf("%v, closed %v", err, h.closed)
		}
	})
}

func TestARingThatFailsIsTriedAgainAfterAPause(t *testing.T) {
	h := &hoop{broken: errors.New("no port")}
	atDesk(t, func(c *Config) { c.Ring = h }, func(t *testing.T, d *desk) {
		d.check(health.CheckRing, health.Warn, "", "no port")
		h.take()
		over(10 * time.Second)
		if n := len(h.take()); n < 4 || n > 6 {
			t.Errorf("tried %d times in 10 s", n)
		}
		h.mu.Lock()
		h.broken = nil
		h.mu.Unlock()
		over(ringPause)
		if got := h.take(); len(got) != 1 || got[0] != ringGreen {
			t.Errorf("%v", got)
		}
		d.check(health.CheckRing, health.Pass, "")
		h.mu.Lock()
		h.broken = errors.New("pulled")
		h.mu.Unlock()
		d.sees(Scene{OutOfService: true})
		d.sees(Scene{})
		h.mu.Lock()
		h.shown, h.broken = nil, nil
		h.mu.Unlock()
		over(ringPause)
		if got := h.take(); len(got) != 1 || got[0] != ringGreen { // what it shows is not known since
			t.Errorf("%v", got)
		}
	})
}

func TestASignalThatIsTriedShowsAlone(t *testing.T) {
	h := &hoop{}
	atDesk(t, func(c *Config) { c.Ring = h }, func(t *testing.T, d *desk) {
		d.sees(Scene{Warning: true})
		if got := d.Signals(); !slices.Equal(got, []string{Green, Amber, Red, Slot, Buzzer, Ring}) {
			t.Errorf("%q can be tried", got)
		}
		ringShows := ringGreen
		for _, lamp := range []string{Green, Amber, Red, Slot} {
			if err := d.Try(t.Context(), lamp); err != nil {
				t.Error(err)
			}
			d.lit(lamp)
			over(9 * time.Second)
			d.lit(lamp)
			for _, got := range h.take() {
				ringShows = got
			}
			if ringShows != (ring.Colour{}) {
				t.Errorf("%s: the ring shows %v", lamp, ringShows)
			}
		}
		if err := d.Try(t.Context(), Ring); err != nil {
			t.Error(err)
		}
		d.lit()
		if got := h.take(); len(got) != 1 || got[0] != ringWhite {
			t.Errorf("the ring shows %v", got)
		}
		go func() { _ = d.Try(t.Context(), Buzzer) }()
		if times, on := d.flashes(Buzzer, 2*time.Second); times != 3 || on != 3*tick {
			t.Errorf("the buzzer sounds %d times, %s in all", times, on)
		}
		over(trialLasts)
		d.lit(Green, Amber)
		if err := d.Try(t.Context(), "terminal_power"); !errors.Is(err, ErrNoSignal) {
			t.Errorf("the terminal's relay was tried: %v", err)
		}
	})
}

func TestAStationWithoutAPanelRests(t *testing.T) {
	looked := 0
	atDesk(t, func(c *Config) {
		c.Chips = nil
		c.Scene = func() Scene { looked++; return Scene{} }
	}, func(t *testing.T, d *desk) {
		over(time.Hour)
		if looked > 1 {
			t.Errorf("looked %d times", looked)
		}
		if err := d.ClearEnclosure(t.Context(), "mk", "looked"); !errors.Is(err, ErrNoTamper) {
			t.Errorf("%v", err)
		}
	})
}
