// Package wire waits for a device no longer than it is told to. Links that a device.Dial opens have no deadlines: a read may wait for
// ever, and a write into a serial adapter that hangs may, too.
//
// One goroutine reads. Everything else runs in the goroutine that calls, which also owns all timers.
package wire

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// How waiting ends without bytes, and why bytes did not get out. After ErrLost the wire must be closed.
var (
	ErrSilent     = errors.New("the device does not answer")
	ErrWoken      = errors.New("woken")
	ErrLost       = errors.New("the link is lost")
	ErrNothingOut = errors.New("no byte left") // of this write; of what was written before it says nothing
)

const (
	mostAtOnce = 4096
	mostEmpty  = 100 // reads in a row that give neither bytes nor an error
)

// Wire is one open link.
type Wire struct {
	link   io.ReadWriteCloser
	in     chan []byte   // what the reading goroutine got
	closed chan struct{} // ends the reading goroutine
	cause  error         // why in was closed
}

// New begins to read. The reading goroutine ends with Close.
func New(link io.ReadWriteCloser) *Wire {
	w := &Wire{link: link, in: make(chan []byte, 64), closed: make(chan struct{})}
	go w.read()
	return w
}

func (w *Wire) read() {
	defer close(w.in)
	empty := 0
	for {
		b := make([]byte, mostAtOnce)
		n, err := w.link.Read(b)
		if n > 0 {
			empty = 0
			select {
			case w.in <- b[:n]:
			case <-w.closed:
				return
			}
		} else if err == nil {
			if empty++; empty > mostEmpty {
				err = io.ErrNoProgress
			}
		}
		if err != nil {
			w.cause = err
			return
		}
	}
}

// Close ends the link. It may be called again.
func (w *Wire) Close() error {
	select {
	case <-w.closed:
		return nil
	default:
	}
	close(w.closed)
	return w.link.Close()
}

// Next returns what has come: at least one byte. It waits until the time, then the error is ErrSilent; or until wake is closed, then it is
// ErrWoken. ErrLost: nothing more will come.
func (w *Wire) Next(until time.Time, wake <-chan struct{}) ([]byte, error) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case b, ok := <-w.in:
		if !ok {
			return nil, fmt.Errorf("%w: %w", ErrLost, w.cause)
		}
		return b, nil
	case <-timer.C:
		return nil, ErrSilent
	case <-wake:
		return nil, ErrWoken
	}
}

// Arrived returns what has come without waiting: nothing, or at least one byte. ErrLost: the far end has closed. It puts no byte on the
// line.
func (w *Wire) Arrived() ([]byte, error) {
	select {
	case b, ok := <-w.in:
		if !ok {
			return nil, fmt.Errorf("%w: %w", ErrLost, w.cause)
		}
		return b, nil
	default:
		return nil, nil
	}
}

// Write hands bytes to the system. ErrNothingOut: not one byte of b left. ErrLost: some may have. A write that does not end in time is
// cut by closing the link; its bytes count as handed over.
func (w *Wire) Write(b []byte, within time.Duration) error {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := w.link.Write(b)
		done <- result{n, err}
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case r := <-done:
		switch {
		case r.err != nil && r.n == 0:
			return fmt.Errorf("%w: %w", ErrNothingOut, r.err)
		case r.err != nil:
			return fmt.Errorf("%w: %w", ErrLost, r.err)
		case r.n < len(b):
			return fmt.Errorf("%w: %w", ErrLost, io.ErrShortWrite)
		}
		return nil
	case <-timer.C:
		w.Close()
		return fmt.Errorf("%w: a write of %d bytes does not end", ErrLost, len(b))
	}
}
