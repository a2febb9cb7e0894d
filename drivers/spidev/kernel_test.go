//go:build vm

package spidev

import (
	"bytes"
	"testing"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"selfpay/device"
	"selfpay/systemd/vm/pretend"
)

func TestAPortThatLoopsBack(t *testing.T) {
	pretend.Only(t)
	p, err := Open(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	chip, err := p.Connect(physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 100, longest} {
		sent, got := bytes.Repeat([]byte{0xa5}, n), make([]byte, n)
		sent[0] = byte(n)
		if err := chip.Tx(sent, got); err != nil || !bytes.Equal(sent, got) {
			t.Errorf("%d bytes: %v, equal %v", n, err, bytes.Equal(sent, got))
		}
	}
	one, two := make([]byte, 3), make([]byte, 2)
	if err := chip.TxPackets([]spi.Packet{{W: []byte{1, 2, 3}, R: one, KeepCS: true}, {W: []byte{4, 5}, R: two}}); err != nil ||
		!bytes.Equal(one, []byte{1, 2, 3}) || !bytes.Equal(two, []byte{4, 5}) {
		t.Errorf("packets: % x % x, %v", one, two, err)
	}
	if _, err := pretend.SPISent(); err != nil {
		t.Fatal(err)
	}
	if err := chip.Tx([]byte{1, 2, 3}, nil); err != nil {
		t.Error(err)
	}
	if sent, err := pretend.SPISent(); err != nil || !bytes.Equal(sent, []byte{1, 2, 3}) {
		t.Errorf("on the wire: % x, %v", sent, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := chip.Tx([]byte{1}, nil); device.Class(err) != device.ErrAttention {
		t.Errorf("closed = %v", err)
	}
}
