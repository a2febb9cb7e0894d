package scanline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/holoplot/go-evdev"

	"selfpay/device/scanner"
	"selfpay/device/scanner/scannertest"
)

// A tree as Linux shows it: a hub with a scanner of three nodes, and a touch screen beside it.
func TestTheOtherNodesOfAScannerAreFound(t *testing.T) {
	sys := t.TempDir()
	folder := func(path string) string {
		path = filepath.Join(sys, path)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	class, dev := folder("class/input"), folder("dev")
	const hub = "devices/pci0000:00/usb1/1-1"
	for name, at := range map[string]string{
		"event9":  hub + "/1-1.2/1-1.2:1.0/0003:0C2E:0B61.0004/input/input9",
		"event10": hub + "/1-1.2/1-1.2:1.1/0003:0C2E:0B61.0005/input/input10",
		"event11": hub + "/1-1.2/1-1.2:1.1/0003:0C2E:0B61.0005/input/input11",
		"event3":  hub + "/1-1.20/1-1.20:1.0/0003:04E7:0020.0002/input/input3",
		"event0":  "devices/platform/i8042/serio0/input/input0",
	} {
		if err := os.Symlink(folder(at+"/"+name), filepath.Join(class, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dev, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, device := range []string{"devices/pci0000:00/usb1", hub, hub + "/1-1.2", hub + "/1-1.20"} {
		if err := os.WriteFile(filepath.Join(sys, device, "idVendor"), []byte("0c2e\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dev, "usb-Scanner-event-if01")
	if err := os.Symlink("event10", link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		link:                                 {link, "/dev/input/event9", "/dev/input/event11"},
		filepath.Join(dev, "event9"):         {filepath.Join(dev, "event9"), "/dev/input/event10", "/dev/input/event11"},
		filepath.Join(dev, "event3"):         {filepath.Join(dev, "event3")},
		filepath.Join(dev, "event0"):         {filepath.Join(dev, "event0")},
		filepath.Join(dev, "not-plugged-in"): {filepath.Join(dev, "not-plugged-in")},
	} {
		if got := nodes(sys, path); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

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
