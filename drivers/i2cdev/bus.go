// Package i2cdev opens an I2C bus of Linux, /dev/i2c-N, for the drivers of periph.io/x/conn/v3. It is that module's opener
// without its probing of boards: it needs the right to one file and touches nothing else.
//
// A transaction that writes and reads is one I2C_RDWR with a repeated start, so that nobody gets between (linux/i2c-dev.h;
// Documentation/i2c/dev-interface). What the kernel's adapters answer (Documentation/i2c/fault-codes): ENXIO, of some
// EREMOTEIO, when no chip acknowledges the address; ETIMEDOUT, of some EIO, when the bus does not come free.
package i2cdev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"selfpay/device"
)

// The kernel's numbers (linux/i2c-dev.h, linux/i2c.h).
const (
	ioctlRDWR   = 0x0707
	flagRead    = 0x0001
	longestByte = 8192 // bytes of one message
)

// The addresses of chips; the others have meanings of their own.
const (
	lowest  = 0x08
	highest = 0x77
)

// message is struct i2c_msg.
type message struct {
	address uint16
	flags   uint16
	length  uint16
	bytes   *byte
}

// Bus is an open bus.
type Bus struct {
	name     string
	mu       sync.Mutex
	file     *os.File // nil when closed
	transfer func([]message) error
}

var _ i2c.BusCloser = (*Bus)(nil)

// Open opens the bus with this number. The error is of class device.ErrAttention.
func Open(number int) (*Bus, error) {
	path := fmt.Sprintf("/dev/i2c-%d", number)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("i2cdev: %w: %w", device.ErrAttention, explainOpen(path, err))
	}
	b := &Bus{name: path, file: file}
	b.transfer = b.ioctl
	return b, nil
}

func explainOpen(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("there is no bus %s: is it switched on (dtparam=i2c_arm=on), and the module i2c-dev loaded: %w", path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be opened: the kiosk's user must be in the group i2c: %w", path, err)
	}
	return err
}

func (b *Bus) String() string { return b.name }

// Tx writes w to the chip and then reads r from it, in one transaction. Either may be empty. An error is of class
// device.ErrAttention, or device.ErrRefused where the call itself is wrong.
func (b *Bus) Tx(address uint16, w, r []byte) error {
	switch {
	case address < lowest || address > highest:
		return fmt.Errorf("i2cdev: %s: %w: no chip has the address %#x", b.name, device.ErrRefused, address)
	case len(w) > longestByte || len(r) > longestByte:
		return fmt.Errorf("i2cdev: %s: %w: at most %d bytes go each way", b.name, device.ErrRefused, longestByte)
	case len(w) == 0 && len(r) == 0:
		return nil
	}
	var pin runtime.Pinner // the kernel writes to r while Go may move a stack
	defer pin.Unpin()
	var messages []message
	add := func(flags uint16, bytes []byte) {
		if len(bytes) > 0 {
			pin.Pin(&bytes[0])
			messages = append(messages, message{address, flags, uint16(len(bytes)), &bytes[0]})
		}
	}
	add(0, w)
	add(flagRead, r)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.transfer(messages); err != nil {
		return fmt.Errorf("i2cdev: %s: %w: %w", b.name, device.ErrAttention, explain(address, err))
	}
	return nil
}

func (b *Bus) ioctl(messages []message) error {
	if b.file == nil {
		return os.ErrClosed
	}
	data := struct {
		messages *message
		count    uint32
	}{&messages[0], uint32(len(messages))}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&messages[0])
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, b.file.Fd(), ioctlRDWR, uintptr(unsafe.Pointer(&data)))
	if errno != 0 {
		return errno
	}
	return nil
}

func explain(address uint16, err error) error {
	switch {
	case errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.EREMOTEIO):
		return fmt.Errorf("the chip at %#x does not answer: look at its supply and wires: %w", address, err)
	case errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, syscall.EIO):
		return fmt.Errorf("the bus is stuck, a chip or a wire holds it: %w", err)
	case errors.Is(err, syscall.ENODEV):
		return fmt.Errorf("the bus is gone: %w", err)
	}
	return err
}

// SetSpeed refuses: the speed of a bus is the board's (dtparam=i2c_arm_baudrate).
func (b *Bus) SetSpeed(physic.Frequency) error {
	return fmt.Errorf("i2cdev: %s: %w: the speed is set where the board is set up", b.name, device.ErrRefused)
}

// Close releases the bus. Whoever still uses it gets an error.
func (b *Bus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	b.file = nil
	return err
}
