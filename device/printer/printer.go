// Package printer is the contract of a receipt printer. A receipt never decides about money: it is printed from
// the ledger and may be printed again.
package printer

import (
	"context"

	"selfpay/device"
)

// Printer is one receipt printer. Methods may be called from several goroutines; one runs at a time.
type Printer interface {
	// Status asks the printer; it changes nothing and may be repeated. An error means that it could not be asked.
	Status(ctx context.Context) (Status, error)

	// Print puts one receipt on paper.
	//
	// nil: the printer has worked through the whole receipt, cut included.
	// device.ErrNotSent: nothing was printed.
	// device.ErrAttention: paper, cover or cutter; nothing was printed, and nothing stayed in its buffer.
	// device.ErrDoubt: part or all of it may be on paper. A repeat must carry the word COPY.
	Print(ctx context.Context, r Receipt) error

	// Close ends the link. The printer may be used again afterwards.
	Close() error
}

// Teller is a printer that says more of its last receipt than an error can. Last is the zero Outcome before the
// first receipt.
type Teller interface {
	Last() Outcome
}

// Prover is a printer that can show on paper what its profile claims, for whoever sets it up. Errors are those of Print.
type Prover interface {
	PrintProofSheet(ctx context.Context) error
}

// Outcome is what became of a receipt.
type Outcome struct {
	Result Result
	Proof  Proof
	Notes  []string // sentences for staff: what could not be printed as it was given
}

// Result says whether a receipt is on paper.
type Result string

const (
	Printed    Result = "printed"
	NotPrinted Result = "not printed"
	InDoubt    Result = "in doubt"
)

// ResultOf reads the result from the error of Print.
func ResultOf(err error) Result {
	switch device.Class(err) {
	case nil:
		return Printed
	case device.ErrDoubt:
		return InDoubt
	}
	return NotPrinted
}

// Proof is how it is known that a receipt came out; each includes the ones before it.
type Proof string

const (
	ProofNone      Proof = ""
	ProofWorked    Proof = "worked through" // the printer answered a question that stood behind the cut
	ProofPrinted   Proof = "printed"        // the printer said that printing is complete
	ProofPresented Proof = "presented"      // the receipt is held out to the patron
)

// Status is what the printer says of itself.
type Status struct {
	Online       bool
	PaperEnd     bool
	PaperNearEnd bool
	CoverOpen    bool
	Fault        string // cutter, head, supply: what to look at, for staff; empty if none
}

// Ready says whether a receipt can be printed now.
func (s Status) Ready() bool { return s.Online && !s.PaperEnd && !s.CoverOpen && s.Fault == "" }

// Problem names what keeps the printer from printing, for staff; empty when Ready.
func (s Status) Problem() string {
	switch {
	case s.PaperEnd:
		return "no paper"
	case s.CoverOpen:
		return "cover open"
	case s.Fault != "":
		return s.Fault
	case !s.Online:
		return "offline"
	}
	return ""
}

// Receipt is what is to be printed, top to bottom. The driver wraps, encodes and cuts.
type Receipt struct {
	Lines []Line
}

// Line is one line, or two columns of it: Text at the left and, if set, Right at the right edge of the same line.
// With Cells it is a row of a table, with Code a barcode, and Text and Right are not used.
type Line struct {
	Text  string
	Right string
	Align Align
	Bold  bool
	Large bool // double width and height
	Cells []Cell
	Code  Code
}

// Align is where Text stands when Right is empty.
type Align int

const (
	Left Align = iota
	Centre
)

// Cell is one column of a table. Width is in characters of the normal size; the cells with Width 0 share what is left.
type Cell struct {
	Text  string
	Width int
	Right bool // stands at the right edge of the column
}

// Code is a barcode. What a printer cannot draw is printed as text.
type Code struct {
	Kind CodeKind
	Data string
}

// CodeKind is a symbology; empty for none.
type CodeKind string

const (
	QR      CodeKind = "qr"      // any text without control characters
	Code128 CodeKind = "code128" // ASCII without control characters
	Code39  CodeKind = "code39"  // 0-9 A-Z space - . $ / + %
	EAN     CodeKind = "ean"     // 7 or 12 digits, or 8 or 13 with the check digit
)
