package zvt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

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
		command: command{control: EndOfDay, data: t.passwordOnly()},
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

// Totals are the sums of the day so far, or of the day that was closed (BMP 60).
type Totals struct {
	First, Last int          // receipt numbers
	Amount      money.Amount // of all together; without a currency where the terminal names none
	Brands      []BrandTotal // in the order of the document; nil where the terminal sends them in another form
}

// BrandTotal is the sum of one kind of card. Count is a byte and begins again after 255: compare amounts, not counts.
type BrandTotal struct {
	Brand  string
	Count  int
	Amount money.Amount
}

// brands is the order of the pairs in BMP 60 (PA00P015 2.16).
var brands = [...]string{"girocard", "JCB", "Mastercard", "American Express", "Visa", "Diners", "other"}

// pairSize is one count, in binary, and one amount.
const pairSize = 1 + 6

// ParseTotals reads the data of BMP 60. Some terminals send less or more than the document says; the error names the length.
func ParseTotals(b []byte, c money.Currency) (Totals, error) {
	if len(b) != 4+len(brands)*pairSize {
		return Totals{}, fmt.Errorf("zvt: totals have %d bytes, expected are %d", len(b), 4+len(brands)*pairSize)
	}
	first, err1 := BCD(b[:2])
	last, err2 := BCD(b[2:4])
	t, err := Totals{First: int(first), Last: int(last)}, errors.Join(err1, err2)
	for i, brand := range brands {
		pair := b[4+i*pairSize:][:pairSize]
		minor, wrong := BCD(pair[1:])
		err = errors.Join(err, wrong)
		t.Brands = append(t.Brands, BrandTotal{brand, int(pair[0]), money.Of(minor, c)})
	}
	if err != nil {
		return Totals{}, fmt.Errorf("zvt: totals: %w", err)
	}
	return t, nil
}

// Totals is 06 10: the sums since the last end of day. It clears nothing and may be repeated.
func (t *Terminal) Totals(ctx context.Context) (Totals, error) {
	var totals Totals
	told := false
	_, err := t.serve(ctx, command{control: SendTotals, data: t.passwordOnly()}, dialogue{status: func(m Message) (APDU, error) {
		data, there := m.Fields.Get(BMPTotals)
		if !there {
			return acknowledged, nil
		}
		told = true
		read, err := ParseTotals(data, t.cfg.Currency)
		if err != nil {
			t.log.Warn("terminal sends its totals in another form", "err", err)
		}
		totals = read
		if minor, ok := m.Fields.Number(BMPAmount); ok {
			totals.Amount = money.Of(minor, t.cfg.Currency)
		}
		return acknowledged, nil
	}})
	if err == nil && !told {
		err = fmt.Errorf("%w: the terminal sent none", device.ErrRefused)
	}
	if err != nil {
		return Totals{}, fmt.Errorf("zvt: totals: %w", err)
	}
	return totals, nil
}

// Diagnostics is how thoroughly a terminal looks at itself (tag 1B).
type Diagnostics byte

// The diagnostics.
const (
	DiagnoseLine          Diagnostics = 0x01
	DiagnoseExtended      Diagnostics = 0x02 // with the host; what a terminal does that is not told which
	DiagnoseConfiguration Diagnostics = 0x03
	DiagnoseEMV           Diagnostics = 0x04
)

// Diagnose is 06 70: the terminal talks to its host and fetches what it lacks, which may take minutes. It moves no money and may be
// repeated.
func (t *Terminal) Diagnose(ctx context.Context, d Diagnostics) error {
	_, err := t.serve(ctx, command{control: Diagnosis, container: AppendTLV(nil, TagDiagnosis, byte(d))}, dialogue{})
	return named("diagnosis", err)
}

// Initialise is 06 93, which a terminal with status 51 asks for. It moves no money and may be repeated.
func (t *Terminal) Initialise(ctx context.Context) error {
	_, err := t.serve(ctx, command{control: Initialisation, data: t.passwordOnly()}, dialogue{})
	return named("initialisation", err)
}

// SendOffline is 06 51: payments that were approved without the host are sent to it. It may be repeated.
func (t *Terminal) SendOffline(ctx context.Context) error {
	_, err := t.serve(ctx, command{control: SendOffline, data: t.passwordOnly()}, dialogue{})
	return named("send offline transactions", err)
}

// SetClock is 06 91. It moves no money and may be repeated. A terminal without a year of its own takes that of its host.
func (t *Terminal) SetClock(ctx context.Context, now time.Time) error {
	date, _ := packDigits(now.Format("060102"), 6)
	clock, _ := packDigits(now.Format("150405"), 6)
	_, err := t.serve(ctx, command{control: SetTerminalClock, data: AppendField(AppendField(nil, BMPFullDate, date...), BMPTime, clock...)}, dialogue{})
	return named("set clock", err)
}

// LogOff is 06 02: the terminal goes back to its own keys and printer. The next method registers again.
func (t *Terminal) LogOff(ctx context.Context) error {
	_, err := t.serve(ctx, command{control: LogOff}, dialogue{acceptedOnly: true})
	t.Close()
	return named("log-off", err)
}

// Reset is 06 18: the terminal starts anew, and is not reached for a while. It must not be called while an attempt is open or in doubt.
func (t *Terminal) Reset(ctx context.Context) error {
	_, err := t.serve(ctx, command{control: Reset}, dialogue{acceptedOnly: true})
	t.Close()
	return named("reset", err)
}

// SelfTest is 06 79, PrintTotals 06 12, PrintConfiguration 06 1A; what they say is text. They move no money and may be repeated.
func (t *Terminal) SelfTest(ctx context.Context) ([]string, error) {
	return t.report(ctx, "self test", command{control: SelfTest})
}

// PrintTotals is the report of the day so far, as the terminal words it.
func (t *Terminal) PrintTotals(ctx context.Context) ([]string, error) {
	return t.report(ctx, "print totals", command{control: PrintTotals, data: t.passwordOnly()})
}

// PrintConfiguration is the report of how the terminal is set up.
func (t *Terminal) PrintConfiguration(ctx context.Context) ([]string, error) {
	return t.report(ctx, "print configuration", command{control: PrintConfiguration})
}

func (t *Terminal) report(ctx context.Context, name string, c command) ([]string, error) {
	printed := &slip{charset: t.cfg.charset, width: t.cfg.LineWidth}
	_, err := t.serve(ctx, c, dialogue{slip: printed})
	return printed.text(), named(name, err)
}

// Reservations are the receipt numbers of those that are neither booked nor given back. It changes nothing and may be repeated. An end of
// day should not run while there are any.
func (t *Terminal) Reservations(ctx context.Context) ([]int, error) {
	end, err := t.serve(ctx, command{control: PartialReversal, data: AppendField(nil, BMPReceipt, 0xFF, 0xFF)}, dialogue{abortIsAnswer: true})
	if err != nil {
		return nil, named("open reservations", err)
	}
	if end.last.Control != Abort || end.last.ResultCode != codeReservations {
		return nil, fmt.Errorf("zvt: open reservations: %w: %s", device.ErrRefused, ResultText(end.last.ResultCode))
	}
	var open []int
	add := func(data []byte) {
		if n, err := BCD(data); err == nil && n > 0 {
			open = append(open, int(n))
		}
	}
	if list, ok := FindTLV(end.last.TLV, TagReservations); ok {
		for _, o := range list.Children {
			add(o.Value)
		}
		return open, nil
	}
	if data, ok := end.last.Fields.Get(BMPReceipt); ok {
		add(data)
	}
	return open, nil
}

const codeReservations = 0xB8

// Maintain does what the terminal asks for by its status: an initialisation (51), a diagnosis (C2), or its clock (62), and says which;
// empty: nothing. It moves no money and may be repeated. An end of day it leaves to whoever plans it.
func (t *Terminal) Maintain(ctx context.Context) (done string, err error) {
	end, err := t.serve(ctx, t.statusEnquiry(), dialogue{})
	if err != nil {
		return "", named("maintenance", err)
	}
	_, asks := locks(end.last.TLV)
	switch serviceOf(end.last.TerminalStatus, asks) {
	case statusInitialise:
		return "initialisation", t.Initialise(ctx)
	case statusDiagnose:
		return "diagnosis", t.Diagnose(ctx, DiagnoseExtended)
	case statusClock:
		return "clock", t.SetClock(ctx, time.Now())
	}
	return "", nil
}

// serve is a command that moves no money of a patron. What is in d beside the command decides how it ends.
func (t *Terminal) serve(ctx context.Context, c command, d dialogue) (ending, error) {
	if err := t.begin(ctx); err != nil {
		return ending{}, couldNotAsk(err)
	}
	defer t.end()
	d.command = c
	end, err := t.ask(ctx, d)
	switch {
	case err != nil:
		return end, couldNotAsk(err)
	case end.refused:
		return end, fmt.Errorf("%w: %s", refusal(end.code), ResultText(end.code))
	case end.last.Control == Abort && !d.abortIsAnswer:
		return end, fmt.Errorf("%w: %s", refusal(end.last.ResultCode), ResultText(end.last.ResultCode))
	}
	return end, nil
}

func named(name string, err error) error {
	if err != nil {
		return fmt.Errorf("zvt: %s: %w", name, err)
	}
	return nil
}
