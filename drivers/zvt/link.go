package zvt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

const (
	// interByte is T1 with tolerance: USB adapters deliver in bursts, so the 200 ms of the document are only a lower bound.
	interByte = time.Second
	// blockAnswer is T2: block sent to ACK or NAK.
	blockAnswer = 5 * time.Second
	// transmissions of one block at most.
	transmissions = 3
)

var (
	errSilent     = errors.New("the terminal does not answer")
	errWoken      = errors.New("woken")
	errLinkLost   = errors.New("the link is lost")
	errNotTaken   = errors.New("the terminal does not confirm the block")
	errNothingOut = errors.New("no byte left")
)

// link carries APDUs over one open connection. Everything but the reading goroutine runs in the goroutine of the
// one dialogue, which also owns all timers.
type link struct {
	rwc    io.ReadWriteCloser
	serial bool
	t3     time.Duration
	log    *slog.Logger

	in     chan []byte   // what the reading goroutine got
	closed chan struct{} // ends the reading goroutine
	cause  error         // why in was closed

	stream      []byte    // TCP: bytes that are no whole APDU yet
	streamSince time.Time // when the first of them came
	blocks      BlockReader
	queue       []APDU // serial: blocks that came while an own block was under way
	last        []byte // serial: the newest block received
	answered    bool   // serial: a block of ours was confirmed after last
	acks        []BlockEvent
}

// newLink starts reading. The reading goroutine ends with close.
func newLink(rwc io.ReadWriteCloser, serial bool, t3 time.Duration, log *slog.Logger) *link {
	l := &link{rwc: rwc, serial: serial, t3: t3, log: log, in: make(chan []byte, 64), closed: make(chan struct{}), answered: true}
	go l.read()
	return l
}

func (l *link) read() {
	defer close(l.in)
	empty := 0
	for {
		b := make([]byte, 4096)
		n, err := l.rwc.Read(b)
		if n > 0 {
			empty = 0
			select {
			case l.in <- b[:n]:
			case <-l.closed:
				return
			}
		} else if err == nil {
			if empty++; empty > 100 {
				err = io.ErrNoProgress
			}
		}
		if err != nil {
			l.cause = err
			return
		}
	}
}

func (l *link) close() {
	select {
	case <-l.closed:
		return
	default:
	}
	close(l.closed)
	if err := l.rwc.Close(); err != nil {
		l.log.Debug("terminal link closed", "err", err)
	}
}

// dead says whether the far end has closed, without putting a byte on the line: what has come is taken in, and the
// end of the reading goroutine tells.
func (l *link) dead() bool {
	for {
		select {
		case chunk, ok := <-l.in:
			if !ok {
				return true
			}
			if err := l.take(chunk); err != nil {
				return true
			}
		default:
			return false
		}
	}
}

// chunk waits for bytes: until the time, or until wake.
func (l *link) chunk(until time.Time, wake <-chan struct{}) ([]byte, error) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case b, ok := <-l.in:
		if !ok {
			return nil, fmt.Errorf("%w: %w", errLinkLost, l.cause)
		}
		return b, nil
	case <-timer.C:
		return nil, errSilent
	case <-wake:
		return nil, errWoken
	}
}

// receive returns the next APDU. errSilent: none until the time; errWoken: wake was closed first; anything else: the
// link is lost or out of step and must be closed.
func (l *link) receive(until time.Time, wake <-chan struct{}) (APDU, error) {
	for {
		if len(l.queue) > 0 {
			a := l.queue[0]
			l.queue = l.queue[1:]
			return a, nil
		}
		limit, partial := until, false
		if !l.serial && len(l.stream) > 0 && l.streamSince.Add(l.t3).Before(until) {
			limit, partial = l.streamSince.Add(l.t3), true
		}
		if l.serial && l.blocks.Inside() {
			limit, partial = time.Now().Add(interByte), true
		}
		b, err := l.chunk(limit, wake)
		switch {
		case errors.Is(err, errSilent) && partial && l.serial:
			l.blocks.Reset()
			if err := l.write([]byte{BlockNak}); err != nil {
				return APDU{}, err
			}
			continue
		case errors.Is(err, errSilent) && partial:
			return APDU{}, fmt.Errorf("%w: a message stays incomplete", errLinkLost)
		case err != nil:
			return APDU{}, err
		}
		if err := l.take(b); err != nil {
			return APDU{}, err
		}
	}
}

// take feeds bytes to the framing; whole APDUs go to the queue. On a serial line each block is confirmed at once,
// before its content is looked at.
func (l *link) take(b []byte) error {
	if !l.serial {
		if len(l.stream) == 0 {
			l.streamSince = time.Now()
		}
		l.stream = append(l.stream, b...)
		for {
			a, rest, err := ParseAPDU(l.stream)
			if err != nil {
				return nil
			}
			l.queue = append(l.queue, a)
			l.stream, l.streamSince = rest, time.Now()
		}
	}
	noise := l.blocks.Noise
	for _, x := range b {
		switch event := l.blocks.Feed(x); event {
		case BlockAcked, BlockNaked:
			l.acks = append(l.acks, event)
		case BlockBad:
			if err := l.write([]byte{BlockNak}); err != nil {
				return err
			}
		case BlockWhole:
			if err := l.write([]byte{BlockAck}); err != nil {
				return err
			}
			block := l.blocks.APDU()
			// The same block again before our answer to it was confirmed is a repetition: our confirmation was lost.
			// After that it is a new message that happens to say the same.
			if !l.answered && bytes.Equal(block, l.last) {
				continue
			}
			a, rest, err := ParseAPDU(block)
			if err != nil || len(rest) > 0 {
				l.log.Warn("terminal sent a block that is not one message", "bytes", len(block))
				continue
			}
			l.last, l.answered = block, false
			l.queue = append(l.queue, a)
		}
	}
	if l.blocks.Noise > noise {
		l.log.Debug("stray bytes on the terminal line", "bytes", l.blocks.Noise-noise)
	}
	return nil
}

// send hands one APDU to the terminal. errNothingOut: not one byte left. Any other error: it may have arrived.
// Over a serial line it waits for the confirmation of the block and repeats the block, three transmissions in all,
// as long as the link stands and nothing was heard.
func (l *link) send(a APDU) error {
	if !l.serial {
		return l.write(a.Bytes())
	}
	block := EncodeBlock(a.Bytes())
	l.acks = nil
	heard := len(l.queue)
	for try := range transmissions {
		if err := l.write(block); err != nil {
			if try > 0 {
				return afterBytes(err)
			}
			return err
		}
		confirmed, err := l.confirmation(time.Now().Add(blockAnswer))
		if err != nil {
			return afterBytes(err)
		}
		if confirmed || len(l.queue) > heard {
			l.answered = l.answered || confirmed
			return nil
		}
	}
	return errNotTaken
}

// afterBytes hides errNothingOut in an error that came after bytes of the same message had left.
func afterBytes(err error) error { return fmt.Errorf("%w: %v", errLinkLost, err) }

// confirmation waits for ACK or NAK. False: NAK or silence.
func (l *link) confirmation(until time.Time) (bool, error) {
	for {
		if len(l.acks) > 0 {
			event := l.acks[0]
			l.acks = nil
			return event == BlockAcked, nil
		}
		limit, inside := until, l.blocks.Inside()
		if inside {
			limit = time.Now().Add(interByte)
		}
		b, err := l.chunk(limit, nil)
		switch {
		case errors.Is(err, errSilent) && inside:
			l.blocks.Reset()
			if err := l.write([]byte{BlockNak}); err != nil {
				return false, err
			}
			continue
		case errors.Is(err, errSilent):
			return false, nil
		case err != nil:
			return false, err
		}
		if err := l.take(b); err != nil {
			return false, err
		}
	}
}

// write hands bytes to the system within T3. A write that does not end is cut by closing the link; its bytes count
// as handed over.
func (l *link) write(b []byte) error {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := l.rwc.Write(b)
		done <- result{n, err}
	}()
	timer := time.NewTimer(l.t3)
	defer timer.Stop()
	select {
	case r := <-done:
		switch {
		case r.err != nil && r.n == 0:
			return fmt.Errorf("%w: %w", errNothingOut, r.err)
		case r.err != nil:
			return fmt.Errorf("%w: %w", errLinkLost, r.err)
		case r.n < len(b):
			return fmt.Errorf("%w: %w", errLinkLost, io.ErrShortWrite)
		}
		return nil
	case <-timer.C:
		l.close()
		return fmt.Errorf("%w: a write of %d bytes does not end", errLinkLost, len(b))
	}
}

// dialLink opens the link. Nothing has been sent when it fails.
func (t *Terminal) dialLink(ctx context.Context) (*link, error) {
	rwc, err := t.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the link: %w", err)
	}
	return newLink(rwc, t.cfg.Transport == Serial, t.cfg.T3, t.log), nil
}
