// Package concerttest is the far end of a Concert E+ line: a card terminal that takes turns with the register, goes on with its patron when
// the register has gone, and keeps books of what it charged. It shares the codec with the driver and nothing else of it.
package concerttest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"selfpay/drivers/cardholder"
	"selfpay/drivers/concert"
	"selfpay/drivers/wire"
)

const (
	patience = 3 * time.Second // for a sign of the register
	tries    = 3               // of an ENQ or a frame
	long     = 24 * time.Hour
)

// Terminal is one simulated terminal. Its patron and books are those of Cardholder.
type Terminal struct {
	Cardholder *cardholder.Cardholder

	mu      sync.Mutex
	open    map[io.Closer]bool // true: a serial line
	cut     bool
	closed  bool
	paying  bool
	gone    chan struct{} // is closed with the terminal: closing a pty does not wake who reads it
	serving sync.WaitGroup
}

// New makes a terminal with its patron.
func New(c *cardholder.Cardholder) *Terminal {
	return &Terminal{Cardholder: c, open: map[io.Closer]bool{}, gone: make(chan struct{})}
}

// Serve speaks over connections, as a line behind a serial device server does, until l is closed.
func (t *Terminal) Serve(l net.Listener) error {
	for {
		line, err := l.Accept()
		if err != nil {
			return err
		}
		if t.begin(line) {
			go t.serve(line)
		}
	}
}

// Cut takes the line away until Restore: connections close, on a serial line nothing is heard and said. A purchase under way goes on alone.
func (t *Terminal) Cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = true
	for c, serial := range t.open {
		if !serial {
			c.Close()
		}
	}
}

// Restore gives the line back.
func (t *Terminal) Restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = false
}

func (t *Terminal) isCut() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cut
}

// ServeSerial speaks over a line until it ends or the terminal is closed.
func (t *Terminal) ServeSerial(line io.ReadWriteCloser) error {
	if !t.beginLine(line, true) {
		return net.ErrClosed
	}
	t.serve(line)
	return nil
}

// Dial is a line without a cable.
func (t *Terminal) Dial(context.Context) (io.ReadWriteCloser, error) {
	near, far := net.Pipe()
	if !t.begin(far) {
		return nil, errors.New("concerttest: nobody answers")
	}
	go t.serve(far)
	return near, nil
}

// Close ends the terminal, when the purchase that is under way has ended.
func (t *Terminal) Close() error {
	t.mu.Lock()
	if !t.closed {
		close(t.gone)
	}
	t.closed = true
	for c := range t.open {
		c.Close()
	}
	t.mu.Unlock()
	t.serving.Wait()
	return nil
}

func (t *Terminal) begin(line io.Closer) bool { return t.beginLine(line, false) }

func (t *Terminal) beginLine(line io.Closer, serial bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.cut && !serial {
		line.Close()
		return false
	}
	t.open[line] = serial
	t.serving.Add(1)
	return true
}

func (t *Terminal) serve(line io.ReadWriteCloser) {
	defer t.serving.Done()
	e := &end{Terminal: t, wire: wire.New(line)}
	for e.turn() == nil {
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, line)
	e.wire.Close()
}

// end is the terminal at one line.
type end struct {
	*Terminal
	wire *wire.Wire
	rest []byte
}

func (e *end) next(until time.Time, wake <-chan struct{}) (byte, error) {
	if len(e.rest) == 0 {
		b, err := e.wire.Next(until, wake)
		if err != nil {
			return 0, err
		}
		if e.isCut() {
			return e.next(until, wake)
		}
		e.rest = b
	}
	b := e.rest[0]
	e.rest = e.rest[1:]
	return b, nil
}

func (e *end) write(b ...byte) error {
	if e.isCut() {
		return nil
	}
	return e.wire.Write(b, patience)
}

// turn takes one request of the register and answers it. An error: the line has ended.
func (e *end) turn() error {
	b, err := e.next(time.Now().Add(long), e.gone)
	if err != nil || b != concert.ENQ {
		return lost(err)
	}
	if e.busy() {
		return e.write(concert.NAK)
	}
	if err := e.write(concert.ACK); err != nil {
		return err
	}
	request, err := e.request()
	if err != nil || request == nil {
		return lost(err)
	}
	return e.answer(*request)
}

// lost is nil where the register has only not said what it should.
func lost(err error) error {
	if errors.Is(err, wire.ErrSilent) {
		return nil
	}
	return err
}

// request reads frames until one is right and the register ends its turn. nil: it ended the turn without one.
func (e *end) request() (*concert.Request, error) {
	var request *concert.Request
	for {
		b, err := e.next(time.Now().Add(patience), nil)
		switch {
		case err != nil:
			return nil, err
		case b == concert.EOT:
			return request, nil
		case b != concert.STX:
			continue
		}
		message, err := e.frame()
		if err != nil {
			return nil, err
		}
		sign := concert.NAK
		if r, err := concert.ParseRequest(message); err == nil {
			request, sign = &r, concert.ACK
		}
		if err := e.write(sign); err != nil {
			return nil, err
		}
	}
}

// frame reads what follows STX; nil: it is damaged.
func (e *end) frame() ([]byte, error) {
	frame := []byte{concert.STX}
	for {
		b, err := e.next(time.Now().Add(patience), nil)
		if err != nil {
			return nil, err
		}
		frame = append(frame, b)
		if n := len(frame); n > 2 && frame[n-2] == concert.ETX {
			message, err := concert.ParseFrame(frame)
			if err != nil {
				return nil, nil
			}
			return message, nil
		}
	}
}

// answer lets the patron pay, and tells the register how it ended.
func (e *end) answer(r concert.Request) error {
	a := concert.Answer{Register: r.Register, Status: '7', Minor: r.Minor, Mode: r.Mode, Currency: r.Currency, Private: r.Private}
	how, err := e.pay(r)
	switch how {
	case cardholder.Charged:
		a.Status = '0'
	case cardholder.Nothing, cardholder.Unsaid:
		return err
	}
	if err != nil {
		return err
	}
	if err := e.until(concert.ACK, concert.ENQ); err != nil {
		return lost(err)
	}
	if err := e.until(concert.ACK, concert.Frame(a.Bytes())...); err != nil {
		return lost(err)
	}
	return e.write(concert.EOT)
}

// pay is the purchase, during which the register is told that the terminal is busy. It ends though the line ends.
func (e *end) pay(r concert.Request) (how cardholder.End, err error) {
	if r.Kind != '0' || r.Currency != "978" || r.Minor == 0 {
		return cardholder.Declined, nil
	}
	e.occupy(true)
	defer e.occupy(false)
	paid := make(chan struct{})
	go func() {
		how, _ = e.Cardholder.Pay(r.Minor, r.Private, nil)
		close(paid)
	}()
	for {
		b, failed := e.next(time.Now().Add(long), paid)
		switch {
		case errors.Is(failed, wire.ErrWoken):
			return how, err
		case failed != nil:
			<-paid
			return how, failed
		case b == concert.ENQ:
			err = e.write(concert.NAK)
		}
	}
}

// until sends bytes until the register answers with a sign.
func (e *end) until(sign byte, b ...byte) error {
	for range tries {
		if err := e.write(b...); err != nil {
			return err
		}
		for end := time.Now().Add(patience); ; {
			got, err := e.next(end, nil)
			if err != nil && !errors.Is(err, wire.ErrSilent) {
				return err
			}
			if err == nil && got == sign {
				return nil
			}
			if err != nil || got == concert.NAK {
				break
			}
		}
	}
	return wire.ErrSilent
}

func (t *Terminal) busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.paying
}

func (t *Terminal) occupy(now bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paying = now
}
