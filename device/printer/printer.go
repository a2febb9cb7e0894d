// Package printer is the contract of a receipt printer. A receipt never decides about money: it is printed from
// the ledger and may be printed again.
package printer

import "context"

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
type Line struct {
	Text  string
	Right string
	Align Align
	Bold  bool
	Large bool // double width and height
}

// Align is where Text stands when Right is empty.
type Align int

const (
	Left Align = iota
	Centre
)
