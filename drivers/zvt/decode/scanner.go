package decode

import "selfpay/drivers/zvt"

// Scanner finds the messages of one direction of a line in bytes that come in pieces of any size. It keeps one message at the most.
type Scanner struct {
	emit   func(Document)
	serial bool

	message []byte // what there is of one on TCP

	blocks zvt.BlockReader
	noise  int // stray bytes already reported
}

// NewScanner hands each message to emit as soon as it is whole; serial: each block.
func NewScanner(serial bool, emit func(Document)) *Scanner {
	return &Scanner{emit: emit, serial: serial}
}

// Feed takes the next bytes.
func (s *Scanner) Feed(b []byte) {
	if s.serial {
		s.feedBlocks(b)
		return
	}
	for len(b) > 0 {
		n := min(missing(s.message), len(b))
		s.message, b = append(s.message, b[:n]...), b[n:]
		if missing(s.message) == 0 {
			s.emit(APDU(s.message))
			s.message = s.message[:0]
		}
	}
}

// missing is how many bytes a message needs at least until it is whole.
func missing(message []byte) int {
	h, err := zvt.ParseHeader(message)
	switch {
	case err == nil:
		return h.Size + h.Length - len(message)
	case len(message) < 3:
		return 3 - len(message)
	}
	return 5 - len(message) // of a long message
}

// End hands out what is there of a message that is cut off, with its problem. Nothing may be fed afterwards.
func (s *Scanner) End() {
	switch {
	case s.serial:
		s.endBlocks()
	case len(s.message) > 0:
		s.emit(APDU(s.message))
	}
}

func (s *Scanner) feedBlocks(b []byte) {
	for _, x := range b {
		switch s.blocks.Feed(x) {
		case zvt.BlockAcked:
			s.bare("06", "block confirmed")
		case zvt.BlockNaked:
			s.bare("15", "block not confirmed")
		case zvt.BlockWhole:
			d := APDU(s.blocks.APDU())
			d.CRC = "ok"
			s.hand(d)
		case zvt.BlockBad:
			d := APDU(s.blocks.APDU())
			d.CRC = "bad"
			d.problem("the check sum is wrong, or the block is broken")
			s.hand(d)
		}
	}
}

func (s *Scanner) endBlocks() {
	if s.blocks.Inside() {
		d := APDU(s.blocks.APDU())
		d.CRC = "bad"
		d.problem("the block is cut off")
		s.hand(d)
		return
	}
	if s.blocks.Noise > s.noise {
		s.hand(empty())
	}
}

func (s *Scanner) bare(control, name string) {
	d := empty()
	d.Control, d.Name = control, name
	s.hand(d)
}

func (s *Scanner) hand(d Document) {
	if stray := s.blocks.Noise - s.noise; stray > 0 {
		d.problem("%d stray bytes before it", stray)
		s.noise = s.blocks.Noise
	}
	s.emit(d)
}
