package ecr17

import (
	"testing"

	"selfpay/device/money"
	"selfpay/device/terminal"
)

// TestALastResultProvesOnlyWhatItCanProve: whatever is not clearly ours or clearly not is still unknown.
func TestALastResultProvesOnlyWhatItCanProve(t *testing.T) {
	of := func(r Result, change func(*Result)) terminal.Transaction { change(&r); return transaction(r) }
	nothing := func(*Result) {}
	before := of(good, func(r *Result) { r.STAN, r.Minor = 123, 800 })
	noSTAN := of(refusal, func(r *Result) { r.STAN = 0 })
	wrapped := of(good, func(r *Result) { r.STAN = 999_999 })
	seen := of(good, nothing).Approval
	const charged, not, unknown = terminal.Charged, terminal.NotCharged, terminal.StillUnknown
	for _, c := range []struct {
		what          string
		found         terminal.Transaction
		baseline      *terminal.Transaction
		seen          *terminal.Approval
		early, settle terminal.Verdict // while the payment may be under way, and afterwards
	}{
		{"a newer yes to our amount", of(good, nothing), &before, nil, charged, charged},
		{"a yes that is two newer: the terminal counts other things, too", of(good, func(r *Result) { r.STAN = 125 }), &before, nil, charged, charged},
		{"a newer yes to another amount", of(good, func(r *Result) { r.Minor = 1300 }), &before, nil, unknown, unknown},
		{"a newer yes without an amount", of(good, func(r *Result) { r.HasAmount = false }), &before, nil, unknown, unknown},
		{"a newer yes from another terminal", of(good, func(r *Result) { r.TerminalID = "30350040" }), &before, nil, unknown, unknown},
		{"an older yes to our amount", of(good, func(r *Result) { r.STAN = 7 }), &before, nil, unknown, unknown},
		{"numbers that began anew", of(good, func(r *Result) { r.STAN = 1 }), &wrapped, nil, unknown, unknown},
		{"a newer no to our amount", of(refusal, nothing), &before, nil, not, not},
		{"a newer no, the host was not asked", of(refusal, func(r *Result) { r.Minor = 0 }), &before, nil, not, not},
		{"a newer no to another amount", of(refusal, func(r *Result) { r.Minor = 1300 }), &before, nil, unknown, unknown},
		{"a newer no without an amount", of(refusal, func(r *Result) { r.HasAmount = false }), &before, nil, unknown, unknown},
		{"a newer result that is neither", of(refusal, func(r *Result) { r.Ended = "09" }), &before, nil, unknown, unknown},
		{"a no without a STAN: it may be an answer to our question", noSTAN, &before, nil, unknown, unknown},
		{"a no with the STAN from before", of(refusal, func(r *Result) { r.STAN = 123 }), &before, nil, unknown, unknown},
		{"the result from before", before, &before, nil, unknown, not},
		{"the result from before, its day made with another clock", with(before, func(f *terminal.Transaction) { f.Approval.Date = "0101" }), &before, nil, unknown, not},
		{"the same STAN at another time", with(before, func(f *terminal.Transaction) { f.Approval.Time = "000000" }), &before, nil, unknown, unknown},
		{"the same no without a STAN", noSTAN, &noSTAN, nil, unknown, unknown},
		{"a yes after a no without a STAN", of(good, nothing), &noSTAN, nil, unknown, unknown},
		{"a newer reversal", of(good, func(r *Result) { r.HasAmount, r.Reversal = false, true }), &before, nil, unknown, unknown},
		{"a pre-authorisation", terminal.Transaction{Kind: terminal.KindOther, ResultCode: "e"}, &before, nil, unknown, unknown},
		{"a yes, and nothing from before", of(good, nothing), nil, nil, unknown, unknown},
		{"a no, and nothing from before", of(refusal, nothing), nil, nil, unknown, unknown},
		{"the yes that was seen", of(good, nothing), &before, &seen, charged, charged},
		{"the yes that was seen, nothing from before", of(good, nothing), nil, &seen, charged, charged},
		{"a yes was seen, and the result is the one from before", before, &before, &seen, unknown, unknown},
		{"a yes was seen, and another is newer", of(good, func(r *Result) { r.STAN = 125 }), &before, &seen, unknown, unknown},
		{"a yes was seen, and a no has its STAN", of(refusal, nothing), &before, &seen, unknown, unknown},
		{"a yes was seen, and it was reversed", of(good, func(r *Result) { r.HasAmount, r.Reversal = false, true }), &before, &seen, unknown, unknown},
		{"a yes was seen, of another terminal", of(good, func(r *Result) { r.TerminalID = "30350040" }), &before, &seen, unknown, unknown},
	} {
		a := terminal.Attempt{Purchase: terminal.Purchase{Amount: money.Of(1250, "EUR")}, Baseline: c.baseline, Seen: c.seen}
		early, settled := weigh(c.found, a, false), weigh(c.found, a, true)
		if early.Verdict != c.early || settled.Verdict != c.settle || early.Evidence == "" || settled.Evidence == "" {
			t.Errorf("%s: %q, later %q (%s); want %q, later %q", c.what, early.Verdict, settled.Verdict, settled.Evidence, c.early, c.settle)
		}
	}
}

func with(f terminal.Transaction, change func(*terminal.Transaction)) terminal.Transaction {
	change(&f)
	return f
}
