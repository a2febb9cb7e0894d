// Package printertest is the conformance suite of receipt printers. A driver passes when all of it passes against
// the far end of its cable.
package printertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/printer"
)

// Far is the printer itself, in the test's hand. It starts plugged in, with paper.
type Far interface {
	Receipts() []string      // printed and cut, in UTF-8, oldest first
	PaperOut()               // takes the paper away
	PaperIn()                // puts a new roll in; a real printer now prints what waits in its buffer
	PaperEndsAfter(rows int) // lets the paper end in the middle of a receipt
	Unplug()                 // cuts the link and lets nobody in
	Plug()                   // lets the driver in again
}

// slack is far more than any call may take; a call that needs it hangs.
const slack = 20 * time.Second

// Run holds the printer that open makes to the contract, with a new one for each rule. open ends what it started
// with t.Cleanup. The driver's waits should be short: some rules sit through them.
func Run(t *testing.T, open func(t *testing.T) (printer.Printer, Far)) {
	rule := func(name string, check func(t *testing.T, b bench)) {
		t.Run(name, func(t *testing.T) {
			p, far := open(t)
			defer p.Close()
			check(t, bench{t, p, far})
		})
	}
	rule("PrintsWhatItWasGiven", func(t *testing.T, b bench) {
		b.prints(receipt("first", 3))
		b.prints(receipt("second", 3))
		got := b.far.Receipts()
		if len(got) != 2 || !whole(got[0], "first", 3) || !whole(got[1], "second", 3) {
			t.Errorf("receipts = %q", got)
		}
	})
	rule("LongReceiptIsPrintedInOnePiece", func(t *testing.T, b bench) {
		b.prints(receipt("long", 200))
		if got := b.far.Receipts(); len(got) != 1 || !whole(got[0], "long", 200) {
			t.Errorf("receipts = %q", got)
		}
	})
	rule("UmlautsAndEuroSignAreRight", func(t *testing.T, b bench) {
		// the last but one with the umlaut as letter and mark
		texts := []string{"Gebühr für Überfälliges 12,50 €", "Größe ÄÖÜäöüß", "u\u0308ber", "éèêàçñ"}
		var r printer.Receipt
		for _, s := range texts {
			r.Lines = append(r.Lines, printer.Line{Text: s})
		}
		b.prints(r)
		texts[2] = "über"
		if got := b.far.Receipts(); len(got) != 1 || got[0] != strings.Join(texts, "\n") {
			t.Errorf("receipts = %q, want %q", got, texts)
		}
	})
	rule("RightColumnEndsAtTheRightEdge", func(t *testing.T, b bench) {
		b.prints(printer.Receipt{Lines: []printer.Line{{Text: "Fee", Right: "1,00 €"}, {Text: "A longer fee", Right: "12,00 €"}}})
		got := b.far.Receipts()
		if len(got) != 1 {
			t.Fatalf("receipts = %q", got)
		}
		rows := strings.Split(got[0], "\n")
		if len(rows) != 2 || len([]rune(rows[0])) != len([]rune(rows[1])) || !strings.HasPrefix(rows[0], "Fee  ") || !strings.HasSuffix(rows[1], "  12,00 €") {
			t.Errorf("rows = %q", rows)
		}
	})
	rule("RowsOfATableStandBelowEachOther", func(t *testing.T, b bench) {
		row := func(name, amount string) printer.Line {
			return printer.Line{Cells: []printer.Cell{{Text: name}, {Text: "104", Width: 6}, {Text: amount, Width: 9, Right: true}}}
		}
		b.prints(printer.Receipt{Lines: []printer.Line{row("Fee", "1,00 €"), row("Another", "12,00 €")}})
		got := b.far.Receipts()
		if len(got) != 1 {
			t.Fatalf("receipts = %q", got)
		}
		rows := strings.Split(got[0], "\n")
		if len(rows) != 2 || strings.Index(rows[0], "104") != strings.Index(rows[1], "104") || strings.Index(rows[0], "104") < len("Another ") ||
			len([]rune(rows[0])) != len([]rune(rows[1])) || !strings.HasSuffix(rows[1], "  12,00 €") {
			t.Errorf("rows = %q", rows)
		}
	})
	rule("BarcodeNeverStopsAReceipt", func(t *testing.T, b bench) {
		r := printer.Receipt{Lines: []printer.Line{{Text: "first"}}}
		for _, kind := range []printer.CodeKind{printer.QR, printer.Code128, printer.Code39, printer.EAN, "another"} {
			for _, data := range []string{"4821123", "x\x1b@", "", strings.Repeat("1", 3000)} {
				r.Lines = append(r.Lines, printer.Line{Code: printer.Code{Kind: kind, Data: data}})
			}
		}
		r.Lines = append(r.Lines, printer.Line{Text: "last"})
		b.prints(r)
		if got := b.far.Receipts(); len(got) != 1 || !strings.HasPrefix(got[0], "first\n") || !strings.HasSuffix(got[0], "\nlast") {
			t.Errorf("receipts = %q", got)
		}
	})
	rule("LastTellsWhatTheErrorTold", func(t *testing.T, b bench) {
		teller, ok := b.p.(printer.Teller)
		if !ok {
			t.Skip("this printer tells no more than its errors do")
		}
		expect := func(err error) {
			t.Helper()
			o := teller.Last()
			if o.Result != printer.ResultOf(err) || (o.Result == printer.Printed) != (err == nil) || err == nil && o.Proof == printer.ProofNone {
				t.Errorf("after %v: %+v", err, o)
			}
		}
		expect(b.print(receipt("first", 2)))
		b.far.PaperEndsAfter(5)
		expect(b.print(receipt("half", 40)))
		expect(b.print(receipt("none", 2)))
		b.far.PaperIn()
		b.far.Unplug()
		expect(b.print(receipt("none", 2)))
		b.far.Plug()
		expect(b.print(receipt("last", 2)))
	})
	rule("TextCannotCommandThePrinter", func(t *testing.T, b bench) {
		b.prints(printer.Receipt{Lines: []printer.Line{
			{Text: "a\x1dV\x00b\x1b@c\x10\x04\x01d\x00e"},
			{Text: "f\u009bg\u202eh\nicc\r\x7fj", Right: "\x1bp\x00"},
		}})
		got := b.far.Receipts()
		if len(got) != 1 {
			t.Fatalf("receipts = %q", got)
		}
		for _, part := range []string{"aVb@cde", "fgh icc j"} {
			if !strings.Contains(got[0], part) {
				t.Errorf("receipt = %q, want %q in it", got[0], part)
			}
		}
	})
	rule("PaperEndIsKnownBeforePrinting", func(t *testing.T, b bench) {
		b.far.PaperOut()
		if s := b.status(); !s.PaperEnd || s.Ready() {
			t.Errorf("status = %+v, want paper end", s)
		}
		b.is(b.print(receipt("none", 2)), device.ErrAttention)
		b.far.PaperIn()
		if s := b.status(); !s.Ready() {
			t.Errorf("status with paper = %+v", s)
		}
		if got := b.far.Receipts(); len(got) != 0 {
			t.Errorf("printed %q, want nothing", got)
		}
	})
	rule("PaperEndInTheMiddleIsInDoubt", func(t *testing.T, b bench) {
		b.prints(receipt("before", 2))
		b.far.PaperEndsAfter(5)
		b.is(b.print(receipt("half", 40)), device.ErrDoubt)
		if s := b.status(); !s.PaperEnd {
			t.Errorf("status = %+v, want paper end", s)
		}
		b.far.PaperIn()
		b.prints(receipt("next", 3))
		got := b.far.Receipts()
		last := got[len(got)-1]
		if !whole(last, "next", 3) || strings.Contains(last, "half") {
			t.Errorf("receipt after the paper change = %q", last)
		}
		for _, r := range got {
			if strings.Contains(r, "half 39") {
				t.Errorf("the rest of the receipt in doubt came out: %q", r)
			}
		}
	})
	rule("UnpluggedIsNotSent", func(t *testing.T, b bench) {
		b.far.Unplug()
		b.is(b.print(receipt("none", 2)), device.ErrNotSent)
		if _, err := b.ask(); device.Class(err) != device.ErrNotSent {
			t.Errorf("status = %v, want not sent", err)
		}
	})
	rule("PrintsAgainAfterReplug", func(t *testing.T, b bench) {
		b.prints(receipt("before", 2))
		b.far.Unplug()
		b.is(b.print(receipt("lost", 2)), device.ErrNotSent)
		b.far.Plug()
		b.prints(receipt("after", 2))
		got := b.far.Receipts()
		if len(got) != 2 || !whole(got[1], "after", 2) {
			t.Errorf("receipts = %q", got)
		}
	})
	rule("ReplugNobodyNoticedCostsNothing", func(t *testing.T, b bench) {
		b.prints(receipt("before", 2))
		b.far.Unplug()
		b.far.Plug()
		b.prints(receipt("after", 2))
	})
	rule("WorksAfterClose", func(t *testing.T, b bench) {
		b.prints(receipt("before", 2))
		if err := b.p.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
		b.prints(receipt("after", 2))
	})
	rule("StatusReturnsInEveryCondition", func(t *testing.T, b bench) {
		for _, condition := range []func(){func() {}, b.far.PaperOut, b.far.Unplug, b.far.Plug, b.far.PaperIn} {
			condition()
			b.ask()
		}
		if s := b.status(); !s.Ready() {
			t.Errorf("status in the end = %+v", s)
		}
	})
	rule("EndedContextPrintsNothing", func(t *testing.T, b bench) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b.is(b.p.Print(ctx, receipt("none", 2)), device.ErrNotSent)
		b.prints(receipt("next", 2))
		if got := b.far.Receipts(); len(got) != 1 {
			t.Errorf("receipts = %q", got)
		}
	})
}

type bench struct {
	t   *testing.T
	p   printer.Printer
	far Far
}

func (b bench) print(r printer.Receipt) error {
	b.t.Helper()
	return within(b.t, "Print", func(ctx context.Context) error { return b.p.Print(ctx, r) })
}

func (b bench) prints(r printer.Receipt) {
	b.t.Helper()
	if err := b.print(r); err != nil {
		b.t.Fatalf("Print = %v", err)
	}
}

func (b bench) ask() (s printer.Status, err error) {
	b.t.Helper()
	err = within(b.t, "Status", func(ctx context.Context) error {
		s, err = b.p.Status(ctx)
		return err
	})
	return s, err
}

func (b bench) status() printer.Status {
	b.t.Helper()
	s, err := b.ask()
	if err != nil {
		b.t.Fatalf("Status = %v", err)
	}
	return s
}

func (b bench) is(err, class error) {
	b.t.Helper()
	if err == nil || !errors.Is(device.Class(err), class) {
		b.t.Fatalf("error = %v, want class %q", err, class)
	}
}

// within calls f, which must return by itself: its context has no deadline.
func within(t *testing.T, name string, f func(ctx context.Context) error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f(t.Context()) }()
	select {
	case err := <-done:
		return err
	case <-time.After(slack):
		t.Fatalf("%s hangs", name)
		return nil
	}
}

// receipt has n numbered lines that carry name.
func receipt(name string, n int) printer.Receipt {
	var r printer.Receipt
	for i := range n {
		r.Lines = append(r.Lines, printer.Line{Text: fmt.Sprintf("%s %d of %d", name, i, n)})
	}
	return r
}

// whole says whether text is that receipt and nothing more.
func whole(text, name string, n int) bool {
	rows := strings.Split(text, "\n")
	if len(rows) != n {
		return false
	}
	for i, row := range rows {
		if row != fmt.Sprintf("%s %d of %d", name, i, n) {
			return false
		}
	}
	return true
}
