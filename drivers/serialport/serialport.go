// Package serialport opens a serial line by its stable name and opens it again after the cable was pulled. It knows
// nothing of the protocol on it.
//
// A line belongs to one process: besides the exclusive mode of the tty, which does not stop an administrator, the
// device is locked with flock(2). The name should be one under /dev/serial/by-id or a udev link, never ttyUSB0, whose
// number changes when something is plugged in again.
//
// The descriptor of that lock is open before the library opens the line and after it has closed it, so the kernel raises
// DTR and RTS once when the line is opened and drops them once when it is closed. A tty without such wires, as a pty is,
// is a line like any other: nothing here asks for them.
//
// Flow control is the kernel's. With rtscts the device's wire, RTS at most makes and "DTR" at some printers, must reach
// CTS here: Linux looks at no DSR. With xonxoff the bytes 11 and 13 that the device sends are eaten and obeyed, and none
// is sent to it; that is for printers, whose answers hold neither, and never for a terminal, whose messages do.
//
// Facts about go.bug.st/serial v1.8.0 that this package hides (read from its serial_unix.go): a read that runs into its
// timeout returns 0 bytes and no error; a write has no timeout at all; a descriptor is closed under a read that is
// still waiting on it; both kinds of flow control are switched off when it opens a line, and its modes have none; it knows
// 1.5 stop bits by name only.
package serialport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"

	"selfpay/device"
)

// Config is a line and its mode.
type Config struct {
	Path     string // a star in it stands for what differs from device to device, see device.Find
	Baud     int    // bits a second; 9600
	DataBits int    // 5 to 8; 8
	Parity   string // "none", "odd", "even", "mark", "space"; none
	StopBits string // "1", "2"; 1. ZVT terminals want 2
	Flow     string // "none", "rtscts", "xonxoff"; none
	// WriteTimeout is the longest time of a write beyond what its bytes need at this speed; 5 s. After it the line is
	// closed, and the bytes may have left.
	WriteTimeout time.Duration
}

var (
	parities = map[string]serial.Parity{
		"none": serial.NoParity, "odd": serial.OddParity, "even": serial.EvenParity, "mark": serial.MarkParity, "space": serial.SpaceParity,
	}
	flows    = map[string]flow{"none": {}, "rtscts": {control: unix.CRTSCTS}, "xonxoff": {input: unix.IXON}}
	stopBits = map[string]serial.StopBits{"1": serial.OneStopBit, "2": serial.TwoStopBits}
)

// ParseAddress reads "serial:///dev/serial/by-id/usb-X?baud=9600&data=8&parity=none&stop=2&flow=none". What is left out has its
// standard value; an unknown or repeated key is an error.
func ParseAddress(address string) (Config, error) {
	wrong := func(format string, args ...any) (Config, error) {
		return Config{}, fmt.Errorf("serial: address %q: %s", address, fmt.Sprintf(format, args...))
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "serial" || u.Host != "" || !filepath.IsAbs(u.Path) || u.Fragment != "" {
		return wrong("it must look like serial:///dev/serial/by-id/NAME?baud=9600&data=8&parity=none&stop=2")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return wrong("%v", err)
	}
	c := Config{Path: u.Path}
	for key, values := range query {
		value := values[0]
		if len(values) > 1 {
			return wrong("%s stands there twice", key)
		}
		switch key {
		case "baud":
			c.Baud, err = strconv.Atoi(value)
		case "data":
			c.DataBits, err = strconv.Atoi(value)
		case "parity":
			c.Parity = value
		case "stop":
			c.StopBits = value
		case "flow":
			c.Flow = value
		default:
			return wrong("%q is not known; use baud, data, parity, stop and flow", key)
		}
		if err != nil || value == "" || value == "0" {
			return wrong("%s=%s is no value", key, value)
		}
	}
	if _, err := c.mode(); err != nil {
		return wrong("%v", err)
	}
	return c.standard(), nil
}

func (c Config) standard() Config {
	if c.Baud == 0 {
		c.Baud = 9600
	}
	if c.DataBits == 0 {
		c.DataBits = 8
	}
	if c.Parity == "" {
		c.Parity = "none"
	}
	if c.StopBits == "" {
		c.StopBits = "1"
	}
	if c.Flow == "" {
		c.Flow = "none"
	}
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = 5 * time.Second
	}
	return c
}

func (c Config) mode() (*serial.Mode, error) {
	c = c.standard()
	parity, known := parities[c.Parity]
	if !known {
		return nil, fmt.Errorf("parity %q is not known; use none, odd, even, mark or space", c.Parity)
	}
	stop, known := stopBits[c.StopBits]
	if !known {
		return nil, fmt.Errorf("%q stop bits are not known; use 1 or 2", c.StopBits)
	}
	if c.DataBits < 5 || c.DataBits > 8 {
		return nil, fmt.Errorf("%d data bits are not possible; use 5 to 8", c.DataBits)
	}
	if c.Baud < 50 || c.Baud > 4_000_000 {
		return nil, fmt.Errorf("%d baud are not possible", c.Baud)
	}
	if _, known := flows[c.Flow]; !known {
		return nil, fmt.Errorf("flow control %q is not known; use none, rtscts or xonxoff", c.Flow)
	}
	return &serial.Mode{BaudRate: c.Baud, DataBits: c.DataBits, Parity: parity, StopBits: stop}, nil
}

// Dial makes a device.Dial for the line. Each call opens the device anew, by its name; what it returns must be closed
// before the next call, since the line is locked. A line that the kernel has not let go of is waited for until ctx ends.
func Dial(c Config) device.Dial {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		return dial(ctx, c.Path, func() (io.ReadWriteCloser, error) {
			l, err := open(c)
			if err != nil {
				return nil, err
			}
			return l, nil
		})
	}
}

func dial(ctx context.Context, path string, open func() (io.ReadWriteCloser, error)) (io.ReadWriteCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type result struct {
		line io.ReadWriteCloser
		err  error
	}
	opened := make(chan result)
	go func() {
		l, err := open()
		select {
		case opened <- result{l, err}:
		case <-ctx.Done():
			if err == nil {
				l.Close()
			}
		}
	}()
	select {
	case r := <-opened:
		return r.line, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("serial: cannot open %s: the system has not let go of it: %w", path, ctx.Err())
	}
}

func open(c Config) (*line, error) {
	mode, err := c.mode()
	if err != nil {
		return nil, fmt.Errorf("serial: %w", err)
	}
	c = c.standard()
	if c.Path, err = device.Find(c.Path); err != nil {
		return nil, fmt.Errorf("serial: cannot open the line: %w; is it plugged in?", err)
	}
	lock, err := os.OpenFile(c.Path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("serial: cannot open %s: %w", c.Path, explain(err))
	}
	if err := flock(lock); err != nil {
		lock.Close()
		return nil, fmt.Errorf("serial: cannot open %s: %w", c.Path, explain(err))
	}
	port, err := serial.Open(c.Path, mode)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("serial: cannot open %s: %w", c.Path, explain(err))
	}
	err = port.SetReadTimeout(readSlice)
	if err == nil {
		err = flows[c.Flow].set(lock) // last: the library has no mode with it
	}
	if err != nil {
		port.Close()
		lock.Close()
		return nil, fmt.Errorf("serial: cannot open %s: %w", c.Path, err)
	}
	return &line{port: port, lock: lock, cfg: c, closed: make(chan struct{})}, nil
}

func flock(f *os.File) error {
	return device.Control(f, func(fd int) error { return syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) })
}

// flow holds the bits of a tty's mode that are one kind of flow control.
type flow struct{ control, input uint32 }

// All kinds of flow control that this package knows or switches off.
const (
	allControl = unix.CRTSCTS
	allInput   = unix.IXON | unix.IXOFF | unix.IXANY
)

func (w flow) set(tty *os.File) error {
	return device.Control(tty, func(fd int) error {
		mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		mode.Cflag = mode.Cflag&^allControl | w.control
		mode.Iflag = mode.Iflag&^allInput | w.input
		mode.Cc[unix.VSTART], mode.Cc[unix.VSTOP] = 0x11, 0x13
		if err := unix.IoctlSetTermios(fd, unix.TCSETS, mode); err != nil {
			return err
		}
		// A driver leaves out what its device cannot do.
		if mode, err = unix.IoctlGetTermios(fd, unix.TCGETS); err == nil && (mode.Cflag&allControl != w.control || mode.Iflag&allInput != w.input) {
			err = errors.New("it does not know this kind of flow control")
		}
		return err
	})
}

// explain says in words what staff can do about an error of opening.
func explain(err error) error {
	var port *serial.PortError
	code := serial.PortErrorCode(-1)
	if errors.As(err, &port) {
		code = port.Code()
	}
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EBUSY), code == serial.PortBusy:
		return errors.New("it is in use; does another process of this kiosk run?")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV), code == serial.PortNotFound:
		return errors.New("no such device; is it plugged in?")
	case errors.Is(err, fs.ErrPermission), code == serial.PermissionDenied:
		return errors.New("not permitted; the service user must be in the group of the device")
	case errors.Is(err, syscall.ENOTTY), errors.Is(err, syscall.EISDIR), code == serial.InvalidSerialPort:
		return errors.New("it is no serial line")
	}
	return err
}

// readSlice is how long one read of the library lasts at most, and so about the time that Close takes.
const readSlice = 100 * time.Millisecond

var errClosed = fmt.Errorf("serial: the line is closed: %w", os.ErrClosed)

// line is an open line.
type line struct {
	port   serial.Port
	lock   *os.File
	cfg    Config
	reads  sync.Mutex // held by Read
	writes sync.Mutex // held by the goroutine that writes
	once   sync.Once
	closed chan struct{}
	err    error
}

func (l *line) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Read waits until there are bytes, the line is closed or the device is gone; it never returns nothing without an error.
func (l *line) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	l.reads.Lock()
	defer l.reads.Unlock()
	for !l.isClosed() {
		n, err := l.port.Read(b)
		if n > 0 {
			return n, nil
		}
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return 0, fmt.Errorf("serial: %s: %w", l.cfg.Path, err)
		}
	}
	return 0, errClosed
}

// Write hands all bytes to the system. When that takes longer than the bytes need and WriteTimeout, the line is closed
// and the error says so: the bytes may have left, and n counts them as written for that reason.
func (l *line) Write(b []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		l.writes.Lock()
		defer l.writes.Unlock()
		if l.isClosed() {
			done <- result{0, errClosed}
			return
		}
		n, err := l.port.Write(b)
		done <- result{n, err}
	}()
	bits := 12 * time.Duration(len(b))
	timer := time.NewTimer(l.cfg.WriteTimeout + bits*time.Second/time.Duration(l.cfg.Baud))
	defer timer.Stop()
	select {
	case r := <-done:
		switch {
		case r.err != nil:
			return r.n, fmt.Errorf("serial: write to %s: %w", l.cfg.Path, r.err)
		case r.n < len(b):
			return r.n, fmt.Errorf("serial: write to %s: %w", l.cfg.Path, io.ErrShortWrite)
		}
		return r.n, nil
	case <-timer.C:
		l.Close()
		return len(b), fmt.Errorf("serial: write to %s does not end; the line was closed", l.cfg.Path)
	}
}

// drainWithin is how long bytes that the device holds back with flow control are waited for when the line is closed. The
// kernel itself would wait for thirty seconds.
const drainWithin = time.Second

// drain throws away what a device with flow control does not take. Without it the bytes leave by themselves.
func (l *line) drain() {
	if l.cfg.Flow == "none" {
		return
	}
	for end := time.Now().Add(drainWithin); time.Now().Before(end); time.Sleep(drainWithin / 50) {
		waiting := 0
		err := device.Control(l.lock, func(fd int) (err error) { waiting, err = unix.IoctlGetInt(fd, unix.TIOCOUTQ); return err })
		if err != nil || waiting == 0 {
			return
		}
	}
	l.release()
}

// release ends the device's hold on the line and throws away what is waiting. A line that is gone has neither.
func (l *line) release() {
	_ = l.port.ResetOutputBuffer()
	if l.cfg.Flow != "none" {
		_ = flow{}.set(l.lock)
		_ = l.port.ResetOutputBuffer() // of a write that was held up
	}
}

// closeWithin bounds the wait for the kernel to close a line. It waits up to thirty seconds for a device that takes no
// bytes: seen with cdc-acm of Linux 6.1, which throws none of them away.
const closeWithin = 2 * time.Second

func within(limit time.Duration, path string, shut func() error) error {
	done := make(chan error, 1)
	go func() { done <- shut() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("serial: %s takes no bytes; the system lets go of it within half a minute", path)
	}
}

// Close ends the line and wakes a read and a write that wait. It may be called again.
func (l *line) Close() error {
	l.once.Do(func() {
		close(l.closed)
		// A write that hangs in the driver ends when its output is thrown away and nothing holds it back. Where even that does not help, the descriptor
		// stays open under it rather than being given to another file.
		idle := make(chan struct{})
		go func() {
			l.writes.Lock()
			l.reads.Lock()
			close(idle)
			l.reads.Unlock()
			l.writes.Unlock()
		}()
		for range 20 {
			select {
			case <-idle:
				l.drain()
				l.err = within(closeWithin, l.cfg.Path, func() error { return errors.Join(l.port.Close(), l.lock.Close()) })
				return
			case <-time.After(readSlice):
				l.release()
			}
		}
		l.err = errors.Join(fmt.Errorf("serial: %s hangs and stays open", l.cfg.Path), l.lock.Close())
	})
	return l.err
}
