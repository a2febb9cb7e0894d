package zvttest

import (
	"bufio"
	"bytes"
	"io"
	"sync"
	"time"

	"selfpay/drivers/zvt"
)

// conn is one link as the terminal sees it. One goroutine reads; the goroutine that serves the link sends.
type conn struct {
	t      *Terminal
	rwc    io.ReadWriteCloser
	serial bool
	in     chan zvt.APDU
	acks   chan bool // serial: ACK or NAK for the block under way
	dead   chan struct{}
	once   sync.Once

	mu        sync.Mutex
	left      int // bytes that may still go out; negative: no limit
	vanishing bool
	answered  bool // serial: a block of ours was confirmed since the last one came

	stopped bool // an abort request came during the command; owned by the serving goroutine
}

// newConn begins to read. It returns nil where the terminal is closed.
func (t *Terminal) newConn(rwc io.ReadWriteCloser, serial bool) *conn {
	c := &conn{
		t: t, rwc: rwc, serial: serial, in: make(chan zvt.APDU, 64), acks: make(chan bool, 1),
		dead: make(chan struct{}), left: -1, answered: true,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.conns[c] = struct{}{}
	t.serving.Add(1)
	go c.read()
	return c
}

func (c *conn) close() {
	c.once.Do(func() {
		close(c.dead)
		c.rwc.Close()
	})
}

func (c *conn) read() {
	defer c.close()
	if !c.serial {
		r := bufio.NewReader(c.rwc)
		for {
			a, err := zvt.ReadAPDU(r)
			if err != nil {
				return
			}
			c.put(a)
		}
	}
	var blocks zvt.BlockReader
	var last []byte
	buffer := make([]byte, 1024)
	for {
		n, err := c.rwc.Read(buffer)
		if err != nil {
			return
		}
		for _, b := range buffer[:n] {
			if c.vanished() {
				blocks.Reset()
				continue
			}
			switch blocks.Feed(b) {
			case zvt.BlockAcked:
				c.confirm(true)
			case zvt.BlockNaked:
				c.confirm(false)
			case zvt.BlockBad:
				c.write([]byte{zvt.BlockNak})
			case zvt.BlockWhole:
				c.write([]byte{zvt.BlockAck})
				c.mu.Lock()
				repeated := !c.answered && bytes.Equal(last, blocks.APDU())
				c.answered = false
				c.mu.Unlock()
				last = blocks.APDU()
				if a, rest, err := zvt.ParseAPDU(last); err == nil && len(rest) == 0 && !repeated {
					c.put(a)
				}
			}
		}
	}
}

func (c *conn) put(a zvt.APDU) {
	select {
	case c.in <- a:
	case <-c.dead:
	}
}

func (c *conn) confirm(taken bool) {
	if taken {
		c.mu.Lock()
		c.answered = true
		c.mu.Unlock()
	}
	select {
	case c.acks <- taken:
	default:
	}
}

// limit lets n more bytes out; then the link is cut.
func (c *conn) limit(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = n
}

// lift ends what a drop did to a serial line, and forgets an abort request.
func (c *conn) lift() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.vanishing, c.stopped = -1, false, false
}

func (c *conn) vanished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.vanishing || (c.serial && c.t.isCut())
}

// write sends bytes as far as the link lets them through. False: the link is gone or swallowed some.
func (c *conn) write(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.vanishing || (c.serial && c.t.isCut()) {
		return false
	}
	whole := true
	if c.left >= 0 {
		if whole = len(b) <= c.left; !whole {
			b = b[:c.left]
		}
		c.left -= len(b)
	}
	if len(b) > 0 {
		if _, err := c.rwc.Write(b); err != nil {
			c.close()
			return false
		}
	}
	if !whole {
		if c.serial {
			c.vanishing = true
		} else {
			c.close()
		}
	}
	return whole
}

// send hands out one APDU: over a serial line up to three times, until it is confirmed.
func (c *conn) send(a zvt.APDU) bool {
	if !c.serial {
		return c.write(a.Bytes())
	}
	select {
	case <-c.acks:
	default:
	}
	for range 3 {
		c.write(zvt.EncodeBlock(a.Bytes()))
		timer := time.NewTimer(5 * time.Second)
		select {
		case taken := <-c.acks:
			timer.Stop()
			if taken {
				return true
			}
		case <-timer.C:
		case <-c.dead:
			timer.Stop()
			return false
		}
	}
	return false
}

// answer sends an answer without data, with the number of the newest message where messages have numbers.
func (c *conn) answer(control zvt.Control) {
	a := zvt.APDU{Control: control}
	c.t.mu.Lock()
	numbers, n := c.t.numbers, c.t.number
	c.t.mu.Unlock()
	if numbers {
		a = numbered(a, n)
	}
	c.send(a)
}

// number draws the next one for a message of the terminal.
func (c *conn) number(a zvt.APDU) zvt.APDU {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if !c.t.numbers {
		return a
	}
	c.t.number = c.t.number%999999 + 1
	return numbered(a, c.t.number)
}

// heard keeps the number of a message of the kiosk.
func (c *conn) heard(a zvt.APDU) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if n := numberOf(a); c.t.numbers && n != 0 && !a.Control.Answer() {
		c.t.number = n
	}
}

// next waits for an APDU, or until expired. False: none came. What was received before the link ended still counts.
func (c *conn) next(expired <-chan time.Time) (zvt.APDU, bool) {
	a, ok := c.await(expired)
	if ok {
		c.heard(a)
	}
	return a, ok
}

func (c *conn) await(expired <-chan time.Time) (zvt.APDU, bool) {
	select {
	case a := <-c.in:
		return a, true
	default:
	}
	select {
	case a := <-c.in:
		return a, true
	case <-expired:
	case <-c.dead:
		select {
		case a := <-c.in:
			return a, true
		default:
		}
	}
	return zvt.APDU{}, false
}

// ask sends a command of the terminal and waits for the kiosk's answer. Abort requests in between are accepted and
// remembered; other commands hear that the terminal is busy.
func (c *conn) ask(a zvt.APDU, wait time.Duration) (zvt.APDU, bool) {
	if !c.send(c.number(a)) {
		return zvt.APDU{}, false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		answer, ok := c.next(timer.C)
		if !ok || answer.Control.Answer() {
			return answer, ok
		}
		c.during(answer)
	}
}

// during answers a command of the kiosk while another one runs.
func (c *conn) during(a zvt.APDU) {
	if a.Control == zvt.AbortRequest {
		c.stopped = true
		c.answer(zvt.Ack)
		return
	}
	c.answer(0x849C)
}

// command is ask where only yes or no counts.
func (c *conn) command(a zvt.APDU, wait time.Duration) bool {
	answer, ok := c.ask(a, wait)
	return ok && answer.Control.Positive()
}

func (c *conn) aborted() bool { return c.stopped }

// listen passes time while the patron or the host is awaited. It ends early when the link ends, since nobody waits on a
// dead link in a test; stoppable: also with an abort request, and then it returns true.
func (c *conn) listen(d time.Duration, stoppable bool) bool {
	if d <= 0 {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		a, ok := c.next(timer.C)
		if !ok {
			return false
		}
		switch {
		case a.Control.Answer():
		case a.Control == zvt.AbortRequest && stoppable:
			c.during(a)
			return true
		case a.Control == zvt.AbortRequest:
			c.answer(0x8483)
		default:
			c.answer(0x849C)
		}
	}
}
