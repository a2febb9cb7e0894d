package payment

// Verdict is what a reading of the account says about a leg.
type Verdict string

const (
	Applied    Verdict = "applied"     // our fee fell by exactly our amount, and nothing else moved; or our reference is there
	NotApplied Verdict = "not applied" // nothing moved
	Unclear    Verdict = "unclear"     // something else moved: it cannot be told
)

// Judge compares a reading with the one saved before the posting. One reading that says Applied proves it once the
// quiet time is over; NotApplied needs two equal ones. Where the library shows what it has booked under our reference,
// that decides: then a fee that fell without it was paid by somebody else, and what else moved does not matter.
func Judge(before, now Reading, leg Leg) Verdict {
	if before.Total.Currency != now.Total.Currency {
		return Unclear
	}
	still := sameExcept(before, now, "") && before.Total == now.Total && before.Mark == now.Mark
	if now.Booked != nil {
		return judgeByReference(*now.Booked, leg, still)
	}
	if still {
		return NotApplied
	}
	fell := before.balance(leg.Fee)-now.balance(leg.Fee) == leg.Amount.Minor
	totalFell := before.Total.Minor-now.Total.Minor == leg.Amount.Minor
	if leg.Fee == "" { // the whole account: fees without ids may come and go with it
		if totalFell {
			return Applied
		}
		return Unclear
	}
	if fell && totalFell && sameExcept(before, now, leg.Fee) {
		return Applied
	}
	return Unclear
}

// judgeByReference believes the whole amount under our reference as it would an answer, whatever else moved.
func judgeByReference(booked int64, leg Leg, still bool) Verdict {
	switch {
	case booked == leg.Amount.Minor:
		return Applied
	case booked == 0 && still:
		return NotApplied
	}
	return Unclear
}

// proof is why a reading that says Applied is believed.
func (r Reading) proof() Proof {
	if r.Booked != nil {
		return ByReference
	}
	return ByAccount
}

// sameExcept says whether all fees but one, or all where except is empty, have the same balance in both readings. Fees
// without ids are the same where as many have each balance.
func sameExcept(a, b Reading, except string) bool {
	more := map[Balance]int{}
	for _, side := range []struct {
		fees  []Balance
		count int
	}{{a.Fees, 1}, {b.Fees, -1}} {
		for _, f := range side.fees {
			if f.Minor != 0 && (except == "" || f.Fee != except) {
				more[f] += side.count
			}
		}
	}
	for _, n := range more {
		if n != 0 {
			return false
		}
	}
	return true
}
