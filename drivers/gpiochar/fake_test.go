package gpiochar

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"selfpay/device/gpio"
)

// board is a machine's GPIO in memory: the kernel's side of the seam, one chip of which the tests drive.
type board struct {
	mu     sync.Mutex
	files  map[string]*fakeChip // by name, "gpiochip0"
	denied map[string]bool
}

func (b *board) chips() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for name := range b.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (b *board) open(name string) (file, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.files[name]
	switch {
	case b.denied[name]:
		return nil, fmt.Errorf("open /dev/%s: %w", name, syscall.EACCES)
	case c == nil:
		return nil, syscall.ENODEV
	}
	return c, nil
}

// fakeChip is one chip with its lines.
type fakeChip struct {
	name string
	mu   sync.Mutex
	line []fakeLine
	gone bool
	deaf bool // edges are lost

	requests []*fakeRequest
	answer   error // to the next request
}

type fakeLine struct {
	line
	on   bool // as seen by the reader, active low or not
	held bool
}

func newFake(label string, names ...string) *fakeChip {
	c := &fakeChip{name: label}
	for _, name := range names {
		c.line = append(c.line, fakeLine{line: line{name: name}})
	}
	return c
}

func (c *fakeChip) label() string { return c.name }
func (c *fakeChip) close()        {}

func (c *fakeChip) lines() ([]line, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []line
	for _, l := range c.line {
		all = append(all, l.line)
	}
	return all, nil
}

type fakeRequest struct {
	chip     *fakeChip
	consumer string
	offsets  []int
	initial  []bool // outputs
	tell     func(edge)
	sequence uint32
	closed   bool
}

func (c *fakeChip) request(r *fakeRequest) (levels, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return nil, syscall.ENODEV
	}
	if err := c.answer; err != nil {
		c.answer = nil
		return nil, err
	}
	for _, at := range r.offsets {
		if c.line[at].held || c.line[at].consumer != "" {
			return nil, syscall.EBUSY
		}
	}
	for i, at := range r.offsets {
		c.line[at].held = true
		if r.initial != nil {
			c.line[at].on = r.initial[i]
		}
	}
	c.requests = append(c.requests, r)
	return r, nil
}

func (c *fakeChip) input(consumer string, offsets []int, _ []role, tell func(edge)) (levels, error) {
	return c.request(&fakeRequest{chip: c, consumer: consumer, offsets: slices.Clone(offsets), tell: tell})
}

func (c *fakeChip) output(consumer string, offsets []int, _ []role, on []bool) (levels, error) {
	return c.request(&fakeRequest{chip: c, consumer: consumer, offsets: slices.Clone(offsets), initial: slices.Clone(on)})
}

func (r *fakeRequest) get() ([]bool, error) {
	r.chip.mu.Lock()
	defer r.chip.mu.Unlock()
	if r.closed {
		return nil, errors.New("already closed")
	}
	if r.chip.gone {
		return nil, syscall.ENODEV
	}
	var on []bool
	for _, at := range r.offsets {
		on = append(on, r.chip.line[at].on)
	}
	return on, nil
}

func (r *fakeRequest) set(on []bool) error {
	r.chip.mu.Lock()
	defer r.chip.mu.Unlock()
	if r.closed {
		return errors.New("already closed")
	}
	if r.chip.gone {
		return syscall.ENODEV
	}
	for i, at := range r.offsets {
		r.chip.line[at].on = on[i]
	}
	return nil
}

func (r *fakeRequest) close() {
	r.chip.mu.Lock()
	defer r.chip.mu.Unlock()
	r.closed = true
	for _, at := range r.offsets {
		r.chip.line[at].held = false
	}
}

// drive gives an input its level, and tells the edge to whoever holds it.
func (c *fakeChip) drive(at int, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line[at].on == on {
		return
	}
	c.line[at].on = on
	for _, r := range c.requests {
		if r.closed || r.tell == nil || c.gone || !slices.Contains(r.offsets, at) {
			continue
		}
		r.sequence++
		if c.deaf {
			continue
		}
		r.tell(edge{offset: at, on: on, at: time.Now(), sequence: r.sequence})
	}
}

func (c *fakeChip) on(at int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line[at].held && c.line[at].on
}

func (c *fakeChip) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// The lines of the tests' chip.
const (
	door = iota
	red
	green
	key
)

// far drives the suite's chip.
type far struct{ *fakeChip }

func (f far) Drive(input string, on bool) {
	f.drive(map[string]int{"door": door, "key": key}[input], on)
}
func (f far) Lit(output string) bool { return f.on(map[string]int{"red": red, "green": green}[output]) }
func (f far) Unplug()                { f.set(func() { f.gone = true }) }
func (f far) Plug()                  { f.set(func() { f.gone = false }) }

func in(lines ...string) map[string]gpio.Line { return named([]string{"door", "key"}, lines) }

func out(lines ...string) map[string]gpio.Line { return named([]string{"green", "red"}, lines) }

func named(names, lines []string) map[string]gpio.Line {
	all := map[string]gpio.Line{}
	for i, l := range lines {
		all[names[i]] = gpio.Line{Chip: "pinctrl-rp1", Line: l}
	}
	return all
}

func quick() Config { return Config{Compare: 20 * time.Millisecond, Settle: 5 * time.Millisecond} }

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
