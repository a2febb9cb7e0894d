package oled_test

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"

	"selfpay/device"
	"selfpay/drivers/i2cdev/i2cdevtest"
	"selfpay/drivers/oled"
)

// glass is the chip's memory and whether it is lit, as the commands have it (SSD1306 data sheet, chapter 10).
type glass struct {
	memory [8][128]byte
	lit    bool
}

// see plays what was sent.
func see(t *testing.T, ops []i2ctest.IO) glass {
	t.Helper()
	var g glass
	page, column := 0, 0
	for _, op := range ops {
		if op.Addr != 0x3c || len(op.W) < 1 {
			t.Fatalf("sent %+v", op)
		}
		if op.W[0] == 0x40 {
			for _, b := range op.W[1:] {
				g.memory[page][column] = b
				column++
			}
			continue
		}
		for i := 1; i < len(op.W); i++ {
			switch c := op.W[i]; {
			case c == 0xae:
				g.lit = false
			case c == 0xaf:
				g.lit = true
			case c == 0xd3, c == 0xda, c == 0x81, c == 0xd5, c == 0x8d, c == 0xd9, c == 0xdb, c == 0xa8, c == 0x20:
				i++ // with one value behind it
			case c == 0x21, c == 0x22:
				i += 2
			case c >= 0xb0 && c <= 0xb7:
				page = int(c & 7)
			case c <= 0x0f:
				column = column&0xf0 | int(c)
			case c >= 0x10 && c <= 0x1f:
				column = int(c&0x0f)<<4 | column&0x0f
			}
		}
	}
	return g
}

// rows says which lines of 16 points have lit ones, and how far they reach to the right.
func (g glass) rows() (lines []int, right int) {
	for line := range 4 {
		lit := false
		for column := range 128 {
			if g.memory[2*line][column]|g.memory[2*line+1][column] != 0 {
				lit, right = true, max(right, column)
			}
		}
		if lit {
			lines = append(lines, line)
		}
	}
	return lines, right
}

func on(bus *i2ctest.Record) *oled.Display {
	return oled.New(func() (i2c.BusCloser, error) { return &i2cdevtest.Failing{Bus: bus}, nil })
}

func TestLinesOfTextAreShown(t *testing.T) {
	bus := &i2ctest.Record{}
	d := on(bus)
	for _, c := range []struct {
		lines []string
		want  []int
		right bool // reaches the right edge
	}{
		{[]string{"main-01", "ready"}, []int{0, 1}, false},
		{[]string{"main-01", "", "terminal:link"}, []int{0, 2}, false},
		{[]string{"a", "b", "c", "d", "e"}, []int{0, 1, 2, 3}, false},
		{[]string{strings.Repeat("M", 40)}, []int{0}, true},
		{[]string{strings.Repeat("ü", 18)}, []int{0}, true},
	} {
		if err := d.Show(c.lines); err != nil {
			t.Fatal(err)
		}
		g := see(t, bus.Ops)
		lines, right := g.rows()
		if !g.lit || !slices.Equal(lines, c.want) || (right > 110) != c.right {
			t.Errorf("%q: lit %v, lines %v, up to column %d", c.lines, g.lit, lines, right)
		}
	}
	if err := d.Show([]string{"1"}); err != nil {
		t.Fatal(err)
	}
	one := see(t, bus.Ops)
	if err := d.Show([]string{"2"}); err != nil || see(t, bus.Ops).memory == one.memory {
		t.Errorf("another text looks the same, %v", err)
	}
}

func TestADarkDisplayComesBackWithTheSameText(t *testing.T) {
	bus := &i2ctest.Record{}
	d := on(bus)
	if err := errors.Join(d.Show([]string{"ready"}), d.Show(nil)); err != nil || see(t, bus.Ops).lit {
		t.Errorf("still lit, %v", err)
	}
	if err := d.Show([]string{"ready"}); err != nil || !see(t, bus.Ops).lit {
		t.Errorf("stays dark, %v", err)
	}
	if err := d.Close(); err != nil || see(t, bus.Ops).lit {
		t.Errorf("lit behind Close, %v", err)
	}
}

func TestEachTransactionMayFail(t *testing.T) {
	for _, errno := range []error{syscall.EIO, syscall.EREMOTEIO, syscall.ETIMEDOUT} {
		whole := &i2ctest.Record{}
		if err := on(whole).Show([]string{"ready"}); err != nil {
			t.Fatal(err)
		}
		want := see(t, whole.Ops)
		for n := range whole.Ops {
			bus, opened := &i2ctest.Record{}, 0
			d := oled.New(func() (i2c.BusCloser, error) {
				f := &i2cdevtest.Failing{Bus: bus, At: n}
				if opened++; opened == 1 {
					f.With = errno
				}
				return f, nil
			})
			if err := d.Show([]string{"ready"}); device.Class(err) != device.ErrAttention || !errors.Is(err, errno) {
				t.Errorf("transaction %d: Show = %v", n, err)
			}
			if err := d.Show([]string{"ready"}); err != nil || see(t, bus.Ops) != want || opened != 2 {
				t.Errorf("after transaction %d failed: %v, opened %d times, or another picture", n, err, opened)
			}
		}
	}
	none := oled.New(func() (i2c.BusCloser, error) { return nil, errors.New("no bus") })
	if err := none.Show([]string{"x"}); device.Class(err) != device.ErrAttention {
		t.Errorf("without a bus: %v", err)
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}
