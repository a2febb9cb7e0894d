//go:build cgo && !nousb

package usbprinter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/gousb"

	"selfpay/device"
)

// Dial opens the printer with these USB ids and, if serial is not empty, that serial number. The kernel's printer
// driver is detached while it is open. Whoever gets the pipe closes it; Close ends a Read and a Write that wait. After
// the printer was unplugged both return an error, and dialling again finds it when it is back.
func Dial(vid, pid uint16, serial string) device.Dial {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &pipe{}
		if err := p.open(vid, pid, serial); err != nil {
			p.release()
			return nil, err
		}
		p.ctx, p.cancel = context.WithCancel(context.Background())
		return p, nil
	}
}

// pipe is one open printer.
type pipe struct {
	usb    *gousb.Context
	device *gousb.Device
	config *gousb.Config
	claim  *gousb.Interface
	in     *gousb.InEndpoint
	out    *gousb.OutEndpoint

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	busy   sync.WaitGroup // transfers under way
	once   sync.Once

	mu     sync.Mutex
	closed bool

	reading sync.Mutex
	packet  []byte // whole packets, else the printer sends more than there is room for
	rest    []byte // of packet, not handed out yet
}

func (p *pipe) open(vid, pid uint16, serial string) (err error) {
	if p.usb, err = newContext(); err != nil {
		return err
	}
	seen := 0
	devices, err := p.usb.OpenDevices(func(d *gousb.DeviceDesc) bool {
		match := d.Vendor == gousb.ID(vid) && d.Product == gousb.ID(pid)
		if match {
			seen++
		}
		return match
	})
	for _, d := range devices {
		if p.device == nil && is(d, serial) {
			p.device = d
			continue
		}
		d.Close()
	}
	if p.device == nil {
		if err != nil && seen > len(devices) { // else err is of another device on the bus
			return fmt.Errorf("%s cannot be opened: %w", name(vid, pid, serial), err)
		}
		return notPluggedIn(vid, pid, serial)
	}
	if err := p.claimPrinter(); err != nil {
		return fmt.Errorf("%s cannot be used: %w", name(vid, pid, serial), err)
	}
	return nil
}

// newContext starts libusb. gousb panics where USB is not to be had at all.
func newContext() (usb *gousb.Context, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("usb is not available: %v", cause)
		}
	}()
	return gousb.NewContext(), nil
}

func is(d *gousb.Device, serial string) bool {
	if serial == "" {
		return true
	}
	s, err := d.SerialNumber()
	return err == nil && s == serial
}

func (p *pipe) claimPrinter() error {
	number, err := p.device.ActiveConfigNum() // selecting another would reset the printer
	if err != nil {
		return err
	}
	c, ok := choose(p.device.Desc.Configs[number])
	if !ok {
		return errors.New("it has no interface that prints and answers")
	}
	if c.alone {
		// libusb detaches the drivers of all interfaces; a keyboard in the same device would be lost.
		if err := p.device.SetAutoDetach(true); err != nil {
			return err
		}
	}
	if p.config, err = p.device.Config(number); err != nil {
		return err
	}
	if p.claim, err = p.config.Interface(c.number, c.alternate); err != nil {
		return err
	}
	if p.in, err = p.claim.InEndpoint(c.in.Number); err != nil {
		return err
	}
	if p.out, err = p.claim.OutEndpoint(c.out.Number); err != nil {
		return err
	}
	p.packet = make([]byte, 8*max(c.in.MaxPacketSize, 64))
	return nil
}

// choice is where a printer prints and answers.
type choice struct {
	number, alternate int
	in, out           gousb.EndpointDesc
	alone             bool // the device has no other interface
}

// choose finds the setting of the printer class with protocol 2, which answers; failing that, one of the vendor
// class with a bulk endpoint each way, as some Epson printers and many clones have.
func choose(config gousb.ConfigDesc) (choice, bool) {
	var vendor *choice
	for _, i := range config.Interfaces {
		for _, s := range i.AltSettings {
			in, out := bulk(s)
			if in.MaxPacketSize == 0 || out.MaxPacketSize == 0 {
				continue
			}
			c := choice{s.Number, s.Alternate, in, out, len(config.Interfaces) == 1}
			switch {
			case s.Class == gousb.ClassPrinter && s.SubClass == 1 && s.Protocol == 2:
				return c, true
			case s.Class == gousb.ClassVendorSpec && vendor == nil:
				vendor = &c
			}
		}
	}
	if vendor == nil {
		return choice{}, false
	}
	return *vendor, true
}

// bulk returns the setting's bulk endpoints with the lowest numbers.
func bulk(s gousb.InterfaceSetting) (in, out gousb.EndpointDesc) {
	for _, e := range s.Endpoints {
		if e.TransferType != gousb.TransferTypeBulk {
			continue
		}
		best := &out
		if e.Direction == gousb.EndpointDirectionIn {
			best = &in
		}
		if best.MaxPacketSize == 0 || e.Number < best.Number {
			*best = e
		}
	}
	return in, out
}

// begin notes a transfer; end with p.busy.Done. It says no after Close.
func (p *pipe) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.busy.Add(1)
	return true
}

// Read returns what the printer sends, and waits for it.
func (p *pipe) Read(b []byte) (int, error) {
	if !p.begin() {
		return 0, io.ErrClosedPipe
	}
	defer p.busy.Done()
	p.reading.Lock()
	defer p.reading.Unlock()
	for len(p.rest) == 0 {
		n, err := p.in.ReadContext(p.ctx, p.packet)
		p.rest = p.packet[:n]
		if n > 0 {
			break // an error comes again with the next read
		}
		if p.ctx.Err() != nil {
			return 0, io.ErrClosedPipe
		}
		if err != nil {
			return 0, fmt.Errorf("usb printer: read: %w", err)
		}
		select {
		case <-time.After(emptyRead):
		case <-p.ctx.Done():
			return 0, io.ErrClosedPipe
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Write sends b. With an error it may have sent a part.
func (p *pipe) Write(b []byte) (int, error) {
	if !p.begin() {
		return 0, io.ErrClosedPipe
	}
	defer p.busy.Done()
	n, err := p.out.WriteContext(p.ctx, b)
	if err != nil {
		return n, fmt.Errorf("usb printer: write: %w", err)
	}
	return n, nil
}

// patience is how long closing may take. A device that libusb cannot let go of is left behind.
const patience = 2 * time.Second

// Close cancels transfers and gives the printer back.
func (p *pipe) Close() error {
	var err error
	p.once.Do(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.cancel()
		done := make(chan struct{})
		go func() {
			p.busy.Wait()
			p.release()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(patience):
			err = errors.New("usb printer: does not let go of its transfers")
		}
	})
	return err
}

// release closes what is open, in the order libusb wants.
func (p *pipe) release() {
	if p.claim != nil {
		p.claim.Close()
	}
	if p.config != nil {
		p.config.Close()
	}
	if p.device != nil {
		p.device.Close()
	}
	if p.usb != nil {
		p.usb.Close()
	}
}
