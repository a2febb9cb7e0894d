package payment

// Verdict is what a reading of the account says about a leg.
type Verdict string

const (
	Applied    Verdict = "applied"     // our fee fell by exactly our amount, and nothing else moved
	NotApplied Verdict = "not applied" // nothing moved
	Unclear    Verdict = "unclear"     // something else moved: it cannot be told
)

// Judge compares a reading with the one saved before the posting. One reading that says Applied proves it once the
// quiet time is over; NotApplied needs two equal ones.
func Judge(before, now Reading, leg Leg) Verdict {
	if before.Total.Currency != now.Total.Currency {
		return Unclear
	}
	if sameExcept(before, now, "") && before.Total == now.Total {
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

// sameExcept says whether all fees but one have the same balance in both readings.
func sameExcept(a, b Reading, except string) bool {
	left := map[string]int64{}
	for _, f := range a.Fees {
		if f.Fee != except {
			left[f.Fee] += f.Minor
		}
	}
	for _, f := range b.Fees {
		if f.Fee != except {
			left[f.Fee] -= f.Minor
		}
	}
	for _, minor := range left {
		if minor != 0 {
			return false
		}
	}
	return true
}
