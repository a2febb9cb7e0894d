package max17048_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"

	"selfpay/drivers/i2cdev/i2cdevtest"
	"selfpay/drivers/max17048"
)

func register(number byte, value uint16) i2ctest.IO {
	return i2ctest.IO{Addr: 0x36, W: []byte{number}, R: []byte{byte(value >> 8), byte(value)}}
}

func registers(cell, charge, rate uint16) *i2ctest.Playback {
	return &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{register(8, 0x0012), register(2, cell), register(4, charge), register(0x16, rate)}}
}

func TestRegistersAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		cell, charge, rate uint16
		want               max17048.Reading
	}{
		"half full, emptied": {0xbe00, 0x3280, 0xffec, max17048.Reading{Cell: 3800 * physic.MilliVolt, ChargePercent: 51, MilliPercentPerHour: -4160}},
		"full":               {0xd2f0, 0x6400, 0, max17048.Reading{Cell: 4_218_750 * physic.MicroVolt, ChargePercent: 100}},
		"above full":         {0xd2f0, 0x6900, 1, max17048.Reading{Cell: 4_218_750 * physic.MicroVolt, ChargePercent: 100, MilliPercentPerHour: 208}},
		"a little":           {0x9600, 0x017f, 0, max17048.Reading{Cell: 3 * physic.Volt, ChargePercent: 1}},
		"empty":              {0, 0x007f, 0, max17048.Reading{}},
	} {
		bus := registers(c.cell, c.charge, c.rate)
		if got, err := max17048.New(bus).Sense(); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
		if err := bus.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherChipIsNoGauge(t *testing.T) {
	bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{register(8, 0xffff)}}
	if _, err := max17048.New(bus).Sense(); err == nil || !strings.Contains(err.Error(), "0xffff") {
		t.Errorf("Sense = %v", err)
	}
	if err := bus.Close(); err != nil {
		t.Error(err)
	}
}

func TestQuickStartOnDemandOnly(t *testing.T) {
	bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{{Addr: 0x36, W: []byte{6, 0x40, 0}}}}
	gauge := max17048.New(bus)
	if err := errors.Join(gauge.QuickStart(), gauge.Halt(), bus.Close()); err != nil {
		t.Error(err)
	}
}

func TestEachTransactionMayFail(t *testing.T) {
	for _, errno := range []error{syscall.EIO, syscall.EREMOTEIO, syscall.ETIMEDOUT} {
		for n := range 4 {
			bus := &i2cdevtest.Failing{Bus: registers(0xbe00, 0x3200, 0), At: n, With: errno}
			if got, err := max17048.New(bus).Sense(); !errors.Is(err, errno) || got != (max17048.Reading{}) {
				t.Errorf("transaction %d, %v: Sense = %+v, %v", n, errno, got, err)
			}
		}
		bus := &i2cdevtest.Failing{Bus: registers(0, 0, 0), With: errno}
		if err := max17048.New(bus).QuickStart(); !errors.Is(err, errno) {
			t.Errorf("QuickStart = %v", err)
		}
	}
}
