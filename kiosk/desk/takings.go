package desk

import (
	"context"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ledger"
)

// daysShown is for how many days takings are drawn, today included.
const daysShown = 31

// daySum is what was charged on one business day.
type daySum struct {
	day   time.Time
	minor int64
}

// takings keep what was charged by the hour, so that a day that is over is read once. They are guarded by the look they belong to.
type takings struct {
	ledger   *ledger.Ledger
	currency money.Currency
	read31   map[string]dayHours
}

// dayHours is one day as it was read when its books said captured.
type dayHours struct {
	captured int64
	hours    [24]int64
}

func newTakings(l *ledger.Ledger, c money.Currency) *takings {
	return &takings{ledger: l, currency: c, read31: map[string]dayHours{}}
}

// read sums the last days, and their hours. A day whose books have changed is read again.
func (t *takings) read(now time.Time) (days []daySum, hours [24]int64, err error) {
	books, err := t.ledger.Days(context.Background())
	if err != nil {
		return nil, hours, err
	}
	captured := map[string]int64{}
	for _, b := range books {
		if b.Currency == string(t.currency) {
			captured[b.Day] = b.Books.Captured
		}
	}
	kept := map[string]dayHours{}
	for i := range daysShown {
		at := now.AddDate(0, 0, i+1-daysShown)
		name := at.Format(time.DateOnly)
		day, known := t.read31[name]
		if !known || day.captured != captured[name] {
			if day, err = t.hoursOf(name, captured[name]); err != nil {
				return nil, hours, err
			}
		}
		kept[name] = day
		days = append(days, daySum{at, captured[name]})
		for h, minor := range day.hours {
			hours[h] += minor
		}
	}
	t.read31 = kept
	return days, hours, nil
}

func (t *takings) hoursOf(day string, captured int64) (d dayHours, err error) {
	d.captured = captured
	if captured == 0 {
		return d, nil
	}
	payments, err := t.ledger.OfDay(day)
	for _, p := range payments {
		if p.Amount.Currency == t.currency {
			d.hours[p.ApprovedAt.Wall.Hour()] += p.Books().Captured
		}
	}
	return d, err
}
