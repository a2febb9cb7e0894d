package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/secondcopy"
)

type statusCommand struct {
	Watch bool `help:"Show it again every second."`
}

func (c *statusCommand) Run(ctx context.Context, t *tool) error {
	for {
		s, err := t.status(ctx)
		if err != nil {
			return err
		}
		if err := t.showStatus(s); err != nil {
			return err
		}
		if !c.Watch {
			if !s.Ready {
				return errNotWell
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

func (t *tool) status(ctx context.Context) (control.Status, error) {
	var s control.Status
	err := t.read(ctx, "/status", &s, func(l *ledger.Ledger) error {
		s = control.Status{Daemon: "down", Reason: "kioskd is not running", Moved: l.Moved()}
		queue, err := control.Queue(l)
		if err != nil {
			return err
		}
		s.Queue = len(queue)
		for _, i := range queue {
			if i.OpenCase {
				s.OpenCases++
			}
			if i.State == string(payment.LegRefundDue) {
				s.RefundsDue++
			}
			if strings.HasSuffix(i.State, "in doubt") {
				s.InDoubt++
			}
		}
		return nil
	})
	return s, err
}

func (t *tool) showStatus(s control.Status) error {
	if t.json {
		return t.document(s)
	}
	ready := "yes"
	if !s.Ready {
		ready = "no: " + s.Reason
	}
	t.say("daemon %s  kiosk %s  version %s", s.Daemon, s.Kiosk, s.Version)
	t.say("takes payments: %s", ready)
	t.say("screen %s  queue %d  in doubt %d  open cases %d  refunds due %d", s.Screen, s.Queue, s.InDoubt, s.OpenCases, s.RefundsDue)
	if s.Moved != nil {
		t.say("the ledger came from another machine on %s: if that one still takes payments, stop it; both give out the same references",
			s.Moved.At.Format("2006-01-02 15:04"))
	}
	names := []string{}
	for name := range s.Checks {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := s.Checks[name]
		value := c.Output
		if c.Value != nil {
			value = strings.TrimSpace(fmt.Sprintf("%d %s %s", *c.Value, c.Unit, c.Output))
		}
		t.say("  %-4s  %-22s %s", c.Status, name, value)
	}
	return nil
}

type queueCommand struct {
	List  queueList  `cmd:"" default:"1" help:"List them; nothing where there is none."`
	Show  queueShow  `cmd:"" help:"One payment and what happened to it."`
	Retry queueRetry `cmd:"" help:"Bring the next permitted step forward; quiet times are never skipped."`
}

type queueList struct{}

func (queueList) Run(ctx context.Context, t *tool) error {
	return t.list(ctx, "/queue", control.Queue, "nothing waits")
}

type caseCommand struct {
	List    caseList    `cmd:"" default:"1" help:"List the open cases."`
	Show    queueShow   `cmd:"" help:"One case with its evidence."`
	Resolve caseResolve `cmd:"" help:"Say what you found out; it cannot be taken back."`
	Confirm caseConfirm `cmd:"" help:"Tick off what was posted by account only; without an ID, list it."`
}

type caseList struct{}

func (caseList) Run(ctx context.Context, t *tool) error {
	return t.list(ctx, "/cases", control.Cases, "no open case")
}

type refundCommand struct {
	List refundList `cmd:"" default:"1" help:"List the refunds that are due."`
	Done refundDone `cmd:"" help:"Note that a refund was paid out; it cannot be taken back."`
}

type refundList struct{}

func (refundList) Run(ctx context.Context, t *tool) error {
	return t.list(ctx, "/refunds", control.Refunds, "no refund is due")
}

func (t *tool) list(ctx context.Context, path string, offline func(*ledger.Ledger) ([]control.Item, error), none string) error {
	var items []control.Item
	err := t.read(ctx, path, &items, func(l *ledger.Ledger) (err error) { items, err = offline(l); return err })
	if err != nil {
		return err
	}
	if len(items) == 0 && !t.json {
		t.say("%s", none)
	}
	for _, i := range items {
		if t.json {
			if err := t.document(i); err != nil {
				return err
			}
			continue
		}
		t.showItem(i)
	}
	return nil
}

func (t *tool) showItem(i control.Item) {
	t.say("%-14s %-18s %12s  since %s  %s", i.ID, i.State, money.Of(i.AmountMinor, money.Currency(i.Currency)), i.Since.Format(minute), i.Reason)
	if i.LookUp != "" {
		t.say("  look up:    %s", i.LookUp)
	}
	switch {
	case len(i.CanBe) > 0:
		t.say("  evidence:   kioskctl case show %s", i.ID)
		t.say("  resolve it: kioskctl case resolve %s --as %s --staff YOU --note WHY", i.ID, strings.Join(i.CanBe, "|"))
	case i.State == string(payment.LegRefundDue):
		t.say("  paid out:   kioskctl refund done %s --staff YOU --note HOW", i.ID)
	}
}

type queueShow struct {
	ID string `arg:"" help:"The code on the receipt, such as 4821-123."`
}

func (c *queueShow) Run(ctx context.Context, t *tool) error {
	d, err := t.detail(ctx, c.ID)
	if err != nil {
		return err
	}
	if t.json {
		return t.document(d)
	}
	t.showStory(d)
	return nil
}

func (t *tool) detail(ctx context.Context, id string) (d control.Detail, err error) {
	err = t.ask(
		func(c *control.Client) (err error) { d, err = c.Payment(ctx, id); return err },
		func(l *ledger.Ledger) (err error) { d, err = control.Show(l, id); return err })
	return d, err
}

type queueRetry struct {
	ID string `arg:"" optional:"" help:"The code on the receipt; all that wait where it is left out."`
}

func (c *queueRetry) Run(ctx context.Context, t *tool) error {
	return t.order(ctx, "/retry", control.Decision{ID: c.ID}, "the next permitted step is brought forward")
}

type caseResolve struct {
	ID    string `arg:"" help:"As case list shows it, such as 4821-123/1."`
	As    string `required:"" enum:"charged,not-charged,posted,reversed,refund-due,written-off" help:"What is true: ${enum}."`
	Staff string `required:"" help:"Your name or staff number."`
	Note  string `required:"" help:"What you looked at."`
}

func (c *caseResolve) Run(ctx context.Context, t *tool) error {
	return t.order(ctx, "/resolve", control.Decision{ID: c.ID, As: c.As, Staff: c.Staff, Note: c.Note}, "resolved")
}

type caseConfirm struct {
	ID    string `arg:"" optional:"" help:"As the list shows it, such as 4821-123/1."`
	Staff string `help:"Your name or staff number."`
	Note  string `help:"Where you found the posting."`
}

func (c *caseConfirm) Run(ctx context.Context, t *tool) error {
	switch {
	case c.ID != "" && (c.Staff == "" || c.Note == ""):
		return errUsage("case confirm " + c.ID + " needs --staff and --note")
	case c.ID != "":
		return t.order(ctx, "/confirm", control.Decision{ID: c.ID, Staff: c.Staff, Note: c.Note}, "ticked off")
	}
	var postings []report.Posting
	err := t.read(ctx, "/by-account", &postings, func(l *ledger.Ledger) (err error) { postings, err = control.ByAccount(l); return err })
	if err != nil {
		return err
	}
	if len(postings) == 0 && !t.json {
		t.say("nothing is to be ticked off")
	}
	for _, p := range postings {
		if t.json {
			if err := t.document(p); err != nil {
				return err
			}
			continue
		}
		t.say("%-14s %s %12s  fee %s  reference %s", p.ID, p.Day, money.Of(p.AmountMinor, money.Currency(p.Currency)), cmp.Or(p.Fee, "(whole account)"), p.Reference)
		t.say("  found it:   kioskctl case confirm %s --staff YOU --note WHERE", p.ID)
	}
	return nil
}

type refundDone struct {
	ID    string `arg:"" help:"As refund list shows it, such as 4821-123/1."`
	Staff string `required:"" help:"Your name or staff number."`
	Note  string `required:"" help:"How it was paid out."`
}

func (c *refundDone) Run(ctx context.Context, t *tool) error {
	return t.order(ctx, "/refunded", control.Decision{ID: c.ID, Staff: c.Staff, Note: c.Note}, "noted as paid out")
}

// done is the answer to an order that was carried out.
type done struct {
	OK bool    `json:"ok"`
	ID *string `json:"id,omitempty"` // of what was ordered
}

// order sends what a person decided. Only the running daemon takes it.
func (t *tool) order(ctx context.Context, path string, d control.Decision, said string) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	if err := c.Post(ctx, path, d, nil); err != nil {
		if errors.Is(err, control.ErrDaemonDown) {
			return fmt.Errorf("%w; decisions are taken by the running daemon only: start it with systemctl start kioskd", err)
		}
		return err
	}
	if t.json {
		return t.document(done{OK: true, ID: &d.ID})
	}
	t.say("%s", said)
	return nil
}

type ledgerCommand struct {
	Verify ledgerVerify `cmd:"" help:"Check the whole record: the chain, every payment, every sum."`
	States ledgerStates `cmd:"" help:"What a payment and its legs can become, and by what."`
	Export ledgerExport `cmd:"" help:"Copy the whole record into a new file, and check the copy."`
	Notes  ledgerNotes  `cmd:"" help:"What happened to the station itself: enclosure, power cycles, ends of day, other machines."`
}

type ledgerVerify struct {
	Against string `type:"path" placeholder:"FILE" help:"Compare a second copy of the events with it (storage.second_copy), and say from where on they differ."`
}

func (c ledgerVerify) Run(ctx context.Context, t *tool) error {
	var v control.Verified
	path := "/verify?" + url.Values{"against": {c.Against}}.Encode()
	err := t.read(ctx, path, &v, func(l *ledger.Ledger) (err error) { v, err = control.Verify(ctx, l, c.Against); return err })
	if err != nil {
		return err
	}
	switch {
	case t.json:
		err = t.document(v)
	case v.OK:
		t.say("the ledger is sound: %d events, %d payments", v.Events, v.Payments)
	default:
		found := strings.TrimPrefix(v.Problem, "ledger: "+ledger.ErrDamaged.Error()+": ")
		t.say("%s: %s; stop the station and keep the file %s for examination", ledger.ErrDamaged, found, ledger.FileName)
	}
	if v.Against != nil && !t.json {
		t.say("%s", againstLine(*v.Against))
	}
	if err == nil && !v.Well() {
		return errNotWell
	}
	return err
}

// againstLine is what a comparison with a copy found, as people read it.
func againstLine(c secondcopy.Compared) string {
	line := fmt.Sprintf("the copy %s agrees with the ledger up to event %d", c.File, c.Agree)
	switch {
	case !c.OK:
		return line + ", not further: " + c.Problem + "; keep both for examination"
	case c.Torn:
		line += "; its last record is torn, as after a power cut"
	}
	if lacks := c.Ledger - c.Agree; lacks > 0 {
		line += fmt.Sprintf("; it lacks the newest %d", lacks)
	}
	return line
}

type ledgerStates struct {
	Dot bool `help:"Draw it for Graphviz: kioskctl ledger states --dot | dot -Tsvg > states.svg"`
}

func (c ledgerStates) Run(t *tool) error {
	switch {
	case c.Dot && t.json:
		return errUsage("ledger states prints either --json or --dot")
	case c.Dot:
		t.say("%s", strings.TrimSpace(payment.Dot()))
	case !t.json:
		t.say("%s", strings.TrimSpace(payment.Drawing()))
	default:
		for _, m := range payment.Moves() {
			if err := t.document(m); err != nil {
				return err
			}
		}
	}
	return nil
}

type ledgerExport struct {
	File string `arg:"" type:"path" help:"The file to make; it must not be there yet."`
}

func (c *ledgerExport) Run(ctx context.Context, t *tool) error {
	var found control.Exported
	err := t.ask(
		func(client *control.Client) (err error) { found, err = client.Export(ctx, c.File); return err },
		func(l *ledger.Ledger) (err error) { found, err = l.Export(ctx, c.File); return err })
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; an export never writes over a file: name a new one", err)
	}
	if err != nil {
		return err
	}
	if t.json {
		return t.document(found)
	}
	t.say("%s: %d events, %d payments, %d kB, epoch %d; the copy was checked", found.File, found.Events, found.Payments, found.Bytes>>10, found.Epoch)
	t.say("the ledger key is not in it: without the key nobody can read the cards, nor go on from this copy")
	return nil
}
