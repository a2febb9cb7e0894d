// Package escpostest is the far end of an ESC/POS cable: a receipt printer in memory, with paper, cover, cutter and
// plug in the hand of a test or of somebody who tries the kiosk out.
//
// It interprets the bytes by itself and shares no code with the driver. Like a printer it obeys real-time commands
// (DLE) when they arrive, and everything else in order and only while it has paper and its cover is closed: what
// arrives without paper waits in its buffer and comes out after the paper was changed. Two commands clear that
// buffer: DLE DC4 8 at any time, and DLE ENQ 2 when the cutter was stuck. Facts: Epson ESC/POS command reference.
package escpostest

import (
	"errors"
	"io"
	"net"
	"sync"
)

// Printer is one simulated Epson TM-T88V. Its methods may be called from any goroutine. It starts plugged in, with
// paper, cover closed.
type Printer struct {
	mu      sync.Mutex
	machine machine
	unplug  bool
	silent  bool
	cables  map[*cable]bool
	live    *cable // whom answers and automatic status go to
}

// New makes a printer that nobody is connected to.
func New() *Printer {
	p := &Printer{cables: map[*cable]bool{}}
	p.machine.reset()
	return p
}

// Serve takes connections from l, one at a time as a network printer does, until l is closed. An unplugged printer
// resets each connection at once.
func (p *Printer) Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		p.ServeConn(conn)
	}
}

// ServeConn is connected to one cable until the other end, or Unplug, closes it. It closes rw.
func (p *Printer) ServeConn(rw io.ReadWriteCloser) {
	c := &cable{rw: rw, wake: make(chan struct{}, 1)}
	p.mu.Lock()
	if p.unplug {
		p.mu.Unlock()
		c.reset()
		return
	}
	p.cables[c] = true
	p.live = c
	p.mu.Unlock()

	sent := make(chan struct{})
	go func() { c.sendAll(); close(sent) }()
	buf := make([]byte, 1024)
	for {
		n, err := rw.Read(buf)
		if n > 0 {
			p.act(func() {
				p.live = c
				p.machine.receive(buf[:n])
			})
		}
		if err != nil {
			break
		}
	}
	p.mu.Lock()
	delete(p.cables, c)
	if p.live == c {
		p.live = nil
	}
	p.mu.Unlock()
	c.close()
	<-sent
	rw.Close()
}

// act changes the printer and sends what it has to say about it.
func (p *Printer) act(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	p.machine.work()
	said := p.machine.said
	p.machine.said = nil
	if p.live != nil && !p.silent && len(said) > 0 {
		p.live.send(said)
	}
}

// Receipts returns what was printed and cut off, one text in UTF-8 per receipt, oldest first, rows without the
// blanks at their ends and without empty rows at the end.
func (p *Printer) Receipts() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.machine.receipts...)
}

// Hanging returns what is printed and not cut off yet.
func (p *Printer) Hanging() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.strip()
}

// Scraps returns what was printed on paper that ended, and left with the old roll.
func (p *Printer) Scraps() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.machine.scraps...)
}

// MostHeld is the most that stood in the receive buffer, in bytes, since the printer was made.
func (p *Printer) MostHeld() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.held
}

// Unknown counts the commands that the printer did not know.
func (p *Printer) Unknown() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.unknown
}

// PaperOut takes the paper away.
func (p *Printer) PaperOut() { p.act(func() { p.machine.paper = 0 }) }

// PaperIn puts a new roll in. What hung out of the printer goes with the old one; what waits in the buffer comes out.
func (p *Printer) PaperIn() {
	p.act(func() {
		if p.machine.paper == 0 {
			p.machine.scrap()
		}
		p.machine.paper, p.machine.near = endless, false
	})
}

// PaperEndsAfter lets the paper end when that many more rows are printed.
func (p *Printer) PaperEndsAfter(rows int) { p.act(func() { p.machine.paper = rows }) }

// NearEnd sets what the near-end sensor sees.
func (p *Printer) NearEnd(near bool) { p.act(func() { p.machine.near = near }) }

// OpenCover opens the cover.
func (p *Printer) OpenCover() { p.act(func() { p.machine.cover = true }) }

// CloseCover closes the cover.
func (p *Printer) CloseCover() { p.act(func() { p.machine.cover = false }) }

// JamCutter lets the next cut fail. The printer stops there until the paper is freed and the host recovers it.
func (p *Printer) JamCutter() { p.act(func() { p.machine.jam = true }) }

// FreeCutter takes the jammed paper away. The error stays until the host sends DLE ENQ.
func (p *Printer) FreeCutter() { p.act(func() { p.machine.jam = false }) }

// Pictures counts the raster pictures that were printed.
func (p *Printer) Pictures() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.pictures
}

// ForgetIDs makes it a printer that does not know process ids.
func (p *Printer) ForgetIDs() { p.act(func() { p.machine.noIDs = true }) }

// ForgetClear makes it a printer that cannot clear its buffer.
func (p *Printer) ForgetClear() { p.act(func() { p.machine.noClear = true }) }

// Custom makes it a printer with presenter and full status, as those of Custom.
func (p *Printer) Custom() { p.act(func() { p.machine.custom = true }) }

// Presented says whether a receipt was held out to the patron.
func (p *Printer) Presented() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.presented
}

// Silence lets the printer work and say nothing, or speak again.
func (p *Printer) Silence(silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = silent
}

// Unplug takes power and cable away: connections are cut, new ones reset, and the buffer is forgotten.
func (p *Printer) Unplug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unplug = true
	p.machine.powerOff()
	for c := range p.cables {
		c.reset()
	}
}

// Plug brings power and cable back.
func (p *Printer) Plug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unplug = false
}

// cable is one connection, with what is still to be sent on it.
type cable struct {
	rw   io.ReadWriteCloser
	wake chan struct{}

	mu     sync.Mutex
	out    []byte
	closed bool
}

func (c *cable) send(b []byte) {
	c.mu.Lock()
	c.out = append(c.out, b...)
	c.mu.Unlock()
	c.signal()
}

func (c *cable) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
}

func (c *cable) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *cable) sendAll() {
	for range c.wake {
		c.mu.Lock()
		out, closed := c.out, c.closed
		c.out = nil
		c.mu.Unlock()
		if len(out) > 0 {
			if _, err := c.rw.Write(out); err != nil {
				return
			}
		}
		if closed {
			return
		}
	}
}

// reset cuts the connection so that the other end notices at once.
func (c *cable) reset() {
	if tcp, ok := c.rw.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.rw.Close()
}
