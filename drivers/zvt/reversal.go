package zvt

import (
	"context"
	"errors"
	"fmt"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

// Reverse is 06 30 by receipt number. It succeeds only by an approved status information of this dialogue that names
// no other transaction. "already reversed" is device.ErrDoubt: the money does not stay charged, and RecoverReversal tells.
func (t *Terminal) Reverse(ctx context.Context, a terminal.Approval) error {
	if err := t.byReceipt(ctx, Reversal, a, a.Amount); err != nil {
		return fmt.Errorf("zvt: reverse receipt %04d: %w", a.Receipt, err)
	}
	return nil
}

// CancelReservation is 06 25: a reservation is given back as a whole. Errors mean what they mean for Reverse.
func (t *Terminal) CancelReservation(ctx context.Context, a terminal.Approval) error {
	if err := t.byReceipt(ctx, PreAuthReversal, a, a.Amount); err != nil {
		return fmt.Errorf("zvt: cancel reservation %04d: %w", a.Receipt, err)
	}
	return nil
}

// Book is 06 24: of a reservation the amount is charged, at most what was reserved, and the rest given back. Errors mean what they mean for
// Purchase. It is what a station does after it posted; before, nothing is charged.
func (t *Terminal) Book(ctx context.Context, a terminal.Approval, amount money.Amount) error {
	if amount.Currency != a.Amount.Currency || amount.Minor > a.Amount.Minor {
		return fmt.Errorf("zvt: book reservation %04d: %w: %s is more than the %s that are reserved", a.Receipt, device.ErrRefused, amount, a.Amount)
	}
	if err := t.byReceipt(ctx, BookTotal, a, amount); err != nil {
		return fmt.Errorf("zvt: book reservation %04d: %w", a.Receipt, err)
	}
	return nil
}

// GiveBack is 06 23: a part of a reservation is given back. Some terminals read the amount as what is to be booked; try it at installation.
func (t *Terminal) GiveBack(ctx context.Context, a terminal.Approval, part money.Amount) error {
	if err := t.byReceipt(ctx, PartialReversal, a, part); err != nil {
		return fmt.Errorf("zvt: give back a part of reservation %04d: %w", a.Receipt, err)
	}
	return nil
}

// byReceipt is a command about an approval that needs no card.
func (t *Terminal) byReceipt(ctx context.Context, control Control, a terminal.Approval, sum money.Amount) error {
	if a.Receipt < 1 || a.Receipt > 9999 {
		return fmt.Errorf("%w: it has no receipt number", device.ErrRefused)
	}
	if err := t.begin(ctx); err != nil {
		return couldNotAsk(err)
	}
	defer t.end()
	amount, ok := PutBCD(sum.Minor, 6)
	if !ok || !sum.Positive() || sum.Currency != t.cfg.Currency {
		return fmt.Errorf("%w: %s cannot be asked of this terminal", device.ErrRefused, sum)
	}
	receipt, _ := PutBCD(int64(a.Receipt), 2)
	var data []byte
	if withPassword[control] {
		data = t.passwordOnly()
	}
	data = AppendField(data, BMPReceipt, receipt...)
	data = AppendField(data, BMPAmount, amount...)
	data = AppendField(data, BMPCurrency, t.cfg.currency...)
	// The registration is made in a step of its own: an error there moves no money.
	l, err := t.connect(ctx, nil)
	if err != nil {
		return couldNotAsk(err)
	}
	var result *terminal.Transaction
	end, err := t.run(ctx, l, dialogue{
		command: command{control: control, data: data},
		status: func(m Message) (APDU, error) {
			if _, totals := m.Fields.Get(BMPTotals); totals {
				return acknowledged, nil // an end of day that the terminal slipped in
			}
			if _, ok := m.Fields.Byte(BMPResultCode); !ok {
				return APDU{}, errors.New("status information without a readable result code")
			}
			found := t.transaction(m)
			result = &found
			return acknowledged, nil
		},
		stop: func() bool { return result == nil },
	})
	switch {
	case err != nil && !end.handed:
		t.drop()
		return couldNotAsk(err)
	case err != nil:
		t.drop()
		return fmt.Errorf("%w: %w", device.ErrDoubt, err)
	case end.refused && end.code == codeAlreadyReversed:
		return fmt.Errorf("%w: %s", device.ErrDoubt, ResultText(end.code))
	case end.refused:
		return fmt.Errorf("%w: %s", refusal(end.code), ResultText(end.code))
	case result != nil && result.Approved:
		t.newest = result
		return settled(*result, a, sum, end.last)
	case end.last.Control == Completion && result == nil:
		return fmt.Errorf("%w: the terminal ended without a result", device.ErrDoubt)
	}
	code := end.last.ResultCode
	if result != nil && code == 0 {
		if b, err := parseCode(result.ResultCode); err == nil {
			code = b
		}
	}
	if code == codeAlreadyReversed {
		return fmt.Errorf("%w: %s", device.ErrDoubt, ResultText(code))
	}
	return fmt.Errorf("%w: %s", device.ErrRefused, ResultText(code))
}

const codeAlreadyReversed = 0xB4

func parseCode(hex string) (code byte, err error) {
	_, err = fmt.Sscanf(hex, "%02X", &code)
	return code, err
}

// settled judges an approved result: nil only if it is of what was asked for.
func settled(result terminal.Transaction, a terminal.Approval, sum money.Amount, last Message) error {
	switch {
	case last.Control == Abort:
		return fmt.Errorf("%w: done, then ended with %q", device.ErrDoubt, ResultText(last.ResultCode))
	case result.OriginalTrace != 0 && a.Trace != 0 && result.OriginalTrace%1_000_000 != a.Trace%1_000_000:
		return fmt.Errorf("%w: the terminal did it with trace %d, not %d", device.ErrDoubt, result.OriginalTrace, a.Trace)
	case result.Approval.Amount.Minor != 0 && result.Approval.Amount.Minor != sum.Minor:
		return fmt.Errorf("%w: the terminal did it with %s, not %s", device.ErrDoubt, result.Approval.Amount, sum)
	}
	return nil
}
