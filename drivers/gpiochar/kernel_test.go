//go:build vm

package gpiochar

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/warthog618/go-gpiosim"

	"selfpay/device/gpio"
	"selfpay/systemd/vm/pretend"
)

const simulated = "kiosk-lines"

func simulate(t *testing.T, banks ...*gpiosim.Bank) *gpiosim.Sim {
	t.Helper()
	pretend.Only(t)
	var options []gpiosim.NewSimOption
	for _, b := range banks {
		options = append(options, gpiosim.WithBank(b))
	}
	s, err := gpiosim.NewSim(options...)
	noError(t, err)
	t.Cleanup(s.Close)
	return s
}

func door4(how gpio.Line) map[string]gpio.Line {
	how.Chip, how.Line = simulated, "4"
	return map[string]gpio.Line{"door": how}
}

func opened(t *testing.T, in, out map[string]gpio.Line) *Chip {
	t.Helper()
	c := New(simulated, in, out, Config{}, quiet)
	t.Cleanup(func() { c.Close() })
	return c
}

// silence wants no change for a while.
func silence(t *testing.T, c *Chip) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if change, err := c.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Next = %+v, %v; want none", change, err)
	}
}

func TestKernelTellsEdges(t *testing.T) {
	sim := &simulate(t, gpiosim.NewBank(simulated, 8, gpiosim.WithNamedLine(4, "DOOR"))).Chips[0]
	c := opened(t, map[string]gpio.Line{"door": {Chip: simulated, Line: "DOOR", Debounce: time.Millisecond},
		"key": {Chip: simulated, Line: "5", ActiveLow: true}}, nil)
	next(t, c, gpio.Change{Input: "door"})
	next(t, c, gpio.Change{Input: "key", On: true})
	for range 3 {
		noError(t, sim.Pullup(4))
		next(t, c, gpio.Change{Input: "door", On: true})
		noError(t, sim.Pullup(5))
		next(t, c, gpio.Change{Input: "key"})
		noError(t, sim.Pulldown(5))
		next(t, c, gpio.Change{Input: "key", On: true})
		noError(t, sim.Pulldown(4))
		next(t, c, gpio.Change{Input: "door"})
	}
	silence(t, c)
}

func TestBounceTrainIsOneChange(t *testing.T) {
	const debounce = 400 * time.Millisecond
	sim := &simulate(t, gpiosim.NewBank(simulated, 8)).Chips[0]
	c := opened(t, door4(gpio.Line{Debounce: debounce}), nil)
	next(t, c, gpio.Change{Input: "door"})
	for try := range 10 {
		longest := time.Duration(0)
		for range 21 {
			before := time.Now()
			noError(t, sim.Toggle(4))
			longest = max(longest, time.Since(before))
		}
		on := try%2 == 0
		if longest < debounce/2 {
			next(t, c, gpio.Change{Input: "door", On: on})
			silence(t, c)
			return
		}
		for changed, err := c.Next(t.Context()); err == nil && changed.On != on; { // too slow to be a bounce
			changed, err = c.Next(t.Context())
		}
	}
	t.Fatal("this machine is too slow to make a contact bounce")
}

func TestKernelSetsOutputs(t *testing.T) {
	sim := &simulate(t, gpiosim.NewBank(simulated, 8)).Chips[0]
	c := opened(t, door4(gpio.Line{}), map[string]gpio.Line{"red": {Chip: simulated, Line: "6"}, "relay": {Chip: simulated, Line: "7", ActiveLow: true}})
	level := func(at, want int) {
		t.Helper()
		if got, err := sim.Level(at); err != nil || got != want {
			t.Fatalf("line %d has level %d, %v; want %d", at, got, err, want)
		}
	}
	noError(t, c.Set("red", true))
	level(6, 1)
	level(7, 1)
	noError(t, c.Set("relay", true))
	level(7, 0)
	noError(t, c.Set("red", false))
	level(6, 0)
	level(7, 0)
}

func TestHeldLineIsBusy(t *testing.T) {
	simulate(t, gpiosim.NewBank(simulated, 8))
	first := opened(t, door4(gpio.Line{}), nil)
	next(t, first, gpio.Change{Input: "door"})
	second := opened(t, door4(gpio.Line{}), nil)
	if _, err := second.Next(t.Context()); !errors.Is(err, syscall.EBUSY) || !strings.Contains(err.Error(), `line 4 is held by "kioskd:door"`) {
		t.Errorf("Next = %v", err)
	}
	noError(t, first.Close())
	next(t, second, gpio.Change{Input: "door"})
}

func TestNumberOfAChipDoesNotMatter(t *testing.T) {
	number := func(first, second string) string {
		s := simulate(t, gpiosim.NewBank(first, 8), gpiosim.NewBank(second, 8))
		defer s.Close()
		c := opened(t, door4(gpio.Line{}), nil)
		next(t, c, gpio.Change{Input: "door"})
		for _, chip := range s.Chips {
			if chip.Config().Label == simulated {
				noError(t, chip.Pullup(4))
				next(t, c, gpio.Change{Input: "door", On: true})
				noError(t, c.Close())
				return chip.ChipName()
			}
		}
		t.Fatal("the simulator has lost the chip")
		return ""
	}
	if a, b := number(simulated, "other"), number("other", simulated); a == b {
		t.Errorf("the chip was %s both times", a)
	}
}

func TestOpenSwitchWithPullUpFallsFirst(t *testing.T) {
	sim := &simulate(t, gpiosim.NewBank(simulated, 8)).Chips[0]
	c := opened(t, door4(gpio.Line{Pull: gpio.PullUp}), nil)
	next(t, c, gpio.Change{Input: "door", On: true})
	noError(t, sim.Pulldown(4))
	next(t, c, gpio.Change{Input: "door"})
}

func TestUnpluggedChipComesBack(t *testing.T) {
	s := simulate(t, gpiosim.NewBank(simulated, 8))
	c := New(simulated, door4(gpio.Line{}), map[string]gpio.Line{"red": {Chip: simulated, Line: "6"}}, Config{Compare: 200 * time.Millisecond}, quiet)
	t.Cleanup(func() { c.Close() })
	next(t, c, gpio.Change{Input: "door"})
	s.Close()
	_, err := c.Next(t.Context())
	says(t, err, "lost")
	says(t, c.Set("red", true), "no such chip")
	s = simulate(t, gpiosim.NewBank(simulated, 8))
	noError(t, s.Chips[0].Pullup(4))
	next(t, c, gpio.Change{Input: "door", On: true})
	if got, err := s.Chips[0].Level(6); err != nil || got != 1 {
		t.Errorf("the lamp has level %d, %v", got, err)
	}
}
