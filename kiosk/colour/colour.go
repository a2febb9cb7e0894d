// Package colour finds colours that can be read: a library names one, and the screen's others are made of it. It is pure. Contrast is
// what WCAG 2.2 calls contrast ratio, from 1 to 21.
package colour

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// Readable is the least contrast of words on the screen.
const Readable = 7

// Colour is one colour of the screen, red, green and blue from 0 to 255.
type Colour struct{ R, G, B uint8 }

var (
	white = Colour{255, 255, 255}
	black = Colour{}
	// night is the lightest ground of the dark theme, --paper in page.css.
	night = Colour{0x1b, 0x26, 0x30}
)

// Parse reads "#0b3c5d".
func Parse(text string) (Colour, error) {
	parts, err := hex.DecodeString(strings.TrimPrefix(text, "#"))
	if err != nil || len(parts) != 3 || text[0] != '#' {
		return Colour{}, fmt.Errorf("%q is no colour such as \"#0b3c5d\"", text)
	}
	return Colour{parts[0], parts[1], parts[2]}, nil
}

// String is the colour as Parse reads it.
func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Contrast is how well a can be read on b, or b on a.
func Contrast(a, b Colour) float64 {
	lighter, darker := max(a.luminance(), b.luminance()), min(a.luminance(), b.luminance())
	return (lighter + 0.05) / (darker + 0.05)
}

// OnWhite is how well words in the colour can be read on white, and white words on it.
func (c Colour) OnWhite() float64 { return Contrast(c, white) }

func (c Colour) luminance() float64 {
	linear := func(part uint8) float64 {
		p := float64(part) / 255
		if p <= 0.04045 {
			return p / 12.92
		}
		return math.Pow((p+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// towards mixes a share of another colour in: 0 changes nothing, 1 is the other, more goes beyond it.
func (c Colour) towards(other Colour, share float64) Colour {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-share) + float64(b)*share)) }
	return Colour{mix(c.R, other.R), mix(c.G, other.G), mix(c.B, other.B)}
}

// mostBright is the strongest part of a colour that is made brighter; above it colours glare.
const mostBright = 230

func (c Colour) strongest() float64 { return float64(max(c.R, c.G, c.B)) }

// Palette is what is made of the library's colour for one theme.
type Palette struct {
	Main    Colour // header, what leads on, lines and signs
	Pressed Colour // what leads on, under a finger
	Tint    Colour // ground of what is chosen
}

// Light is the palette on a white ground. It is readable where the colour is on white.
func Light(library Colour) Palette {
	return Palette{Main: library, Pressed: library.towards(black, 0.35), Tint: library.towards(white, 0.9)}
}

// Dark is the palette on a dark ground: the colour, as much lighter as it takes to be read there.
func Dark(library Colour) Palette {
	readable := library
	for bright := 1.0; bright*library.strongest() < mostBright && bright < mostBright && Contrast(readable, night) < Readable; bright += 0.05 {
		readable = black.towards(library, bright) // it keeps its hue; black has none
	}
	for brightest, share := readable, 0.0; Contrast(readable, night) < Readable; share += 0.02 {
		readable = brightest.towards(white, share)
	}
	return Palette{Main: readable, Pressed: readable.towards(white, 0.35), Tint: night.towards(readable, 0.12)}
}
