// Package money counts in whole minor units of an ISO 4217 currency. Decimal text exists only at the edges;
// there is no floating point anywhere.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 alphabetic code in capitals, "EUR".
type Currency string

// Amount is a sum in minor units (cents) of one currency. The zero Amount has no currency and equals nothing.
type Amount struct {
	Minor    int64    `json:"minor"`
	Currency Currency `json:"currency"`
}

// ErrUnreadable means that a text is no exact amount in its currency. It is refused, never rounded or guessed.
var ErrUnreadable = errors.New("no exact amount")

// standard is what ISO 4217 says of a currency: digits behind the decimal sign and the numeric code.
type standard struct {
	exponent int
	numeric  string
}

var standards = map[Currency]standard{
	"AED": {2, "784"}, "AUD": {2, "036"}, "BGN": {2, "975"}, "BHD": {3, "048"}, "BRL": {2, "986"},
	"CAD": {2, "124"}, "CHF": {2, "756"}, "CLP": {0, "152"}, "CNY": {2, "156"}, "CZK": {2, "203"},
	"DKK": {2, "208"}, "EUR": {2, "978"}, "GBP": {2, "826"}, "HKD": {2, "344"}, "HUF": {2, "348"},
	"ILS": {2, "376"}, "INR": {2, "356"}, "ISK": {0, "352"}, "JOD": {3, "400"}, "JPY": {0, "392"},
	"KRW": {0, "410"}, "KWD": {3, "414"}, "MXN": {2, "484"}, "NOK": {2, "578"}, "NZD": {2, "554"},
	"OMR": {3, "512"}, "PLN": {2, "985"}, "RON": {2, "946"}, "RSD": {2, "941"}, "SEK": {2, "752"},
	"SGD": {2, "702"}, "TND": {3, "788"}, "TRY": {2, "949"}, "UAH": {2, "980"}, "USD": {2, "840"},
	"VND": {0, "704"}, "ZAR": {2, "710"},
}

// Known says whether c stands in the table of currencies.
func (c Currency) Known() bool { _, ok := standards[c]; return ok }

// Exponent is the number of digits behind the decimal sign: 2 for EUR, 0 for JPY.
func (c Currency) Exponent() int { return standards[c].exponent }

// Numeric is the three-digit ISO 4217 code, "978", empty for an unknown currency.
func (c Currency) Numeric() string { return standards[c].numeric }

// FromNumeric finds a currency by its three-digit ISO 4217 code.
func FromNumeric(code string) (Currency, bool) {
	for c, s := range standards {
		if s.numeric == code {
			return c, true
		}
	}
	return "", false
}

// Of makes an amount of minor units.
func Of(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// Parse reads "12.50", "12,50", "12", "0.5" or "-3.00" as an exact amount. Grouping signs, blanks inside, more
// digits than the currency has, and a comma followed by three digits, which may be grouping ("0,005" is not), are
// refused with ErrUnreadable.
func Parse(text string, c Currency) (Amount, error) {
	if !c.Known() {
		return Amount{}, fmt.Errorf("money: %q is not a known currency: %w", c, ErrUnreadable)
	}
	refuse := func() (Amount, error) {
		return Amount{}, fmt.Errorf("money: %.40q is not an amount in %s: %w", text, c, ErrUnreadable)
	}
	digits, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	whole, fraction, cut := strings.Cut(strings.Replace(digits, ",", ".", 1), ".")
	if whole == "" || (cut && fraction == "") || !onlyDigits(whole) || !onlyDigits(fraction) {
		return refuse()
	}
	exponent := c.Exponent()
	grouping := len(fraction) == 3 && whole != "0" && strings.Contains(digits, ",")
	if len(fraction) > exponent || grouping {
		return refuse()
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", exponent-len(fraction)), 10, 64)
	if err != nil {
		return refuse()
	}
	if negative {
		minor = -minor
	}
	return Of(minor, c), nil
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Text is the amount as decimal text with a point and all digits of its currency, "12.50", as protocols want it.
func (a Amount) Text() string {
	sign, minor := "", uint64(a.Minor)
	if a.Minor < 0 {
		sign, minor = "-", -minor
	}
	exponent := a.Currency.Exponent()
	if exponent == 0 {
		return sign + strconv.FormatUint(minor, 10)
	}
	digits := fmt.Sprintf("%0*d", exponent+1, minor)
	point := len(digits) - exponent
	return sign + digits[:point] + "." + digits[point:]
}

// String is the amount with its currency, "12.50 EUR", for logs and staff.
func (a Amount) String() string { return a.Text() + " " + string(a.Currency) }

// Positive says whether the amount is more than nothing.
func (a Amount) Positive() bool { return a.Minor > 0 }

// Add returns a+b. An error means that the currencies differ or that the sum does not fit.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("money: %s and %s cannot be added", a, b)
	}
	if (b.Minor > 0 && a.Minor > math.MaxInt64-b.Minor) || (b.Minor < 0 && a.Minor < math.MinInt64-b.Minor) {
		return Amount{}, fmt.Errorf("money: %s and %s are too large to add", a, b)
	}
	return Of(a.Minor+b.Minor, a.Currency), nil
}

// Sub returns a-b, with the errors of Add.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b.Minor == math.MinInt64 {
		return Amount{}, fmt.Errorf("money: %s is too large to subtract", b)
	}
	return a.Add(Of(-b.Minor, b.Currency))
}

// Sum adds amounts of currency c; nothing sums to zero.
func Sum(c Currency, amounts ...Amount) (Amount, error) {
	total := Of(0, c)
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return Amount{}, err
		}
	}
	return total, nil
}
