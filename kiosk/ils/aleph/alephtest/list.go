package alephtest

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"selfpay/kiosk/ils/rest/resttest"
)

// entry is one row of a cash list before it is written.
type entry struct {
	institution, sequence, way, kind, description string
	transferred                                   bool
	amountMinor                                   int64
	paidOn                                        time.Time
	identifier                                    string
}

// list writes a patron's cash list.
func (s *System) list(w http.ResponseWriter, number, only string, full bool) {
	const root = "get-pat-cash"
	p, known := s.byNumber(number)
	if !known {
		reply(w, root, noSuchPatron, "Patron "+number+" does not exist", "")
		return
	}
	entries := s.entries(p)
	var all strings.Builder
	for _, in := range s.institutions(entries) {
		if only == "" || in.Code == only {
			all.WriteString(s.institution(p, in, entries, full))
		}
	}
	reply(w, root, "0000", "ok", "<charges>\n"+all.String()+"</charges>\n")
}

// institutions are those of the rows, the named ones first.
func (s *System) institutions(entries []entry) []Institution {
	var all []Institution
	add := func(in Institution) {
		here := func(e entry) bool { return e.institution == in.Code }
		there := func(o Institution) bool { return o.Code == in.Code }
		if slices.ContainsFunc(entries, here) && !slices.ContainsFunc(all, there) {
			all = append(all, in)
		}
	}
	for _, in := range s.cfg.Institutions {
		add(in)
	}
	for _, e := range entries {
		add(Institution{Code: e.institution})
	}
	return all
}

// entries are the rows of a patron: charges, then what else there is.
func (s *System) entries(p resttest.Patron) []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []entry
	for _, f := range p.Fees {
		e := entry{institution: f.Branch, sequence: f.ID, way: "debit", kind: "3", description: f.Description, amountMinor: f.OutstandingMinor}
		if f.OutstandingMinor == 0 {
			by, paid := s.paid[p.Card+"/"+f.ID]
			if !paid || !s.cfg.ListClosed {
				continue // waived, or out of the list
			}
			e.amountMinor, e.paidOn, e.identifier = f.AmountMinor, by.on, by.reference
		}
		all = append(all, e)
	}
	for i, x := range slices.Concat(s.cfg.Extra, s.credits) {
		if x.Card == p.Card {
			all = append(all, x.entry(9000+i))
		}
	}
	for i, l := range s.lumps {
		if s.cfg.PaymentRows && l.card == p.Card {
			all = append(all, entry{institution: l.institution, sequence: fmt.Sprint(9500 + i), way: "debit", kind: "Payment",
				description: "Payment", amountMinor: l.amountMinor, paidOn: l.on, identifier: l.reference})
		}
	}
	return all
}

func (x Extra) entry(number int) entry {
	e := entry{institution: x.Institution, sequence: fmt.Sprint(number), way: "debit", kind: "3", description: x.Description, amountMinor: x.AmountMinor}
	switch x.Kind {
	case Transferred:
		e.transferred = true
	case Credit:
		e.way, e.kind = "credit", "8"
	case Closed:
		e.paidOn = time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC)
	case Payment:
		e.kind = "Payment"
	}
	return e
}

func (s *System) institution(p resttest.Patron, in Institution, entries []entry, full bool) string {
	var rows strings.Builder
	open := int64(0)
	for _, e := range entries {
		if e.institution != in.Code {
			continue
		}
		rows.WriteString(s.cash(p, e, full))
		if e.way == "debit" && e.kind != "Payment" && !e.transferred && e.paidOn.IsZero() {
			open += e.amountMinor
		}
	}
	code := fmt.Sprintf(" code=%q", in.Code)
	if s.cfg.Nameless {
		code = ""
	}
	text := "<institution" + code + ">\n" + field("inst-name", in.Name)
	if s.cfg.Sums {
		text += field("open-sum", "-"+s.number(open))
	}
	return text + rows.String() + "</institution>\n"
}

// cash writes a row. In the brief view the fields stand in it directly.
func (s *System) cash(p resttest.Patron, e entry, full bool) string {
	date, hour := "00000000", ""
	if !e.paidOn.IsZero() {
		date, hour = e.paidOn.Format("20060102"), e.paidOn.Format("1504")
	}
	letter, sum := "Credit", s.number(e.amountMinor)
	if e.way == "debit" {
		letter, sum = "Debit", s.debt(e.amountMinor)
	}
	flag := "N"
	if e.transferred {
		flag = "Y"
	}
	fields := field("z31-sequence", e.sequence) + field("z31-date", "20190201") + field("z31-type", e.kind) +
		field("z31-status", "Not paid by/credited to patron") + field("z31-credit-debit", letter) + field("z31-sum", sum) +
		field("z31-payment-date", date) + field("z31-payment-hour", hour) + field("z31-payment-identifier", e.identifier) +
		field("z31-description", e.description)
	if full {
		fields = "<z31>\n" + field("z31-id", p.Number) + fields + "</z31>\n<z13/>\n<z30/>\n"
	}
	return fmt.Sprintf("<cash type=%q transferred=%q href=\"http://aleph.example.org:1892/rest-dlf/patron/%s/circulationActions/cash/%s%s\">\n%s</cash>\n",
		e.way, flag, p.Number, e.institution, e.sequence, fields)
}

func (s *System) debt(minor int64) string {
	if s.cfg.Minus {
		return "-" + s.number(minor)
	}
	return "(" + s.number(minor) + ")"
}

// number writes hundredths in the way of the library's country.
func (s *System) number(minor int64) string {
	whole := fmt.Sprint(minor / 100)
	for at := len(whole) - 3; at > 0 && s.cfg.Grouping != ""; at -= 3 {
		whole = whole[:at] + s.cfg.Grouping + whole[at:]
	}
	return fmt.Sprintf("%s%s%02d", whole, s.cfg.Mark, minor%100)
}

func field(name, text string) string {
	return "<" + name + ">" + escape(text) + "</" + name + ">\n"
}

func escape(text string) string {
	var out bytes.Buffer
	xml.EscapeText(&out, []byte(text)) // a buffer takes everything
	return out.String()
}
