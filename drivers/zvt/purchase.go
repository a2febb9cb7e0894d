package zvt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
)

// Purchase is 06 01. A status enquiry goes before it: it proves that the link stands and that the terminal is free, at
// the price of one exchange. From the first byte of 06 01 on an error that is not an answer of the terminal is
// device.ErrDoubt. 84 9C as first answer is ErrNotSent: the terminal is busy and has not begun.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	slip, err := t.present(ctx, Authorisation, p, w)
	if err != nil {
		return slip, fmt.Errorf("zvt: purchase %s: %w", p.Ref, err)
	}
	return slip, nil
}

// Reserve is 06 22: the amount is kept back on the card until it is booked or given back. Errors mean what they mean for Purchase, and
// RecoverPurchase tells what became of a lost answer.
func (t *Terminal) Reserve(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	slip, err := t.present(ctx, Reservation, p, w)
	if err != nil {
		return slip, fmt.Errorf("zvt: reservation %s: %w", p.Ref, err)
	}
	return slip, nil
}

// Refund is 06 31: an amount goes back to the card that is presented, whatever was paid with it. Not every acquirer allows it. Errors mean
// what they mean for Purchase, with the money going the other way; after device.ErrDoubt ask Last.
func (t *Terminal) Refund(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	slip, err := t.present(ctx, Refund, p, w)
	if err != nil {
		return slip, fmt.Errorf("zvt: refund %s: %w", p.Ref, err)
	}
	return slip, nil
}

// present is a command for which a card is presented.
func (t *Terminal) present(ctx context.Context, control Control, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	none := terminal.CardSlip{}
	if w.Seen == nil {
		return none, fmt.Errorf("%w: nobody would save the approval", device.ErrNotSent)
	}
	if err := t.begin(ctx); err != nil {
		return none, couldNotAsk(err)
	}
	defer t.end()
	request, err := t.authorisation(control, p)
	if err != nil {
		return none, couldNotAsk(err)
	}
	enquiry, err := t.ask(ctx, dialogue{command: t.statusEnquiry()})
	if err != nil {
		return none, couldNotAsk(err)
	}
	if err := notReady(enquiry); err != nil {
		return none, err
	}
	l, err := t.connect(ctx, nil)
	if err != nil {
		return none, couldNotAsk(err)
	}
	run := &purchaseRun{t: t, purchase: p, watch: w}
	slip := &slip{charset: t.charset, width: t.width}
	start := time.Now()
	end, err := t.run(ctx, l, dialogue{
		command: request, status: run.status, progress: w.Progress, slip: slip,
		stop: func() bool { return run.approved == nil },
	})
	t.log.Info("terminal has ended a command with a card", "command", control.Name(), "payment", p.Ref, "seconds", time.Since(start).Seconds(),
		"approved", run.approved != nil, "err", err)
	switch {
	case err != nil && !end.handed:
		t.drop()
		return none, couldNotAsk(err)
	case err != nil:
		t.drop()
		return slip.cardSlip(), fmt.Errorf("%w: %w", device.ErrDoubt, err)
	case end.refused:
		return none, fmt.Errorf("%w: %s", refusal(end.code), ResultText(end.code))
	}
	return slip.cardSlip(), run.outcome(ctx, end.last)
}

// notReady is the error of a status after which no purchase should begin; nil where it may, or where the terminal
// does not answer the question and will answer 06 01 itself.
func notReady(end ending) error {
	switch {
	case end.refused && end.code == statusBusy:
		return fmt.Errorf("%w: %s", device.ErrNotSent, ResultText(end.code))
	case end.refused, end.last.Control == Abort, !end.last.HasStatus:
		return nil
	}
	status := end.last.TerminalStatus
	switch {
	case statusAllowsPurchase(status) || terminalStatuses[status] == "":
		return nil
	case status == statusBusy || status == statusRemote:
		return fmt.Errorf("%w: %s", device.ErrNotSent, statusText(status))
	}
	return fmt.Errorf("%w: %s", device.ErrAttention, statusText(status))
}

// purchaseRun is what is known of one authorisation while it runs.
type purchaseRun struct {
	t          *Terminal
	purchase   terminal.Purchase
	watch      terminal.Watch
	approved   *terminal.Approval // handed to Seen and saved
	objections []string           // why the approval is not what was asked
	declined   bool               // a decline was the newest word
	code       byte               // its result code
}

// status decides on a 04 0F. An approval is saved before the answer that acknowledges it exists.
func (r *purchaseRun) status(m Message) (APDU, error) {
	if _, totals := m.Fields.Get(BMPTotals); totals {
		return acknowledged, nil // an end of day that the terminal slipped in
	}
	code, ok := m.Fields.Byte(BMPResultCode)
	if !ok {
		return APDU{}, errors.New("status information without a readable result code")
	}
	if code != 0 {
		r.declined, r.code = true, code
		return acknowledged, nil
	}
	found := r.t.transaction(m)
	if found.Kind != terminal.KindPurchase {
		return APDU{}, errors.New("the terminal reports a reversal during a purchase")
	}
	objections := r.t.objections(m, r.purchase.Amount)
	if _, sent := m.Fields.Get(BMPAmount); !sent && r.t.isNew(found.Approval) {
		// Some send no amount at all; it is believed only with numbers that were not there before.
		found.Approval.Amount = r.purchase.Amount
		objections = without(objections, noAmount)
	}
	if r.approved != nil {
		if sameNumbers(*r.approved, found.Approval) {
			return acknowledged, nil // the terminal asks again; it is one payment
		}
		return APDU{}, errors.New("the terminal reports a second, different approval")
	}
	if err := r.watch.Seen(found.Approval); err != nil {
		return APDU{}, fmt.Errorf("approval not saved, so not acknowledged: %w", err)
	}
	r.approved, r.objections, r.declined = &found.Approval, objections, false
	r.t.newest = &found
	return acknowledged, nil
}

// outcome judges a dialogue that came to its end.
func (r *purchaseRun) outcome(ctx context.Context, last Message) error {
	switch {
	case r.approved != nil && r.declined:
		return fmt.Errorf("%w: the terminal declined after it had approved: %s", device.ErrDoubt, ResultText(r.code))
	case len(r.objections) > 0:
		return fmt.Errorf("%w: approved, but %s", device.ErrDoubt, strings.Join(r.objections, "; "))
	case r.approved != nil && last.Control == Completion:
		return nil
	case r.approved != nil:
		// An abort does not cancel an acknowledged approval, but only the last result proves it.
		found, err := r.t.lastResult(ctx, nil)
		if err == nil && found.Kind == terminal.KindPurchase && found.Approved && sameNumbers(found.Approval, *r.approved) {
			return nil
		}
		return fmt.Errorf("%w: the terminal ended with %q after the approval", device.ErrDoubt, ResultText(last.ResultCode))
	case last.Control == Abort && (last.ResultCode != 0 || !last.HasResultCode):
		code := last.ResultCode
		if !last.HasResultCode {
			if !r.declined {
				return fmt.Errorf("%w: the terminal gives no reason", device.ErrRefused)
			}
			code = r.code
		}
		return fmt.Errorf("%w: %s", device.ErrRefused, ResultText(code))
	case r.declined:
		return fmt.Errorf("%w: %s", device.ErrRefused, ResultText(r.code))
	}
	return fmt.Errorf("%w: the terminal ended without a result", device.ErrDoubt)
}

// authorisation is 06 01, or another command that asks for a card. The card wait is always sent, so that an abandoned kiosk returns.
func (t *Terminal) authorisation(control Control, p terminal.Purchase) (command, error) {
	amount, ok := PutBCD(p.Amount.Minor, 6)
	if !ok || !p.Amount.Positive() || p.Amount.Currency != t.cfg.Currency {
		return command{}, fmt.Errorf("%s cannot be asked of this terminal", p.Amount)
	}
	var data []byte
	if withPassword[control] {
		data = t.passwordOnly()
	}
	data = AppendField(data, BMPAmount, amount...)
	data = AppendField(data, BMPCurrency, t.cfg.currency...)
	data = AppendField(data, BMPType, t.cfg.PaymentType)
	container := AppendTLV(nil, TagCardWait, byte(t.cfg.CardWait/time.Second))
	if !t.cfg.OmitReference && p.Ref != "" && len(p.Ref) <= 100 {
		reference := AppendTLV(nil, TagReferenceType, []byte(t.cfg.ReferenceType)...)
		reference = AppendTLV(reference, TagReferenceContent, []byte(p.Ref)...)
		container = AppendTLV(container, TagReference, reference...)
	}
	return command{control, data, container}, nil
}
