package ledring_test

import (
	"errors"
	"slices"
	"testing"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"

	"selfpay/device"
	"selfpay/device/ring"
	"selfpay/drivers/ledring"
)

// port is a port that keeps what was sent, and fails when a test wants it to.
type port struct {
	spitest.Record
	limit  physic.Frequency
	calls  int
	fails  int // this call and those behind it; 0: none
	closed bool
}

var errBroken = errors.New("broken")

func (p *port) call() error {
	if p.calls++; p.fails > 0 && p.calls >= p.fails {
		return errBroken
	}
	return nil
}

func (p *port) LimitSpeed(f physic.Frequency) error { p.limit = f; return p.call() }

func (p *port) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	if err := p.call(); err != nil {
		return nil, err
	}
	c, err := p.Record.Connect(f, mode, bits)
	return &wire{c, p}, err
}

func (p *port) Close() error { p.closed = true; return nil }

type wire struct {
	spi.Conn
	port *port
}

func (w *wire) Tx(out, in []byte) error {
	if err := w.port.call(); err != nil {
		return err
	}
	return w.Conn.Tx(slices.Clone(out), in)
}

// sent is the last frame: a zero word, a word for each light with a head of 0xff, and ones at the end.
func (p *port) sent(t *testing.T) []byte {
	t.Helper()
	if len(p.Ops) == 0 {
		t.Fatal("nothing was sent")
	}
	return p.Ops[len(p.Ops)-1].W
}

func TestTheWholeRingHasOneColour(t *testing.T) {
	p := &port{}
	r := ledring.New(func() (spi.PortCloser, error) { return p, nil }, 3, 255)
	if err := r.Show(ring.Colour{R: 255, G: 110, B: 0}); err != nil {
		t.Fatal(err)
	}
	light := []byte{0xff, 0x00, 0x6e, 0xff} // head, blue, green, red
	if got := p.sent(t); !slices.Equal(got[:4], make([]byte, 4)) || !slices.Equal(got[4:16], slices.Repeat(light, 3)) || got[16] != 0xff {
		t.Errorf("sent % x", got)
	}
	if p.limit != 4*physic.MegaHertz {
		t.Errorf("speed %s", p.limit)
	}
	if err := r.Show(ring.Colour{}); err != nil || !slices.Equal(p.sent(t)[4:8], []byte{0xff, 0, 0, 0}) {
		t.Errorf("dark: % x, %v", p.sent(t), err)
	}
	if err := r.Show(ring.Colour{R: 9}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil || !p.closed || p.sent(t)[5]|p.sent(t)[6]|p.sent(t)[7] != 0 {
		t.Errorf("at rest: % x, closed %v, %v", p.sent(t), p.closed, err)
	}
}

func TestTheIntensityBoundsTheLight(t *testing.T) {
	brightest := func(intensity uint8) byte {
		p := &port{}
		r := ledring.New(func() (spi.PortCloser, error) { return p, nil }, 1, intensity)
		if err := r.Show(ring.Colour{R: 255, G: 255, B: 255}); err != nil {
			t.Fatal(err)
		}
		return p.sent(t)[5]
	}
	if full, half, none := brightest(255), brightest(128), brightest(0); full != 255 || half >= full || half == 0 || none != 0 {
		t.Errorf("full %d, half %d, none %d", full, half, none)
	}
}

func TestWhatFailsIsOpenedAnew(t *testing.T) {
	for n := 1; n <= 3; n++ { // speed, connect, colour
		var ports []*port
		r := ledring.New(func() (spi.PortCloser, error) {
			p := &port{}
			if len(ports) == 0 {
				p.fails = n
			}
			ports = append(ports, p)
			return p, nil
		}, 3, 255)
		if err := r.Show(ring.Colour{R: 1}); device.Class(err) != device.ErrAttention || !errors.Is(err, errBroken) {
			t.Errorf("call %d fails: Show = %v", n, err)
		}
		if err := r.Show(ring.Colour{R: 1}); err != nil || len(ports) != 2 || !ports[0].closed {
			t.Errorf("after call %d failed: %v, %d ports", n, err, len(ports))
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	p := &port{fails: 4} // at rest
	r := ledring.New(func() (spi.PortCloser, error) { return p, nil }, 3, 255)
	if err := r.Show(ring.Colour{R: 1}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); device.Class(err) != device.ErrAttention || !p.closed {
		t.Errorf("Close = %v, closed %v", err, p.closed)
	}
	none := ledring.New(func() (spi.PortCloser, error) { return nil, errBroken }, 3, 255)
	if err := none.Show(ring.Colour{}); device.Class(err) != device.ErrAttention {
		t.Errorf("without a port: %v", err)
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}
