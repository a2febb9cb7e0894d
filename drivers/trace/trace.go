// Package trace explains what is said on a card terminal's line, while it is said.
//
// What it hands out holds no card number, no track, no password and no PIN. It shows only fields that it knows, and of a message that
// did not arrive whole nothing of what it holds: a part of a card number is not told from other digits.
package trace

import (
	"context"
	"fmt"
	"time"

	"selfpay/device/tap"
)

// Message is one message, or what one side said until the other did. What Message holds depends on the driver.
type Message struct {
	At      time.Time `json:"at"`
	From    string    `json:"from"` // "kiosk" or "terminal"
	Message any       `json:"message"`
	Lost    int       `json:"lost,omitempty"` // so many pieces before it were not heard: whoever listens was too slow
}

// quiet ends what one side says.
const quiet = 300 * time.Millisecond

// Terminal explains until ctx ends (nil), or emit fails. driver is what the terminal speaks, as in the configuration; serial: ZVT in blocks.
func Terminal(ctx context.Context, driver string, serial bool, t *tap.Tap, emit func(Message) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &speaker{emit: emit}
	l, err := s.listener(driver, serial)
	if err != nil {
		return err
	}
	pieces := t.Listen(ctx)
	silence := time.NewTimer(quiet)
	defer silence.Stop()
	for s.failed == nil {
		select {
		case p, more := <-pieces:
			if !more {
				l.pause()
				return s.failed
			}
			l.hear(p)
			silence.Reset(quiet)
		case <-silence.C:
			l.pause()
		}
	}
	return s.failed
}

// listener makes messages of pieces.
type listener interface {
	hear(tap.Piece)
	pause() // nobody speaks
}

// speaker hands messages out, until that fails.
type speaker struct {
	emit   func(Message) error
	lost   int // to be told with the next
	failed error
}

func (s *speaker) say(at time.Time, fromKiosk bool, message any) {
	if s.failed != nil {
		return
	}
	from := "terminal"
	if fromKiosk {
		from = "kiosk"
	}
	s.failed = s.emit(Message{at, from, message, s.lost})
	s.lost = 0
}

func (s *speaker) listener(driver string, serial bool) (listener, error) {
	if driver == "zvt" {
		return &messages{serial: serial, speaker: s, ways: ways{}}, nil
	}
	explain, known := explainers[driver]
	if !known {
		return nil, fmt.Errorf("what a terminal with the driver %q says cannot be explained", driver)
	}
	return &turns{explain: explain, speaker: s}, nil
}
