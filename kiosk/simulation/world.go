package simulation

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"selfpay/kiosk/payment"
)

// Options choose a run.
type Options struct {
	Seed    uint64
	Folder  string // for the ledger; empty at the beginning
	Visits  int    // patrons that come, one after the other; 0 means 1
	Plan    []Strike
	Chance  float64 // of a fault at random after each saved event
	CrashAt []int   // steps of the run at which the kiosk dies
	Library Library
	Dialect Dialect
	Broken  Broken // what is broken on purpose, to see that it is found
	Story   bool   // keep the transcript
}

// Strike is a fault that comes when a payment enters a state for the first time.
type Strike struct {
	State string // of the payment or of a leg
	Fault string
}

// FromSeed is the run that a seed alone stands for: ten patrons, a kind of library system, a terminal's dialect, and
// few, some or many faults.
func FromSeed(seed uint64, folder string) Options {
	return Options{Seed: seed, Folder: folder, Visits: 10, Chance: []float64{0.02, 0.08, 0.25}[seed%3],
		Library: Libraries[seed/3%uint64(len(Libraries))], Dialect: Dialects[seed/(3*uint64(len(Libraries)))%uint64(len(Dialects))]}
}

// Result is what a run came to.
type Result struct {
	Payments   []payment.Payment // before staff decided
	Struck     map[string]int    // faults that struck, by name and state: "killed at posting"
	Steps      int
	Violations []string
	Story      []string
}

// World is one station and everything around it.
type World struct {
	Options
	rng        *rand.Rand
	now        time.Duration // since the beginning
	agenda     agenda
	scheduled  int
	kiosk      *life // nil while it does not run
	lives      int
	boot       int
	bootedAt   time.Duration
	clockOff   time.Duration // how far the kiosk's clock is from the world's
	disk       disk
	terminal   *cardTerminal
	printer    printer
	library    *librarySystem
	saved      map[int64]payment.Payment // what the disk holds, as far as the kiosk was told
	entered    map[string]bool           // "1 posting": payments and their states so far
	armed      map[string]bool           // faults that wait for the next occasion
	struck     map[string]int
	visits     int
	over       bool // the last patron has had time to go
	healing    bool
	violations []string
	story      []string
	steps      int
}

// Run plays one station from its seed.
func Run(o Options) (Result, error) {
	if o.Visits == 0 {
		o.Visits = 1
	}
	w := &World{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 0x5e1f9a7)), boot: 1,
		saved: map[int64]payment.Payment{}, entered: map[string]bool{}, armed: map[string]bool{}, struck: map[string]int{}}
	w.disk = disk{w: w}
	w.terminal = newCardTerminal(w, o.Dialect)
	w.library = newLibrarySystem(w, o.Library)
	w.printer = printer{w: w, receipts: map[int64]int{}}
	if err := w.start(); err != nil {
		return Result{}, err
	}
	w.in(time.Second, w.visit)
	w.until(func() bool { return w.over })
	w.heal()
	if err := w.settle(); err != nil {
		return Result{}, err
	}
	before := w.unfinishedAndEnded()
	w.checkBeforeStaff(before)
	if err := w.staffDecides(); err != nil {
		return Result{}, err
	}
	w.checkBooks(w.unfinishedAndEnded())
	err := w.kiosk.ledger.Close()
	return Result{Payments: before, Struck: w.struck, Steps: w.steps, Violations: w.violations, Story: w.story}, err
}

// until takes events until done says so.
func (w *World) until(done func() bool) {
	for len(w.agenda) > 0 && !done() {
		next := heap.Pop(&w.agenda).(event)
		w.now = next.at
		if w.step() {
			w.killed("between two events")
		}
		next.do()
		w.kiosk.exitIfFailed()
	}
}

// step counts what happens; true: here the kiosk dies by plan.
func (w *World) step() bool {
	w.steps++
	return slices.Contains(w.CrashAt, w.steps) && !w.healing
}

// heal mends everything; from here on nothing strikes.
func (w *World) heal() {
	w.tell("world", "everything is mended")
	w.healing = true
	clear(w.armed)
	w.disk.full, w.clockOff = false, 0
	w.terminal.restore()
	w.library.restore()
}

// settle lets time pass until nothing moves by itself, two days at the most.
func (w *World) settle() error {
	end := w.now + 48*time.Hour
	w.until(func() bool {
		if w.now > end {
			return true
		}
		if w.kiosk == nil || w.terminal.open != nil || w.library.pending > 0 {
			return false
		}
		s := w.kiosk.core.Summary()
		return s.Waiting+s.TerminalInDoubt+s.AtTerminal == 0
	})
	if w.kiosk == nil {
		return w.start()
	}
	return nil
}

// in has do called after a while, whatever becomes of the kiosk.
func (w *World) in(wait time.Duration, do func()) {
	w.scheduled++
	heap.Push(&w.agenda, event{at: w.now + max(0, wait), order: w.scheduled, do: do})
}

// between draws a time.
func (w *World) between(least, most time.Duration) time.Duration {
	return least + time.Duration(w.rng.Int64N(int64(most-least)))
}

// violation records a broken rule.
func (w *World) violation(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.violations = append(w.violations, text)
	w.tell("VIOLATION", "%s", text)
}

// tell writes a line of the transcript.
func (w *World) tell(who, format string, args ...any) {
	if !w.Story {
		return
	}
	at := time.Time{}.Add(w.now)
	day := int(w.now / (24 * time.Hour))
	w.story = append(w.story, fmt.Sprintf("%d+%s %-9s %s", day, at.Format("15:04:05.000"), who, fmt.Sprintf(format, args...)))
}

// Now is the kiosk's clock: the wall may be wrong, the monotonic clock counts from the boot.
func (w *World) Now() payment.Stamp {
	return payment.Stamp{
		Wall: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Add(w.now + w.clockOff),
		Boot: fmt.Sprintf("boot %d", w.boot),
		Mono: w.now - w.bootedAt + time.Second,
	}
}

// event is something that will happen.
type event struct {
	at    time.Duration
	order int
	do    func()
}

// agenda is a heap of events, in order of time and then of scheduling.
type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if a[i].at != a[j].at {
		return a[i].at < a[j].at
	}
	return a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(e any)   { *a = append(*a, e.(event)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
