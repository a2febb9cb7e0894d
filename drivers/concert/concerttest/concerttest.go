// Package concerttest is the far end of a Concert E+ line: a card terminal that takes turns with the register, goes on with its patron when
// the register has gone, and keeps books of what it charged. It shares the codec with the driver and nothing else of it.
package concerttest

import (
	"errors"
	"sync"
	"time"

	"selfpay/drivers/cardholder"
	"selfpay/drivers/concert"
	"selfpay/drivers/farend"
	"selfpay/drivers/wire"
)

const (
	patience = 3 * time.Second // for a sign of the register
	tries    = 3               // of an ENQ or a frame
	long     = 24 * time.Hour
)

// Terminal is one simulated terminal. Its patron and books are those of Cardholder.
type Terminal struct {
	*farend.Cable
	Cardholder *cardholder.Cardholder

	mu     sync.Mutex
	paying bool
}

// New makes a terminal with its patron.
func New(c *cardholder.Cardholder) *Terminal {
	t := &Terminal{Cardholder: c}
	t.Cable = farend.New(func(l *farend.Link) {
		for e := (end{t, l}); e.turn() == nil; {
		}
	})
	return t
}

// end is the terminal at one link.
type end struct {
	*Terminal
	*farend.Link
}

// turn takes one request of the register and answers it. An error: the line has ended.
func (e end) turn() error {
	b, err := e.Next(time.Now().Add(long), e.Gone())
	if err != nil || b != concert.ENQ {
		return lost(err)
	}
	if e.busy() {
		return e.Write(concert.NAK)
	}
	if err := e.Write(concert.ACK); err != nil {
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
func (e end) request() (*concert.Request, error) {
	var request *concert.Request
	for {
		b, err := e.Next(time.Now().Add(patience), nil)
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
		if err := e.Write(sign); err != nil {
			return nil, err
		}
	}
}

// frame reads what follows STX; nil: it is damaged.
func (e end) frame() ([]byte, error) {
	frame := []byte{concert.STX}
	for {
		b, err := e.Next(time.Now().Add(patience), nil)
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
func (e end) answer(r concert.Request) error {
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
	return e.Write(concert.EOT)
}

// pay is the purchase, during which the register is told that the terminal is busy. It ends though the line ends.
func (e end) pay(r concert.Request) (how cardholder.End, err error) {
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
		b, failed := e.Next(time.Now().Add(long), paid)
		switch {
		case errors.Is(failed, wire.ErrWoken):
			return how, err
		case failed != nil:
			<-paid
			return how, failed
		case b == concert.ENQ:
			err = e.Write(concert.NAK)
		}
	}
}

// until sends bytes until the register answers with a sign.
func (e end) until(sign byte, b ...byte) error {
	for range tries {
		if err := e.Write(b...); err != nil {
			return err
		}
		for end := time.Now().Add(patience); ; {
			got, err := e.Next(end, nil)
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
