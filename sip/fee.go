package sip

import (
	"fmt"
	"strings"
	"time"

	"selfpay/sip/wire"
)

// Order is the order of Fee Paid's variable fields. It is free in the document, but a cut message makes it matter.
type Order int

const (
	// PatronLast writes BV, CG, BK, AO, AC, AD, AA. Koha 19.06 executes a message that was cut (measured); a prefix in
	// this order names no patron, or one that does not exist.
	PatronLast Order = iota
	// Canonical writes AO, AA, AC, AD, BV, CG, BK for servers that want the order of old clients.
	Canonical
)

// FeePaid is message 37: the unit tells the library that a fee was paid. SIP2 has no message that takes it back, and
// no system is known to recognise a second one: never repeat it without evidence that the first was not executed.
type FeePaid struct {
	At               time.Time // transaction date: when the patron paid, also when sent later
	UTC              bool      // write the date in UTC with zone letter Z instead of local time
	FeeType          FeeType
	PaymentType      PaymentType
	Currency         string // ISO 4217, 3 capitals
	Amount           string // BV, decimal text in that currency, "12.50"
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
	Fee              string // CG, empty for the whole account
	Transaction      string // BK, ours, the same on every attempt; letters of AY and AZ confuse some servers
	Order            Order
}

// Encode refuses with ErrInvalid what a library system would book wrongly: Koha 19.06 takes a negative, a grouped
// and an empty amount for something else without a word (measured).
func (f FeePaid) Encode() (wire.Message, error) {
	m := wire.Message{Code: "37", Sequence: wire.NoSequence}
	if err := ValidAmount(f.Amount); err != nil {
		return m, fmt.Errorf("fee paid: %w", err)
	}
	for _, c := range []struct {
		name, value string
		width       int
	}{{"fee type", string(f.FeeType), 2}, {"payment type", string(f.PaymentType), 2}, {"currency", f.Currency, 3}} {
		if err := exactly(c.name, c.value, c.width); err != nil {
			return m, fmt.Errorf("fee paid: %w", err)
		}
	}
	if strings.ContainsFunc(f.Currency, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return m, fmt.Errorf("fee paid: currency is not three capitals: %w", ErrInvalid)
	}
	if f.Patron == "" {
		return m, fmt.Errorf("fee paid: no patron: %w", ErrInvalid)
	}
	if f.At.IsZero() {
		return m, fmt.Errorf("fee paid: no date: %w", ErrInvalid)
	}
	m.Fixed = FormatDate(f.At, f.UTC) + string(f.FeeType) + string(f.PaymentType) + f.Currency
	fields := map[string]string{"BV": f.Amount, "CG": f.Fee, "BK": f.Transaction, "AO": f.Institution,
		"AC": f.TerminalPassword, "AD": f.PatronPassword, "AA": f.Patron}
	order := []string{"BV", "CG", "BK", "AO", "AC", "AD", "AA"}
	if f.Order == Canonical {
		order = []string{"AO", "AA", "AC", "AD", "BV", "CG", "BK"}
	}
	for _, id := range order {
		if (id == "CG" || id == "BK") && fields[id] == "" {
			continue
		}
		m.Fields = append(m.Fields, wire.Field{ID: id, Value: fields[id]})
	}
	return m, nil
}

// ValidAmount refuses with ErrInvalid every BV but digits, optionally a point and two or three digits, above zero
// and without leading zeros.
func ValidAmount(text string) error {
	whole, fraction, point := strings.Cut(text, ".")
	digits := func(s string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	}
	good := digits(whole) && len(whole) <= 9 && (whole == "0" || whole[0] != '0') &&
		strings.Trim(whole+fraction, "0") != ""
	if point {
		good = good && digits(fraction) && (len(fraction) == 2 || len(fraction) == 3)
	}
	if !good {
		return fmt.Errorf("amount is not digits, a point and two or three digits, above zero: %w", ErrInvalid)
	}
	return nil
}

// ParseFeePaid reads message 37.
func ParseFeePaid(m wire.Message) (FeePaid, error) {
	if err := is(m, "37"); err != nil {
		return FeePaid{}, err
	}
	f := FeePaid{
		At:               readDate(m.FixedValue("transaction_date")),
		UTC:              strings.TrimSpace(cutZone(m.FixedValue("transaction_date"))) == "Z",
		FeeType:          FeeType(m.FixedValue("fee_type")),
		PaymentType:      PaymentType(m.FixedValue("payment_type")),
		Currency:         m.FixedValue("currency_type"),
		Amount:           m.Value("BV"),
		Institution:      m.Value("AO"),
		Patron:           m.Value("AA"),
		TerminalPassword: m.Value("AC"),
		PatronPassword:   m.Value("AD"),
		Fee:              m.Value("CG"),
		Transaction:      m.Value("BK"),
	}
	if len(m.Fields) > 0 && m.Fields[len(m.Fields)-1].ID != "AA" {
		f.Order = Canonical
	}
	return f, nil
}

func cutZone(date string) string {
	if len(date) < 12 {
		return ""
	}
	return date[8:12]
}

// FeePaidResponse is message 38, the library system's answer. N means no, but systems are known that say N after
// their own backend failed (FOLIO edge-sip2): read the account before money goes back.
type FeePaidResponse struct {
	Accepted    bool
	At          time.Time // zero when it cannot be read, which says nothing about the payment
	Institution string    // AO
	Patron      string    // AA
	Transaction string    // BK, echoed by some; CARL.X puts a number of its own there
	Screen      []string  // AF
	Print       []string  // AG
}

// Encode writes message 38.
func (r FeePaidResponse) Encode() (wire.Message, error) {
	m := wire.Message{Code: "38", Fixed: yn(r.Accepted) + FormatDate(r.At, false), Sequence: wire.NoSequence}
	m.Fields = append(m.Fields, wire.Field{ID: "AO", Value: r.Institution}, wire.Field{ID: "AA", Value: r.Patron})
	if r.Transaction != "" {
		m.Fields = append(m.Fields, wire.Field{ID: "BK", Value: r.Transaction})
	}
	m.Fields = append(m.Fields, messages(r.Screen, r.Print)...)
	return m, nil
}

// ParseFeePaidResponse reads message 38. ErrUnreadable means that it is no 38 or says neither Y nor N, so that the
// payment is in doubt; an unreadable date or a missing field is no error.
func ParseFeePaidResponse(m wire.Message) (FeePaidResponse, error) {
	if err := is(m, "38"); err != nil {
		return FeePaidResponse{}, err
	}
	r := FeePaidResponse{
		At:          readDate(m.FixedValue("transaction_date")),
		Institution: m.Value("AO"),
		Patron:      m.Value("AA"),
		Transaction: m.Value("BK"),
		Screen:      m.Values("AF"),
		Print:       m.Values("AG"),
	}
	switch m.FixedValue("payment_accepted") {
	case "Y":
		r.Accepted = true
	case "N":
	default:
		return FeePaidResponse{}, fmt.Errorf("fee paid response says neither Y nor N: %w", ErrUnreadable)
	}
	return r, nil
}

// messages are the AF and AG fields at the end of most answers.
func messages(screen, print []string) []wire.Field {
	var fields []wire.Field
	for _, text := range screen {
		fields = append(fields, wire.Field{ID: "AF", Value: text})
	}
	for _, text := range print {
		fields = append(fields, wire.Field{ID: "AG", Value: text})
	}
	return fields
}

// is refuses a message of another kind.
func is(m wire.Message, code string) error {
	if m.Code != code {
		return fmt.Errorf("message %.2q where %s was expected: %w", m.Code, code, ErrUnreadable)
	}
	return nil
}
