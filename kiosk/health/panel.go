package health

import (
	"time"

	"selfpay/kiosk/session"
)

// The checks of parts that look by themselves and tell.
const (
	CheckLines       = "gpio:link"
	CheckRing        = "ring:link"
	CheckDisplay     = "display:link"
	CheckKeypad      = "keypad:link"
	CheckHeadset     = "headset:link" // the socket, not what is plugged into it
	CheckSpeech      = "voice:speech" // whether what is said in the headset can be heard
	CheckEnclosure   = "tamper:switch"
	CheckService     = "service:key"
	CheckStaffCall   = "staff:call"
	CheckPaperSwitch = "printer:paper-switch"
	CheckPower       = "terminal:power"
	CheckSupply      = "power:supply"
	CheckCharge      = "power:charge"
	CheckMaintenance = "station:maintenance" // staff has taken the station out of service
	CheckUpdate      = "update:state"        // a version on trial, or one that was rolled back
	CheckHub         = "hub:link"
	CheckMains       = "power:mains"
	CheckBallast     = "storage:ballast"
	CheckSecondCopy  = "storage:second-copy"
)

// Tell notes a check of a part that looks by itself. why: no payment can be offered because of it.
func (m *Monitor) Tell(name string, status Status, output string, why session.Reason) {
	m.set(name, status, output, why)
}

// Measure notes a check with what was measured.
func (m *Monitor) Measure(name string, status Status, value int64, unit, output string, why session.Reason) {
	m.note(name, Check{Status: status, Value: &value, Unit: unit, Output: output}, why)
}

// Well says whether all of these checks pass, as far as they were made.
func (m *Monitor) Well(names ...string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range names {
		if c, known := m.checks[name]; known && c.Status != Pass {
			return false
		}
	}
	return true
}

// TerminalSilent is since when the terminal does not answer at all; zero: it does, or was not asked.
func (m *Monitor) TerminalSilent() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.silent
}

// hear notes whether the terminal has answered.
func (m *Monitor) hear(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil:
		m.silent = time.Time{}
	case m.silent.IsZero():
		m.silent = time.Now()
	}
}
