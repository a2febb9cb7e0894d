package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
	"selfpay/sip/client"
	sipdecode "selfpay/sip/decode"
	"selfpay/sip/wire"
)

// proxied is one message that went through the proxy.
type proxied struct {
	Time       time.Time `json:"time"`       // when its last byte came
	Connection int       `json:"connection"` // counted from 1
	Direction  direction `json:"direction"`
	sipdecode.Document
}

// direction is which way a message went.
type direction string

const (
	toLibrary direction = "to library"
	toClient  direction = "to client"
)

type ilsProxyCommand struct {
	Listen string `required:"" placeholder:"127.0.0.1:PORT" help:"Where the client connects, on this machine only."`
	To     string `placeholder:"HOST:PORT" help:"The library system; ils.address where it is left out. TLS as in the configuration."`
}

func (p *ilsProxyCommand) Run(ctx context.Context, t *tool) error {
	host, port, err := net.SplitHostPort(p.Listen)
	if ip := net.ParseIP(host); err != nil || port == "" || ip == nil || !ip.IsLoopback() {
		return errUsage("the proxy shows what goes over an unprotected line, so it listens on this machine only: --listen 127.0.0.1:PORT or [::1]:PORT")
	}
	c, cfg, err := t.library()
	if err != nil {
		return err
	}
	if p.To != "" {
		if err := c.ILS.Address.UnmarshalText([]byte("tcp://" + p.To)); err != nil || c.ILS.Address.Port() == "" || c.ILS.Address.Hostname() == "" {
			return errUsage("the library system is named by host and port: --to ils.example.org:6001")
		}
		if cfg, err = parts.Client(c); err != nil {
			return keptBySystemd(err)
		}
	}
	listener, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return fmt.Errorf("the proxy cannot listen: %w; choose another port with --listen", err)
	}
	fmt.Fprintf(os.Stderr, "the proxy listens on %s and passes on to %s; Ctrl-C ends it\n", listener.Addr(), c.ILS.Address.Host)
	return newProxy(c, cfg, t).serve(ctx, listener)
}

// proxy passes bytes on as they come, unchanged, and never waits for a message to be whole or for the screen.
type proxy struct {
	config config.Config
	cfg    client.Config
	report *proxyReport
}

func newProxy(c config.Config, cfg client.Config, t *tool) *proxy {
	return &proxy{c, cfg, newProxyReport(t, cfg.Format.Charset)}
}

// serve takes connections until ctx ends. The error is that of the listener, or of what was to be printed.
func (p *proxy) serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	printed := make(chan error, 1)
	go func() { printed <- p.report.print() }()
	var running sync.WaitGroup
	var failed error
	for number := 1; ; number++ {
		near, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				failed = fmt.Errorf("the proxy takes no more connections: %w", err)
			}
			break
		}
		running.Go(func() { p.connection(ctx, number, near) })
	}
	running.Wait()
	p.report.end()
	return errors.Join(failed, <-printed)
}

// connection passes one connection on, until both ends have ended it or one has reset it.
func (p *proxy) connection(ctx context.Context, number int, near net.Conn) {
	defer near.Close()
	p.report.note("connection %d opened", number)
	far, err := p.cfg.Open(ctx)
	if err != nil {
		reset(near)
		p.report.note("connection %d ended: %v", number, cannotAsk(p.config, err))
		return
	}
	defer far.Close()
	both := func() { reset(near); reset(far) }
	stop := context.AfterFunc(ctx, both)
	defer stop()
	var ways sync.WaitGroup
	ways.Go(func() { p.pass(number, toLibrary, far, near, both) })
	ways.Go(func() { p.pass(number, toClient, near, far, both) })
	ways.Wait()
	p.report.note("connection %d ended", number)
}

// pass moves bytes one way. An orderly end is passed on as one, and anything else as a reset: a library system may
// carry out what was cut off by an orderly end.
func (p *proxy) pass(number int, d direction, to, from net.Conn, reset func()) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			p.report.bytes(number, d, buffer[:n])
			if _, err := to.Write(buffer[:n]); err != nil {
				p.report.ended(number, d)
				reset()
				return
			}
		}
		if err == nil {
			continue
		}
		p.report.ended(number, d)
		if half, ok := to.(interface{ CloseWrite() error }); !errors.Is(err, io.EOF) || !ok || half.CloseWrite() != nil {
			reset()
		}
		return
	}
}

// reset ends a connection so that its far end sees a fault.
func reset(c net.Conn) {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else it is closed in good order, which is all that can be done
	}
	_ = c.Close() // given up either way
}

// proxyReport prints what went through. What is to be printed waits in a list of its own, so that a screen which was
// stopped holds nothing up.
type proxyReport struct {
	tool    *tool
	charset wire.Charset

	mu      sync.Mutex
	waiting []passed
	over    bool
	more    chan struct{} // holds one token when there is something to look at
}

// passed is one thing to be printed: bytes, the end of a way, or a note.
type passed struct {
	at         time.Time
	connection int
	direction  direction
	bytes      []byte
	ended      bool
	note       string
}

func newProxyReport(t *tool, charset wire.Charset) *proxyReport {
	return &proxyReport{tool: t, charset: charset, more: make(chan struct{}, 1)}
}

func (r *proxyReport) add(p passed) {
	r.mu.Lock()
	r.waiting = append(r.waiting, p)
	r.mu.Unlock()
	r.wake()
}

func (r *proxyReport) wake() {
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *proxyReport) bytes(connection int, d direction, b []byte) {
	r.add(passed{at: time.Now(), connection: connection, direction: d, bytes: slices.Clone(b)})
}

func (r *proxyReport) ended(connection int, d direction) {
	r.add(passed{at: time.Now(), connection: connection, direction: d, ended: true})
}

func (r *proxyReport) note(format string, a ...any) { r.add(passed{note: fmt.Sprintf(format, a...)}) }

// end lets print return when everything is printed.
func (r *proxyReport) end() {
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.wake()
}

// print prints until end.
func (r *proxyReport) print() error {
	type way struct {
		connection int
		direction  direction
	}
	decoders, veils := map[way]*wire.Decoder{}, map[int]*veil{}
	var failed error
	for {
		<-r.more
		r.mu.Lock()
		batch, over := r.waiting, r.over
		r.waiting = nil
		r.mu.Unlock()
		for _, p := range batch {
			if p.note != "" {
				fmt.Fprintln(os.Stderr, p.note)
				continue
			}
			w := way{p.connection, p.direction}
			if decoders[w] == nil {
				decoders[w] = &wire.Decoder{}
			}
			if veils[p.connection] == nil {
				veils[p.connection] = &veil{}
			}
			failed = errors.Join(failed, r.messages(p, decoders[w], veils[p.connection]))
			if p.ended {
				delete(decoders, w)
				if !slices.ContainsFunc(slices.Collect(maps.Keys(decoders)), func(other way) bool { return other.connection == p.connection }) {
					delete(veils, p.connection)
				}
			}
		}
		if over {
			return failed
		}
	}
}

// messages prints the messages that some bytes, or the end of a way, have made whole.
func (r *proxyReport) messages(p passed, decoder *wire.Decoder, v *veil) error {
	var failed error
	decoder.Feed(p.bytes)
	for {
		line, more, err := decoder.Next()
		if !more {
			break
		}
		d := sipdecode.Document{Fixed: map[string]string{}, Fields: []sipdecode.Field{}, Checksum: wire.Absent.String(),
			Problems: []string{fmt.Sprintf("A message is longer than %d bytes and is not shown.", wire.DefaultLimit)}}
		if err == nil {
			d = v.lift(line, r.charset)
		}
		failed = errors.Join(failed, r.message(p, d))
	}
	if rest := decoder.Rest(); p.ended && len(rest) > 0 {
		d := v.lift(rest, r.charset)
		d.Problems = append(d.Problems, "The message has no end (CR).")
		failed = errors.Join(failed, r.message(p, d))
	}
	return failed
}

func (r *proxyReport) message(p passed, d sipdecode.Document) error {
	if r.tool.json {
		return r.tool.document(proxied{p.at, p.connection, p.direction, d})
	}
	first := fmt.Sprintf("%s  connection %d, %s: %s", p.at.Format("15:04:05.000"), p.connection, p.direction, headline(d))
	_, err := fmt.Fprintln(r.tool.out, strings.Join(append([]string{first}, explainMessage(d)...), "\n"))
	return err
}
