package wire

import (
	"bytes"
	"fmt"
)

// DefaultLimit is the longest message accepted unless told otherwise, in bytes. Koha 19.06 answered a request of
// 200 kB normally (measured).
const DefaultLimit = 1 << 20

// Decoder cuts a stream of bytes into lines. The zero Decoder is ready for use. It is not safe for several
// goroutines.
type Decoder struct {
	Limit int // bytes per message without its end; 0 means DefaultLimit

	pending  []byte
	scanned  int  // how much of pending is known to hold no CR
	skipping bool // inside a message that was too long
}

// Feed takes the next bytes of the stream, in pieces of any size.
func (d *Decoder) Feed(p []byte) { d.pending = append(d.pending, p...) }

// Next returns the next whole line without its end. more is false when the line is not complete yet: feed and ask
// again. Lines end with CR; a LF in front belongs to the CR of the line before, and an empty line is no message.
// ErrTooLong is returned once for a line above the limit, which is dropped up to its end; reading may go on.
func (d *Decoder) Next() (line []byte, more bool, err error) {
	limit := d.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	for {
		at := bytes.IndexByte(d.pending[d.scanned:], '\r')
		if at < 0 {
			d.pending = trimLF(d.pending)
			d.scanned = len(d.pending)
			switch {
			case d.skipping:
				d.drop(len(d.pending))
			case len(d.pending) > limit:
				d.skipping = true
				d.drop(len(d.pending))
				return nil, true, fmt.Errorf("wire: more than %d bytes: %w", limit, ErrTooLong)
			}
			return nil, false, nil
		}
		at += d.scanned
		line = trimLF(d.pending[:at])
		skipped := d.skipping
		d.skipping = false
		switch {
		case skipped || len(line) == 0:
			d.drop(at + 1)
		case len(line) > limit:
			d.drop(at + 1)
			return nil, true, fmt.Errorf("wire: more than %d bytes: %w", limit, ErrTooLong)
		default:
			line = bytes.Clone(line)
			d.drop(at + 1)
			return line, true, nil
		}
	}
}

// Rest is what was fed after the last whole line: a message that has not ended.
func (d *Decoder) Rest() []byte {
	if d.skipping {
		return nil
	}
	return bytes.Clone(trimLF(d.pending))
}

func (d *Decoder) drop(n int) {
	d.pending = d.pending[n:]
	d.scanned = 0
}

func trimLF(b []byte) []byte { return bytes.TrimLeft(b, "\n") }
