// Package rest sends one HTTP request over one new connection, once. It is the shared part of the routes that speak HTTP.
//
// What a payment must never meet is not switched off here but absent: no redirect is followed, no request is sent again,
// no connection is kept, no proxy is asked, no HTTP/2. net/http's Transport would send some requests again after bytes
// were written, and any request with the header Idempotency-Key (net/http, Go 1.26, Request.isReplayable); its client
// follows 307 and 308 with the body. Only net/http's writer and reader of messages are used.
package rest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"selfpay/device"
	"selfpay/sip/client"
)

// ErrTLS: the library system's certificate, or our own, is not as configured. Nothing was sent; staff must act. It is
// always beside device.ErrNotSent.
var ErrTLS = errors.New("the certificate cannot be trusted")

// Config is one server.
type Config struct {
	Dial   func(ctx context.Context, address string) (net.Conn, error) // nil: TCP to host:port
	TLS    client.TLS                                                  // for addresses with https; no ServerName: the host of the address
	Answer time.Duration                                               // the longest wait for a whole answer, connecting included; 0: 45 s
}

// Bounds of an answer, in bytes.
const (
	longestBody   = 8 << 20
	longestHeader = 64 << 10
	informational = 5 // answers 1xx before the answer
)

// Client sends requests. It may be used from several goroutines.
type Client struct{ cfg Config }

// New makes a client. It opens nothing.
func New(cfg Config) *Client {
	if cfg.Dial == nil {
		cfg.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}
	}
	if cfg.Answer <= 0 {
		cfg.Answer = 45 * time.Second
	}
	return &Client{cfg}
}

// Request is one request.
type Request struct {
	Method string
	Dial   *url.URL    // where it is sent: scheme, host and port
	Target string      // path and query, escaped, as they stand in the request line
	Host   string      // the header Host; empty: that of Dial
	Header http.Header // may be nil
	Body   []byte      // nil: none
	Sent   func()      // called when all of it has left, before the answer is waited for; may be nil
}

// Answer is what the server said, whatever its status.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Date   time.Time // by the server's clock; zero where it was not said
}

// Send sends the request, once, and reads the whole answer. Any status is an answer. device.ErrNotSent: not one byte of
// the request left. device.ErrDoubt: it may have been carried out. Errors
// carry nothing of the request or the answer.
func (c *Client) Send(ctx context.Context, r Request) (Answer, error) {
	ctx, stop := context.WithTimeout(ctx, c.cfg.Answer)
	defer stop()
	message, out, err := encode(r)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", device.ErrNotSent, err)
	}
	conn, err := c.connect(ctx, r.Dial)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", device.ErrNotSent, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := conn.Write(out); err != nil { // how much of it arrived cannot be known
		return Answer{}, fmt.Errorf("%w: %w", device.ErrDoubt, because(ctx, err))
	}
	if r.Sent != nil {
		r.Sent()
	}
	a, err := receive(conn, message)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", device.ErrDoubt, because(ctx, err))
	}
	return a, nil
}

// encode makes the bytes of a request; they leave in one write.
func encode(r Request) (*http.Request, []byte, error) {
	target, err := url.ParseRequestURI(r.Target)
	if err != nil || target.IsAbs() {
		return nil, nil, errors.New("the path of the request cannot be written")
	}
	message := &http.Request{Method: r.Method, URL: &url.URL{Scheme: r.Dial.Scheme, Host: r.Dial.Host, Opaque: target.EscapedPath(), RawQuery: target.RawQuery},
		Host: r.Host, Header: r.Header.Clone(), Close: true}
	if message.Host == "" {
		message.Host = r.Dial.Host
	}
	if message.Header == nil {
		message.Header = http.Header{}
	}
	if _, said := message.Header["User-Agent"]; !said {
		message.Header.Set("User-Agent", "selfpay")
	}
	if r.Body != nil {
		message.Body, message.ContentLength = io.NopCloser(bytes.NewReader(r.Body)), int64(len(r.Body))
	}
	var out bytes.Buffer
	err = message.Write(&out)
	return message, out.Bytes(), err
}

// HostPort is where a server with this address listens.
func HostPort(address *url.URL) string {
	port := address.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[address.Scheme]
	}
	return net.JoinHostPort(address.Hostname(), port)
}

func (c *Client) connect(ctx context.Context, to *url.URL) (net.Conn, error) {
	conn, err := c.cfg.Dial(ctx, HostPort(to))
	if err != nil || to.Scheme != "https" {
		return conn, err
	}
	certificates := c.cfg.TLS
	if certificates.ServerName == "" {
		certificates.ServerName = to.Hostname()
	}
	cfg, err := certificates.Config()
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("%w: %w", ErrTLS, err)
	}
	cfg.NextProtos = []string{"http/1.1"}
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		if untrusted(err) {
			err = fmt.Errorf("%w: %w", ErrTLS, err)
		}
		return nil, err
	}
	return secure, nil
}

// untrusted says whether a handshake failed for what staff can mend, rather than for the line.
func untrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &certificate) || errors.As(err, &plain) || errors.As(err, &alert)
}

// receive reads the answer to a request, and nothing behind it.
func receive(conn net.Conn, to *http.Request) (Answer, error) {
	limited := &io.LimitedReader{R: conn, N: longestHeader}
	in := bufio.NewReader(limited)
	for range informational {
		response, err := http.ReadResponse(in, to)
		if err != nil {
			return Answer{}, plain(err)
		}
		if response.StatusCode < 200 {
			continue
		}
		limited.N = longestBody + 1
		body, err := io.ReadAll(io.LimitReader(response.Body, longestBody+1))
		switch {
		case err != nil:
			return Answer{}, plain(err)
		case len(body) > longestBody:
			return Answer{}, fmt.Errorf("the answer is longer than %d bytes", longestBody)
		}
		date, err := http.ParseTime(response.Header.Get("Date"))
		if err != nil {
			date = time.Time{}
		}
		return Answer{Status: response.StatusCode, Header: response.Header, Body: body, Date: date}, nil
	}
	return Answer{}, errors.New("no answer after several provisional ones")
}

// plain is an error of reading without what was read: it may quote the answer.
func plain(err error) error {
	var line net.Error
	switch {
	case errors.As(err, &line), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection ended before the answer did")
	}
	return errors.New("the answer is no HTTP that can be read")
}

// because is the reason why an exchange ended: the wait rather than the connection that was closed for it.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
