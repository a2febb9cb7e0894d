// Package caisseaptest is the far end of Caisse-AP over IP: a card terminal that takes one request on each connection, goes on with its
// patron when the register has gone, and keeps books of what it charged. It shares the codec with the driver and nothing else.
package caisseaptest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"

	"selfpay/drivers/caisseap"
	"selfpay/drivers/cardholder"
)

// Terminal is one simulated terminal. Its patron and books are those of Cardholder.
type Terminal struct {
	Cardholder *cardholder.Cardholder

	mu      sync.Mutex
	open    map[io.Closer]bool
	cut     bool
	closed  bool
	serving sync.WaitGroup
}

// New makes a terminal with its patron.
func New(c *cardholder.Cardholder) *Terminal {
	return &Terminal{Cardholder: c, open: map[io.Closer]bool{}}
}

// Serve answers connections until l is closed.
func (t *Terminal) Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		t.begin(conn)
	}
}

// Dial is a connection without a network.
func (t *Terminal) Dial(context.Context) (io.ReadWriteCloser, error) {
	near, far := net.Pipe()
	if !t.begin(far) {
		return nil, errors.New("caisseaptest: nobody answers")
	}
	return near, nil
}

// Cut takes the network away until Restore. A purchase under way goes on alone.
func (t *Terminal) Cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = true
	t.drop()
}

// Restore gives the network back.
func (t *Terminal) Restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = false
}

func (t *Terminal) drop() {
	for c := range t.open {
		c.Close()
	}
}

// Close ends the terminal, when the purchase that is under way has ended.
func (t *Terminal) Close() error {
	t.mu.Lock()
	t.closed = true
	t.drop()
	t.mu.Unlock()
	t.serving.Wait()
	return nil
}

func (t *Terminal) begin(conn io.ReadWriteCloser) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.cut {
		conn.Close()
		return false
	}
	t.open[conn] = true
	t.serving.Go(func() {
		t.serve(conn)
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, conn)
		conn.Close()
	})
	return true
}

// serve takes one request, and waits for the register to go.
func (t *Terminal) serve(conn io.ReadWriteCloser) {
	request, err := receive(conn)
	if err != nil {
		return
	}
	answer, said := t.answer(request)
	if !said {
		io.Copy(io.Discard, conn)
		return
	}
	b, err := answer.Bytes()
	if err != nil {
		panic(err) // it is made of the request's fields and ours
	}
	if _, err := conn.Write(b); err == nil {
		io.Copy(io.Discard, conn)
	}
}

// receive reads until a request is whole: it ends with a field, and has an amount.
func receive(conn io.Reader) (caisseap.Message, error) {
	var got []byte
	b := make([]byte, 1024)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return nil, err
		}
		got = append(got, b[:n]...)
		request, err := caisseap.Parse(got)
		if errors.Is(err, caisseap.ErrMalformed) {
			return nil, err
		}
		if _, whole := request.Value("CB"); whole {
			return request, nil
		}
	}
}

// answer does what a request asks for. Not said: the terminal has lost its voice.
func (t *Terminal) answer(request caisseap.Message) (answer caisseap.Message, said bool) {
	version := caisseap.Field{Tag: "CZ", Value: "0300"}
	refused := func(reason string) (caisseap.Message, bool) {
		return caisseap.Message{version, {Tag: "AE", Value: "01"}, {Tag: "AF", Value: reason}}, true
	}
	amount, _ := request.Value("CB")
	minor, err := strconv.ParseInt(amount, 10, 64)
	if action, _ := request.Value("CD"); err != nil || minor <= 0 || action != "0" {
		return refused("09")
	}
	if currency, _ := request.Value("CE"); currency != "978" {
		return refused("13")
	}
	reference, _ := request.Value("CH")
	switch end, charge := t.Cardholder.Pay(minor, reference, nil); end {
	case cardholder.Charged:
		register, _ := request.Value("CA")
		return caisseap.Message{version, {Tag: "CA", Value: register}, {Tag: "CB", Value: fmt.Sprintf("%08d", minor)}, {Tag: "CD", Value: "0"}, {Tag: "CE", Value: "978"},
			{Tag: "CC", Value: "00B"}, {Tag: "CI", Value: "1"}, {Tag: "AA", Value: "497010******0014"}, {Tag: "AC", Value: fmt.Sprintf("%06d", 730000+charge.Number)},
			{Tag: "CG", Value: fmt.Sprintf("%06d", charge.Number)}, {Tag: "AE", Value: "10"}}, true
	case cardholder.Declined:
		return refused("04")
	case cardholder.Cancelled:
		return refused("06")
	case cardholder.Occupied:
		return refused("05")
	}
	return nil, false
}
