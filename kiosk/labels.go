package kiosk

import (
	"context"
	"sync"

	"selfpay/device/scanner"
)

// labels leads what the scanner reads to the patron's session, or to whoever has asked for the next label.
type labels struct {
	session func(scanner.Scan)

	mu    sync.Mutex
	asked chan scanner.Scan // nil where nobody has
}

// take takes a label from the scanner.
func (l *labels) take(s scanner.Scan) {
	l.mu.Lock()
	asked := l.asked
	l.asked = nil
	l.mu.Unlock()
	if asked != nil {
		asked <- s
		return
	}
	l.session(s)
}

// next waits for the next label, which the session then does not see; it calls waiting once that is so. Who asks later
// takes it from who asked before.
func (l *labels) next(ctx context.Context, waiting func()) (scanner.Scan, error) {
	got := make(chan scanner.Scan, 1)
	l.mu.Lock()
	l.asked = got
	l.mu.Unlock()
	waiting()
	select {
	case s := <-got:
		return s, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked == got {
		l.asked = nil
	}
	return scanner.Scan{}, ctx.Err()
}
