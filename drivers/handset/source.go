// Package handset drives what a patron holds who cannot see or touch the screen: the tactile keypad, and the socket of the headset.
//
// A keypad is an input device of the kernel (USB HID) that types arrows, Enter, F1 and digits; it is taken for the kiosk alone. Or it is
// a microcontroller on a serial line that sends the name of each key as a line, "down". A socket is the kernel's switch
// SW_HEADPHONE_INSERT, or such a microcontroller that sends "in" and "out", or a USB headset that is a sound card of its own and is
// in while the card is there.
//
// Facts: Linux Documentation/input/event-codes.rst; sound/usb and /proc/asound, Documentation/sound/designs/procfile.rst. Tried with
// keypads and switches of uinput on Linux 6.1 (systemd/vm); with no real keypad yet.
package handset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"selfpay/device"
)

// source hands out what an open device sends, one thing after the other.
type source[T any] struct {
	name string // for errors
	open func(ctx context.Context, send func(T)) (*opened, error)

	mu   sync.Mutex
	feed *feed[T] // nil when there is none
}

// opened is a device that is open: read works until the device is lost, close ends it.
type opened struct {
	read  func() error
	close func()
}

// feed is an open device with what came from it.
type feed[T any] struct {
	things chan T
	close  func()
	done   chan struct{} // closed when the device was lost or closed
	err    error         // why; read after done
}

// mostKept is what is kept while nobody reads; more is dropped.
const mostKept = 16

// next waits for the next thing. When the device is not there or is lost the error is of class device.ErrAttention; when ctx
// ends, of class device.ErrNotSent.
func (s *source[T]) next(ctx context.Context) (thing T, err error) {
	f, err := s.live(ctx)
	if err != nil {
		return thing, fmt.Errorf("%s: open: %w: %w", s.name, device.ErrAttention, err)
	}
	select {
	case thing = <-f.things: // also what came before the device was lost
		return thing, nil
	default:
	}
	select {
	case thing = <-f.things:
		return thing, nil
	case <-f.done:
		s.forget(f)
		return thing, fmt.Errorf("%s: lost: %w: %w", s.name, device.ErrAttention, f.err)
	case <-ctx.Done():
		return thing, fmt.Errorf("%s: read: %w: %w", s.name, device.ErrNotSent, ctx.Err())
	}
}

func (s *source[T]) live(ctx context.Context) (*feed[T], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feed != nil {
		return s.feed, nil
	}
	f := &feed[T]{things: make(chan T, mostKept), done: make(chan struct{})}
	device, err := s.open(ctx, func(thing T) {
		select {
		case f.things <- thing:
		default:
		}
	})
	if err != nil {
		return nil, err
	}
	f.close = sync.OnceFunc(device.close)
	go func() {
		f.err = device.read()
		f.close()
		close(f.done)
	}()
	s.feed = f
	return f, nil
}

func (s *source[T]) forget(f *feed[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feed == f {
		s.feed = nil
	}
}

// Close releases the device and waits until it is released.
func (s *source[T]) Close() error {
	s.mu.Lock()
	f := s.feed
	s.feed = nil
	s.mu.Unlock()
	if f != nil {
		f.close()
		<-f.done
	}
	return nil
}

// errSilent ends a read of a line that was closed.
var errSilent = errors.New("the line was closed")

// longestWord is the longest line that a microcontroller may send; of a longer one the rest is another word, and no known one.
const longestWord = 16

// readWords hands on each line of a serial line, until the line is lost.
func readWords(line io.Reader, take func(word string)) error {
	var word []byte
	buffer := make([]byte, 64)
	for {
		n, err := line.Read(buffer)
		for _, b := range buffer[:n] {
			if b != '\n' && b != '\r' {
				if word = append(word, b); len(word) <= longestWord {
					continue
				}
			}
			take(string(word))
			word = word[:0]
		}
		if err == io.EOF {
			return errSilent
		}
		if err != nil {
			return err
		}
	}
}
