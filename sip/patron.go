package sip

import (
	"time"

	"selfpay/sip/wire"
)

// PatronStatusRequest is message 23. It changes nothing and may be repeated. AC and AD are written even when
// empty: some servers answer 96 without them.
type PatronStatusRequest struct {
	Language         Language // empty means LanguageUnknown
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
	Received
}

func (m *PatronStatusRequest) walk(f *form) {
	coded(f, "language", &m.Language, 3, LanguageUnknown)
	f.date("transaction_date", &m.At, &m.UTC)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AC", &m.TerminalPassword, true)
	text(f, "AD", &m.PatronPassword, true)
}

// Encode writes message 23. ErrInvalid means that a value may not be sent.
func (m PatronStatusRequest) Encode() (wire.Message, error) {
	f := writing("23", m.Received)
	m.walk(&f)
	return f.message()
}

// ParsePatronStatusRequest reads message 23. ErrUnreadable means that it is another message.
func ParsePatronStatusRequest(r wire.Message) (PatronStatusRequest, error) {
	f, err := reading("23", r)
	if err != nil {
		return PatronStatusRequest{}, err
	}
	m := PatronStatusRequest{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// PatronStatusResponse is message 24, the answer to 23 and 01.
type PatronStatusResponse struct {
	Status        PatronStatus
	Language      Language // empty means LanguageUnknown
	At            time.Time
	Institution   string   // AO
	Patron        string   // AA
	Name          string   // AE
	Valid         Answer   // BL
	PasswordValid Answer   // CQ
	Currency      Currency // BH
	Fees          string   // BV: as it came, "28.75", "5"; empty when absent
	Screen        []string // AF
	Print         []string // AG
	Received
}

func (m *PatronStatusResponse) walk(f *form) {
	f.flags("patron_status", m.Status[:])
	coded(f, "language", &m.Language, 3, LanguageUnknown)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AE", &m.Name, true)
	f.option("BL", &m.Valid)
	f.option("CQ", &m.PasswordValid)
	wide(f, "BH", &m.Currency, 3)
	text(f, "BV", &m.Fees, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 24. ErrInvalid means that a value may not be sent.
func (m PatronStatusResponse) Encode() (wire.Message, error) {
	f := writing("24", m.Received)
	m.walk(&f)
	return f.message()
}

// ParsePatronStatusResponse reads message 24. ErrUnreadable means that it is another message.
func ParsePatronStatusResponse(r wire.Message) (PatronStatusResponse, error) {
	f, err := reading("24", r)
	if err != nil {
		return PatronStatusResponse{}, err
	}
	m := PatronStatusResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// PatronInformation is message 63. It changes nothing and may be repeated. AC and AD are written even when empty.
type PatronInformation struct {
	Language         Language // empty means LanguageUnknown
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	List             List   // which list to send with the answer
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
	Start, End       int    // BP and BQ, from 1, inclusive; 0 leaves them out: Koha then sends all (measured)
	Received
}

func (m *PatronInformation) walk(f *form) {
	coded(f, "language", &m.Language, 3, LanguageUnknown)
	f.date("transaction_date", &m.At, &m.UTC)
	f.summary(&m.List)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AC", &m.TerminalPassword, true)
	text(f, "AD", &m.PatronPassword, true)
	f.window("BP", &m.Start)
	f.window("BQ", &m.End)
}

// Encode writes message 63. ErrInvalid means that a value may not be sent.
func (m PatronInformation) Encode() (wire.Message, error) {
	f := writing("63", m.Received)
	m.walk(&f)
	return f.message()
}

// ParsePatronInformation reads message 63. ErrUnreadable means that it is another message.
func ParsePatronInformation(r wire.Message) (PatronInformation, error) {
	f, err := reading("63", r)
	if err != nil {
		return PatronInformation{}, err
	}
	m := PatronInformation{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// PatronInformationResponse is message 64. Counts are Unknown where the library system left them blank. The lists
// have no form of their own in the document; Fields keeps everything in wire order, which some systems need.
type PatronInformationResponse struct {
	Status           PatronStatus
	Language         Language // empty means LanguageUnknown
	At               time.Time
	HoldItems        int
	OverdueItems     int
	ChargedItems     int
	FineItems        int
	RecallItems      int
	UnavailableHolds int
	Institution      string   // AO
	Patron           string   // AA
	Name             string   // AE
	HoldLimit        Number   // BZ
	OverdueLimit     Number   // CA
	ChargedLimit     Number   // CB
	Valid            Answer   // BL
	PasswordValid    Answer   // CQ
	Currency         Currency // BH
	Fees             string   // BV: as it came, "28.75", "5"; empty when absent
	FeeLimit         string   // CC: above which the patron is blocked
	Holds            []string // AS
	Overdue          []string // AT
	Charged          []string // AU
	Fines            []string // AV
	Recalls          []string // BU
	Unavailable      []string // CD
	HomeAddress      string   // BD
	Email            string   // BE
	HomePhone        string   // BF
	Screen           []string // AF
	Print            []string // AG
	Received
}

func (m *PatronInformationResponse) walk(f *form) {
	f.flags("patron_status", m.Status[:])
	coded(f, "language", &m.Language, 3, LanguageUnknown)
	f.date("transaction_date", &m.At, nil)
	f.count("hold_items_count", &m.HoldItems, 4)
	f.count("overdue_items_count", &m.OverdueItems, 4)
	f.count("charged_items_count", &m.ChargedItems, 4)
	f.count("fine_items_count", &m.FineItems, 4)
	f.count("recall_items_count", &m.RecallItems, 4)
	f.count("unavailable_holds_count", &m.UnavailableHolds, 4)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AE", &m.Name, true)
	f.number("BZ", &m.HoldLimit, 4)
	f.number("CA", &m.OverdueLimit, 4)
	f.number("CB", &m.ChargedLimit, 4)
	f.option("BL", &m.Valid)
	f.option("CQ", &m.PasswordValid)
	wide(f, "BH", &m.Currency, 3)
	text(f, "BV", &m.Fees, false)
	text(f, "CC", &m.FeeLimit, false)
	f.texts("AS", &m.Holds)
	f.texts("AT", &m.Overdue)
	f.texts("AU", &m.Charged)
	f.texts("AV", &m.Fines)
	f.texts("BU", &m.Recalls)
	f.texts("CD", &m.Unavailable)
	text(f, "BD", &m.HomeAddress, false)
	text(f, "BE", &m.Email, false)
	text(f, "BF", &m.HomePhone, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 64. ErrInvalid means that a value may not be sent.
func (m PatronInformationResponse) Encode() (wire.Message, error) {
	f := writing("64", m.Received)
	m.walk(&f)
	return f.message()
}

// ParsePatronInformationResponse reads message 64. ErrUnreadable means that it is another message.
func ParsePatronInformationResponse(r wire.Message) (PatronInformationResponse, error) {
	f, err := reading("64", r)
	if err != nil {
		return PatronInformationResponse{}, err
	}
	m := PatronInformationResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// EndPatronSession is message 35. It may be repeated. AC and AD are written even when empty.
type EndPatronSession struct {
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
	Received
}

func (m *EndPatronSession) walk(f *form) {
	f.date("transaction_date", &m.At, &m.UTC)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AC", &m.TerminalPassword, true)
	text(f, "AD", &m.PatronPassword, true)
}

// Encode writes message 35. ErrInvalid means that a value may not be sent.
func (m EndPatronSession) Encode() (wire.Message, error) {
	f := writing("35", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseEndPatronSession reads message 35. ErrUnreadable means that it is another message.
func ParseEndPatronSession(r wire.Message) (EndPatronSession, error) {
	f, err := reading("35", r)
	if err != nil {
		return EndPatronSession{}, err
	}
	m := EndPatronSession{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// EndSessionResponse is message 36.
type EndSessionResponse struct {
	Ended       bool
	At          time.Time
	Institution string   // AO
	Patron      string   // AA
	Screen      []string // AF
	Print       []string // AG
	Received
}

func (m *EndSessionResponse) walk(f *form) {
	f.yn("end_session", &m.Ended)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 36. ErrInvalid means that a value may not be sent.
func (m EndSessionResponse) Encode() (wire.Message, error) {
	f := writing("36", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseEndSessionResponse reads message 36. ErrUnreadable means that it is another message.
func ParseEndSessionResponse(r wire.Message) (EndSessionResponse, error) {
	f, err := reading("36", r)
	if err != nil {
		return EndSessionResponse{}, err
	}
	m := EndSessionResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// PatronEnable is message 25: the library lifts a block that the unit had put on a card (01). It may be repeated.
type PatronEnable struct {
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
	Received
}

func (m *PatronEnable) walk(f *form) {
	f.date("transaction_date", &m.At, &m.UTC)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AC", &m.TerminalPassword, false)
	text(f, "AD", &m.PatronPassword, false)
}

// Encode writes message 25. ErrInvalid means that a value may not be sent.
func (m PatronEnable) Encode() (wire.Message, error) {
	f := writing("25", m.Received)
	m.walk(&f)
	return f.message()
}

// ParsePatronEnable reads message 25. ErrUnreadable means that it is another message.
func ParsePatronEnable(r wire.Message) (PatronEnable, error) {
	f, err := reading("25", r)
	if err != nil {
		return PatronEnable{}, err
	}
	m := PatronEnable{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// PatronEnableResponse is message 26.
type PatronEnableResponse struct {
	Status        PatronStatus
	Language      Language // empty means LanguageUnknown
	At            time.Time
	Institution   string   // AO
	Patron        string   // AA
	Name          string   // AE
	Valid         Answer   // BL
	PasswordValid Answer   // CQ
	Screen        []string // AF
	Print         []string // AG
	Received
}

func (m *PatronEnableResponse) walk(f *form) {
	f.flags("patron_status", m.Status[:])
	coded(f, "language", &m.Language, 3, LanguageUnknown)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AE", &m.Name, true)
	f.option("BL", &m.Valid)
	f.option("CQ", &m.PasswordValid)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 26. ErrInvalid means that a value may not be sent.
func (m PatronEnableResponse) Encode() (wire.Message, error) {
	f := writing("26", m.Received)
	m.walk(&f)
	return f.message()
}

// ParsePatronEnableResponse reads message 26. ErrUnreadable means that it is another message.
func ParsePatronEnableResponse(r wire.Message) (PatronEnableResponse, error) {
	f, err := reading("26", r)
	if err != nil {
		return PatronEnableResponse{}, err
	}
	m := PatronEnableResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// BlockPatron is message 01: the unit blocks a card, for example one that was left behind. It is answered by 24, and
// changes the account of a person: a repeated one does what the first did.
type BlockPatron struct {
	CardRetained     bool
	At               time.Time
	UTC              bool   // write dates in UTC with zone letter Z instead of local time
	Institution      string // AO
	BlockedMessage   string // AL: why, for the library's staff
	Patron           string // AA
	TerminalPassword string // AC
	Received
}

func (m *BlockPatron) walk(f *form) {
	f.yn("card_retained", &m.CardRetained)
	f.date("transaction_date", &m.At, &m.UTC)
	text(f, "AO", &m.Institution, true)
	text(f, "AL", &m.BlockedMessage, true)
	text(f, "AA", &m.Patron, true)
	text(f, "AC", &m.TerminalPassword, true)
}

// Encode writes message 01. ErrInvalid means that a value may not be sent.
func (m BlockPatron) Encode() (wire.Message, error) {
	f := writing("01", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseBlockPatron reads message 01. ErrUnreadable means that it is another message.
func ParseBlockPatron(r wire.Message) (BlockPatron, error) {
	f, err := reading("01", r)
	if err != nil {
		return BlockPatron{}, err
	}
	m := BlockPatron{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// window is one end of the part of a list that is asked for; 0 leaves it out.
func (f *form) window(id string, p *int) {
	var n Number
	if *p > 0 {
		n = Some(*p)
	}
	if came, _ := f.came(id); *p == 0 && readCount(came) == 0 {
		n = Some(0) // as it came
	}
	f.number(id, &n, 0)
	*p = max(n.Value, 0)
}
