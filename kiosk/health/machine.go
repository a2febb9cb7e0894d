package health

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"selfpay/kiosk/health/machine"
	"selfpay/kiosk/session"
)

// The checks of the computer itself. Where it does not tell, there is no check.
const (
	CheckWriteLatency = "ledger:write-latency"
	CheckClockSet     = "clock:set"
	CheckClockOffset  = "clock:offset"
	CheckFree         = "storage:free"
	CheckReadOnly     = "storage:read-only"
	CheckLife         = "storage:life"
	CheckTemperature  = "system:temperature"
	CheckUnderVoltage = "system:undervoltage"
	CheckThrottled    = "system:throttled"
)

// From where on staff is told, and from where on it is urgent.
const (
	slowWrite              = 250 * time.Millisecond
	clockWarns, clockFails = 2 * time.Second, time.Minute
	freeWarns, freeFails   = 1 << 30, 200 << 20 // bytes, or a half and a fifth of a small disk; below ledger.Floor no payment is taken
	lifeWarns, lifeFails   = 90, 110            // percent; 110: it has outlived what its maker promised
	heatWarns, heatFails   = 75, 85             // degrees Celsius; a Raspberry Pi slows down at 80 and again at 85
)

// The pauses between two looks at the computer, and between two blocks that are written for nothing but the time it takes.
const (
	lookMachinePause = 10 * time.Second
	probePause       = time.Minute
	probeFile        = "probe"
)

func (m *Monitor) lookMachine(context.Context) time.Duration {
	m.lookCertificates()
	if m.Machine == nil {
		return lookMachinePause
	}
	m.lookDisk()
	m.lookWear()
	m.lookTime()
	m.lookBoard()
	return lookMachinePause
}

func (m *Monitor) lookDisk() {
	disk, err := m.Machine.Disk()
	if err != nil {
		m.set(CheckFree, Fail, err.Error(), "")
		return
	}
	status, output := Pass, ""
	switch {
	case disk.Free < min(freeFails, disk.Size/5):
		status, output = Fail, "the disk is nearly full"
	case disk.Free < min(freeWarns, disk.Size/2):
		status, output = Warn, "the disk fills up"
	}
	m.Measure(CheckFree, status, int64(disk.Free>>20), "MB", output, "")
	if disk.ReadOnly {
		m.set(CheckReadOnly, Fail, "the disk of the ledger cannot be written any more", session.ReasonStorage)
	} else {
		m.set(CheckReadOnly, Pass, "", "")
	}
}

func (m *Monitor) lookWear() {
	wear := m.Machine.Wear()
	if wear == nil {
		return
	}
	status, output := Pass, ""
	switch {
	case wear.Percent >= lifeFails || wear.Reserve == machine.Now:
		status, output = Fail, "the memory is at the end of its life"
	case wear.Percent >= lifeWarns || wear.Reserve == machine.Soon:
		status, output = Warn, "the memory comes to the end of its life"
	}
	m.Measure(CheckLife, status, int64(wear.Percent), "percent", output, "")
}

// lookTime judges the clock: by the year in which this program was made, and by what the kernel says of it.
func (m *Monitor) lookTime() {
	kernel := m.Machine.Clock()
	switch now := time.Now(); {
	case now.Year() < m.Built.Year():
		m.set(CheckClockSet, Fail, fmt.Sprintf("the clock says %d, and this program was made in %d", now.Year(), m.Built.Year()), "")
	case kernel != nil && !kernel.Synchronised:
		m.set(CheckClockSet, Warn, "no time service has set the clock, or not for hours", "")
	default:
		m.set(CheckClockSet, Pass, "", "")
	}
	if kernel == nil || !kernel.Synchronised || !kernel.Measured {
		m.forget(CheckClockOffset)
		return
	}
	status, output := Pass, ""
	switch {
	case kernel.MayBeOff > clockFails:
		status = Fail
	case kernel.MayBeOff > clockWarns:
		status = Warn
	}
	if status != Pass {
		output = "the clock may be wrong by so much"
	}
	m.Measure(CheckClockOffset, status, kernel.MayBeOff.Milliseconds(), "ms", output, "")
}

// lookBoard judges heat and supply.
func (m *Monitor) lookBoard() {
	if c := m.Machine.Celsius(); c != nil {
		status, output := Pass, ""
		switch {
		case *c >= heatFails:
			status, output = Fail, "it is too hot"
		case *c >= heatWarns:
			status, output = Warn, "it is hot"
		}
		m.Measure(CheckTemperature, status, int64(*c), "C", output, "")
	}
	if s := m.Machine.Supply(); s != nil {
		m.since(CheckUnderVoltage, s.UnderVoltage, "the supply's voltage is too low")
		if s.Throttled != nil {
			m.since(CheckThrottled, *s.Throttled, "heat or a weak supply slows the machine down")
		}
	}
}

// since judges what is bad now, and still worth a look if it was so since the machine began.
func (m *Monitor) since(check string, when machine.Since, what string) {
	switch when {
	case machine.JustNow:
		m.set(check, Fail, what, "")
	case machine.SinceBoot:
		m.set(check, Warn, what+" at times; not now", "")
	default:
		m.set(check, Pass, "", "")
	}
}

// lookWrites judges how long the ledger's commits take, and a block that is written for that alone.
func (m *Monitor) lookWrites(context.Context) time.Duration {
	if m.Machine == nil {
		return probePause
	}
	took, err := machine.Written(filepath.Join(m.Machine.State, probeFile))
	if err != nil {
		m.set(CheckWriteLatency, Fail, err.Error(), "")
		return probePause
	}
	m.Commits.Add(took)
	m.slowness(CheckWriteLatency, m.Commits, 0.99, slowWrite, "the disk is slow")
	return probePause
}

// slowness notes a quantile of a latency.
func (m *Monitor) slowness(check string, l *Latency, share float64, most time.Duration, what string) {
	q, known := l.Quantile(share)
	if !known {
		m.forget(check)
		return
	}
	output := ""
	if q > most {
		output = what
	}
	m.Measure(check, warnIf(output != ""), q.Milliseconds(), "ms", output, "")
}
