package ring

import "testing"

func TestDimmedColours(t *testing.T) {
	c := Colour{255, 128, 1}
	for brightness, want := range map[uint8]Colour{0: {}, 255: c, 128: {128, 64, 0}} {
		if got := c.Dimmed(brightness); got != want {
			t.Errorf("at %d: %v, want %v", brightness, got, want)
		}
	}
}
