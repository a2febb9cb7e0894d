package escpos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// settle is how long a new link must be silent before it is believed: what arrives earlier was meant for another.
const settle = 50 * time.Millisecond

// emptyRead is the pause after a read that brought nothing: some USB printers send empty packets without end.
const emptyRead = 20 * time.Millisecond

var errLinkLost = errors.New("link lost")

// query is a question that the printer answers. It stays in its queue when nobody waits for it any more, so that its
// late answer is not taken for another.
type query struct {
	id     string      // of a process id
	answer chan []byte // holds one
}

func newQuery() *query { return &query{answer: make(chan []byte, 1)} }

// link is one open connection. One goroutine reads it from opening to closing.
type link struct {
	conn    io.ReadWriteCloser
	custom  bool // the full status of Custom printers may arrive
	log     *slog.Logger
	done    chan struct{} // closed when the reader has ended
	cleared chan struct{} // holds one; the printer's word that its buffers are empty
	trouble chan struct{} // holds one; automatic status told of something that stops printing

	mu       sync.Mutex
	realTime []*query // asked by DLE EOT and not answered, oldest first
	inOrder  []*query // asked by GS r and not answered, oldest first
	full     []*query // asked by DLE EOT 20 and not answered, oldest first
	complete []*query // asked by GS ( H and not answered, oldest first
	givenUp  string   // process id of the query that was forgotten last
	late     bool     // it was answered after all
	heard    int      // bytes read
	noise    int      // messages that answered nothing
}

func newLink(conn io.ReadWriteCloser, custom bool, log *slog.Logger) *link {
	l := &link{
		conn:    conn,
		custom:  custom,
		log:     log,
		done:    make(chan struct{}),
		cleared: make(chan struct{}, 1),
		trouble: make(chan struct{}, 1),
	}
	go l.read()
	return l
}

func (l *link) read() {
	defer close(l.done)
	p := parser{full: l.custom}
	buf := make([]byte, 512)
	for {
		n, err := l.conn.Read(buf)
		for _, b := range buf[:n] {
			l.dispatch(p.feed(b))
		}
		l.mu.Lock()
		l.heard += n
		l.mu.Unlock()
		if err != nil {
			l.conn.Close()
			return
		}
		if n == 0 {
			time.Sleep(emptyRead)
		}
	}
}

func (l *link) dispatch(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch m.kind {
	case kindRealTime:
		l.realTime = l.deliver(l.realTime, m.bytes)
	case kindInOrder:
		l.inOrder = l.deliver(l.inOrder, m.bytes)
	case kindFull:
		l.full = l.deliver(l.full, m.bytes)
	case kindBlock:
		switch what, text := m.block(); what {
		case blockCleared:
			signal(l.cleared)
		case blockDone:
			l.confirm(text)
		}
	case kindASB:
		if troubleASB(m.bytes) {
			signal(l.trouble)
		}
	case kindNoise:
		l.noise++
	}
}

// deliver hands b to the oldest query and returns the others.
func (l *link) deliver(waiting []*query, b []byte) []*query {
	if len(waiting) == 0 {
		l.noise++
		return waiting
	}
	waiting[0].answer <- bytes.Clone(b)
	return waiting[1:]
}

// confirm answers the query with that process id and those before it: a printer whose answers were not read sends
// only the newest. An id that nobody asked for is of another time.
func (l *link) confirm(id string) {
	at := slices.IndexFunc(l.complete, func(q *query) bool { return q.id == id })
	if at < 0 {
		l.noise++
		l.late = l.late || id == l.givenUp
		return
	}
	for _, q := range l.complete[:at+1] {
		q.answer <- []byte(id)
	}
	l.complete = l.complete[at+1:]
}

// forget gives up a query with a process id: the printer does not know the question.
func (l *link) forget(q *query) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complete = slices.DeleteFunc(l.complete, func(other *query) bool { return other == q })
	l.givenUp = q.id
}

// cameLate says whether a forgotten process id was answered after all.
func (l *link) cameLate() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.late
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// dead says whether the link was lost.
func (l *link) dead() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// forgetFull gives up the questions after the full status; an answer that comes all the same is noise.
func (l *link) forgetFull() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.full = nil
}

// stale says whether an answer is still owed.
func (l *link) stale() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.realTime) > 0 || len(l.inOrder) > 0 || len(l.full) > 0
}

// write sends b. When ctx ends first the link is cut, since nobody knows how much of b left.
func (l *link) write(ctx context.Context, b []byte) error {
	written := make(chan error, 1)
	go func() { written <- writeAll(l.conn, b) }()
	select {
	case err := <-written:
		if err != nil {
			l.cut()
			return fmt.Errorf("%w: %w", errLinkLost, err)
		}
		return nil
	case <-ctx.Done():
		l.cut()
		return fmt.Errorf("printer takes no bytes: %w", ctx.Err())
	}
}

func writeAll(w io.Writer, b []byte) error {
	for len(b) > 0 {
		n, err := w.Write(b)
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		b = b[n:]
	}
	return nil
}

// askRealTime sends DLE EOT n and nothing else until the answer is there.
func (l *link) askRealTime(ctx context.Context, n byte) (byte, error) {
	answer, err := l.ask(ctx, &l.realTime, cmdStatus(n))
	if err != nil {
		return 0, err
	}
	return answer[0], nil
}

// askFull asks a Custom printer for its full status.
func (l *link) askFull(ctx context.Context) ([]byte, error) { return l.ask(ctx, &l.full, cmdFull) }

func (l *link) ask(ctx context.Context, queue *[]*query, command []byte) ([]byte, error) {
	q, err := l.put(ctx, queue, newQuery(), command)
	if err != nil {
		return nil, err
	}
	return l.wait(ctx, q)
}

// put queues a question and sends it.
func (l *link) put(ctx context.Context, queue *[]*query, q *query, command []byte) (*query, error) {
	l.mu.Lock()
	*queue = append(*queue, q)
	l.mu.Unlock()
	return q, l.write(ctx, command)
}

// mark sends GS r 1, which is answered when everything before it has been worked through.
func (l *link) mark(ctx context.Context) (*query, error) {
	return l.put(ctx, &l.inOrder, newQuery(), cmdMark)
}

// process sends a process id, which is answered when everything before it has been printed.
func (l *link) process(ctx context.Context, id string) (*query, error) {
	q := newQuery()
	q.id = id
	return l.put(ctx, &l.complete, q, cmdProcess(id))
}

// wait waits for q's answer.
func (l *link) wait(ctx context.Context, q *query) ([]byte, error) {
	select {
	case b := <-q.answer:
		return b, nil
	case <-l.done:
		select {
		case b := <-q.answer:
			return b, nil
		default:
			return nil, errLinkLost
		}
	case <-ctx.Done():
		return nil, fmt.Errorf("printer does not answer: %w", ctx.Err())
	}
}

// clear empties the printer's buffers at once (DLE DC4 8) and waits for its word.
func (l *link) clear(ctx context.Context) error {
	select {
	case <-l.cleared:
	default:
	}
	if err := l.write(ctx, cmdClear); err != nil {
		return err
	}
	select {
	case <-l.cleared:
		l.mu.Lock()
		l.inOrder, l.complete = nil, nil // thrown away with the rest
		l.mu.Unlock()
		return nil
	case <-l.done:
		return errLinkLost
	case <-ctx.Done():
		return fmt.Errorf("printer does not say that its buffer is clear: %w", ctx.Err())
	}
}

// settle waits until nothing has arrived for a while.
func (l *link) settle(ctx context.Context) error {
	for before := -1; ; {
		l.mu.Lock()
		now := l.heard
		l.mu.Unlock()
		if now == before {
			return nil
		}
		before = now
		select {
		case <-time.After(settle):
		case <-l.done:
			return errLinkLost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cut closes the link at once.
func (l *link) cut() { l.conn.Close() }

// close ends the link.
func (l *link) close() error {
	l.mu.Lock()
	noise := l.noise
	l.mu.Unlock()
	if noise > 0 {
		l.log.Warn("printer sent what nobody asked for", "messages", noise)
	}
	if err := l.conn.Close(); err != nil && !l.dead() {
		return err
	}
	return nil
}
