package gpiotest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"selfpay/device"
	"selfpay/device/gpio"
)

// Chip is a chip in memory, with what hangs on it.
type Chip struct {
	inputs, outputs []string

	mu      sync.Mutex
	levels  map[string]bool // of the inputs
	wanted  map[string]bool // of the outputs
	gone    bool
	held    bool          // the lines are open
	pending []gpio.Change // not handed out yet
	woken   chan struct{} // closed at each change of the above
}

var (
	_ gpio.Chip = (*Chip)(nil)
	_ Far       = (*Chip)(nil)
)

// New makes a chip. All lines begin off.
func New(inputs, outputs []string) *Chip {
	return &Chip{inputs: inputs, outputs: outputs, levels: map[string]bool{}, wanted: map[string]bool{}, woken: make(chan struct{})}
}

func (c *Chip) String() string { return "chip in memory" }

// Inputs are the names of its inputs.
func (c *Chip) Inputs() []string { return slices.Clone(c.inputs) }

// Outputs are the names of its outputs.
func (c *Chip) Outputs() []string { return slices.Clone(c.outputs) }

// Set gives an output its level.
func (c *Chip) Set(output string, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.outputs, output) {
		return fmt.Errorf("gpiotest: %w: no output %q", device.ErrRefused, output)
	}
	c.wanted[output] = on
	return c.hold()
}

// hold opens the lines.
func (c *Chip) hold() error {
	if c.gone {
		return fmt.Errorf("gpiotest: %w: unplugged", device.ErrAttention)
	}
	if !c.held {
		c.held, c.pending = true, nil
		for _, name := range c.inputs {
			c.pending = append(c.pending, gpio.Change{Input: name, On: c.levels[name], At: time.Now()})
		}
	}
	return nil
}

// Next waits for the next change.
func (c *Chip) Next(ctx context.Context) (gpio.Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.hold(); err != nil {
		return gpio.Change{}, err
	}
	for c.held && len(c.pending) == 0 && ctx.Err() == nil {
		woken := c.woken
		c.mu.Unlock()
		select {
		case <-woken:
		case <-ctx.Done():
		}
		c.mu.Lock()
	}
	switch {
	case ctx.Err() != nil:
		return gpio.Change{}, fmt.Errorf("gpiotest: %w: %w", device.ErrNotSent, ctx.Err())
	case !c.held:
		return gpio.Change{}, fmt.Errorf("gpiotest: %w: %w", device.ErrAttention, errors.New("lost"))
	}
	first := c.pending[0]
	c.pending = c.pending[1:]
	return first, nil
}

// wake lets Next look again.
func (c *Chip) wake() {
	close(c.woken)
	c.woken = make(chan struct{})
}

// Close brings the outputs to rest.
func (c *Chip) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	clear(c.wanted)
	c.wake()
	return nil
}

// Drive gives an input its level.
func (c *Chip) Drive(input string, on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.levels[input] == on {
		return
	}
	c.levels[input] = on
	if c.held {
		c.pending = append(c.pending, gpio.Change{Input: input, On: on, At: time.Now()})
	}
	c.wake()
}

// Lit is the level of an output.
func (c *Chip) Lit(output string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held && c.wanted[output]
}

// Unplug takes the chip away.
func (c *Chip) Unplug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone, c.held = true, false
	c.wake()
}

// Plug brings it back.
func (c *Chip) Plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = false
}
