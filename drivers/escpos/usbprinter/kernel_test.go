//go:build vm

package usbprinter_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/printer"
	"selfpay/drivers/escpos"
	"selfpay/drivers/escpos/decode"
	"selfpay/drivers/escpos/escpostest"
	"selfpay/drivers/escpos/usbprinter"
	"selfpay/systemd/vm/pretend"
)

// bench is a printer on a USB cable of the real kernel, and the driver at the near end. Built with cgo it is reached through
// libusb, with the tag nousb through the kernel's printer driver.
type bench struct {
	t       *testing.T
	cable   pretend.Printer
	machine *escpostest.Printer
	driver  *escpos.Printer
	far     *far
}

func newBench(t *testing.T) *bench {
	t.Helper()
	pretend.Only(t)
	cable, err := pretend.NewPrinter("P" + strings.Map(capitals, t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, cable: cable, machine: escpostest.New(),
		driver: escpos.New(usbprinter.Dial(pretend.PrinterVendor, pretend.PrinterProduct, cable.Serial), escpos.Config{}, slog.New(slog.DiscardHandler))}
	t.Cleanup(func() {
		b.driver.Close()
		b.pull()
		if err := cable.Close(); err != nil {
			t.Error(err)
		}
	})
	b.attach()
	return b
}

// capitals of a test's name are the printer's serial number.
func capitals(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

// attach lets the simulated printer work at the far end of the cable.
func (b *bench) attach() {
	b.t.Helper()
	node, err := b.cable.Far()
	if err != nil {
		b.t.Fatal(err)
	}
	b.far = &far{File: node, ended: make(chan struct{}), stalled: make(chan struct{}), goOn: make(chan struct{}), pulled: make(chan struct{})}
	go func(f *far) { b.machine.ServeConn(f); close(f.ended) }(b.far)
}

// pull pulls the cable; the printer stays switched on.
func (b *bench) pull() {
	b.t.Helper()
	if err := b.cable.Pull(); err != nil {
		b.t.Fatal(err)
	}
	if b.far == nil {
		return
	}
	close(b.far.pulled)
	b.far.Close()
	<-b.far.ended
	b.far = nil
}

// far is the printer's side of the cable, which keeps what the printer took and may stop taking bytes.
type far struct {
	*os.File
	rest  []byte        // read off the cable, not taken yet
	ended chan struct{} // closed when the printer has left it

	mu      sync.Mutex
	took    bytes.Buffer
	until   string        // after this nothing is taken any more; empty: all is
	stalled chan struct{} // closed then
	goOn    chan struct{} // closed when it takes bytes again
	pulled  chan struct{} // closed when there is no cable
}

// stallAfter lets the printer take nothing more once it has taken text.
func (f *far) stallAfter(text string) {
	f.mu.Lock()
	f.until = text
	f.mu.Unlock()
}

// Read lets the printer take one byte, so that it stalls where it should.
func (f *far) Read(b []byte) (int, error) {
	f.mu.Lock()
	stall := f.until != "" && bytes.HasSuffix(f.took.Bytes(), []byte(f.until))
	if stall {
		f.until = ""
	}
	f.mu.Unlock()
	if stall {
		close(f.stalled)
		select {
		case <-f.goOn:
		case <-f.pulled:
			return 0, io.EOF
		}
	}
	if len(f.rest) == 0 {
		packet := make([]byte, 8<<10)
		n, err := f.File.Read(packet)
		if err != nil {
			return 0, err
		}
		f.rest = packet[:n]
	}
	n := copy(b[:1], f.rest)
	f.rest = f.rest[n:]
	f.mu.Lock()
	f.took.Write(b[:n])
	f.mu.Unlock()
	return n, nil
}

// text is what came, read back by the decoder.
func (f *far) text(t *testing.T) []string {
	t.Helper()
	profile, err := escpos.FindProfile(escpos.DefaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, e := range decode.Decode(f.took.Bytes(), profile) {
		if e.Event == decode.Text {
			all = append(all, strings.TrimRight(e.Text, " "))
		}
		if len(e.Problems) > 0 {
			t.Errorf("at byte %d of what the printer got: %q", e.Offset, e.Problems)
		}
	}
	return all
}

func lines(text ...string) printer.Receipt {
	var r printer.Receipt
	for _, line := range text {
		r.Lines = append(r.Lines, printer.Line{Text: line})
	}
	return r
}

// limit bounds what must end by itself. The driver's own limits are far shorter.
const limit = 2 * time.Minute

func (b *bench) print(r printer.Receipt) error {
	ctx, stop := context.WithTimeout(b.t.Context(), limit)
	defer stop()
	return b.driver.Print(ctx, r)
}

// A receipt goes through the kernel to the printer byte by byte, and the printer's answers come back the same way.
func TestReceiptArrivesAsItWasMeant(t *testing.T) {
	b := newBench(t)
	if err := b.print(lines("Bücherei", "Gebühr 12,50 €", "Danke")); err != nil {
		t.Fatal(err)
	}
	if got := b.machine.Receipts(); len(got) != 1 || got[0] != "Bücherei\nGebühr 12,50 €\nDanke" {
		t.Errorf("on paper: %q", got)
	}
	if got := strings.Join(b.far.text(t), "|"); got != "Bücherei|Gebühr 12,50 €|Danke" {
		t.Errorf("on the cable: %q", got)
	}
	if got := b.driver.Last().Proof; got != printer.ProofPrinted {
		t.Errorf("proof %q, want the printer's word", got)
	}
	b.machine.PaperOut()
	if s, err := b.driver.Status(t.Context()); err != nil || !s.PaperEnd {
		t.Errorf("without paper the status is %+v, %v", s, err)
	}
}

// The cable is pulled when half of a receipt has been read. Nobody knows what came out of it; the next receipt is whole and
// alone.
func TestReceiptIsInDoubtWhenItsCableIsPulled(t *testing.T) {
	b := newBench(t)
	b.far.stallAfter("half of it")
	done := make(chan error, 1)
	go func() { done <- b.print(lines("the first receipt", "half of it", "its other half")) }()
	<-b.far.stalled
	b.pull()
	if err := <-done; device.Class(err) != device.ErrDoubt {
		t.Fatalf("Print = %v, want in doubt", err)
	}
	if s, err := b.driver.Status(t.Context()); device.Class(err) != device.ErrNotSent {
		t.Errorf("Status of a printer that is away = %+v, %v", s, err)
	}
	if err := b.cable.Plug(); err != nil {
		t.Fatal(err)
	}
	b.attach()
	if err := b.print(lines("the second receipt")); err != nil {
		t.Fatalf("after the cable is back: %v", err)
	}
	got := b.machine.Receipts()
	if len(got) == 0 || got[len(got)-1] != "the second receipt" {
		t.Errorf("on paper: %q", got)
	}
	for _, text := range b.far.text(t) {
		if text != "the second receipt" {
			t.Errorf("with the second receipt came %q", text)
		}
	}
}

// A printer that takes no more bytes is given up at the deadline. When it works on, nothing of that receipt hangs on the next.
func TestStalledPrinterEndsAtTheDeadline(t *testing.T) {
	b := newBench(t)
	b.far.stallAfter("half of it")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- b.driver.Print(ctx, lines("the first receipt", "half of it", "its other half")) }()
	<-b.far.stalled
	stop() // the deadline
	select {
	case err := <-done:
		if device.Class(err) != device.ErrDoubt {
			t.Fatalf("Print = %v, want in doubt", err)
		}
	case <-time.After(limit):
		t.Fatal("the driver hangs with its printer")
	}
	close(b.far.goOn)
	if err := b.print(lines("the second receipt")); err != nil {
		t.Fatal(err)
	}
	if got := b.machine.Receipts(); got[len(got)-1] != "the second receipt" {
		t.Errorf("on paper: %q", got)
	}
}

// The kernel takes some 80 KiB for a printer that reads nothing, and then no more. A write that waits ends with Close: libusb
// cancels the transfer, usblp gives the write up.
func TestCloseEndsAWriteThatWaits(t *testing.T) {
	b := newBench(t)
	b.far.stallAfter("stop")
	conn, err := usbprinter.Dial(pretend.PrinterVendor, pretend.PrinterProduct, b.cable.Serial)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "stop"); err != nil {
		t.Fatal(err)
	}
	<-b.far.stalled
	written := make(chan int)
	done := make(chan error, 1)
	go func() {
		for {
			n, err := conn.Write(make([]byte, 16<<10))
			if err != nil {
				done <- err
				return
			}
			written <- n
		}
	}()
	for total, full := 0, false; !full; {
		select {
		case n := <-written:
			if total += n; total > 1<<20 {
				t.Fatalf("%d bytes went to a printer that reads none", total)
			}
		case <-time.After(2 * time.Second): // the cable is full; on a slow machine a few bytes may still fit
			full = true
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- conn.Close() }()
	for closed != nil || done != nil {
		select {
		case <-written:
		case err := <-closed:
			if err != nil {
				t.Errorf("Close = %v", err)
			}
			closed = nil
		case <-done:
			done = nil
		case <-time.After(limit):
			t.Fatal("a write, or Close, hangs with the printer")
		}
	}
}

// Pulling the cable ends a read that waits, and a new Dial finds the printer when it is back, and only then.
func TestPulledCableEndsARead(t *testing.T) {
	b := newBench(t)
	dial := usbprinter.Dial(pretend.PrinterVendor, pretend.PrinterProduct, b.cable.Serial)
	conn, err := dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 64))
		done <- err
	}()
	b.pull()
	select {
	case err := <-done:
		if err == nil || errors.Is(err, io.EOF) {
			t.Errorf("Read = %v, want an error that says so", err)
		}
	case <-time.After(limit):
		t.Fatal("a read outlives its cable")
	}
	conn.Close()
	if _, err := dial(t.Context()); err == nil || !strings.Contains(err.Error(), "not plugged in") {
		t.Errorf("Dial without a cable = %v", err)
	}
	if err := b.cable.Plug(); err != nil {
		t.Fatal(err)
	}
	b.attach()
	if conn, err = dial(t.Context()); err != nil {
		t.Fatalf("the printer is back: %v", err)
	}
	conn.Close()
}
