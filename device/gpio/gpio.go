// Package gpio is the contract of the lines of a station: inputs, on which switches open and close, and outputs, on which
// lamps, a buzzer and a relay hang. A line has a name that says what it is for; which chip and which pin it is stands
// in its address only.
package gpio

import (
	"context"
	"time"
)

// Chip holds the lines of a station on one GPIO chip. Methods may be called from several goroutines; one Next waits at
// a time.
type Chip interface {
	// String names the chip for staff.
	String() string

	// Inputs and Outputs are the names of its lines.
	Inputs() []string
	Outputs() []string

	// Set gives an output its level. It opens the lines when needed, with the levels that were set last. device.ErrRefused:
	// the chip has no such output. device.ErrAttention: the chip is not there; the level counts when it is back.
	Set(output string, on bool) error

	// Next waits for the next change of an input. It opens the lines when needed; then each input's level comes first,
	// once. An error of class device.ErrAttention means that the chip is not there or was lost; call again to reopen
	// it. On a chip without inputs Next waits for such an error.
	Next(ctx context.Context) (Change, error)

	// Close brings all outputs to rest, off, releases the lines and ends a Next that waits. The chip may be used again.
	Close() error
}

// Change is a new level of an input.
type Change struct {
	Input  string
	On     bool      // as its address says: on is low where active=low
	At     time.Time // when the line changed, as the kernel says; exact between changes of one chip
	Mended bool      // the change was missed, and found by looking at the level afterwards
}
