// Package scanner is the contract of a barcode scanner.
package scanner

import "context"

// Scanner is one barcode scanner.
type Scanner interface {
	// Read returns the next label as the scanner sent it. It opens the device when needed and waits until a label
	// is complete or ctx ends. An error means that the device is not there or was lost; call again to reopen it.
	// Labels that arrive while nobody reads are dropped.
	Read(ctx context.Context) (Scan, error)

	// Counts say what the scanner has sent since it was made. It may be called while Read waits.
	Counts() Counts

	// Close releases the device. The scanner may be used again afterwards.
	Close() error
}

// Counts are the labels of a scanner, by what became of them.
type Counts struct {
	Read    int // handed out
	Unasked int // dropped: nobody waited for a label
	TooLong int // dropped: longer than MaxText
	Broken  int // dropped: a part was lost, or nothing can be read in it, or a person typed it
}

// Scan is one label: printable ASCII, at most MaxText characters, without terminator and AIM identifier.
type Scan struct {
	Text      string
	Symbology Symbology
	Check     Check
}

// MaxText is the longest label that is taken; a longer one is no label of ours.
const MaxText = 512

// Symbology names how the label is printed, as far as the scanner says.
type Symbology string

const (
	Unstated   Symbology = "" // the scanner sends no AIM identifier
	Codabar    Symbology = "codabar"
	Code39     Symbology = "code39"
	Code93     Symbology = "code93"
	Code128    Symbology = "code128"
	EAN        Symbology = "ean" // and UPC
	ITF        Symbology = "itf"
	QR         Symbology = "qr"
	PDF417     Symbology = "pdf417"
	DataMatrix Symbology = "datamatrix"
	Aztec      Symbology = "aztec"
	Other      Symbology = "other"
)

// Check says what the scanner did about the label's check character, as far as it says.
type Check string

const (
	CheckUnstated Check = ""
	CheckSent     Check = "sent"      // it is right, and stands at the end of the text
	CheckTakenOff Check = "taken-off" // it is right, and does not stand in the text
)
