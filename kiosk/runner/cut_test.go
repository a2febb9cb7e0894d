package runner_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"selfpay/device"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/sip/acs"
)

// cable counts the bytes that pass, and is cut once when so many have passed in one direction. A new connection is whole.
type cable struct {
	mu   sync.Mutex
	sent int // bytes that left the kiosk since it was armed
	got  int // bytes that reached it
	cut  *cut
}

// cut is the place of a cut.
type cut struct {
	sending bool // else receiving
	after   int  // bytes
}

// arm lets the counting begin.
func (c *cable) arm(where *cut) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent, c.got, c.cut = 0, 0, where
}

// pass says how many of n bytes may pass, and whether the cable is then cut.
func (c *cable) pass(sending bool, n int) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := &c.got
	if sending {
		count = &c.sent
	}
	if c.cut != nil && c.cut.sending == sending && *count+n > c.cut.after {
		n = c.cut.after - *count
		*count += n
		c.cut = nil
		return n, true
	}
	*count += n
	return n, false
}

// done says whether the cut has happened.
func (c *cable) done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut == nil
}

var errCut = errors.New("the cable was cut")

// plug is one connection over the cable.
type plug struct {
	io.ReadWriteCloser
	cable *cable
}

func (p plug) Write(b []byte) (int, error) {
	n, cut := p.cable.pass(true, len(b))
	n, err := p.ReadWriteCloser.Write(b[:n])
	if cut {
		p.Close()
		return n, errCut
	}
	return n, err
}

func (p plug) Read(b []byte) (int, error) {
	n, err := p.ReadWriteCloser.Read(b)
	passed, cut := p.cable.pass(false, n)
	if cut {
		p.Close()
		return passed, errCut
	}
	return n, err
}

// netPlug is a plug with the rest of a net.Conn.
type netPlug struct {
	net.Conn
	plug plug
}

func (p netPlug) Write(b []byte) (int, error) { return p.plug.Write(b) }
func (p netPlug) Read(b []byte) (int, error)  { return p.plug.Read(b) }

// cables are the two lines of a station.
type cables struct{ terminal, library cable }

// link is one of the cables.
type link struct {
	name string
	of   func(*cables) *cable
}

var links = []link{
	{"terminal", func(c *cables) *cable { return &c.terminal }},
	{"library", func(c *cables) *cable { return &c.library }},
}

// TestBooksAgreeWhereverALinkIsCut cuts each link after each byte in each direction, once in a payment with the real
// drivers, and compares all books.
func TestBooksAgreeWhereverALinkIsCut(t *testing.T) {
	stride := 1
	if testing.Short() {
		stride = 17
	}
	runs := 0
	for _, l := range links {
		for _, sending := range []bool{true, false} {
			dialects := dialects[:1]
			if l.name == "terminal" {
				dialects = []zvttest.Dialect{zvttest.Keep, zvttest.Reverse, zvttest.Undo}
			}
			for _, dialect := range dialects {
				for after := 0; cutOnce(t, nil, l, dialect, cut{sending, after}); after += stride {
					runs++
					if t.Failed() {
						t.Fatalf("%s, %s, sending %v, cut after %d bytes", l.name, dialect, sending, after)
					}
				}
			}
		}
	}
	t.Logf("%d places of a cut", runs)
	if runs < 100 {
		t.Error("the cables carried hardly anything")
	}
}

// TestBooksAgreeWhereverTheLineToALibraryIsCut does the same for the line of each route.
func TestBooksAgreeWhereverTheLineToALibraryIsCut(t *testing.T) {
	stride := 13 // HTTP has many bytes that say nothing; over some runs each place has its turn
	if testing.Short() {
		stride = 97
	}
	for _, r := range routes {
		t.Run(r.name, func(t *testing.T) {
			runs := 0
			for _, sending := range []bool{true, false} {
				for after := rand.IntN(stride); cutOnce(t, &r, links[1], zvttest.Keep, cut{sending, after}); after += stride {
					runs++
					if t.Failed() {
						t.Fatalf("sending %v, cut after %d bytes", sending, after)
					}
				}
			}
			t.Logf("%d places of a cut", runs)
			if runs*stride < 250 {
				t.Error("the line carried hardly anything")
			}
		})
	}
}

// cutOnce plays one payment with one cut, over a route (nil: SIP2 to Koha), and says whether the cut came about.
func cutOnce(t *testing.T, r *route, l link, dialect zvttest.Dialect, where cut) (came bool) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, acs.Koha)
		defer w.close()
		if r != nil {
			w.far, w.next, w.connect = r.begin(w)
		}
		w.terminal.Unacknowledged(dialect)
		w.cables = &cables{}
		p := w.start(crash{})
		cable := l.of(w.cables)
		if !p.payAfter(func() { cable.arm(&where) }) {
			t.Error("the payment did not begin")
		}
		p.settle()
		came = cable.done()
		w.checkBooks(p.ledger)
		if t.Failed() {
			w.tell(p.ledger)
		}
		p.end()
	})
	return came
}

// plugIn puts the cables between program and devices.
func (w *world) plugIn(library func(context.Context) (net.Conn, error), terminal device.Dial) (func(context.Context) (net.Conn, error), device.Dial) {
	if w.cables == nil {
		return library, terminal
	}
	return func(ctx context.Context) (net.Conn, error) {
			conn, err := library(ctx)
			if err != nil {
				return nil, err
			}
			return netPlug{conn, plug{conn, &w.cables.library}}, nil
		}, func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := terminal(ctx)
			if err != nil {
				return nil, err
			}
			return plug{conn, &w.cables.terminal}, nil
		}
}
