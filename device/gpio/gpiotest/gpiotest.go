// Package gpiotest is the conformance suite of GPIO chips, and a chip in memory that passes it.
package gpiotest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/gpio"
)

// The lines of the chips that Run is given. All inputs begin off.
var (
	Inputs  = []string{"door", "key"}
	Outputs = []string{"green", "red"}
)

// Far is what hangs on the lines, in the test's hand. It starts plugged in.
type Far interface {
	Drive(input string, on bool)
	Lit(output string) bool // the level that the output has; off while nobody holds it
	Unplug()
	Plug()
}

// slack is far more than any call may take; a call that needs it hangs.
const slack = 20 * time.Second

// Run holds the chip that open makes, with the lines Inputs and Outputs, to the contract, with a new one for each
// rule. open ends what it started with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) (gpio.Chip, Far)) {
	rule := func(name string, check func(t *testing.T, b bench)) {
		t.Run(name, func(t *testing.T) {
			c, far := open(t)
			defer c.Close()
			check(t, bench{t, c, far})
		})
	}
	rule("LinesAreNamed", func(t *testing.T, b bench) {
		if got := slices.Sorted(slices.Values(b.chip.Inputs())); !slices.Equal(got, Inputs) {
			t.Errorf("Inputs = %q, want %q", got, Inputs)
		}
		if got := slices.Sorted(slices.Values(b.chip.Outputs())); !slices.Equal(got, Outputs) {
			t.Errorf("Outputs = %q, want %q", got, Outputs)
		}
		if b.chip.String() == "" {
			t.Error("the chip has no name")
		}
	})
	rule("LevelsComeFirst", func(t *testing.T, b bench) {
		b.far.Drive("key", true)
		b.begins(map[string]bool{"door": false, "key": true})
	})
	rule("ChangesComeInOrder", func(t *testing.T, b bench) {
		b.begins(map[string]bool{"door": false, "key": false})
		for range 3 {
			b.changes("door", true)
			b.changes("key", true)
			b.changes("door", false)
			b.changes("key", false)
		}
	})
	rule("OutputsAreSet", func(t *testing.T, b bench) {
		for range 2 {
			b.set("green", true)
			b.lit("green", true)
			b.lit("red", false)
			b.set("red", true)
			b.set("green", false)
			b.lit("green", false)
			b.lit("red", true)
			b.set("red", false)
		}
	})
	rule("UnknownOutputIsRefused", func(t *testing.T, b bench) {
		if err := b.chip.Set("blue", true); device.Class(err) != device.ErrRefused {
			t.Errorf("Set of an output that is not there = %v", err)
		}
		if err := b.chip.Set("door", true); device.Class(err) != device.ErrRefused {
			t.Errorf("Set of an input = %v", err)
		}
	})
	rule("EndedContextEndsNext", func(t *testing.T, b bench) {
		b.begins(map[string]bool{"door": false, "key": false})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := b.chip.Next(ctx); !errors.Is(err, context.DeadlineExceeded) || device.Class(err) != device.ErrNotSent {
			t.Fatalf("Next = %v", err)
		}
		b.changes("door", true)
	})
	rule("UnpluggedNeedsAttention", func(t *testing.T, b bench) {
		b.begins(map[string]bool{"door": false, "key": false})
		b.far.Unplug()
		b.fails()
		b.fails()
		if err := b.chip.Set("red", true); device.Class(err) != device.ErrAttention {
			t.Errorf("Set without a chip = %v", err)
		}
	})
	rule("LevelsComeAgainAfterReplug", func(t *testing.T, b bench) {
		b.begins(map[string]bool{"door": false, "key": false})
		b.set("green", true)
		b.far.Unplug()
		b.fails()
		b.chip.Set("red", true)
		b.far.Drive("door", true)
		b.far.Plug()
		b.begins(map[string]bool{"door": true, "key": false})
		b.lit("green", true)
		b.lit("red", true)
	})
	rule("CloseEndsNextAndBringsOutputsToRest", func(t *testing.T, b bench) {
		b.begins(map[string]bool{"door": false, "key": false})
		b.set("red", true)
		result := b.next()
		time.Sleep(50 * time.Millisecond) // for Next to wait; one that comes behind Close opens the chip again
		if err := b.chip.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case r := <-result:
			if device.Class(r.err) != device.ErrAttention {
				t.Errorf("Next = %+v, %v", r.change, r.err)
			}
		case <-time.After(slack):
			t.Fatal("Next hangs")
		}
		b.lit("red", false)
		b.begins(map[string]bool{"door": false, "key": false})
		b.lit("red", false)
	})
}

type bench struct {
	t    *testing.T
	chip gpio.Chip
	far  Far
}

type result struct {
	change gpio.Change
	err    error
}

func (b bench) next() <-chan result {
	c := make(chan result, 1)
	go func() {
		change, err := b.chip.Next(b.t.Context())
		c <- result{change, err}
	}()
	return c
}

func (b bench) wait() result {
	b.t.Helper()
	select {
	case r := <-b.next():
		return r
	case <-time.After(slack):
		b.t.Fatal("Next hangs")
		return result{}
	}
}

// begins wants the level of each input, once and in any order.
func (b bench) begins(want map[string]bool) {
	b.t.Helper()
	seen := map[string]bool{}
	for range want {
		r := b.wait()
		on, known := want[r.change.Input]
		if r.err != nil || !known || on != r.change.On || seen[r.change.Input] {
			b.t.Fatalf("Next = %+v, %v; want the levels %v", r.change, r.err, want)
		}
		seen[r.change.Input] = true
	}
}

// changes drives an input and wants to hear of it.
func (b bench) changes(input string, on bool) {
	b.t.Helper()
	before := time.Now()
	b.far.Drive(input, on)
	r := b.wait()
	if r.err != nil || r.change.Input != input || r.change.On != on || r.change.Mended {
		b.t.Fatalf("Next = %+v, %v; want %s %v", r.change, r.err, input, on)
	}
	if at := r.change.At; at.Before(before.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
		b.t.Errorf("%s changed at %s, which is not now", input, at)
	}
}

func (b bench) fails() {
	b.t.Helper()
	if r := b.wait(); device.Class(r.err) != device.ErrAttention {
		b.t.Fatalf("Next = %+v, %v; want class %q", r.change, r.err, device.ErrAttention)
	}
}

func (b bench) set(output string, on bool) {
	b.t.Helper()
	if err := b.chip.Set(output, on); err != nil {
		b.t.Fatal(err)
	}
}

func (b bench) lit(output string, want bool) {
	b.t.Helper()
	if got := b.far.Lit(output); got != want {
		b.t.Fatalf("%s is lit: %v, want %v", output, got, want)
	}
}
