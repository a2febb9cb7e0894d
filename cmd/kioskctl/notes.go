package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

type ledgerNotes struct{}

func (ledgerNotes) Run(ctx context.Context, t *tool) error {
	var notes []ledger.Note
	err := t.read(ctx, "/notes", &notes, func(l *ledger.Ledger) (err error) { notes, err = l.Notes(control.MostNotes); return err })
	if err != nil {
		return err
	}
	if len(notes) == 0 && !t.json {
		t.say("there are no notes")
	}
	for _, n := range notes {
		if t.json {
			if err := t.document(n); err != nil {
				return err
			}
			continue
		}
		t.say("%s", noteLine(n))
	}
	return nil
}

// noteLine is a note as people read it: when, what, and who or why.
func noteLine(n ledger.Note) string {
	var told struct {
		At                           json.RawMessage
		Staff, Note, Outcome, Reason string
	}
	json.Unmarshal(n.Note, &told) // of a kind from tomorrow: what fits
	line := []string{noteTime(told.At), " ", n.Kind}
	if told.Outcome != "" {
		line = append(line, "- "+told.Outcome)
	}
	if told.Staff != "" {
		line = append(line, "by "+told.Staff)
	}
	for _, more := range []string{told.Note, told.Reason} {
		if more != "" {
			line = append(line, "("+more+")")
		}
	}
	return strings.Join(line, " ")
}

// noteTime reads the time of a note, which is a time or a stamp.
func noteTime(at json.RawMessage) string {
	var plain time.Time
	var stamp payment.Stamp
	if json.Unmarshal(at, &plain) != nil && json.Unmarshal(at, &stamp) == nil {
		plain = stamp.Wall
	}
	if plain.IsZero() {
		return strings.Repeat(" ", len(time.DateTime))
	}
	return plain.Local().Format(time.DateTime)
}
