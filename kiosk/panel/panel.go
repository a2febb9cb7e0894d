package panel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"selfpay/device/gpio"
	"selfpay/device/ring"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
)

// Ledger is what the panel needs of package ledger.
type Ledger interface {
	EnclosureOpened(at payment.Stamp) error
	EnclosureCleared(at payment.Stamp, staff, note string) error
	EnclosureOpenSince() (at time.Time, open bool, err error)
}

// Config is what a panel works with.
type Config struct {
	Chips []gpio.Chip
	Ring  ring.Ring            // nil: none
	Quiet func(time.Time) bool // says when the buzzer is silent; nil: never
	Stops bool                 // an opened enclosure stops payments

	RingSeen func(error) // told how each use of the ring went

	Scene  func() Scene // what is known; it must return at once
	Tell   func(check string, status health.Status, output string, why session.Reason)
	Ledger Ledger
	Now    func() payment.Stamp
	Log    *slog.Logger
}

// A chip counts as there when it tells a level, or has been open for a moment. A ring that fails is tried again after a
// pause.
const (
	chipSettles = 3 * time.Second
	ringPause   = 2 * time.Second
)

// Panel owns lamps, buzzer and switches. Make it with New, then let Run turn.
type Panel struct {
	Config
	inbox   chan func()
	ended   chan struct{}
	service atomic.Bool
	mains   atomic.Pointer[Mains]

	// owned by the loop
	switches *switches
	latched  time.Time // since when the enclosure counts as opened; zero: it does not
	began    time.Time
	scene    Scene
	sound    Sound
	told     map[string]told
	outputs  map[string]*output
	shown    ring.Colour // by the ring, where ringWell
	ringWell bool
	ringWait time.Time // it is tried again then
	failed   error

	trial     string // the signal that is tried
	trialEnds time.Time
}

type told struct {
	status health.Status
	output string
}

// output is one output, and what it was last set to.
type output struct {
	chip gpio.Chip
	set  bool // on is what it was set to
	on   bool
}

// New makes a panel. It does nothing before Run.
func New(c Config) *Panel {
	p := &Panel{Config: c, inbox: make(chan func()), ended: make(chan struct{}), told: map[string]told{}, outputs: map[string]*output{}}
	var inputs []string
	for _, chip := range c.Chips {
		inputs = append(inputs, chip.Inputs()...)
		for _, name := range chip.Outputs() {
			p.outputs[name] = &output{chip: chip}
		}
	}
	p.switches = newSwitches(inputs)
	return p
}

// Run works until ctx ends (nil), then all is dark. An error means that the ledger's content is unknown.
func (p *Panel) Run(ctx context.Context) error {
	defer close(p.ended)
	if p.switches.has[Tamper] {
		at, open, err := p.Ledger.EnclosureOpenSince()
		if err != nil {
			return err
		}
		if open {
			p.latched = at
		}
	}
	p.began = time.Now()
	defer p.rest()
	var beats <-chan time.Time // none where nothing hangs on the station
	if len(p.Chips) > 0 || p.Ring != nil {
		beat := time.NewTicker(tick)
		defer beat.Stop()
		beats = beat.C
	}
	for p.failed == nil {
		p.turn(time.Now())
		select {
		case do := <-p.inbox:
			do()
		case <-beats:
			p.buzz()
		case <-ctx.Done():
			return nil
		}
	}
	return p.failed
}

// rest brings all outputs to rest.
func (p *Panel) rest() {
	for _, chip := range p.Chips {
		if err := chip.Close(); err != nil {
			p.Log.Warn("lamps may stay lit", "device", chip.String(), "error", err)
		}
	}
	if p.Ring == nil {
		return
	}
	if err := p.Ring.Close(); err != nil {
		p.Log.Warn("the ring may stay lit", "device", p.Ring.String(), "error", err)
	}
}

// Attend hands the changes of a chip to the panel until the chip is lost; it calls there when the chip answers.
func (p *Panel) Attend(ctx context.Context, chip gpio.Chip, there func()) error {
	inputs := chip.Inputs()
	for {
		settled := time.AfterFunc(chipSettles, there)
		change, err := chip.Next(ctx)
		settled.Stop()
		if err != nil {
			p.send(ctx, func() { p.switches.lost(inputs) })
			return err
		}
		there()
		if slices.Contains(inputs, change.Input) {
			p.send(ctx, func() { p.switches.change(change) })
		}
	}
}

func (p *Panel) send(ctx context.Context, do func()) {
	select {
	case p.inbox <- do:
	case <-p.ended:
	case <-ctx.Done():
	}
}

// tell tells health, when there is news.
func (p *Panel) tell(check string, status health.Status, output string, why session.Reason) {
	if now := (told{status, output}); p.told[check] != now {
		p.told[check] = now
		p.Tell(check, status, output, why)
	}
}

// turn is one look at everything.
func (p *Panel) turn(now time.Time) {
	p.switches.advance(now)
	p.watchEnclosure()
	p.service.Store(p.switches.service())
	gone, known := p.switches.mainsGone()
	p.mains.Store(&Mains{Line: p.switches.has[PowerFail], Known: known, Gone: gone})
	called := p.switches.takeCall()
	p.tellSwitches()
	scene := p.Scene()
	scene.Help = scene.Help || !p.switches.called.IsZero() || !p.latched.IsZero()
	scene.Warning = scene.Warning || p.switches.low
	if sound := Hear(p.scene, scene, called); sound != Silence && (p.Quiet == nil || !p.Quiet(now)) {
		p.sound = sound
	}
	p.scene = scene
	if now.Before(p.trialEnds) {
		p.showTrial(now)
		return
	}
	signals, at := Show(scene), now.Sub(p.began)
	for name, pattern := range signals.Lamps {
		p.output(name, pattern.Lit(at))
	}
	p.light(signals.Ring.Colour.Dimmed(signals.Ring.Pattern.Brightness(at)), now)
}

// light shows a colour on the ring, when it is another one.
func (p *Panel) light(c ring.Colour, now time.Time) {
	if p.Ring == nil || p.ringWell && c == p.shown || now.Before(p.ringWait) {
		return
	}
	if err := p.Ring.Show(c); err != nil {
		p.ringWell, p.ringWait = false, now.Add(ringPause)
		p.RingSeen(err)
		return
	}
	p.ringWell, p.shown = true, c
	p.RingSeen(nil)
}

// buzz plays the next beat of a sound.
func (p *Panel) buzz() {
	loud := false
	if p.sound != Silence {
		loud, p.sound = p.sound[0] == 'x', p.sound[1:]
	}
	p.output(Buzzer, loud)
}

// output sets an output whose level has changed.
func (p *Panel) output(name string, on bool) {
	o, known := p.outputs[name]
	if !known || o.set && o.on == on {
		return
	}
	o.set, o.on = true, on
	if err := o.chip.Set(name, on); err != nil { // it counts when the chip is back; who attends to it finds out
		p.Log.Debug("output not set", "device", o.chip.String(), "line", name, "error", err)
	}
}

// watchEnclosure keeps in the ledger that the enclosure was opened.
func (p *Panel) watchEnclosure() {
	if !p.switches.has[Tamper] || !p.switches.takeOpened() || !p.latched.IsZero() {
		return
	}
	at := p.Now()
	p.latched = at.Wall
	p.Log.Error("the enclosure was opened")
	p.fail(p.Ledger.EnclosureOpened(at))
}

// fail ends the panel after a note whose fate is unknown; the program must start again.
func (p *Panel) fail(err error) {
	if errors.Is(err, ledger.ErrCommit) {
		p.failed = err
	}
}

func (p *Panel) tellSwitches() {
	s := p.switches
	if s.has[Tamper] {
		p.tellEnclosure()
	}
	if s.has[KeySwitch] {
		switch {
		case s.service():
			p.tell(health.CheckService, health.Warn, "the key is turned to service", session.ReasonService)
		default:
			p.tell(health.CheckService, health.Pass, "", "")
		}
	}
	if s.has[StaffCall] {
		switch {
		case s.stuck:
			p.tell(health.CheckStaffCall, health.Warn, "the button for staff is stuck", "")
		case !s.called.IsZero():
			p.tell(health.CheckStaffCall, health.Warn, "a patron calls for staff", "")
		default:
			p.tell(health.CheckStaffCall, health.Pass, "", "")
		}
	}
	if s.has[PaperLow] {
		switch {
		case s.low:
			p.tell(health.CheckPaperSwitch, health.Warn, "paper nearly at its end", "")
		default:
			p.tell(health.CheckPaperSwitch, health.Pass, "", "")
		}
	}
}

func (p *Panel) tellEnclosure() {
	s := p.switches
	why := session.Reason("")
	if p.Stops {
		why = session.ReasonEnclosure
	}
	switch {
	case !p.latched.IsZero():
		p.tell(health.CheckEnclosure, health.Fail, fmt.Sprintf("the enclosure was opened at %s; look at terminal and wiring, then kioskctl tamper clear",
			p.latched.Local().Format("2006-01-02 15:04")), why)
	case !s.known[Tamper]:
		p.tell(health.CheckEnclosure, health.Fail, "the tamper switch cannot be read", why)
	case !s.on[Tamper]:
		p.tell(health.CheckEnclosure, health.Warn, "the enclosure is open, in service", "")
	default:
		p.tell(health.CheckEnclosure, health.Pass, "", "")
	}
}

// Service says whether the key switch is turned to service.
func (p *Panel) Service() bool { return p.service.Load() }

// Mains is what the line for it says of the mains.
type Mains struct {
	Line  bool      // the station has one
	Known bool      // it can be read
	Gone  time.Time // since when there are none; the zero time: they are there
}

// Mains is the newest word on the mains.
func (p *Panel) Mains() Mains {
	if m := p.mains.Load(); m != nil {
		return *m
	}
	return Mains{}
}

// Why an opened enclosure is not cleared.
var (
	ErrNoTamper  = errors.New("the station has no tamper switch")
	ErrNotOpened = errors.New("the enclosure was not opened")
	ErrStillOpen = errors.New("the enclosure is still open: close it, then clear again")
	ErrNoName    = errors.New("name and note are needed")
)

// ClearEnclosure notes that a person has looked at the station after its enclosure was opened.
func (p *Panel) ClearEnclosure(ctx context.Context, staff, note string) error {
	result := make(chan error, 1)
	select {
	case p.inbox <- func() { result <- p.clear(staff, note) }:
		return <-result
	case <-p.ended:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Panel) clear(staff, note string) error {
	s := p.switches
	switch {
	case !s.has[Tamper]:
		return ErrNoTamper
	case p.latched.IsZero():
		return ErrNotOpened
	case staff == "" || note == "":
		return ErrNoName
	case !s.known[Tamper] || !s.on[Tamper] && !s.service():
		return ErrStillOpen
	}
	if err := p.Ledger.EnclosureCleared(p.Now(), staff, note); err != nil {
		p.fail(err)
		return err
	}
	p.latched = time.Time{}
	p.Log.Info("the enclosure is cleared", "staff", staff)
	return nil
}

var _ Ledger = (*ledger.Ledger)(nil)
