package concert

import (
	"errors"
	"fmt"
	"time"

	"selfpay/drivers/wire"
)

const (
	handOver      = 5 * time.Second // for bytes to leave
	confirmation  = 3 * time.Second // ENQ or frame sent, to ACK or NAK
	interByte     = time.Second     // within a frame; USB adapters deliver in bursts
	transmissions = 3               // of one ENQ, and of one frame
	mostFrame     = longSize + 3
)

// Why a turn on the line failed.
var (
	errBusy       = errors.New("the terminal does not let the kiosk speak")
	errNotTaken   = errors.New("the terminal does not understand the request")
	errUnanswered = errors.New("the terminal does not confirm the request")
)

// line speaks the turns of one open link.
type line struct {
	wire *wire.Wire
	rest []byte // came with what was taken before
}

// next waits for one byte.
func (l *line) next(until time.Time) (byte, error) {
	if len(l.rest) == 0 {
		b, err := l.wire.Next(until, nil)
		if err != nil {
			return 0, err
		}
		l.rest = b
	}
	b := l.rest[0]
	l.rest = l.rest[1:]
	return b, nil
}

func (l *line) write(b ...byte) error { return l.wire.Write(b, handOver) }

// ask asks for the turn. Nothing has begun when it fails.
func (l *line) ask() error {
	for range transmissions {
		if err := l.write(ENQ); err != nil {
			return err
		}
		b, err := l.sign(ACK, NAK, ENQ)
		switch {
		case errors.Is(err, wire.ErrSilent):
			continue
		case err != nil:
			return err
		case b == ACK:
			return nil
		case b == ENQ: // it has an answer to tell of that came too late
			return errBusy
		}
	}
	return errBusy
}

// sign waits for one of some signs; what else comes is noise.
func (l *line) sign(wanted ...byte) (byte, error) {
	until := time.Now().Add(confirmation)
	for {
		b, err := l.next(until)
		if err != nil {
			return 0, err
		}
		for _, w := range wanted {
			if b == w {
				return b, nil
			}
		}
	}
}

// say sends the request's frame in the kiosk's turn, and ends the turn. errNotTaken: the terminal said so each time; wire.ErrNothingOut:
// the frame did not leave. Anything else: the request may have arrived.
func (l *line) say(frame []byte) error {
	for range transmissions {
		if err := l.write(frame...); err != nil {
			return err
		}
		switch b, err := l.sign(ACK, NAK); {
		case errors.Is(err, wire.ErrSilent):
			return errUnanswered
		case err != nil:
			return err
		case b == NAK:
			continue
		}
		if err := l.write(EOT); err != nil {
			return fmt.Errorf("%w: %v", wire.ErrLost, err)
		}
		return nil
	}
	l.write(EOT)
	return errNotTaken
}

// hear waits for the terminal's turn and its frame, and returns the message. It is not confirmed yet.
func (l *line) hear(until time.Time) ([]byte, error) {
	for {
		b, err := l.next(until)
		if err != nil {
			return nil, err
		}
		switch b {
		case ENQ:
			if err := l.write(ACK); err != nil {
				return nil, err
			}
		case STX:
			message, err := l.frame()
			if err == nil {
				return message, nil
			}
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, wire.ErrSilent) {
				return nil, err
			}
			if err := l.write(NAK); err != nil { // it sends the frame once more
				return nil, err
			}
		}
	}
}

// frame reads what follows STX.
func (l *line) frame() ([]byte, error) {
	frame := []byte{STX}
	for len(frame) <= mostFrame {
		b, err := l.next(time.Now().Add(interByte))
		if err != nil {
			return nil, err
		}
		frame = append(frame, b)
		if n := len(frame); n > 2 && frame[n-2] == ETX {
			return ParseFrame(frame)
		}
	}
	return nil, fmt.Errorf("%w: a frame has at most %d bytes", ErrMalformed, mostFrame)
}

// confirm acknowledges the answer, and again when the terminal says it once more.
func (l *line) confirm() {
	until := time.Now().Add(confirmation)
	for l.write(ACK) == nil {
		for {
			b, err := l.next(until)
			if err != nil || b == EOT {
				return
			}
			if b == ENQ {
				break
			}
			if b == STX {
				if _, err := l.frame(); err == nil {
					break
				}
			}
		}
	}
}
