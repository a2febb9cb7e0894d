// Package display is the contract of a small text display for staff, behind the station's door.
package display

// Display is one display. Methods may be called from several goroutines.
type Display interface {
	// String names the part for staff.
	String() string

	// Show shows lines of text, from the top, and nothing else; what does not fit is cut. No lines: the display is dark. It
	// opens the display when needed, and again after an error; it may be repeated. An error is of class
	// device.ErrAttention: what is shown is not known then.
	Show(lines []string) error

	// Close makes the display dark and releases it. It may be used again afterwards.
	Close() error
}

// The size of the smallest display in use. What matters stands within it.
const (
	Lines   = 4
	Columns = 18
)
