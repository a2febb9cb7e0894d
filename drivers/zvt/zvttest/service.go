package zvttest

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"selfpay/drivers/zvt"
)

// Wants has the terminal say a status to every enquiry until the command that clears it: 51 an initialisation, C2 a diagnosis, 62 its clock,
// F0 an end of day.
func (t *Terminal) Wants(status byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status = status
}

// clears is which command ends which status.
var clears = map[zvt.Control]byte{zvt.Initialisation: 0x51, zvt.Diagnosis: 0xC2, zvt.SetTerminalClock: 0x62, zvt.EndOfDay: 0xF0}

// serve answers the commands of service, which end with a completion and say nothing else.
func (t *Terminal) serve(c *conn, control zvt.Control) {
	c.answer(zvt.Ack)
	t.mu.Lock()
	if t.status != 0 && t.status == clears[control] {
		t.status = 0
	}
	t.mu.Unlock()
	c.command(intermediate(0xC9), t.cfg.AnswerWait)
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

// tell prints lines of administration and ends.
func (t *Terminal) tell(c *conn, lines ...string) {
	c.answer(zvt.Ack)
	for _, line := range lines {
		c.command(zvt.APDU{Control: zvt.PrintLine, Data: append([]byte{0}, line...)}, t.cfg.AnswerWait)
	}
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

// restart forgets the registration, and the link with it.
func (t *Terminal) restart(c *conn) {
	c.answer(zvt.Ack)
	t.mu.Lock()
	t.config, t.blocks, t.numbers = 0, false, false
	t.mu.Unlock()
	if !c.serial {
		c.close()
	}
}

// day is what was charged since the last end of day.
func (t *Terminal) day() (count int, total int64) {
	for _, capture := range t.books.Captures {
		if capture.trace != 0 {
			count++
			total += capture.AmountMinor
		}
	}
	return count, total
}

// totals is BMP 60 of the day; all was paid with the girocard.
func totals(first, last, count int, total int64) []byte {
	b := append(number(int64(first), 2), number(int64(last), 2)...)
	b = append(append(b, byte(min(count, 255))), number(total, 6)...)
	return append(b, make([]byte, 6*7)...)
}

func (t *Terminal) sendTotals(c *conn) {
	c.answer(zvt.Ack)
	t.mu.Lock()
	count, total := t.day()
	data := zvt.AppendField(nil, zvt.BMPResultCode, 0)
	data = zvt.AppendField(data, zvt.BMPAmount, number(total, 6)...)
	data = zvt.AppendField(data, zvt.BMPTotals, totals(t.first, t.receipt, count, total)...)
	t.mu.Unlock()
	c.command(zvt.APDU{Control: zvt.StatusInformation, Data: data}, t.cfg.AnswerWait)
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

// reserve keeps an amount back: nothing is charged until it is booked.
func (t *Terminal) reserve(c *conn, m zvt.Message) {
	amount, ok := m.Fields.Number(zvt.BMPAmount)
	if !ok || amount <= 0 {
		c.answer(0x8466)
		return
	}
	c.answer(zvt.Ack)
	if c.listen(t.cfg.CardWait, true) {
		t.refuse(c, 0x6C, nil)
		return
	}
	t.mu.Lock()
	t.count()
	t.last = &record{amount: amount, receipt: t.receipt, trace: t.trace, at: time.Now()}
	last := *t.last
	t.reserved = append(t.reserved, Capture{Reference: referenceOf(m), AmountMinor: amount, Receipt: t.receipt, trace: t.trace})
	t.mu.Unlock()
	if answer, ok := c.ask(t.statusInformation(last), t.cfg.AnswerWait); !ok || !answer.Control.Positive() {
		t.mu.Lock()
		t.reserved = slices.DeleteFunc(t.reserved, func(r Capture) bool { return r.Receipt == last.receipt })
		t.mu.Unlock()
		t.refuse(c, 0x6C, nil)
		return
	}
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

// openReservations is the answer to 06 23 with the wildcard.
func (t *Terminal) openReservations(c *conn) {
	c.answer(zvt.Ack)
	t.mu.Lock()
	var list []byte
	newest := []byte{0xFF, 0xFF}
	for _, r := range t.reserved {
		newest = number(int64(r.Receipt), 2)
		list = zvt.AppendTLV(list, zvt.TagReceipt, newest...)
	}
	t.mu.Unlock()
	data := zvt.AppendField([]byte{0xB8}, zvt.BMPReceipt, newest...)
	if list != nil {
		data = zvt.AppendField(data, zvt.BMPContainer, zvt.AppendTLV(nil, zvt.TagReservations, list...)...)
	}
	c.command(zvt.APDU{Control: zvt.Abort, Data: data}, t.cfg.AnswerWait)
}

// settleReservation books, shortens or gives back a reservation.
func (t *Terminal) settleReservation(c *conn, m zvt.Message) {
	receipt, err := strconv.Atoi(m.Fields.Receipt())
	if m.Control == zvt.PartialReversal && m.Fields.Receipt() == zvt.ReceiptWildcard {
		t.openReservations(c)
		return
	}
	amount, named := m.Fields.Number(zvt.BMPAmount)
	c.answer(zvt.Ack)
	t.mu.Lock()
	at := slices.IndexFunc(t.reserved, func(r Capture) bool { return r.Receipt == receipt })
	if err != nil || at < 0 || named && amount > t.reserved[at].AmountMinor {
		t.mu.Unlock()
		c.command(zvt.APDU{Control: zvt.Abort, Data: []byte{0xB7}}, t.cfg.AnswerWait)
		return
	}
	r := t.reserved[at]
	t.count()
	switch m.Control {
	case zvt.BookTotal:
		t.books.Captures = append(t.books.Captures, Capture{Reference: r.Reference, AmountMinor: amount, Receipt: t.receipt, trace: t.trace})
	case zvt.PartialReversal:
		t.reserved[at].AmountMinor -= amount
	}
	if m.Control != zvt.PartialReversal {
		t.reserved = slices.Delete(t.reserved, at, at+1)
	}
	t.last = &record{amount: amount, receipt: t.receipt, trace: t.trace, originalTrace: r.trace, at: time.Now()}
	last := *t.last
	t.mu.Unlock()
	c.command(t.statusInformation(last), t.cfg.AnswerWait)
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

// Unasked has the terminal tell of an approval before it answers the next command, as after a purchase that was typed at its keys.
func (t *Terminal) Unasked(amountMinor int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unasked = append(t.unasked, amountMinor)
}

// UnaskedAnswers are what the kiosk answered to them, "84 66"; empty where it did not.
func (t *Terminal) UnaskedAnswers() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.answered)
}

func (t *Terminal) tellUnasked(c *conn) {
	t.mu.Lock()
	amounts := t.unasked
	t.unasked = nil
	t.mu.Unlock()
	for _, minor := range amounts {
		answer, ok := c.ask(t.statusInformation(t.approve(minor, "")), t.cfg.AnswerWait)
		said := ""
		switch {
		case !ok:
			t.unacknowledged()
		default:
			if said = answer.Control.String(); !answer.Control.Positive() {
				t.takeBack(Reverse)
			}
		}
		t.mu.Lock()
		t.answered = append(t.answered, said)
		t.mu.Unlock()
	}
}

// numbered puts a message number into a message. The container stands behind everything else.
func numbered(a zvt.APDU, n int) zvt.APDU {
	container, there := zvt.ReadMessage(a).Fields.Get(zvt.BMPContainer)
	head := a.Data
	if there {
		head = head[:len(head)-len(zvt.AppendField(nil, zvt.BMPContainer, container...))]
	}
	container = zvt.AppendTLV(slices.Clone(container), zvt.TagMessageNumber, number(int64(n), 3)...)
	return zvt.APDU{Control: a.Control, Data: zvt.AppendField(slices.Clone(head), zvt.BMPContainer, container...)}
}

// numberOf is the message number; 0: none.
func numberOf(a zvt.APDU) int {
	o, there := zvt.FindTLV(zvt.ReadMessage(a).TLV, zvt.TagMessageNumber)
	n, err := zvt.BCD(o.Value)
	if !there || err != nil {
		return 0
	}
	return int(n)
}

// display shows a text to who watches the simulation.
func (t *Terminal) display(format string, args ...any) {
	if t.cfg.Display != nil {
		t.cfg.Display(fmt.Sprintf(format, args...))
	}
}
