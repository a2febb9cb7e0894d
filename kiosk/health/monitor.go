// Package health knows what is well, what is not, and since when. It judges what the devices say, and tells the screen,
// people on site and people far away. It holds no patron data, no amounts and no secrets.
package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"selfpay/device"
	"selfpay/device/printer"
	"selfpay/device/terminal"
	"selfpay/kiosk/health/machine"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
	"selfpay/kiosk/supervisor"
)

// Config is what a monitor watches.
type Config struct {
	Runner   *runner.Runner
	Ledger   *ledger.Ledger
	Terminal terminal.Terminal
	Library  ils.Library
	Printer  printer.Printer // nil where there is none
	Kiosk    string          // the station's name
	Version  string

	TellStaffAfter time.Duration // a payment that waits longer for the library is a warning
	MostWaiting    int           // at so many waiting payments none is taken; 0: no limit

	Machine *machine.Machine // the computer; nil: it is not looked at
	Built   time.Time        // when this program was made; the clock cannot be right before
	Screens func() int       // how many pages show the screen now; nil: not known
	Commits *Latency         // of the ledger; a probe of the disk is added
	Answers *Latency         // of the library

	Changed func() // called when a check changed; nil: nobody is told
	Log     *slog.Logger
}

// The pauses between two looks.
const (
	lookOften = time.Second      // own memory and disk
	lookWell  = 10 * time.Second // library and devices that were well
	lookDown  = 3 * time.Second  // those that were not
	askLimit  = 15 * time.Second // for one answer
)

// Status is how well something is.
type Status string

const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Check is what one look found.
type Check struct {
	Status Status    `json:"status"`
	Time   time.Time `json:"time"`             // since when it is so
	Output string    `json:"output,omitempty"` // what is wrong, for staff
	Value  *int64    `json:"observedValue,omitempty"`
	Unit   string    `json:"observedUnit,omitempty"`
}

// Monitor keeps looking. Make it with New, then let Run turn.
type Monitor struct {
	Config
	mu      sync.Mutex
	checks  map[string]Check
	reasons map[string]session.Reason // why no payment can be offered, by check
	summary runner.Summary
	started time.Time
	silent  time.Time                   // since when the terminal does not answer; zero: it does
	shown   time.Time                   // when the screen was seen last
	expires map[string]func() time.Time // certificates, by what they are for
}

// The checks by name, component:measurement.
const (
	CheckLedger    = "ledger:write"
	CheckChain     = "ledger:chain"
	CheckTerminal  = "terminal:link"
	CheckEndOfDay  = "terminal:end-of-day"
	CheckStrays    = "terminal:approvals"
	CheckLibrary   = "ils:link"
	CheckAnswers   = "ils:latency"
	CheckClock     = "ils:clock"
	CheckBrowser   = "ui:browser"
	CheckPrinter   = "printer:link"
	CheckPaper     = "printer:paper"
	CheckScanner   = "scanner:link"
	CheckLabels    = "scanner:labels"
	CheckQueue     = "queue:depth"
	CheckQueueAge  = "queue:oldest-age"
	CheckInDoubt   = "payments:in-doubt"
	CheckByAccount = "payments:by-account"
	CheckOpenCases = "cases:open"
	CheckRefunds   = "refunds:due"
)

// New makes a monitor. It asks nothing before Run; until then everything that decides about payments fails.
func New(c Config) *Monitor {
	m := &Monitor{Config: c, checks: map[string]Check{}, reasons: map[string]session.Reason{}, expires: map[string]func() time.Time{}, started: time.Now(), shown: time.Now()}
	m.set(CheckTerminal, Fail, notAskedYet, session.ReasonTerminalDown)
	m.set(CheckLibrary, Fail, notAskedYet, session.ReasonLibraryDown)
	return m
}

// Run looks at ledger, library, screen and computer until ctx ends.
func (m *Monitor) Run(ctx context.Context) error {
	var looks sync.WaitGroup
	for _, look := range []func(context.Context) time.Duration{m.lookLedger, m.lookLibrary, m.lookScreen, m.lookMachine, m.lookWrites} {
		looks.Go(func() { m.keepLooking(ctx, look) })
	}
	looks.Wait()
	return nil
}

// keepLooking looks until ctx ends; a look says how long to wait for the next.
func (m *Monitor) keepLooking(ctx context.Context, look func(context.Context) time.Duration) {
	for ctx.Err() == nil {
		ask, cancel := context.WithTimeout(ctx, askLimit)
		pause := look(ask)
		cancel()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

const notAskedYet = "not asked yet"

// set notes a check; one line in the log for each change, and for what is not well from the beginning.
func (m *Monitor) set(name string, status Status, output string, why session.Reason) {
	m.note(name, Check{Status: status, Output: output}, why)
}

func (m *Monitor) count(name string, status Status, value int64, unit string, why session.Reason) {
	m.note(name, Check{Status: status, Value: &value, Unit: unit}, why)
}

func (m *Monitor) note(name string, now Check, why session.Reason) {
	if m.keep(name, now, why) && m.Changed != nil {
		m.Changed()
	}
}

// keep says whether the check is another than before.
func (m *Monitor) keep(name string, now Check, why session.Reason) (changed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, known := m.checks[name]
	now.Time = time.Now()
	if known && before.Status == now.Status {
		now.Time = before.Time
	}
	first := !known && now.Status != Pass && now.Output != notAskedYet || before.Output == notAskedYet
	if (known && before.Status != now.Status || first) && m.Log != nil {
		m.Log.Info("health", "check", name, "state", string(now.Status), "why", now.Output)
	}
	changed = !known || before.Status != now.Status || m.reasons[name] != why
	m.checks[name] = now
	m.reasons[name] = why
	return changed
}

// forget drops a check that does not apply any more.
func (m *Monitor) forget(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.checks, name)
	delete(m.reasons, name)
}

func (m *Monitor) lookLedger(ctx context.Context) time.Duration {
	if err := m.Ledger.Ready(); err != nil {
		m.set(CheckLedger, Fail, err.Error(), session.ReasonStorage)
	} else {
		m.set(CheckLedger, Pass, "", "")
	}
	summary, err := m.Runner.Summary(ctx)
	if err != nil {
		return lookOften
	}
	m.mu.Lock()
	m.summary = summary
	m.mu.Unlock()
	m.countPayments(ctx, summary)
	m.lookByAccount()
	return lookOften
}

func (m *Monitor) countPayments(ctx context.Context, s runner.Summary) {
	available := session.Reason("")
	if err := m.Runner.Available(ctx); err != nil && !errors.Is(err, runner.ErrBusy) && ctx.Err() == nil {
		available = session.Why(err)
	}
	m.judgePayments(s, available)
}

// judgePayments says what staff read of the payments that have not ended; why: none can be taken because of them.
func (m *Monitor) judgePayments(s runner.Summary, why session.Reason) {
	m.count(CheckInDoubt, byAge(age(s.OldestDoubt), doubtIsLong, tooLong), int64(s.InDoubt), "payments", why)
	m.count(CheckOpenCases, worse(warnIf(s.OpenCases > 0), byAge(age(s.OldestCase), tooLong, tooLong)), int64(s.OpenCases), "cases", "")
	m.count(CheckRefunds, warnIf(s.RefundsDue > 0), int64(s.RefundsDue), "refunds", "")
	depth := warnIf(s.Waiting > queueIsLong)
	if m.MostWaiting > 0 && s.Waiting >= m.MostWaiting {
		depth = Fail
	}
	m.count(CheckQueue, depth, int64(s.Waiting), "payments", "")
	oldest := age(s.Oldest)
	m.count(CheckQueueAge, byAge(oldest, m.TellStaffAfter, tooLong), int64(oldest.Seconds()), "s", "")
}

// A queue that is long, a doubt that should have ended, and what nobody should have left so long.
const (
	queueIsLong = 20
	doubtIsLong = 10 * time.Minute
	tooLong     = 24 * time.Hour
)

// age is how long ago something was; nothing is not old.
func age(of payment.Stamp) time.Duration {
	if of.Wall.IsZero() {
		return 0
	}
	return time.Since(of.Wall)
}

func worse(a, b Status) Status {
	if a == Fail || b == Pass {
		return a
	}
	return b
}

func byAge(age, warns, fails time.Duration) Status {
	if age > fails {
		return Fail
	}
	return warnIf(age > warns)
}

// namedByAccount is how many payments a check names.
const namedByAccount = 5

// lookByAccount names the payments that were posted by account only, until staff ticks them off.
func (m *Monitor) lookByAccount() {
	found, err := m.Ledger.ByAccount()
	if err != nil {
		m.set(CheckByAccount, Warn, err.Error(), "")
		return
	}
	var codes []string
	for _, p := range found[:min(len(found), namedByAccount)] {
		codes = append(codes, p.ID.String())
	}
	if len(found) > namedByAccount {
		codes = append(codes, "…")
	}
	n := int64(len(found))
	m.note(CheckByAccount, Check{Status: warnIf(n > 0), Output: strings.Join(codes, ", "), Value: &n, Unit: "payments"}, "")
}

// How long staff is told of an approval nobody asked for: of one that the terminal took back, and of one that it may not have.
const (
	strayIsPast = 24 * time.Hour
	strayIsOpen = 7 * 24 * time.Hour
)

// lookStrays names the newest approval nobody asked for.
func (m *Monitor) lookStrays() {
	found, err := m.Ledger.Strays()
	if err != nil {
		m.set(CheckStrays, Warn, err.Error(), "")
		return
	}
	status, output, n := Pass, "", int64(0)
	for _, s := range found {
		back := s.Result.Outcome == string(terminal.NotCharged)
		if since := age(s.At); since > strayIsOpen || back && since > strayIsPast {
			continue
		}
		n++
		output = s.Note + ": "
		switch {
		case back:
			status, output = worse(Warn, status), output+"taken back"
		default:
			status, output = Fail, output+"it is not proven that the terminal took it back"
		}
	}
	m.note(CheckStrays, Check{Status: status, Output: output, Value: &n, Unit: "approvals"}, "")
}

func warnIf(bad bool) Status {
	if bad {
		return Warn
	}
	return Pass
}

// Device notes how a device is that is under supervision. What terminal and printer say when they are there is judged by
// LookTerminal and LookPrinter.
func (m *Monitor) Device(s supervisor.State) {
	check := linkOf(s.Name)
	switch {
	case s.There && (check == CheckTerminal || check == CheckPrinter):
	case s.There:
		m.set(check, Pass, "", "")
	case check == CheckTerminal:
		m.set(check, Fail, s.Why, session.ReasonTerminalDown)
	default:
		m.set(check, Warn, s.Why, "")
	}
}

// linkOf is the check of whether a device is there.
func linkOf(device string) string { return device + ":link" }

// LookTerminal asks the terminal, but never while a purchase or a doubt has it. It calls there when the terminal has
// answered; pause is until it should be asked again. The error says why it could not be asked.
func (m *Monitor) LookTerminal(ctx context.Context, there func()) (pause time.Duration, err error) {
	m.mu.Lock()
	used := m.summary.AtTerminal+m.summary.TerminalInDoubt > 0
	m.mu.Unlock()
	if used {
		return lookOften, nil
	}
	status, err := m.Terminal.Status(ctx)
	m.hear(err)
	m.lookStrays()
	if err != nil {
		return 0, err
	}
	if status.Service {
		m.maintain(ctx)
	}
	if !status.Ready {
		m.set(CheckTerminal, Fail, status.Reason, session.ReasonTerminalDown)
		there()
		return lookDown, nil
	}
	m.set(CheckTerminal, Pass, "", "")
	there()
	return lookWell, nil
}

// maintain gives the terminal the service it asks for; the next look says whether that helped.
func (m *Monitor) maintain(ctx context.Context) {
	t, can := m.Terminal.(terminal.Maintainer)
	if !can {
		return
	}
	done, err := t.Maintain(ctx)
	if m.Log != nil && (done != "" || err != nil) {
		m.Log.Info("the terminal asked for service", "done", done, "error", err)
	}
}

// clocksDiffer is from which difference on staff is told; Polaris refuses everything from 30 minutes on.
const clocksDiffer = 5 * time.Minute

// lookClock compares the library's clock with ours.
func (m *Monitor) lookClock() {
	ahead, known := m.Library.Clock()
	if !known {
		return
	}
	ahead = ahead.Round(time.Second)
	output := ""
	if ahead.Abs() >= clocksDiffer {
		output = fmt.Sprintf("the library's clock is %s ahead of ours", ahead)
		if ahead < 0 {
			output = fmt.Sprintf("the library's clock is %s behind ours", -ahead)
		}
	}
	seconds := int64(ahead.Seconds())
	m.note(CheckClock, Check{Status: warnIf(output != ""), Output: output, Value: &seconds, Unit: "s"}, "")
}

// slowAnswer is what a patron should not wait longer for.
const slowAnswer = 3 * time.Second

// lookLibrary asks the library system; when it is back, what waits for it is brought forward.
func (m *Monitor) lookLibrary(ctx context.Context) time.Duration {
	err := m.Library.Ready(ctx)
	m.lookClock()
	m.slowness(CheckAnswers, m.Answers, 0.95, slowAnswer, "the library system is slow")
	if err == nil {
		if !m.passed(CheckLibrary) {
			go m.libraryBack(context.WithoutCancel(ctx))
		}
		m.set(CheckLibrary, Pass, "", "")
		return lookWell
	}
	why := session.ReasonLibraryDown
	if device.Class(err) == device.ErrAttention || device.Class(err) == device.ErrRefused {
		why = session.ReasonLibraryRefuses
	}
	m.set(CheckLibrary, Fail, err.Error(), why)
	return lookDown
}

func (m *Monitor) passed(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.checks[name].Status == Pass
}

// libraryBack waits a moment drawn at random, so that many kiosks do not come at once.
func (m *Monitor) libraryBack(ctx context.Context) {
	time.Sleep(rand.N(time.Second))
	if err := m.Runner.Retry(ctx, payment.ID{}); err != nil {
		m.Log.Debug("queue not brought forward", "error", err)
	}
}

// LookPrinter asks the printer. It calls there when the printer has answered; pause is until it should be asked again. The
// error says why it could not be asked.
func (m *Monitor) LookPrinter(ctx context.Context, there func()) (pause time.Duration, err error) {
	status, err := m.Printer.Status(ctx)
	if err != nil {
		return 0, err
	}
	link, paper := judgePrinter(status)
	m.note(CheckPrinter, link, "")
	m.note(CheckPaper, paper, "")
	there()
	if status.Ready() {
		return lookWell, nil
	}
	return lookDown, nil
}

// judgePrinter says what staff read of a printer that answers: of its paper in one check, of all else in the other. A
// receipt that cannot be printed keeps nobody from paying, so nothing here fails.
func judgePrinter(s printer.Status) (link, paper Check) {
	link, paper = Check{Status: Pass}, Check{Status: Pass}
	beside := s
	if s.PaperEnd { // a printer without paper is offline for that
		beside.PaperEnd, beside.Online = false, true
	}
	if problem := beside.Problem(); problem != "" {
		link = Check{Status: Warn, Output: problem}
	}
	switch {
	case s.PaperEnd:
		paper = Check{Status: Warn, Output: "no paper"}
	case s.PaperNearEnd:
		paper = Check{Status: Warn, Output: "paper nearly at its end"}
	}
	return link, paper
}

// LedgerLost notes that the ledger cannot be opened.
func (m *Monitor) LedgerLost(err error) {
	m.set(CheckLedger, Fail, err.Error(), session.ReasonStorage)
}

// Chain notes whether the ledger's events fit together, as far as they were verified: at the start, at night, and when
// somebody asked. While they do not, no payment is taken.
func (m *Monitor) Chain(err error) {
	if err != nil {
		m.set(CheckChain, Fail, err.Error(), session.ReasonStorage)
		return
	}
	m.set(CheckChain, Pass, "", "")
}

// noScreen is how long no page may show the screen: a browser that was killed is back sooner.
const noScreen = 30 * time.Second

// lookScreen warns where nobody could see the screen. Without one no payment begins anyway.
func (m *Monitor) lookScreen(context.Context) time.Duration {
	if m.Screens == nil {
		return lookOften
	}
	open := m.Screens()
	m.mu.Lock()
	if open > 0 {
		m.shown = time.Now()
	}
	dark := time.Since(m.shown)
	m.mu.Unlock()
	switch {
	case open > 0:
		m.set(CheckBrowser, Pass, "", "")
	case dark > noScreen:
		m.set(CheckBrowser, Warn, "no page shows the screen", "")
	}
	return lookOften
}

// EndOfDay notes why the terminal's day was not closed at its time; empty means that it was.
func (m *Monitor) EndOfDay(why string) { m.set(CheckEndOfDay, warnIf(why != ""), why, "") }

// Obstacle is why no payment can be offered just now, empty if one can. It only looks at what is known already.
func (m *Monitor) Obstacle() session.Reason {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range []string{CheckLedger, CheckChain, CheckReadOnly, CheckBallast, CheckEnclosure, CheckService, CheckMaintenance, CheckUpdate, CheckMains, CheckCharge, CheckInDoubt, CheckTerminal, CheckLibrary} {
		if why := m.reasons[name]; why != "" {
			return why
		}
	}
	return ""
}

// Reasons say why no payment can be taken just now, for people: the reason, then each check that fails.
func (m *Monitor) Reasons() []string {
	why := m.Obstacle()
	if why == "" {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	reasons := []string{"no payment can be taken: " + string(why)}
	for _, name := range slices.Sorted(maps.Keys(m.checks)) {
		if c := m.checks[name]; c.Status == Fail {
			reasons = append(reasons, strings.TrimSuffix(name+": "+c.Output, ": "))
		}
	}
	return reasons
}

// Summary is the newest count of payments that have not ended.
func (m *Monitor) Summary() runner.Summary {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.summary
}

// Document is the health document: health+json in shape, our own check names.
type Document struct {
	Status    Status             `json:"status"`
	Version   string             `json:"version"`
	ServiceID string             `json:"serviceId"`
	Ready     bool               `json:"ready"` // a payment can be taken now
	Since     time.Time          `json:"since"` // start of the program
	Checks    map[string][]Check `json:"checks"`
}

// Document is how the station is now.
func (m *Monitor) Document() Document {
	ready := m.Obstacle() == ""
	m.mu.Lock()
	defer m.mu.Unlock()
	d := Document{Status: Pass, Version: m.Version, ServiceID: m.Kiosk, Ready: ready, Since: m.started, Checks: map[string][]Check{}}
	for name, c := range m.checks {
		d.Checks[name] = []Check{c}
		if c.Status == Fail || c.Status == Warn && d.Status == Pass {
			d.Status = c.Status
		}
	}
	return d
}
