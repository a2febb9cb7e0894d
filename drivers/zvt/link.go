package zvt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"selfpay/drivers/wire"
)

const (
	// interByte is T1 with tolerance: USB adapters deliver in bursts, so the 200 ms of the document are only a lower bound.
	interByte = time.Second
	// blockAnswer is T2: block sent to ACK or NAK.
	blockAnswer = 5 * time.Second
	// transmissions of one block at most.
	transmissions = 3
)

var errNotTaken = errors.New("the terminal does not confirm the block")

// link carries APDUs over one open connection, in the goroutine of the one dialogue.
type link struct {
	wire   *wire.Wire
	serial bool
	t3     time.Duration
	log    *slog.Logger

	stream      []byte    // TCP: bytes that are no whole APDU yet
	streamSince time.Time // when the first of them came
	blocks      BlockReader
	queue       []APDU // serial: blocks that came while an own block was under way
	last        []byte // serial: the newest block received
	answered    bool   // serial: a block of ours was confirmed after last
	acks        []BlockEvent
}

// newLink starts reading, until close.
func newLink(rwc io.ReadWriteCloser, serial bool, t3 time.Duration, log *slog.Logger) *link {
	return &link{wire: wire.New(rwc), serial: serial, t3: t3, log: log, answered: true}
}

func (l *link) close() {
	if err := l.wire.Close(); err != nil {
		l.log.Debug("terminal link closed", "err", err)
	}
}

// dead says whether the far end has closed, without putting a byte on the line: what has come is taken in.
func (l *link) dead() bool {
	for {
		chunk, err := l.wire.Arrived()
		if err != nil {
			return true
		}
		if chunk == nil {
			return false
		}
		if err := l.take(chunk); err != nil {
			return true
		}
	}
}

// receive returns the next APDU. wire.ErrSilent: none until the time; wire.ErrWoken: wake was closed first; anything else: the
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
		b, err := l.wire.Next(limit, wake)
		switch {
		case errors.Is(err, wire.ErrSilent) && partial && l.serial:
			l.blocks.Reset()
			if err := l.write([]byte{BlockNak}); err != nil {
				return APDU{}, err
			}
			continue
		case errors.Is(err, wire.ErrSilent) && partial:
			return APDU{}, fmt.Errorf("%w: a message stays incomplete", wire.ErrLost)
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

// send hands one APDU to the terminal. wire.ErrNothingOut: not one byte left. Any other error: it may have arrived.
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

// afterBytes hides wire.ErrNothingOut in an error that came after bytes of the same message had left.
func afterBytes(err error) error { return fmt.Errorf("%w: %v", wire.ErrLost, err) }

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
		b, err := l.wire.Next(limit, nil)
		switch {
		case errors.Is(err, wire.ErrSilent) && inside:
			l.blocks.Reset()
			if err := l.write([]byte{BlockNak}); err != nil {
				return false, err
			}
			continue
		case errors.Is(err, wire.ErrSilent):
			return false, nil
		case err != nil:
			return false, err
		}
		if err := l.take(b); err != nil {
			return false, err
		}
	}
}

// write hands bytes to the system within T3.
func (l *link) write(b []byte) error { return l.wire.Write(b, l.t3) }

// dialLink opens the link. Nothing has been sent when it fails.
func (t *Terminal) dialLink(ctx context.Context) (*link, error) {
	rwc, err := t.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the link: %w", err)
	}
	return newLink(rwc, t.cfg.Transport == Serial, t.cfg.T3, t.log), nil
}
