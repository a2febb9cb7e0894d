package colour_test

import (
	"math"
	"testing"

	"selfpay/kiosk/colour"
)

func parse(t *testing.T, text string) colour.Colour {
	t.Helper()
	c, err := colour.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAColourIsSixHexadecimalDigits(t *testing.T) {
	if got := parse(t, "#0B3c5d"); got != (colour.Colour{R: 0x0b, G: 0x3c, B: 0x5d}) || got.String() != "#0b3c5d" {
		t.Errorf("#0B3c5d is %v", got)
	}
	for _, text := range []string{"", "#", "0b3c5d", "#0b3c5", "#0b3c5dd", "#0b3c5g", "blue", "#fff", "# b3c5d", "#0b3c5d;}"} {
		if c, err := colour.Parse(text); err == nil {
			t.Errorf("%q is the colour %v", text, c)
		}
	}
}

// The figures are those of the WCAG's own examples and of its contrast checkers.
func TestContrastIsTheOneOfWCAG(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#ffffff", "#000000", 21}, {"#777777", "#ffffff", 4.48}, {"#595959", "#ffffff", 7.00}, {"#ff0000", "#ffffff", 4.00}, {"#123456", "#123456", 1}} {
		got, turned := colour.Contrast(parse(t, c.a), parse(t, c.b)), colour.Contrast(parse(t, c.b), parse(t, c.a))
		if math.Abs(got-c.want) > 0.01 || got != turned {
			t.Errorf("%s on %s: %.2f and %.2f, want %.2f", c.a, c.b, got, turned, c.want)
		}
	}
}

func TestEveryColourCanBeReadInTheDarkTheme(t *testing.T) {
	night, ink := parse(t, "#1b2630"), parse(t, "#f2f5f7")
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				library := colour.Colour{R: uint8(r), G: uint8(g), B: uint8(b)}
				p := colour.Dark(library)
				if on, pressed, words := colour.Contrast(p.Main, night), colour.Contrast(p.Pressed, night), colour.Contrast(ink, p.Tint); on < 7 || pressed < 7 || words < 7 {
					t.Fatalf("%v becomes %+v: contrast %.1f, pressed %.1f, words on the tint %.1f", library, p, on, pressed, words)
				}
			}
		}
	}
}

func TestAColourThatIsLightEnoughStaysAsItIs(t *testing.T) {
	if library := parse(t, "#ffd75e"); colour.Dark(library).Main != library || colour.Light(library).Main != library {
		t.Errorf("%v becomes %v and %v", library, colour.Dark(library).Main, colour.Light(library).Main)
	}
}

func TestWhatIsReadableOnWhiteStaysSoUnderAFingerAndWhenChosen(t *testing.T) {
	ink := parse(t, "#12202b")
	for _, text := range []string{"#0b3c5d", "#000000", "#595959", "#6b0f1a", "#14532d", "#4b0082"} {
		p := colour.Light(parse(t, text))
		if p.Main.OnWhite() < 7 || p.Pressed.OnWhite() < p.Main.OnWhite() || colour.Contrast(ink, p.Tint) < 7 {
			t.Errorf("%s becomes %+v", text, p)
		}
	}
}
