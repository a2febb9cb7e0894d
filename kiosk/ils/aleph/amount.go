package aleph

import (
	"errors"
	"strings"

	"selfpay/device/money"
)

// errAmount quotes nothing of what was read.
var errAmount = errors.New("a sum is no exact amount")

// longestAmount is in bytes; Aleph keeps 14 digits (Z31-SUM).
const longestAmount = 40

// number is how a sum was written.
type number struct {
	mark     rune // the decimal sign, 0 where there is none
	grouped  bool // thousands are set apart
	brackets bool
	minus    bool
}

// amount reads a sum as Aleph prints it, without its sign: a debt stands in parentheses, as accountants write what is
// negative (the client ding2, AlephDebt.php), or behind a minus (developer network, Circulation Actions: -27.62). The last
// point or comma is the decimal sign; blanks, and the other of the two in front of it, set thousands apart. Zeros behind
// the digits of the currency count for nothing: Aleph keeps hundredths of every currency (Z31-SUM), 700.00 ISK are 700.
func amount(text string, currency money.Currency) (money.Amount, number, error) {
	digits, how, err := unsigned(text)
	if err != nil {
		return money.Amount{}, how, err
	}
	whole, fraction := digits, ""
	if at := strings.LastIndexAny(digits, ".,"); at >= 0 {
		whole, fraction, how.mark = digits[:at], digits[at+1:], rune(digits[at])
		if fraction == "" || strings.Trim(fraction, "0123456789") != "" || len(fraction) > 2 {
			return money.Amount{}, how, errAmount // three digits may be thousands
		}
	}
	if whole, how.grouped, err = ungrouped(whole, how.mark); err != nil {
		return money.Amount{}, how, err
	}
	if len(whole) > 1 && whole[0] == '0' { // as the database has it, 00000000003000: hundredths, and no sum for people
		return money.Amount{}, how, errAmount
	}
	for len(fraction) > currency.Exponent() && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	sum, err := money.Parse(whole, currency)
	if err != nil {
		return money.Amount{}, how, errAmount
	}
	return sum, how, nil
}

// unsigned takes the one sign of a debt away.
func unsigned(text string) (string, number, error) {
	var how number
	if len(text) > longestAmount {
		return "", how, errAmount
	}
	text = strings.TrimSpace(text)
	if inner, opened := strings.CutPrefix(text, "("); opened {
		inner, closed := strings.CutSuffix(inner, ")")
		if !closed {
			return "", how, errAmount
		}
		text, how.brackets = strings.TrimSpace(inner), true
	}
	if inner, negative := strings.CutPrefix(text, "-"); negative {
		if how.brackets {
			return "", how, errAmount
		}
		text, how.minus = strings.TrimSpace(inner), true
	}
	return text, how, nil
}

// blanks stand between thousands in some countries: the common one, those that do not break, the thin one.
var blanks = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2009", " ")

// ungrouped takes the signs between thousands away, where they stand between thousands.
func ungrouped(whole string, mark rune) (string, bool, error) {
	whole = blanks.Replace(whole)
	between := strings.Trim(whole, "0123456789")
	if between == "" {
		return whole, false, checkDigits(whole)
	}
	sign := between[:1]
	if sign != " " && (sign != "." && sign != "," || mark == 0 || rune(sign[0]) == mark) {
		return "", false, errAmount
	}
	groups := strings.Split(whole, sign)
	for i, group := range groups {
		if checkDigits(group) != nil || len(group) > 3 || i > 0 && len(group) < 3 {
			return "", false, errAmount
		}
	}
	return strings.Join(groups, ""), true, nil
}

func checkDigits(text string) error {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return errAmount
	}
	return nil
}

// sumText is a sum as Pay Cash takes it: major units with a point and two digits behind it, as clients send it, also for
// a currency without minor units (ding2 in Reykjavík: 700.00).
func sumText(sum money.Amount) string {
	if sum.Currency.Exponent() == 0 {
		return sum.Text() + ".00"
	}
	return sum.Text()
}
