package i2cdev

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"periph.io/x/conn/v3/physic"

	"selfpay/device"
)

func TestMessageIsTheKernels(t *testing.T) {
	if size := unsafe.Sizeof(message{}); size != 8+unsafe.Sizeof(uintptr(0)) || unsafe.Offsetof(message{}.bytes) != 8 {
		t.Errorf("struct i2c_msg has %d bytes", size)
	}
}

func TestWriteAndReadAreOneTransaction(t *testing.T) {
	for name, c := range map[string]struct {
		w, r []byte
		want []uint16 // flags
	}{
		"both":    {[]byte{2}, make([]byte, 2), []uint16{0, flagRead}},
		"write":   {[]byte{6, 0x40, 0}, nil, []uint16{0}},
		"read":    {nil, make([]byte, 2), []uint16{flagRead}},
		"nothing": {nil, nil, nil},
	} {
		var got []uint16
		calls := 0
		b := &Bus{name: "bus", transfer: func(messages []message) error {
			calls++
			for _, m := range messages {
				got = append(got, m.flags)
				bytes := unsafe.Slice(m.bytes, m.length)
				if m.address != 0x36 {
					t.Errorf("%s: address %#x", name, m.address)
				}
				if m.flags&flagRead != 0 {
					copy(bytes, []byte{0xab, 0xcd})
				} else if string(bytes) != string(c.w) {
					t.Errorf("%s: sent % x", name, bytes)
				}
			}
			return nil
		}}
		if err := b.Tx(0x36, c.w, c.r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if calls != min(1, len(c.want)) || len(got) != len(c.want) || len(got) > 1 && got[1] != flagRead {
			t.Errorf("%s: %d transactions, flags %v", name, calls, got)
		}
		if len(c.r) == 2 && (c.r[0] != 0xab || c.r[1] != 0xcd) {
			t.Errorf("%s: read % x", name, c.r)
		}
	}
}

func TestWhatTheBusSaysIsExplained(t *testing.T) {
	for errno, words := range map[syscall.Errno]string{
		syscall.ENXIO: "at 0x36 does not answer", syscall.EREMOTEIO: "at 0x36 does not answer",
		syscall.ETIMEDOUT: "stuck", syscall.EIO: "stuck", syscall.ENODEV: "gone", syscall.EOPNOTSUPP: "not supported",
	} {
		b := &Bus{name: "/dev/i2c-1", transfer: func([]message) error { return errno }}
		err := b.Tx(0x36, []byte{2}, nil)
		if device.Class(err) != device.ErrAttention || !errors.Is(err, errno) || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "/dev/i2c-1") {
			t.Errorf("%v: %v, want %q", errno, err, words)
		}
	}
}

func TestWrongCallsNeverReachTheBus(t *testing.T) {
	b := &Bus{name: "bus", transfer: func([]message) error { t.Error("sent"); return nil }}
	for _, err := range []error{
		b.Tx(0x07, []byte{1}, nil), b.Tx(0x78, []byte{1}, nil), b.Tx(0x136, []byte{1}, nil),
		b.Tx(0x36, make([]byte, 8193), nil), b.Tx(0x36, nil, make([]byte, 8193)), b.SetSpeed(physic.MegaHertz),
	} {
		if device.Class(err) != device.ErrRefused {
			t.Errorf("%v", err)
		}
	}
}

func TestABusThatIsNotThereIsExplained(t *testing.T) {
	_, err := Open(4711)
	if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), "i2c_arm=on") {
		t.Errorf("Open = %v", err)
	}
	if err := explainOpen("/dev/i2c-1", syscall.EACCES); !strings.Contains(err.Error(), "group i2c") {
		t.Errorf("%v", err)
	}
	closed := &Bus{name: "bus"}
	closed.transfer = closed.ioctl
	if err := closed.Tx(0x36, []byte{1}, nil); device.Class(err) != device.ErrAttention {
		t.Errorf("Tx on a closed bus = %v", err)
	}
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
}
