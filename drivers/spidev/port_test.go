package spidev

import (
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"selfpay/device"
)

// kernel notes what it is asked, and loops messages back.
type kernel struct {
	mode, bits uint8
	speed      uint32
	messages   [][]transfer
	fails      error
}

func (k *kernel) call(request uintptr, data unsafe.Pointer) error {
	if k.fails != nil {
		return k.fails
	}
	switch request {
	case ioctlMode:
		k.mode = *(*uint8)(data)
	case ioctlBits:
		k.bits = *(*uint8)(data)
	case ioctlSpeed:
		k.speed = *(*uint32)(data)
	default:
		count := int(request>>16&0x3fff) / 32
		all := append([]transfer(nil), unsafe.Slice((*transfer)(data), count)...)
		k.messages = append(k.messages, all)
	}
	return nil
}

func port() (*Port, *kernel) {
	k := &kernel{}
	return &Port{name: "/dev/spidev0.0", call: k.call}, k
}

func TestTransferIsTheKernels(t *testing.T) {
	if size := unsafe.Sizeof(transfer{}); size != 32 {
		t.Errorf("struct spi_ioc_transfer has %d bytes", size)
	}
}

func TestAPortIsSetUpForItsChip(t *testing.T) {
	for name, c := range map[string]struct {
		limit, f physic.Frequency
		mode     spi.Mode
		speed    uint32
		kernel   uint8
	}{
		"as the chip":      {0, 4 * physic.MegaHertz, spi.Mode3, 4_000_000, 3},
		"slower wires":     {physic.MegaHertz, 4 * physic.MegaHertz, spi.Mode0, 1_000_000, 0},
		"a slower chip":    {4 * physic.MegaHertz, physic.MegaHertz, spi.Mode1, 1_000_000, 1},
		"no wish":          {0, 0, spi.Mode0, 0, 0},
		"no wish, limited": {physic.MegaHertz, 0, spi.Mode0, 1_000_000, 0},
		"no select":        {0, physic.MegaHertz, spi.Mode0 | spi.NoCS, 1_000_000, 0x40},
		"backwards":        {0, physic.MegaHertz, spi.Mode2 | spi.LSBFirst, 1_000_000, 0x0a},
	} {
		p, k := port()
		if c.limit > 0 {
			if err := p.LimitSpeed(c.limit); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Connect(c.f, c.mode, 8); err != nil || k.speed != c.speed || k.mode != c.kernel || k.bits != 8 {
			t.Errorf("%s: %+v, %v", name, k, err)
		}
	}
}

func TestPacketsAreOneMessage(t *testing.T) {
	p, k := port()
	chip, err := p.Connect(physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if err := chip.TxPackets([]spi.Packet{{W: []byte{1, 2}, KeepCS: true}, {R: make([]byte, 3)}, {W: make([]byte, 4), R: make([]byte, 4), KeepCS: true}}); err != nil {
		t.Fatal(err)
	}
	if err := chip.Tx(nil, nil); err != nil || len(k.messages) != 1 || len(k.messages[0]) != 3 {
		t.Fatalf("%d messages, %v", len(k.messages), err)
	}
	for i, want := range []struct {
		length   uint32
		tx, rx   bool
		csChange uint8
	}{{2, true, false, 0}, {3, false, true, 1}, {4, true, true, 1}} {
		got := k.messages[0][i]
		if got.length != want.length || (got.tx != 0) != want.tx || (got.rx != 0) != want.rx || got.csChange != want.csChange || got.bits != 8 || got.speed != 1_000_000 {
			t.Errorf("transfer %d is %+v, want %+v", i, got, want)
		}
	}
}

func TestWrongCallsNeverReachThePort(t *testing.T) {
	p, k := port()
	chip, err := p.Connect(physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	_, halfDuplex := p.Connect(physic.MegaHertz, spi.HalfDuplex, 8)
	_, nineBits := p.Connect(physic.MegaHertz, spi.Mode0, 9)
	_, tooFast := p.Connect(2*physic.GigaHertz, spi.Mode0, 8)
	for _, err := range []error{
		halfDuplex, nineBits, tooFast, p.LimitSpeed(0),
		chip.Tx(make([]byte, 2), make([]byte, 3)), chip.Tx(make([]byte, longest+1), nil),
		chip.TxPackets([]spi.Packet{{W: []byte{1}, BitsPerWord: 9}}),
		chip.TxPackets(append([]spi.Packet{{W: []byte{1}}}, make([]spi.Packet, mostPackets)...)),
	} {
		if device.Class(err) != device.ErrRefused {
			t.Errorf("%v", err)
		}
	}
	if err := chip.TxPackets(nil); err != nil {
		t.Error(err)
	}
	if len(k.messages) != 0 {
		t.Errorf("sent %+v", k.messages)
	}
}

func TestAPortThatFailsIsExplained(t *testing.T) {
	_, err := Open(47, 11)
	if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "dtparam=spi=on") {
		t.Errorf("Open = %v", err)
	}
	p, k := port()
	chip, err := p.Connect(physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	k.fails = syscall.ESHUTDOWN
	if err := chip.Tx([]byte{1}, nil); device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "/dev/spidev0.0") {
		t.Errorf("Tx = %v", err)
	}
	if _, err := p.Connect(physic.MegaHertz, spi.Mode0, 8); device.Class(err) != device.ErrAttention {
		t.Errorf("Connect = %v", err)
	}
	closed := &Port{name: "port"}
	closed.call = closed.ioctl
	if _, err := closed.Connect(physic.MegaHertz, spi.Mode0, 8); device.Class(err) != device.ErrAttention {
		t.Errorf("Connect on a closed port = %v", err)
	}
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
}
