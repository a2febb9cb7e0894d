package sip

import (
	"time"

	"selfpay/sip/wire"
)

// SCStatusCode is how the unit says it is.
type SCStatusCode int

// The codes of message 99.
const (
	SCOK           SCStatusCode = 0
	SCOutOfPaper   SCStatusCode = 1
	SCShuttingDown SCStatusCode = 2
)

// statusCode is the one digit of message 99.
func (f *form) statusCode(p *SCStatusCode) {
	n := int(*p)
	f.count("status_code", &n, 1)
	*p = SCStatusCode(n)
}

// SCStatus is message 99: the unit says how it is and asks for ACS Status. It changes nothing and may be repeated.
type SCStatus struct {
	Code          SCStatusCode
	MaxPrintWidth int    // characters
	Version       string // "2.00"; empty means that
	Received
}

func (m *SCStatus) walk(f *form) {
	f.statusCode(&m.Code)
	f.count("max_print_width", &m.MaxPrintWidth, 3)
	coded(f, "protocol_version", &m.Version, 4, "2.00")
}

// Encode writes message 99. ErrInvalid means that a value may not be sent.
func (m SCStatus) Encode() (wire.Message, error) {
	f := writing("99", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseSCStatus reads message 99. ErrUnreadable means that it is another message.
func ParseSCStatus(r wire.Message) (SCStatus, error) {
	f, err := reading("99", r)
	if err != nil {
		return SCStatus{}, err
	}
	m := SCStatus{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// ACSStatus is message 98: what the library system can do.
type ACSStatus struct {
	OnLine         bool
	CheckinOK      bool
	CheckoutOK     bool
	RenewalPolicy  bool
	StatusUpdateOK bool
	OffLineOK      bool
	Timeout        int // tenths of a second a unit should wait; 0 means off line, Unknown that it was not said
	Retries        int // how often a unit may repeat; Unknown when not said. Never a reason to repeat Fee Paid
	At             time.Time
	Version        string   // "2.00"; empty means that
	Institution    string   // AO
	LibraryName    string   // AM
	Messages       string   // BX: one Y or N per message; see Supports
	Location       string   // AN
	Screen         []string // AF
	Print          []string // AG
	Received
}

func (m *ACSStatus) walk(f *form) {
	f.yn("on_line_status", &m.OnLine)
	f.yn("checkin_ok", &m.CheckinOK)
	f.yn("checkout_ok", &m.CheckoutOK)
	f.yn("acs_renewal_policy", &m.RenewalPolicy)
	f.yn("status_update_ok", &m.StatusUpdateOK)
	f.yn("off_line_ok", &m.OffLineOK)
	f.hundreds("timeout_period", &m.Timeout)
	f.hundreds("retries_allowed", &m.Retries)
	f.date("date_time_sync", &m.At, nil)
	coded(f, "protocol_version", &m.Version, 4, "2.00")
	text(f, "AO", &m.Institution, true)
	text(f, "AM", &m.LibraryName, false)
	text(f, "BX", &m.Messages, true)
	text(f, "AN", &m.Location, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 98. ErrInvalid means that a value may not be sent.
func (m ACSStatus) Encode() (wire.Message, error) {
	f := writing("98", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseACSStatus reads message 98. ErrUnreadable means that it is another message.
func ParseACSStatus(r wire.Message) (ACSStatus, error) {
	f, err := reading("98", r)
	if err != nil {
		return ACSStatus{}, err
	}
	m := ACSStatus{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// Supports says what BX says about one message.
func (s ACSStatus) Supports(p Position) Support {
	if int(p) >= len(s.Messages) {
		return NotSaid
	}
	switch s.Messages[p] {
	case 'Y':
		return Supported
	case 'N':
		return NotSupported
	}
	return NotSaid
}
