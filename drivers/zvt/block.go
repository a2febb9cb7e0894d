package zvt

// Bytes of the serial framing (PA00P016).
const (
	dle byte = 0x10
	stx byte = 0x02
	etx byte = 0x03
	// BlockAck confirms a block, BlockNak asks for it again. Each is sent alone and concerns the frame, not the command.
	BlockAck byte = 0x06
	BlockNak byte = 0x15
)

// CRC is the check sum of a block: CRC-16/KERMIT (polynomial 0x8408 reflected, start 0) over the APDU as it was
// before doubling, followed by ETX. It is sent low byte first.
func CRC(apdu []byte) uint16 {
	var crc uint16
	for _, b := range apdu {
		crc = crcByte(crc, b)
	}
	return crcByte(crc, etx)
}

func crcByte(crc uint16, b byte) uint16 {
	crc ^= uint16(b)
	for range 8 {
		if crc&1 != 0 {
			crc = crc>>1 ^ 0x8408
		} else {
			crc >>= 1
		}
	}
	return crc
}

// EncodeBlock frames an APDU for the serial line: 10 02, the APDU with each 10 doubled, 10 03, the check sum
// (never doubled).
func EncodeBlock(apdu []byte) []byte {
	b := make([]byte, 0, len(apdu)+8)
	b = append(b, dle, stx)
	for _, x := range apdu {
		if x == dle {
			b = append(b, dle)
		}
		b = append(b, x)
	}
	crc := CRC(apdu)
	return append(b, dle, etx, byte(crc), byte(crc>>8))
}

// BlockEvent is what one received byte completed.
type BlockEvent int

const (
	BlockNothing BlockEvent = iota // more bytes are needed, or the byte was noise
	BlockWhole                     // a block with a good check sum: see BlockReader.APDU
	BlockBad                       // a block with a wrong check sum, a wrong sign inside, or too long
	BlockAcked                     // 06
	BlockNaked                     // 15
)

// BlockReader finds blocks and confirmations in the bytes of a serial line. It does no I/O. Bytes between blocks
// are skipped and counted.
type BlockReader struct {
	Noise int // bytes skipped so far

	state blockState
	apdu  []byte
	sum   byte
}

type blockState int

const (
	blockIdle blockState = iota
	blockIdleDLE
	blockBody
	blockBodyDLE
	blockSumLow
	blockSumHigh
)

// maxBlock is the longest APDU with its extended header.
const maxBlock = 5 + MaxData

// Feed takes the next byte.
func (r *BlockReader) Feed(b byte) BlockEvent {
	switch r.state {
	case blockIdleDLE:
		switch b {
		case stx:
			r.begin()
			return BlockNothing
		case dle:
			r.Noise++
			return BlockNothing
		}
		r.Noise++
		r.state = blockIdle
		return r.idle(b)
	case blockBody:
		if b == dle {
			r.state = blockBodyDLE
			return BlockNothing
		}
		return r.take(b)
	case blockBodyDLE:
		switch b {
		case dle:
			r.state = blockBody
			return r.take(b)
		case etx:
			r.state = blockSumLow
			return BlockNothing
		case stx: // the sender broke off and began again
			r.begin()
			return BlockNothing
		}
		r.Reset()
		return BlockBad
	case blockSumLow:
		r.sum, r.state = b, blockSumHigh
		return BlockNothing
	case blockSumHigh:
		r.state = blockIdle
		if CRC(r.apdu) != uint16(r.sum)|uint16(b)<<8 {
			return BlockBad
		}
		return BlockWhole
	}
	return r.idle(b)
}

func (r *BlockReader) idle(b byte) BlockEvent {
	switch b {
	case BlockAck:
		return BlockAcked
	case BlockNak:
		return BlockNaked
	case dle:
		r.state = blockIdleDLE
		return BlockNothing
	}
	r.Noise++
	return BlockNothing
}

func (r *BlockReader) begin() {
	r.state, r.apdu = blockBody, nil
}

func (r *BlockReader) take(b byte) BlockEvent {
	if len(r.apdu) >= maxBlock {
		r.Reset()
		return BlockBad
	}
	r.apdu = append(r.apdu, b)
	return BlockNothing
}

// APDU is the content of the block that BlockWhole or a wrong check sum ended, without framing and doubling.
// It stays valid.
func (r *BlockReader) APDU() []byte { return r.apdu }

// Inside says whether a block has begun and not ended; a long silence there is an error of transmission.
func (r *BlockReader) Inside() bool { return r.state != blockIdle }

// Reset forgets a block that has begun.
func (r *BlockReader) Reset() { r.state = blockIdle }
