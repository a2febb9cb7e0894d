// Package tcpport reaches a device on the network by host and port. It knows nothing of the protocol on it.
//
// A receipt printer on port 9100 serves one host at a time. A second one is refused, or its connection hangs until the
// first has gone. Some printers keep a socket for ever that was not shut down and read to its end, until nobody can
// connect before they are switched off and on; others drop an idle connection without a word. So such a connection is
// closed in order, and found dead within seconds.
//
// Facts: lsongdev/node-escpos pull request 396 (the second host hangs for 40 s), mike42/escpos-php issue 394 (sockets leak
// until the printer is restarted), odoo/odoo pull request 230223 (idle connections are dropped); tcp(7).
package tcpport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/device"
)

// keepAlive finds a dead connection on which nothing is sent.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 10 * time.Second, Count: 3}

// Dial makes a device.Dial for a device at host:port.
func Dial(address string) device.Dial {
	dialer := net.Dialer{Timeout: 5 * time.Second, KeepAliveConfig: keepAlive}
	return func(ctx context.Context) (io.ReadWriteCloser, error) { return dialer.DialContext(ctx, "tcp", address) }
}

// Times of a device that serves one host at a time.
const (
	connectWithin = 3 * time.Second
	sentWithin    = 15 * time.Second // the connection is lost when the device has not confirmed bytes for so long
	endsWithin    = 2 * time.Second  // the device has so long to end its side
)

// DialAlone makes a device.Dial for a device that serves one host at a time, as printers on port 9100 do. Close shuts the
// connection down and waits up to two seconds for the device to do the same.
func DialAlone(address string) device.Dial { return dialAlone(address, connectWithin) }

func dialAlone(address string, within time.Duration) device.Dial {
	dialer := net.Dialer{Timeout: within, KeepAliveConfig: keepAlive, Control: func(_, _ string, c syscall.RawConn) error {
		var failure error
		err := c.Control(func(fd uintptr) {
			failure = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(sentWithin.Milliseconds()))
		})
		return errors.Join(err, failure)
	}}
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		c, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return &alone{TCPConn: c.(*net.TCPConn), within: endsWithin}, nil
		}
		switch timeout := net.Error(nil); {
		case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
			return nil, fmt.Errorf("%w; another host may hold the printer", err)
		case errors.As(err, &timeout) && timeout.Timeout():
			return nil, fmt.Errorf("%w; it is off or not connected, or another host may hold the printer", err)
		}
		return nil, err
	}
}

// alone is a connection to a device that serves one host at a time.
type alone struct {
	*net.TCPConn
	within time.Duration // the device ends its side
	once   sync.Once
	err    error
}

// Close ends a Read and a Write that wait. It may be called again.
func (a *alone) Close() error {
	a.once.Do(func() {
		if a.CloseWrite() == nil && a.SetReadDeadline(time.Now().Add(a.within)) == nil {
			_, _ = io.Copy(io.Discard, a.TCPConn) // what is left is of no interest, its end is
		}
		a.err = a.TCPConn.Close()
	})
	return a.err
}

// Read returns what the device sends. Once Close was called it returns the end of the connection.
func (a *alone) Read(b []byte) (int, error) {
	n, err := a.TCPConn.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) { // of Close
		err = net.ErrClosed
	}
	return n, err
}
