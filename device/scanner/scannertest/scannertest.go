// Package scannertest is the conformance suite of barcode scanners. A driver passes when all of it passes against
// the far end of its cable.
package scannertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/scanner"
)

// Far is the scanner itself, in the test's hand. It starts plugged in, and states no symbology until SetAIM.
type Far interface {
	Scan(label string) error
	SetAIM(id string) // the AIM identifier of the labels that follow, such as ]F0
	Unplug()
	Plug() error
}

// slack is far more than any call may take; a call that needs it hangs.
const slack = time.Minute

// Run holds the scanner that open makes to the contract, with a new one for each rule. open ends what it started
// with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) (scanner.Scanner, Far)) {
	rule := func(name string, check func(t *testing.T, b bench)) {
		t.Run(name, func(t *testing.T) {
			s, far := open(t)
			defer s.Close()
			check(t, bench{t, s, far, map[scanner.Scan]bool{}})
		})
	}
	rule("ReadsLabelsInOrder", func(t *testing.T, b bench) {
		for _, label := range []string{"21234000567894", "0001-aB.c", "A-1", strings.Repeat("x", scanner.MaxText)} {
			b.reads(scanner.Scan{Text: label}, label)
		}
	})
	rule("StatedSymbologyIsTold", func(t *testing.T, b bench) {
		for id, want := range map[string]scanner.Symbology{
			"]F0": scanner.Codabar, "]A0": scanner.Code39, "]C1": scanner.Code128, "]E0": scanner.EAN,
			"]I0": scanner.ITF, "]Q1": scanner.QR, "]G0": scanner.Code93, "]L0": scanner.PDF417,
			"]d2": scanner.DataMatrix, "]z0": scanner.Aztec, "]X0": scanner.Other, "": scanner.Unstated,
		} {
			b.far.SetAIM(id)
			b.reads(scanner.Scan{Text: "20017", Symbology: want}, "20017")
		}
	})
	rule("OverlongLabelIsDropped", func(t *testing.T, b bench) {
		b.reads(scanner.Scan{Text: "first"}, "first")
		b.reads(scanner.Scan{Text: "second"}, strings.Repeat("1", scanner.MaxText+1), "second")
	})
	rule("WhatBecomesOfLabelsIsCounted", func(t *testing.T, b bench) {
		if c := b.s.Counts(); c != (scanner.Counts{}) {
			t.Fatalf("counts before the first label: %+v", c)
		}
		b.reads(scanner.Scan{Text: "first"}, "first")
		if c := b.s.Counts(); c.Read == 0 || c.TooLong != 0 {
			t.Errorf("counts after a label: %+v", c)
		}
		b.counts(func(c scanner.Counts) int { return c.Unasked }, "nobody asked")
		b.counts(func(c scanner.Counts) int { return c.TooLong }, strings.Repeat("1", scanner.MaxText+1))
		b.counts(func(c scanner.Counts) int { return c.TooLong }, strings.Repeat("1", 3*scanner.MaxText))
	})
	rule("EndedContextEndsRead", func(t *testing.T, b bench) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := b.s.Read(ctx); !errors.Is(err, context.DeadlineExceeded) || device.Class(err) != device.ErrNotSent {
			t.Fatalf("Read = %v", err)
		}
		b.reads(scanner.Scan{Text: "after"}, "after")
	})
	rule("UnpluggedNeedsAttention", func(t *testing.T, b bench) {
		b.reads(scanner.Scan{Text: "before"}, "before")
		result := b.read()
		b.far.Unplug()
		b.fails(result)
		b.fails(b.read())
	})
	rule("ReadsAgainAfterReplug", func(t *testing.T, b bench) {
		b.reads(scanner.Scan{Text: "before"}, "before")
		result := b.read()
		b.far.Unplug()
		b.fails(result)
		if err := b.far.Plug(); err != nil {
			t.Fatal(err)
		}
		b.reads(scanner.Scan{Text: "after"}, "after")
	})
	rule("CloseEndsRead", func(t *testing.T, b bench) {
		b.reads(scanner.Scan{Text: "before"}, "before")
		result := b.read()
		time.Sleep(50 * time.Millisecond) // for Read to wait; one that comes behind Close opens the scanner again
		if err := b.s.Close(); err != nil {
			t.Fatal(err)
		}
		b.old[scanner.Scan{Text: "late"}] = true
		if r := b.scanUntil(result, "late"); r.err != nil && device.Class(r.err) != device.ErrAttention {
			t.Errorf("Read = %v", r.err)
		}
		b.reads(scanner.Scan{Text: "after"}, "after")
	})
}

type bench struct {
	t   *testing.T
	s   scanner.Scanner
	far Far
	old map[scanner.Scan]bool // what was scanned, maybe more than once
}

type result struct {
	scan scanner.Scan
	err  error
}

// read reads until a label or an error comes.
func (b bench) read() <-chan result {
	c := make(chan result, 1)
	go func() {
		s, err := b.s.Read(b.t.Context())
		c <- result{s, err}
	}()
	return c
}

func (b bench) scan(label string) {
	b.t.Helper()
	if err := b.far.Scan(label); err != nil {
		b.t.Fatal(err)
	}
}

func (b bench) wait(c <-chan result) result {
	b.t.Helper()
	select {
	case r := <-c:
		return r
	case <-time.After(slack):
		b.t.Fatal("Read hangs")
		return result{}
	}
}

// counts scans label, while nobody reads, until it is counted.
func (b bench) counts(what func(scanner.Counts) int, label string) {
	b.t.Helper()
	before := what(b.s.Counts())
	for end := time.Now().Add(slack); what(b.s.Counts()) == before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("a label of %d characters is not counted: %+v", len(label), b.s.Counts())
		}
		b.scan(label)
	}
}

func (b bench) fails(c <-chan result) {
	b.t.Helper()
	if r := b.wait(c); device.Class(r.err) != device.ErrAttention {
		b.t.Fatalf("Read = %+v, %v; want class %q", r.scan, r.err, device.ErrAttention)
	}
}

// reads scans labels and wants one of them from Read.
func (b bench) reads(want scanner.Scan, labels ...string) {
	b.t.Helper()
	for {
		r := b.scanUntil(b.read(), labels...)
		if r.err == nil && r.scan != want && b.old[r.scan] {
			continue
		}
		b.old[want] = true
		if r.err != nil || r.scan != want {
			b.t.Fatalf("Read = %+v, %v; want %+v", r.scan, r.err, want)
		}
		return
	}
}

// scanUntil scans labels again and again until Read returns: a label that comes before Read waits is dropped, as it
// should be.
func (b bench) scanUntil(c <-chan result, labels ...string) result {
	b.t.Helper()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	late := time.After(slack)
	for {
		for _, label := range labels {
			b.scan(label)
		}
		select {
		case r := <-c:
			return r
		case <-again.C:
		case <-late:
			b.t.Fatalf("Read of %q hangs", labels)
		}
	}
}
