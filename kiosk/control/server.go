package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"selfpay/device/printer"
	"selfpay/device/scanner"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/secondcopy"
	"selfpay/kiosk/session"
	"selfpay/kiosk/statement"
	"selfpay/kiosk/supervisor"
)

// Server answers kioskctl.
type Server struct {
	Ledger  *ledger.Ledger
	Runner  *runner.Runner
	Session *session.Session
	Monitor *health.Monitor
	Devices func() []supervisor.State                           // how the devices are
	Printer printer.Printer                                     // nil where there is none
	Slip    func(r report.Report, at time.Time) printer.Receipt // writes the books for paper
	Panel   *panel.Panel

	Maintain func(on bool, staff, note string) error // begins or ends maintenance

	TestSlip  func(at time.Time) printer.Receipt                              // writes a slip that shows whether the printer is well
	NextLabel func(ctx context.Context, waiting func()) (scanner.Scan, error) // waits for a label, and says when it does; nil where there is no scanner
	Cards     scanner.CardRules

	Key      statement.Key // signs what the daemon says of itself
	Release  int           // the number of its release
	Updating func() bool   // no patron may begin because of an update

	Trace func(ctx context.Context, emit func(any) error) error // explains what is said on the terminal's line, without secrets, until ctx ends; nil: nobody can

	exporting sync.Mutex   // one export at a time
	tracing   atomic.Int32 // traces under way
}

// longestRequest bounds what is read of a request, in bytes.
const longestRequest = 64 << 10

// Listen opens the socket, for the kiosk's user and group only. A socket left by a killed daemon is replaced.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, errors.New("another kioskd answers on " + path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o660)
}

// Serve answers until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	removeExport(filepath.Join(s.Ledger.Folder(), exportFile)) // of a daemon that was killed
	return s.serve(ctx, l)
}

func (s *Server) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s.handler(), ReadTimeout: 10 * time.Second, MaxHeaderBytes: 8 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", answer(s.status))
	mux.HandleFunc("GET /devices", answer(func(*http.Request) (any, error) { return s.Devices(), nil }))
	mux.HandleFunc("GET /queue", answer(func(*http.Request) (any, error) { return Queue(s.Ledger) }))
	mux.HandleFunc("GET /cases", answer(func(*http.Request) (any, error) { return Cases(s.Ledger) }))
	mux.HandleFunc("GET /refunds", answer(func(*http.Request) (any, error) { return Refunds(s.Ledger) }))
	mux.HandleFunc("GET /by-account", answer(func(*http.Request) (any, error) { return ByAccount(s.Ledger) }))
	mux.HandleFunc("GET /payment", answer(func(r *http.Request) (any, error) { return Show(s.Ledger, r.FormValue("id")) }))
	mux.HandleFunc("GET /report", answer(s.report))
	mux.HandleFunc("GET /lines", answer(s.lines))
	mux.HandleFunc("GET /verify", answer(s.verify))
	mux.HandleFunc("GET /trace/terminal", s.traceTerminal)
	mux.HandleFunc("POST /retry", answer(s.retry))
	mux.HandleFunc("POST /resolve", answer(s.resolve))
	mux.HandleFunc("POST /refunded", answer(s.refunded))
	mux.HandleFunc("POST /export", s.export)
	mux.HandleFunc("POST /privacy/export", answer(s.patronData))
	mux.HandleFunc("POST /privacy/erase", answer(s.eraseCard))
	mux.HandleFunc("POST /confirm", answer(s.confirm))
	mux.HandleFunc("POST /print", answer(s.print))
	mux.HandleFunc("POST /end-of-day", answer(s.endOfDay))
	mux.HandleFunc("POST /printer/test-slip", answer(s.testSlip))
	mux.HandleFunc("POST /printer/proof-sheet", answer(s.proofSheet))
	mux.HandleFunc("POST /scanner/label", s.testScan)
	mux.HandleFunc("POST /screen/touch", answer(s.tryTouch))
	mux.HandleFunc("GET /signals", answer(s.signals))
	mux.HandleFunc("POST /signals/try", answer(s.trySignal))
	mux.HandleFunc("GET /notes", answer(func(*http.Request) (any, error) { return s.Ledger.Notes(MostNotes) }))
	mux.HandleFunc("POST /tamper/clear", answer(s.clearTamper))
	mux.HandleFunc("POST /power-cycle", answer(s.powerCycle))
	mux.HandleFunc("POST /statement", answer(s.state))
	mux.HandleFunc("POST /maintenance", answer(s.maintain))
	return mux
}

func answer(ask func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, longestRequest)
		found, err := ask(r)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusConflict)
			found = problem{err.Error()}
		}
		json.NewEncoder(w).Encode(found)
	}
}

func (s *Server) status(r *http.Request) (any, error) {
	summary, err := s.Runner.Summary(r.Context())
	if err != nil {
		return nil, err
	}
	queue, err := Queue(s.Ledger)
	if err != nil {
		return nil, err
	}
	d := s.Monitor.Document()
	checks := map[string]health.Check{}
	for name, c := range d.Checks {
		checks[name] = c[0]
	}
	return Status{Daemon: "running", Kiosk: d.ServiceID, Version: d.Version, Ready: d.Ready, Reason: string(s.Monitor.Obstacle()),
		Screen: string(s.Session.View().Screen), Queue: len(queue), InDoubt: summary.InDoubt,
		OpenCases: summary.OpenCases, RefundsDue: summary.RefundsDue, Moved: s.Ledger.Moved(), Checks: checks}, nil
}

// verify checks the whole ledger; what is damaged stops payments.
func (s *Server) verify(r *http.Request) (any, error) {
	found, err := s.Ledger.Verify(r.Context())
	if err == nil || errors.Is(err, ledger.ErrDamaged) {
		s.Monitor.Chain(err)
	}
	return verified(r.Context(), s.Ledger, r.FormValue("against"), found, err)
}

// Verify checks the whole ledger, and compares a copy of its events with it where a file is named.
func Verify(ctx context.Context, l *ledger.Ledger, against string) (Verified, error) {
	found, err := l.Verify(ctx)
	return verified(ctx, l, against, found, err)
}

func verified(ctx context.Context, l *ledger.Ledger, against string, found ledger.Verified, err error) (Verified, error) {
	v := Verified{OK: err == nil, Events: found.Events, Payments: found.Payments}
	if err != nil {
		v.Problem = err.Error()
	}
	if against == "" {
		return v, nil
	}
	compared, err := secondcopy.Compare(ctx, against, l)
	v.Against = &compared
	return v, err
}

func (s *Server) retry(r *http.Request) (any, error) {
	var d Decision
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		return nil, err
	}
	id := payment.ID{}
	if d.ID != "" {
		var err error
		if id, _, err = parseItem(d.ID); err != nil {
			return nil, err
		}
		if _, err := s.Ledger.Payment(id); err != nil {
			return nil, err
		}
	}
	if err := s.Runner.Retry(r.Context(), id); err != nil {
		return nil, err
	}
	return Queue(s.Ledger)
}

func (s *Server) resolve(r *http.Request) (any, error) {
	return s.decide(r, func(h payment.Head, leg int, d Decision) payment.Event {
		return payment.CaseResolved{Head: h, Leg: leg, As: payment.Resolution(d.As), Staff: d.Staff, Note: d.Note}
	})
}

func (s *Server) refunded(r *http.Request) (any, error) {
	return s.decide(r, func(h payment.Head, leg int, d Decision) payment.Event {
		return payment.RefundDone{Head: h, Leg: leg, Staff: d.Staff, Note: d.Note}
	})
}

func (s *Server) confirm(r *http.Request) (any, error) {
	return s.decide(r, func(h payment.Head, leg int, d Decision) payment.Event {
		return payment.PostingConfirmed{Head: h, Leg: leg, Staff: d.Staff, Note: d.Note}
	})
}

// endOfDay closes the terminal's day. It goes on when nobody waits for it any more: the terminal cannot be stopped in it.
func (s *Server) endOfDay(r *http.Request) (any, error) {
	total, err := s.Runner.EndOfDay(context.WithoutCancel(r.Context()))
	if err != nil {
		return nil, fmt.Errorf("the terminal's day is not closed: %w", err)
	}
	return DayClosed{TotalMinor: total.Amount.Minor, Currency: string(total.Amount.Currency), Trace: total.Trace}, nil
}

func (s *Server) decide(r *http.Request, event func(payment.Head, int, Decision) payment.Event) (any, error) {
	var d Decision
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		return nil, err
	}
	id, leg, err := parseItem(d.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.Runner.Decide(r.Context(), id, func(h payment.Head) payment.Event { return event(h, leg, d) }); err != nil {
		return nil, err
	}
	return Show(s.Ledger, d.ID)
}
