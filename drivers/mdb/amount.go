package mdb

import (
	"fmt"

	"selfpay/device/money"
)

const mostSteps = 65_534 // 16 bits on the bus, without the sign for a price that is not known

// takes says why a reader cannot be asked for an amount; nil where it can, or where its setup is not known.
func (s *Setup) takes(a money.Amount) error {
	if s == nil {
		return nil
	}
	if err := s.counts(a.Currency); err != nil {
		return err
	}
	parts := a.Minor // in the smallest part that the reader can name
	for range a.Currency.Exponent() - s.Decimals {
		if parts%10 != 0 {
			return fmt.Errorf("%s cannot be asked for: the reader counts with %d decimals", a, s.Decimals)
		}
		parts /= 10
	}
	switch {
	case parts%s.Scale != 0:
		return fmt.Errorf("%s cannot be asked for: the reader counts in steps of %d", a, s.Scale)
	case parts/s.Scale > mostSteps:
		return fmt.Errorf("%s cannot be asked for: the reader counts to %d steps of %d", a, mostSteps, s.Scale)
	}
	return nil
}

// counts says why a reader cannot be asked for anything in a currency.
func (s *Setup) counts(c money.Currency) error {
	switch {
	case s == nil:
		return nil
	case s.Mode == 1:
		return errCardFirst
	case len(s.Currency) == 4 && s.Currency[0] == '1' && s.Currency[1:] != c.Numeric():
		return fmt.Errorf("the reader counts in currency %s, not in %s", s.Currency[1:], c)
	case s.Scale == 0 || s.Decimals > c.Exponent():
		return fmt.Errorf("the reader counts in steps of %d with %d decimals, which is not %s", s.Scale, s.Decimals, c)
	}
	return nil
}
