// Package resttest is the chassis of a library system that speaks HTTP, for tests, demonstrations and training: a link that
// can be cut, accounts with their books, and payments that go wrong on order. What is said on the wire belongs to the
// simulators that stand on it.
package resttest

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server answers HTTP/1.1 on a real listener or on a pipe. Make it with NewServer.
type Server struct {
	http   *http.Server
	piped  *pipes
	served sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]struct{}
}

// NewServer makes a server and lets it answer Dial at once.
func NewServer(handler http.Handler) *Server {
	s := &Server{conns: map[net.Conn]struct{}{}, piped: &pipes{waiting: make(chan net.Conn), closed: make(chan struct{})}}
	s.http = &http.Server{Handler: handler, ConnState: s.watch, ReadHeaderTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(io.Discard, "", 0)} // a handshake that fails is the client's to say
	s.http.SetKeepAlivesEnabled(true)
	s.served.Go(func() { s.http.Serve(s.piped) })
	return s
}

// watch keeps the list of connections, and ends those that come while the link is cut.
func (s *Server) watch(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		if s.cut {
			reset(c)
			return
		}
		s.conns[c] = struct{}{}
	case http.StateHijacked, http.StateClosed:
		delete(s.conns, c)
	}
}

// errCut is what Dial says while the link is cut.
var errCut = errors.New("the link to the library system is cut")

// Dial opens a connection in memory, for tests. The address does not matter.
func (s *Server) Dial(ctx context.Context, _ string) (net.Conn, error) {
	s.mu.Lock()
	cut := s.cut
	s.mu.Unlock()
	if cut {
		return nil, errCut
	}
	near, far := net.Pipe()
	select {
	case s.piped.waiting <- far:
		return near, nil
	case <-s.piped.closed:
	case <-ctx.Done():
	}
	near.Close()
	far.Close()
	return nil, errors.New("nobody listens")
}

// Serve takes connections from l until Close, and closes l. The error is that of l, nil after Close.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Cut cuts the link: all connections are reset, and new ones end at once until Restore.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = true
	for c := range s.conns {
		reset(c)
	}
}

// Restore lets connections through again.
func (s *Server) Restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = false
}

// Close ends all connections and listeners.
func (s *Server) Close() error {
	err := s.http.Close()
	s.served.Wait()
	return err
}

func reset(c net.Conn) {
	if secure, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = secure.NetConn()
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0) // without it the close is orderly
	}
	c.Close()
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	waiting chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.waiting:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return memory{} }

type memory struct{}

func (memory) Network() string { return "memory" }
func (memory) String() string  { return "memory" }
