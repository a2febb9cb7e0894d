package gpiochar

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/warthog618/go-gpiocdev"
	"golang.org/x/sys/unix"

	"selfpay/device/gpio"
)

// kernel is what is used of Linux's GPIO.
type kernel interface {
	chips() []string // "gpiochip0"
	open(chip string) (file, error)
}

// file is an open chip.
type file interface {
	label() string
	lines() ([]line, error) // by offset
	input(consumer string, offsets []int, how []role, tell func(edge)) (levels, error)
	output(consumer string, offsets []int, how []role, on []bool) (levels, error)
	close()
}

// line is what the kernel says of one line.
type line struct {
	name     string
	consumer string // who holds it; empty where nobody does, or does not say
}

// levels are requested lines.
type levels interface {
	get() ([]bool, error)
	set(on []bool) error
	close()
}

// find opens the chip with the label.
func (c *Chip) find() (file, error) {
	var labels []string
	var denied string
	var found file
	for _, name := range c.kernel.chips() {
		f, err := c.kernel.open(name)
		switch {
		case errors.Is(err, syscall.EACCES):
			denied = name
		case err != nil: // it goes or comes just now
		case f.label() != c.label:
			labels = append(labels, f.label())
			f.close()
		case found != nil:
			found.close()
			f.close()
			return nil, fmt.Errorf("two chips have the label %s; gpiodetect lists them", c.label)
		default:
			found = f
		}
	}
	switch {
	case found != nil:
		return found, nil
	case denied != "":
		return nil, fmt.Errorf("/dev/%s may not be opened: the kiosk's user must be in the group gpio, and a udev rule must give the chips to it", denied)
	case len(labels) > 0:
		return nil, fmt.Errorf("there is no such chip, but %s; gpiodetect lists them", strings.Join(labels, ", "))
	}
	return nil, errors.New("there is no such chip, nor any other; is it plugged in?")
}

// offsets are the places of lines on the chip.
func offsets(f file, roles []role) ([]int, error) {
	all, err := f.lines()
	if err != nil {
		return nil, err
	}
	var found []int
	for _, r := range roles {
		at, err := offset(all, r.Line.Line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; gpioinfo lists the lines", r.name, err)
		}
		if slices.Contains(found, at) {
			return nil, fmt.Errorf("%s: line %s is taken twice", r.name, r.Line.Line)
		}
		found = append(found, at)
	}
	return found, nil
}

func offset(all []line, name string) (int, error) {
	if at, err := strconv.Atoi(name); err == nil {
		if at < 0 || at >= len(all) {
			return 0, fmt.Errorf("the chip has lines 0 to %d, not %s", len(all)-1, name)
		}
		return at, nil
	}
	found := -1
	for at, l := range all {
		switch {
		case l.name != name:
		case found >= 0:
			return 0, fmt.Errorf("two lines have the name %s; use the offset", name)
		default:
			found = at
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("no line has the name %s", name)
	}
	return found, nil
}

// explain says what a refused request means for staff.
func explain(err error, f file, offsets []int) error {
	switch {
	case errors.Is(err, syscall.EBUSY):
		return fmt.Errorf("%s: %w; gpioinfo says who holds a line: another program, or an overlay of the board", holders(f, offsets), err)
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOTSUP):
		return fmt.Errorf("the chip cannot do what the addresses ask, pull for one: %w", err)
	}
	return err
}

// holders names the lines that somebody else holds.
func holders(f file, offsets []int) string {
	all, _ := f.lines()
	var held []string
	for _, at := range offsets {
		if at < len(all) && all[at].consumer != "" {
			held = append(held, fmt.Sprintf("line %d is held by %q", at, all[at].consumer))
		}
	}
	if held == nil {
		return "a line is held by somebody else"
	}
	return strings.Join(held, ", ")
}

// cdev is the kernel of this machine.
type cdev struct{}

func (cdev) chips() []string { return gpiocdev.Chips() }

func (cdev) open(name string) (file, error) {
	c, err := gpiocdev.NewChip(name)
	if err != nil {
		return nil, err
	}
	if v := c.UapiAbiVersion(); v < 2 {
		c.Close()
		return nil, fmt.Errorf("the kernel's GPIO is version %d; 2 is needed, which came with Linux 5.10", v)
	}
	return chipFile{c}, nil
}

type chipFile struct{ *gpiocdev.Chip }

func (f chipFile) label() string { return f.Label }

func (f chipFile) close() { f.Chip.Close() }

func (f chipFile) lines() ([]line, error) {
	var all []line
	for at := range f.Lines() {
		info, err := f.LineInfo(at)
		if err != nil {
			return nil, err
		}
		l := line{name: info.Name}
		if info.Used {
			l.consumer = info.Consumer
		}
		all = append(all, l)
	}
	return all, nil
}

func (f chipFile) input(consumer string, offsets []int, how []role, tell func(edge)) (levels, error) {
	options := []gpiocdev.LineReqOption{gpiocdev.WithConsumer(consumer), gpiocdev.AsInput, gpiocdev.WithBothEdges, gpiocdev.WithMonotonicEventClock,
		gpiocdev.WithEventHandler(func(e gpiocdev.LineEvent) {
			tell(edge{offset: e.Offset, on: e.Type == gpiocdev.LineEventRisingEdge, at: wall(e.Timestamp), sequence: e.Seqno})
		})}
	for i, r := range how {
		options = append(options, gpiocdev.WithLines(offsets[i:i+1], setup(r.Line)...))
	}
	return requested(f.RequestLines(offsets, options...))
}

func (f chipFile) output(consumer string, offsets []int, how []role, on []bool) (levels, error) {
	options := []gpiocdev.LineReqOption{gpiocdev.WithConsumer(consumer), gpiocdev.AsOutput(bits(on)...)}
	for i, r := range how {
		if r.ActiveLow {
			options = append(options, gpiocdev.WithLines(offsets[i:i+1], gpiocdev.AsActiveLow))
		}
	}
	return requested(f.RequestLines(offsets, options...))
}

// setup is how a line is held and read.
func setup(l gpio.Line) []gpiocdev.SubsetLineConfigOption {
	options := []gpiocdev.SubsetLineConfigOption{gpiocdev.LevelOption(l.ActiveLow)}
	switch l.Pull {
	case gpio.PullUp:
		options = append(options, gpiocdev.WithPullUp)
	case gpio.PullDown:
		options = append(options, gpiocdev.WithPullDown)
	case gpio.PullNone:
		options = append(options, gpiocdev.WithBiasDisabled)
	}
	if l.Debounce > 0 {
		options = append(options, gpiocdev.WithDebounce(l.Debounce))
	}
	return options
}

// wall is the time of a stamp of the kernel's monotonic clock.
func wall(stamp time.Duration) time.Time {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return time.Now()
	}
	return time.Now().Add(stamp - time.Duration(now.Nano()))
}

type requestedLines struct{ *gpiocdev.Lines }

func requested(l *gpiocdev.Lines, err error) (levels, error) {
	if err != nil {
		return nil, err
	}
	return requestedLines{l}, nil
}

func (l requestedLines) get() ([]bool, error) {
	values := make([]int, len(l.Offsets()))
	if err := l.Values(values); err != nil {
		return nil, err
	}
	on := make([]bool, len(values))
	for i, v := range values {
		on[i] = v != 0
	}
	return on, nil
}

func (l requestedLines) set(on []bool) error { return l.SetValues(bits(on)) }

func (l requestedLines) close() { l.Lines.Close() }

func bits(on []bool) []int {
	values := make([]int, len(on))
	for i, lit := range on {
		if lit {
			values[i] = 1
		}
	}
	return values
}
