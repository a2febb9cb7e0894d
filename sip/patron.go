package sip

import (
	"fmt"
	"strconv"
	"time"

	"selfpay/sip/wire"
)

// PatronStatusRequest is message 23. It changes nothing and may be repeated. AC and AD are written even when
// empty: some servers answer 96 without them.
type PatronStatusRequest struct {
	Language         Language // empty means LanguageUnknown
	At               time.Time
	UTC              bool
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
}

// Encode writes message 23.
func (r PatronStatusRequest) Encode() (wire.Message, error) {
	fixed, err := languageAndDate(r.Language, r.At, r.UTC)
	m := wire.Message{Code: "23", Fixed: fixed, Sequence: wire.NoSequence, Fields: []wire.Field{
		{ID: "AO", Value: r.Institution}, {ID: "AA", Value: r.Patron}, {ID: "AC", Value: r.TerminalPassword}, {ID: "AD", Value: r.PatronPassword}}}
	return m, err
}

func languageAndDate(l Language, at time.Time, utc bool) (string, error) {
	if l == "" {
		l = LanguageUnknown
	}
	return string(l) + FormatDate(at, utc), exactly("language", string(l), 3)
}

// ParsePatronStatusRequest reads message 23.
func ParsePatronStatusRequest(m wire.Message) (PatronStatusRequest, error) {
	if err := is(m, "23"); err != nil {
		return PatronStatusRequest{}, err
	}
	return PatronStatusRequest{
		Language: Language(m.FixedValue("language")), At: readDate(m.FixedValue("transaction_date")),
		UTC:         cutZone(m.FixedValue("transaction_date")) == "   Z",
		Institution: m.Value("AO"), Patron: m.Value("AA"), TerminalPassword: m.Value("AC"), PatronPassword: m.Value("AD"),
	}, nil
}

// PatronStatusResponse is message 24.
type PatronStatusResponse struct {
	Status        PatronStatus
	Language      Language
	At            time.Time
	Institution   string // AO
	Patron        string // AA
	Name          string // AE
	Valid         Answer // BL
	PasswordValid Answer // CQ
	Currency      string // BH
	Fees          string // BV as it came, "28.75", "5"; empty when absent
	Screen        []string
	Print         []string
}

// Encode writes message 24.
func (r PatronStatusResponse) Encode() (wire.Message, error) {
	fixed, err := languageAndDate(r.Language, r.At, false)
	m := wire.Message{Code: "24", Fixed: r.Status.text() + fixed, Sequence: wire.NoSequence, Fields: []wire.Field{
		{ID: "AO", Value: r.Institution}, {ID: "AA", Value: r.Patron}, {ID: "AE", Value: r.Name}}}
	m.Fields = append(m.Fields, account(r.Valid, r.PasswordValid, r.Currency, r.Fees)...)
	m.Fields = append(m.Fields, messages(r.Screen, r.Print)...)
	return m, err
}

// account is the optional fields that 24 and 64 share.
func account(valid, password Answer, currency, fees string) []wire.Field {
	var fields []wire.Field
	if valid != AnswerNone {
		fields = append(fields, wire.Field{ID: "BL", Value: valid.value()})
	}
	if password != AnswerNone {
		fields = append(fields, wire.Field{ID: "CQ", Value: password.value()})
	}
	if currency != "" {
		fields = append(fields, wire.Field{ID: "BH", Value: currency})
	}
	if fees != "" {
		fields = append(fields, wire.Field{ID: "BV", Value: fees})
	}
	return fields
}

// ParsePatronStatusResponse reads message 24.
func ParsePatronStatusResponse(m wire.Message) (PatronStatusResponse, error) {
	if err := is(m, "24"); err != nil {
		return PatronStatusResponse{}, err
	}
	return PatronStatusResponse{
		Status: readPatronStatus(m.FixedValue("patron_status")), Language: Language(m.FixedValue("language")),
		At:          readDate(m.FixedValue("transaction_date")),
		Institution: m.Value("AO"), Patron: m.Value("AA"), Name: m.Value("AE"),
		Valid: readAnswer(m.Value("BL")), PasswordValid: readAnswer(m.Value("CQ")),
		Currency: m.Value("BH"), Fees: m.Value("BV"), Screen: m.Values("AF"), Print: m.Values("AG"),
	}, nil
}

// PatronInformation is message 63. It changes nothing and may be repeated.
type PatronInformation struct {
	Language         Language // empty means LanguageUnknown
	At               time.Time
	UTC              bool
	List             List   // which list to send with the answer
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
	Start, End       int    // BP and BQ, from 1, inclusive; 0 leaves them out: Koha then sends all (measured)
}

// Encode writes message 63.
func (r PatronInformation) Encode() (wire.Message, error) {
	m := wire.Message{Code: "63", Sequence: wire.NoSequence}
	fixed, err := languageAndDate(r.Language, r.At, r.UTC)
	if err != nil {
		return m, fmt.Errorf("patron information: %w", err)
	}
	summary, err := r.List.summary()
	if err != nil {
		return m, fmt.Errorf("patron information: %w", err)
	}
	m.Fixed = fixed + summary
	m.Fields = []wire.Field{{ID: "AO", Value: r.Institution}, {ID: "AA", Value: r.Patron},
		{ID: "AC", Value: r.TerminalPassword}, {ID: "AD", Value: r.PatronPassword}}
	if r.Start > 0 {
		m.Fields = append(m.Fields, wire.Field{ID: "BP", Value: strconv.Itoa(r.Start)})
	}
	if r.End > 0 {
		m.Fields = append(m.Fields, wire.Field{ID: "BQ", Value: strconv.Itoa(r.End)})
	}
	return m, nil
}

// ParsePatronInformation reads message 63.
func ParsePatronInformation(m wire.Message) (PatronInformation, error) {
	if err := is(m, "63"); err != nil {
		return PatronInformation{}, err
	}
	list := NoList
	for i, c := range m.FixedValue("summary") {
		if c == 'Y' {
			list = List(i)
			break
		}
	}
	return PatronInformation{
		Language: Language(m.FixedValue("language")), At: readDate(m.FixedValue("transaction_date")),
		UTC: cutZone(m.FixedValue("transaction_date")) == "   Z", List: list,
		Institution: m.Value("AO"), Patron: m.Value("AA"), TerminalPassword: m.Value("AC"), PatronPassword: m.Value("AD"),
		Start: max(readCount(m.Value("BP")), 0), End: max(readCount(m.Value("BQ")), 0),
	}, nil
}

// PatronInformationResponse is message 64. Counts are Unknown where the library system left them blank. The lists
// have no form of their own in the document; Fields keeps everything in wire order, which some systems need.
type PatronInformationResponse struct {
	Status           PatronStatus
	Language         Language
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
	Valid            Answer   // BL
	PasswordValid    Answer   // CQ
	Currency         string   // BH
	Fees             string   // BV as it came, "28.75", "5"; empty when absent
	FeeLimit         string   // CC, above which the patron is blocked
	Fines            []string // AV
	Screen           []string
	Print            []string
	Fields           []wire.Field // all variable fields as they came; not written
}

// Encode writes message 64.
func (r PatronInformationResponse) Encode() (wire.Message, error) {
	m := wire.Message{Code: "64", Sequence: wire.NoSequence}
	fixed, err := languageAndDate(r.Language, r.At, false)
	if err != nil {
		return m, fmt.Errorf("patron information response: %w", err)
	}
	m.Fixed = r.Status.text() + fixed
	for _, n := range []int{r.HoldItems, r.OverdueItems, r.ChargedItems, r.FineItems, r.RecallItems, r.UnavailableHolds} {
		text, err := count(n, 4)
		if err != nil {
			return m, fmt.Errorf("patron information response: %w", err)
		}
		m.Fixed += text
	}
	m.Fields = []wire.Field{{ID: "AO", Value: r.Institution}, {ID: "AA", Value: r.Patron}, {ID: "AE", Value: r.Name}}
	m.Fields = append(m.Fields, account(r.Valid, r.PasswordValid, r.Currency, r.Fees)...)
	if r.FeeLimit != "" {
		m.Fields = append(m.Fields, wire.Field{ID: "CC", Value: r.FeeLimit})
	}
	for _, fine := range r.Fines {
		m.Fields = append(m.Fields, wire.Field{ID: "AV", Value: fine})
	}
	m.Fields = append(m.Fields, messages(r.Screen, r.Print)...)
	return m, nil
}

// ParsePatronInformationResponse reads message 64.
func ParsePatronInformationResponse(m wire.Message) (PatronInformationResponse, error) {
	if err := is(m, "64"); err != nil {
		return PatronInformationResponse{}, err
	}
	number := func(name string) int { return readCount(m.FixedValue(name)) }
	return PatronInformationResponse{
		Status: readPatronStatus(m.FixedValue("patron_status")), Language: Language(m.FixedValue("language")),
		At:        readDate(m.FixedValue("transaction_date")),
		HoldItems: number("hold_items_count"), OverdueItems: number("overdue_items_count"),
		ChargedItems: number("charged_items_count"), FineItems: number("fine_items_count"),
		RecallItems: number("recall_items_count"), UnavailableHolds: number("unavailable_holds_count"),
		Institution: m.Value("AO"), Patron: m.Value("AA"), Name: m.Value("AE"),
		Valid: readAnswer(m.Value("BL")), PasswordValid: readAnswer(m.Value("CQ")),
		Currency: m.Value("BH"), Fees: m.Value("BV"), FeeLimit: m.Value("CC"), Fines: m.Values("AV"),
		Screen: m.Values("AF"), Print: m.Values("AG"), Fields: m.Fields,
	}, nil
}

// EndPatronSession is message 35. It may be repeated.
type EndPatronSession struct {
	At               time.Time
	UTC              bool
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
}

// Encode writes message 35.
func (e EndPatronSession) Encode() (wire.Message, error) {
	return wire.Message{Code: "35", Fixed: FormatDate(e.At, e.UTC), Sequence: wire.NoSequence, Fields: []wire.Field{
		{ID: "AO", Value: e.Institution}, {ID: "AA", Value: e.Patron}, {ID: "AC", Value: e.TerminalPassword}, {ID: "AD", Value: e.PatronPassword}}}, nil
}

// ParseEndPatronSession reads message 35.
func ParseEndPatronSession(m wire.Message) (EndPatronSession, error) {
	if err := is(m, "35"); err != nil {
		return EndPatronSession{}, err
	}
	return EndPatronSession{At: readDate(m.FixedValue("transaction_date")), UTC: cutZone(m.FixedValue("transaction_date")) == "   Z",
		Institution: m.Value("AO"), Patron: m.Value("AA"), TerminalPassword: m.Value("AC"), PatronPassword: m.Value("AD")}, nil
}

// EndSessionResponse is message 36.
type EndSessionResponse struct {
	Ended       bool
	At          time.Time
	Institution string // AO
	Patron      string // AA
	Screen      []string
	Print       []string
}

// Encode writes message 36.
func (r EndSessionResponse) Encode() (wire.Message, error) {
	m := wire.Message{Code: "36", Fixed: yn(r.Ended) + FormatDate(r.At, false), Sequence: wire.NoSequence, Fields: []wire.Field{
		{ID: "AO", Value: r.Institution}, {ID: "AA", Value: r.Patron}}}
	m.Fields = append(m.Fields, messages(r.Screen, r.Print)...)
	return m, nil
}

// ParseEndSessionResponse reads message 36.
func ParseEndSessionResponse(m wire.Message) (EndSessionResponse, error) {
	if err := is(m, "36"); err != nil {
		return EndSessionResponse{}, err
	}
	return EndSessionResponse{Ended: m.FixedValue("end_session") == "Y", At: readDate(m.FixedValue("transaction_date")),
		Institution: m.Value("AO"), Patron: m.Value("AA"), Screen: m.Values("AF"), Print: m.Values("AG")}, nil
}
