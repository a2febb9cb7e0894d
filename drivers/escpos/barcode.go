package escpos

import (
	"errors"
	"fmt"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/code39"
	"github.com/boombuler/barcode/ean"
	"github.com/boombuler/barcode/qr"

	"selfpay/device/printer"
)

// symbol is a barcode made ready: drawn by the printer with native, or else as a picture. text stands below it.
type symbol struct {
	native  []byte
	picture *bitmap
	text    string
	height  int // dots, for the time the printer needs and for the preview
}

const (
	barHeight = 80  // dots of a linear code
	quietQR   = 4   // modules of white around
	quietBars = 10  // modules of white at each side
	wantedQR  = 260 // dots of a QR code at least, where the paper has them: some 33 mm
	maxQR     = 1000
)

// makeSymbol makes a code for the printer, or says why it cannot be.
func makeSymbol(c printer.Code, p Profile) (symbol, error) {
	if err := checkCode(c); err != nil {
		return symbol{}, err
	}
	modules, err := drawn(c)
	if err != nil {
		return symbol{}, err
	}
	columns := modules.Bounds().Dx()
	quiet := quietBars
	if c.Kind == printer.QR {
		quiet = quietQR
	}
	module := p.Paper.Dots / (columns + 2*quiet)
	if c.Kind == printer.QR {
		module = min(module, max((wantedQR+columns-1)/columns, 3), 16)
	} else {
		module = min(module, 3)
	}
	if module < 2 {
		return symbol{}, fmt.Errorf("is wider than the paper: %d modules", columns)
	}
	s := symbol{height: barHeight}
	if c.Kind == printer.QR {
		s.height = (columns + 2*quiet) * module
	} else {
		s.text = c.Data
	}
	if s.native = nativeCode(c, p, module); s.native != nil {
		return s, nil
	}
	if p.Raster.Command == "none" {
		return symbol{}, errors.New("cannot be drawn by this printer")
	}
	s.picture = enlarge(modules, module, quiet, c.Kind == printer.QR, p.Paper.Dots)
	return s, nil
}

// checkCode refuses data that the symbology does not have; printers print such data as text, or nothing.
func checkCode(c printer.Code) error {
	if c.Data == "" {
		return errors.New("has no data")
	}
	for _, r := range c.Data {
		if r < 0x20 || r == 0x7F {
			return errors.New("has a control character in its data")
		}
	}
	switch c.Kind {
	case printer.QR:
		if len(c.Data) > maxQR {
			return fmt.Errorf("has %d bytes, more than %d", len(c.Data), maxQR)
		}
	case printer.Code128:
		if strings.IndexFunc(c.Data, func(r rune) bool { return r > 0x7E }) >= 0 {
			return errors.New("has a character that Code 128 does not have")
		}
	case printer.Code39:
		if strings.Trim(c.Data, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -.$/+%") != "" {
			return errors.New("has a character that Code 39 does not have")
		}
	case printer.EAN:
		if n := len(c.Data); n != 7 && n != 8 && n != 12 && n != 13 || strings.Trim(c.Data, "0123456789") != "" {
			return errors.New("has neither 7, 8, 12 nor 13 digits")
		}
	default:
		return fmt.Errorf("is of an unknown kind %q", c.Kind)
	}
	return nil
}

func drawn(c printer.Code) (barcode.Barcode, error) {
	switch c.Kind {
	case printer.QR:
		return qr.Encode(c.Data, qr.M, qr.Unicode)
	case printer.Code128:
		return code128.Encode(c.Data)
	case printer.Code39:
		return code39.Encode(c.Data, false, false)
	}
	return ean.Encode(c.Data)
}

// enlarge draws modules as squares, or as bars, in the middle of a row.
func enlarge(modules barcode.Barcode, module, quiet int, square bool, dots int) *bitmap {
	size := modules.Bounds()
	height, above := barHeight, 0
	if square {
		height, above = (size.Dy()+2*quiet)*module, quiet*module
	}
	out := newBitmap(dots, height)
	left := (dots - size.Dx()*module) / 2
	for x := range size.Dx() * module {
		for y := range height - 2*above {
			row := 0
			if square {
				row = y / module
			}
			if r, _, _, _ := modules.At(size.Min.X+x/module, size.Min.Y+row).RGBA(); r == 0 {
				out.set(left+x, above+y)
			}
		}
	}
	return out
}

// nativeCode is the command with which the printer draws the code, nil when it is not known to be able to. It stands
// at the beginning of a line.
func nativeCode(c printer.Code, p Profile, module int) []byte {
	bars := func(kind byte, data string) []byte {
		if len(data) > 255 {
			return nil
		}
		head := []byte{0x1D, 0x68, barHeight, 0x1D, 0x77, byte(module), 0x1D, 0x48, 0x00, 0x1D, 0x6B, kind, byte(len(data))} // GS h, GS w, GS H 0, GS k
		return append(head, data...)
	}
	switch {
	case c.Kind == printer.QR && p.Codes.QR == Yes:
		n := len(c.Data) + 3
		var b []byte
		b = append(b, 0x1D, 0x28, 0x6B, 0x04, 0x00, 0x31, 0x41, 0x32, 0x00)           // model 2
		b = append(b, 0x1D, 0x28, 0x6B, 0x03, 0x00, 0x31, 0x43, byte(module))         // size of a module
		b = append(b, 0x1D, 0x28, 0x6B, 0x03, 0x00, 0x31, 0x45, 0x31)                 // error correction M
		b = append(b, 0x1D, 0x28, 0x6B, low(n), high(n), 0x31, 0x50, 0x30)            // store
		return append(append(b, c.Data...), 0x1D, 0x28, 0x6B, 3, 0, 0x31, 0x51, 0x30) // print
	case c.Kind == printer.Code128 && p.Codes.Code128 == Yes:
		// in code set B, which one symbol has for each character: narrower sets are left to the picture
		if (11*(len(c.Data)+1)+35)*module > p.Paper.Dots {
			return nil
		}
		return bars(73, "{B"+strings.ReplaceAll(c.Data, "{", "{{"))
	case c.Kind == printer.Code39 && p.Codes.Code39 == Yes:
		if (len(c.Data)+2)*16*module > p.Paper.Dots {
			return nil
		}
		return bars(69, c.Data)
	case c.Kind == printer.EAN && p.Codes.EAN == Yes:
		if len(c.Data) <= 8 {
			return bars(68, c.Data)
		}
		return bars(67, c.Data)
	}
	return nil
}
