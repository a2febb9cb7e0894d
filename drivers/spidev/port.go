// Package spidev opens an SPI port of Linux, /dev/spidevB.D, for the drivers of periph.io/x/conn/v3. It is that module's
// opener without its probing of boards: it needs the right to one file and touches nothing else.
//
// Facts (Documentation/spi/spidev, linux/spi/spidev.h): SPI acknowledges nothing, so a write to a chip that is not there
// succeeds; a message holds at most bufsiz bytes, 4096 unless the module was told otherwise.
package spidev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"selfpay/device"
)

// The kernel's numbers: _IOW('k', n, size) of linux/spi/spidev.h.
const (
	ioctlMode    = 0x40016b01
	ioctlBits    = 0x40016b03
	ioctlSpeed   = 0x40046b04
	ioctlMessage = 0x40006b00 // with the size of all transfers at bit 16

	kernelLSBFirst = 0x08
	kernelNoCS     = 0x40
)

// Bounds of one message.
const (
	longest     = 4096 // bytes, spidev's bufsiz
	mostPackets = 16
)

// transfer is struct spi_ioc_transfer.
type transfer struct {
	tx, rx    uint64
	length    uint32
	speed     uint32
	delay     uint16
	bits      uint8
	csChange  uint8
	txNBits   uint8
	rxNBits   uint8
	wordDelay uint8
	pad       uint8
}

// Port is an open port.
type Port struct {
	name string
	mu   sync.Mutex
	file *os.File // nil when closed
	most physic.Frequency
	call func(request uintptr, data unsafe.Pointer) error
}

var (
	_ spi.PortCloser = (*Port)(nil)
	_ conn.Limits    = (*line)(nil)
)

// Open opens a port. The error is of class device.ErrAttention.
func Open(bus, chip int) (*Port, error) {
	path := fmt.Sprintf("/dev/spidev%d.%d", bus, chip)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("there is no port %s: is SPI switched on (dtparam=spi=on): %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		err = fmt.Errorf("%s may not be opened: the kiosk's user must be in the group spi: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("spidev: %w: %w", device.ErrAttention, err)
	}
	p := &Port{name: path, file: file}
	p.call = p.ioctl
	return p, nil
}

func (p *Port) String() string { return p.name }

func (p *Port) ioctl(request uintptr, data unsafe.Pointer) error {
	if p.file == nil {
		return os.ErrClosed
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, p.file.Fd(), request, uintptr(data)); errno != 0 {
		return errno
	}
	return nil
}

func (p *Port) refuse(format string, a ...any) error {
	return fmt.Errorf("spidev: %s: %w: %w", p.name, device.ErrRefused, fmt.Errorf(format, a...))
}

// LimitSpeed sets the highest speed of the port, for the devices that are connected afterwards.
func (p *Port) LimitSpeed(f physic.Frequency) error {
	if f <= 0 {
		return p.refuse("%s is no speed", f)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = f
	return nil
}

// Connect sets up the port for its chip.
func (p *Port) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.most > 0 && (f == 0 || f > p.most) {
		f = p.most
	}
	speed := uint32(f / physic.Hertz)
	kernelMode := uint8(mode & spi.Mode3)
	if mode&spi.NoCS != 0 {
		kernelMode |= kernelNoCS
	}
	if mode&spi.LSBFirst != 0 {
		kernelMode |= kernelLSBFirst
	}
	switch {
	case mode&^(spi.Mode3|spi.NoCS|spi.LSBFirst) != 0:
		return nil, p.refuse("mode %s cannot be had", mode)
	case bits != 8:
		return nil, p.refuse("words of %d bits cannot be had, only bytes", bits)
	case f < 0 || f > physic.GigaHertz:
		return nil, p.refuse("%s is no speed", f)
	}
	eight := uint8(8)
	err := errors.Join(p.call(ioctlMode, unsafe.Pointer(&kernelMode)), p.call(ioctlBits, unsafe.Pointer(&eight)))
	if speed > 0 {
		err = errors.Join(err, p.call(ioctlSpeed, unsafe.Pointer(&speed)))
	}
	if err != nil {
		return nil, fmt.Errorf("spidev: %s: %w: %w", p.name, device.ErrAttention, err)
	}
	return &line{p, speed}, nil
}

// Close releases the port. Whoever still uses it gets an error.
func (p *Port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	return err
}

// line is a connection to the chip.
type line struct {
	port  *Port
	speed uint32
}

func (l *line) String() string { return l.port.name }

func (l *line) Duplex() conn.Duplex { return conn.Full }

// MaxTxSize is the most bytes of one transaction.
func (l *line) MaxTxSize() int { return longest }

// Tx sends w while it reads r; of the same length, or one of them empty.
func (l *line) Tx(w, r []byte) error { return l.TxPackets([]spi.Packet{{W: w, R: r}}) }

// TxPackets is one message of several transfers.
func (l *line) TxPackets(packets []spi.Packet) error {
	var pin runtime.Pinner // the kernel gets numbers, in which Go sees no pointers
	defer pin.Unpin()
	address := func(bytes []byte) uint64 {
		if len(bytes) == 0 {
			return 0
		}
		pin.Pin(&bytes[0])
		return uint64(uintptr(unsafe.Pointer(&bytes[0])))
	}
	var all []transfer
	total := 0
	for _, p := range packets {
		switch {
		case len(p.W) != len(p.R) && len(p.W) > 0 && len(p.R) > 0:
			return l.port.refuse("%d bytes out and %d in", len(p.W), len(p.R))
		case p.BitsPerWord != 0 && p.BitsPerWord != 8:
			return l.port.refuse("words of %d bits cannot be had, only bytes", p.BitsPerWord)
		}
		n := max(len(p.W), len(p.R))
		total += n
		t := transfer{tx: address(p.W), rx: address(p.R), length: uint32(n), speed: l.speed, bits: 8}
		if last := len(all) == len(packets)-1; p.KeepCS == last { // the flag lets go of the chip between transfers, and keeps it behind the last
			t.csChange = 1
		}
		all = append(all, t)
	}
	switch {
	case total == 0:
		return nil
	case total > longest || len(all) > mostPackets:
		return l.port.refuse("%d bytes in %d packets are more than one message holds", total, len(all))
	}
	l.port.mu.Lock()
	defer l.port.mu.Unlock()
	size := uintptr(len(all)) * unsafe.Sizeof(transfer{})
	if err := l.port.call(ioctlMessage|size<<16, unsafe.Pointer(&all[0])); err != nil {
		return fmt.Errorf("spidev: %s: %w: %w", l.port.name, device.ErrAttention, err)
	}
	return nil
}
