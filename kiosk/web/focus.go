package web

import (
	"sync"

	"selfpay/kiosk/session"
)

// focus is where a patron who uses keys is: at a choice of a screen, by its place in Reading.Items, or before the first one, -1.
type focus struct {
	Screen int64 `json:"number"` // session.View.Number
	Place  int   `json:"place"`
}

// focusHub hands the newest focus to every stream.
type focusHub struct {
	mu       sync.Mutex
	newest   focus
	watchers map[chan focus]bool
}

func (h *focusHub) set(f focus) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newest = f
	for w := range h.watchers {
		select {
		case <-w: // nobody took the older one
		default:
		}
		w <- f
	}
}

func (h *focusHub) watch() (<-chan focus, func()) {
	w := make(chan focus, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[chan focus]bool{}
	}
	h.watchers[w] = true
	w <- h.newest
	return w, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, w)
	}
}

// Focus shows on every page where a patron who uses keys is: at the choice of a screen, as Reading.Items counts them, or before the
// first one, -1. On another screen it means nothing.
func (s *Server) Focus(screen int64, place int) { s.focuses.set(focus{screen, place}) }

// due says whether a focus belongs to the view that is shown, and is to be sent.
func (f focus) due(shown session.View) bool { return f.Screen != 0 && f.Screen == shown.Number }
