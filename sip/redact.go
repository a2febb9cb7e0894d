package sip

import (
	"fmt"
	"strings"

	"selfpay/sip/wire"
)

// harmless are the fields that say nothing about a person and hold no secret. Everything else is masked, also what
// nobody has heard of yet.
var harmless = map[string]bool{"AO": true, "AM": true, "AN": true, "BH": true, "BK": true, "BL": true, "BP": true,
	"BQ": true, "BT": true, "BV": true, "BX": true, "BZ": true, "CA": true, "CB": true, "CC": true, "CG": true,
	"CP": true, "CQ": true}

// Redact is a message as a trace may hold it: code, fixed part, sequence and checksum state, and the values of fields
// that say nothing about a person. Patrons, names, titles, texts, users and passwords are masked.
func Redact(m wire.Message) string {
	if _, known := wire.LayoutOf(m.Code); !known {
		return fmt.Sprintf("%.2s (%d bytes, not shown)", m.Code, len(m.Raw))
	}
	var b strings.Builder
	b.WriteString(m.Code + m.Fixed)
	for _, f := range m.Fields {
		switch {
		case f.Value == "" || harmless[f.ID]:
			b.WriteString(f.ID + f.Value + "|")
		default:
			b.WriteString(f.ID + "***|")
		}
	}
	if m.Sequence != wire.NoSequence {
		fmt.Fprintf(&b, "AY%d", m.Sequence)
	}
	if m.Checksum != wire.Absent {
		fmt.Fprintf(&b, "AZ(%s)", m.Checksum)
	}
	return b.String()
}
