package health

import (
	"fmt"
	"maps"
	"time"
)

// From when on before its end staff is told that a certificate ends, and from when on it is urgent.
const (
	certificateWarns = 21 * 24 * time.Hour
	certificateFails = 3 * 24 * time.Hour
)

// Watch has the certificate of a part ("health", "hub") watched; expires says until when it is valid.
func (m *Monitor) Watch(part string, expires func() time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expires[part] = expires
}

// certificateOf is the check of a part's certificate.
func certificateOf(part string) string { return part + ":certificate" }

func (m *Monitor) certificates() map[string]time.Time {
	m.mu.Lock()
	watched := maps.Clone(m.expires)
	m.mu.Unlock()
	all := map[string]time.Time{}
	for part, expires := range watched {
		all[part] = expires()
	}
	return all
}

func (m *Monitor) lookCertificates() {
	for part, until := range m.certificates() {
		left := time.Until(until)
		status, output := Pass, ""
		switch {
		case left < certificateFails:
			status = Fail
		case left < certificateWarns:
			status = Warn
		}
		if status != Pass {
			output = fmt.Sprintf("the certificate is valid until %s", until.Format(time.DateTime))
		}
		m.Measure(certificateOf(part), status, int64(left.Hours()/24), "days", output, "")
	}
}
