package sip

import (
	"fmt"
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

// SCStatus is message 99: the unit says how it is and asks for ACS Status. It changes nothing and may be repeated.
type SCStatus struct {
	Code          SCStatusCode
	MaxPrintWidth int    // characters
	Version       string // "2.00"; empty means that
}

// Encode writes message 99.
func (s SCStatus) Encode() (wire.Message, error) {
	m := wire.Message{Code: "99", Sequence: wire.NoSequence}
	if s.Version == "" {
		s.Version = "2.00"
	}
	code, err := count(int(s.Code), 1)
	if err != nil || s.Code < 0 {
		return m, fmt.Errorf("SC status: code: %w", ErrInvalid)
	}
	width, err := count(s.MaxPrintWidth, 3)
	if err != nil || s.MaxPrintWidth < 0 {
		return m, fmt.Errorf("SC status: print width: %w", ErrInvalid)
	}
	m.Fixed = code + width + s.Version
	return m, exactly("protocol version", s.Version, 4)
}

// ParseSCStatus reads message 99.
func ParseSCStatus(m wire.Message) (SCStatus, error) {
	if err := is(m, "99"); err != nil {
		return SCStatus{}, err
	}
	return SCStatus{
		Code:          SCStatusCode(readCount(m.FixedValue("status_code"))),
		MaxPrintWidth: readCount(m.FixedValue("max_print_width")),
		Version:       m.FixedValue("protocol_version"),
	}, nil
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
	Version        string
	Institution    string // AO
	LibraryName    string // AM
	Messages       string // BX, one Y or N per message; see Supports
	Location       string // AN
	Screen         []string
	Print          []string
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

// Encode writes message 98.
func (s ACSStatus) Encode() (wire.Message, error) {
	m := wire.Message{Code: "98", Sequence: wire.NoSequence}
	number := func(n int) int {
		if n == Unknown {
			return 999
		}
		return n
	}
	timeout, err := count(number(s.Timeout), 3)
	if err != nil {
		return m, fmt.Errorf("ACS status: timeout: %w", err)
	}
	retries, err := count(number(s.Retries), 3)
	if err != nil {
		return m, fmt.Errorf("ACS status: retries: %w", err)
	}
	if s.Version == "" {
		s.Version = "2.00"
	}
	m.Fixed = yn(s.OnLine) + yn(s.CheckinOK) + yn(s.CheckoutOK) + yn(s.RenewalPolicy) + yn(s.StatusUpdateOK) +
		yn(s.OffLineOK) + timeout + retries + FormatDate(s.At, false) + s.Version
	m.Fields = []wire.Field{{ID: "AO", Value: s.Institution}}
	if s.LibraryName != "" {
		m.Fields = append(m.Fields, wire.Field{ID: "AM", Value: s.LibraryName})
	}
	m.Fields = append(m.Fields, wire.Field{ID: "BX", Value: s.Messages})
	if s.Location != "" {
		m.Fields = append(m.Fields, wire.Field{ID: "AN", Value: s.Location})
	}
	m.Fields = append(m.Fields, messages(s.Screen, s.Print)...)
	return m, exactly("protocol version", s.Version, 4)
}

// ParseACSStatus reads message 98. A BX shorter than the document says, a date in any form and blank numbers are no
// error.
func ParseACSStatus(m wire.Message) (ACSStatus, error) {
	if err := is(m, "98"); err != nil {
		return ACSStatus{}, err
	}
	is := func(name string) bool { return m.FixedValue(name) == "Y" }
	number := func(name string) int {
		if n := readCount(m.FixedValue(name)); n != 999 {
			return n
		}
		return Unknown
	}
	return ACSStatus{
		OnLine:         is("on_line_status"),
		CheckinOK:      is("checkin_ok"),
		CheckoutOK:     is("checkout_ok"),
		RenewalPolicy:  is("acs_renewal_policy"),
		StatusUpdateOK: is("status_update_ok"),
		OffLineOK:      is("off_line_ok"),
		Timeout:        number("timeout_period"),
		Retries:        number("retries_allowed"),
		At:             readDate(m.FixedValue("date_time_sync")),
		Version:        m.FixedValue("protocol_version"),
		Institution:    m.Value("AO"),
		LibraryName:    m.Value("AM"),
		Messages:       m.Value("BX"),
		Location:       m.Value("AN"),
		Screen:         m.Values("AF"),
		Print:          m.Values("AG"),
	}, nil
}
