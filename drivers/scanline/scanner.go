package scanline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"selfpay/device"
	"selfpay/device/scanner"
)

// Config holds a scanner's times. The zero value suits scanners as delivered.
type Config struct {
	Silence time.Duration // completes a label of a scanner that sends no terminator, the first one after eight times that; 0 means 60 ms
	Human   time.Duration // keyboard only: more than this between two keys is a person typing; 0 means 100 ms
	Layout  Layout        // keyboard only: the one the scanner is set to
}

func (c Config) withDefaults() Config {
	if c.Silence == 0 {
		c.Silence = 60 * time.Millisecond
	}
	if c.Human == 0 {
		c.Human = 100 * time.Millisecond
	}
	return c
}

// Scanner is one scanner of this package.
type Scanner struct {
	open  func(ctx context.Context, count *counter) (*feed, error)
	turn  chan struct{} // holds one while Read runs
	count counter

	mu   sync.Mutex
	feed *feed // nil when there is none
}

var _ scanner.Scanner = (*Scanner)(nil)

// NewSerial makes a scanner that is reached by dial. It opens nothing; Read does, and again after the link was lost.
func NewSerial(dial device.Dial, cfg Config, log *slog.Logger) *Scanner {
	cfg = cfg.withDefaults()
	return newScanner(func(ctx context.Context, count *counter) (*feed, error) {
		conn, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		f := newFeed(conn, count, log)
		in := make(chan []byte)
		go func() {
			defer close(in)
			f.lose(readBytes(conn, in))
		}()
		go assemble(f, in, cfg.Silence, newLines(leftover*cfg.Silence))
		return f, nil
	})
}

// leftover says how many times the silence makes what came before a thing of the past.
const leftover = 10

// emptyRead is the pause after a read that brought nothing.
const emptyRead = 20 * time.Millisecond

func readBytes(conn io.Reader, in chan<- []byte) error {
	buf := make([]byte, 256)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			in <- append([]byte(nil), buf[:n]...)
		}
		if err != nil {
			return err
		}
		if n == 0 {
			time.Sleep(emptyRead)
		}
	}
}

func newScanner(open func(ctx context.Context, count *counter) (*feed, error)) *Scanner {
	return &Scanner{open: open, turn: make(chan struct{}, 1)}
}

// Read waits for the next label, as the contract, scanner.Scanner, says. When the scanner is not there or is lost the
// error is of class device.ErrAttention; when ctx ends it is of class device.ErrNotSent.
func (s *Scanner) Read(ctx context.Context) (scanner.Scan, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return scanner.Scan{}, fmt.Errorf("scanline: read: %w: %w", device.ErrNotSent, ctx.Err())
	}
	if err := ctx.Err(); err != nil {
		return scanner.Scan{}, fmt.Errorf("scanline: read: %w: %w", device.ErrNotSent, err)
	}
	f, err := s.live(ctx)
	if err != nil {
		return scanner.Scan{}, fmt.Errorf("scanline: open: %w: %w", device.ErrAttention, err)
	}
	select {
	case scan := <-f.labels:
		s.count.add(scanner.Counts{Read: 1}) // here, so that whoever has the label finds it counted
		return scan, nil
	case <-f.done:
		return scanner.Scan{}, fmt.Errorf("scanline: scanner lost: %w: %w", device.ErrAttention, f.err)
	case <-ctx.Done():
		return scanner.Scan{}, fmt.Errorf("scanline: read: %w: %w", device.ErrNotSent, ctx.Err())
	}
}

// live returns the feed, opened anew when there is none or it was lost.
func (s *Scanner) live(ctx context.Context) (*feed, error) {
	s.mu.Lock()
	f := s.feed
	s.mu.Unlock()
	if f != nil {
		select {
		case <-f.done:
		default:
			return f, nil
		}
	}
	f, err := s.open(ctx, &s.count)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.feed = f
	s.mu.Unlock()
	return f, nil
}

// Counts say what the scanner has sent since it was made.
func (s *Scanner) Counts() scanner.Counts { return s.count.read() }

// Close releases the scanner and ends a Read that waits. The scanner may be used again; the next Read opens it.
func (s *Scanner) Close() error {
	s.mu.Lock()
	f := s.feed
	s.feed = nil
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	f.lose(errClosed)
	select {
	case <-f.ended:
		return nil
	case <-time.After(patience):
		return errors.New("scanline: close: the device does not let go of a read")
	}
}

// patience is how long closing may take.
const patience = 2 * time.Second

var errClosed = errors.New("closed")

// feed is an open scanner. Its goroutines read it whether or not somebody waits for a label, so that nothing old is
// handed out later.
type feed struct {
	labels chan scanner.Scan // nothing is kept in it
	count  *counter
	log    *slog.Logger
	device io.Closer
	once   sync.Once
	done   chan struct{} // closed when the device was lost or closed
	err    error         // why; read after done
	ended  chan struct{} // closed when its goroutines have ended
}

func newFeed(d io.Closer, count *counter, log *slog.Logger) *feed {
	return &feed{labels: make(chan scanner.Scan), count: count, log: log, device: d, done: make(chan struct{}), ended: make(chan struct{})}
}

// lose ends the feed. A device that was unplugged must be closed, or its descriptor stays readable for ever and its
// name is taken when it comes back.
func (f *feed) lose(err error) {
	f.once.Do(func() {
		f.err = err
		f.device.Close()
		close(f.done)
	})
}

// offer hands a label to whoever waits for it.
func (f *feed) offer(raw []byte) {
	scan, ok := decode(raw)
	switch {
	case !ok && len(trimControl(raw)) > scanner.MaxText:
		f.drop(scanner.Counts{TooLong: 1})
		return
	case !ok:
		f.drop(scanner.Counts{Broken: 1})
		return
	}
	select {
	case f.labels <- scan:
	default:
		f.drop(scanner.Counts{Unasked: 1})
	}
}

// drop counts labels that were thrown away.
func (f *feed) drop(lost scanner.Counts) {
	if lost == (scanner.Counts{}) {
		return
	}
	f.count.add(lost)
	f.log.Debug("label dropped", "unasked", lost.Unasked, "too-long", lost.TooLong, "broken", lost.Broken)
}

// counter adds up the labels of a scanner.
type counter struct {
	mu  sync.Mutex
	all scanner.Counts
}

func (c *counter) add(more scanner.Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Read += more.Read
	c.all.Unasked += more.Unasked
	c.all.TooLong += more.TooLong
	c.all.Broken += more.Broken
}

func (c *counter) read() scanner.Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// finder finds labels in what a reader brings piece by piece.
type finder[T any] interface {
	take(T) [][]byte         // the labels that are complete with a piece
	silence() []byte         // the label that is complete with a silence, or nil
	patience() time.Duration // how many times the usual silence has to last
	dropped() scanner.Counts // what was thrown away since it was asked last
}

// assemble takes what the reader sends until it ends, and tells of silence after each piece.
func assemble[T any](f *feed, in <-chan T, wait time.Duration, find finder[T]) {
	defer close(f.ended)
	quiet := time.NewTimer(wait * find.patience())
	defer quiet.Stop()
	for {
		select {
		case piece, ok := <-in:
			if !ok {
				return
			}
			quiet.Reset(wait * find.patience())
			for _, label := range find.take(piece) {
				f.offer(label)
			}
		case <-quiet.C:
			if label := find.silence(); label != nil {
				f.offer(label)
			}
		}
		f.drop(find.dropped())
	}
}
