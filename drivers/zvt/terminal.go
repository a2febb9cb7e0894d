package zvt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"selfpay/device"
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
	terminalID string  // as the terminal said it last
	width      int     // characters in a printed line, as agreed
	charset    Charset // of texts that name none, as agreed
	sequence   sequence
	newest     *terminal.Transaction // newest transaction known
	stray      terminal.Stray
	strays     []terminal.Approval // refused, and not looked for yet
	repeats    bool                // the terminal was seen to send 04 0F upon 06 20
}

var (
	_ terminal.Terminal   = (*Terminal)(nil)
	_ terminal.Maintainer = (*Terminal)(nil)
)

// New makes a terminal that is reached by dial. It opens nothing; the first method call does, and again after the
// link was lost.
func New(dial device.Dial, cfg Config, log *slog.Logger) *Terminal {
	s, err := cfg.settings()
	t := &Terminal{dial: dial, cfg: s, broken: err, log: log, turn: make(chan struct{}, 1), width: s.LineWidth, charset: s.charset, repeats: s.LastResultProven}
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

// Agreement is what a terminal said at its registration.
type Agreement struct {
	TerminalID     string
	Charset        Charset // of texts that name none
	Width          int     // characters in a printed line; 0: not told
	MessageNumbers bool
	Registered     bool // false: nothing was said yet, or the link was lost since
}

// Agreed waits for the method that is running, and asks the terminal nothing.
func (t *Terminal) Agreed() Agreement {
	<-t.turn
	defer func() { t.turn <- struct{}{} }()
	return Agreement{t.terminalID, t.charset, t.width, t.sequence.on, t.registered}
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
	end, err := t.ask(ctx, dialogue{command: t.statusEnquiry()})
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
	locked, asks := locks(end.last.TLV)
	s.EndOfDay = status == statusEndOfDay || asks == statusEndOfDay
	if err := t.rightTerminal(s.TerminalID); err != nil {
		s.Reason = fmt.Sprintf("this is terminal %s, configured is %s", s.TerminalID, t.cfg.TerminalID)
		return s
	}
	s.Service = serviceOf(status, asks) != 0
	s.Ready = statusAllowsPurchase(status) && !s.EndOfDay && locked == ""
	switch {
	case s.EndOfDay:
		s.Reason = statusText(statusEndOfDay)
	case locked != "":
		s.Reason = locked
	case !s.Ready:
		s.Reason = statusText(status)
	}
	return s
}

func (t *Terminal) passwordOnly() []byte { return append([]byte(nil), t.cfg.password...) }

// statusEnquiry is 05 01 with service byte 06: no software version, extra data wanted.
func (t *Terminal) statusEnquiry() command {
	return command{control: StatusEnquiry, data: AppendField(t.passwordOnly(), BMPServiceByte, 0x06)}
}

// registration is 06 00. The container is always sent, for without it the terminal may send none.
func (t *Terminal) registration() command {
	data := append(t.passwordOnly(), t.cfg.configByte)
	data = append(data, t.cfg.currency...)
	data = AppendField(data, BMPServiceByte, 0x01)
	container := []byte{}
	if t.cfg.Printing == PrintBlocks {
		if width, ok := PutBCD(int64(t.cfg.LineWidth), 1); ok && t.cfg.LineWidth > 0 {
			container = AppendTLV(container, TagPrinterWidth, width...)
		}
		container = AppendTLV(container, TagCommands, AppendTLV(nil, TagCommand, 0x06, 0xD3)...)
	}
	if len(t.cfg.charsets) > 0 {
		var offer []byte
		for _, c := range t.cfg.charsets {
			offer = AppendTLV(offer, TagCharset, byte(c))
		}
		container = AppendTLV(container, TagCharsets, offer...)
	}
	if t.cfg.MessageNumbers {
		container = appendNumber(container, 0)
	}
	return command{Registration, data, container}
}
