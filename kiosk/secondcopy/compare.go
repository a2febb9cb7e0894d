package secondcopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"selfpay/kiosk/ledger"
)

// Source is what is copied: *ledger.Ledger.
type Source interface {
	Epoch() int
	NewestEvent() int64
	Chain(after int64, most int) ([]ledger.Link, error)
}

// atOnce is how many events are read of the ledger at once; between them payments go on.
const atOnce = 200

// Compared is what a comparison of a copy with the ledger found.
type Compared struct {
	File    string `json:"file"`
	OK      bool   `json:"ok"`      // all that is in the copy is in the ledger
	Agree   int64  `json:"agree"`   // the events up to this one are the same in both
	Ledger  int64  `json:"ledger"`  // the newest event of the ledger
	Torn    bool   `json:"torn"`    // the copy ends within a record, as after a power cut
	Problem string `json:"problem"` // where they differ, and how; empty where they do not
}

// Compare reads a copy and compares it with the ledger. A copy that ends before the ledger does is well: it was away, or is
// behind. Only ctx and a ledger that cannot be read are errors.
func Compare(ctx context.Context, file string, l Source) (Compared, error) {
	c := Compared{File: file, Ledger: l.NewestEvent()}
	f, err := os.Open(file)
	if err != nil {
		c.Problem = err.Error()
		return c, nil
	}
	defer f.Close()
	r, err := newReader(f)
	if err == nil && r.epoch != l.Epoch() {
		err = fmt.Errorf("it is the copy of another ledger, with the codes %d-…; this one has %d-…", r.epoch, l.Epoch())
	}
	for err == nil {
		var ours []ledger.Link
		if ours, err = l.Chain(c.Agree, atOnce); err != nil {
			return c, err
		}
		err = r.compare(ours, &c)
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		c.OK = true
	case errors.Is(err, errTorn):
		c.OK, c.Torn = true, true
	default:
		c.Problem = err.Error()
	}
	return c, nil
}

// compare reads on in the copy beside events of the ledger. Its error is why it ends.
func (r *reader) compare(ours []ledger.Link, c *Compared) error {
	for _, our := range ours {
		their, err := r.next()
		if err != nil {
			return err
		}
		if !bytes.Equal(our.Hash, their.Hash) {
			return fmt.Errorf("event %d is another in the ledger", our.Event)
		}
		c.Agree = our.Event
	}
	if len(ours) > 0 {
		return nil
	}
	their, err := r.next()
	if err == nil {
		err = fmt.Errorf("event %d and what follows are missing in the ledger", their.Event)
	}
	return err
}
