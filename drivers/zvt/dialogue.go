package zvt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/drivers/wire"
)

// command is one command of the kiosk: its data, and the objects of the container behind it.
type command struct {
	control   Control
	data      []byte
	container []byte // nil: no container; empty: one without objects
}

func (c command) apdu() APDU {
	if c.container == nil {
		return APDU{Control: c.control, Data: c.data}
	}
	return APDU{Control: c.control, Data: AppendField(c.data[:len(c.data):len(c.data)], BMPContainer, c.container...)}
}

// dialogue is one command to the terminal with what is done about its messages.
type dialogue struct {
	command command
	// status decides on a 04 0F: its answer, or an error that ends the dialogue without an answer. nil: acknowledged.
	status func(Message) (APDU, error)
	// late decides on a 04 0F that came before the command was accepted, so belongs to an earlier one: whether to
	// acknowledge it. nil: there is no earlier one; where the command moves no money, see answerStray, else the dialogue ends without an
	// answer.
	late func(Message) bool
	// progress is told intermediate statuses. May be nil.
	progress func(terminal.Progress)
	// slip collects what is to be printed. May be nil: printed texts are acknowledged and dropped.
	slip *slip
	// stop says whether a ctx that ends leads to an abort request, after which the last word is still awaited. nil: the
	// dialogue moves no money and ends at once.
	stop func() bool

	acceptedOnly  bool // the command ends with its first answer
	abortIsAnswer bool // 06 1E is how the terminal answers the question
}

// ending is how a dialogue ended.
type ending struct {
	handed  bool    // at least one byte of the command left
	refused bool    // the first answer was 84 xx: the command was not begun
	code    byte    // xx
	data    []byte  // what came with 84 xx
	last    Message // the completion or the abort, where the error is nil and refused is false
}

var (
	errUnfinished = errors.New("the terminal still has a transaction under way")
	errOverlong   = errors.New("the command does not end")
)

var acknowledged = APDU{Control: Ack}

// run carries out one dialogue over l. An error means that the last word of the terminal is not known; the link is
// then of no more use. ending.handed says whether the command can have arrived.
func (t *Terminal) run(ctx context.Context, l *link, d dialogue) (ending, error) {
	if err := ctx.Err(); err != nil {
		return ending{}, err
	}
	request, number := t.sequence.command(d.command)
	if err := l.send(request); err != nil {
		return ending{handed: !errors.Is(err, wire.ErrNothingOut)}, err
	}
	r := &running{Terminal: t, dialogue: d, link: l, number: number, end: ending{handed: true}, wake: ctx.Done(),
		t4: t.cfg.T4, longest: time.Now().Add(t.cfg.Longest), deadline: time.Now().Add(t.cfg.T3)}
	for {
		a, err := r.next(ctx)
		if err != nil {
			return r.end, err
		}
		over := false
		if a.Control.Answer() {
			over = r.answered(a)
		} else {
			over, err = r.said(a)
		}
		if over || err != nil {
			return r.end, err
		}
	}
}

// running is a dialogue whose command was sent.
type running struct {
	*Terminal
	dialogue
	link       *link
	number     int // of the command's message; 0: messages have none
	end        ending
	accepted   bool
	stopWanted bool
	wake       <-chan struct{}
	t4         time.Duration
	longest    time.Time // of the whole dialogue
	deadline   time.Time // of the next message
}

// next waits for a message. Where ctx ends meanwhile the terminal is asked to stop, once and as soon as it has accepted the command.
func (r *running) next(ctx context.Context) (APDU, error) {
	for {
		if r.stopWanted && r.accepted {
			r.stopWanted = false
			if err := r.askToStop(); err != nil {
				return APDU{}, err
			}
		}
		if time.Now().After(r.longest) {
			return APDU{}, errOverlong
		}
		a, err := r.link.receive(r.deadline, r.wake)
		if !errors.Is(err, wire.ErrWoken) {
			return a, err
		}
		if r.stop == nil {
			return APDU{}, ctx.Err()
		}
		r.wake, r.stopWanted = nil, true
	}
}

func (r *running) askToStop() error {
	if !r.stop() {
		return nil
	}
	abort, _ := r.sequence.command(command{control: AbortRequest})
	return r.link.send(abort)
}

// answered takes an answer of the terminal. True: the dialogue is over.
func (r *running) answered(a APDU) bool {
	switch {
	case r.sequence.late(a, r.number):
		r.log.Info("terminal answers an earlier command", "answer", a.Control.String())
	case r.accepted: // the answer to an abort request; the last word is still to come
		r.log.Debug("terminal answers an abort request", "answer", a.Control.String())
	case a.Control.Positive():
		r.accepted = true
		r.restart()
		return r.acceptedOnly
	default:
		r.end.refused, r.end.code, r.end.data = true, byte(a.Control), a.Data
		return true
	}
	return false
}

// restart begins T4 anew in an accepted command; before that T3 goes on.
func (r *running) restart() {
	if r.accepted {
		r.deadline = time.Now().Add(r.t4)
	}
}

// said takes a message of the terminal and answers it. True: it was the last.
func (r *running) said(a APDU) (over bool, err error) {
	m := ReadMessage(a)
	if m.Err != nil {
		r.log.Warn("terminal message not fully understood", "control", a.Control.String(), "err", m.Err)
	}
	if again, repeated := r.sequence.repeated(m); repeated {
		r.restart()
		return false, r.link.send(again)
	}
	answer, err := r.take(m)
	if err != nil || answer == nil {
		return false, err
	}
	over = r.accepted && (m.Control == Completion || m.Control == Abort)
	if err = r.link.send(r.sequence.answer(m, *answer)); over && err != nil {
		// The terminal has said its last word; what it decided does not hang on this answer.
		r.log.Info("terminal did not take the answer to its last message", "err", err)
		r.drop()
		err = nil
	}
	return over, err
}

// take does what a message asks for, and says how to answer it; nil: not at all.
func (r *running) take(m Message) (*APDU, error) {
	answer := acknowledged
	switch m.Control {
	case StatusInformation:
		return r.takeStatus(m)
	case IntermediateStatus:
		r.takeIntermediate(m)
	case PrintLine, PrintBlock:
		if r.slip != nil && r.accepted {
			r.slip.add(m)
		}
		r.restart()
	case Completion, Abort:
		if r.accepted {
			r.end.last = m
		}
	case SetClock:
	default:
		r.log.Warn("terminal sends an unknown command", "control", m.Control.String())
		answer = APDU{Control: 0x8483}
	}
	return &answer, nil
}

// takeStatus decides on a 04 0F.
func (r *running) takeStatus(m Message) (*APDU, error) {
	answer, err := acknowledged, error(nil)
	switch {
	case !r.accepted && r.late == nil && r.stop != nil:
		err = errUnfinished
	case !r.accepted && r.late == nil:
		answer, err = r.answerStray(m)
	case !r.accepted && !r.late(m):
		return nil, nil
	case r.accepted && r.status != nil:
		answer, err = r.status(m)
	}
	r.restart()
	return &answer, err
}

func (r *running) takeIntermediate(m Message) {
	if minutes, err := BCD([]byte{m.Timeout}); m.HasTimeout && err == nil && minutes > 0 {
		r.t4 = time.Duration(minutes) * time.Minute
	}
	r.restart()
	if p := progress(m.Intermediate); r.progress != nil && r.accepted && p != "" {
		r.progress(p)
	}
}

// ask opens the link if need be, registers if need be, and carries out one dialogue. The link is dropped when the last
// word is missing.
func (t *Terminal) ask(ctx context.Context, d dialogue) (ending, error) {
	l, err := t.connect(ctx, d.late)
	if err != nil {
		return ending{}, err
	}
	end, err := t.run(ctx, l, d)
	if err != nil {
		t.drop()
	}
	t.lookForStrays(ctx)
	return end, err
}

// connect returns a link that stands, with nothing unread on it and a registered terminal. Nothing of a payment has
// been sent when it fails.
func (t *Terminal) connect(ctx context.Context, late func(Message) bool) (*link, error) {
	for range 3 {
		if t.link != nil && t.link.dead() {
			t.log.Info("terminal closed the link")
			t.drop()
		}
		if t.link == nil {
			l, err := t.dialLink(ctx)
			if err != nil {
				return nil, err
			}
			t.link = l
		}
		if err := t.clear(t.link, late); err != nil {
			t.drop()
			return nil, err
		}
		if t.registered {
			return t.link, nil
		}
		if err := t.register(ctx, t.link, late); err != nil {
			t.drop()
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: the terminal closes it at once", wire.ErrLost)
}

// clear answers what came on the line since the last dialogue.
func (t *Terminal) clear(l *link, late func(Message) bool) error {
	for len(l.queue) > 0 {
		a := l.queue[0]
		l.queue = l.queue[1:]
		if a.Control.Answer() {
			continue
		}
		t.log.Info("terminal message outside a dialogue", "control", a.Control.String())
		m := ReadMessage(a)
		answer := acknowledged
		switch {
		case a.Control == StatusInformation && late == nil:
			var err error
			if answer, err = t.answerStray(m); err != nil {
				return err
			}
		case a.Control == StatusInformation && !late(m):
			continue
		}
		if err := l.send(t.sequence.answer(m, answer)); err != nil {
			return err
		}
	}
	return nil
}

// register is 06 00: who prints, which currency, which texts may come. It checks that the terminal is the right one.
func (t *Terminal) register(ctx context.Context, l *link, late func(Message) bool) error {
	t.sequence, t.charset = sequence{}, t.cfg.charset
	end, err := t.run(ctx, l, dialogue{command: t.registration(), late: late})
	if err != nil {
		return fmt.Errorf("registration: %w", err)
	}
	if end.refused {
		code := end.code
		if code == byte(Abort&0xFF) && len(end.data) > 0 { // 84 1E: the reason stands in the data
			code = end.data[0]
		}
		return fmt.Errorf("registration: %w: %s", refusal(code), ResultText(code))
	}
	if end.last.Control == Abort {
		return fmt.Errorf("registration: %w: %s", device.ErrAttention, ResultText(end.last.ResultCode))
	}
	fields := end.last.Fields
	id := fields.Digits(BMPTerminalID)
	if id == "" {
		if o, ok := FindTLV(end.last.TLV, TagTerminalID); ok {
			id = Nibbles(o.Value)
		}
	}
	if id != "" {
		t.terminalID = id
	}
	if err := t.rightTerminal(id); err != nil {
		return err
	}
	if currency := fields.Digits(BMPCurrency); currency != "" && currency != "0"+t.cfg.Currency.Numeric() {
		return fmt.Errorf("registration: %w: the terminal works in currency %s, not in %s", device.ErrAttention, currency, t.cfg.Currency)
	}
	if o, ok := FindTLV(end.last.TLV, TagPrinterWidth); ok {
		if width, err := BCD(o.Value); err == nil && width <= 99 {
			t.width = int(width)
		}
	}
	if status, ok := fields.Byte(BMPType); ok && status&0x07 != 0 {
		t.log.Warn("terminal wants service", "initialisation", status&0x01 != 0, "diagnosis", status&0x02 != 0, "payment_data", status&0x04 != 0)
	}
	if o, ok := FindTLV(end.last.TLV, TagCharsets); ok {
		t.agreeOn(o)
	}
	_, t.sequence.on = numberOf(end.last)
	t.registered = true
	return nil
}

// agreeOn takes the character set that the terminal names among those it was offered. Its order is that of the offer.
func (t *Terminal) agreeOn(named TLV) {
	for _, offered := range t.cfg.charsets {
		for _, o := range named.Children {
			if o.Tag == TagCharset && len(o.Value) == 1 && Charset(o.Value[0]) == offered {
				t.charset = offered
				return
			}
		}
	}
}

// rightTerminal: a swapped terminal would pay into another account.
func (t *Terminal) rightTerminal(id string) error {
	if t.cfg.TerminalID != "" && id != "" && id != t.cfg.TerminalID {
		return fmt.Errorf("%w: this is terminal %s, configured is %s", device.ErrAttention, id, t.cfg.TerminalID)
	}
	return nil
}

// drop closes the link; the next call opens and registers anew.
func (t *Terminal) drop() {
	if t.link != nil {
		t.link.close()
		t.link = nil
	}
	t.registered = false
}

// release ends a call: a TCP connection does not stay open, a serial line does.
func (t *Terminal) release() {
	if t.link != nil && t.cfg.Transport == TCP {
		t.link.close()
		t.link = nil
	}
}
