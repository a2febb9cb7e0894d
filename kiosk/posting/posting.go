// Package posting brings legs of a payment to the library system and finds the way out of doubt. It turns what the
// library answers into payment events; what follows from them is decided by package payment alone. It never repeats
// a posting, and an answer it does not understand is a doubt.
package posting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
)

// Choice is one fee the patron wants to pay, in full; an empty Fee is the whole account.
type Choice struct {
	Fee    string
	Amount money.Amount
}

// Plan makes the legs of a payment: one for each chosen fee, or one for the whole account where the library system
// names no fees. It refuses a fee that is not in this patron's list or whose balance is another.
func Plan(account ils.Account, traits ils.Traits, chosen []Choice) ([]payment.PlannedLeg, error) {
	if len(chosen) == 0 || len(chosen) > payment.MaxLegs {
		return nil, fmt.Errorf("posting: plan %d fees: between 1 and %d can be paid at once", len(chosen), payment.MaxLegs)
	}
	if !traits.FeeIDs {
		if len(chosen) != 1 || chosen[0].Fee != "" || chosen[0].Amount != account.Total {
			return nil, errors.New("posting: this library system takes payments for the whole account only")
		}
		return []payment.PlannedLeg{{Amount: account.Total}}, nil
	}
	seen := map[string]bool{}
	var legs []payment.PlannedLeg
	for _, c := range chosen {
		if seen[c.Fee] || !owes(account, c) {
			return nil, fmt.Errorf("posting: fee %.40q over %s is not in the patron's list", c.Fee, c.Amount)
		}
		seen[c.Fee] = true
		legs = append(legs, payment.PlannedLeg{Fee: c.Fee, Amount: c.Amount})
	}
	return legs, nil
}

// Part spreads less than the legs make over them, in the order in which the library lists the fees, oldest first: whole
// fees as long as the amount lasts, and at most one fee in part. It refuses more than the legs make, and every part where
// the library system takes whole fees only.
func Part(legs []payment.PlannedLeg, traits ils.Traits, amount money.Amount) ([]payment.PlannedLeg, error) {
	if !traits.Partial {
		return nil, errors.New("posting: this library system takes payments of whole fees only")
	}
	left := amount
	var spread []payment.PlannedLeg
	for _, l := range legs {
		if !left.Positive() {
			break
		}
		if l.Amount.Minor > left.Minor {
			l.Amount.Minor = left.Minor
		}
		left.Minor -= l.Amount.Minor
		spread = append(spread, l)
	}
	if len(spread) == 0 || left.Minor > 0 || amount.Currency != legs[0].Amount.Currency {
		return nil, fmt.Errorf("posting: %s cannot be spread over %d fees", amount, len(legs))
	}
	return spread, nil
}

func owes(account ils.Account, c Choice) bool {
	for _, f := range account.Fees {
		if f.ID == c.Fee && f.ID != "" && f.Balance == c.Amount && c.Amount.Positive() {
			return true
		}
	}
	return false
}

// Reading is what the ledger keeps of an account: ids and balances, no titles, no names.
func Reading(account ils.Account) payment.Reading {
	r := payment.Reading{Total: account.Total, Mark: account.Mark}
	for _, f := range account.Fees {
		r.Fees = append(r.Fees, payment.Balance{Fee: f.ID, Minor: f.Balance.Minor})
	}
	if account.Booked != nil {
		r.Booked = &account.Booked.Minor
	}
	return r
}

// doubt is what a reading for the leg is to clear up.
func doubt(p payment.Payment, leg payment.Leg) ils.Doubt {
	if leg.DoubtAt.Wall.IsZero() {
		return ils.Doubt{}
	}
	return ils.Doubt{Since: leg.DoubtAt.Wall, Reference: p.ID.Reference(leg.Number)}
}

// ReadAccount reads the account for a leg and says what the reading means. nil, with the error, where the account
// could not be read now: ask again later.
func ReadAccount(ctx context.Context, library ils.Library, who ils.Patron, p payment.Payment, leg payment.Leg, now func() payment.Stamp) (payment.Event, error) {
	account, err := library.Account(ctx, who, doubt(p, leg))
	if err != nil && errors.Is(err, ils.ErrPINNeeded) && account.Total.Currency != "" {
		err = nil // the account was shown; a queued posting has no PIN any more
	}
	switch {
	case errors.Is(err, ils.ErrUnknownPatron):
		return payment.AccountRefused{Head: payment.Head{At: now()}, Leg: leg.Number, Reason: "the library does not know the patron any more"}, nil
	case err != nil:
		return nil, err
	}
	reading := Reading(account)
	return payment.AccountRead{
		Head: payment.Head{At: now()}, Leg: leg.Number, Account: reading,
		Verdict: payment.Judge(leg.Snapshot, reading, leg),
	}, nil
}

// Post tells the library that a leg is paid, once. The intent must be saved before. The event says what came back;
// an error without a class is a lost answer.
func Post(ctx context.Context, library ils.Library, who ils.Patron, p payment.Payment, leg payment.Leg, now func() payment.Stamp) payment.Event {
	number, err := library.Post(ctx, ils.Leg{
		Reference: p.ID.Reference(leg.Number),
		Patron:    who,
		Fee:       leg.Fee,
		Amount:    leg.Amount,
		PaidAt:    paidAt(p),
		CardName:  cardName(p),
	})
	head := payment.Head{At: now()}
	switch device.Class(err) {
	case nil:
		return payment.Answered{Head: head, Leg: leg.Number, Accepted: true, BookingNumber: number}
	case device.ErrRefused:
		return payment.Answered{Head: head, Leg: leg.Number, Accepted: false}
	case device.ErrNotSent, device.ErrAttention:
		return payment.NotPosted{Head: head, Leg: leg.Number, Reason: err.Error()}
	}
	return payment.NoAnswer{Head: head, Leg: leg.Number, Reason: err.Error()}
}

func cardName(p payment.Payment) string {
	if p.Approval == nil {
		return ""
	}
	return p.Approval.CardName
}

func paidAt(p payment.Payment) time.Time {
	if p.ApprovedAt.Wall.IsZero() {
		return p.IntendedAt.Wall
	}
	return p.ApprovedAt.Wall
}
