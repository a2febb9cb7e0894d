package control_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/printer"
	"selfpay/device/scanner"
	"selfpay/device/terminal"
	"selfpay/kiosk/control"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

// away is a terminal and a library system that cannot be reached.
type away struct {
	terminal.Terminal
	ils.Library
}

func (away) Status(context.Context) (terminal.Status, error) {
	return terminal.Status{}, device.ErrNotSent
}

func (away) Account(context.Context, ils.Patron, ils.Doubt) (ils.Account, error) {
	return ils.Account{}, device.ErrNotSent
}

func (away) EndOfDay(context.Context) (terminal.DayTotal, error) {
	return terminal.DayTotal{Amount: eur(1250), Trace: 31}, nil
}

func (away) RecoverPurchase(context.Context, terminal.Attempt) (terminal.Recovery, error) {
	return terminal.Recovery{}, device.ErrNotSent
}

func (away) Ready(context.Context) error  { return device.ErrNotSent }
func (away) Traits() ils.Traits           { return ils.Traits{FeeIDs: true} }
func (away) Clock() (time.Duration, bool) { return 0, false }
func (away) Close() error                 { return nil }

// desk is a daemon that answers on a real socket.
type desk struct {
	*control.Client
	folder string
	socket string
	ledger *ledger.Ledger
	server *control.Server
	paper  *paper
	stop   func()
}

// paper is a printer.
type paper struct {
	printer.Printer
	printed []string
	fails   error
}

func (p *paper) Print(_ context.Context, r printer.Receipt) error {
	if p.fails != nil {
		return p.fails
	}
	for _, l := range r.Lines {
		p.printed = append(p.printed, l.Text+" "+l.Right)
	}
	return nil
}

func stamp(minute int) payment.Head {
	at := time.Date(2026, 11, 21, 14, minute, 0, 0, time.UTC)
	return payment.Head{At: payment.Stamp{Wall: at, Boot: "one", Mono: time.Duration(minute) * time.Minute}}
}

// save writes a payment of two fees and its events into the ledger.
func save(t *testing.T, l *ledger.Ledger, events ...payment.Event) payment.ID {
	t.Helper()
	p, err := l.Intend("20017000042317", payment.Intended{Head: stamp(0), Amount: eur(1250), Rules: payment.StandardRules(time.Minute, false),
		Legs:    []payment.PlannedLeg{{Fee: "104", Amount: eur(250)}, {Fee: "105", Amount: eur(1000)}},
		Account: payment.Reading{Total: eur(1250), Fees: []payment.Balance{{Fee: "104", Minor: 250}, {Fee: "105", Minor: 1000}}}})
	for _, e := range events {
		if err == nil {
			_, err = l.Append(p.ID, e)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// charged brings a payment to approved.
func charged() []payment.Event {
	return []payment.Event{payment.Purchasing{Head: stamp(1)}, payment.ApprovalSeen{Head: stamp(2), Approval: payment.Approval{Amount: eur(1250), Receipt: 417}},
		payment.DialogueEnded{Head: stamp(2)}}
}

// caseAndRefund brings the first leg to an open case and the second to a refund due.
func caseAndRefund() []payment.Event {
	before := payment.Reading{Total: eur(1250), Fees: []payment.Balance{{Fee: "104", Minor: 250}, {Fee: "105", Minor: 1000}}}
	return append(charged(),
		payment.AccountRead{Head: stamp(3), Leg: 1, Account: before},
		payment.NoAnswer{Head: stamp(4), Leg: 1, Reason: "reset"},
		payment.DoubtTooOld{Head: stamp(5), Leg: 1},
		payment.AccountRefused{Head: stamp(6), Leg: 2, Reason: "gone"})
}

// open starts a daemon over a ledger with what write puts in.
func open(t *testing.T, write func(*ledger.Ledger)) *desk {
	t.Helper()
	d := &desk{folder: t.TempDir()}
	d.socket = filepath.Join(d.folder, "run", "ctl.sock")
	var err error
	if d.ledger, err = ledger.Open(d.folder, bytes.Repeat([]byte{7}, ledger.KeySize)); err != nil {
		t.Fatal(err)
	}
	if write != nil {
		write(d.ledger)
	}
	log := slog.New(slog.DiscardHandler)
	money := runner.New(runner.Config{Ledger: d.ledger, Terminal: away{}, Library: away{}, Log: log,
		Now: func() payment.Stamp { return payment.Stamp{Wall: time.Now(), Boot: "two", Mono: time.Hour} }})
	monitor := health.New(health.Config{Runner: money, Ledger: d.ledger, Terminal: away{}, Library: away{}, Kiosk: "main-01", Version: "v1", Log: log})
	patron := session.New(session.Config{Runner: money, Ledger: d.ledger, Library: away{}, Obstacle: monitor.Obstacle, Log: log, Languages: []string{"de"},
		Compose: func(session.Slip) printer.Receipt { return printer.Receipt{} }})
	listener, err := control.Listen(d.socket)
	if err != nil {
		t.Fatal(err)
	}
	d.paper = &paper{}
	d.server = &control.Server{Ledger: d.ledger, Runner: money, Session: patron, Monitor: monitor, Printer: d.paper,
		TestSlip: func(time.Time) printer.Receipt { return printer.Receipt{Lines: []printer.Line{{Text: "test"}}} },
		Slip: func(r report.Report, _ time.Time) printer.Receipt {
			return printer.Receipt{Lines: []printer.Line{{Text: r.Day, Right: fmt.Sprint(r.Books.Captured)}}}
		}}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = money.Run(ctx) })
	running.Go(func() {
		if err := d.server.Serve(ctx, listener); err != nil {
			t.Error(err)
		}
	})
	d.Client = control.NewClient(d.socket)
	d.stop = sync.OnceFunc(func() {
		stop()
		running.Wait()
		if err := d.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	return d
}

func (d *desk) items(t *testing.T, path string) []control.Item {
	t.Helper()
	var items []control.Item
	if err := d.Get(t.Context(), path, &items); err != nil {
		t.Fatal(err)
	}
	return items
}

func TestSlipsOfStaffSayWhatBecameOfThem(t *testing.T) {
	d := open(t, nil)
	var printed control.Printed
	if err := d.Post(t.Context(), "/printer/test-slip", struct{}{}, &printed); err != nil || printed.Result != "printed" || strings.Join(d.paper.printed, "") != "test " {
		t.Errorf("%+v, %v; on paper %q", printed, err, d.paper.printed)
	}
	for name, c := range map[string]struct {
		fails error
		want  string
	}{
		"no paper": {fmt.Errorf("print: %w: no paper", device.ErrAttention), "not printed"},
		"in doubt": {fmt.Errorf("print: %w", device.ErrDoubt), "in doubt"},
	} {
		d.paper.fails = c.fails
		if err := d.Post(t.Context(), "/printer/test-slip", struct{}{}, &printed); err != nil || printed.Result != c.want || printed.Error == "" {
			t.Errorf("%s: %+v, %v", name, printed, err)
		}
	}
	if err := d.Post(t.Context(), "/printer/proof-sheet", struct{}{}, &printed); err != nil || printed.Result == "printed" || !strings.Contains(printed.Error, "no proof sheet") {
		t.Errorf("a printer without proof sheets: %+v, %v", printed, err)
	}
	d.server.Printer = nil
	if err := d.Post(t.Context(), "/printer/test-slip", struct{}{}, &printed); err == nil || !strings.Contains(err.Error(), "no printer") {
		t.Errorf("without a printer: %v", err)
	}
}

func TestALabelForStaffTellsWhatItIsAndNeverItsNumber(t *testing.T) {
	d := open(t, nil)
	label, waited := scanner.Scan{}, false
	var fails error
	if _, err := d.Label(t.Context(), func() {}); err == nil || !strings.Contains(err.Error(), "no scanner") {
		t.Errorf("without a scanner: %v", err)
	}
	d.server.NextLabel = func(_ context.Context, waiting func()) (scanner.Scan, error) { waiting(); return label, fails }
	for name, c := range map[string]struct {
		label scanner.Scan
		fails error
		want  control.Scanned
		err   string
	}{
		"a card":   {label: scanner.Scan{Text: "20017000042317", Symbology: scanner.Codabar}, want: control.Scanned{Symbology: "codabar", Characters: 14, Card: true}},
		"a book":   {label: scanner.Scan{Text: "9783161484100", Symbology: scanner.EAN}, want: control.Scanned{Symbology: "ean", Characters: 13}},
		"no label": {fails: context.DeadlineExceeded, err: "no label came within 30s"},
	} {
		label, fails, waited = c.label, c.fails, false
		got, err := d.Label(t.Context(), func() { waited = true })
		refused := got.Refused
		got.Refused, got.Error = "", ""
		if got != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) || !waited || (refused == "") != (got.Card || c.err != "") {
			t.Errorf("%s: %+v %q, %v, waited %v", name, got, refused, err, waited)
		}
		if c.label.Text != "" && strings.Contains(refused, c.label.Text) {
			t.Errorf("%s: it tells the label: %q", name, refused)
		}
	}
}

func TestAnEmptyLedgerHasNothingInItsLists(t *testing.T) {
	d := open(t, nil)
	for _, path := range []string{"/queue", "/cases", "/refunds"} {
		if items := d.items(t, path); items == nil || len(items) != 0 {
			t.Errorf("%s: %+v", path, items)
		}
	}
	var v control.Verified
	if err := d.Get(t.Context(), "/verify", &v); err != nil || v != (control.Verified{OK: true}) {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestListsShowWhatHasNotEnded(t *testing.T) {
	var id payment.ID
	d := open(t, func(l *ledger.Ledger) { id = save(t, l, caseAndRefund()...) })
	queue := d.items(t, "/queue")
	if len(queue) != 2 {
		t.Fatalf("%+v", queue)
	}
	i := queue[0]
	if i.ID != id.String()+"/1" || i.Payment != id.String() || i.Leg != 1 || i.State != "open case" || !i.OpenCase || i.AmountMinor != 250 || i.Currency != "EUR" ||
		i.Fee != "104" || i.Reference != id.Reference(1) || i.Reason == "" || strings.Join(i.CanBe, " ") != "posted refund-due written-off" {
		t.Errorf("%+v", i)
	}
	if !i.Since.Equal(stamp(5).At.Wall) || !strings.Contains(i.LookUp, id.Reference(1)) || !strings.Contains(i.LookUp, "receipt 417") {
		t.Errorf("%+v", i)
	}
	if i := queue[1]; i.State != "refund due" || i.OpenCase || i.CanBe != nil || !i.Since.Equal(stamp(6).At.Wall) || !strings.Contains(i.LookUp, id.Reference(2)) {
		t.Errorf("%+v", i)
	}
	if cases := d.items(t, "/cases"); len(cases) != 1 || cases[0].Leg != 1 {
		t.Errorf("cases %+v", cases)
	}
	if refunds := d.items(t, "/refunds"); len(refunds) != 1 || refunds[0].Leg != 2 {
		t.Errorf("refunds %+v", refunds)
	}
	var s control.Status
	if err := d.Get(t.Context(), "/status", &s); err != nil || s.Daemon != "running" || s.Kiosk != "main-01" || s.Ready || s.Reason == "" || s.Queue != 2 ||
		s.OpenCases != 1 || s.RefundsDue != 1 || s.Screen != "out-of-service" || len(s.Checks) == 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAnOpenCaseOfTheTerminalIsOneItem(t *testing.T) {
	d := open(t, func(l *ledger.Ledger) {
		save(t, l, payment.Purchasing{Head: stamp(1)}, payment.NoAnswer{Head: stamp(2), Reason: "reset"}, payment.DoubtTooOld{Head: stamp(3)})
	})
	cases := d.items(t, "/cases")
	if len(cases) != 1 || cases[0].Leg != 0 || cases[0].State != "purchase in doubt" || cases[0].AmountMinor != 1250 || strings.Join(cases[0].CanBe, " ") != "charged not-charged" {
		t.Errorf("%+v", cases)
	}
}

func TestAPaymentIsShownWithEverythingThatHappened(t *testing.T) {
	var id payment.ID
	d := open(t, func(l *ledger.Ledger) { id = save(t, l, caseAndRefund()...) })
	shown, err := d.Payment(t.Context(), id.String())
	if err != nil || shown.Payment.ID != id || len(shown.Events) != 8 || shown.Events[0].Kind != "intended" || shown.Events[3].Event.When() != stamp(2).At {
		t.Errorf("%+v, %v", shown, err)
	}
	if s := shown.Story; len(s.Told) != 8 || len(s.Accounts) != 2 || len(s.Advice) != 2 || len(s.Advice[0].Do) != 3 {
		t.Errorf("%+v", s)
	}
	if leg, err := d.Payment(t.Context(), id.String()+"/2"); err != nil || leg.Payment.ID != id {
		t.Errorf("by its leg: %v", err)
	}
	var days []control.Report
	if err := d.Get(t.Context(), control.Books{All: true}.Path("/report"), &days); err != nil || len(days) != 1 || days[0].Day != "2026-11-21" || !days[0].Books.Agree() || days[0].Books.Captured != 1250 {
		t.Errorf("%+v, %v", days, err)
	}
}

func TestDecisionsNeedANameANoteAndAThingToDecide(t *testing.T) {
	var id payment.ID
	d := open(t, func(l *ledger.Ledger) { id = save(t, l, caseAndRefund()...) })
	leg := id.String() + "/1"
	other := payment.ID{Epoch: id.Epoch, Number: 99}.String()
	for name, c := range map[string]struct {
		path string
		d    control.Decision
		want string
	}{
		"no name":            {"/resolve", control.Decision{ID: leg, As: "posted", Note: "looked"}, "name"},
		"no note":            {"/resolve", control.Decision{ID: leg, As: "posted", Staff: "Kim"}, "note"},
		"what it cannot be":  {"/resolve", control.Decision{ID: leg, As: "charged", Staff: "Kim", Note: "looked"}, "not possible"},
		"as nothing":         {"/resolve", control.Decision{ID: leg, Staff: "Kim", Note: "looked"}, "not possible"},
		"no such payment":    {"/resolve", control.Decision{ID: other, As: "posted", Staff: "Kim", Note: "looked"}, "no such payment"},
		"no such leg":        {"/resolve", control.Decision{ID: id.String() + "/9", As: "posted", Staff: "Kim", Note: "looked"}, "not possible"},
		"the whole payment":  {"/resolve", control.Decision{ID: id.String(), As: "charged", Staff: "Kim", Note: "looked"}, "not possible"},
		"no code":            {"/resolve", control.Decision{ID: "nonsense", As: "posted", Staff: "Kim", Note: "looked"}, "4821-123"},
		"leg zero":           {"/resolve", control.Decision{ID: id.String() + "/0", As: "posted", Staff: "Kim", Note: "looked"}, "names no leg"},
		"leg with a tail":    {"/resolve", control.Decision{ID: id.String() + "/1x", As: "posted", Staff: "Kim", Note: "looked"}, "names no leg"},
		"refund, no name":    {"/refunded", control.Decision{ID: id.String() + "/2", Note: "cash"}, "name"},
		"refund of a case":   {"/refunded", control.Decision{ID: leg, Staff: "Kim", Note: "cash"}, "not possible"},
		"refund of no leg":   {"/refunded", control.Decision{ID: id.String(), Staff: "Kim", Note: "cash"}, "no leg"},
		"retry of a foreign": {"/retry", control.Decision{ID: "1000-1"}, "no such payment"},
		"retry of nonsense":  {"/retry", control.Decision{ID: "x"}, "4821-123"},
	} {
		if err := d.Post(t.Context(), c.path, c.d, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if n := len(d.items(t, "/queue")); n != 2 {
		t.Errorf("%d items are left", n)
	}
	var shown struct{ Payment payment.Payment }
	if err := d.Post(t.Context(), "/resolve", control.Decision{ID: leg, As: "posted", Staff: "Kim", Note: "looked at the account"}, &shown); err != nil || shown.Payment.Legs[0].State != payment.LegPosted {
		t.Errorf("%+v, %v", shown, err)
	}
	if queue := d.items(t, "/queue"); len(queue) != 1 || queue[0].Leg != 2 {
		t.Errorf("a leg that has ended is still listed: %+v", queue)
	}
	if err := d.Post(t.Context(), "/refunded", control.Decision{ID: id.String() + "/2", Staff: "Kim", Note: "cash"}, &shown); err != nil || shown.Payment.State != payment.StateClosed {
		t.Errorf("%+v, %v", shown.Payment, err)
	}
	if err := d.Post(t.Context(), "/resolve", control.Decision{ID: leg, As: "posted", Staff: "Kim", Note: "again"}, nil); err == nil {
		t.Error("it was decided twice")
	}
	last, err := d.Payment(t.Context(), id.String())
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := last.Events[8].Event.(payment.CaseResolved); !ok || e.Staff != "Kim" || e.Note != "looked at the account" {
		t.Errorf("saved %+v", last.Events[8])
	}
}

func TestRetryAnswersWithTheQueue(t *testing.T) {
	var id payment.ID
	d := open(t, func(l *ledger.Ledger) { id = save(t, l, charged()...) })
	for _, code := range []string{"", id.String(), id.String() + "/1"} {
		var queue []control.Item
		if err := d.Post(t.Context(), "/retry", control.Decision{ID: code}, &queue); err != nil || len(queue) != 2 || queue[0].State != "waiting" {
			t.Errorf("retry %q: %+v, %v", code, queue, err)
		}
	}
}

func TestAPostingByAccountIsTickedOffByAPerson(t *testing.T) {
	owed := payment.Reading{Total: eur(1250), Fees: []payment.Balance{{Fee: "104", Minor: 250}, {Fee: "105", Minor: 1000}}}
	paid := payment.Reading{Total: eur(1000), Fees: []payment.Balance{{Fee: "105", Minor: 1000}}}
	var id payment.ID
	d := open(t, func(l *ledger.Ledger) {
		id = save(t, l, append(charged(), payment.AccountRead{Head: stamp(3), Leg: 1, Account: owed}, payment.NoAnswer{Head: stamp(4), Leg: 1, Reason: "reset"},
			payment.AccountRead{Head: stamp(6), Leg: 1, Account: paid, Verdict: payment.Applied})...)
	})
	var found []report.Posting
	if err := d.Get(t.Context(), "/by-account", &found); err != nil || len(found) != 1 || found[0].ID != id.String()+"/1" || found[0].AmountMinor != 250 {
		t.Errorf("%+v, %v", found, err)
	}
	for name, c := range map[string]struct {
		d    control.Decision
		want string
	}{
		"no name": {control.Decision{ID: id.String() + "/1", Note: "seen"}, "name"}, "no note": {control.Decision{ID: id.String() + "/1", Staff: "Kim"}, "note"},
		"a leg that waits": {control.Decision{ID: id.String() + "/2", Staff: "Kim", Note: "seen"}, "nothing to confirm"},
		"no leg":           {control.Decision{ID: id.String(), Staff: "Kim", Note: "seen"}, "not possible"},
	} {
		if err := d.Post(t.Context(), "/confirm", c.d, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.Post(t.Context(), "/confirm", control.Decision{ID: id.String() + "/1", Staff: "Kim", Note: "seen"}, nil); err != nil {
		t.Error(err)
	}
	if err := d.Get(t.Context(), "/by-account", &found); err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	last, err := d.Payment(t.Context(), id.String())
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := last.Events[len(last.Events)-1].Event.(payment.PostingConfirmed); !ok || e.Staff != "Kim" || e.Note != "seen" || e.Leg != 1 {
		t.Errorf("saved %+v", last.Events[len(last.Events)-1])
	}
}

func TestTheBooksAreReadAndPrinted(t *testing.T) {
	d := open(t, func(l *ledger.Ledger) { save(t, l, charged()...) })
	day := control.Books{Day: "2026-11-21"}
	for what, b := range map[string]control.Books{"day": day, "all": {All: true}, "shift": {From: stamp(0).At.Wall, To: stamp(9).At.Wall}} {
		var reports []control.Report
		if err := d.Get(t.Context(), b.Path("/report"), &reports); err != nil || len(reports) != 1 || reports[0].Books.Captured != 1250 {
			t.Errorf("%s: %+v, %v", what, reports, err)
		}
		var lines []report.Line
		if err := d.Get(t.Context(), b.Path("/lines"), &lines); err != nil || len(lines) != 2 || lines[1].AmountMinor != 1000 {
			t.Errorf("%s: %+v, %v", what, lines, err)
		}
	}
	var printed []control.Report
	if err := d.Post(t.Context(), "/print", day, &printed); err != nil || len(printed) != 1 || fmt.Sprint(d.paper.printed) != "[2026-11-21 1250]" {
		t.Errorf("%+v, %v, %q", printed, err, d.paper.printed)
	}
	if err := d.Post(t.Context(), "/print", control.Books{Day: "2020-01-01"}, &printed); err != nil || len(d.paper.printed) != 1 {
		t.Errorf("an empty day: %v, %q", err, d.paper.printed)
	}
	d.paper.fails = device.ErrAttention
	if err := d.Post(t.Context(), "/print", day, nil); err == nil || !strings.Contains(err.Error(), "look at the printer and print them again") {
		t.Errorf("without paper: %v", err)
	}
	d.server.Printer = nil
	if err := d.Post(t.Context(), "/print", day, nil); err == nil || !strings.Contains(err.Error(), "this station has no printer") {
		t.Errorf("without a printer: %v", err)
	}
	for _, path := range []string{"/report", "/report?books=x", "/lines?books=1"} {
		if err := d.Get(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), "no books to ask for") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTheEndOfDayIsTheRunners(t *testing.T) {
	d := open(t, func(l *ledger.Ledger) {
		save(t, l, payment.Purchasing{Head: stamp(1)}, payment.NoAnswer{Head: stamp(2), Reason: "reset"})
	})
	var closed control.DayClosed
	if err := d.Post(t.Context(), "/end-of-day", struct{}{}, &closed); err == nil || !strings.Contains(err.Error(), "not settled") {
		t.Errorf("beside a purchase in doubt: %+v, %v", closed, err)
	}
	d = open(t, nil)
	if err := d.Post(t.Context(), "/end-of-day", struct{}{}, &closed); err != nil || closed != (control.DayClosed{TotalMinor: 1250, Currency: "EUR", Trace: 31}) {
		t.Errorf("%+v, %v", closed, err)
	}
	if days, err := d.ledger.EndsOfDay(); err != nil || len(days) != 1 || days[0].Result.Outcome != ledger.DayDone {
		t.Errorf("%+v, %v", days, err)
	}
}

func TestWhatIsNoOrderIsRefused(t *testing.T) {
	d := open(t, nil)
	if err := d.Post(t.Context(), "/resolve", control.Decision{Note: strings.Repeat("x", 65<<10)}, nil); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("an oversized order: %v", err)
	}
	if err := d.Post(t.Context(), "/resolve", "no object", nil); err == nil {
		t.Error("an order that is no object was taken")
	}
	for _, path := range []string{"/payment?id=nonsense", "/payment", "/resolve", "/nothing"} {
		if err := d.Get(t.Context(), path, nil); err == nil {
			t.Errorf("GET %s was answered", path)
		}
	}
	if err := d.Post(t.Context(), "/queue", control.Decision{}, nil); err == nil {
		t.Error("POST /queue was answered")
	}
}

func TestTheSocketIsForTheKiosksGroupOnly(t *testing.T) {
	d := open(t, nil)
	info, err := os.Stat(d.socket)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if folder, err := os.Stat(filepath.Dir(d.socket)); err != nil || folder.Mode().Perm()&0o007 != 0 {
		t.Errorf("%v, %v", folder.Mode(), err)
	}
}

func TestOneDaemonHasTheSocketAndAKilledOneIsReplaced(t *testing.T) {
	d := open(t, nil)
	if l, err := control.Listen(d.socket); err == nil || !strings.Contains(err.Error(), "another kioskd answers") {
		t.Errorf("%v, %v", l, err)
	}
	path := filepath.Join(t.TempDir(), "ctl.sock")
	killed, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	killed.(*net.UnixListener).SetUnlinkOnClose(false)
	killed.Close() // the file stays, as after a kill
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestADaemonThatIsDownIsToldApart(t *testing.T) {
	client := control.NewClient(filepath.Join(t.TempDir(), "ctl.sock"))
	if err := client.Get(t.Context(), "/status", nil); !errors.Is(err, control.ErrDaemonDown) {
		t.Errorf("%v", err)
	}
	if _, err := client.Payment(t.Context(), "4821-1"); !errors.Is(err, control.ErrDaemonDown) {
		t.Errorf("%v", err)
	}
	d := open(t, nil)
	d.stop()
	if err := d.Get(t.Context(), "/status", nil); !errors.Is(err, control.ErrDaemonDown) {
		t.Errorf("after its end: %v", err)
	}
}

func TestAReaderWithoutTheDaemonSeesTheSame(t *testing.T) {
	var id payment.ID
	d := open(t, func(l *ledger.Ledger) { id = save(t, l, caseAndRefund()...) })
	online := d.items(t, "/queue")
	if _, err := ledger.Open(d.folder, nil); !errors.Is(err, ledger.ErrHeld) || !strings.Contains(err.Error(), "is kioskd running?") {
		t.Errorf("beside the daemon: %v", err)
	}
	d.stop()
	l, err := ledger.Open(d.folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	offline, err := control.Queue(l)
	if err != nil || fmt.Sprint(offline) != fmt.Sprint(online) {
		t.Errorf("%v\n%v\n%v", offline, online, err)
	}
	if shown, err := control.Show(l, id.String()); err != nil || len(shown.Events) != 8 {
		t.Errorf("%+v, %v", shown, err)
	}
	if _, err := control.Show(l, payment.ID{Epoch: id.Epoch, Number: 99}.String()); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if v, err := control.Verify(t.Context(), l, ""); err != nil || !v.OK || v.Payments != 1 || v.Events != 8 {
		t.Errorf("%+v", v)
	}
}
