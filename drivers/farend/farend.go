// Package farend is the far end of a device's cable: links that open, are cut, come back and end, whatever is spoken on them.
package farend

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"selfpay/drivers/wire"
)

const handOver = 3 * time.Second // for bytes to leave

// ErrNobody is what who dials hears while the cable is cut or after it ended.
var ErrNobody = errors.New("farend: nobody answers")

// Cable has any number of links at the same time. Its methods may be called from any goroutine.
type Cable struct {
	speak func(*Link)

	mu      sync.Mutex
	open    map[*Link]bool
	cut     bool
	closed  bool
	gone    chan struct{} // is closed with the cable: closing a pty does not wake who reads it
	serving sync.WaitGroup
}

// New makes a cable. speak has each link to itself until it returns; then the link ends.
func New(speak func(*Link)) *Cable {
	return &Cable{speak: speak, open: map[*Link]bool{}, gone: make(chan struct{})}
}

// Serve speaks over connections until l is closed.
func (c *Cable) Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		if link := c.begin(conn, false); link != nil {
			go link.serve()
		}
	}
}

// ServeSerial speaks over a serial line until it ends or the cable is closed.
func (c *Cable) ServeSerial(line io.ReadWriteCloser) error {
	link := c.begin(line, true)
	if link == nil {
		return net.ErrClosed
	}
	link.serve()
	return nil
}

// Dial is a link without a network.
func (c *Cable) Dial(context.Context) (io.ReadWriteCloser, error) {
	near, far := net.Pipe()
	link := c.begin(far, false)
	if link == nil {
		return nil, ErrNobody
	}
	go link.serve()
	return near, nil
}

// Cut takes the links away until Restore: connections close, on a serial line nothing is heard and said.
func (c *Cable) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for l := range c.open {
		if !l.serial {
			l.close()
		}
	}
}

// Restore gives the links back.
func (c *Cable) Restore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = false
}

// Close ends all links, and waits for who speaks on them.
func (c *Cable) Close() error {
	c.mu.Lock()
	if !c.closed {
		close(c.gone)
	}
	c.closed = true
	for l := range c.open {
		l.close()
	}
	c.mu.Unlock()
	c.serving.Wait()
	return nil
}

// Gone is closed with the cable.
func (c *Cable) Gone() <-chan struct{} { return c.gone }

func (c *Cable) isCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

// begin is nil where nobody answers.
func (c *Cable) begin(conn io.ReadWriteCloser, serial bool) *Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.cut && !serial {
		conn.Close()
		return nil
	}
	l := &Link{cable: c, conn: conn, wire: wire.New(conn), serial: serial}
	c.open[l] = true
	c.serving.Add(1)
	return l
}

// Link is one link. All but its end belongs to the goroutine that speaks on it.
type Link struct {
	cable  *Cable
	conn   io.Closer
	wire   *wire.Wire
	serial bool
	rest   []byte // came with what was taken before
}

func (l *Link) serve() {
	defer l.cable.serving.Done()
	l.cable.speak(l)
	l.cable.mu.Lock()
	defer l.cable.mu.Unlock()
	delete(l.cable.open, l)
	l.wire.Close()
}

// close wakes who speaks on the link; the wire is closed by who speaks.
func (l *Link) close() { l.conn.Close() }

// Next waits for one byte, as wire.Wire does for several. What comes while a serial line is cut is lost.
func (l *Link) Next(until time.Time, wake <-chan struct{}) (byte, error) {
	for len(l.rest) == 0 {
		b, err := l.wire.Next(until, wake)
		if err != nil {
			return 0, err
		}
		if !l.cable.isCut() {
			l.rest = b
		}
	}
	b := l.rest[0]
	l.rest = l.rest[1:]
	return b, nil
}

// Write sends bytes. While a serial line is cut they are lost.
func (l *Link) Write(b ...byte) error {
	if l.cable.isCut() {
		return nil
	}
	return l.wire.Write(b, handOver)
}
