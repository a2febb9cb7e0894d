//go:build vm

package pretend_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"selfpay/systemd/vm/pretend"
)

// Calls of i2c-dev (Linux, include/uapi/linux/i2c-dev.h and i2c.h).
const (
	i2cRDWR = 0x0707
	i2cRead = 0x0001
)

type i2cMessage struct {
	address, flags, length uint16
	buffer                 *byte
}

// exchange writes and reads in one go, as a chip with registers wants it.
func exchange(f *os.File, address uint16, write, read []byte) error {
	messages := []i2cMessage{{address, 0, uint16(len(write)), &write[0]}}
	if len(read) > 0 {
		messages = append(messages, i2cMessage{address, i2cRead, uint16(len(read)), &read[0]})
	}
	order := struct {
		messages *i2cMessage
		count    uint32
	}{&messages[0], uint32(len(messages))}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), i2cRDWR, uintptr(unsafe.Pointer(&order))); errno != 0 {
		return errno
	}
	return nil
}

func TestI2CChipsAreRegisters(t *testing.T) {
	pretend.Only(t)
	bus, err := pretend.I2C()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fmt.Sprintf("/dev/i2c-%d", bus.Number), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := errors.Join(bus.Chip(0x40, 2), bus.Chip(0x68, 1), bus.Set(0x40, 2, 0x9a38), bus.Set(0x68, 7, 0x12)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		address uint16
		write   []byte
		want    string
	}{
		{0x40, []byte{2}, "\x9a\x38"},
		{0x40, []byte{5, 0x10, 0x01}, ""},
		{0x40, []byte{4}, "\x00\x00\x10\x01"},
		{0x68, []byte{7}, "\x12"},
		{0x68, []byte{8, 0x34, 0x56}, ""},
		{0x68, []byte{7}, "\x12\x34\x56"},
	} {
		read := make([]byte, len(c.want))
		if err := exchange(f, c.address, c.write, read); err != nil || string(read) != c.want {
			t.Errorf("%#x, % X: % X, %v, want % X", c.address, c.write, read, err, c.want)
		}
	}
	for _, fault := range []struct {
		name        string
		begin, mend func() error
		want        error
	}{
		{"none", func() error { return nil }, func() error { return nil }, nil},
		{"mute", func() error { return bus.Mute(0x40, true) }, func() error { return bus.Mute(0x40, false) }, unix.ENXIO},
		{"bus held down", func() error { return bus.Fail(unix.ETIMEDOUT) }, func() error { return bus.Fail(0) }, unix.ETIMEDOUT},
		{"arbitration lost", func() error { return bus.Fail(unix.EAGAIN) }, func() error { return bus.Fail(0) }, unix.EAGAIN},
	} {
		if err := fault.begin(); err != nil {
			t.Fatal(err)
		}
		if err := exchange(f, 0x40, []byte{2}, make([]byte, 2)); !errors.Is(err, fault.want) {
			t.Errorf("%s: %v", fault.name, err)
		}
		if err := fault.mend(); err != nil {
			t.Fatal(err)
		}
	}
	if err := exchange(f, 0x41, []byte{0}, nil); !errors.Is(err, unix.ENXIO) {
		t.Errorf("where no chip is: %v", err)
	}
}

func TestSPISendsBackAndKeeps(t *testing.T) {
	pretend.Only(t)
	if _, err := pretend.SPISent(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(pretend.SPIDevice, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, b := range [][]byte{{0, 0, 0, 0}, {0xff, 1, 2, 3}} {
		if _, err := f.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := pretend.SPISent(); err != nil || string(got) != "\x00\x00\x00\x00\xff\x01\x02\x03" {
		t.Errorf("sent % X, %v", got, err)
	}
	if got, err := pretend.SPISent(); err != nil || len(got) != 0 {
		t.Errorf("sent once more % X, %v", got, err)
	}
	// SPI_IOC_MESSAGE(1), full duplex (Linux, include/uapi/linux/spi/spidev.h)
	out, in := []byte("to and fro"), make([]byte, 10)
	transfer := struct {
		out, in       uint64
		length, speed uint32
		rest          [8]byte
	}{uint64(uintptr(unsafe.Pointer(&out[0]))), uint64(uintptr(unsafe.Pointer(&in[0]))), 10, 0, [8]byte{}}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), 0x40206b00, uintptr(unsafe.Pointer(&transfer))); errno != 0 {
		t.Fatal(errno)
	}
	if string(in) != "to and fro" {
		t.Errorf("there came back %q", in)
	}
}

func TestReportsOfAHIDPOSScannerComeWhole(t *testing.T) {
	pretend.Only(t)
	pos, err := pretend.NewHIDPOS("HIDPOS")
	if err != nil {
		t.Fatal(err)
	}
	defer pos.Close()
	node, err := pos.Node()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(node, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report := "\x02\x0e]F021234000567894"
	sent := make(chan error, 1)
	go func() { sent <- pos.Send([]byte(report)) }()
	got := make([]byte, 128)
	n, err := f.Read(got)
	if err != nil || n != 64 || string(got[:len(report)]) != report {
		t.Errorf("there came % X, %v", got[:n], err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}
