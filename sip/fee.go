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
	Currency         Currency
	Amount           string // BV, decimal text in that currency, "12.50"
	Institution      string // AO
	Patron           string // AA
	TerminalPassword string // AC
	PatronPassword   string // AD
	Fee              string // CG, empty for the whole account
	Transaction      string // BK, ours, the same on every attempt; letters of AY and AZ confuse some servers
	Order            Order  // of a message that was made here; one that was read keeps its own
	Received
}

func (m *FeePaid) walk(f *form) {
	f.date("transaction_date", &m.At, &m.UTC)
	coded(f, "fee_type", &m.FeeType, 2, "")
	coded(f, "payment_type", &m.PaymentType, 2, "")
	coded(f, "currency_type", &m.Currency, 3, "")
	if m.Order == Canonical {
		text(f, "AO", &m.Institution, true)
		text(f, "AA", &m.Patron, true)
		text(f, "AC", &m.TerminalPassword, true)
		text(f, "AD", &m.PatronPassword, true)
	}
	text(f, "BV", &m.Amount, true)
	text(f, "CG", &m.Fee, false)
	text(f, "BK", &m.Transaction, false)
	if m.Order != Canonical {
		text(f, "AO", &m.Institution, true)
		text(f, "AC", &m.TerminalPassword, true)
		text(f, "AD", &m.PatronPassword, true)
		text(f, "AA", &m.Patron, true)
		f.last = "AA"
	}
}

// Encode writes message 37. It refuses with ErrInvalid what a library system would book wrongly: Koha 19.06 takes a
// negative, a grouped and an empty amount for something else without a word, and the first of two amounts (measured).
func (m FeePaid) Encode() (wire.Message, error) {
	if err := m.check(); err != nil {
		return wire.Message{}, fmt.Errorf("fee paid: %w", err)
	}
	f := writing("37", m.Received)
	m.walk(&f)
	return f.message()
}

// check refuses what may not decide about money.
func (m *FeePaid) check() error {
	if err := ValidAmount(m.Amount); err != nil {
		return err
	}
	switch {
	case !m.Currency.Valid():
		return fmt.Errorf("currency is not three capitals: %w", ErrInvalid)
	case m.Patron == "":
		return fmt.Errorf("no patron: %w", ErrInvalid)
	case m.At.IsZero():
		return fmt.Errorf("no date: %w", ErrInvalid)
	}
	times := map[string]int{}
	for _, field := range m.Fields {
		if times[field.ID]++; times[field.ID] > 1 {
			switch field.ID {
			case "BV", "AA", "CG", "BK":
				return fmt.Errorf("%s stands twice: %w", field.ID, ErrInvalid)
			}
		}
	}
	return nil
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

// ParseFeePaid reads message 37. ErrUnreadable means that it is another message.
func ParseFeePaid(r wire.Message) (FeePaid, error) {
	f, err := reading("37", r)
	if err != nil {
		return FeePaid{}, err
	}
	m := FeePaid{Received: f.received()}
	m.walk(&f)
	if n := len(r.Fields); n > 0 && r.Fields[n-1].ID != "AA" {
		m.Order = Canonical
	}
	return m, nil
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
	Applied     string    // FG of FOLIO's servers: what was booked; fsip2 says Y to more than is owed and books what is
	Screen      []string  // AF
	Print       []string  // AG
	Received
}

func (m *FeePaidResponse) walk(f *form) {
	f.yn("payment_accepted", &m.Accepted)
	f.date("transaction_date", &m.At, nil)
	text(f, "AO", &m.Institution, true)
	text(f, "AA", &m.Patron, true)
	text(f, "BK", &m.Transaction, false)
	text(f, "FG", &m.Applied, false)
	f.screen(&m.Screen, &m.Print)
}

// Encode writes message 38.
func (m FeePaidResponse) Encode() (wire.Message, error) {
	f := writing("38", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseFeePaidResponse reads message 38. ErrUnreadable means that it is no 38 or says neither Y nor N, so that the
// payment is in doubt; an unreadable date or a missing field is no error.
func ParseFeePaidResponse(r wire.Message) (FeePaidResponse, error) {
	f, err := reading("38", r)
	if err != nil {
		return FeePaidResponse{}, err
	}
	if said := r.FixedValue("payment_accepted"); said != "Y" && said != "N" {
		return FeePaidResponse{}, fmt.Errorf("fee paid response says neither Y nor N: %w", ErrUnreadable)
	}
	m := FeePaidResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}
