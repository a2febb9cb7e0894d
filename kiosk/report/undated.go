package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// mostUndated is how many payments before one are looked at.
const mostUndated = 100

// undated names the payments that came, by their numbers, right before those of the span, while the station's clock was not
// set: they are in the books of a day that never was.
func (r *Report) undated(l *ledger.Ledger, payments []payment.Payment) error {
	days, codes := map[string]bool{}, []string{}
	for _, p := range payments {
		if !p.IntendedAt.Dated() {
			continue
		}
		for number := p.ID.Number - 1; number > max(0, p.ID.Number-mostUndated); number-- {
			before, err := l.Payment(payment.ID{Epoch: p.ID.Epoch, Number: number})
			if errors.Is(err, ledger.ErrNotFound) {
				break
			}
			if err != nil {
				return err
			}
			if before.IntendedAt.Dated() {
				break
			}
			if counts(before) && string(before.Amount.Currency) == r.Currency {
				days[ledger.BusinessDay(before)] = true
				codes = append(codes, before.ID.String())
			}
		}
	}
	if len(codes) == 0 {
		return nil
	}
	slices.Sort(codes)
	var dates []string
	for day := range days {
		dates = append(dates, day)
	}
	slices.Sort(dates)
	r.say(fmt.Sprintf("Before the payments of this time, while the station's clock was not set, there were %s; they are in the books of %s: kioskctl report day --date %s.",
		strings.Join(codes, ", "), strings.Join(dates, ", "), dates[0]))
	return nil
}
