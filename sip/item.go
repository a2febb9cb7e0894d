package sip

import (
	"time"

	"selfpay/sip/wire"
)

// ItemInformation is message 17. It changes nothing and may be repeated.
type ItemInformation struct {
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	Institution      string // AO
	Item             string // AB
	TerminalPassword string // AC
	Received
}

func (m *ItemInformation) walk(f *form) {
	f.date("transaction_date", &m.At, &m.UTC)
	text(f, "AO", &m.Institution, true)
	text(f, "AB", &m.Item, true)
	text(f, "AC", &m.TerminalPassword, false)
}

// Encode writes message 17. ErrInvalid means that a value may not be sent.
func (m ItemInformation) Encode() (wire.Message, error) {
	f := writing("17", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseItemInformation reads message 17. ErrUnreadable means that it is another message.
func ParseItemInformation(r wire.Message) (ItemInformation, error) {
	f, err := reading("17", r)
	if err != nil {
		return ItemInformation{}, err
	}
	m := ItemInformation{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// ItemInformationResponse is message 18. An item that is not known is answered with ItemOther and no title by most.
type ItemInformationResponse struct {
	Circulation       CirculationStatus // empty means ItemOther
	Security          SecurityMarker    // empty means MarkerOther
	FeeType           FeeType           // empty means FeeOther
	At                time.Time
	HoldQueueLength   Number    // CF
	DueDate           string    // AH: free text
	RecallDate        time.Time // CJ
	HoldPickupDate    time.Time // CM
	Item              string    // AB
	Title             string    // AJ
	Owner             string    // BG
	Currency          Currency  // BH
	Fee               string    // BV: amount as it came
	MediaType         MediaType // CK
	PermanentLocation string    // AQ
	CurrentLocation   string    // AP
	ItemProperties    string    // CH
	Screen            []string  // AF
	Print             []string  // AG
	Received
}

func (m *ItemInformationResponse) walk(f *form) {
	coded(f, "circulation_status", &m.Circulation, 2, ItemOther)
	coded(f, "security_marker", &m.Security, 2, MarkerOther)
	coded(f, "fee_type", &m.FeeType, 2, FeeOther)
	f.date("transaction_date", &m.At, nil)
	f.number("CF", &m.HoldQueueLength, 0)
	text(f, "AH", &m.DueDate, false)
	f.when("CJ", &m.RecallDate, false)
	f.when("CM", &m.HoldPickupDate, false)
	text(f, "AB", &m.Item, true)
	text(f, "AJ", &m.Title, true)
	text(f, "BG", &m.Owner, false)
	wide(f, "BH", &m.Currency, 3)
	text(f, "BV", &m.Fee, false)
	wide(f, "CK", &m.MediaType, 3)
	text(f, "AQ", &m.PermanentLocation, false)
	text(f, "AP", &m.CurrentLocation, false)
	text(f, "CH", &m.ItemProperties, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 18. ErrInvalid means that a value may not be sent.
func (m ItemInformationResponse) Encode() (wire.Message, error) {
	f := writing("18", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseItemInformationResponse reads message 18. ErrUnreadable means that it is another message.
func ParseItemInformationResponse(r wire.Message) (ItemInformationResponse, error) {
	f, err := reading("18", r)
	if err != nil {
		return ItemInformationResponse{}, err
	}
	m := ItemInformationResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// ItemStatusUpdate is message 19: the unit tells what it knows about an item. It may be repeated.
type ItemStatusUpdate struct {
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	Institution      string // AO
	Item             string // AB
	TerminalPassword string // AC
	ItemProperties   string // CH
	Received
}

func (m *ItemStatusUpdate) walk(f *form) {
	f.date("transaction_date", &m.At, &m.UTC)
	text(f, "AO", &m.Institution, true)
	text(f, "AB", &m.Item, true)
	text(f, "AC", &m.TerminalPassword, false)
	text(f, "CH", &m.ItemProperties, true)
}

// Encode writes message 19. ErrInvalid means that a value may not be sent.
func (m ItemStatusUpdate) Encode() (wire.Message, error) {
	f := writing("19", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseItemStatusUpdate reads message 19. ErrUnreadable means that it is another message.
func ParseItemStatusUpdate(r wire.Message) (ItemStatusUpdate, error) {
	f, err := reading("19", r)
	if err != nil {
		return ItemStatusUpdate{}, err
	}
	m := ItemStatusUpdate{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// ItemStatusUpdateResponse is message 20. OK is false for everything that does not say 1.
type ItemStatusUpdateResponse struct {
	OK             bool
	At             time.Time
	Item           string   // AB
	Title          string   // AJ
	ItemProperties string   // CH
	Screen         []string // AF
	Print          []string // AG
	Received
}

func (m *ItemStatusUpdateResponse) walk(f *form) {
	f.bit("item_properties_ok", &m.OK)
	f.date("transaction_date", &m.At, nil)
	text(f, "AB", &m.Item, true)
	text(f, "AJ", &m.Title, false)
	text(f, "CH", &m.ItemProperties, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 20. ErrInvalid means that a value may not be sent.
func (m ItemStatusUpdateResponse) Encode() (wire.Message, error) {
	f := writing("20", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseItemStatusUpdateResponse reads message 20. ErrUnreadable means that it is another message.
func ParseItemStatusUpdateResponse(r wire.Message) (ItemStatusUpdateResponse, error) {
	f, err := reading("20", r)
	if err != nil {
		return ItemStatusUpdateResponse{}, err
	}
	m := ItemStatusUpdateResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}
