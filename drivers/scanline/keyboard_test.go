package scanline

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/holoplot/go-evdev"

	"selfpay/device/scanner"
	"selfpay/device/scanner/scannertest"
)

func TestOnlyANodeThatTypesNumbersIsAScanner(t *testing.T) {
	var digits []evdev.EvCode
	for code := evdev.EvCode(evdev.KEY_1); code <= evdev.KEY_0; code++ {
		digits = append(digits, code)
	}
	for _, c := range []struct {
		name  string
		codes []evdev.EvCode
		want  bool
	}{
		{"keyboard", append(slices.Clone(digits), evdev.KEY_ENTER), true},
		{"no Enter", digits, false},
		{"a digit is missing", append(slices.Clone(digits[1:]), evdev.KEY_ENTER), false},
		{"consumer control", []evdev.EvCode{evdev.KEY_VOLUMEUP, evdev.KEY_ENTER}, false},
		{"nothing", nil, false},
	} {
		if got := types(c.codes); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// unhurried are times for a machine that may stand still for a while between two keys, as an emulated one does.
var unhurried = Config{Silence: 20 * time.Second, Human: 20 * time.Second}

func TestConformanceOverKeyboard(t *testing.T) {
	scannertest.Run(t, func(t *testing.T) (scanner.Scanner, scannertest.Far) {
		t.Parallel()
		far := &typist{at: time.Hour, board: newBoard()}
		return newEvdev(far.open, unhurried, quiet), far
	})
}

// typist is a scanner that types on boards.
type typist struct {
	mu    sync.Mutex
	aim   string
	at    time.Duration
	board *board // nil while unplugged
}

func (y *typist) open() (keyboard, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.board == nil {
		return nil, errors.New("not plugged in")
	}
	select {
	case <-y.board.closed: // the next opening has a reader of its own
		y.board = newBoard()
	default:
	}
	return y.board, nil
}

func (y *typist) SetAIM(id string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.aim = id
}

func (y *typist) Scan(label string) error {
	y.mu.Lock()
	board, typed := y.board, &typing{at: y.at + time.Second}
	typed.text(y.aim + label).press(evdev.KEY_ENTER)
	y.at = typed.at
	y.mu.Unlock()
	if board == nil {
		return errors.New("unplugged")
	}
	for _, e := range typed.events {
		select {
		case board.events <- e:
		case <-board.closed:
			return nil
		case <-time.After(10 * time.Second): // nobody has opened it
			return nil
		}
	}
	return nil
}

func (y *typist) Unplug() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.board != nil {
		close(y.board.gone)
		y.board = nil
	}
}

func (y *typist) Plug() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.board == nil {
		y.board = newBoard()
	}
	return nil
}
