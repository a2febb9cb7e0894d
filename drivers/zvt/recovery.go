package zvt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/pan"
	"selfpay/device/terminal"
)

// transaction reads a status information as the terminal's record of one transaction. BMP 37 makes it a reversal,
// BMP 60 an end of day.
func (t *Terminal) transaction(m Message) terminal.Transaction {
	f := m.Fields
	found := terminal.Transaction{Kind: terminal.KindPurchase}
	if code, ok := f.Byte(BMPResultCode); ok {
		found.Approved = code == 0
		found.ResultCode = fmt.Sprintf("%02X", code)
	}
	if original, ok := f.Number(BMPOriginalTrace); ok {
		found.Kind, found.OriginalTrace = terminal.KindReversal, int(original)
	}
	if _, totals := f.Get(BMPTotals); totals {
		found.Kind = terminal.KindOther
	}
	currency := t.cfg.Currency
	if digits := f.Digits(BMPCurrency); len(digits) == 4 {
		if c, ok := money.FromNumeric(digits[1:]); ok {
			currency = c
		}
	}
	minor, _ := f.Number(BMPAmount)
	turnover, _ := f.Number(BMPTurnover)
	authorisation, _ := f.Get(BMPAuthorisation)
	name, _ := f.Get(BMPCardName)
	found.Approval = terminal.Approval{
		Amount:            money.Of(minor, currency),
		Receipt:           f.receiptNumber(),
		Trace:             f.Trace(),
		Turnover:          int(turnover),
		TerminalID:        f.Digits(BMPTerminalID),
		AuthorisationCode: strings.Trim(t.charset.Text(authorisation), "\x00 "),
		MaskedPAN:         cardDigits(f.Digits(BMPPAN)),
		CardName:          strings.TrimSpace(strings.TrimRight(t.charset.Text(pan.MaskText(name)), "\x00")),
		Date:              f.Digits(BMPDate),
		Time:              f.Digits(BMPTime),
		Offline:           offline(m),
	}
	return found
}

// cardDigits is the masked card number without the track data that old terminals put behind it.
func cardDigits(digits string) string {
	number, _, _ := strings.Cut(pan.Mask(digits), "D")
	return number
}

// offline: tag 1F11 says so, the extra result is Y1 or Y3, or the payment type is the forced offline one.
func offline(m Message) bool {
	if o, ok := FindTLV(m.TLV, TagOnline); ok && len(o.Value) == 1 {
		return o.Value[0] == 0
	}
	if o, ok := FindTLV(m.TLV, TagExtraResult); ok {
		return strings.HasPrefix(string(o.Value), "Y")
	}
	return false
}

const noAmount = "the terminal names no amount"

// objections are the reasons why an approval is not the one that was asked for, in words for staff.
func (t *Terminal) objections(m Message, want money.Amount) []string {
	var objections []string
	f := m.Fields
	if minor, ok := f.Number(BMPAmount); !ok {
		objections = append(objections, noAmount)
	} else if minor != want.Minor {
		objections = append(objections, fmt.Sprintf("the amount is %s, asked was %s", money.Of(minor, t.cfg.Currency), want))
	}
	if digits := f.Digits(BMPCurrency); digits != "" && digits != "0"+t.cfg.Currency.Numeric() {
		objections = append(objections, fmt.Sprintf("the currency is %s", digits))
	}
	if id := f.Digits(BMPTerminalID); t.cfg.TerminalID != "" && id != "" && id != t.cfg.TerminalID {
		objections = append(objections, fmt.Sprintf("the terminal is %s, configured is %s", id, t.cfg.TerminalID))
	}
	if o, ok := FindTLV(m.TLV, TagCardholderCheck); ok && len(o.Value) == 1 {
		switch o.Value[0] {
		case 0x01, 0x05, 0x06, 0x07:
			objections = append(objections, "the card demands a signature")
		}
	}
	return objections
}

func without(objections []string, gone string) []string {
	var left []string
	for _, o := range objections {
		if o != gone {
			left = append(left, o)
		}
	}
	return left
}

// isNew says whether an approval without amount has numbers that were not there before.
func (t *Terminal) isNew(a terminal.Approval) bool {
	if t.newest == nil || (a.Receipt == 0 && a.Trace == 0) {
		return false
	}
	known := t.newest.Approval
	return (a.Receipt == 0 || a.Receipt != known.Receipt) && (a.Trace == 0 || a.Trace != known.Trace)
}

// sameNumbers: receipt, trace and amount. Two records without any number are not the same.
func sameNumbers(a, b terminal.Approval) bool {
	return a.Receipt == b.Receipt && a.Trace == b.Trace && a.Amount.Minor == b.Amount.Minor && (a.Receipt != 0 || a.Trace != 0)
}

// Last is 06 20 with service byte 03: the status information of the newest transaction, nothing printed. KindNone: the
// terminal went through the dialogue and sent none. device.ErrRefused: it does not tell.
func (t *Terminal) Last(ctx context.Context) (terminal.Transaction, error) {
	if err := t.begin(ctx); err != nil {
		return terminal.Transaction{}, fmt.Errorf("zvt: last transaction: %w", couldNotAsk(err))
	}
	defer t.end()
	found, err := t.lastResult(ctx, nil)
	if err != nil {
		return terminal.Transaction{}, fmt.Errorf("zvt: last transaction: %w", couldNotAsk(err))
	}
	return found, nil
}

var errNoMemory = fmt.Errorf("%w: the terminal does not give its last result", device.ErrRefused)

// lastResult asks for the newest transaction. errNoMemory: the terminal answered and refused.
func (t *Terminal) lastResult(ctx context.Context, late func(Message) bool) (terminal.Transaction, error) {
	found, _, err := t.lastMessage(ctx, late)
	return found, err
}

func (t *Terminal) lastMessage(ctx context.Context, late func(Message) bool) (terminal.Transaction, Message, error) {
	var found terminal.Transaction
	var message Message
	end, err := t.ask(ctx, dialogue{
		command: command{control: RepeatReceipt, data: AppendField(t.passwordOnly(), BMPServiceByte, 0x03)},
		late:    late,
		status: func(m Message) (APDU, error) {
			if _, ok := m.Fields.Byte(BMPResultCode); ok {
				found, message = t.transaction(m), m
			}
			return acknowledged, nil
		},
	})
	switch {
	case err != nil:
		return found, message, err
	case end.refused && refusal(end.code) == device.ErrNotSent: // busy: not asked, the question may be repeated
		return found, message, errors.New(ResultText(end.code))
	case end.refused:
		return found, message, fmt.Errorf("%w: %s", errNoMemory, ResultText(end.code))
	case end.last.Control == Abort:
		return terminal.Transaction{}, message, fmt.Errorf("%w: %s", errNoMemory, ResultText(end.last.ResultCode))
	}
	if found.Kind != terminal.KindNone {
		t.repeats = true
		t.newest = &found
	}
	return found, message, nil
}

// awaitIdle waits until the terminal has finished what it does: a status enquiry every few seconds, up to IdleWait.
// The terminal is registered anew, so that its id is compared.
func (t *Terminal) awaitIdle(ctx context.Context, late func(Message) bool) error {
	limit := time.Now().Add(t.cfg.IdleWait)
	for {
		t.registered = false
		l := t.link
		if l == nil || l.dead() {
			t.drop()
			opened, err := t.dialLink(ctx)
			if err != nil {
				return err
			}
			t.link, l = opened, opened
		}
		err := t.clear(l, late)
		var end ending
		if err == nil {
			end, err = t.run(ctx, l, dialogue{command: t.statusEnquiry(), late: late})
		}
		busy := ""
		switch {
		case ctx.Err() != nil:
			t.drop()
			return ctx.Err()
		case err != nil:
			busy = err.Error()
			t.drop()
		case end.refused && refusal(end.code) == device.ErrNotSent:
			busy = ResultText(end.code)
		case !end.refused && end.last.HasStatus && (end.last.TerminalStatus == statusBusy || end.last.TerminalStatus == statusRemote):
			busy = statusText(end.last.TerminalStatus)
		}
		if busy == "" {
			return nil
		}
		if time.Now().Add(t.cfg.IdlePoll).After(limit) {
			return fmt.Errorf("the terminal does not become idle: %s", busy)
		}
		t.release()
		pause := time.NewTimer(t.cfg.IdlePoll)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
	}
}

// RecoverPurchase waits until the terminal is idle, registers it and compares its last result with what was saved. It
// acknowledges a late approval only if that very approval was saved; otherwise the terminal's own rule for unanswered
// approvals applies, and its last result tells what came of it.
func (t *Terminal) RecoverPurchase(ctx context.Context, a terminal.Attempt) (terminal.Recovery, error) {
	fail := func(err error) (terminal.Recovery, error) {
		return terminal.Recovery{}, fmt.Errorf("zvt: recover purchase %s: %w", a.Purchase.Ref, couldNotAsk(err))
	}
	if err := t.begin(ctx); err != nil {
		return fail(err)
	}
	defer t.end()
	late := func(m Message) bool {
		code, ok := m.Fields.Byte(BMPResultCode)
		_, totals := m.Fields.Get(BMPTotals)
		if !ok || code != 0 || totals {
			return ok
		}
		return a.Seen != nil && sameNumbers(*a.Seen, t.transaction(m).Approval)
	}
	if err := t.awaitIdle(ctx, late); err != nil {
		return fail(err)
	}
	found, m, err := t.lastMessage(ctx, late)
	if errors.Is(err, errNoMemory) {
		return terminal.Recovery{Verdict: t.unknown(), Evidence: err.Error()}, nil
	}
	if err != nil {
		return fail(err)
	}
	r := terminal.Recovery{Found: found}
	r.Verdict, r.Evidence = t.judge(a, found, m)
	if found.Kind == terminal.KindNone && r.Verdict == terminal.StillUnknown {
		r.Verdict = t.unknown()
	}
	t.log.Info("terminal last result compared", "payment", a.Purchase.Ref, "verdict", string(r.Verdict), "evidence", r.Evidence)
	return r, nil
}

// unknown is the verdict where the terminal did not tell its last result.
func (t *Terminal) unknown() terminal.Verdict {
	if t.cfg.NoLastResult && !t.repeats {
		return terminal.NeverKnown
	}
	return terminal.StillUnknown
}

// judge is the comparison of a last result with an attempt, and a sentence on it.
func (t *Terminal) judge(a terminal.Attempt, found terminal.Transaction, m Message) (terminal.Verdict, string) {
	f := found.Approval
	baseline := a.Baseline
	switch {
	case found.Kind == terminal.KindNone:
		if t.repeats && (baseline == nil || baseline.Kind == terminal.KindNone) {
			return terminal.NotCharged, "the terminal remembers no transaction"
		}
		return terminal.StillUnknown, "the terminal sent no last result"
	case found.Kind == terminal.KindOther:
		return terminal.StillUnknown, "the newest transaction of the terminal is neither a purchase nor a reversal"
	case baseline != nil && sameRecord(*baseline, found):
		if a.Seen != nil && sameNumbers(*a.Seen, f) {
			return terminal.StillUnknown, "the approval that was saved has the numbers of the transaction before the attempt"
		}
		return terminal.NotCharged, fmt.Sprintf("the newest transaction is still the one before the attempt: receipt %04d, trace %d", f.Receipt, f.Trace)
	}
	ofSeen := a.Seen != nil && f.Receipt == a.Seen.Receipt && f.Trace == a.Seen.Trace && (f.Receipt != 0 || f.Trace != 0)
	switch found.Kind {
	case terminal.KindReversal:
		return judgeReversal(a, found)
	case terminal.KindPurchase:
		if !found.Approved {
			if newer(baseline, f) || ofSeen {
				return terminal.NotCharged, fmt.Sprintf("the newest transaction was declined: %s", codeText(found.ResultCode))
			}
			return terminal.StillUnknown, fmt.Sprintf("a declined transaction, receipt %04d, trace %d, cannot be placed after the one before the attempt", f.Receipt, f.Trace)
		}
	}
	objections := t.objections(m, a.Purchase.Amount)
	if _, sent := m.Fields.Get(BMPAmount); !sent && ofSeen {
		objections = without(objections, noAmount)
	}
	switch {
	case len(objections) > 0:
		return terminal.StillUnknown, fmt.Sprintf("an approval with receipt %04d, trace %d was found, but %s", f.Receipt, f.Trace, strings.Join(objections, "; "))
	case ofSeen:
		return terminal.Charged, fmt.Sprintf("the newest transaction is the approval that was saved: receipt %04d, trace %d", f.Receipt, f.Trace)
	case a.Seen != nil:
		return terminal.StillUnknown, fmt.Sprintf("the newest approval has receipt %04d, trace %d; saved was receipt %04d, trace %d", f.Receipt, f.Trace, a.Seen.Receipt, a.Seen.Trace)
	case newer(baseline, f) && f.Receipt != 0:
		return terminal.Charged, fmt.Sprintf("a new approval over %s was found: receipt %04d, trace %d", a.Purchase.Amount, f.Receipt, f.Trace)
	}
	return terminal.StillUnknown, fmt.Sprintf("an approval with receipt %04d, trace %d cannot be placed after the one before the attempt", f.Receipt, f.Trace)
}

func judgeReversal(a terminal.Attempt, found terminal.Transaction) (terminal.Verdict, string) {
	ours := false
	switch {
	case !found.Approved:
		return terminal.StillUnknown, "the newest transaction is a reversal that was declined"
	case found.OriginalTrace == 0:
		return terminal.StillUnknown, "the newest transaction is a reversal that does not say of what"
	case a.Seen != nil:
		ours = found.OriginalTrace == a.Seen.Trace%1_000_000
	case a.Baseline != nil:
		ours = newer(a.Baseline, found.Approval) && found.OriginalTrace > a.Baseline.Approval.Trace%1_000_000 &&
			found.Approval.Amount.Minor == a.Purchase.Amount.Minor
	}
	if ours {
		return terminal.NotCharged, fmt.Sprintf("the terminal has taken the payment with trace %d back", found.OriginalTrace)
	}
	return terminal.StillUnknown, fmt.Sprintf("the newest transaction is a reversal of trace %d, which cannot be told to be this payment", found.OriginalTrace)
}

// sameRecord says whether two answers show one and the same transaction. The result counts: a terminal may turn an
// approval into a decline under the same numbers.
func sameRecord(a, b terminal.Transaction) bool {
	return a.Kind == b.Kind && a.Approved == b.Approved && a.ResultCode == b.ResultCode &&
		a.Approval.Receipt == b.Approval.Receipt && a.Approval.Trace == b.Approval.Trace &&
		a.Approval.Amount.Minor == b.Approval.Amount.Minor && a.Approval.Date == b.Approval.Date && a.Approval.Time == b.Approval.Time
}

// newer says whether numbers lie after the baseline. A smaller receipt number proves nothing, since numbers may begin
// again after an end of day, unless it is the step from 9999 to 1.
func newer(baseline *terminal.Transaction, f terminal.Approval) bool {
	switch {
	case baseline == nil:
		return false
	case baseline.Kind == terminal.KindNone:
		return true
	case f.Receipt == 0 && f.Trace == 0:
		return true // a decline without numbers; an approval without them fits nothing
	case f.Trace != 0 && f.Trace == baseline.Approval.Trace:
		return false
	}
	before := baseline.Approval.Receipt
	return f.Receipt > before || (before > 9900 && f.Receipt > 0 && f.Receipt < 100)
}

func codeText(hex string) string {
	code, err := parseCode(hex)
	if err != nil {
		return "no readable result code"
	}
	return ResultText(code)
}

// RecoverReversal compares the terminal's last result with the purchase a: a reversal of its trace means NotCharged,
// the purchase itself as the newest transaction means Charged.
func (t *Terminal) RecoverReversal(ctx context.Context, a terminal.Approval) (terminal.Recovery, error) {
	fail := func(err error) (terminal.Recovery, error) {
		return terminal.Recovery{}, fmt.Errorf("zvt: recover reversal of receipt %04d: %w", a.Receipt, couldNotAsk(err))
	}
	if err := t.begin(ctx); err != nil {
		return fail(err)
	}
	defer t.end()
	// A late result of the reversal may be acknowledged: it decides on no goods.
	late := func(m Message) bool {
		_, ok := m.Fields.Get(BMPOriginalTrace)
		return ok
	}
	if err := t.awaitIdle(ctx, late); err != nil {
		return fail(err)
	}
	found, err := t.lastResult(ctx, late)
	if errors.Is(err, errNoMemory) {
		return terminal.Recovery{Verdict: terminal.StillUnknown, Evidence: err.Error()}, nil
	}
	if err != nil {
		return fail(err)
	}
	r := afterReversal(a, found)
	t.log.Info("terminal last result compared", "receipt", a.Receipt, "verdict", string(r.Verdict), "evidence", r.Evidence)
	return r, nil
}

// afterReversal compares the terminal's last result with a purchase that should have been taken back.
func afterReversal(a terminal.Approval, found terminal.Transaction) terminal.Recovery {
	r := terminal.Recovery{Verdict: terminal.StillUnknown, Found: found}
	f := found.Approval
	ofOurs := found.Kind == terminal.KindReversal && found.OriginalTrace != 0 && found.OriginalTrace == a.Trace%1_000_000
	switch {
	case ofOurs && found.Approved:
		r.Verdict, r.Evidence = terminal.NotCharged, fmt.Sprintf("the newest transaction is the reversal of trace %d", a.Trace)
	case ofOurs && found.ResultCode == fmt.Sprintf("%02X", codeAlreadyReversed):
		r.Verdict, r.Evidence = terminal.NotCharged, fmt.Sprintf("the terminal says that trace %d is already reversed", a.Trace)
	case ofOurs:
		r.Verdict, r.Evidence = terminal.Charged, fmt.Sprintf("the reversal of trace %d was declined: %s", a.Trace, codeText(found.ResultCode))
	case found.Kind == terminal.KindPurchase && found.Approved && sameNumbers(f, a):
		r.Verdict, r.Evidence = terminal.Charged, fmt.Sprintf("the newest transaction is the purchase itself: receipt %04d, trace %d", f.Receipt, f.Trace)
	default:
		r.Evidence = fmt.Sprintf("the newest transaction, receipt %04d, trace %d, is neither the purchase with trace %d nor its reversal", f.Receipt, f.Trace, a.Trace)
	}
	return r
}
