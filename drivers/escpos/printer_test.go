package escpos_test

import (
	"bytes"
	"context"
	"errors"
	"image"
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
	"selfpay/drivers/tcpport"
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
		return escpos.New(tcpport.DialAlone(l.Addr().String()), short, quiet), sim
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

// A printer that stops in the middle of a receipt keeps what it was sent. There is room in its buffer for that, and for the
// questions behind it.
func TestTheBufferIsNeverFull(t *testing.T) {
	for name, logo := range map[string]image.Image{"text": nil, "picture": image.NewGray(image.Rect(0, 0, 512, 300))} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
				cfg := escpos.Config{Logo: logo}
				var err error
				if cfg.Profile, err = escpos.FindProfile(escpos.DefaultProfile); err != nil {
					t.Fatal(err)
				}
				open := &coverOpener{sim: sim}
				q := escpos.New(open.dial, cfg, quiet)
				defer q.Close()
				want(t, q.Print(t.Context(), longText("half")), device.ErrDoubt)
				if held := sim.MostHeld(); held == 0 || held > cfg.Profile.Flow.Buffer/2+64 {
					t.Errorf("%d bytes stood in a buffer of %d", held, cfg.Profile.Flow.Buffer)
				}
				sim.CloseCover()
				if err := q.Print(t.Context(), text("next")); err != nil {
					t.Error(err)
				}
			})
		})
	}
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
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		mute := &muteMarks{sim: sim}
		p := escpos.New(mute.dial, escpos.Config{}, quiet)
		defer p.Close()
		go p.Print(t.Context(), text("one", "two"))
		synctest.Wait()
		time.Sleep(time.Second) // the link settles, the print begins
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := p.Status(ctx)
		want(t, err, device.ErrNotSent)
	})
}

func TestProcessIDProvesThePrint(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		if o := p.Last(); o.Result != "" {
			t.Errorf("before the first receipt: %+v", o)
		}
		if err := p.Print(t.Context(), text("one")); err != nil {
			t.Fatal(err)
		}
		if o := p.Last(); o.Result != printer.Printed || o.Proof != printer.ProofPrinted || len(o.Notes) != 0 {
			t.Errorf("outcome = %+v", o)
		}
	})
}

func TestPrinterWithoutProcessIDsIsBelievedOnTheMark(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.ForgetIDs()
		for i, limit := range []time.Duration{5 * time.Second, 200 * time.Millisecond} { // asked once only
			began := time.Now()
			if err := p.Print(t.Context(), text("one")); err != nil {
				t.Fatal(err)
			}
			if o := p.Last(); o.Proof != printer.ProofWorked {
				t.Errorf("outcome = %+v", o)
			}
			if took := time.Since(began); took > limit {
				t.Errorf("receipt %d took %v", i, took)
			}
		}
	})
}

func TestLostProcessIDIsInDoubtWhenThePrinterKnowsThem(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		if err := p.Print(t.Context(), text("one")); err != nil {
			t.Fatal(err)
		}
		sim.ForgetIDs() // as a printer that worked through a receipt and does not get it done
		want(t, p.Print(t.Context(), text("two")), device.ErrDoubt)
		if o := p.Last(); o.Result != printer.InDoubt || o.Proof != printer.ProofWorked {
			t.Errorf("outcome = %+v", o)
		}
	})
}

// profile is a built-in one, changed.
func profile(t *testing.T, name string, change func(p *escpos.Profile)) escpos.Profile {
	t.Helper()
	p, err := escpos.FindProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	change(&p)
	return p
}

func TestPrinterThatCannotClearFinishesTheOldReceiptFirst(t *testing.T) {
	for _, answer := range []escpos.Answer{escpos.No, escpos.Unknown} {
		inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
			sim.ForgetClear()
			p := escpos.New(pipe(sim), escpos.Config{Profile: profile(t, escpos.DefaultProfile, func(p *escpos.Profile) { p.Status.Clear = answer })}, quiet)
			defer p.Close()
			if err := p.Print(t.Context(), text("before")); err != nil {
				t.Fatal(err)
			}
			sim.PaperEndsAfter(1)
			want(t, p.Print(t.Context(), longText("old")), device.ErrDoubt)
			want(t, p.Print(t.Context(), text("without paper")), device.ErrAttention)
			sim.PaperIn()
			for _, name := range []string{"next", "and next"} {
				if err := p.Print(t.Context(), text(name)); err != nil {
					t.Fatal(err)
				}
				got := sim.Receipts()
				if last := got[len(got)-1]; last != name {
					t.Errorf("clear %s: last receipt = %q, want %q alone", answer, last, name)
				}
			}
			for _, r := range sim.Receipts() {
				if strings.Contains(r, "without paper") || strings.Contains(r, "old") && strings.Contains(r, "next") {
					t.Errorf("clear %s: receipt %q", answer, r)
				}
			}
		})
	}
}

func TestPresenterProvesMore(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		sim.Custom()
		p := escpos.New(pipe(sim), escpos.Config{Profile: profile(t, "custom-vkp80ii", func(p *escpos.Profile) {})}, quiet)
		defer p.Close()
		if s, err := p.Status(t.Context()); err != nil || !s.Ready() {
			t.Fatalf("Status = %+v, %v", s, err)
		}
		if err := p.Print(t.Context(), text("one")); err != nil {
			t.Fatal(err)
		}
		if o := p.Last(); o.Result != printer.Printed || o.Proof != printer.ProofPresented || !sim.Presented() {
			t.Errorf("outcome = %+v, presented %t", o, sim.Presented())
		}
		sim.OpenCover()
		if s, err := p.Status(t.Context()); err != nil || !s.CoverOpen {
			t.Errorf("Status = %+v, %v", s, err)
		}
	})
}

func TestLogoAndCodesArePrintedAndNotesAreKept(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		logo := image.NewGray(image.Rect(0, 0, 100, 600)) // black
		p := escpos.New(pipe(sim), escpos.Config{Profile: profile(t, "generic-80mm", func(p *escpos.Profile) {}), Logo: logo}, quiet)
		defer p.Close()
		r := printer.Receipt{Lines: []printer.Line{{Text: "Łódź 王"}, {Code: printer.Code{Kind: printer.QR, Data: "4821-123"}}, {Text: "end"}}}
		if err := p.Print(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := sim.Receipts(); len(got) != 1 || got[0] != "Łódź ?\nend" {
			t.Errorf("receipts = %q", got)
		}
		if n := sim.Pictures(); n != 43+27 { // 600 rows and 377 of the code, in bands of 14 with 72 bytes
			t.Errorf("%d pictures", n)
		}
		if o := p.Last(); len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "王") {
			t.Errorf("outcome = %+v", o)
		}
		if sim.Unknown() != 0 {
			t.Errorf("%d unknown commands", sim.Unknown())
		}
	})
}

func TestOutcomeFollowsTheClassOfTheError(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		sim.PaperOut()
		want(t, p.Print(t.Context(), text("x")), device.ErrAttention)
		if o := p.Last(); o.Result != printer.NotPrinted || o.Proof != printer.ProofNone {
			t.Errorf("outcome = %+v", o)
		}
	})
}

// oldAnswer brings the answer to a question of an earlier job when the first GS r 1 is asked.
type oldAnswer struct {
	io.ReadWriteCloser
	once sync.Once
	read chan []byte
}

func bringOldAnswer(conn io.ReadWriteCloser) *oldAnswer {
	o := &oldAnswer{ReadWriteCloser: conn, read: make(chan []byte, 1)}
	go pump(conn, func(b []byte) { o.read <- b }, func() { close(o.read) })
	return o
}

// pump hands over what conn brings until it ends.
func pump(conn io.Reader, hand func(b []byte), end func()) {
	defer end()
	for {
		b := make([]byte, 64)
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		hand(b[:n])
	}
}

func (o *oldAnswer) Read(b []byte) (int, error) {
	got, ok := <-o.read
	if !ok {
		return 0, io.EOF
	}
	return copy(b, got), nil
}

func (o *oldAnswer) Write(b []byte) (int, error) {
	if len(b) == 3 && b[0] == 0x1D && b[1] == 'r' {
		o.once.Do(func() { o.read <- []byte{0} })
	}
	return o.ReadWriteCloser.Write(b)
}

func TestAnswerToAnEarlierJobProvesNoReceipt(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		sim.ForgetClear()
		p := escpos.New(func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := pipe(sim)(ctx)
			return bringOldAnswer(conn), err
		}, escpos.Config{Profile: profile(t, "generic-80mm", func(p *escpos.Profile) { p.Status.Clear = escpos.No })}, quiet)
		defer p.Close()
		sim.PaperEndsAfter(1)
		want(t, p.Print(t.Context(), text("one", "two", "three")), device.ErrDoubt)
	})
}

func TestPrinterWithoutFullStatusIsAskedForItOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) { // a printer that does not know DLE EOT 20
		p := escpos.New(pipe(sim), escpos.Config{Profile: profile(t, "custom-vkp80ii", func(p *escpos.Profile) {})}, quiet)
		defer p.Close()
		for _, limit := range []time.Duration{4 * time.Second, 200 * time.Millisecond} {
			began := time.Now()
			if s, err := p.Status(t.Context()); err != nil || !s.Ready() {
				t.Fatalf("Status = %+v, %v", s, err)
			}
			if took := time.Since(began); took > limit {
				t.Errorf("status took %v", took)
			}
		}
		if err := p.Print(t.Context(), text("one")); err != nil {
			t.Fatal(err)
		}
		if o := p.Last(); o.Proof != printer.ProofWorked {
			t.Errorf("outcome = %+v", o)
		}
	})
}

func TestProofSheetShowsThePagesOfTheProfile(t *testing.T) {
	inBubble(t, func(t *testing.T, p *escpos.Printer, sim *escpostest.Printer) {
		if err := p.PrintProofSheet(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := sim.Receipts()
		if len(got) != 1 || sim.Unknown() != 0 || sim.Pictures() != 1 {
			t.Fatalf("receipts = %q, %d unknown commands, %d pictures", got, sim.Unknown(), sim.Pictures())
		}
		for _, part := range []string{"Epson TM-T88V\n", "\n19 cp858 €ÄÖÜäöüß éèêàçñ", "\n0 cp437 ÄÖÜäöüß", "\n46 windows-1251 €", "ґєії\n", "\n13 cp857 ÄÖÜäöüß éèêàçñ", "ğİış", "picture, gs-v-0\n", "codes.qr = yes", "codes.ean = yes"} {
			if !strings.Contains(got[0], part) {
				t.Errorf("%q is not on the sheet:\n%s", part, got[0])
			}
		}
	})
}

func TestPrinterThatCannotClearIsAskedForItOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		sim.ForgetClear()
		sim.PaperOut()
		p := escpos.New(pipe(sim), escpos.Config{Profile: profile(t, "generic-80mm", func(p *escpos.Profile) {})}, quiet)
		defer p.Close()
		for _, limit := range []time.Duration{4 * time.Second, 200 * time.Millisecond} {
			began := time.Now()
			if s, err := p.Status(t.Context()); err != nil || !s.PaperEnd {
				t.Fatalf("Status = %+v, %v", s, err)
			}
			if took := time.Since(began); took > limit {
				t.Errorf("status took %v", took)
			}
		}
	})
}

// slowIDs brings the answer to the first process id after the driver has given it up.
func slowIDs(conn io.ReadWriteCloser) *oldAnswer {
	o := &oldAnswer{ReadWriteCloser: conn, read: make(chan []byte, 8)}
	o.once.Do(func() {}) // no old answer
	first := true
	go pump(conn, func(b []byte) {
		if before, id, found := bytes.Cut(b, []byte{0x37, 0x22}); found && first {
			first = false
			time.AfterFunc(5*time.Second, func() { o.read <- append([]byte{0x37, 0x22}, id...) })
			b = before
		}
		if len(b) > 0 {
			o.read <- b
		}
	}, func() { close(o.read) })
	return o
}

func TestSlowProcessIDIsWaitedForFromThenOn(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *escpos.Printer, sim *escpostest.Printer) {
		p := escpos.New(func(ctx context.Context) (io.ReadWriteCloser, error) {
			conn, err := pipe(sim)(ctx)
			return slowIDs(conn), err
		}, escpos.Config{}, quiet)
		defer p.Close()
		for _, want := range []printer.Proof{printer.ProofWorked, printer.ProofPrinted} {
			if err := p.Print(t.Context(), text("one")); err != nil {
				t.Fatal(err)
			}
			if o := p.Last(); o.Proof != want {
				t.Errorf("outcome = %+v, want proof %q", o, want)
			}
			time.Sleep(10 * time.Second)
		}
	})
}
