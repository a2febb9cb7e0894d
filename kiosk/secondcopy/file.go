package secondcopy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"selfpay/kiosk/ledger"
)

const (
	magic      = "KIOSKEV1"
	headLength = len(magic) + 4
	front      = 12 // bytes of a record before what they speak of
	hashLength = 32
	fixed      = 8 + hashLength // what each record has behind them
	// longest is the most bytes of a record; the ledger's events have a few kilobytes at most.
	longest = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// content is the JSON of a record.
type content struct {
	Payment int64           `json:"payment"`
	Kind    string          `json:"kind"`
	Data    json.RawMessage `json:"data"`
	Sealed  []byte          `json:"sealed,omitempty"`
	Hash    []byte          `json:"hash"`
}

// head is the beginning of a file for a ledger.
func head(epoch int) []byte { return binary.BigEndian.AppendUint32([]byte(magic), uint32(epoch)) }

// encode writes an event as a record.
func encode(k ledger.Link) ([]byte, error) {
	text, err := json.Marshal(content{k.Payment, k.Kind, k.Data, k.Sealed, k.Hash})
	if err != nil {
		return nil, err
	}
	before := make([]byte, hashLength)
	copy(before, k.Before)
	body := binary.BigEndian.AppendUint64(nil, uint64(k.Event))
	body = append(append(body, before...), text...)
	record := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	record = binary.BigEndian.AppendUint32(record, crc32.Checksum(body, castagnoli))
	record = binary.BigEndian.AppendUint32(record, crc32.Checksum(record, castagnoli))
	return append(record, body...), nil
}

// What is wrong with a file, or its end.
var (
	// errTorn: the file ends within a record, as after a power cut.
	errTorn = errors.New("the last record is not whole")
	// errDamaged: bytes are not those that were written.
	errDamaged = errors.New("a record is damaged")
	// errForeign: it is no copy of events.
	errForeign = errors.New("this is no copy of a ledger's events")
)

// reader reads a copy from its beginning.
type reader struct {
	from  *bufio.Reader
	epoch int
	at    int64 // bytes of sound records, with the head
	last  ledger.Link
}

func newReader(from io.Reader) (*reader, error) {
	r := &reader{from: bufio.NewReaderSize(from, 64<<10)}
	start := make([]byte, headLength)
	switch _, err := io.ReadFull(r.from, start); {
	case errors.Is(err, io.ErrUnexpectedEOF) && bytes.HasPrefix([]byte(magic), start[:min(len(start), len(magic))]), errors.Is(err, io.EOF):
		return nil, errTorn
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errForeign
	case err != nil:
		return nil, err
	case string(start[:len(magic)]) != magic:
		return nil, errForeign
	}
	r.epoch, r.at = int(binary.BigEndian.Uint32(start[len(magic):])), int64(headLength)
	return r, nil
}

// next reads the next event. io.EOF: the file ends behind a whole record.
func (r *reader) next() (ledger.Link, error) {
	var start [front]byte
	switch n, err := io.ReadFull(r.from, start[:]); {
	case n == 0 && errors.Is(err, io.EOF):
		return ledger.Link{}, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ledger.Link{}, errTorn
	case err != nil:
		return ledger.Link{}, err
	}
	length := binary.BigEndian.Uint32(start[:])
	if crc32.Checksum(start[:8], castagnoli) != binary.BigEndian.Uint32(start[8:]) || length < fixed || length > longest {
		if r.nothingFollows() {
			return ledger.Link{}, errTorn
		}
		return ledger.Link{}, fmt.Errorf("behind event %d: %w: it cannot be %d bytes long", r.last.Event, errDamaged, length)
	}
	body := make([]byte, length)
	switch _, err := io.ReadFull(r.from, body); {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ledger.Link{}, errTorn
	case err != nil:
		return ledger.Link{}, err
	case crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(start[4:]):
		if r.nothingFollows() {
			return ledger.Link{}, errTorn
		}
		return ledger.Link{}, fmt.Errorf("behind event %d: %w: its checksum is another", r.last.Event, errDamaged)
	}
	k, err := r.link(body)
	if err != nil {
		return k, err
	}
	r.at, r.last = r.at+int64(len(start)+len(body)), k
	return k, nil
}

// nothingFollows says whether the rest of the file is empty, or zeros: a power cut leaves the room of what was not written yet.
func (r *reader) nothingFollows() bool {
	rest := make([]byte, 4<<10)
	for {
		n, err := r.from.Read(rest)
		if len(bytes.Trim(rest[:n], "\x00")) > 0 {
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// link reads what is in a record, and whether it follows the one before.
func (r *reader) link(body []byte) (ledger.Link, error) {
	var c content
	if err := json.Unmarshal(body[fixed:], &c); err != nil {
		return ledger.Link{}, fmt.Errorf("behind event %d: %w: %w", r.last.Event, errDamaged, err)
	}
	k := ledger.Link{Event: int64(binary.BigEndian.Uint64(body)), Payment: c.Payment, Kind: c.Kind, Data: c.Data, Sealed: c.Sealed, Hash: c.Hash}
	if k.Event != 1 {
		k.Before = bytes.Clone(body[8:fixed])
	}
	switch {
	case k.Event != r.last.Event+1:
		return k, fmt.Errorf("%w: event %d is followed by event %d", errDamaged, r.last.Event, k.Event)
	case !bytes.Equal(k.Before, r.last.Hash), !k.Sound():
		return k, fmt.Errorf("%w: event %d does not follow from the one before", errDamaged, k.Event)
	}
	return k, nil
}
