package zvt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

// Terminal is one ZVT terminal. Its methods may be called from any goroutine; they run one after the other.
type Terminal struct {
	dial   device.Dial
	cfg    settings
	broken error // what is wrong with the configuration
	log    *slog.Logger
	turn   chan struct{} // holds one token: whose turn it is

	// Owned by the method whose turn it is.
	link       *link
	registered bool
	terminalID string                // as the terminal said it last
	width      int                   // characters in a printed line, as agreed
	newest     *terminal.Transaction // newest transaction known
	repeats    bool                  // the terminal was seen to send 04 0F upon 06 20
}

var _ terminal.Terminal = (*Terminal)(nil)

// New makes a terminal that is reached by dial. It opens nothing; the first method call does, and again after the
// link was lost.
func New(dial device.Dial, cfg Config, log *slog.Logger) *Terminal {
	s, err := cfg.settings()
	t := &Terminal{dial: dial, cfg: s, broken: err, log: log, turn: make(chan struct{}, 1), width: s.LineWidth, repeats: s.LastResultProven}
	t.turn <- struct{}{}
	return t
}

// begin waits for the turn. Nothing was sent when it fails.
func (t *Terminal) begin(ctx context.Context) error {
	if t.broken != nil {
		return fmt.Errorf("%w: %w", device.ErrAttention, t.broken)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-t.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Terminal) end() {
	t.release()
	t.turn <- struct{}{}
}

// Close ends the link, after a method that is running.
func (t *Terminal) Close() error {
	<-t.turn
	t.drop()
	t.turn <- struct{}{}
	return nil
}

// couldNotAsk gives an error of a step that moves no money its class: ErrNotSent unless it carries one.
func couldNotAsk(err error) error {
	for _, class := range []error{device.ErrRefused, device.ErrNotSent, device.ErrAttention, device.ErrDoubt} {
		if errors.Is(err, class) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", device.ErrNotSent, err)
}

// Status asks by status enquiry (05 01). It changes nothing, although a terminal may take the occasion to do its own
// timed jobs, which can take minutes.
func (t *Terminal) Status(ctx context.Context) (terminal.Status, error) {
	if err := t.begin(ctx); err != nil {
		return terminal.Status{}, fmt.Errorf("zvt: status: %w", couldNotAsk(err))
	}
	defer t.end()
	end, err := t.ask(ctx, dialogue{request: t.statusEnquiry()})
	if err != nil {
		return terminal.Status{}, fmt.Errorf("zvt: status: %w", couldNotAsk(err))
	}
	return t.readStatus(end), nil
}

func (t *Terminal) readStatus(end ending) terminal.Status {
	s := terminal.Status{TerminalID: t.terminalID}
	switch {
	case end.refused:
		s.Reason = ResultText(end.code)
		return s
	case end.last.Control == Abort:
		s.Reason, s.EndOfDay = ResultText(end.last.ResultCode), end.last.ResultCode == statusEndOfDay
		return s
	}
	if o, ok := FindTLV(end.last.TLV, TagTerminalID); ok {
		s.TerminalID = Nibbles(o.Value)
	}
	status := end.last.TerminalStatus
	s.EndOfDay = status == statusEndOfDay
	if o, ok := FindTLV(end.last.TLV, TagLocks); ok && len(o.Value) > 0 {
		s.EndOfDay = s.EndOfDay || o.Value[0]&0x80 != 0
	}
	if err := t.rightTerminal(s.TerminalID); err != nil {
		s.Reason = fmt.Sprintf("this is terminal %s, configured is %s", s.TerminalID, t.cfg.TerminalID)
		return s
	}
	s.Ready = statusAllowsPurchase(status) && !s.EndOfDay
	switch {
	case s.EndOfDay:
		s.Reason = statusText(statusEndOfDay)
	case !s.Ready:
		s.Reason = statusText(status)
	}
	return s
}

// Purchase is 06 01. A status enquiry goes before it: it proves that the link stands and that the terminal is free, at
// the price of one exchange. From the first byte of 06 01 on an error that is not an answer of the terminal is
// device.ErrDoubt. 84 9C as first answer is ErrNotSent: the terminal is busy and has not begun.
func (t *Terminal) Purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	if w.Seen == nil {
		panic("zvt: Watch.Seen is not set")
	}
	slip, err := t.purchase(ctx, p, w)
	if err != nil {
		return slip, fmt.Errorf("zvt: purchase %s: %w", p.Ref, err)
	}
	return slip, nil
}

func (t *Terminal) purchase(ctx context.Context, p terminal.Purchase, w terminal.Watch) (terminal.CardSlip, error) {
	none := terminal.CardSlip{}
	if err := t.begin(ctx); err != nil {
		return none, couldNotAsk(err)
	}
	defer t.end()
	request, err := t.authorisation(p)
	if err != nil {
		return none, couldNotAsk(err)
	}
	enquiry, err := t.ask(ctx, dialogue{request: t.statusEnquiry()})
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
	slip := &slip{charset: t.cfg.charset, width: t.width}
	start := time.Now()
	end, err := t.run(ctx, l, dialogue{
		request: request, status: run.status, progress: w.Progress, slip: slip,
		stop: func() bool { return run.approved == nil },
	})
	t.log.Info("terminal authorisation ended", "payment", p.Ref, "seconds", time.Since(start).Seconds(),
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

// Reverse is 06 30 by receipt number. It succeeds only by an approved status information of this dialogue that names
// no other transaction. "already reversed" is device.ErrDoubt: the money does not stay charged, and RecoverReversal tells.
func (t *Terminal) Reverse(ctx context.Context, a terminal.Approval) error {
	if err := t.reverse(ctx, a); err != nil {
		return fmt.Errorf("zvt: reverse receipt %04d: %w", a.Receipt, err)
	}
	return nil
}

func (t *Terminal) reverse(ctx context.Context, a terminal.Approval) error {
	if a.Receipt < 1 || a.Receipt > 9999 {
		return fmt.Errorf("%w: a purchase without receipt number cannot be reversed", device.ErrRefused)
	}
	if err := t.begin(ctx); err != nil {
		return couldNotAsk(err)
	}
	defer t.end()
	amount, ok := PutBCD(a.Amount.Minor, 6)
	if !ok || a.Amount.Currency != t.cfg.Currency {
		return fmt.Errorf("%w: %s cannot be reversed here", device.ErrRefused, a.Amount)
	}
	receipt, _ := PutBCD(int64(a.Receipt), 2)
	data := AppendField(t.passwordOnly(), BMPReceipt, receipt...)
	data = AppendField(data, BMPAmount, amount...)
	data = AppendField(data, BMPCurrency, t.cfg.currency...)
	// The registration is made in a step of its own: an error there moves no money.
	l, err := t.connect(ctx, nil)
	if err != nil {
		return couldNotAsk(err)
	}
	var result *terminal.Transaction
	end, err := t.run(ctx, l, dialogue{
		request: APDU{Control: Reversal, Data: data},
		status: func(m Message) (APDU, error) {
			if _, ok := m.Fields.Byte(BMPResultCode); !ok {
				return APDU{}, errors.New("status information without a readable result code")
			}
			found := t.transaction(m)
			result = &found
			return acknowledged, nil
		},
		stop: func() bool { return result == nil },
	})
	switch {
	case err != nil && !end.handed:
		t.drop()
		return couldNotAsk(err)
	case err != nil:
		t.drop()
		return fmt.Errorf("%w: %w", device.ErrDoubt, err)
	case end.refused && end.code == codeAlreadyReversed:
		return fmt.Errorf("%w: %s", device.ErrDoubt, ResultText(end.code))
	case end.refused:
		return fmt.Errorf("%w: %s", refusal(end.code), ResultText(end.code))
	case result != nil && result.Approved:
		t.newest = result
		return t.reversed(*result, a, end.last)
	case end.last.Control == Completion && result == nil:
		return fmt.Errorf("%w: the terminal ended without a result", device.ErrDoubt)
	}
	code := end.last.ResultCode
	if result != nil && code == 0 {
		if b, err := parseCode(result.ResultCode); err == nil {
			code = b
		}
	}
	if code == codeAlreadyReversed {
		return fmt.Errorf("%w: %s", device.ErrDoubt, ResultText(code))
	}
	return fmt.Errorf("%w: %s", device.ErrRefused, ResultText(code))
}

const codeAlreadyReversed = 0xB4

func parseCode(hex string) (code byte, err error) {
	_, err = fmt.Sscanf(hex, "%02X", &code)
	return code, err
}

// reversed judges an approved reversal: nil only if it is the one that was asked for.
func (t *Terminal) reversed(result terminal.Transaction, a terminal.Approval, last Message) error {
	switch {
	case last.Control == Abort:
		return fmt.Errorf("%w: reversed, then ended with %q", device.ErrDoubt, ResultText(last.ResultCode))
	case result.OriginalTrace != 0 && a.Trace != 0 && result.OriginalTrace%1_000_000 != a.Trace%1_000_000:
		return fmt.Errorf("%w: the terminal reversed trace %d, not %d", device.ErrDoubt, result.OriginalTrace, a.Trace)
	case result.Approval.Amount.Minor != 0 && result.Approval.Amount.Minor != a.Amount.Minor:
		return fmt.Errorf("%w: the terminal reversed %s, not %s", device.ErrDoubt, result.Approval.Amount, a.Amount)
	}
	return nil
}

// EndOfDay is 06 50. The terminal forgets its registration and perhaps its last result.
func (t *Terminal) EndOfDay(ctx context.Context) (terminal.DayTotal, error) {
	total, err := t.endOfDay(ctx)
	if err != nil {
		return total, fmt.Errorf("zvt: end of day: %w", err)
	}
	return total, nil
}

func (t *Terminal) endOfDay(ctx context.Context) (terminal.DayTotal, error) {
	var total terminal.DayTotal
	if err := t.begin(ctx); err != nil {
		return total, couldNotAsk(err)
	}
	defer t.end()
	l, err := t.connect(ctx, nil)
	if err != nil {
		return total, couldNotAsk(err)
	}
	defer func() { t.registered, t.newest = false, nil }()
	end, err := t.run(ctx, l, dialogue{
		request: APDU{Control: EndOfDay, Data: t.passwordOnly()},
		status: func(m Message) (APDU, error) {
			if code, ok := m.Fields.Byte(BMPResultCode); ok && code == 0 {
				if minor, ok := m.Fields.Number(BMPAmount); ok {
					total.Amount = money.Of(minor, t.cfg.Currency)
				}
				total.Trace = m.Fields.Trace()
			}
			return acknowledged, nil
		},
		stop: func() bool { return true },
	})
	switch {
	case err != nil && !end.handed:
		t.drop()
		return total, couldNotAsk(err)
	case err != nil:
		t.drop()
		return total, fmt.Errorf("%w: %w", device.ErrDoubt, err)
	case end.refused:
		return total, fmt.Errorf("%w: %s", refusal(end.code), ResultText(end.code))
	case end.last.Control == Abort:
		return total, fmt.Errorf("%w: %s", device.ErrRefused, ResultText(end.last.ResultCode))
	}
	return total, nil
}

func (t *Terminal) passwordOnly() []byte { return append([]byte(nil), t.cfg.password...) }

// statusEnquiry is 05 01 with service byte 06: no software version, extra data wanted.
func (t *Terminal) statusEnquiry() APDU {
	return APDU{Control: StatusEnquiry, Data: AppendField(t.passwordOnly(), BMPServiceByte, 0x06)}
}

// registration is 06 00. The container is always sent, for without it the terminal may send none.
func (t *Terminal) registration() APDU {
	config := map[Printing]byte{PrintBlocks: 0xBE, PrintOwn: 0x3E, PrintTerminal: 0x38}[t.cfg.Printing]
	data := append(t.passwordOnly(), config)
	data = append(data, t.cfg.currency...)
	data = AppendField(data, BMPServiceByte, 0x01)
	var container []byte
	if t.cfg.Printing == PrintBlocks {
		if width, ok := PutBCD(int64(t.cfg.LineWidth), 1); ok && t.cfg.LineWidth > 0 {
			container = AppendTLV(container, TagPrinterWidth, width...)
		}
		container = AppendTLV(container, TagCommands, AppendTLV(nil, TagCommand, 0x06, 0xD3)...)
	}
	return APDU{Control: Registration, Data: AppendField(data, BMPContainer, container...)}
}

// authorisation is 06 01. The card wait is always sent, so that an abandoned kiosk returns.
func (t *Terminal) authorisation(p terminal.Purchase) (APDU, error) {
	amount, ok := PutBCD(p.Amount.Minor, 6)
	if !ok || !p.Amount.Positive() || p.Amount.Currency != t.cfg.Currency {
		return APDU{}, fmt.Errorf("%s cannot be asked of this terminal", p.Amount)
	}
	data := AppendField(nil, BMPAmount, amount...)
	data = AppendField(data, BMPCurrency, t.cfg.currency...)
	data = AppendField(data, BMPType, t.cfg.PaymentType)
	container := AppendTLV(nil, TagCardWait, byte(t.cfg.CardWait/time.Second))
	if !t.cfg.OmitReference && p.Ref != "" && len(p.Ref) <= 100 {
		reference := AppendTLV(nil, TagReferenceType, []byte(t.cfg.ReferenceType)...)
		reference = AppendTLV(reference, TagReferenceContent, []byte(p.Ref)...)
		container = AppendTLV(container, TagReference, reference...)
	}
	return APDU{Control: Authorisation, Data: AppendField(data, BMPContainer, container...)}, nil
}
