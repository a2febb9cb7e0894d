package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"selfpay/sip"
	"selfpay/sip/wire"
)

// conn is one connection after login. It is used by one request at a time.
type conn struct {
	net.Conn
	decoder  wire.Decoder
	since    time.Time
	status   sip.ACSStatus
	known    bool // status was read
	sequence int
	tainted  bool // something may still come that nobody waits for
}

// What can go wrong while an answer is awaited.
var (
	errSilent   = errors.New("no answer in time")
	errClosed   = errors.New("connection lost")
	errBadSum   = errors.New("wrong checksum")
	errSequence = errors.New("answer to another request")
	errNoSum    = errors.New("answer without checksum")
	errResend   = errors.New("library system asks to send again")
)

// reset ends a connection so that the far end sees a fault and no end of message: a library system may execute
// what was cut by an orderly close.
func (c *conn) reset() {
	raw := c.Conn
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the close is orderly, which is the lesser evil
	}
	_ = raw.Close() // the connection is given up either way
}

// during makes a deadline for reads and writes that also ends with ctx. done must be called before the next one.
func (c *conn) during(ctx context.Context, wait time.Duration) (done func()) {
	if err := c.SetDeadline(time.Now().Add(wait)); err != nil {
		c.tainted = true
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if !stop() {
			c.tainted = true // the late deadline might hit the next request
		}
	}
}

// write sends one message in one write. began says that a byte may have left.
func (c *conn) write(ctx context.Context, wait time.Duration, frame []byte) (began bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	done := c.during(ctx, wait)
	defer done()
	n, err := c.Conn.Write(frame)
	if err == nil {
		return true, nil
	}
	_, encrypted := c.Conn.(*tls.Conn) // counts nothing for a record that failed halfway
	return n > 0 || encrypted, fmt.Errorf("%w: %w", errClosed, explained(err))
}

// read waits for one line. errSilent means that the connection still stands.
func (c *conn) read(ctx context.Context, wait time.Duration) ([]byte, error) {
	done := c.during(ctx, wait)
	defer done()
	buffer := make([]byte, 4096)
	for {
		line, more, err := c.decoder.Next()
		if err != nil || more {
			return line, err
		}
		n, err := c.Conn.Read(buffer)
		c.decoder.Feed(buffer[:n])
		if n > 0 {
			continue
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, errSilent
		default:
			return nil, fmt.Errorf("%w: %w", errClosed, explained(err))
		}
	}
}

// frame makes the bytes of one request and the number it carries.
func (c *conn) frame(cfg *Config, m wire.Message) ([]byte, int, error) {
	number := wire.NoSequence
	if cfg.ErrorDetection != NoDetection {
		m.Checksum = wire.OK
		if m.Code != "96" && m.Code != "97" {
			number = c.sequence
		}
	}
	m.Sequence = number
	b, err := cfg.Format.Encode(m)
	if err == nil && number != wire.NoSequence {
		c.sequence = (c.sequence + 1) % 10
	}
	return b, number, err
}
