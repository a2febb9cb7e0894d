package zvt

import (
	"strings"

	"selfpay/device/pan"
	"selfpay/device/terminal"
)

// Receipt types of tag 1F07.
const (
	receiptMerchant byte = 1
	receiptCustomer byte = 2
	receiptAdmin    byte = 3
)

// maxSlipLines bounds what one dialogue may leave for printing.
const maxSlipLines = 2000

// slip collects the receipts of one dialogue. A receipt ends with an end attribute, with the dialogue, or where the
// receipt type changes.
type slip struct {
	charset  Charset
	width    int
	receipts []printed
	lines    int
}

type printed struct {
	kind  byte
	lines []string
	ended bool
}

// add takes a print line or a text block.
func (s *slip) add(m Message) {
	charset := m.charset(s.charset)
	for _, line := range m.Lines() {
		r := s.current(m.ReceiptType)
		if m.Control == PrintLine && line.Attribute == 0xFF {
			feeds := 1
			if len(line.Text) > 0 {
				feeds = int(line.Text[0])
			}
			for range min(feeds, 20) {
				s.print(r, "")
			}
			continue
		}
		if !line.Last || len(line.Text) > 0 {
			for part := range strings.SplitSeq(charset.Text(pan.MaskText(line.Text)), "\n") {
				s.print(r, s.place(line.Attribute, part))
			}
		}
		r.ended = r.ended || line.Last
	}
}

// current is the receipt that the next line belongs to.
func (s *slip) current(kind byte) *printed {
	if n := len(s.receipts); n > 0 {
		if r := &s.receipts[n-1]; !r.ended && (kind == 0 || r.kind == 0 || kind == r.kind) {
			if kind != 0 {
				r.kind = kind
			}
			return r
		}
	}
	s.receipts = append(s.receipts, printed{kind: kind})
	return &s.receipts[len(s.receipts)-1]
}

func (s *slip) print(r *printed, line string) {
	if s.lines < maxSlipLines {
		r.lines = append(r.lines, strings.TrimRight(strings.ReplaceAll(line, "\r", ""), " "))
		s.lines++
	}
}

// place indents a line as its attribute says: 01xxxxxx is centred, the low nibble of a normal line is its indent.
func (s *slip) place(attribute byte, text string) string {
	switch {
	case attribute&0xC0 == 0x40 && s.width > 0:
		width := s.width
		if attribute&0x20 != 0 {
			width /= 2 // letters of double width
		}
		return strings.Repeat(" ", max(0, (width-len([]rune(text)))/2)) + text
	case attribute&0xC0 == 0:
		return strings.Repeat(" ", int(attribute&0x0F)) + text
	}
	return text
}

// text is everything, whatever it is of.
func (s *slip) text() []string {
	var all []string
	for _, r := range s.receipts {
		all = append(all, r.lines...)
	}
	return all
}

// cardSlip sorts the receipts. Where the terminal does not say which is which, a heading decides; else two are
// merchant and customer in this order, and a single one is the customer's.
func (s *slip) cardSlip() terminal.CardSlip {
	var slip terminal.CardSlip
	var unnamed [][]string
	for _, r := range s.receipts {
		kind := r.kind
		if kind == 0 {
			text := strings.ToLower(strings.Join(r.lines, "\n"))
			switch {
			case strings.Contains(text, "kundenbeleg") || strings.Contains(text, "customer receipt"):
				kind = receiptCustomer
			case strings.Contains(text, "händlerbeleg") || strings.Contains(text, "merchant receipt"):
				kind = receiptMerchant
			}
		}
		switch kind {
		case receiptMerchant:
			slip.Merchant = append(slip.Merchant, r.lines...)
		case receiptCustomer:
			slip.Customer = append(slip.Customer, r.lines...)
		case receiptAdmin:
		default:
			unnamed = append(unnamed, r.lines)
		}
	}
	if len(unnamed) > 1 && slip.Merchant == nil {
		slip.Merchant, unnamed = unnamed[0], unnamed[1:]
	}
	for _, lines := range unnamed {
		if slip.Customer == nil {
			slip.Customer = lines
		} else {
			slip.Merchant = append(slip.Merchant, lines...)
		}
	}
	return slip
}
