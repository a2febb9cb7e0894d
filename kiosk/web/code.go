package web

import (
	"fmt"
	"strings"

	"selfpay/kiosk/qrcode"
	"selfpay/kiosk/session"
)

// byteOrderMark tells readers that guess that the words are UTF-8: without it zbar took few letters beyond ASCII for Shift JIS.
const byteOrderMark = "\ufeff"

// code is a receipt that a telephone reads, as a path of squares of one unit.
type code struct {
	Size int // of the whole, with the ground around it
	Path string
}

// codeOf is the receipt as a code, where the patron wanted that: plain words, which name no person. nil: none.
func codeOf(s scene) (*code, error) {
	if s.Wish != session.WishScreen || s.Receipt == session.ReceiptNone {
		return nil, nil
	}
	drawn, err := qrcode.Text(byteOrderMark + s.receiptWords())
	if err != nil {
		return nil, fmt.Errorf("web: the receipt's code: %w", err)
	}
	return &code{drawn.Size(), squares(drawn)}, nil
}

// receiptWords are what the code says.
func (s scene) receiptWords() string {
	lines := []string{s.libraryName(), s.say("receipt-title")}
	if !s.PaidAt.IsZero() {
		lines = append(lines, s.say("receipt-date")+": "+s.words.Moment(s.Language, s.PaidAt))
	}
	return strings.Join(append(lines, s.say("receipt-total")+": "+s.price(s.Chosen), s.say("receipt-reference")+": "+s.Reference,
		s.say("receipt-status-"+string(s.Outcome))), "\n")
}

// squares is a path over the dark squares, row by row.
func squares(drawn qrcode.Code) string {
	var path strings.Builder
	for y := range drawn.Size() {
		for x := range drawn.Size() {
			if drawn.Dark(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	return path.String()
}
