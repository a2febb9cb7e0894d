package zvt_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"selfpay/device/terminal"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// longestStatus is the longest published status information: 229 bytes, 19 bitmaps and a container of 7 objects.
func longestStatus(b *testing.B) []byte {
	b.Helper()
	frames, _ := publishedFrames(b)
	var longest []byte
	for _, f := range frames {
		raw := fromHex(b, f.Hex)
		if a, _, err := zvt.ParseAPDU(raw); err == nil && a.Control == zvt.StatusInformation && len(raw) > len(longest) {
			longest = raw
		}
	}
	b.SetBytes(int64(len(longest)))
	return longest
}

func BenchmarkDecodeStatusInformation(b *testing.B) {
	raw := longestStatus(b)
	b.ReportAllocs()
	for b.Loop() {
		a, _, err := zvt.ParseAPDU(raw)
		if err != nil {
			b.Fatal(err)
		}
		if m := zvt.ReadMessage(a); m.Err != nil {
			b.Fatal(m.Err)
		}
	}
}

// BenchmarkEncodeStatusInformation writes it from its fields and objects.
func BenchmarkEncodeStatusInformation(b *testing.B) {
	raw := longestStatus(b)
	a, _, err := zvt.ParseAPDU(raw)
	if err != nil {
		b.Fatal(err)
	}
	m := zvt.ReadMessage(a)
	b.ReportAllocs()
	for b.Loop() {
		if got := m.APDU().Bytes(); len(got) != len(raw) {
			b.Fatalf("% X", got)
		}
	}
}

// byteTime is what one byte takes at 9600 baud: a start bit, eight of data, two stop bits.
const byteTime = 11 * time.Second / 9600

// slowLine is a serial line in real time: bytes arrive when the last of a piece has passed, in both directions at once.
type slowLine struct {
	mu    sync.Mutex
	busy  time.Duration // while bytes were on their way, in whichever direction
	until time.Time     // when the newest of them arrives
}

func newSlowLine() (l *slowLine, near, far io.ReadWriteCloser) {
	l = &slowLine{}
	nearIn, farOut := l.direction()
	farIn, nearOut := l.direction()
	return l, lineEnd{nearIn, nearOut}, lineEnd{farIn, farOut}
}

// taken is how long the line has been busy so far.
func (l *slowLine) taken() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy
}

func (l *slowLine) passes(from, to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if from.Before(l.until) {
		from = l.until
	}
	if to.After(from) {
		l.busy, l.until = l.busy+to.Sub(from), to
	}
}

func (l *slowLine) direction() (*io.PipeReader, *oneWay) {
	in, out := io.Pipe()
	w := &oneWay{line: l, pieces: make(chan piece, 1024), out: out}
	go w.deliver()
	return in, w
}

type piece struct {
	bytes   []byte
	arrives time.Time
}

// oneWay is one direction of the line; one goroutine writes at a time.
type oneWay struct {
	line   *slowLine
	mu     sync.Mutex
	free   time.Time // when the next piece may begin
	pieces chan piece
	out    *io.PipeWriter
}

func (w *oneWay) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := time.Now()
	if from.Before(w.free) {
		from = w.free
	}
	w.free = from.Add(time.Duration(len(b)) * byteTime)
	w.line.passes(from, w.free)
	w.pieces <- piece{slices.Clone(b), w.free}
	return len(b), nil
}

// late is how much too late a sleep may end; so long is waited awake.
const late = 2 * time.Millisecond

func (w *oneWay) deliver() {
	for p := range w.pieces {
		time.Sleep(time.Until(p.arrives) - late)
		for time.Now().Before(p.arrives) {
			runtime.Gosched()
		}
		if _, err := w.out.Write(p.bytes); err != nil {
			return
		}
	}
}

type lineEnd struct {
	*io.PipeReader
	*oneWay
}

func (e lineEnd) Close() error { return errors.Join(e.PipeReader.Close(), e.out.Close()) }

// BenchmarkPaymentAt9600Baud pays with a terminal that answers at once and sends both slips. own-share-% is the time in which nothing was
// on the line, so in which driver, simulator and this machine's clock were at work, in percent of the time that the bytes take.
func BenchmarkPaymentAt9600Baud(b *testing.B) {
	line, near, farEnd := newSlowLine()
	far := zvttest.New(zvttest.Config{})
	go far.ServeSerial(farEnd)
	defer far.Close()
	term := zvt.New(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, zvt.Config{Transport: zvt.Serial}, slog.New(slog.DiscardHandler))
	defer term.Close()
	if _, err := term.Status(b.Context()); err != nil { // registers
		b.Fatal(err)
	}
	var total, wire time.Duration
	payments := 0
	for b.Loop() {
		before, began := line.taken(), time.Now()
		slip, err := term.Purchase(b.Context(), fine, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
		if err != nil || len(slip.Customer) == 0 || len(slip.Merchant) == 0 {
			b.Fatalf("%+v, %v", slip, err)
		}
		total, wire, payments = total+time.Since(began), wire+line.taken()-before, payments+1
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(total.Seconds()/float64(payments), "s/payment")
	b.ReportMetric(wire.Seconds()/float64(payments), "wire-s/payment")
	b.ReportMetric(100*float64(total-wire)/float64(wire), "own-share-%")
}

// stopwatch is the kiosk's end of a link. It takes the time from the last byte of a status information to the first of the answer.
type stopwatch struct {
	io.ReadWriteCloser
	mu    sync.Mutex
	heard time.Time
	took  []time.Duration
}

func (w *stopwatch) Read(b []byte) (int, error) {
	n, err := w.ReadWriteCloser.Read(b)
	if a, _, fault := zvt.ParseAPDU(b[:n]); fault == nil && a.Control == zvt.StatusInformation {
		w.mu.Lock()
		w.heard = time.Now()
		w.mu.Unlock()
	}
	return n, err
}

func (w *stopwatch) Write(b []byte) (int, error) {
	w.mu.Lock()
	if !w.heard.IsZero() {
		w.took, w.heard = append(w.took, time.Since(w.heard)), time.Time{}
	}
	w.mu.Unlock()
	return w.ReadWriteCloser.Write(b)
}

// payments are saved in a ledger on disk, one after the other.
type payments struct {
	*ledger.Ledger
	began time.Time
}

func openPayments(b *testing.B, folder string) *payments {
	b.Helper()
	key, err := ledger.LoadKey(filepath.Join(folder, "keys"))
	if err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(folder, key)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return &payments{l, time.Now()}
}

func (p *payments) head() payment.Head {
	return payment.Head{At: payment.Stamp{Wall: time.Now(), Boot: "b", Mono: time.Since(p.began)}}
}

var owed = payment.Reading{Total: fine.Amount, Fees: []payment.Balance{{Fee: "104", Minor: fine.Amount.Minor}}}

// begin saves all that stands before the command to the terminal.
func (p *payments) begin(b *testing.B) payment.ID {
	b.Helper()
	intended, err := p.Intend("20017000010001", payment.Intended{Head: p.head(), Amount: fine.Amount, Rules: payment.StandardRules(time.Minute, false),
		Legs: []payment.PlannedLeg{{Fee: "104", Amount: fine.Amount}}, Account: owed})
	if err != nil {
		b.Fatal(err)
	}
	p.save(b, intended.ID, payment.Purchasing{Head: p.head()})
	return intended.ID
}

func (p *payments) save(b *testing.B, id payment.ID, events ...payment.Event) {
	b.Helper()
	for _, e := range events {
		if _, err := p.Append(id, e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAcknowledgement takes the time from an approval to its acknowledgement, between which it is saved in the ledger, and that of one
// sync of as many bytes in a plain file beside the ledger.
func BenchmarkAcknowledgement(b *testing.B) {
	folder := b.TempDir()
	saved := openPayments(b, folder)
	plain, err := os.OpenFile(filepath.Join(folder, "plain.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer plain.Close()
	far := zvttest.New(zvttest.Config{})
	defer far.Close()
	watch := &stopwatch{}
	term := zvt.New(func(ctx context.Context) (io.ReadWriteCloser, error) {
		link, err := far.Dial(ctx)
		watch.ReadWriteCloser = link
		return watch, err
	}, zvt.Config{}, slog.New(slog.DiscardHandler))
	defer term.Close()
	var syncs []time.Duration
	for b.Loop() {
		id := saved.begin(b)
		var seen payment.ApprovalSeen
		_, err := term.Purchase(b.Context(), fine, terminal.Watch{Seen: func(a terminal.Approval) error {
			seen = payment.ApprovalSeen{Head: saved.head(), Approval: payment.Approval(a)}
			_, err := saved.Append(id, seen)
			return err
		}})
		if err != nil {
			b.Fatal(err)
		}
		saved.save(b, id, payment.DialogueEnded{Head: saved.head()}, payment.AccountRead{Head: saved.head(), Leg: 1, Account: owed},
			payment.Answered{Head: saved.head(), Leg: 1, Accepted: true})
		syncs = append(syncs, oneSync(b, plain, seen))
	}
	milliseconds := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	sync := quantile(syncs, 50)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(quantile(watch.took, 50)), "ms-to-acknowledgement")
	b.ReportMetric(milliseconds(sync), "ms-of-one-sync")
	b.ReportMetric(milliseconds(quantile(watch.took, 50)-sync), "ms-beyond-one-sync")
	b.ReportMetric(milliseconds(quantile(watch.took, 99)), "ms-to-acknowledgement-p99")
}

func oneSync(b *testing.B, plain *os.File, e payment.Event) time.Duration {
	b.Helper()
	record, err := json.Marshal(e)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if _, err := plain.Write(record); err != nil {
		b.Fatal(err)
	}
	if err := syscall.Fdatasync(int(plain.Fd())); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// quantile is the time that q of 100 stay below.
func quantile(times []time.Duration, q int) time.Duration {
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*q/100)]
}
