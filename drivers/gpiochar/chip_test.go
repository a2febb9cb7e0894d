package gpiochar

import (
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/gpio"
	"selfpay/device/gpio/gpiotest"
)

var quiet = slog.New(slog.DiscardHandler)

// rp1 is a chip with the tests' lines, which have names too.
func rp1() *fakeChip { return newFake("pinctrl-rp1", "GPIO4", "GPIO5", "GPIO6", "GPIO7") }

func TestConformance(t *testing.T) {
	gpiotest.Run(t, func(*testing.T) (gpio.Chip, gpiotest.Far) {
		c := rp1()
		b := &board{files: map[string]*fakeChip{"gpiochip0": newFake("raspberrypi-exp-gpio", "a"), "gpiochip4": c}}
		return newChip("pinctrl-rp1", in("0", "GPIO7"), out("2", "GPIO5"), quick(), b, quiet), far{c}
	})
}

// next wants a change within what may pass.
func next(t *testing.T, c *Chip, want gpio.Change) {
	t.Helper()
	got, err := c.Next(t.Context())
	if got.At = (time.Time{}); err != nil || got != want {
		t.Fatalf("Next = %+v, %v; want %+v", got, err, want)
	}
}

func begun(t *testing.T, c *Chip) {
	t.Helper()
	next(t, c, gpio.Change{Input: "door"})
	next(t, c, gpio.Change{Input: "key"})
}

func chipOn(f *fakeChip, log *slog.Logger) *Chip {
	return newChip("pinctrl-rp1", in("0", "3"), out("2", "1"), Config{}, &board{files: map[string]*fakeChip{"gpiochip0": f}}, log)
}

func TestInputsAreOneRequestAndOutputsAnother(t *testing.T) {
	f := rp1()
	c := chipOn(f, quiet)
	defer c.Close()
	noError(t, c.Set("red", true))
	if len(f.requests) != 2 {
		t.Fatalf("%d requests", len(f.requests))
	}
	inputs, outputs := f.requests[0], f.requests[1]
	if !slices.Equal(inputs.offsets, []int{door, key}) || inputs.consumer != "kioskd:door,key" {
		t.Errorf("inputs: %v by %q", inputs.offsets, inputs.consumer)
	}
	if !slices.Equal(outputs.offsets, []int{green, red}) || outputs.consumer != "kioskd:green,red" {
		t.Errorf("outputs: %v by %q", outputs.offsets, outputs.consumer)
	}
	if !slices.Equal(outputs.initial, []bool{false, true}) {
		t.Errorf("outputs begin as %v: no lamp may have a level that nobody wanted", outputs.initial)
	}
}

func TestConsumerFitsTheKernel(t *testing.T) {
	var all []role
	for _, name := range []string{"key_switch", "paper_low", "staff_call", "tamper"} {
		all = append(all, role{name: name})
	}
	if got := consumer(all); len(got) != 31 || !strings.HasPrefix(got, "kioskd:key_switch,paper_low") {
		t.Errorf("consumer = %q", got)
	}
}

func TestChipIsFoundByLabelWhenItsNumberChanges(t *testing.T) {
	f, other := rp1(), newFake("raspberrypi-exp-gpio", "a", "b", "c", "d")
	b := &board{files: map[string]*fakeChip{"gpiochip4": f, "gpiochip0": other}}
	c := newChip("pinctrl-rp1", in("0", "3"), out("2", "1"), quick(), b, quiet)
	defer c.Close()
	begun(t, c)
	f.set(func() { f.gone = true })
	if _, err := c.Next(t.Context()); device.Class(err) != device.ErrAttention {
		t.Fatal(err)
	}
	f.set(func() { f.gone = false })
	b.mu.Lock()
	b.files = map[string]*fakeChip{"gpiochip4": other, "gpiochip0": f}
	b.mu.Unlock()
	begun(t, c)
	if len(other.requests) != 0 {
		t.Error("lines of another chip were requested")
	}
}

func TestChipMayComeLater(t *testing.T) {
	b := &board{files: map[string]*fakeChip{}}
	c := newChip("pinctrl-rp1", in("0", "3"), out("2", "1"), Config{}, b, quiet)
	defer c.Close()
	_, err := c.Next(t.Context())
	says(t, err, "pinctrl-rp1", "no such chip", "plugged in")
	says(t, c.Set("green", true), "pinctrl-rp1")
	f := rp1()
	b.mu.Lock()
	b.files["gpiochip2"] = f
	b.mu.Unlock()
	begun(t, c)
	if !f.on(green) {
		t.Error("the level that was set without the chip is forgotten")
	}
}

// says wants an error of class attention with words for staff.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	if device.Class(err) != device.ErrAttention {
		t.Fatalf("%v is not of class attention", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	held := rp1()
	held.line[key].consumer = "w1"
	unnamed := rp1()
	unnamed.answer = syscall.EBUSY
	weak := rp1()
	weak.answer = syscall.EINVAL
	lamps := rp1()
	lamps.line[red].consumer = "hdmi"
	for name, c := range map[string]struct {
		board   *board
		in, out map[string]gpio.Line
		words   []string
	}{
		"another chip": {&board{files: map[string]*fakeChip{"gpiochip0": newFake("pinctrl-bcm2711")}}, in("0"), nil, []string{"pinctrl-bcm2711", "gpiodetect"}},
		"two chips": {&board{files: map[string]*fakeChip{"gpiochip0": rp1(), "gpiochip1": rp1()}}, in("0"), nil,
			[]string{"two chips", "gpiodetect"}},
		"no rights": {&board{files: map[string]*fakeChip{"gpiochip0": rp1()}, denied: map[string]bool{"gpiochip0": true}}, in("0"), nil,
			[]string{"/dev/gpiochip0", "group gpio", "udev"}},
		"held":         {&board{files: map[string]*fakeChip{"gpiochip0": held}}, in("0", "3"), nil, []string{`line 3 is held by "w1"`, "gpioinfo"}},
		"held, by?":    {&board{files: map[string]*fakeChip{"gpiochip0": unnamed}}, in("0"), nil, []string{"held by somebody", "gpioinfo"}},
		"held output":  {&board{files: map[string]*fakeChip{"gpiochip0": lamps}}, in("0"), out("2", "1"), []string{`line 1 is held by "hdmi"`}},
		"no such line": {&board{files: map[string]*fakeChip{"gpiochip0": rp1()}}, in("GPIO99"), nil, []string{"door", "GPIO99", "gpioinfo"}},
		"beyond":       {&board{files: map[string]*fakeChip{"gpiochip0": rp1()}}, nil, out("4"), []string{"green", "0 to 3", "gpioinfo"}},
		"negative":     {&board{files: map[string]*fakeChip{"gpiochip0": rp1()}}, in("-1"), nil, []string{"0 to 3"}},
		"two names": {&board{files: map[string]*fakeChip{"gpiochip0": newFake("pinctrl-rp1", "-", "GPIO5", "GPIO5")}}, in("GPIO5"), nil,
			[]string{"two lines have the name GPIO5", "offset"}},
		"twice":        {&board{files: map[string]*fakeChip{"gpiochip0": rp1()}}, in("3", "GPIO7"), nil, []string{"key", "twice"}},
		"cannot do it": {&board{files: map[string]*fakeChip{"gpiochip0": weak}}, in("0"), nil, []string{"cannot do"}},
	} {
		t.Run(name, func(t *testing.T) {
			chip := newChip("pinctrl-rp1", c.in, c.out, Config{}, c.board, quiet)
			defer chip.Close()
			_, err := chip.Next(t.Context())
			says(t, err, c.words...)
			for _, f := range c.board.files {
				for _, l := range f.line {
					if l.held {
						t.Error("a line stays held after a request that failed")
					}
				}
			}
		})
	}
}

func TestMissedChangeIsFoundByItsLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rp1()
		var log strings.Builder
		c := chipOn(f, slog.New(slog.NewTextHandler(&log, nil)))
		defer c.Close()
		begun(t, c)
		f.set(func() { f.deaf = true })
		f.drive(door, true)
		before := time.Now()
		next(t, c, gpio.Change{Input: "door", On: true, Mended: true})
		if took := time.Since(before); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("found after %s", took)
		}
		if !strings.Contains(log.String(), "line=door missed=1") {
			t.Errorf("log: %s", &log)
		}
		f.set(func() { f.deaf = false })
		f.drive(door, false)
		next(t, c, gpio.Change{Input: "door"})
	})
}

func TestGapInTheNumbersIsLookedAtAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rp1()
		c := chipOn(f, quiet)
		defer c.Close()
		begun(t, c)
		f.set(func() { f.deaf = true })
		f.drive(door, true)
		f.set(func() { f.deaf = false })
		f.drive(key, true)
		before := time.Now()
		next(t, c, gpio.Change{Input: "key", On: true})
		next(t, c, gpio.Change{Input: "door", On: true, Mended: true})
		if took := time.Since(before); took > time.Second {
			t.Errorf("found after %s", took)
		}
	})
}

// An edge that the kernel has counted in the level, but not told yet.
func TestEdgeOnItsWayIsNotCountedAsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rp1()
		c := chipOn(f, quiet)
		defer c.Close()
		begun(t, c)
		late := time.AfterFunc(5*time.Second+100*time.Millisecond, func() {
			r := f.requests[0]
			r.sequence++
			r.tell(edge{offset: door, on: true, at: time.Now(), sequence: r.sequence})
		})
		defer late.Stop()
		f.set(func() { f.line[door].on = true })
		next(t, c, gpio.Change{Input: "door", On: true})
	})
}

func TestMoreEdgesThanAreKeptEndInTheTrueLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rp1()
		c := chipOn(f, quiet)
		defer c.Close()
		begun(t, c)
		for i := range 2*waiting + 1 {
			f.drive(door, i%2 == 0)
		}
		for range waiting {
			if _, err := c.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		next(t, c, gpio.Change{Input: "door", On: true, Mended: true})
	})
}

func TestEdgeBeforeTheFirstLookIsNotToldTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rp1()
		c := chipOn(f, quiet)
		defer c.Close()
		noError(t, c.Set("red", true)) // opens
		f.drive(door, true)
		next(t, c, gpio.Change{Input: "door"})
		next(t, c, gpio.Change{Input: "key"})
		next(t, c, gpio.Change{Input: "door", On: true})
		r := f.requests[0]
		r.sequence++
		r.tell(edge{offset: door, on: true, at: time.Now(), sequence: r.sequence}) // as if it had come between request and look
		f.drive(key, true)
		next(t, c, gpio.Change{Input: "key", On: true})
	})
}

func TestUnpluggedChipOfOutputsIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rp1()
		c := newChip("pinctrl-rp1", nil, out("2", "1"), Config{}, &board{files: map[string]*fakeChip{"gpiochip0": f}}, quiet)
		defer c.Close()
		time.AfterFunc(time.Minute, func() { f.set(func() { f.gone = true }) })
		before := time.Now()
		_, err := c.Next(t.Context())
		says(t, err, "lost")
		if took := time.Since(before); took < time.Minute || took > time.Minute+6*time.Second {
			t.Errorf("noticed after %s", took)
		}
	})
}

func TestNumbersAreTheKernels(t *testing.T) {
	if got := bits([]bool{true, false, true}); !slices.Equal(got, []int{1, 0, 1}) {
		t.Errorf("bits = %v", got)
	}
	if at := time.Since(wall(0)); at < 0 {
		t.Errorf("the machine started %s ago", at)
	}
	for l, options := range map[gpio.Line]int{
		{}:                                     1,
		{Pull: gpio.PullUp}:                    2,
		{Pull: gpio.PullNone, ActiveLow: true}: 2,
		{Pull: gpio.PullDown, Debounce: 1}:     3,
	} {
		if got := len(setup(l)); got != options {
			t.Errorf("setup(%+v) has %d options, want %d", l, got, options)
		}
	}
}
