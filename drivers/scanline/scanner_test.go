package scanline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holoplot/go-evdev"

	"selfpay/device"
	"selfpay/device/scanner"
	"selfpay/device/scanner/scannertest"
	"selfpay/drivers/scanline/scanlinetest"
)

var quiet = slog.New(slog.DiscardHandler)

func TestConformanceOverTTY(t *testing.T) {
	scannertest.Run(t, func(t *testing.T) (scanner.Scanner, scannertest.Far) {
		t.Parallel()
		far, err := scanlinetest.Open(filepath.Join(t.TempDir(), "scanner"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { far.Close() })
		dial := func(context.Context) (io.ReadWriteCloser, error) {
			return os.OpenFile(far.Path(), os.O_RDWR|syscall.O_NOCTTY, 0)
		}
		return NewSerial(dial, Config{Silence: 5 * time.Second}, quiet), far // a slow machine makes pauses
	})
}

func TestConstructorsOpenNothing(t *testing.T) {
	s := NewSerial(func(context.Context) (io.ReadWriteCloser, error) {
		t.Error("dialled")
		return nil, errors.New("no")
	}, Config{}, quiet)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := NewEvdev("/dev/input/by-id/none", Config{}, quiet).Close(); err != nil {
		t.Error(err)
	}
}

// next starts a Read that has begun to wait when next returns.
func next(t *testing.T, s *Scanner) <-chan string {
	c := make(chan string, 1)
	go func() {
		scan, err := s.Read(t.Context())
		if err != nil {
			c <- err.Error()
			return
		}
		c <- scan.Text
	}()
	synctest.Wait()
	time.Sleep(481 * time.Millisecond) // the scanner is silent: no label was under way when it was opened
	synctest.Wait()
	return c
}

// onPipe gives check a serial scanner and the far end of its line, in a bubble.
func onPipe(t *testing.T, check func(t *testing.T, s *Scanner, far net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		s := NewSerial(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, Config{}, quiet)
		defer s.Close()
		check(t, s, far)
	})
}

func TestLabelNobodyWaitsForIsDropped(t *testing.T) {
	onPipe(t, func(t *testing.T, s *Scanner, far net.Conn) {
		first := next(t, s)
		far.Write([]byte("1111\r"))
		if got := <-first; got != "1111" {
			t.Fatalf("Read = %q", got)
		}
		far.Write([]byte("2222\r"))
		synctest.Wait()
		second := next(t, s)
		far.Write([]byte("3333\r"))
		if got := <-second; got != "3333" {
			t.Errorf("Read = %q, want the label that came while it waited", got)
		}
	})
}

func TestALabelThatIsUnderWayWhenTheScannerIsOpenedIsNone(t *testing.T) {
	t.Run("serial", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			s := NewSerial(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, Config{}, quiet)
			defer s.Close()
			got := make(chan string, 1)
			go func() {
				scan, err := s.Read(t.Context())
				got <- fmt.Sprint(scan.Text, err)
			}()
			far.Write([]byte("4000567894\r21234000567894\r")) // its beginning was sent before
			if g := <-got; g != "21234000567894<nil>" {
				t.Errorf("Read = %s", g)
			}
			if c := s.Counts(); c != (scanner.Counts{Read: 1, Broken: 1}) {
				t.Errorf("%+v", c)
			}
		})
	})
	t.Run("serial, no terminator", func(t *testing.T) {
		l := newLines(600 * time.Millisecond)
		l.take([]byte("4000567894"))
		if got := l.silence(); got != nil {
			t.Errorf("%q", got)
		}
		l.take([]byte("1234"))
		if got := l.silence(); string(got) != "1234" {
			t.Errorf("%q", got)
		}
	})
	t.Run("keyboard", func(t *testing.T) {
		k := newKeys(Layout{}, 100*time.Millisecond, false)
		var labels []string
		for _, e := range start().text("4000567894").press(evdev.KEY_ENTER).text("1234").press(evdev.KEY_ENTER).events {
			if label := k.event(e, time.Unix(0, e.Time.Nano())); label != nil {
				labels = append(labels, string(label))
			}
		}
		if !slices.Equal(labels, []string{"1234"}) {
			t.Errorf("%q", labels)
		}
	})
	t.Run("HID POS", func(t *testing.T) {
		r := newReports(usualForm, time.Second)
		parts := scanlinetest.Reports("]F0", strings.Repeat("1", 60))
		got := append(r.take(parts[1]), r.take(parts[0])...)
		if got = append(got, r.take(parts[1])...); len(got) != 1 || len(got[0]) != 63 {
			t.Errorf("%q", got)
		}
	})
}

func TestSilenceCompletesALabel(t *testing.T) {
	onPipe(t, func(t *testing.T, s *Scanner, far net.Conn) {
		for label, silence := range []time.Duration{480 * time.Millisecond, 60 * time.Millisecond, 60 * time.Millisecond} {
			c := next(t, s)
			far.Write([]byte("12"))
			time.Sleep(silence - 10*time.Millisecond)
			far.Write([]byte("34"))
			time.Sleep(silence - time.Millisecond)
			synctest.Wait()
			select {
			case got := <-c:
				t.Fatalf("label %d: Read = %q before the silence was over", label, got)
			default:
			}
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			select {
			case got := <-c:
				if got != "1234" {
					t.Errorf("label %d: Read = %q", label, got)
				}
			default:
				t.Fatalf("label %d: the silence is over, and there is none", label)
			}
		}
	})
}

func TestAPauseInTheFirstLabelOfAScannerWithTerminatorsMakesNoNumberOfTheHalf(t *testing.T) {
	onPipe(t, func(t *testing.T, s *Scanner, far net.Conn) {
		c := next(t, s)
		far.Write([]byte("2123400"))
		time.Sleep(400 * time.Millisecond)
		far.Write([]byte("0567894\r"))
		if got := <-c; got != "21234000567894" {
			t.Errorf("Read = %q", got)
		}
	})
}

func TestHalfALabelIsNotHandedOutWhenTheScannerIsLost(t *testing.T) {
	onPipe(t, func(t *testing.T, s *Scanner, far net.Conn) {
		c := next(t, s)
		far.Write([]byte("12"))
		far.Close()
		if got := <-c; !strings.Contains(got, "scanner lost") {
			t.Errorf("Read = %q", got)
		}
	})
}

func TestSecondReadWaitsItsTurn(t *testing.T) {
	onPipe(t, func(t *testing.T, s *Scanner, far net.Conn) {
		c := next(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Read(ctx); device.Class(err) != device.ErrNotSent {
			t.Errorf("Read = %v", err)
		}
		far.Write([]byte("1234\r"))
		<-c
	})
}

// board is a keyboard whose keys the test presses.
type board struct {
	events chan evdev.InputEvent
	gone   chan struct{} // unplugged
	closed chan struct{}
}

func newBoard() *board {
	return &board{make(chan evdev.InputEvent), make(chan struct{}), make(chan struct{})}
}

func (b *board) ReadOne() (*evdev.InputEvent, error) {
	select {
	case e := <-b.events:
		return &e, nil
	case <-b.gone:
		return nil, syscall.ENODEV
	case <-b.closed:
		return nil, fs.ErrClosed
	}
}

func (b *board) Close() error {
	close(b.closed)
	return nil
}

func (b *board) CapsLock() bool { return false }

func (b *board) send(y *typing) {
	for _, e := range y.events {
		b.events <- e
	}
}

func TestKeyboardIsClosedWhenUnpluggedAndOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boards := []*board{newBoard(), newBoard()}
		opened := 0
		s := newEvdev(func() (keyboard, error) {
			opened++
			return boards[opened-1], nil
		}, Config{}, quiet)
		defer s.Close()

		c := next(t, s)
		boards[0].send(start().text("1234").press(evdev.KEY_ENTER))
		if got := <-c; got != "1234" {
			t.Fatalf("Read = %q", got)
		}
		c = next(t, s)
		close(boards[0].gone)
		if got := <-c; !strings.Contains(got, "no such device") {
			t.Errorf("Read = %q", got)
		}
		select {
		case <-boards[0].closed:
		default:
			t.Error("the lost keyboard stays open")
		}
		c = next(t, s)
		boards[1].send(start().text("5678"))
		if got := <-c; got != "5678" {
			t.Errorf("Read = %q", got)
		}
	})
}

func TestAbsentKeyboardHasAClearError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usb-Scanner-event-kbd")
	_, err := NewEvdev(path, Config{}, quiet).Read(t.Context())
	if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), path+" is not plugged in") {
		t.Errorf("Read = %v", err)
	}
}
