package zvt

import (
	"context"

	"selfpay/device/terminal"
)

// goodsNotGiven is the answer to an approval nobody asked for: the terminal takes it back. An acknowledgement would keep a payment that
// belongs to nobody, and silence would leave it to the terminal's dialect.
var goodsNotGiven = APDU{Control: 0x8466}

// WatchStrays is called once, before any other method; see terminal.StrayWatcher.
func (t *Terminal) WatchStrays(s terminal.Stray) { t.stray = s }

var _ terminal.StrayWatcher = (*Terminal)(nil)

// answerStray is the answer to a status information that no command of the kiosk asked for. It is saved before the answer exists. Declines,
// reversals and ends of day decide on no goods.
func (t *Terminal) answerStray(m Message) (APDU, error) {
	found := t.transaction(m)
	switch {
	case t.stray.Seen == nil || found.ResultCode == "":
		return APDU{}, errUnfinished
	case !found.Approved || found.Kind != terminal.KindPurchase:
		return acknowledged, nil
	}
	t.log.Error("terminal reports an approval nobody asked for", "receipt", found.Approval.Receipt, "trace", found.Approval.Trace, "amount", found.Approval.Amount.String())
	if err := t.stray.Seen(found.Approval); err != nil {
		return APDU{}, err
	}
	t.strays = append(t.strays, found.Approval)
	return goodsNotGiven, nil
}

// lookForStrays asks the terminal whether it took back what it was told to.
func (t *Terminal) lookForStrays(ctx context.Context) {
	strays := t.strays
	t.strays = nil
	for _, a := range strays {
		r := terminal.Recovery{Verdict: terminal.StillUnknown}
		found, err := t.lastResult(ctx, nil)
		if err == nil {
			r = afterReversal(a, found)
		} else {
			r.Evidence = err.Error()
		}
		t.stray.Ended(a, r)
	}
}
