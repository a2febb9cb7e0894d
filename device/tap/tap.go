// Package tap lets somebody listen to a device's link while it is used. It never sends, and never holds the device up: whoever
// listens too slowly misses pieces and is told how many.
//
// Pieces are what was said, secrets included. Whoever shows or keeps them takes card numbers and passwords out first.
package tap

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"selfpay/device"
)

// mostWaiting bounds the pieces that wait for one listener.
const mostWaiting = 1024

// Piece is what went over a link at once. Without bytes the link has ended.
type Piece struct {
	At        time.Time
	Link      int  // counted from 1
	FromKiosk bool // the kiosk said it, or ended the link
	Bytes     []byte
	Lost      int // so many pieces before this one were dropped
}

// Tap is one device's. The zero value is ready.
type Tap struct {
	links     atomic.Int64
	listening atomic.Int32
	mu        sync.Mutex
	listeners map[*listener]bool
}

type listener struct {
	pieces chan Piece
	lost   int
}

// Listen hands out what is said from now on. The channel is closed when ctx ends.
func (t *Tap) Listen(ctx context.Context) <-chan Piece {
	l := &listener{pieces: make(chan Piece, mostWaiting)}
	t.mu.Lock()
	if t.listeners == nil {
		t.listeners = map[*listener]bool{}
	}
	t.listeners[l] = true
	t.mu.Unlock()
	t.listening.Add(1)
	context.AfterFunc(ctx, func() {
		t.listening.Add(-1)
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.listeners, l)
		close(l.pieces)
	})
	return l.pieces
}

// Dial opens the same links as dial, and lets what goes over them be heard.
func (t *Tap) Dial(dial device.Dial) device.Dial {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		opened, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &link{ReadWriteCloser: opened, tap: t, number: int(t.links.Add(1))}, nil
	}
}

// tell copies only while somebody listens.
func (t *Tap) tell(number int, fromKiosk bool, b []byte) {
	if t.listening.Load() == 0 {
		return
	}
	p := Piece{At: time.Now(), Link: number, FromKiosk: fromKiosk, Bytes: bytes.Clone(b)}
	t.mu.Lock()
	defer t.mu.Unlock()
	for l := range t.listeners {
		p.Lost = l.lost
		select {
		case l.pieces <- p:
			l.lost = 0
		default:
			l.lost++
		}
	}
}

type link struct {
	io.ReadWriteCloser
	tap    *Tap
	number int
	ended  atomic.Bool
}

func (l *link) Read(b []byte) (int, error) {
	n, err := l.ReadWriteCloser.Read(b)
	if n > 0 {
		l.tap.tell(l.number, false, b[:n])
	}
	if err != nil {
		l.end(false)
	}
	return n, err
}

// Write tells first: the answer may be read before Write returns. How much of a write that fails has left, nobody knows.
func (l *link) Write(b []byte) (int, error) {
	if len(b) > 0 {
		l.tap.tell(l.number, true, b)
	}
	return l.ReadWriteCloser.Write(b)
}

func (l *link) Close() error {
	l.end(true)
	return l.ReadWriteCloser.Close()
}

func (l *link) end(byKiosk bool) {
	if !l.ended.Swap(true) {
		l.tap.tell(l.number, byKiosk, nil)
	}
}
