package session

import "sync"

// hub hands the newest view to whoever watches. A slow watcher misses views, never the newest.
type hub struct {
	mu       *sync.Mutex
	view     *View
	watchers map[chan View]bool
}

func newHub() hub { return hub{mu: &sync.Mutex{}, view: &View{}, watchers: map[chan View]bool{}} }

func (h hub) newest() View {
	h.mu.Lock()
	defer h.mu.Unlock()
	return *h.view
}

func (h hub) publish(v View) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*h.view = v
	for w := range h.watchers {
		replace(w, v)
	}
}

// replace puts v into the channel's one place, over an older view that nobody took.
func replace(w chan View, v View) {
	select {
	case <-w:
	default:
	}
	w <- v
}

func (h hub) watch() (<-chan View, func()) {
	w := make(chan View, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers[w] = true
	w <- *h.view
	return w, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, w)
	}
}
