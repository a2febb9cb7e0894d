package session

import (
	"cmp"
	"slices"
	"strconv"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/posting"
)

// choice is one line of the fee list.
type choice struct {
	fee         ils.Fee
	chosen      bool
	beingBooked bool
}

// payable says whether it can be paid here and now.
func (c choice) payable() bool { return !c.beingBooked && c.fee.Balance.Positive() }

// key names the choice at place i on the screen.
func (c choice) key(i int) string {
	if c.fee.ID != "" {
		return c.fee.ID
	}
	return "line-" + strconv.Itoa(i)
}

func (s *Session) showFees() {
	s.view.Total, s.view.Chosen, s.view.Fees = s.account.Total, money.Of(0, s.account.Total.Currency), nil
	s.view.Part, s.view.Typed = money.Amount{}, ""
	s.view.CanPart = s.Partial && s.Library.Traits().Partial
	s.view.Unlock = s.add(s.unlocking())
	var chosen []int
	for i, c := range s.choices {
		s.view.Fees = append(s.view.Fees, FeeLine{Key: c.key(i), Description: c.fee.Description,
			Amount: c.fee.Balance, Chosen: c.chosen, BeingBooked: c.beingBooked})
		if c.chosen {
			chosen = append(chosen, i)
		}
	}
	s.view.Chosen = s.add(chosen)
	if s.view.WholeOnly {
		s.view.Chosen = s.account.Total
	}
	s.screen(ScreenFees, "")
}

func (s *Session) choose(key string) error {
	for i := range s.choices {
		c := &s.choices[i]
		if c.key(i) != key || s.view.WholeOnly || !c.payable() {
			continue
		}
		c.chosen = !c.chosen
		s.showFees()
		return nil
	}
	return ErrStale
}

func (s *Session) chooseAll() {
	for i := range s.choices {
		c := &s.choices[i]
		c.chosen = c.payable()
	}
	s.showFees()
}

func (s *Session) chosen() []posting.Choice {
	if s.view.WholeOnly {
		return []posting.Choice{{Amount: s.account.Total}}
	}
	var chosen []posting.Choice
	for _, c := range s.choices {
		if c.chosen {
			chosen = append(chosen, posting.Choice{Fee: c.fee.ID, Amount: c.fee.Balance})
		}
	}
	return chosen
}

// hide shows the fees without what they are for, or with it again.
func (s *Session) hide() {
	s.view.Hidden = !s.view.Hidden
	s.stay()
}

// unlocking are the places of fees that are enough for what is left to be within the limit of the account, and not much more. nil where
// the account is not blocked by what is owed alone, or only all of it helps.
func (s *Session) unlocking() []int {
	if s.view.WholeOnly || s.account.Limit.Currency != s.account.Total.Currency {
		return nil
	}
	var payable, enough []int // payable: the smallest first
	for i, c := range s.choices {
		if c.payable() {
			payable = append(payable, i)
		}
	}
	balance := func(i int) int64 { return s.choices[i].fee.Balance.Minor }
	slices.SortStableFunc(payable, func(i, j int) int { return cmp.Compare(balance(i), balance(j)) })
	for left := s.account.Total.Minor - s.account.Limit.Minor; left > 0 && len(payable) > 1; {
		if i := slices.IndexFunc(payable, func(i int) bool { return balance(i) >= left }); i >= 0 {
			return append(enough, payable[i])
		}
		greatest := len(payable) - 1
		left -= balance(payable[greatest])
		enough, payable = append(enough, payable[greatest]), payable[:greatest]
	}
	return nil
}

func (s *Session) chooseUnlocking() {
	enough := s.unlocking()
	for i := range s.choices {
		s.choices[i].chosen = slices.Contains(enough, i)
	}
	s.showFees()
}

// add is the sum of the fees at these places.
func (s *Session) add(places []int) money.Amount {
	total := money.Of(0, s.account.Total.Currency)
	for _, i := range places {
		if next, err := total.Add(s.choices[i].fee.Balance); err == nil {
			total = next
		}
	}
	return total
}
