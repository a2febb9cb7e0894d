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

	buffer   []byte
	begin    int  // what stands before it in buffer is used up
	scanned  int  // how much behind begin is known to hold no CR
	skipping bool // inside a message that was too long
}

// Feed takes the next bytes of the stream, in pieces of any size. It ends the life of the lines that NextInPlace gave.
func (d *Decoder) Feed(p []byte) {
	if d.begin > 0 && (d.begin >= len(d.buffer)/2 || len(d.buffer)+len(p) > cap(d.buffer)) {
		d.buffer = d.buffer[:copy(d.buffer, d.buffer[d.begin:])]
		d.begin = 0
	}
	d.buffer = append(d.buffer, p...)
}

// Next returns the next whole line without its end. more is false when the line is not complete yet: feed and ask
// again. Lines end with CR; a LF in front belongs to the CR of the line before, and an empty line is no message.
// ErrTooLong is returned once for a line above the limit, which is dropped up to its end; reading may go on.
func (d *Decoder) Next() (line []byte, more bool, err error) {
	line, more, err = d.NextInPlace()
	return bytes.Clone(line), more, err
}

// NextInPlace is Next without a copy: the line is good until the next Feed.
func (d *Decoder) NextInPlace() (line []byte, more bool, err error) {
	limit := d.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	for {
		at := bytes.IndexByte(d.buffer[d.begin+d.scanned:], '\r')
		if at < 0 {
			d.begin = len(d.buffer) - len(trimLF(d.buffer[d.begin:]))
			d.scanned = len(d.buffer) - d.begin
			switch {
			case d.skipping:
				d.drop(d.scanned)
			case d.scanned > limit:
				d.skipping = true
				d.drop(d.scanned)
				return nil, true, fmt.Errorf("wire: more than %d bytes: %w", limit, ErrTooLong)
			}
			return nil, false, nil
		}
		end := d.begin + d.scanned + at
		line = trimLF(d.buffer[d.begin:end])
		skipped := d.skipping
		d.skipping = false
		d.drop(end + 1 - d.begin)
		switch {
		case skipped || len(line) == 0:
		case len(line) > limit:
			return nil, true, fmt.Errorf("wire: more than %d bytes: %w", limit, ErrTooLong)
		default:
			return line, true, nil
		}
	}
}

// Rest is what was fed after the last whole line: a message that has not ended. It is good until the next Feed.
func (d *Decoder) Rest() []byte {
	if d.skipping {
		return nil
	}
	return trimLF(d.buffer[d.begin:])
}

func (d *Decoder) drop(n int) {
	d.begin += n
	d.scanned = 0
}

func trimLF(b []byte) []byte { return bytes.TrimLeft(b, "\n") }
