package sip

import (
	"time"

	"selfpay/sip/wire"
)

// Hold is message 15: put, change or cancel a hold. A repeated one may put a second.
type Hold struct {
	Mode             HoldMode // empty means HoldAdd
	At               time.Time
	UTC              bool      // write dates in UTC with zone letter Z instead of local time
	ExpiresAt        time.Time // BW
	PickupLocation   string    // BS
	Type             HoldType  // BY
	Institution      string    // AO
	Patron           string    // AA
	PatronPassword   string    // AD
	Item             string    // AB
	Title            string    // AJ
	TerminalPassword string    // AC
	FeeAcknowledged  Answer    // BO: the patron agrees to a fee for this
	Received
}

func (m *Hold) walk(f *form) {
	coded(f, "hold_mode", &m.Mode, 1, HoldAdd)
	f.date("transaction_date", &m.At, &m.UTC)
	f.when("BW", &m.ExpiresAt, m.UTC)
	text(f, "BS", &m.PickupLocation, false)
	wide(f, "BY", &m.Type, 1)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AD", &m.PatronPassword, false)
	text(f, "AB", &m.Item, false)
	text(f, "AJ", &m.Title, false)
	text(f, "AC", &m.TerminalPassword, false)
	f.option("BO", &m.FeeAcknowledged)
}

// Encode writes message 15. ErrInvalid means that a value may not be sent.
func (m Hold) Encode() (wire.Message, error) {
	f := writing("15", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseHold reads message 15. ErrUnreadable means that it is another message.
func ParseHold(r wire.Message) (Hold, error) {
	f, err := reading("15", r)
	if err != nil {
		return Hold{}, err
	}
	m := Hold{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// HoldResponse is message 16. OK is false for everything that does not say 1.
type HoldResponse struct {
	OK             bool
	Available      bool // the item can be had now
	At             time.Time
	ExpiresAt      time.Time // BW
	QueuePosition  Number    // BR
	PickupLocation string    // BS
	Institution    string    // AO
	Patron         string    // AA
	Item           string    // AB
	Title          string    // AJ
	Screen         []string  // AF
	Print          []string  // AG
	Received
}

func (m *HoldResponse) walk(f *form) {
	f.bit("ok", &m.OK)
	f.yn("available", &m.Available)
	f.date("transaction_date", &m.At, nil)
	f.when("BW", &m.ExpiresAt, false)
	f.number("BR", &m.QueuePosition, 0)
	text(f, "BS", &m.PickupLocation, false)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AB", &m.Item, false)
	text(f, "AJ", &m.Title, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 16. ErrInvalid means that a value may not be sent.
func (m HoldResponse) Encode() (wire.Message, error) {
	f := writing("16", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseHoldResponse reads message 16. ErrUnreadable means that it is another message.
func ParseHoldResponse(r wire.Message) (HoldResponse, error) {
	f, err := reading("16", r)
	if err != nil {
		return HoldResponse{}, err
	}
	m := HoldResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}
