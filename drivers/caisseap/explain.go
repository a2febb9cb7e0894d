package caisseap

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"selfpay/device/money"
	"selfpay/device/pan"
)

// Document shows a message to people, whatever its bytes are. What is wrong with them stands in Problems, and what could be read
// before is still shown. Card numbers come out masked.
type Document struct {
	Fields   []Explained `json:"fields"`
	Problems []string    `json:"problems"`
}

// Explained is one field with what it means. Means is empty where the value speaks for itself or is not known.
type Explained struct {
	Tag   string `json:"tag"`
	Name  string `json:"name"` // empty where the tag is not known
	Value string `json:"value"`
	Means string `json:"means"`
}

var names = map[string]string{
	tagVersion: "version", tagApplication: "application", tagRegister: "register", tagAmount: "amount", tagKind: "kind of payment", tagAction: "action",
	tagCurrency: "currency", tagOwnReference: "own reference", tagReading: "reading of the card", tagTransaction: "transaction number",
	tagMaskedPAN: "card", tagAuthorisation: "authorisation number", tagWhen: "answer", tagTicket: "ticket", tagEnded: "end", tagReason: "reason",
	"BF": "partial payment", "CF": "private data", "CK": "ticket options",
}

var meanings = map[string]map[string]string{
	tagAction: {actionDebit: "debit", "1": "refund", "2": "cancellation", "3": "duplicate of the ticket"},
	tagKind:   {"001": "contact card", "00B": "contactless card", "002": "American Express", "00D": "American Express, contactless", "00C": "cheque"},
	tagWhen:   {answerAtTheEnd: "at the end", "1": "at once"},
	tagEnded:  {endedDone: "done", endedNot: "not done", "11": "accepted, the outcome is not known"},
	tagReason: reasons,
}

// Explain reads a message. It never fails.
func Explain(b []byte) Document {
	d := Document{Fields: []Explained{}, Problems: []string{}}
	if len(b) > mostBytes {
		d.problem("%d bytes are left out: a message has at most %d", len(b)-mostBytes, mostBytes)
		b = b[:mostBytes]
	}
	all := b
	for len(b) > 0 {
		f, rest, err := parseField(b)
		if err != nil {
			d.problem("%s, after %d bytes; %d are left", strings.TrimPrefix(err.Error(), "caisseap: "), len(all)-len(b), len(b))
			break
		}
		d.Fields, b = append(d.Fields, explained(f)), rest
	}
	if len(d.Fields) > 0 && d.Fields[0].Tag != tagVersion {
		d.problem("a message begins with %s", tagVersion)
	}
	return d
}

func (d *Document) problem(format string, of ...any) {
	d.Problems = append(d.Problems, fmt.Sprintf(format, of...))
}

func explained(f Field) Explained {
	e := Explained{Tag: f.Tag, Name: names[f.Tag], Value: shown(f), Means: meanings[f.Tag][f.Value]}
	switch f.Tag {
	case tagAmount:
		if minor, err := strconv.ParseUint(f.Value, 10, 63); err == nil {
			e.Means = fmt.Sprintf("%d minor units", minor)
		}
	case tagCurrency:
		if c, known := money.FromNumeric(f.Value); known {
			e.Means = string(c)
		}
	case tagTicket:
		if text, err := base64.StdEncoding.DecodeString(f.Value); err == nil {
			e.Means = valid(string(pan.MaskText(text)))
		}
	}
	return e
}

// shown is a value without any card number.
func shown(f Field) string {
	switch f.Tag {
	case tagMaskedPAN:
		return valid(pan.Mask(f.Value))
	case tagTicket:
		return fmt.Sprintf("%d characters", len(f.Value)) // base64 would carry a card number past every mask
	}
	return valid(string(pan.MaskText([]byte(f.Value))))
}

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
