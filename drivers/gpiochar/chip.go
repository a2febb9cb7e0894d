package gpiochar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"selfpay/device"
	"selfpay/device/gpio"
)

// Config holds a chip's times. The zero value is for stations.
type Config struct {
	Compare time.Duration // between two looks at the levels; 0 means 5 s
	Settle  time.Duration // a level that differs from the last change for so long is a missed change; 0 means 250 ms
}

func (c Config) withDefaults() Config {
	if c.Compare == 0 {
		c.Compare = 5 * time.Second
	}
	if c.Settle == 0 {
		c.Settle = 250 * time.Millisecond
	}
	return c
}

// role is a line and what it is for.
type role struct {
	name string
	gpio.Line
}

// Chip is the lines of a station on one chip.
type Chip struct {
	label           string
	inputs, outputs []role
	cfg             Config
	kernel          kernel
	log             *slog.Logger
	turn            chan struct{} // holds one while Next runs

	mu     sync.Mutex
	wanted []bool // of the outputs
	lines  *lines // nil while they are not open
	missed int    // changes that were found by comparing
}

var _ gpio.Chip = (*Chip)(nil)

// New makes the lines of the chip with this label, by what they are for. It opens nothing; Set and Next do, and again
// after the chip was unplugged.
func New(label string, inputs, outputs map[string]gpio.Line, cfg Config, log *slog.Logger) *Chip {
	return newChip(label, inputs, outputs, cfg, cdev{}, log)
}

func newChip(label string, inputs, outputs map[string]gpio.Line, cfg Config, k kernel, log *slog.Logger) *Chip {
	return &Chip{label: label, inputs: roles(inputs), outputs: roles(outputs), cfg: cfg.withDefaults(), kernel: k, log: log,
		turn: make(chan struct{}, 1), wanted: make([]bool, len(outputs))}
}

func roles(lines map[string]gpio.Line) []role {
	var all []role
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		all = append(all, role{name, lines[name]})
	}
	return all
}

func (c *Chip) String() string { return "GPIO chip " + c.label }

// Inputs are the names of its inputs.
func (c *Chip) Inputs() []string { return names(c.inputs) }

// Outputs are the names of its outputs.
func (c *Chip) Outputs() []string { return names(c.outputs) }

func names(roles []role) []string {
	var all []string
	for _, r := range roles {
		all = append(all, r.name)
	}
	return all
}

// Set gives an output its level, as the contract says.
func (c *Chip) Set(output string, on bool) error {
	at := slices.IndexFunc(c.outputs, func(r role) bool { return r.name == output })
	if at < 0 {
		return fmt.Errorf("gpiochar: %s has no output %q: %w", c.label, output, device.ErrRefused)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted[at] = on
	if c.lines == nil {
		_, err := c.open() // with the levels that are wanted
		return err
	}
	if err := c.lines.out.set(c.wanted); err != nil {
		c.lines.lose(err)
		c.lines = nil
		return c.attention("set "+output, err)
	}
	return nil
}

func (c *Chip) attention(what string, err error) error {
	return fmt.Errorf("gpiochar: %s: %s: %w: %w", c.label, what, device.ErrAttention, err)
}

// Next waits for the next change, as the contract says.
func (c *Chip) Next(ctx context.Context) (gpio.Change, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return gpio.Change{}, fmt.Errorf("gpiochar: %s: %w: %w", c.label, device.ErrNotSent, ctx.Err())
	}
	c.mu.Lock()
	l, err := c.lines, error(nil)
	if l == nil {
		l, err = c.open()
	}
	c.mu.Unlock()
	if err != nil {
		return gpio.Change{}, err
	}
	change, err := l.next(ctx)
	if ctx.Err() != nil && err != nil {
		return gpio.Change{}, fmt.Errorf("gpiochar: %s: %w: %w", c.label, device.ErrNotSent, ctx.Err())
	}
	if err != nil {
		c.drop(l, err)
		return gpio.Change{}, c.attention("lost", err)
	}
	if change.Mended {
		c.mu.Lock()
		c.missed++
		c.log.Warn("a change of a line was missed", "chip", c.label, "line", change.Input, "missed", c.missed)
		c.mu.Unlock()
	}
	return change, nil
}

// drop closes lines that were lost, if they are still the chip's.
func (c *Chip) drop(l *lines, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lines == l {
		c.lines = nil
	}
	l.lose(why)
}

var errClosed = errors.New("closed")

// Close brings the outputs to rest and releases all lines.
func (c *Chip) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.wanted)
	if c.lines == nil {
		return nil
	}
	err := c.lines.out.set(c.wanted)
	c.lines.lose(errClosed)
	c.lines = nil
	if err != nil {
		return c.attention("bring the outputs to rest", err)
	}
	return nil
}

// open requests all lines. c.mu is held.
func (c *Chip) open() (*lines, error) {
	file, err := c.find()
	if err != nil {
		return nil, c.attention("open", err)
	}
	defer file.close() // requests live on without it
	in, err := offsets(file, c.inputs)
	if err != nil {
		return nil, c.attention("open", err)
	}
	out, err := offsets(file, c.outputs)
	if err != nil {
		return nil, c.attention("open", err)
	}
	l := newLines(c.inputs, in, c.cfg)
	if l.in, err = request(in, func() (levels, error) { return file.input(consumer(c.inputs), in, c.inputs, l.edge) }); err != nil {
		return nil, c.attention("open inputs", explain(err, file, in))
	}
	if l.out, err = request(out, func() (levels, error) { return file.output(consumer(c.outputs), out, c.outputs, c.wanted) }); err != nil {
		l.lose(err)
		return nil, c.attention("open outputs", explain(err, file, out))
	}
	if err := l.begin(); err != nil {
		l.lose(err)
		return nil, c.attention("read the inputs", err)
	}
	c.lines = l
	return l, nil
}

// request asks for lines where there are any: the kernel refuses a request for none.
func request(offsets []int, ask func() (levels, error)) (levels, error) {
	if len(offsets) == 0 {
		return noLines{}, nil
	}
	l, err := ask()
	if err != nil {
		return noLines{}, err
	}
	return l, nil
}

// noLines stands for a request without lines.
type noLines struct{}

func (noLines) get() ([]bool, error) { return nil, nil }
func (noLines) set([]bool) error     { return nil }
func (noLines) close()               {}

// consumer is the name under which the kernel knows the holder, with what the lines are for; the kernel keeps 31 bytes.
func consumer(roles []role) string {
	text := "kioskd:" + strings.Join(names(roles), ",")
	return text[:min(len(text), 31)]
}
