package sip

import (
	"time"

	"selfpay/sip/wire"
)

// Checkout is message 11: a patron takes an item. A lost answer leaves the item charged or not: ask for the item (17) or
// the patron (63), because a second Checkout may be taken for a renewal.
type Checkout struct {
	RenewalAllowed   bool // the unit lets patrons renew
	NoBlock          bool // it happened already, off line: it may not be refused
	At               time.Time
	UTC              bool      // write dates in UTC with zone letter Z instead of local time
	DueDate          time.Time // that the unit gave when off line
	Institution      string    // AO
	Patron           string    // AA
	Item             string    // AB
	TerminalPassword string    // AC
	ItemProperties   string    // CH
	PatronPassword   string    // AD
	FeeAcknowledged  Answer    // BO: the patron agrees to a fee for this
	Cancel           Answer    // BI: undo what was begun, because the item could not be (de)sensitized
	Received
}

func (m *Checkout) walk(f *form) {
	f.yn("sc_renewal_policy", &m.RenewalAllowed)
	f.yn("no_block", &m.NoBlock)
	f.date("transaction_date", &m.At, &m.UTC)
	f.date("nb_due_date", &m.DueDate, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AB", &m.Item, true)
	text(f, "AC", &m.TerminalPassword, true)
	text(f, "CH", &m.ItemProperties, false)
	text(f, "AD", &m.PatronPassword, false)
	f.option("BO", &m.FeeAcknowledged)
	f.option("BI", &m.Cancel)
}

// Encode writes message 11. ErrInvalid means that a value may not be sent.
func (m Checkout) Encode() (wire.Message, error) {
	f := writing("11", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseCheckout reads message 11. ErrUnreadable means that it is another message.
func ParseCheckout(r wire.Message) (Checkout, error) {
	f, err := reading("11", r)
	if err != nil {
		return Checkout{}, err
	}
	m := Checkout{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// CheckoutResponse is message 12. OK is false for everything that does not say 1.
type CheckoutResponse struct {
	OK              bool
	RenewalOK       bool // the patron may renew
	MagneticMedia   Answer
	Desensitize     Answer // U: let the unit decide
	At              time.Time
	Institution     string    // AO
	Patron          string    // AA
	Item            string    // AB
	Title           string    // AJ
	DueDate         string    // AH: free text
	FeeType         FeeType   // BT
	SecurityInhibit Answer    // CI
	Currency        Currency  // BH
	Fee             string    // BV: amount as it came
	MediaType       MediaType // CK
	ItemProperties  string    // CH
	Transaction     string    // BK
	Screen          []string  // AF
	Print           []string  // AG
	Received
}

func (m *CheckoutResponse) walk(f *form) {
	f.bit("ok", &m.OK)
	f.yn("renewal_ok", &m.RenewalOK)
	f.answer("magnetic_media", &m.MagneticMedia)
	f.answer("desensitize", &m.Desensitize)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AB", &m.Item, true)
	text(f, "AJ", &m.Title, true)
	text(f, "AH", &m.DueDate, true)
	wide(f, "BT", &m.FeeType, 2)
	f.option("CI", &m.SecurityInhibit)
	wide(f, "BH", &m.Currency, 3)
	text(f, "BV", &m.Fee, false)
	wide(f, "CK", &m.MediaType, 3)
	text(f, "CH", &m.ItemProperties, false)
	text(f, "BK", &m.Transaction, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 12. ErrInvalid means that a value may not be sent.
func (m CheckoutResponse) Encode() (wire.Message, error) {
	f := writing("12", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseCheckoutResponse reads message 12. ErrUnreadable means that it is another message.
func ParseCheckoutResponse(r wire.Message) (CheckoutResponse, error) {
	f, err := reading("12", r)
	if err != nil {
		return CheckoutResponse{}, err
	}
	m := CheckoutResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// Checkin is message 09: an item comes back. It may be repeated: an item that is back stays back.
type Checkin struct {
	NoBlock          bool // it happened already, off line: it may not be refused
	At               time.Time
	UTC              bool // write dates in UTC with zone letter Z instead of local time
	ReturnedAt       time.Time
	CurrentLocation  string // AP
	Institution      string // AO
	Item             string // AB
	TerminalPassword string // AC
	ItemProperties   string // CH
	Cancel           Answer // BI: undo what was begun, because the item could not be (de)sensitized
	Received
}

func (m *Checkin) walk(f *form) {
	f.yn("no_block", &m.NoBlock)
	f.date("transaction_date", &m.At, &m.UTC)
	f.date("return_date", &m.ReturnedAt, nil)
	text(f, "AP", &m.CurrentLocation, true)
	text(f, "AO", &m.Institution, true)
	text(f, "AB", &m.Item, true)
	text(f, "AC", &m.TerminalPassword, true)
	text(f, "CH", &m.ItemProperties, false)
	f.option("BI", &m.Cancel)
}

// Encode writes message 09. ErrInvalid means that a value may not be sent.
func (m Checkin) Encode() (wire.Message, error) {
	f := writing("09", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseCheckin reads message 09. ErrUnreadable means that it is another message.
func ParseCheckin(r wire.Message) (Checkin, error) {
	f, err := reading("09", r)
	if err != nil {
		return Checkin{}, err
	}
	m := Checkin{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// CheckinResponse is message 10. OK is false for everything that does not say 1. The fields from CV on are an extension in
// wide use.
type CheckinResponse struct {
	OK                bool
	Resensitize       bool
	MagneticMedia     Answer
	Alert             bool // something is to be done with the item
	At                time.Time
	Institution       string    // AO
	Item              string    // AB
	PermanentLocation string    // AQ
	Title             string    // AJ
	SortBin           string    // CL
	Patron            string    // AA
	MediaType         MediaType // CK
	ItemProperties    string    // CH
	AlertType         AlertType // CV
	Destination       string    // CT: edge-sip2 puts a pickup point there
	Collection        string    // CR
	CallNumber        string    // CS
	HoldPatron        string    // CY
	HoldPatronName    string    // DA
	Screen            []string  // AF
	Print             []string  // AG
	Received
}

func (m *CheckinResponse) walk(f *form) {
	f.bit("ok", &m.OK)
	f.yn("resensitize", &m.Resensitize)
	f.answer("magnetic_media", &m.MagneticMedia)
	f.yn("alert", &m.Alert)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AB", &m.Item, true)
	text(f, "AQ", &m.PermanentLocation, true)
	text(f, "AJ", &m.Title, false)
	text(f, "CL", &m.SortBin, false)
	text(f, "AA", &m.Patron, false)
	wide(f, "CK", &m.MediaType, 3)
	text(f, "CH", &m.ItemProperties, false)
	wide(f, "CV", &m.AlertType, 2)
	text(f, "CT", &m.Destination, false)
	text(f, "CR", &m.Collection, false)
	text(f, "CS", &m.CallNumber, false)
	text(f, "CY", &m.HoldPatron, false)
	text(f, "DA", &m.HoldPatronName, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 10. ErrInvalid means that a value may not be sent.
func (m CheckinResponse) Encode() (wire.Message, error) {
	f := writing("10", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseCheckinResponse reads message 10. ErrUnreadable means that it is another message.
func ParseCheckinResponse(r wire.Message) (CheckinResponse, error) {
	f, err := reading("10", r)
	if err != nil {
		return CheckinResponse{}, err
	}
	m := CheckinResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// Renew is message 29. A repeated one may renew twice.
type Renew struct {
	ThirdPartyAllowed bool // somebody else may renew for the patron
	NoBlock           bool // it happened already, off line: it may not be refused
	At                time.Time
	UTC               bool      // write dates in UTC with zone letter Z instead of local time
	DueDate           time.Time // that the unit gave when off line
	Institution       string    // AO
	Patron            string    // AA
	PatronPassword    string    // AD
	Item              string    // AB
	Title             string    // AJ
	TerminalPassword  string    // AC
	ItemProperties    string    // CH
	FeeAcknowledged   Answer    // BO: the patron agrees to a fee for this
	Received
}

func (m *Renew) walk(f *form) {
	f.yn("third_party_allowed", &m.ThirdPartyAllowed)
	f.yn("no_block", &m.NoBlock)
	f.date("transaction_date", &m.At, &m.UTC)
	f.date("nb_due_date", &m.DueDate, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AD", &m.PatronPassword, false)
	text(f, "AB", &m.Item, false)
	text(f, "AJ", &m.Title, false)
	text(f, "AC", &m.TerminalPassword, false)
	text(f, "CH", &m.ItemProperties, false)
	f.option("BO", &m.FeeAcknowledged)
}

// Encode writes message 29. ErrInvalid means that a value may not be sent.
func (m Renew) Encode() (wire.Message, error) {
	f := writing("29", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseRenew reads message 29. ErrUnreadable means that it is another message.
func ParseRenew(r wire.Message) (Renew, error) {
	f, err := reading("29", r)
	if err != nil {
		return Renew{}, err
	}
	m := Renew{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// RenewResponse is message 30. OK is false for everything that does not say 1.
type RenewResponse struct {
	OK              bool
	RenewalOK       bool // the patron may renew
	MagneticMedia   Answer
	Desensitize     Answer // U: let the unit decide
	At              time.Time
	Institution     string    // AO
	Patron          string    // AA
	Item            string    // AB
	Title           string    // AJ
	DueDate         string    // AH: free text
	FeeType         FeeType   // BT
	SecurityInhibit Answer    // CI
	Currency        Currency  // BH
	Fee             string    // BV: amount as it came
	MediaType       MediaType // CK
	ItemProperties  string    // CH
	Transaction     string    // BK
	Screen          []string  // AF
	Print           []string  // AG
	Received
}

func (m *RenewResponse) walk(f *form) {
	f.bit("ok", &m.OK)
	f.yn("renewal_ok", &m.RenewalOK)
	f.answer("magnetic_media", &m.MagneticMedia)
	f.answer("desensitize", &m.Desensitize)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AB", &m.Item, true)
	text(f, "AJ", &m.Title, true)
	text(f, "AH", &m.DueDate, true)
	wide(f, "BT", &m.FeeType, 2)
	f.option("CI", &m.SecurityInhibit)
	wide(f, "BH", &m.Currency, 3)
	text(f, "BV", &m.Fee, false)
	wide(f, "CK", &m.MediaType, 3)
	text(f, "CH", &m.ItemProperties, false)
	text(f, "BK", &m.Transaction, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 30. ErrInvalid means that a value may not be sent.
func (m RenewResponse) Encode() (wire.Message, error) {
	f := writing("30", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseRenewResponse reads message 30. ErrUnreadable means that it is another message.
func ParseRenewResponse(r wire.Message) (RenewResponse, error) {
	f, err := reading("30", r)
	if err != nil {
		return RenewResponse{}, err
	}
	m := RenewResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// RenewAll is message 65: renew everything a patron has. A repeated one may renew twice.
type RenewAll struct {
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	Institution      string // AO
	Patron           string // AA
	PatronPassword   string // AD
	TerminalPassword string // AC
	FeeAcknowledged  Answer // BO: the patron agrees to a fee for this
	Received
}

func (m *RenewAll) walk(f *form) {
	f.date("transaction_date", &m.At, &m.UTC)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AD", &m.PatronPassword, false)
	text(f, "AC", &m.TerminalPassword, false)
	f.option("BO", &m.FeeAcknowledged)
}

// Encode writes message 65. ErrInvalid means that a value may not be sent.
func (m RenewAll) Encode() (wire.Message, error) {
	f := writing("65", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseRenewAll reads message 65. ErrUnreadable means that it is another message.
func ParseRenewAll(r wire.Message) (RenewAll, error) {
	f, err := reading("65", r)
	if err != nil {
		return RenewAll{}, err
	}
	m := RenewAll{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// RenewAllResponse is message 66. OK is false for everything that does not say 1.
type RenewAllResponse struct {
	OK             bool
	RenewedCount   int // Unknown where left blank
	UnrenewedCount int // Unknown where left blank
	At             time.Time
	Institution    string   // AO
	Renewed        []string // BM
	Unrenewed      []string // BN
	Screen         []string // AF
	Print          []string // AG
	Received
}

func (m *RenewAllResponse) walk(f *form) {
	f.bit("ok", &m.OK)
	f.count("renewed_count", &m.RenewedCount, 4)
	f.count("unrenewed_count", &m.UnrenewedCount, 4)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	f.texts("BM", &m.Renewed)
	f.texts("BN", &m.Unrenewed)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 66. ErrInvalid means that a value may not be sent.
func (m RenewAllResponse) Encode() (wire.Message, error) {
	f := writing("66", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseRenewAllResponse reads message 66. ErrUnreadable means that it is another message.
func ParseRenewAllResponse(r wire.Message) (RenewAllResponse, error) {
	f, err := reading("66", r)
	if err != nil {
		return RenewAllResponse{}, err
	}
	m := RenewAllResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}
