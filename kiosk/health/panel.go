package health

import "selfpay/kiosk/session"

// The checks of parts that look by themselves and tell.
const (
	CheckLines       = "gpio:link"
	CheckEnclosure   = "tamper:switch"
	CheckService     = "service:key"
	CheckStaffCall   = "staff:call"
	CheckPaperSwitch = "printer:paper-switch"
)

// Tell notes a check of a part that looks by itself. why: no payment can be offered because of it.
func (m *Monitor) Tell(name string, status Status, output string, why session.Reason) {
	m.set(name, status, output, why)
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
