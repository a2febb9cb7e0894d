package web

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"selfpay/kiosk/session"
)

// quietModules is the empty ground around a code (ISO/IEC 18004, 9.1).
const quietModules = 4

// byteOrderMark tells readers that guess that the words are UTF-8: without it zbar took few letters beyond ASCII for Shift JIS.
const byteOrderMark = "\ufeff"

// code is a receipt that a telephone reads, as a path of squares of one unit.
type code struct {
	Size int // of the whole, with the ground around it
	Path string
}

// Code is the receipt as a code, where the patron wanted that: plain words, which name no person. nil: none.
func (s scene) Code() (*code, error) {
	if s.Wish != session.WishScreen || s.Receipt == session.ReceiptNone {
		return nil, nil
	}
	drawn, err := qr.Encode(byteOrderMark+s.receiptWords(), qr.M, qr.Unicode)
	if err != nil {
		return nil, fmt.Errorf("web: draw the receipt's code: %w", err)
	}
	return &code{drawn.Bounds().Dx() + 2*quietModules, squares(drawn)}, nil
}

// receiptWords are what the code says.
func (s scene) receiptWords() string {
	lines := []string{s.LibraryName(), s.Say("receipt-title")}
	if !s.PaidAt.IsZero() {
		lines = append(lines, s.Say("receipt-date")+": "+s.words.Moment(s.Language, s.PaidAt))
	}
	return strings.Join(append(lines, s.Say("receipt-total")+": "+s.Price(s.Chosen), s.Say("receipt-reference")+": "+s.Reference,
		s.Say("receipt-status-"+string(s.Outcome))), "\n")
}

// squares is a path over the dark modules, row by row.
func squares(drawn barcode.Barcode) string {
	var path strings.Builder
	for y := range drawn.Bounds().Dy() {
		for x := range drawn.Bounds().Dx() {
			if dark, ok := drawn.At(x, y).(color.Gray16); ok && dark.Y == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quietModules, y+quietModules)
			}
		}
	}
	return path.String()
}
