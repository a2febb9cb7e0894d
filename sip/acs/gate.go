package acs

import (
	"context"
	"sync"
)

// Gate keeps one request unanswered on order, so that a test can act while it waits. All methods may be called from
// several goroutines.
type Gate struct {
	mu      sync.Mutex
	armed   bool          // the next request is to be held
	held    chan struct{} // closed by Release; nil when nothing is held
	changed chan struct{} // closed and made anew when a request is held or let go
}

// NewGate makes a gate that is open.
func NewGate() *Gate { return &Gate{changed: make(chan struct{})} }

// Arm makes the next request wait.
func (g *Gate) Arm() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = true
}

// Pass keeps a request if the gate is armed. It says whether the request may be answered: not if gone or ended is closed
// before Release.
func (g *Gate) Pass(gone, ended <-chan struct{}) bool {
	held := g.take()
	if held == nil {
		return true
	}
	select {
	case <-held:
		return true
	case <-gone:
	case <-ended:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == held {
		g.held = nil
		g.wake()
	}
	return false
}

// take begins to hold if the gate is armed. What it returns is closed by Release; nil: the gate is open.
func (g *Gate) take() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.armed {
		return nil
	}
	held := make(chan struct{})
	g.armed, g.held = false, held
	g.wake()
	return held
}

func (g *Gate) wake() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// Holding says whether a request is being held now.
func (g *Gate) Holding() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held != nil
}

// WaitHolding waits until a request is being held. The error is that of ctx.
func (g *Gate) WaitHolding(ctx context.Context) error {
	for {
		g.mu.Lock()
		held, changed := g.held != nil, g.changed
		g.mu.Unlock()
		if held {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Release answers what is being held, and disarms a gate that has met no request yet.
func (g *Gate) Release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = false
	if g.held != nil {
		close(g.held)
		g.held = nil
		g.wake()
	}
}
