package payment

// Books say where the captured money of a payment stands, in minor units. Captured is always the sum of the rest.
type Books struct {
	Captured   int64 `json:"captured_minor"`
	Posted     int64 `json:"posted_minor"`
	Waiting    int64 `json:"waiting_minor"` // waiting, posting, in doubt, refused and not yet given back
	Reversed   int64 `json:"reversed_minor"`
	RefundDue  int64 `json:"refund_due_minor"`
	Refunded   int64 `json:"refunded_minor"`
	Open       int64 `json:"open_minor"`
	WrittenOff int64 `json:"written_off_minor"`
}

// Add sums two books of one currency.
func (b Books) Add(c Books) Books {
	return Books{b.Captured + c.Captured, b.Posted + c.Posted, b.Waiting + c.Waiting, b.Reversed + c.Reversed,
		b.RefundDue + c.RefundDue, b.Refunded + c.Refunded, b.Open + c.Open, b.WrittenOff + c.WrittenOff}
}

// Sub takes books away again.
func (b Books) Sub(c Books) Books {
	return Books{b.Captured - c.Captured, b.Posted - c.Posted, b.Waiting - c.Waiting, b.Reversed - c.Reversed,
		b.RefundDue - c.RefundDue, b.Refunded - c.Refunded, b.Open - c.Open, b.WrittenOff - c.WrittenOff}
}

// Agree says whether every captured unit stands somewhere.
func (b Books) Agree() bool {
	return b.Captured == b.Posted+b.Waiting+b.Reversed+b.RefundDue+b.Refunded+b.Open+b.WrittenOff
}

// Books counts the payment. A purchase in doubt counts nothing: nobody knows yet whether it was captured.
func (p Payment) Books() Books {
	if p.State == StateReversed {
		return Books{Captured: p.Amount.Minor, Reversed: p.Amount.Minor}
	}
	if !p.State.Captured() {
		return Books{}
	}
	b := Books{Captured: p.Amount.Minor}
	for _, l := range p.Legs {
		switch l.State {
		case LegPosted:
			b.Posted += l.Amount.Minor
		case LegRefundDue:
			b.RefundDue += l.Amount.Minor
		case LegRefunded:
			b.Refunded += l.Amount.Minor
		case LegOpenCase:
			b.Open += l.Amount.Minor
		case LegWrittenOff:
			b.WrittenOff += l.Amount.Minor
		default:
			b.Waiting += l.Amount.Minor
		}
	}
	return b
}
