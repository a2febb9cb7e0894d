// Package machine reads how the computer is that the station runs on: its clock, disk, heat and supply. It reads what the
// kernel tells in files and by two system calls, starts no program, and judges nothing.
//
// What a machine does not tell is nil: a PC has no life time of an SD card, a board without a time service no offset.
//
// Facts: adjtimex(2); Linux, Documentation/driver-api/mmc/mmc-dev-attrs.rst (life_time, pre_eol_info; JEDEC eMMC 5.0,
// EXT_CSD 267 to 269) and Documentation/driver-api/thermal/sysfs-api.rst; get_throttled of Raspberry Pi's own kernel,
// with the bits of vcgencmd get_throttled; drivers/hwmon/raspberrypi-hwmon.c for kernels without it. Not tried on a
// Raspberry Pi yet: the tests use folders in the form of those documents.
package machine

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is the computer to be read.
type Machine struct {
	Root  string // "/", or a folder that holds sys, for tests
	State string // the folder whose disk counts: that of the ledger

	Statfs   func(path string, into *unix.Statfs_t) error  // unix.Statfs
	Adjtimex func(into *unix.Timex) (state int, err error) // unix.Adjtimex
}

// Of is this computer, with the ledger in state.
func Of(state string) Machine {
	return Machine{Root: "/", State: state, Statfs: unix.Statfs, Adjtimex: unix.Adjtimex}
}

// Disk is the file system of the state folder.
type Disk struct {
	Size     uint64 // bytes
	Free     uint64 // bytes that the kiosk may use
	ReadOnly bool
}

// Disk asks for the disk of the state folder.
func (m Machine) Disk() (Disk, error) {
	var found unix.Statfs_t
	if err := m.Statfs(m.State, &found); err != nil {
		return Disk{}, fmt.Errorf("the disk of %s cannot be asked: %w", m.State, err)
	}
	block := uint64(found.Bsize)
	return Disk{Size: found.Blocks * block, Free: found.Bavail * block, ReadOnly: found.Flags&unix.ST_RDONLY != 0}, nil
}

// Clock is how far the system's clock can be believed.
type Clock struct {
	Synchronised bool          // a time service has set it, and lately enough: the kernel gives up after some nine hours
	Measured     bool          // MayBeOff is known
	MayBeOff     time.Duration // the most that it can be wrong, where it is synchronised
}

// Clock asks the kernel. nil: it may not be asked here.
func (m Machine) Clock() *Clock {
	var found unix.Timex
	if _, err := m.Adjtimex(&found); err != nil {
		return m.timesync()
	}
	offset := time.Duration(found.Offset) * time.Microsecond
	if found.Status&unix.STA_NANO != 0 {
		offset = time.Duration(found.Offset)
	}
	return &Clock{Synchronised: found.Status&unix.STA_UNSYNC == 0, Measured: true, MayBeOff: max(offset.Abs(), time.Duration(found.Maxerror)*time.Microsecond)}
}

// timesync is what systemd's time service says, where the kernel may not be asked: ProtectClock= of the unit forbids it. Of
// chrony nothing is known then.
func (m Machine) timesync() *Clock {
	folder := filepath.Join(m.Root, "run/systemd/timesync")
	if _, err := os.Stat(folder); err != nil {
		return nil
	}
	_, err := os.Stat(filepath.Join(folder, "synchronized"))
	return &Clock{Synchronised: err == nil}
}

// Wear is how much of a flash memory is used up.
type Wear struct {
	Percent int  // of its life, in steps of ten, rounded up; above 100: it has outlived what its maker promised
	Reserve Need // of spare blocks
}

// Need is how urgently something must be replaced.
type Need int

const (
	NoNeed Need = iota
	Soon        // 80 percent of the spare blocks are used
	Now         // 90 percent
)

// Wear is that of the worst memory that tells it: eMMC does, SD cards do not. nil: none.
func (m Machine) Wear() *Wear {
	var worst *Wear
	for _, path := range m.find("sys/block/mmcblk*/device/life_time") {
		w := Wear{}
		for _, part := range strings.Fields(read(path)) { // one for each kind of its cells
			if steps, err := strconv.ParseUint(part, 0, 8); err == nil {
				w.Percent = max(w.Percent, 10*int(steps))
			}
		}
		if info, err := strconv.ParseUint(read(filepath.Join(filepath.Dir(path), "pre_eol_info")), 0, 8); err == nil && info > 1 {
			w.Reserve = min(Now, Need(info-1))
		}
		if w != (Wear{}) && (worst == nil || w.Percent > worst.Percent || w.Reserve > worst.Reserve) {
			worst = &w
		}
	}
	return worst
}

// Celsius is the temperature of the hottest sensor, in degrees. nil: there is none.
func (m Machine) Celsius() *int {
	var hottest *int
	for _, path := range m.find("sys/class/thermal/thermal_zone*/temp") {
		milli, err := strconv.Atoi(read(path))
		degrees := int(math.Round(float64(milli) / 1000))
		if err == nil && degrees > -50 && degrees < 200 && (hottest == nil || degrees > *hottest) {
			hottest = &degrees
		}
	}
	return hottest
}

// Supply is what a Raspberry Pi says of its supply and of its speed.
type Supply struct {
	UnderVoltage Since
	Throttled    *Since // its speed is held down; nil: not told
}

// Since is when something was so.
type Since int

const (
	Never     Since = iota
	SinceBoot       // at some time since the machine began, and not now
	JustNow
)

// Supply asks the board. nil: it does not tell.
func (m Machine) Supply() *Supply {
	for _, path := range m.find("sys/devices/platform/soc*/*firmware/get_throttled") {
		if bits, err := strconv.ParseUint(strings.TrimPrefix(read(path), "0x"), 16, 32); err == nil {
			slow := since(bits>>1&7, bits>>17&7)
			return &Supply{UnderVoltage: since(bits&1, bits>>16&1), Throttled: &slow}
		}
	}
	for _, path := range m.find("sys/class/hwmon/hwmon*/name") {
		if read(path) != "rpi_volt" {
			continue
		}
		if alarm, err := strconv.ParseUint(read(filepath.Join(filepath.Dir(path), "in0_lcrit_alarm")), 10, 8); err == nil {
			return &Supply{UnderVoltage: since(alarm, 0)}
		}
	}
	return nil
}

func since(now, ever uint64) Since {
	switch {
	case now != 0:
		return JustNow
	case ever != 0:
		return SinceBoot
	}
	return Never
}

// Written writes a block to file, waits until the disk has it, and says how long that took.
func Written(file string) (time.Duration, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	began := time.Now()
	if _, err := f.WriteAt(make([]byte, 512), 0); err != nil {
		return 0, err
	}
	if err := unix.Fdatasync(int(f.Fd())); err != nil {
		return 0, fmt.Errorf("sync %s: %w", file, err)
	}
	return time.Since(began), nil
}

func (m Machine) find(pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(m.Root, pattern)) // the patterns are well formed
	return found
}

// read is the content of a short file of the kernel, empty where it cannot be read.
func read(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
