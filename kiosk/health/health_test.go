package health_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/printer"
	"selfpay/device/terminal"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
	"selfpay/kiosk/supervisor"
)

const card = "20017000042317"

// devices are terminal, library and printer, which answer as they are told.
type devices struct {
	mu       sync.Mutex
	terminal terminal.Status
	lost     error // what the terminal says instead
	purchase error
	library  error
	paper    printer.Status
	unplug   error
	served   int            // how often the terminal got service
	asked    int            // how often the terminal's status was asked
	clock    *time.Duration // the library's before ours; nil: not told
}

func (d *devices) set(change func(*devices)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

type cardTerminal struct {
	terminal.Terminal
	*devices
}

func (c cardTerminal) Status(context.Context) (terminal.Status, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return c.terminalStatus(), c.lost
}

func (c cardTerminal) Maintain(context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.served++
	c.terminal = terminal.Status{Ready: true}
	return "initialisation", nil
}

func (d *devices) terminalStatus() terminal.Status { return d.terminal }

func (c cardTerminal) Last(context.Context) (terminal.Transaction, error) {
	return terminal.Transaction{}, nil
}

func (c cardTerminal) Purchase(_ context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if c.purchase != nil {
		return terminal.CardSlip{}, c.purchase
	}
	return terminal.CardSlip{}, w.Seen(terminal.Approval{Amount: p.Amount})
}

func (c cardTerminal) RecoverPurchase(context.Context, terminal.Attempt) (terminal.Recovery, error) {
	return terminal.Recovery{}, device.ErrNotSent
}

type library struct{ *devices }

func (l library) Ready(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.library
}

func (l library) Account(context.Context, ils.Patron, ils.Doubt) (ils.Account, error) {
	return ils.Account{}, device.ErrNotSent
}
func (l library) Post(context.Context, ils.Leg) (string, error) { return "", device.ErrNotSent }
func (l library) Traits() ils.Traits                            { return ils.Traits{FeeIDs: true} }
func (l library) Clock() (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clock == nil {
		return 0, false
	}
	return *l.clock, true
}

func (l library) Close() error { return nil }

type paper struct{ *devices }

func (p paper) Status(context.Context) (printer.Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paper, p.unplug
}
func (p paper) Print(context.Context, printer.Receipt) error { return nil }
func (p paper) Close() error                                 { return nil }

// station is a monitor with what it watches.
type station struct {
	*devices
	*health.Monitor
	t      *testing.T
	runner *runner.Runner
	ledger *ledger.Ledger

	screens atomic.Int32
}

func now() payment.Stamp {
	at := time.Now()
	return payment.Stamp{Wall: at, Boot: "one", Mono: time.Duration(at.UnixNano())}
}

// watched runs a rule on a station that has been looked at, in a time of its own.
func watched(t *testing.T, rule func(t *testing.T, s *station)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, end := begin(t)
		over(2 * time.Second)
		rule(t, s)
		end()
		synctest.Wait()
	})
}

// begin has a station run until end is called.
func begin(t *testing.T) (s *station, end func()) {
	t.Helper()
	l, err := ledger.Open(t.TempDir(), bytes.Repeat([]byte{7}, ledger.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	d := &devices{terminal: terminal.Status{Ready: true}, paper: printer.Status{Online: true}}
	log := slog.New(slog.DiscardHandler)
	s = &station{devices: d, t: t, ledger: l}
	s.runner = runner.New(runner.Config{Ledger: l, Terminal: cardTerminal{devices: d}, Library: library{d}, Now: now, Log: log, Limits: runner.StandardLimits,
		Power: runner.Power{Dark: func(bool) error { return nil }, Off: runner.PowerOff, Boot: time.Minute}})
	s.screens.Store(1)
	s.Monitor = health.New(health.Config{TellStaffAfter: 15 * time.Minute, Screens: func() int { return int(s.screens.Load()) },
		Runner: s.runner, Ledger: l, Terminal: cardTerminal{devices: d}, Library: library{d}, Printer: paper{d}, Kiosk: "main-01", Version: "v1.2.3", Log: log})
	devices := supervisor.New([]supervisor.Device{
		{Name: "terminal", Driver: "zvt", Attend: supervisor.Asked(s.LookTerminal)},
		{Name: "printer", Driver: "escpos", Attend: supervisor.Asked(s.LookPrinter)},
	}, s.Device)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.runner.Run(ctx) })
	running.Go(func() { _ = s.Run(ctx) })
	running.Go(func() { _ = devices.Run(ctx) })
	s.Device(supervisor.State{Name: "scanner", There: true})
	return s, func() {
		stop()
		running.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func over(d time.Duration) { time.Sleep(d); synctest.Wait() }

// pay begins a payment of 12.50.
func (s *station) pay() {
	s.t.Helper()
	a := money.Of(1250, "EUR")
	if _, err := s.runner.Pay(context.Background(), runner.Order{Patron: ils.Patron{Card: card}, Amount: a, Legs: []payment.PlannedLeg{{Fee: "104777", Amount: a}},
		Rules: payment.StandardRules(time.Minute, false)}); err != nil {
		s.t.Fatal(err)
	}
	over(2 * time.Second)
}

func (s *station) get(path string) (int, http.Header, string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	body, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return w.Code, w.Header(), string(body)
}

func (s *station) wantCheck(name string, status health.Status, output string) health.Check {
	s.t.Helper()
	checks := s.Document().Checks[name]
	if len(checks) != 1 || checks[0].Status != status || !strings.Contains(checks[0].Output, output) {
		s.t.Errorf("%s: %+v, want %s %q", name, checks, status, output)
		return health.Check{}
	}
	return checks[0]
}

func (s *station) wantObstacle(want session.Reason) {
	s.t.Helper()
	if got := s.Obstacle(); got != want {
		s.t.Errorf("the obstacle is %q, want %q", got, want)
	}
}

func TestTheLogHasOneLineForEachChange(t *testing.T) {
	var log bytes.Buffer
	m := health.New(health.Config{Kiosk: "main-01", Log: slog.New(slog.NewTextHandler(&log, nil))})
	lines := func(what string, want ...string) {
		t.Helper()
		got := strings.Split(strings.TrimSpace(log.String()), "\n")
		if log.Len() == 0 {
			got = nil
		}
		log.Reset()
		if len(got) != len(want) {
			t.Errorf("%s: %q", what, got)
			return
		}
		for i, w := range want {
			if !strings.Contains(got[i], w) {
				t.Errorf("%s: %q, want %q", what, got[i], w)
			}
		}
	}
	lines("before the first look")
	m.Device(supervisor.State{Name: "terminal", Why: "not plugged in"})
	m.Device(supervisor.State{Name: "scanner", Why: "not plugged in"})
	m.Device(supervisor.State{Name: "ring", There: true})
	lines("absent from the beginning", "terminal:link state=fail why=\"not plugged in\"", "scanner:link state=warn why=\"not plugged in\"")
	m.Device(supervisor.State{Name: "terminal", Why: "not permitted"})
	m.Device(supervisor.State{Name: "scanner", Why: "not permitted"})
	lines("absent for another reason")
	m.Device(supervisor.State{Name: "scanner", There: true})
	m.Device(supervisor.State{Name: "ring", Why: "no port"})
	lines("changes", "scanner:link state=pass", "ring:link state=warn")
}

func TestBeforeTheFirstLookNoPaymentIsOffered(t *testing.T) {
	m := health.New(health.Config{Kiosk: "main-01"})
	if m.Obstacle() != session.ReasonTerminalDown {
		t.Errorf("the obstacle is %q", m.Obstacle())
	}
	if d := m.Document(); d.Status != health.Fail || d.Ready || d.Checks[health.CheckTerminal][0].Output != "not asked yet" {
		t.Errorf("%+v", d)
	}
	m.LedgerLost(errors.New("the disk is gone"))
	if m.Obstacle() != session.ReasonStorage {
		t.Errorf("without a ledger the obstacle is %q", m.Obstacle())
	}
}

// The obstacle that concerns money most is told first: ledger, doubt, terminal, library.
func TestObstaclesAreToldInOrder(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.wantObstacle("")
		s.set(func(d *devices) { d.library = fmt.Errorf("%w: no route", device.ErrNotSent) })
		over(15 * time.Second)
		s.wantObstacle(session.ReasonLibraryDown)
		s.set(func(d *devices) { d.library = fmt.Errorf("login: %w", device.ErrAttention) })
		over(15 * time.Second)
		s.wantObstacle(session.ReasonLibraryRefuses)
		s.set(func(d *devices) { d.terminal = terminal.Status{Reason: "end of day needed"} })
		over(15 * time.Second)
		s.wantObstacle(session.ReasonTerminalDown)
		s.wantCheck(health.CheckTerminal, health.Fail, "end of day needed")
		s.set(func(d *devices) { d.terminal = terminal.Status{Ready: true}; d.purchase = errors.New("reset") })
		s.pay()
		s.wantObstacle(session.ReasonSettling)
		s.LedgerLost(errors.New("the disk is gone"))
		s.wantObstacle(session.ReasonStorage)
	})
}

func TestWhatIsWellAgainIsNoObstacle(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.set(func(d *devices) { d.library, d.lost = device.ErrNotSent, device.ErrNotSent })
		over(15 * time.Second)
		s.wantObstacle(session.ReasonTerminalDown)
		s.set(func(d *devices) { d.library, d.lost = nil, nil })
		over(4 * time.Second)
		s.wantObstacle("")
	})
}

func TestPrinterAndScannerNeverKeepAPatronFromPaying(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		for what, change := range map[string]func(*devices){
			"no paper":   func(d *devices) { d.paper = printer.Status{Online: true, PaperEnd: true} },
			"cover open": func(d *devices) { d.paper = printer.Status{Online: true, CoverOpen: true} },
			"cutter":     func(d *devices) { d.paper = printer.Status{Online: true, Fault: "cutter"} },
			"offline":    func(d *devices) { d.paper = printer.Status{} },
			"unplugged":  func(d *devices) { d.unplug = errors.New("unplugged") },
			"nearly":     func(d *devices) { d.paper = printer.Status{Online: true, PaperNearEnd: true} },
		} {
			s.set(change)
			over(15 * time.Second)
			s.wantObstacle("")
			if d := s.Document(); d.Status != health.Warn {
				t.Errorf("%s: %s", what, d.Status)
			}
			s.set(func(d *devices) { d.paper, d.unplug = printer.Status{Online: true}, nil })
			over(15 * time.Second)
			if d := s.Document(); d.Status != health.Pass {
				t.Errorf("after %s: %+v", what, d)
			}
		}
		s.Device(supervisor.State{Name: "scanner", Why: "no such device"})
		s.wantObstacle("")
		s.wantCheck(health.CheckScanner, health.Warn, "no such device")
	})
}

func TestTheTerminalIsLeftAloneWhileADoubtHasIt(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.set(func(d *devices) { d.purchase = errors.New("reset") })
		s.pay()
		over(5 * time.Second)
		s.set(func(d *devices) { d.asked = 0 })
		over(5 * time.Minute)
		s.set(func(d *devices) {
			if d.asked > 0 {
				t.Errorf("its status was asked %d times", d.asked)
			}
		})
	})
}

func TestACheckKeepsTheTimeSinceWhenItIsSo(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		well := s.wantCheck(health.CheckTerminal, health.Pass, "").Time
		over(time.Hour)
		if again := s.wantCheck(health.CheckTerminal, health.Pass, "").Time; !again.Equal(well) {
			t.Errorf("well since %v, then since %v", well, again)
		}
		s.set(func(d *devices) { d.lost = device.ErrNotSent })
		over(time.Minute)
		bad := s.wantCheck(health.CheckTerminal, health.Fail, "not sent").Time
		if since := time.Since(bad); since < 45*time.Second || since > time.Minute {
			t.Errorf("bad since %v", since)
		}
	})
}

func TestReadyMeansThatAPaymentCanBeTakenNow(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		if code, _, body := s.get("/readyz"); code != http.StatusOK || body != "ready\n" {
			t.Errorf("%d %q", code, body)
		}
		s.set(func(d *devices) { d.library = device.ErrNotSent })
		over(15 * time.Second)
		if code, _, body := s.get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "library-down") {
			t.Errorf("%d %q", code, body)
		}
		if code, _, body := s.get("/livez"); code != http.StatusOK || body != "alive\n" {
			t.Errorf("livez: %d %q", code, body)
		}
	})
}

func TestTheHealthDocumentIsHealthJSON(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		read := func(code int) health.Document {
			t.Helper()
			got, header, body := s.get("/healthz")
			if got != code || header.Get("Content-Type") != "application/health+json" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v", got, header)
			}
			var d health.Document
			in := json.NewDecoder(strings.NewReader(body))
			in.DisallowUnknownFields()
			if err := in.Decode(&d); err != nil {
				t.Fatal(err)
			}
			return d
		}
		d := read(http.StatusOK)
		if d.Status != health.Pass || !d.Ready || d.ServiceID != "main-01" || d.Version != "v1.2.3" || d.Since.IsZero() {
			t.Errorf("%+v", d)
		}
		name := regexp.MustCompile(`^[a-z]+:[a-z-]+$`)
		for check, found := range d.Checks {
			if !name.MatchString(check) || len(found) != 1 || found[0].Status == "" || found[0].Time.IsZero() {
				t.Errorf("%s: %+v", check, found)
			}
		}
		for _, check := range []string{health.CheckLedger, health.CheckTerminal, health.CheckLibrary, health.CheckPrinter, health.CheckPaper, health.CheckScanner,
			health.CheckQueue, health.CheckQueueAge, health.CheckInDoubt, health.CheckOpenCases, health.CheckRefunds} {
			if d.Checks[check] == nil {
				t.Errorf("%s is missing", check)
			}
		}
		s.set(func(d *devices) { d.paper.PaperEnd = true })
		over(15 * time.Second)
		if d := read(http.StatusOK); d.Status != health.Warn || !d.Ready {
			t.Errorf("%+v", d)
		}
		s.set(func(d *devices) { d.lost = device.ErrNotSent })
		over(15 * time.Second)
		if d := read(http.StatusServiceUnavailable); d.Status != health.Fail || d.Ready {
			t.Errorf("%+v", d)
		}
	})
}

func TestMetricsSayTheSameToPrometheus(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.set(func(d *devices) { d.paper.PaperEnd = true })
		s.pay()
		over(time.Minute)
		code, _, body := s.get("/metrics")
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(body))
		if code != http.StatusOK || err != nil {
			t.Fatal(code, err)
		}
		gauge := func(family, check string) float64 {
			t.Helper()
			for _, m := range families[family].GetMetric() {
				labels := map[string]string{}
				for _, l := range m.GetLabel() {
					labels[l.GetName()] = l.GetValue()
				}
				if check == "" || labels["check"] == check {
					return m.GetGauge().GetValue()
				}
			}
			t.Errorf("no %s of %s", family, check)
			return -1
		}
		d := s.Document()
		for name, checks := range d.Checks {
			want := map[health.Status]float64{health.Pass: 1, health.Warn: 0.5, health.Fail: 0}[checks[0].Status]
			if got := gauge("kiosk_check", name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
			if v := checks[0].Value; v != nil && name != health.CheckQueueAge && gauge("kiosk_check_value", name) != float64(*v) {
				t.Errorf("%s observes %v, want %d", name, gauge("kiosk_check_value", name), *v)
			}
		}
		if gauge("kiosk_check", health.CheckPaper) != 0.5 || gauge("kiosk_check_value", health.CheckQueue) != 1 || gauge("kiosk_ready", "") != 1 || gauge("kiosk_info", "") != 1 {
			t.Errorf("%s", body)
		}
		if age := gauge("kiosk_check_value", health.CheckQueueAge); age < 60 || age > 70 {
			t.Errorf("the oldest has waited %v s", age)
		}
		s.set(func(d *devices) { d.library = device.ErrNotSent })
		over(15 * time.Second)
		if _, _, body := s.get("/metrics"); !strings.Contains(body, "\nkiosk_ready 0\n") {
			t.Error("it says that it is ready")
		}
	})
}

func TestMetricsKeepNamesAsTheyAre(t *testing.T) {
	name := "main \"01\"\\n\nÖffnung"
	m := health.New(health.Config{Kiosk: name, Runner: runner.New(runner.Config{}), Version: "v1"})
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := families["kiosk_info"].GetMetric()[0].GetLabel()[0].GetValue(); got != name {
		t.Errorf("%q is told as %q", name, got)
	}
	for _, family := range []string{"process_resident_memory_bytes", "go_goroutines"} {
		if families[family] == nil {
			t.Errorf("the program tells no %s", family)
		}
	}
}

func TestATerminalThatAsksForServiceGetsItOnce(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.set(func(d *devices) { d.terminal = terminal.Status{Reason: "initialisation required", Service: true} })
		over(time.Minute)
		if c := s.Document().Checks[health.CheckTerminal][0]; s.served != 1 || c.Status != health.Pass {
			t.Errorf("served %d times, then %+v", s.served, c)
		}
	})
}

func TestAnApprovalNobodyAskedForIsTold(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		look := func(want health.Status, text string) {
			t.Helper()
			over(15 * time.Second)
			if c := s.Document().Checks[health.CheckStrays][0]; c.Status != want || !strings.Contains(c.Output, text) {
				t.Errorf("%+v, want %s and %q", c, want, text)
			}
		}
		look(health.Pass, "")
		if err := s.ledger.StraySeen(now(), payment.Approval{Amount: money.Of(4000, "EUR"), Receipt: 12, Trace: 112}); err != nil {
			t.Fatal(err)
		}
		look(health.Fail, "40.00 EUR, receipt 0012, trace 112: it is not proven")
		end := ledger.StrayResult{At: now(), Receipt: 12, Trace: 112, Outcome: string(terminal.NotCharged)}
		if err := s.ledger.StrayEnded(end); err != nil {
			t.Fatal(err)
		}
		look(health.Warn, "taken back")
		over(24 * time.Hour)
		look(health.Pass, "")
	})
}

func TestAQueueThatWaitsLongIsTold(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.pay()
		s.wantCheck(health.CheckQueueAge, health.Pass, "")
		over(16 * time.Minute)
		s.wantCheck(health.CheckQueueAge, health.Warn, "")
		s.wantObstacle("") // old money is staff's care; a new patron can pay
	})
}

func TestADoubtThatDoesNotEndIsTold(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.set(func(d *devices) { d.purchase = errors.New("reset") })
		s.pay()
		if c := s.wantCheck(health.CheckInDoubt, health.Pass, ""); *c.Value != 1 {
			t.Errorf("%d in doubt", *c.Value)
		}
		over(10 * time.Minute)
		s.wantCheck(health.CheckInDoubt, health.Warn, "")
	})
}

func TestADamagedLedgerStopsPaymentsUntilItVerifies(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.Chain(errors.New("event 412: it is not what was saved there"))
		over(time.Minute)
		s.wantCheck(health.CheckChain, health.Fail, "event 412")
		s.wantObstacle(session.ReasonStorage)
		s.Chain(nil)
		s.wantCheck(health.CheckChain, health.Pass, "")
		s.wantObstacle("")
	})
}

func TestAScreenThatNobodySeesIsToldAndStopsNothing(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.wantCheck(health.CheckBrowser, health.Pass, "")
		s.screens.Store(0)
		over(29 * time.Second)
		s.wantCheck(health.CheckBrowser, health.Pass, "")
		over(3 * time.Second)
		s.wantCheck(health.CheckBrowser, health.Warn, "no page")
		s.wantObstacle("")
		s.screens.Store(1)
		over(2 * time.Second)
		s.wantCheck(health.CheckBrowser, health.Pass, "")
	})
}

func TestNothingOfPatronsAndNoAmountIsTold(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.pay()
		over(time.Minute)
		for _, path := range []string{"/livez", "/readyz", "/healthz", "/metrics"} {
			_, _, body := s.get(path)
			for _, secret := range []string{card, "104777", "12.50", "1250"} {
				if slices.Contains(strings.FieldsFunc(body, func(r rune) bool { return strings.ContainsRune(" \n\",:{}", r) }), secret) {
					t.Errorf("%s tells %q: %s", path, secret, body)
				}
			}
		}
	})
}

func TestAPostingByAccountIsNamedUntilItIsTickedOff(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		s.wantCheck(health.CheckByAccount, health.Pass, "")
		a := money.Of(1250, "EUR")
		owed := payment.Reading{Total: a, Fees: []payment.Balance{{Fee: "104", Minor: 1250}}}
		head := payment.Head{At: now()}
		later := payment.Head{At: head.At}
		later.At.Mono += 5 * time.Minute
		p, err := s.ledger.Intend(card, payment.Intended{Head: head, Amount: a, Rules: payment.StandardRules(time.Minute, false), Legs: []payment.PlannedLeg{{Fee: "104", Amount: a}}, Account: owed})
		for _, e := range []payment.Event{payment.Purchasing{Head: head}, payment.ApprovalSeen{Head: head, Approval: payment.Approval{Amount: a}}, payment.DialogueEnded{Head: head},
			payment.AccountRead{Head: head, Leg: 1, Account: owed}, payment.NoAnswer{Head: head, Leg: 1, Reason: "silence"},
			payment.AccountRead{Head: later, Leg: 1, Account: payment.Reading{Total: money.Of(0, "EUR")}, Verdict: payment.Applied}} {
			if err == nil {
				p, err = s.ledger.Append(p.ID, e)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		over(2 * time.Second)
		if c := s.wantCheck(health.CheckByAccount, health.Warn, p.ID.String()); c.Value == nil || *c.Value != 1 {
			t.Errorf("%+v", c)
		}
		s.wantObstacle("")
		if _, err := s.ledger.Append(p.ID, payment.PostingConfirmed{Head: later, Leg: 1, Staff: "mk", Note: "seen"}); err != nil {
			t.Fatal(err)
		}
		over(2 * time.Second)
		if c := s.wantCheck(health.CheckByAccount, health.Pass, ""); c.Output != "" || *c.Value != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func TestClocksThatDifferAreTold(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		if s.Document().Checks[health.CheckClock] != nil {
			t.Error("a library that does not tell its time has a clock")
		}
		for _, c := range []struct {
			ahead  time.Duration
			status health.Status
			output string
		}{{4 * time.Minute, health.Pass, ""}, {5 * time.Minute, health.Warn, "5m0s ahead of ours"}, {-6 * time.Minute, health.Warn, "6m0s behind ours"}, {0, health.Pass, ""}} {
			s.set(func(d *devices) { d.clock = &c.ahead })
			over(15 * time.Second)
			if found := s.wantCheck(health.CheckClock, c.status, c.output); found.Value == nil || *found.Value != int64(c.ahead.Seconds()) {
				t.Errorf("%s: %+v", c.ahead, found)
			}
			s.wantObstacle("") // payments go on
		}
	})
}

func TestAnEndOfDayThatWasNotDoneIsTold(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		if s.Document().Checks[health.CheckEndOfDay] != nil {
			t.Error("a station without one is told of its end of day")
		}
		s.EndOfDay("the end of day of 1 Jan 23:10 was not done: no route")
		s.wantCheck(health.CheckEndOfDay, health.Warn, "no route")
		s.wantObstacle("") // payments go on
		s.EndOfDay("")
		s.wantCheck(health.CheckEndOfDay, health.Pass, "")
	})
}

func TestWhileTheTerminalIsDarkNoPaymentIsOffered(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		if !s.TerminalSilent().IsZero() {
			t.Error("a terminal that answers is silent")
		}
		if err := s.runner.PowerCycle(t.Context(), runner.Cycle{}); err != nil {
			t.Fatal(err)
		}
		over(2 * time.Second)
		s.wantObstacle(session.ReasonTerminalDown) // though this one answers
		over(2 * time.Minute)
		s.wantObstacle("")
		s.set(func(d *devices) { d.lost = device.ErrNotSent })
		over(time.Minute)
		if since := s.TerminalSilent(); since.IsZero() || time.Since(since) > time.Minute {
			t.Errorf("silent since %s", since)
		}
	})
}
