// Package ecr17test is the far end of an ECR17 link: a card terminal that goes on with its patron when the register has gone, remembers its
// last result, and keeps books of what it charged. It shares the codec with the driver and nothing else of it.
package ecr17test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"selfpay/drivers/cardholder"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/farend"
	"selfpay/drivers/wire"
)

const (
	patience = 3 * time.Second // for a sign of the register
	tries    = 3               // of a message
	long     = 24 * time.Hour
	most     = 2048 // bytes of a packet
)

// TerminalID is that of every simulated terminal.
const TerminalID = "30350039"

// Terminal is one simulated terminal. Its patron and books are those of Cardholder. What is exported is set before it is spoken to.
type Terminal struct {
	*farend.Cable
	Cardholder *cardholder.Cardholder
	LRC        ecr17.LRC // how it builds check sums; empty means ecr17.LRCWhole
	Unknown    string    // codes of messages that it does not know: it answers NAK
	State      byte      // of itself; 0 means operative

	mu       sync.Mutex
	paying   bool
	receipts bool // the next receipt goes to the register
	stan     int
	last     []byte // result
	closed   int    // charges of earlier days
}

// New makes a terminal with its patron. It remembers the payment with which it was tried when it was set up.
func New(c *cardholder.Cardholder) *Terminal {
	t := &Terminal{Cardholder: c, stan: 1}
	t.last = resultOf(ecr17.Payment{Minor: 1, Extended: true}, t.stan, cardholder.Charged).Bytes()
	t.Cable = farend.New(func(l *farend.Link) {
		e := &end{Terminal: t, Link: l}
		for e.turn() == nil {
		}
	})
	return t
}

// Forget is a terminal that has paid nothing yet.
func (t *Terminal) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = nil
}

func (t *Terminal) lrc() ecr17.LRC {
	if t.LRC == "" {
		return ecr17.LRCWhole
	}
	return t.LRC
}

// end is the terminal at one link.
type end struct {
	*Terminal
	*farend.Link
	got []byte
}

// next waits for one packet whose check sum fits. nil: what came is damaged, or nothing did.
func (e *end) next(until time.Time, wake <-chan struct{}) (*ecr17.Packet, error) {
	for {
		b, err := e.Next(until, wake)
		if errors.Is(err, wire.ErrSilent) {
			e.got = nil
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		e.got = append(e.got, b)
		p, rest, err := ecr17.Split(e.got)
		whole := err == nil
		switch {
		case whole || errors.Is(err, ecr17.ErrMalformed):
			p.Text = slices.Clone(p.Text)
			e.got = slices.Clone(rest)
		case len(e.got) > most:
			e.got = nil
		}
		if fits, _ := p.LRC(); whole && p.Sign == ecr17.STX && fits != e.lrc() {
			return &ecr17.Packet{}, nil
		}
		if whole {
			return &p, nil
		}
	}
}

// turn takes one message of the register and answers it. An error: the link has ended.
func (e *end) turn() error {
	p, err := e.next(time.Now().Add(long), e.Gone())
	switch {
	case err != nil:
		return err
	case p == nil || p.Sign == ecr17.ACK || p.Sign == ecr17.NAK || p.Sign == ecr17.SOH:
		return nil
	}
	return e.take(p.Text)
}

func (e *end) take(message []byte) error {
	h, err := ecr17.ParseHeader(message)
	if err != nil || h.TerminalID != TerminalID && h.TerminalID != "00000000" || strings.IndexByte(e.Unknown, h.Code) >= 0 {
		return e.Write(ecr17.Control(ecr17.NAK)...)
	}
	switch size := len(message); {
	case h.Code == 's' && size == 10:
		return e.confirmed(e.condition())
	case h.Code == 'G' && size == 22:
		if last := e.remembered(); last != nil { // also while it is at a payment: then it is the one before
			return e.confirmed(last)
		}
	case h.Code == 'E' && size == 11:
		e.print(message[10] == '1')
		return e.Write(ecr17.Control(ecr17.ACK)...)
	case (h.Code == 'C' || h.Code == 'T') && size == 26:
		return e.confirmed(e.totals(h.Code == 'C'))
	case h.Code == 'P' || h.Code == 'X':
		if p, err := ecr17.ParsePayment(message); err == nil && p.Minor > 0 && e.occupy() {
			return e.pay(p)
		}
	}
	return e.Write(ecr17.Control(ecr17.NAK)...)
}

// confirmed acknowledges a message of the register, and answers it.
func (e *end) confirmed(answer []byte) error {
	if err := e.Write(ecr17.Control(ecr17.ACK)...); err != nil {
		return err
	}
	return e.say(answer)
}

// say sends a message until the register acknowledges it, three times at most. What the register says instead is answered NAK.
func (e *end) say(message []byte) error {
	for range tries {
		if err := e.Write(e.lrc().Frame(message)...); err != nil {
			return err
		}
		acknowledged, err := e.heard()
		if err != nil || acknowledged {
			return err
		}
	}
	return nil
}

func (e *end) heard() (acknowledged bool, err error) {
	for until := time.Now().Add(patience); ; {
		p, err := e.next(until, nil)
		switch {
		case err != nil:
			return false, err
		case p == nil || p.Sign == ecr17.NAK:
			return false, nil
		case p.Sign == ecr17.ACK:
			return true, nil
		}
		if err := e.Write(ecr17.Control(ecr17.NAK)...); err != nil {
			return false, err
		}
	}
}

// pay lets the patron pay, and tells the register how it ended. The payment ends though the link ends.
func (e *end) pay(p ecr17.Payment) error {
	receipts := e.print(false)
	var how cardholder.End
	ended := make(chan struct{})
	go func() {
		how = e.settle(p)
		close(ended)
	}()
	err := e.Write(ecr17.Control(ecr17.ACK)...)
	for err == nil {
		var q *ecr17.Packet
		q, err = e.next(time.Now().Add(long), ended)
		if err == nil && q != nil && q.Sign != ecr17.ACK {
			err = e.Write(ecr17.Control(ecr17.NAK)...) // it is at a payment
		}
	}
	<-ended
	switch {
	case !errors.Is(err, wire.ErrWoken):
		return err
	case how == cardholder.Nothing || how == cardholder.Unsaid:
		return nil
	}
	return e.tell(p, how, receipts)
}

// settle is the payment from the card to the terminal's memory.
func (t *Terminal) settle(p ecr17.Payment) cardholder.End {
	how, _ := t.Cardholder.Pay(p.Minor, p.Contract, nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paying = false
	if how == cardholder.Occupied || how == cardholder.Nothing {
		return how
	}
	t.stan++
	t.last = resultOf(p, t.stan, how).Bytes()
	return how
}

// tell says how a payment ended, and its receipt.
func (e *end) tell(p ecr17.Payment, how cardholder.End, receipts bool) error {
	result := e.remembered()
	if how == cardholder.Occupied { // this is not remembered, and has no number
		result = resultOf(p, 0, how).Bytes()
	}
	for _, text := range []string{"ATTENDERE", "RIMUOVERE LA CARTA"} {
		if err := e.Write(ecr17.Progress(text)...); err != nil {
			return err
		}
	}
	if err := e.say(result); err != nil || !receipts {
		return err
	}
	for part := range slices.Chunk([]byte(receipt(p, how)), 200) {
		if err := e.say(slices.Concat([]byte(TerminalID+"0S"), part)); err != nil {
			return err
		}
	}
	return nil
}

// resultOf is how a payment ended. Only the last digits of a card are in it.
func resultOf(p ecr17.Payment, stan int, how cardholder.End) ecr17.Result {
	r := ecr17.Result{TerminalID: TerminalID, Ended: "01", Card: '1', Acquirer: "00000000003", STAN: stan, Online: stan, Action: "000",
		HasAmount: p.Extended, Minor: p.Minor}
	switch how {
	case cardholder.Charged, cardholder.Unsaid:
		r.Ended, r.MaskedPAN, r.Reading, r.Authorisation, r.When = "00", "5938", "CLI", fmt.Sprintf("%06d", stan), "2111520"
	case cardholder.Declined:
		r.Reason, r.Action = "CARTA NON ABILITATA", "100"
	case cardholder.Cancelled:
		r.Reason, r.Action, r.Minor = "OPERAZIONE ANNULLATA", "", 0
	case cardholder.Occupied:
		r.Reason, r.Action, r.Minor = "POS OCCUPATO", "", 0
	}
	return r
}

// receipt is the text of a receipt with its signs: a high line for the amount, and the end.
func receipt(p ecr17.Payment, how cardholder.End) string {
	outcome := "TRANSAZIONE NEGATA"
	if how == cardholder.Charged {
		outcome = "TRANSAZIONE ESEGUITA"
	}
	text := "BIBLIOTECA CIVICA}VIA ROMA 1}}PagoBANCOMAT}ACQUISTO}" + fmt.Sprintf("TML %-20s", TerminalID) + "PAN ************5938}" +
		fmt.Sprintf("\x7fIMPORTO EUR %12s", fmt.Sprintf("%d,%02d", p.Minor/100, p.Minor%100)) + outcome + "}" + strings.TrimSpace(p.Contract) +
		"}}ARRIVEDERCI E GRAZIE}PER CONTESTAZIONI RIVOLGERSI}AL BANCO}"
	return text + "}}}}}}\x1b"
}

func (t *Terminal) condition() []byte {
	c := ecr17.Condition{TerminalID: TerminalID, At: time.Now().Format("0201061504"), State: '2', Release: "SYS03.4EECR01.55"}
	if t.State != 0 {
		c.State = t.State
	}
	return c.Bytes()
}

// totals are those of the day, which ends where close says so.
func (t *Terminal) totals(close bool) []byte {
	charged, _ := t.Cardholder.Books()
	t.mu.Lock()
	defer t.mu.Unlock()
	all := ecr17.Totals{TerminalID: TerminalID, Closed: close, Ended: "00"}
	for _, c := range charged {
		if c.Number > t.closed {
			all.Minor += c.Minor
			all.HostMinor += c.Minor
		}
	}
	if close && len(charged) > 0 {
		t.closed = charged[len(charged)-1].Number
	}
	return all.Bytes()
}

func (t *Terminal) remembered() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// print says where the next receipt goes, and returns where it would have gone.
func (t *Terminal) print(atRegister bool) (was bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was, t.receipts = t.receipts, atRegister
	return was
}

// occupy begins a payment; false: the terminal is at one.
func (t *Terminal) occupy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.paying
	t.paying = true
	return !was
}
