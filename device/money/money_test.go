package money_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"selfpay/device/money"
)

func TestAmountsAreReadExactly(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency money.Currency
		minor    int64
	}{
		{"12.50", "EUR", 1250},
		{"12,50", "EUR", 1250},
		{"12,5", "EUR", 1250},
		{"12", "EUR", 1200},
		{"0.5", "EUR", 50},
		{"-0.05", "EUR", -5},
		{"-3.00", "EUR", -300},
		{" 7.10\r\n", "EUR", 710},
		{"007", "EUR", 700},
		{"0", "JPY", 0},
		{"1200", "JPY", 1200},
		{"1.234", "KWD", 1234},
		{"0,005", "KWD", 5},
		{"92233720368547758.07", "EUR", math.MaxInt64},
	} {
		got, err := money.Parse(c.text, c.currency)
		if err != nil || got != money.Of(c.minor, c.currency) {
			t.Errorf("Parse(%q, %s) = %v, %v, want %d", c.text, c.currency, got, err, c.minor)
		}
	}
}

func TestWhatIsNoExactAmountIsRefused(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency money.Currency
	}{
		{"", "EUR"}, {" ", "EUR"}, {"-", "EUR"}, {".", "EUR"}, {",", "EUR"}, {"-.5", "EUR"},
		{".50", "EUR"}, {"12.", "EUR"}, {"--1", "EUR"}, {"+1", "EUR"}, {"1-", "EUR"},
		{"1,234.50", "EUR"}, {"1.234,50", "EUR"}, {"1 234", "EUR"}, {"1'234", "EUR"}, {"1..2", "EUR"},
		{"1.234", "EUR"}, {"1,234", "EUR"}, {"0.001", "EUR"}, {"1,234", "KWD"}, {"0.0", "JPY"}, {"1.5", "JPY"}, {"1.2345", "KWD"},
		{"EUR 5", "EUR"}, {"5 EUR", "EUR"}, {"€5", "EUR"}, {"٣", "EUR"}, {"１２", "EUR"}, {"1e3", "EUR"}, {"0x10", "EUR"},
		{"NaN", "EUR"}, {"12\x00", "EUR"},
		{"92233720368547758.08", "EUR"}, {"9223372036854775808", "JPY"}, {"99999999999999999999999", "EUR"},
		{"5", ""}, {"5", "XXX"}, {"5", "eur"},
	} {
		if got, err := money.Parse(c.text, c.currency); !errors.Is(err, money.ErrUnreadable) || got != (money.Amount{}) {
			t.Errorf("Parse(%q, %q) = %v, %v, want it refused", c.text, c.currency, got, err)
		}
	}
}

func TestTextHasAllDigitsOfItsCurrency(t *testing.T) {
	for want, a := range map[string]money.Amount{
		"12.50": money.Of(1250, "EUR"), "0.05": money.Of(5, "EUR"), "-0.05": money.Of(-5, "EUR"), "0.00": money.Of(0, "EUR"),
		"1200": money.Of(1200, "JPY"), "-7": money.Of(-7, "JPY"), "1.234": money.Of(1234, "KWD"), "0.001": money.Of(1, "KWD"),
		"92233720368547758.07":  money.Of(math.MaxInt64, "EUR"),
		"-92233720368547758.08": money.Of(math.MinInt64, "EUR"),
	} {
		if got := a.Text(); got != want {
			t.Errorf("%d %s reads %q, want %q", a.Minor, a.Currency, got, want)
		}
	}
	if got := money.Of(1250, "EUR").String(); got != "12.50 EUR" {
		t.Errorf("String = %q", got)
	}
}

// FuzzTextAndParseAreInverse: what Parse accepts reads the same again, whatever was given.
func FuzzTextAndParseAreInverse(f *testing.F) {
	for _, seed := range []string{"12.50", "12,5", "0", "-0.05", "1.234", "1,234.50", "", "٣", "9223372036854775807"} {
		for _, c := range []string{"EUR", "JPY", "KWD"} {
			f.Add(seed, c, int64(1250))
		}
	}
	f.Fuzz(func(t *testing.T, text, currency string, minor int64) {
		c := money.Currency(currency)
		if a, err := money.Parse(text, c); err == nil {
			if again, err := money.Parse(a.Text(), c); err != nil || again != a {
				t.Errorf("Parse(%q) = %v, its text reads %v, %v", text, a, again, err)
			}
		}
		a := money.Of(minor, c)
		if !c.Known() || minor == math.MinInt64 {
			return
		}
		if again, err := money.Parse(a.Text(), c); err != nil || again != a {
			t.Errorf("%d %s reads %q and back %v, %v", minor, c, a.Text(), again, err)
		}
	})
}

func TestSumsAreExactOrRefused(t *testing.T) {
	eur := func(minor int64) money.Amount { return money.Of(minor, "EUR") }
	for _, c := range []struct {
		a, b     money.Amount
		sum, dif int64
		sumFits  bool
		difFits  bool
	}{
		{eur(1250), eur(50), 1300, 1200, true, true},
		{eur(0), eur(0), 0, 0, true, true},
		{eur(math.MaxInt64), eur(1), 0, math.MaxInt64 - 1, false, true},
		{eur(math.MaxInt64), eur(-1), math.MaxInt64 - 1, 0, true, false},
		{eur(math.MinInt64), eur(-1), 0, math.MinInt64 + 1, false, true},
		{eur(math.MinInt64), eur(1), math.MinInt64 + 1, 0, true, false},
		{eur(0), eur(math.MinInt64), math.MinInt64, 0, true, false},
		{eur(5), money.Of(5, "USD"), 0, 0, false, false},
		{eur(5), money.Amount{}, 0, 0, false, false},
	} {
		sum, err := c.a.Add(c.b)
		if (err == nil) != c.sumFits || err == nil && sum != eur(c.sum) {
			t.Errorf("%v + %v = %v, %v", c.a, c.b, sum, err)
		}
		dif, err := c.a.Sub(c.b)
		if (err == nil) != c.difFits || err == nil && dif != eur(c.dif) {
			t.Errorf("%v - %v = %v, %v", c.a, c.b, dif, err)
		}
	}
	if total, err := money.Sum("EUR", eur(1), eur(2), eur(3)); err != nil || total != eur(6) {
		t.Errorf("Sum = %v, %v", total, err)
	}
	if total, err := money.Sum("EUR"); err != nil || total != eur(0) {
		t.Errorf("the sum of nothing = %v, %v", total, err)
	}
	if total, err := money.Sum("EUR", eur(1), money.Of(1, "USD")); err == nil {
		t.Errorf("two currencies add to %v", total)
	}
}

func TestCurrenciesAreKnownByLettersAndDigits(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range []money.Currency{"EUR", "JPY", "KWD", "CHF", "GBP", "USD"} {
		number := c.Numeric()
		back, known := money.FromNumeric(number)
		if !known || back != c || len(number) != 3 || seen[number] || !c.Known() {
			t.Errorf("%s is %q, which is %q", c, number, back)
		}
		seen[number] = true
	}
	if c, known := money.FromNumeric("000"); known {
		t.Errorf("000 is %s", c)
	}
	if money.Currency("EUR").Exponent() != 2 || money.Currency("JPY").Exponent() != 0 || money.Currency("KWD").Exponent() != 3 {
		t.Error("wrong number of digits behind the decimal sign")
	}
	if money.Of(0, "EUR").Positive() || money.Of(-1, "EUR").Positive() || !money.Of(1, "EUR").Positive() {
		t.Error("Positive means more than nothing")
	}
}

func ExampleParse() {
	amount, err := money.Parse("12,5", "EUR")
	fmt.Println(amount, err)
	_, err = money.Parse("1.234", "EUR")
	fmt.Println(err)
	// Output:
	// 12.50 EUR <nil>
	// money: "1.234" is not an amount in EUR: no exact amount
}
