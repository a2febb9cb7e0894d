package simulation

import (
	"errors"
	"fmt"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
)

// Dialect is what a terminal does with an approval that is not acknowledged; the documents know all three.
type Dialect string

// The dialects.
const (
	Keep    Dialect = "keep"    // it stays charged
	Reverse Dialect = "reverse" // it is reversed, with numbers of its own
	Undo    Dialect = "undo"    // it becomes a decline under the same numbers
)

// Dialects are all of them.
var Dialects = []Dialect{Keep, Reverse, Undo}

// cardTerminal is a terminal that remembers its newest transaction only. Its books are what the acquirer has.
type cardTerminal struct {
	*World
	dialect        Dialect
	down           bool // the line to the kiosk
	dark           bool // it has no power, or starts
	last           terminal.Transaction
	receipt, trace int
	open           *dialogue
	approved       map[string]int   // approvals ever, by reference
	charged        map[string]int64 // what stays charged, by reference
	byTrace        map[int]string   // references
}

// dialogue is a purchase under way.
type dialogue struct {
	payment   payment.Payment
	kiosk     *life
	cancelled bool
	presented bool
	approval  terminal.Approval
	known     bool // the kiosk has acknowledged the approval
}

func newCardTerminal(w *World, d Dialect) *cardTerminal {
	return &cardTerminal{World: w, dialect: d, approved: map[string]int{}, charged: map[string]int64{}, byTrace: map[int]string{}}
}

// restore mends the line.
func (t *cardTerminal) restore() { t.down = false }

// cut breaks the line for a while; both ends notice.
func (t *cardTerminal) cut(pause time.Duration) {
	t.down = true
	t.tell("link", "to the terminal is cut for %s", pause.Round(time.Second))
	if k := t.kiosk; k != nil && k.purchase != nil {
		x := k.purchase
		k.mine(time.Millisecond, func() { x.end(errLink) })
	}
	t.in(pause, t.restore)
}

// boots is how long a terminal starts.
const boots = 90 * time.Second

// off takes its power away. What it remembers it keeps; no purchase may be open.
func (t *cardTerminal) off() {
	if t.open != nil && !t.open.known {
		t.violation("the terminal's power was cut in the middle of payment %d", t.open.payment.ID.Number)
	}
	t.dark = true
	t.tell("terminal", "is dark")
}

// on is when it has started.
func (t *cardTerminal) on() { t.dark = false }

// baseline is the newest transaction, as asked before a purchase.
func (t *cardTerminal) baseline() (*payment.Transaction, error) {
	switch {
	case t.down, t.dark:
		return nil, errNoLine
	case t.open != nil:
		return nil, errors.New("the terminal is busy")
	}
	return &payment.Transaction{Kind: string(t.last.Kind), Approved: t.last.Approved, ResultCode: t.last.ResultCode,
		OriginalTrace: t.last.OriginalTrace, Approval: payment.Approval(t.last.Approval)}, nil
}

// doPurchase is the kiosk's side of a purchase.
func (k *life) doPurchase(j runner.Job, p payment.Payment) {
	t := k.terminal
	finish := func(err error, seen bool) {
		k.purchase = nil
		k.tell("kiosk", "hears the end of the purchase: %v", orWell(err))
		k.core.Finished(j, runner.PurchaseEnded(payment.Head{At: k.Now()}, seen, payment.CardSlip{}, err), nil)
	}
	x := k.await(j, 180*time.Second, finish)
	k.purchase = x
	if t.down {
		k.mine(100*time.Millisecond, func() { x.end(errNoLine) })
		return
	}
	k.tell("kiosk", "asks the terminal for %s", p.Amount)
	if t.takes("request to the terminal lost") {
		return
	}
	t.in(50*time.Millisecond, func() { t.begin(k, x, p) })
}

// begin takes the request for a purchase.
func (t *cardTerminal) begin(k *life, x *waiting, p payment.Payment) {
	if held := t.saved[p.ID.Number]; held.State == payment.StateIntended || held.ID != p.ID {
		t.violation("rule 1: the terminal was asked for payment %d before the intent was saved: %s", p.ID.Number, describe(held))
	}
	if t.dark {
		t.violation("payment %d was begun while the terminal was dark", p.ID.Number)
	}
	if t.open != nil {
		t.toKiosk(k, func() { x.end(fmt.Errorf("busy: %w", device.ErrRefused)) })
		return
	}
	d := &dialogue{payment: p, kiosk: k}
	t.open = d
	t.in(t.between(time.Second, 8*time.Second), func() { t.present(d, x) })
}

// present is the patron's card at the terminal.
func (t *cardTerminal) present(d *dialogue, x *waiting) {
	d.presented = true
	refused := ""
	switch {
	case d.cancelled || t.takes("patron aborts at the terminal"):
		refused = "aborted by the patron"
	case t.takes("card declined"):
		t.trace++
		t.last = terminal.Transaction{Kind: terminal.KindPurchase, ResultCode: "6F", Approval: t.numbers(d.payment.Amount)}
		refused = "card declined"
	}
	if refused != "" {
		t.tell("terminal", "%s", refused)
		t.open = nil
		if !t.takes("answer of the terminal lost") {
			t.toKiosk(d.kiosk, func() { x.end(fmt.Errorf("%s: %w", refused, device.ErrRefused)) })
		}
		return
	}
	t.approve(d, x)
}

func (t *cardTerminal) approve(d *dialogue, x *waiting) {
	amount := d.payment.Amount
	if t.takes("terminal charges another amount") {
		amount = money.Of(amount.Minor-1, amount.Currency)
	}
	t.receipt++
	t.trace++
	d.approval = t.numbers(amount)
	reference := d.payment.ID.String()
	t.approved[reference]++
	t.charged[reference] += amount.Minor
	t.byTrace[t.trace] = reference
	t.last = terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: d.approval}
	t.tell("terminal", "approves %s, receipt %d", amount, t.receipt)
	t.in(10*time.Second, func() { t.unacknowledged(d) })
	if t.takes("answer of the terminal lost") {
		return
	}
	t.toKiosk(d.kiosk, func() { t.heard(d, x) })
}

func (t *cardTerminal) numbers(a money.Amount) terminal.Approval {
	return terminal.Approval{Amount: a, Receipt: t.receipt, Trace: t.trace, TerminalID: "55500001"}
}

// heard is the kiosk's side of the approval: saved first, acknowledged then.
func (t *cardTerminal) heard(d *dialogue, x *waiting) {
	if x.over {
		return
	}
	x.seen = true
	k := d.kiosk
	if err := k.core.Approve(d.payment.ID, payment.Approval(d.approval)); err != nil {
		k.mine(0, func() { x.end(errLink) })
		return
	}
	if t.down || t.takes("acknowledgement lost") {
		return
	}
	t.in(50*time.Millisecond, func() { t.acknowledged(d, x) })
}

func (t *cardTerminal) acknowledged(d *dialogue, x *waiting) {
	if t.open != d {
		return // too late: the terminal has done after its dialect
	}
	if t.saved[d.payment.ID.Number].Approval == nil {
		t.violation("rule 1: the approval of payment %d was acknowledged before it was saved", d.payment.ID.Number)
	}
	d.known = true
	t.open = nil
	if t.takes("completion lost") {
		return
	}
	t.toKiosk(d.kiosk, func() { x.end(nil) })
}

// unacknowledged is what the terminal does when nobody says that the approval is known.
func (t *cardTerminal) unacknowledged(d *dialogue) {
	if d.known || t.open != d {
		return
	}
	t.open = nil
	t.tell("terminal", "was not acknowledged: %s", t.dialect)
	switch t.dialect {
	case Keep:
		return
	case Reverse:
		t.trace++
		t.last = terminal.Transaction{Kind: terminal.KindReversal, Approved: true, OriginalTrace: d.approval.Trace, Approval: t.numbers(d.approval.Amount)}
	case Undo:
		t.last.Approved, t.last.ResultCode = false, "6C"
	}
	delete(t.charged, d.payment.ID.String())
}

// cancel stops a purchase while no card was presented.
func (t *cardTerminal) cancel() {
	if t.open != nil && !t.open.presented {
		t.open.cancelled = true
	}
}

// toKiosk brings a word to the kiosk, if it still lives and the line stands.
func (t *cardTerminal) toKiosk(k *life, do func()) {
	k.mine(100*time.Millisecond, func() {
		if !t.down {
			do()
		}
	})
}

// doReverse is the kiosk's side of a reversal.
func (k *life) doReverse(j runner.Job, p payment.Payment) {
	t := k.terminal
	x := k.await(j, 60*time.Second, func(err error, _ bool) {
		k.purchase = nil
		k.tell("kiosk", "hears the end of the reversal: %v", orWell(err))
		k.core.Finished(j, runner.ReversalEnded(payment.Head{At: k.Now()}, err), nil)
	})
	k.purchase = x
	if t.down || t.dark || t.open != nil {
		k.mine(100*time.Millisecond, func() { x.end(errNoLine) })
		return
	}
	if t.takes("request to the terminal lost") {
		return
	}
	t.in(50*time.Millisecond, func() { t.reverse(k, x, p) })
}

// reverse takes a purchase back by its own reference, if it is the newest.
func (t *cardTerminal) reverse(k *life, x *waiting, p payment.Payment) {
	if held := t.saved[p.ID.Number]; held.State != payment.StateReversing && held.State != payment.StateReversalInDoubt {
		t.violation("rule 1: payment %d was taken back before that was saved: %s", p.ID.Number, describe(held))
	}
	newest := t.last.Kind == terminal.KindPurchase && t.last.Approved && t.last.Approval.Trace == p.Approval.Trace
	refused := ""
	if !newest || t.takes("reversal declined") {
		refused = "no such purchase"
	}
	if refused == "" {
		t.trace++
		t.last = terminal.Transaction{Kind: terminal.KindReversal, Approved: true, OriginalTrace: p.Approval.Trace, Approval: t.numbers(p.Amount)}
		delete(t.charged, p.ID.String())
		t.tell("terminal", "takes %s back", p.Amount)
	}
	if t.takes("answer of the terminal lost") {
		return
	}
	t.toKiosk(k, func() {
		if refused != "" {
			x.end(fmt.Errorf("%s: %w", refused, device.ErrRefused))
			return
		}
		x.end(nil)
	})
}

// doRecover asks the terminal for its last result, when it has come to rest.
func (k *life) doRecover(j runner.Job, p payment.Payment, waited time.Duration) {
	t := k.terminal
	const rest = 5 * time.Second
	k.mine(300*time.Millisecond, func() {
		switch {
		case t.down, t.dark:
			k.core.Finished(j, nil, errNoLine)
		case t.open != nil && waited < time.Minute:
			k.mine(rest, func() { k.doRecover(j, p, waited+rest) })
		case t.open != nil:
			k.core.Finished(j, nil, errors.New("the terminal is busy"))
		case j.Do == payment.DoRecoverPurchase:
			found := t.recoverPurchase(p)
			k.tell("kiosk", "compares the terminal's last result: %s", found.Verdict)
			k.core.Finished(j, runner.PurchaseRecovered(payment.Head{At: k.Now()}, found), nil)
		default:
			found := t.recoverReversal(p)
			k.tell("kiosk", "compares the terminal's last result: %s", found.Verdict)
			k.core.Finished(j, runner.ReversalRecovered(payment.Head{At: k.Now()}, found), nil)
		}
	})
}

// recoverPurchase compares the newest transaction with an attempt, as a driver does: without seeing the books.
func (t *cardTerminal) recoverPurchase(p payment.Payment) terminal.Recovery {
	r := terminal.Recovery{Verdict: terminal.StillUnknown, Found: t.last, Evidence: "the newest transaction cannot be placed"}
	var before terminal.Approval
	if p.Baseline != nil {
		before = terminal.Approval(p.Baseline.Approval)
	}
	newer := t.last.Approval.Trace > before.Trace
	ofSeen := p.Approval != nil && p.Approval.Trace == t.last.Approval.Trace
	switch {
	case t.last.Kind == terminal.KindOther:
	case p.Baseline != nil && !newer && t.last.Approved == p.Baseline.Approved:
		r.Verdict = terminal.NotCharged
	case t.last.Kind == terminal.KindReversal:
		ours := p.Approval == nil && t.last.OriginalTrace > before.Trace || p.Approval != nil && t.last.OriginalTrace == p.Approval.Trace
		if ours && t.last.Approval.Amount == p.Amount {
			r.Verdict = terminal.NotCharged
		}
	case !t.last.Approved && (newer || ofSeen):
		r.Verdict = terminal.NotCharged
	case t.last.Approved && newer && t.last.Approval.Amount == p.Amount && (p.Approval == nil || ofSeen):
		r.Verdict = terminal.Charged
	}
	return r
}

func (t *cardTerminal) recoverReversal(p payment.Payment) terminal.Recovery {
	r := terminal.Recovery{Verdict: terminal.StillUnknown, Found: t.last, Evidence: "the newest transaction is neither the purchase nor its reversal"}
	switch {
	case t.last.Kind == terminal.KindReversal && t.last.OriginalTrace == p.Approval.Trace:
		r.Verdict = terminal.NotCharged
	case t.last.Kind == terminal.KindPurchase && t.last.Approved && t.last.Approval.Trace == p.Approval.Trace:
		r.Verdict = terminal.Charged
	}
	return r
}

// byHand is a purchase that staff types into the terminal, over another amount than any of ours.
func (t *cardTerminal) byHand() {
	if t.open != nil {
		return
	}
	t.receipt++
	t.trace++
	t.last = terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, Approval: t.numbers(money.Of(77_777, "EUR"))}
	t.tell("staff", "takes a payment by hand at the terminal")
}

// endOfDay is the terminal's close with the acquirer.
func (t *cardTerminal) endOfDay() {
	if t.open != nil {
		return
	}
	t.trace++
	t.last = terminal.Transaction{Kind: terminal.KindOther, Approved: true, Approval: t.numbers(money.Of(0, "EUR"))}
	t.tell("terminal", "closes its day")
}

func orWell(err error) string {
	if err == nil {
		return "well"
	}
	return err.Error()
}
