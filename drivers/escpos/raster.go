package escpos

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"

	"golang.org/x/image/draw"
)

// bitmap is a picture in black dots, the leftmost in the highest bit.
type bitmap struct {
	width, height, stride int
	dots                  []byte
}

func newBitmap(width, height int) *bitmap {
	stride := (width + 7) / 8
	return &bitmap{width, height, stride, make([]byte, stride*height)}
}

func (b *bitmap) black(x, y int) bool {
	return x >= 0 && y >= 0 && x < b.width && y < b.height && b.dots[y*b.stride+x/8]&(0x80>>(x%8)) != 0
}

// set blackens a dot; one outside is left out.
func (b *bitmap) set(x, y int) {
	if x >= 0 && y >= 0 && x < b.width && y < b.height {
		b.dots[y*b.stride+x/8] |= 0x80 >> (x % 8)
	}
}

// place sets the dots of other with its corner at x, y.
func (b *bitmap) place(other *bitmap, x, y int) {
	for j := range other.height {
		for i := range other.width {
			if other.black(i, j) {
				b.set(x+i, y+j)
			}
		}
	}
}

// centred is the picture in the middle of a row of that many dots.
func (b *bitmap) centred(dots int) *bitmap {
	if b.width == dots {
		return b
	}
	out := newBitmap(dots, b.height)
	out.place(b, max((dots-b.width)/2, 0), 0)
	return out
}

// maxLogo bounds a logo, which a site brings along: dots on a side.
const maxLogo = 4096

// OpenLogo reads a PNG file for the top of receipts.
func OpenLogo(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("logo cannot be read: %w", err)
	}
	defer f.Close()
	size, err := png.DecodeConfig(f)
	if err != nil {
		return nil, fmt.Errorf("logo %s is not a PNG picture: %w", path, err)
	}
	if size.Width > maxLogo || size.Height > maxLogo {
		return nil, fmt.Errorf("logo %s has %d x %d dots; make it %d at most, a receipt is some 500 wide", path, size.Width, size.Height, maxLogo)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, fmt.Errorf("logo cannot be read: %w", err)
	}
	picture, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("logo %s is damaged: %w", path, err)
	}
	return picture, nil
}

// dither makes black dots of a picture (Floyd and Steinberg), made smaller where it is wider than a row. What is
// transparent is white.
func dither(picture image.Image, dots int) *bitmap {
	size := picture.Bounds().Size()
	if size.X > dots {
		size = image.Pt(dots, max(size.Y*dots/size.X, 1))
	}
	grey := image.NewGray(image.Rectangle{Max: size})
	draw.Draw(grey, grey.Rect, image.White, image.Point{}, draw.Src)
	if size == picture.Bounds().Size() {
		draw.Draw(grey, grey.Rect, picture, picture.Bounds().Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(grey, grey.Rect, picture, picture.Bounds(), draw.Over, nil)
	}
	out := newBitmap(size.X, size.Y)
	// what a dot was darker or brighter than its picture goes to the dots right of it and below, in sixteenths
	row, below := make([]int, size.X+2), make([]int, size.X+2)
	for y := range size.Y {
		for x := range size.X {
			wanted := int(grey.Pix[y*grey.Stride+x]) + row[x+1]/16
			left := wanted
			if wanted < 128 {
				out.set(x, y)
			} else {
				left = wanted - 255
			}
			row[x+2] += 7 * left
			below[x] += 3 * left
			below[x+1] += 5 * left
			below[x+2] += left
		}
		row, below = below, row
		clear(below)
	}
	return out
}

// harmless takes the real-time commands out of picture data, which many models obey there too: DLE EOT, DLE ENQ and
// DLE DC4 lose the dots of their second byte, which nobody sees.
func harmless(data []byte) {
	for i := 0; i+1 < len(data); i++ {
		if next := data[i+1]; data[i] == 0x10 && (next == 0x04 || next == 0x05 || next == 0x14) {
			data[i+1] = 0x00
			if next == 0x05 {
				data[i+1] = 0x01
			}
		}
	}
}

// leastBand is how few rows a band has at least, however small the printer's buffer is.
const leastBand = 8

// bands are the commands that print the picture, each one a command of its own with at most that many bytes of dots.
func (b *bitmap) bands(g Graphics, most int) [][]byte {
	var all [][]byte
	step := min(g.BandRows, max(most/b.stride, leastBand))
	for y := 0; y < b.height; y += step {
		rows := min(step, b.height-y)
		data := append([]byte(nil), b.dots[y*b.stride:(y+rows)*b.stride]...)
		harmless(data)
		var head, tail []byte
		switch g.Command {
		case "gs-v-0": // GS v 0, width in bytes
			head = []byte{0x1D, 0x76, 0x30, 0x00, low(b.stride), high(b.stride), low(rows), high(rows)}
		case "gs-l": // GS ( L functions 112 and 50, or GS 8 L where the data is long; width in dots
			dots := b.stride * 8
			store := []byte{0x30, 0x70, 0x30, 0x01, 0x01, 0x31, low(dots), high(dots), low(rows), high(rows)}
			if n := len(store) + len(data); n <= math.MaxUint16 {
				head = append([]byte{0x1D, 0x28, 0x4C, low(n), high(n)}, store...)
			} else {
				head = append([]byte{0x1D, 0x38, 0x4C, low(n), high(n), low(n >> 16), high(n >> 16)}, store...)
			}
			tail = []byte{0x1D, 0x28, 0x4C, 0x02, 0x00, 0x30, 0x32}
		}
		command := make([]byte, 0, len(head)+len(data)+len(tail))
		all = append(all, append(append(append(command, head...), data...), tail...))
	}
	return all
}

func low(n int) byte  { return byte(n) }
func high(n int) byte { return byte(n >> 8) }

// picture shows the dots on white paper.
func (b *bitmap) picture() *image.Gray {
	out := image.NewGray(image.Rect(0, 0, b.width, b.height))
	for i := range out.Pix {
		out.Pix[i] = 0xFF
	}
	for y := range b.height {
		for x := range b.width {
			if b.black(x, y) {
				out.SetGray(x, y, color.Gray{})
			}
		}
	}
	return out
}

// opaque is ink that covers all.
var opaque = image.Opaque

func newAlpha(width, height int) *image.Alpha { return image.NewAlpha(image.Rect(0, 0, width, height)) }
