package ledger

import (
	"bytes"
	"fmt"
)

// Link is one event of the chain as it stands in the file, for copies of it. A card is in it as ciphertext only.
type Link struct {
	Event   int64  // its number
	Payment int64  // number of its payment; 0: a note of the station
	Kind    string // of the event
	Data    []byte // JSON
	Sealed  []byte // the card's ciphertext; mostly none
	Before  []byte // hash of the event before; none before the first
	Hash    []byte
}

// Expected is the hash that follows from what is in the link.
func (k Link) Expected() []byte {
	return record{payment: k.Payment, kind: k.Kind, data: k.Data, sealed: k.Sealed}.chain(k.Before)
}

// Sound says whether the link's hash is that one.
func (k Link) Sound() bool { return bytes.Equal(k.Expected(), k.Hash) }

// NewestEvent is the number of the newest event, 0 where there is none.
func (l *Ledger) NewestEvent() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Chain reads the events behind event after, at most so many, oldest first.
func (l *Ledger) Chain(after int64, most int) ([]Link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, err := l.links(max(0, after-1), most+1)
	if err != nil {
		return nil, err
	}
	var before []byte
	if after > 0 {
		if len(found) == 0 || found[0].seq != after {
			return nil, fmt.Errorf("ledger: read behind event %d: it is not there", after)
		}
		before, found = found[0].hash, found[1:]
	}
	var all []Link
	for _, k := range found[:min(len(found), most)] {
		all = append(all, Link{Event: k.seq, Payment: k.payment, Kind: k.kind, Data: k.data, Sealed: k.sealed, Before: before, Hash: k.hash})
		before = k.hash
	}
	return all, nil
}
