package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"selfpay/sip"
	sipdecode "selfpay/sip/decode"
	"selfpay/sip/wire"
)

// fieldNames are the variable fields of the SIP2 document, and those of FOLIO's fee groups (edge-sip2 3.2).
var fieldNames = map[string]string{
	"AA": "patron identifier", "AB": "item identifier", "AC": "terminal password", "AD": "patron password", "AE": "personal name",
	"AF": "screen message", "AG": "print line", "AH": "due date", "AJ": "title identifier", "AL": "blocked card message",
	"AM": "library name", "AN": "terminal location", "AO": "institution id", "AP": "current location", "AQ": "permanent location",
	"AS": "hold items", "AT": "overdue items", "AU": "charged items", "AV": "fine items", "BD": "home address", "BE": "e-mail",
	"BF": "home phone", "BG": "owner", "BH": "currency", "BI": "cancel", "BK": "transaction id", "BL": "valid patron",
	"BM": "renewed items", "BN": "unrenewed items", "BO": "fee acknowledged", "BP": "start item", "BQ": "end item",
	"BR": "queue position", "BS": "pickup location", "BT": "fee type", "BU": "recall items", "BV": "fee amount", "BW": "expiration date",
	"BX": "supported messages", "BY": "hold type", "BZ": "hold items limit", "CA": "overdue items limit", "CB": "charged items limit",
	"CC": "fee limit", "CD": "unavailable hold items", "CF": "hold queue length", "CG": "fee identifier", "CH": "item properties",
	"CI": "security inhibit", "CJ": "recall date", "CK": "media type", "CL": "sort bin", "CM": "hold pickup date", "CN": "login user id",
	"CO": "login password", "CP": "location code", "CQ": "valid patron password", "CR": "collection code", "CS": "call number",
	"CT": "destination location", "CV": "alert type", "CY": "hold patron id", "DA": "hold patron name",
	"FA": "fee remaining", "FB": "fee item barcode", "FC": "fee date", "FD": "fee title", "FE": "fee record", "FF": "fee kind", "FG": "fee amount applied",
}

// secretFields name a person or open an account; what stands in them is shown nowhere, also where it turns up in
// another field.
var secretFields = map[string]bool{"AA": true, "AC": true, "AD": true, "CO": true, "AE": true, "BD": true, "BE": true, "BF": true, "CY": true, "DA": true}

const hidden = "****"

// veil hides what may not be shown of the messages of one connection.
type veil struct {
	cards bool     // patron identifiers may be shown
	known []string // values of secret fields, longest first
}

// known keeps the newest values only: a connection may stand for weeks.
const rememberedSecrets = 64

// shortestSecret is the shortest value that is looked for elsewhere; a shorter one would hide half of all digits.
const shortestSecret = 4

// lift explains a line and hides in it what may not be shown.
func (v *veil) lift(line []byte, charset wire.Charset) sipdecode.Document {
	d := sipdecode.Decode(line, charset)
	v.remember(line, charset)
	layout, known := wire.LayoutOf(d.Message)
	width := 0
	for _, value := range d.Fixed {
		width += utf8.RuneCountInString(value)
	}
	if !known || width != layout.Width() { // whatever this is, it may be a password at a prompt
		clear(d.Fixed)
		for i := range d.Fields {
			d.Fields[i].Value = notShown(d.Fields[i].Value)
		}
		d.Problems = append(d.Problems, fmt.Sprintf("The line has %d bytes and is no whole message, so its values are not shown.", len(line)))
		return d
	}
	for i, f := range d.Fields {
		_, named := fieldNames[f.ID]
		switch {
		case f.ID == "AA" && v.cards:
		case f.Value == "":
		case secretFields[f.ID]:
			d.Fields[i].Value = hidden
		case !named, strings.Contains(f.Value, "|"): // nobody knows what it is
			d.Fields[i].Value = notShown(f.Value)
		default:
			d.Fields[i].Value = v.over(f.Value)
		}
	}
	return d
}

func notShown(value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("(%d characters, not shown)", utf8.RuneCountInString(value))
}

// remember notes the values of secret fields.
func (v *veil) remember(line []byte, charset wire.Charset) {
	if charset == "" {
		charset = wire.UTF8
	}
	m, err := wire.Format{Charset: charset}.Parse(line)
	if err != nil {
		return
	}
	for _, f := range m.Fields {
		if !secretFields[f.ID] || f.ID == "AA" && v.cards || len(f.Value) < shortestSecret || slices.Contains(v.known, f.Value) {
			continue
		}
		v.known = append(v.known, f.Value)
		if len(v.known) > rememberedSecrets {
			v.known = v.known[1:]
		}
	}
}

// over hides known secrets in a text.
func (v *veil) over(text string) string {
	byLength := slices.Clone(v.known)
	slices.SortFunc(byLength, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range byLength {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

// explainMessage says in words what a message holds, one line for each part.
func explainMessage(d sipdecode.Document) []string {
	var lines []string
	if layout, known := wire.LayoutOf(d.Message); known {
		for _, f := range layout.Fixed {
			if value, there := d.Fixed[f.Name]; there {
				lines = append(lines, fmt.Sprintf("  %-27s %s", strings.ReplaceAll(f.Name, "_", " "), fixedWords(f, value)))
			}
		}
	}
	for _, f := range d.Fields {
		lines = append(lines, fmt.Sprintf("  %-2s %-24s %s", f.ID, fieldNames[f.ID], f.Value))
	}
	for _, p := range d.Problems {
		lines = append(lines, "  ! "+p)
	}
	return lines
}

// headline is a message's name with its number and checksum.
func headline(d sipdecode.Document) string {
	name := d.Message + " " + d.Name
	if d.Name == "" {
		name = strings.TrimSpace(d.Message + " (no SIP2 message)")
	}
	if d.Sequence != nil {
		name += fmt.Sprintf(", number %d", *d.Sequence)
	}
	return name + ", checksum " + d.Checksum
}

// fixedWords is a fixed field as people read it.
func fixedWords(f wire.FixedField, value string) string {
	switch f.Kind {
	case wire.YN, wire.YNU, wire.Bit:
		if word := map[string]string{"Y": "yes", "N": "no", "U": "unknown", "1": "yes", "0": "no"}[value]; word != "" {
			return word
		}
	case wire.Date:
		if at, ok := sip.ParseDate(value); ok {
			return at.Format("2006-01-02 15:04:05 MST")
		}
		return strings.TrimSpace(value)
	case wire.Flags:
		if f.Name != "patron_status" {
			return strings.ReplaceAll(value, " ", "-")
		}
		var set []string
		for i, flag := range []byte(value) {
			if flag == 'Y' && i < len(blockWords) {
				set = append(set, blockWords[i])
			}
		}
		if len(set) == 0 {
			return "no blocks"
		}
		return strings.Join(set, ", ")
	}
	return value
}
