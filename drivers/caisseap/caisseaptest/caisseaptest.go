// Package caisseaptest is the far end of Caisse-AP over IP: a card terminal that takes one request on each connection, goes on with its
// patron when the register has gone, and keeps books of what it charged. It shares the codec with the driver and nothing else.
package caisseaptest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"selfpay/drivers/caisseap"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/farend"
)

const patience = 24 * time.Hour // for the register

// Terminal is one simulated terminal. Its patron and books are those of Cardholder.
type Terminal struct {
	*farend.Cable
	Cardholder *cardholder.Cardholder
}

// New makes a terminal with its patron.
func New(c *cardholder.Cardholder) *Terminal {
	t := &Terminal{Cardholder: c}
	t.Cable = farend.New(t.serve)
	return t
}

// serve takes one request, and waits for the register to go. A purchase goes on though the register went.
func (t *Terminal) serve(l *farend.Link) {
	request, err := t.receive(l)
	if err != nil {
		return
	}
	if answer, said := t.answer(request); said {
		b, err := answer.Bytes()
		if err != nil {
			panic(err) // it is made of the request's fields and ours
		}
		if l.Write(b...) != nil {
			return
		}
	}
	for err == nil {
		_, err = l.Next(time.Now().Add(patience), t.Gone())
	}
}

// needed are the tags without which nothing can be asked: amount, action, currency.
var needed = []string{"CB", "CD", "CE"}

// receive reads until a request is whole: it ends with a field, and has what is needed.
func (t *Terminal) receive(l *farend.Link) (caisseap.Message, error) {
	var got []byte
	for {
		b, err := l.Next(time.Now().Add(patience), t.Gone())
		if err != nil {
			return nil, err
		}
		got = append(got, b)
		request, err := caisseap.Parse(got)
		if errors.Is(err, caisseap.ErrMalformed) {
			return nil, err
		}
		lacks := func(tag string) bool { _, there := request.Value(tag); return !there }
		if !slices.ContainsFunc(needed, lacks) {
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
