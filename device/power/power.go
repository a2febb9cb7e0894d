// Package power is the contract of a station's own supply: mains with a battery behind it.
package power

import "context"

// Supply is one supply. Methods may be called from several goroutines.
type Supply interface {
	// String names the part that is asked, for staff.
	String() string

	// Read asks the supply; it changes nothing and may be repeated. An error is of class device.ErrAttention: the part is not
	// there or does not answer. Nothing is known of the supply then.
	Read(ctx context.Context) (Reading, error)

	// Close releases the part. The supply may be used again afterwards.
	Close() error
}

// Reading is what a supply says of itself.
type Reading struct {
	Source        Source
	MilliVolt     int  // of the battery
	ChargePercent int  // 0 to 100, where ChargeKnown
	ChargeKnown   bool // the part measures it
}

// Source is where the power comes from.
type Source string

const (
	Mains   Source = "mains"
	Battery Source = "battery"
)
