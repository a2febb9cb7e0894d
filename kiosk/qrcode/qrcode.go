// Package qrcode makes QR codes as squares, with the ground around them that a reader needs, for a page, a picture or a terminal.
package qrcode

import (
	"fmt"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quiet is how many squares of empty ground stand around a code (ISO/IEC 18004, 9.1).
const quiet = 4

// Code is one code. It is square.
type Code struct{ squares barcode.Barcode }

// Text is the code of any text; a reader that guesses takes it for UTF-8 where it begins with a byte order mark.
func Text(text string) (Code, error) { return encode(text, qr.Unicode) }

// Capitals is the denser code of capitals and digits.
func Capitals(text string) (Code, error) { return encode(text, qr.AlphaNumeric) }

func encode(text string, as qr.Encoding) (Code, error) {
	squares, err := qr.Encode(text, qr.M, as)
	if err != nil {
		return Code{}, fmt.Errorf("draw a QR code: %w", err)
	}
	return Code{squares}, nil
}

// Size is how many squares a side has, with the ground around it.
func (c Code) Size() int { return c.squares.Bounds().Dx() + 2*quiet }

// Dark says whether a square is dark, counted from the upper left corner of the ground. What lies outside is light.
func (c Code) Dark(x, y int) bool {
	x, y = x-quiet, y-quiet
	if size := c.squares.Bounds().Dx(); x < 0 || y < 0 || x >= size || y >= size {
		return false
	}
	r, _, _, _ := c.squares.At(x, y).RGBA()
	return r == 0
}
