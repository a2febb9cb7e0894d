package gpiochar

import (
	"context"
	"fmt"
	"sync"
	"time"

	"selfpay/device/gpio"
)

// edge is a change as the kernel tells it.
type edge struct {
	offset   int
	on       bool
	at       time.Time
	sequence uint32 // counts the edges of the request from 1
}

// waiting is how many edges are kept while nobody asks for one.
const waiting = 64

// lines are the open lines of a chip. Its methods are called by one Next at a time, but for edge and lose.
type lines struct {
	roles   []role
	offsets []int
	cfg     Config
	in, out levels

	edges chan edge
	once  sync.Once
	done  chan struct{}
	err   error // why the lines are lost; read after done

	told     []bool // the level of each input that was handed out last
	pending  []gpio.Change
	sequence uint32 // of the last edge
	compare  time.Time
	differed []bool // inputs whose level was another at the last look
}

func newLines(inputs []role, offsets []int, cfg Config) *lines {
	return &lines{roles: inputs, offsets: offsets, cfg: cfg, in: noLines{}, out: noLines{},
		edges: make(chan edge, waiting), done: make(chan struct{}),
		differed: make([]bool, len(inputs))}
}

// edge takes an edge from the kernel's reader, and never makes it wait.
func (l *lines) edge(e edge) {
	select {
	case l.edges <- e:
	default: // the comparison finds the level
	}
}

// lose ends the lines.
func (l *lines) lose(why error) {
	l.once.Do(func() {
		l.err = why
		close(l.done)
		l.in.close()
		l.out.close()
	})
}

// begin reads the level of each input.
func (l *lines) begin() error {
	now, err := l.in.get()
	if err != nil {
		return err
	}
	l.told = now
	for i, on := range now {
		l.pending = append(l.pending, gpio.Change{Input: l.roles[i].name, On: on, At: time.Now()})
	}
	l.compare = time.Now().Add(l.cfg.Compare)
	return nil
}

// next is the next change. An error other than that of ctx means that the lines are lost.
func (l *lines) next(ctx context.Context) (gpio.Change, error) {
	for {
		if len(l.pending) > 0 {
			first := l.pending[0]
			l.pending = l.pending[1:]
			return first, nil
		}
		select { // an edge that waits comes before a look at the levels
		case e := <-l.edges:
			l.take(e)
			continue
		default:
		}
		look := time.NewTimer(time.Until(l.compare))
		select {
		case e := <-l.edges:
			l.take(e)
		case <-look.C:
			if err := l.look(); err != nil {
				return gpio.Change{}, l.reason(err)
			}
		case <-l.done:
			return gpio.Change{}, l.err
		case <-ctx.Done():
			look.Stop()
			return gpio.Change{}, ctx.Err()
		}
		look.Stop()
	}
}

// reason is why the lines are lost, where that is known; else what was met.
func (l *lines) reason(met error) error {
	select {
	case <-l.done:
		return l.err
	default:
		return met
	}
}

// take makes a change of an edge. One that is the level already told lay between the request and the first look.
func (l *lines) take(e edge) {
	if e.sequence != l.sequence+1 {
		l.lookSoon()
	}
	l.sequence = e.sequence
	for i, offset := range l.offsets {
		if offset == e.offset && l.told[i] != e.on {
			l.tell(i, gpio.Change{Input: l.roles[i].name, On: e.on, At: e.at})
		}
	}
}

func (l *lines) tell(i int, change gpio.Change) {
	l.told[i], l.differed[i] = change.On, false
	l.pending = append(l.pending, change)
}

// lookSoon has the levels compared when what is under way has settled.
func (l *lines) lookSoon() {
	if soon := time.Now().Add(l.cfg.Settle); soon.Before(l.compare) {
		l.compare = soon
	}
}

// look compares the levels with what was told. A difference may be an edge on its way here; when it is still there at a
// second look, the edge was missed.
func (l *lines) look() error {
	now, err := l.in.get()
	if err != nil {
		return err
	}
	if _, err := l.out.get(); err != nil { // a chip without inputs can be unplugged too
		return err
	}
	if len(now) != len(l.told) {
		return fmt.Errorf("%d levels of %d inputs", len(now), len(l.told))
	}
	l.compare = time.Now().Add(l.cfg.Compare)
	for i, on := range now {
		switch {
		case on == l.told[i]:
			l.differed[i] = false
		case l.differed[i]:
			l.tell(i, gpio.Change{Input: l.roles[i].name, On: on, At: time.Now(), Mended: true})
		default:
			l.differed[i] = true
			l.lookSoon()
		}
	}
	return nil
}
