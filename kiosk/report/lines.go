package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// Line is one leg of one payment, for finance.
type Line struct {
	Day               string    `json:"day"`
	Payment           string    `json:"payment"`
	Leg               int       `json:"leg"`
	Reference         string    `json:"reference"` // BK, as the library system has it
	PaymentState      string    `json:"payment_state"`
	LegState          string    `json:"leg_state"`
	Proof             string    `json:"proof"`
	Fee               string    `json:"fee"`
	AmountMinor       int64     `json:"amount_minor"`
	Currency          string    `json:"currency"`
	Intended          time.Time `json:"intended"`
	Captured          time.Time `json:"captured"` // zero where the moment is not known
	Changed           time.Time `json:"changed"`
	Receipt           int       `json:"receipt"`
	Trace             int       `json:"trace"`
	TerminalID        string    `json:"terminal_id"`
	AuthorisationCode string    `json:"authorisation_code"`
	MaskedPAN         string    `json:"masked_pan"`
	CardName          string    `json:"card_name"`
}

// Lines lists the legs of all payments in a span whose card was charged, or may have been.
func Lines(l *ledger.Ledger, s Span, now time.Time) ([]Line, error) {
	ends, err := l.EndsOfDay()
	if err != nil {
		return nil, err
	}
	return linesIn(l, s.settled(ends, now))
}

// AllLines lists them of every business day in the ledger.
func AllLines(l *ledger.Ledger, days []ledger.Day) ([]Line, error) {
	all := []Line{}
	last := ""
	for _, d := range days {
		if d.Day == last {
			continue
		}
		last = d.Day
		lines, err := linesIn(l, Span{Day: d.Day})
		if err != nil {
			return nil, err
		}
		all = append(all, lines...)
	}
	return all, nil
}

func linesIn(l *ledger.Ledger, s Span) ([]Line, error) {
	payments, err := s.payments(l)
	lines := []Line{}
	for _, p := range payments {
		if counts(p) {
			lines = append(lines, linesOf(p)...)
		}
	}
	return lines, err
}

func linesOf(p payment.Payment) []Line {
	whole := Line{Day: ledger.BusinessDay(p), Payment: p.ID.String(), PaymentState: string(p.State), Currency: string(p.Amount.Currency),
		Intended: p.IntendedAt.Wall, Captured: p.ApprovedAt.Wall, Changed: p.ChangedAt.Wall}
	if a := p.Approval; a != nil {
		whole.Receipt, whole.Trace, whole.TerminalID = a.Receipt, a.Trace, a.TerminalID
		whole.AuthorisationCode, whole.MaskedPAN, whole.CardName = a.AuthorisationCode, a.MaskedPAN, a.CardName
	}
	var lines []Line
	for _, l := range p.Legs {
		line := whole
		line.Leg, line.Reference, line.LegState, line.Proof = l.Number, p.ID.Reference(l.Number), string(l.State), string(l.Proof)
		line.Fee, line.AmountMinor = l.Fee, l.Amount.Minor
		lines = append(lines, line)
	}
	return lines
}

// columns are the head of the file; the order of cells is the same.
var columns = []string{"business day", "reference", "payment", "leg", "payment state", "leg state", "proof", "fee", "amount", "currency",
	"intended", "captured", "last change", "receipt", "trace", "terminal id", "authorisation code", "masked pan", "card"}

func (l Line) cells() []string {
	return []string{l.Day, l.Reference, l.Payment, strconv.Itoa(l.Leg), l.PaymentState, l.LegState, l.Proof, l.Fee,
		money.Of(l.AmountMinor, money.Currency(l.Currency)).Text(), l.Currency, moment(l.Intended), moment(l.Captured), moment(l.Changed),
		number(l.Receipt), number(l.Trace), l.TerminalID, l.AuthorisationCode, l.MaskedPAN, l.CardName}
}

func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// WriteCSV writes the lines with a head, after RFC 4180. Amounts are decimal text with a point. A cell that a
// spreadsheet would take for a formula begins with an apostrophe.
func WriteCSV(w io.Writer, lines []Line) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	rows := [][]string{slices.Clone(columns)}
	for _, l := range lines {
		row := l.cells()
		for i := range row {
			row[i] = harmless(row[i])
		}
		rows = append(rows, row)
	}
	return out.WriteAll(rows)
}

// formula are the signs with which a spreadsheet's formula begins.
const formula = "=+-@\t\r\n＝＋－＠"

// harmless is a cell that no spreadsheet carries out. Fee ids and what the terminal says of a card are not ours.
func harmless(cell string) string {
	if strings.ContainsAny(firstOf(cell), formula) || strings.ContainsAny(firstOf(strings.TrimSpace(cell)), formula) {
		return "'" + cell
	}
	return cell
}

func firstOf(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
