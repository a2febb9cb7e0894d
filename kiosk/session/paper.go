package session

import (
	"context"
	"slices"

	"selfpay/device"
	"selfpay/kiosk/payment"
)

// paper says whether a receipt can be printed now.
func (s *Session) paper() bool {
	if s.Printer == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(s.context, s.Waits.Printer)
	defer cancel()
	status, err := s.Printer.Status(ctx)
	return err == nil && status.Ready()
}

// askConfirm shows what will be paid, and lets the patron choose the receipt where the library leaves the choice.
func (s *Session) askConfirm(paper bool) {
	s.view.NoPaper = !paper
	if !paper && s.RefuseNoPaper {
		s.message(ReasonNoPaper)
		return
	}
	switch {
	case s.RefuseNoPaper:
		s.view.Wishes, s.view.Wish = nil, WishPaper
	case paper:
		s.view.Wishes, s.view.Wish = []Wish{WishPaper, WishScreen, WishNone}, WishPaper
	default:
		s.view.Wishes, s.view.Wish = []Wish{WishScreen, WishNone}, WishNone
	}
	s.screen(ScreenConfirm, "")
}

func (s *Session) wish(value string) error {
	if !slices.Contains(s.view.Wishes, Wish(value)) {
		return ErrStale
	}
	s.view.Wish = Wish(value)
	s.stay()
	return nil
}

// give gives the receipt as it was wished. Where a person may have to look for the payment it is printed all the same.
func (s *Session) give() {
	plain := s.view.Outcome == OutcomeBooked || s.view.Outcome == OutcomeReturned
	switch {
	case s.view.Wish == WishScreen && (plain || s.view.NoPaper):
		s.printed, s.view.Receipt = true, ReceiptOnScreen
	case s.view.Wish == WishNone && plain && !s.view.NoPaper:
		s.printed, s.view.Receipt = true, ReceiptDeclined
	default:
		s.print()
		return
	}
	s.show()
}

// showEarlier shows the payment of the last minutes as it stands now, and prints its receipt once more.
func (s *Session) showEarlier() {
	now, err := s.Ledger.Payment(s.earlier.ID)
	if err != nil {
		s.Log.Error("payment cannot be shown again", "payment", s.earlier.ID.String(), "error", err)
		s.message(ReasonStorage)
		return
	}
	s.payment, s.view.Earlier, s.view.Wish, s.view.NoPaper = now, "", WishPaper, false
	s.follow()
}

// print asks for the receipt; a repeat after a doubtful print is marked as a copy.
func (s *Session) print() {
	if s.Printer == nil || s.view.NoPaper && !s.printed {
		s.printed, s.view.Receipt = true, ReceiptNoPaper
		s.show()
		return
	}
	slip := Slip{Payment: s.payment, Language: s.view.Language, Outcome: s.view.Outcome, Copy: s.payment.Receipts > 0}
	s.printed, s.view.Receipt = true, ReceiptPrinting
	s.show()
	round := s.round
	go func() {
		err := s.Printer.Print(s.context, s.Compose(slip))
		inDoubt := err != nil && device.Class(err) == device.ErrDoubt
		if err == nil || inDoubt {
			s.recordReceipt(slip.Payment.ID, inDoubt)
		}
		s.back(round, func() { s.printEnded(slip.Payment.ID, err) })
	}()
}

func (s *Session) recordReceipt(id payment.ID, inDoubt bool) {
	_, err := s.Runner.Decide(s.context, id, func(h payment.Head) payment.Event {
		return payment.ReceiptPrinted{Head: h, InDoubt: inDoubt}
	})
	if err != nil && s.context.Err() == nil {
		s.Log.Error("receipt not recorded", "payment", id.String(), "error", err)
	}
}

func (s *Session) printEnded(id payment.ID, err error) {
	if s.view.Screen != ScreenOutcome {
		return
	}
	s.view.Receipt = ReceiptPrinted
	if err != nil {
		s.Log.Warn("receipt not printed", "payment", id.String(), "error", err)
		s.view.Receipt = ReceiptFailed
	}
	s.show()
}
