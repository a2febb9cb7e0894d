package escpos_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/creack/pty"

	"selfpay/device"
	"selfpay/device/printer"
	"selfpay/device/printer/printertest"
	"selfpay/drivers/escpos"
	"selfpay/drivers/escpos/escpostest"
)

var quiet = slog.New(slog.DiscardHandler)

// short waits, so that rules which sit through them are quick; long enough for a busy machine.
var short = escpos.Config{Quiet: 2 * time.Second, Work: 15 * time.Second}

func TestConformanceOverTCP(t *testing.T) {
	printertest.Run(t, func(t *testing.T) (printer.Printer, printertest.Far) {
		t.Parallel()
		sim := escpostest.New()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- sim.Serve(l) }()
		t.Cleanup(func() {
			l.Close()
			sim.Unplug()
			if err := <-served; err != nil {
				t.Error(err)
			}
			if n := sim.Unknown(); n > 0 {
				t.Errorf("the printer did not know %d commands", n)
			}
		})
		return escpos.New(escpos.TCP(l.Addr().String()), short, quiet), sim
	})
}

func TestConformanceOverTTY(t *testing.T) {
	printertest.Run(t, func(t *testing.T) (printer.Printer, printertest.Far) {
		t.Parallel()
		line := &tty{Printer: escpostest.New()}
		line.Plug()
		t.Cleanup(func() { line.Unplug(); line.served.Wait() })
		return escpos.New(line.dial, short, quiet), line
	})
}

// tty is a printer on a pty: unplugged, its tty goes away; plugged in, it has a new one.
type tty struct {
	*escpostest.Printer
	served sync.WaitGroup

	mu   sync.Mutex
	path string
}

func (l *tty) Plug() {
	master, slave, err := pty.Open()
	if err != nil {
		panic(err)
	}
	raw(slave)
	if err := syscall.SetNonblock(int(master.Fd()), true); err != nil { // so that Close ends a read
		panic(err)
	}
	l.Printer.Plug()
	l.mu.Lock()
	l.path = slave.Name()
	l.mu.Unlock()
	l.served.Go(func() {
		defer slave.Close() // held, so that the master sees no hang-up while the driver is away
		l.ServeConn(master)
	})
}

func (l *tty) Unplug() {
	l.mu.Lock()
	l.path = ""
	l.mu.Unlock()
	l.Printer.Unplug()
}

func (l *tty) dial(context.Context) (io.ReadWriteCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" {
		return nil, errors.New("no such tty")
	}
	return os.OpenFile(l.path, os.O_RDWR|syscall.O_NOCTTY, 0)
}

func raw(f *os.File) {
	var set syscall.Termios
	set.Cflag = syscall.CS8 | syscall.CREAD | syscall.CLOCAL
	set.Cc[syscall.VMIN] = 1
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TCSETS, uintptr(unsafe.Pointer(&set))); e != 0 {
		panic(e)
	}
}

// pipe is a dial that connects to sim without a network, so that time is the test's.
func pipe(sim *escpostest.Printer) device.Dial {
	return func(context.Context) (io.ReadWriteCloser, error) {
		near, far := net.Pipe()
		go sim.ServeConn(far)
		return near, nil
	}
}

func text(lines ...string) printer.Receipt {
	var r printer.Receipt
	for _, l := range lines {
		r.Lines = append(r.Lines, printer.Line{Text: l})
	}
	return r
}

// inBubble runs check with a printer whose waits cost no real time.
func inBubble(t *testing.T, check func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer)) {
	synctest.Test(t, func(t *testing.T) {
		sim := escpostest.New()
		p := escpos.New(pipe(sim), escpos.Config{}, quiet)
		defer sim.Unplug()
		defer p.Close()
		check(t, p, sim)
	})
}

func want(t *testing.T, err, class error) {
	t.Helper()
	if err == nil || device.Class(err) != class {
		t.Fatalf("error = %v, want class %q", err, class)
	}
}

func TestConstructorOpensNothing(t *testing.T) {
	p := escpos.New(func(context.Context) (io.ReadWriteCloser, error) {
		t.Error("dialled")
		return nil, errors.New("no")
	}, escpos.Config{}, quiet)
	if err := p.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

func TestFailedDialIsNotSent(t *testing.T) {
	cause := errors.New("usb printer 04b8:0202 is not plugged in")
	p := escpos.New(func(context.Context) (io.ReadWriteCloser, error) { return nil, cause }, escpos.Config{}, quiet)
	err := p.Print(t.Context(), text("x"))
	want(t, err, device.ErrNotSent)
	if !errors.Is(err, cause) {
		t.Errorf("error = %v hides its cause", err)
	}
}

func TestSilentPrinterIsNotSent(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.Silence(true)
		began := time.Now()
		_, err := p.Status(t.Context())
		want(t, err, device.ErrNotSent)
		want(t, p.Print(t.Context(), text("x")), device.ErrNotSent)
		if waited := time.Since(began); waited > 10*time.Second {
			t.Errorf("two calls took %v", waited)
		}
		sim.Silence(false)
		if err := p.Print(t.Context(), text("y")); err != nil {
			t.Fatalf("Print after the silence = %v", err)
		}
		if got := sim.Receipts(); len(got) != 1 || got[0] != "y" {
			t.Errorf("receipts = %q", got)
		}
	})
}

func TestPrinterThatTakesNoBytesIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe() // nobody reads the far end
		defer far.Close()
		p := escpos.New(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, escpos.Config{}, quiet)
		defer p.Close()
		want(t, p.Print(t.Context(), text("x")), device.ErrNotSent)
	})
}

func TestSilenceAfterTheReceiptIsInDoubt(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		mute := &muteMarks{sim: sim}
		q := escpos.New(mute.dial, escpos.Config{}, quiet)
		defer q.Close()
		want(t, q.Print(t.Context(), text("x")), device.ErrDoubt)
		if got := sim.Receipts(); len(got) != 1 {
			t.Errorf("receipts = %q: it was printed and only not confirmed", got)
		}
	})
}

// muteMarks leaves the answers to GS r out of what the printer says.
type muteMarks struct{ sim *escpostest.Printer }

func (m *muteMarks) dial(ctx context.Context) (io.ReadWriteCloser, error) {
	conn, err := pipe(m.sim)(ctx)
	return withoutMarks{conn}, err
}

type withoutMarks struct{ io.ReadWriteCloser }

func (w withoutMarks) Write(b []byte) (int, error) {
	if len(b) == 3 && b[0] == 0x1D && b[1] == 'r' {
		return len(b), nil
	}
	return w.ReadWriteCloser.Write(b)
}

func TestPaperEndIsSeenBeforeTheDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.PaperEndsAfter(1)
		began := time.Now()
		err := p.Print(t.Context(), text("one", "two", "three"))
		want(t, err, device.ErrDoubt)
		if !strings.Contains(err.Error(), "no paper") {
			t.Errorf("error = %v, want the cause in it", err)
		}
		if waited := time.Since(began); waited > 4*time.Second {
			t.Errorf("took %v", waited)
		}
	})
}

func TestHalfReceiptIsCutOffBeforeTheNext(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		open := &coverOpener{sim: sim}
		q := escpos.New(open.dial, escpos.Config{}, quiet)
		defer q.Close()
		want(t, q.Print(t.Context(), longText("half")), device.ErrDoubt)
		if !strings.HasPrefix(sim.Hanging(), "half") {
			t.Fatalf("hanging = %q, want a half receipt", sim.Hanging())
		}
		sim.CloseCover()
		if err := q.Print(t.Context(), text("next")); err != nil {
			t.Fatal(err)
		}
		got := sim.Receipts()
		if len(got) != 2 || got[1] != "next" || strings.Count(got[0], "\n") > 100 {
			t.Errorf("receipts = %q", got)
		}
	})
}

// coverOpener opens the cover when the first portion of a receipt was worked through.
type coverOpener struct{ sim *escpostest.Printer }

func (o *coverOpener) dial(ctx context.Context) (io.ReadWriteCloser, error) {
	conn, err := pipe(o.sim)(ctx)
	return &opensCover{ReadWriteCloser: conn, sim: o.sim}, err
}

type opensCover struct {
	io.ReadWriteCloser
	sim   *escpostest.Printer
	marks int
}

func (o *opensCover) Write(b []byte) (int, error) {
	n, err := o.ReadWriteCloser.Write(b)
	if len(b) == 3 && b[0] == 0x1D && b[1] == 'r' {
		if o.marks++; o.marks == 1 {
			o.sim.OpenCover()
		}
	}
	return n, err
}

func longText(line string) printer.Receipt {
	var r printer.Receipt
	for range 200 {
		r.Lines = append(r.Lines, printer.Line{Text: line + " a line of some length"})
	}
	return r
}

func TestReceiptInDoubtIsClearedAfterReplugToo(t *testing.T) {
	// The cable is pulled while the printer, without paper but under power, holds the receipt.
	synctest.Test(t, func(t *testing.T) {
		sim := escpostest.New()
		defer sim.Unplug()
		pulled := false
		dial := func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := pipe(sim)(ctx)
			if !pulled {
				pulled = true
				time.AfterFunc(time.Second, func() { conn.Close() })
			}
			return conn, err
		}
		p := escpos.New(dial, escpos.Config{}, quiet)
		defer p.Close()
		sim.PaperEndsAfter(1)
		want(t, p.Print(t.Context(), text("old 1", "old 2", "old 3")), device.ErrDoubt)
		if s, err := p.Status(t.Context()); err != nil || !s.PaperEnd {
			t.Fatalf("Status = %+v, %v", s, err)
		}
		sim.PaperIn()
		if err := p.Print(t.Context(), text("new")); err != nil {
			t.Fatal(err)
		}
		if got := sim.Receipts(); len(got) != 1 || got[0] != "new" {
			t.Errorf("receipts = %q", got)
		}
	})
}

func TestReceiptOfAnEarlierRunIsCleared(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.PaperOut()
		near, far := net.Pipe()
		go sim.ServeConn(far)
		near.Write([]byte("old\n\x1dV\x00"))
		near.Close()
		synctest.Wait()
		if s, err := p.Status(t.Context()); err != nil || !s.PaperEnd {
			t.Fatalf("Status = %+v, %v", s, err)
		}
		sim.PaperIn()
		if got := sim.Receipts(); len(got) != 0 {
			t.Errorf("receipts = %q", got)
		}
	})
}

func TestCancelledPrintIsInDoubtAndCleared(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.PaperEndsAfter(1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		want(t, p.Print(ctx, text("one", "two")), device.ErrDoubt)
		sim.PaperIn()
		if got := sim.Receipts(); len(got) != 0 || sim.Hanging() != "" {
			t.Errorf("receipts = %q, hanging %q", got, sim.Hanging())
		}
	})
}

func TestCoverOpenNeedsAttention(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.OpenCover()
		want(t, p.Print(t.Context(), text("x")), device.ErrAttention)
		s, err := p.Status(t.Context())
		if err != nil || !s.CoverOpen || s.Problem() != "cover open" {
			t.Errorf("Status = %+v, %v", s, err)
		}
	})
}

func TestNearEndIsReadyAndTold(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.NearEnd(true)
		s, err := p.Status(t.Context())
		if err != nil || !s.PaperNearEnd || s.PaperEnd || !s.Ready() {
			t.Errorf("Status = %+v, %v", s, err)
		}
	})
}

func TestFreedCutterIsRecovered(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.JamCutter()
		want(t, p.Print(t.Context(), text("one")), device.ErrDoubt)
		err := p.Print(t.Context(), text("two"))
		want(t, err, device.ErrAttention)
		if !strings.Contains(err.Error(), "cutter") {
			t.Errorf("error = %v", err)
		}
		sim.FreeCutter()
		if err := p.Print(t.Context(), text("three")); err != nil {
			t.Fatal(err)
		}
		if got := sim.Receipts(); got[len(got)-1] != "three" {
			t.Errorf("receipts = %q", got)
		}
	})
}

func TestLateAnswerIsNotTakenForAnother(t *testing.T) {
	// The printer with its cover open answers the first DLE EOT 1 after the deadline. Taken for the answer to the
	// next one, every later answer would be read as that of the question before it.
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		go func() {
			answers := map[byte]byte{1: 0x1E, 2: 0x16, 3: 0x12, 4: 0x12} // offline, cover open
			late := true
			buf := make([]byte, 64)
			for {
				n, err := far.Read(buf)
				if err != nil {
					return
				}
				if n == 3 && buf[1] == 4 {
					if late {
						late = false
						time.Sleep(4 * time.Second)
					}
					far.Write([]byte{answers[buf[2]]})
				} else if n == 10 {
					far.Write([]byte{0x37, 0x25, 0})
				}
			}
		}()
		p := escpos.New(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, escpos.Config{}, quiet)
		defer p.Close()
		_, err := p.Status(t.Context())
		want(t, err, device.ErrNotSent)
		time.Sleep(2 * time.Second)
		s, err := p.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Online || !s.CoverOpen || s.PaperEnd || s.Fault != "" {
			t.Errorf("Status = %+v, want offline with the cover open and nothing else", s)
		}
	})
}

func TestAnswerMeantForAnotherIsIgnored(t *testing.T) {
	// A tty holds the answer to a question that was asked before it was opened.
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		p := escpos.New(func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := pipe(sim)(ctx)
			return &hasLeftover{ReadWriteCloser: conn, left: []byte{0x16}}, err
		}, escpos.Config{}, quiet)
		defer p.Close()
		if s, err := p.Status(t.Context()); err != nil || !s.Ready() {
			t.Errorf("Status = %+v, %v", s, err)
		}
	})
}

type hasLeftover struct {
	io.ReadWriteCloser
	left []byte
}

func (h *hasLeftover) Read(b []byte) (int, error) {
	if len(h.left) > 0 {
		n := copy(b, h.left)
		h.left = h.left[n:]
		return n, nil
	}
	return h.ReadWriteCloser.Read(b)
}

func TestAutomaticStatusTellsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		p := escpos.New(func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := pipe(sim)(ctx)
			conn.Write([]byte("\x1da\xff"))
			return conn, err
		}, escpos.Config{}, quiet)
		defer p.Close()
		if s, err := p.Status(t.Context()); err != nil || !s.Ready() {
			t.Fatalf("Status = %+v, %v", s, err)
		}
		sim.PaperEndsAfter(1)
		began := time.Now()
		want(t, p.Print(t.Context(), text("one", "two")), device.ErrDoubt)
		if waited := time.Since(began); waited > 100*time.Millisecond {
			t.Errorf("took %v", waited)
		}
	})
}

func TestCallerDoesNotWaitForAnotherForEver(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.PaperEndsAfter(1)
		go p.Print(t.Context(), text("one", "two"))
		synctest.Wait()
		time.Sleep(time.Second) // the link settles, the print begins
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := p.Status(ctx)
		want(t, err, device.ErrNotSent)
	})
}
