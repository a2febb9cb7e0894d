package zvt

import "strings"

// lock is one bit of tag 1F55, by which a terminal says why it takes no payments (CCV).
type lock struct {
	at   int // which byte
	bit  byte
	text string
	asks byte // the status that asks for the same, 0: none
}

// lockTable has what keeps a terminal from payments. What does not is left out: a card that is still in (20 of the second byte), a battery
// (04), a contactless reader (02) or a vending bus (01) that is not ready.
var lockTable = []lock{
	{0, 0x80, "end of day required", statusEndOfDay},
	{0, 0x40, "initialisation required", statusInitialise},
	{0, 0x20, "diagnosis required", statusDiagnose},
	{0, 0x10, "service required", 0},
	{0, 0x08, "out of order", 0},
	{0, 0x04, "printer not ready", 0},
	{0, 0x02, "start-up required", 0},
	{0, 0x01, "the secure module was changed: the terminal may have been opened", 0},
	{1, 0x80, "log defective", 0},
	{1, 0x40, "card reader missing", 0},
	{1, 0x10, "secure link not ready", 0},
	{1, 0x08, "activation required", 0},
}

// locks says in words why the terminal takes no payments, and the first status that would ask for the same. Empty: it names no reason.
func locks(objects []TLV) (reasons string, asks byte) {
	o, _ := FindTLV(objects, TagLocks)
	var all []string
	for _, l := range lockTable {
		if l.at >= len(o.Value) || o.Value[l.at]&l.bit == 0 {
			continue
		}
		all = append(all, l.text)
		if asks == 0 {
			asks = l.asks
		}
	}
	return strings.Join(all, ", "), asks
}

// serviceOf is the status that Maintain can do something about; 0: none.
func serviceOf(statuses ...byte) byte {
	for _, s := range statuses {
		if s == statusInitialise || s == statusDiagnose || s == statusClock {
			return s
		}
	}
	return 0
}
