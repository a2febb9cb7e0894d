// Package ring is the contract of a ring of coloured lights, all of one colour at a time.
package ring

// Ring is one ring. Methods may be called from several goroutines.
type Ring interface {
	// String names the part for staff.
	String() string

	// Show lights the whole ring in a colour; it may be repeated. It opens the ring when needed, and again after an error.
	// An error is of class device.ErrAttention: what the ring shows is not known then.
	Show(c Colour) error

	// Close brings the ring to rest, dark, and releases it. It may be used again afterwards.
	Close() error
}

// Colour is what the ring shows; the zero value is dark.
type Colour struct{ R, G, B uint8 }

// Dimmed is the colour at a brightness, 255 for all of it.
func (c Colour) Dimmed(brightness uint8) Colour {
	dim := func(v uint8) uint8 { return uint8(int(v) * int(brightness) / 255) }
	return Colour{dim(c.R), dim(c.G), dim(c.B)}
}
