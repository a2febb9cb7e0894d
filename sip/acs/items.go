package acs

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"selfpay/sip/wire"
)

// Item is one thing the library lends.
type Item struct {
	ID         string // AB
	Title      string // AJ
	Media      string // CK, empty means book
	Location   string // AQ
	Properties string // CH

	borrower string // card; empty when it is not lent
	due      time.Time
	renewals int
	holds    []hold // in the order of the queue
	returned bool   // stands at a desk and not on its shelf
}

type hold struct {
	card, pickup string
}

// The library's rules, as plain as they can be.
const (
	loanTime    = 28 * 24 * time.Hour
	maxRenewals = 3
)

// AddItem adds an item that is on its shelf.
func (s *System) AddItem(i Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.ID == "" || s.item(i.ID) != nil {
		return fmt.Errorf("acs: an item needs an id that no other has")
	}
	if i.Media == "" {
		i.Media = "001"
	}
	s.items = append(s.items, &i)
	return nil
}

func (s *System) item(id string) *Item {
	at := slices.IndexFunc(s.items, func(i *Item) bool { return i.ID == id })
	if at < 0 {
		return nil
	}
	return s.items[at]
}

// Loan is one item that is lent.
type Loan struct {
	Card     string
	Item     string
	Due      time.Time
	Renewals int
}

// Loans are what is lent now, in the order of the items.
func (s *System) Loans() []Loan {
	s.mu.Lock()
	defer s.mu.Unlock()
	var loans []Loan
	for _, i := range s.items {
		if i.borrower != "" {
			loans = append(loans, Loan{i.borrower, i.ID, i.due, i.renewals})
		}
	}
	return loans
}

func (n *session) day(t time.Time) string { return t.Format("20060102    150405") }

// checkout answers 11. A patron's own item is renewed.
func (n *session) checkout(m wire.Message) bool {
	n.mu.Lock()
	p, i := n.patron(m.Value("AA")), n.item(m.Value("AB"))
	renewal := i != nil && p != nil && i.borrower == p.Card
	why := n.lend(p, i, m.Value("BI") == "Y")
	fixed, fields := n.loanAnswer(m, i, why, renewal)
	n.mu.Unlock()
	return n.answer(m, "12", fixed, n.institutionLast(fields...)...)
}

// renew answers 29.
func (n *session) renew(m wire.Message) bool {
	n.mu.Lock()
	p := n.patron(m.Value("AA"))
	i := n.item(m.Value("AB"))
	if i == nil {
		at := slices.IndexFunc(n.items, func(i *Item) bool { return m.Value("AJ") != "" && i.Title == m.Value("AJ") })
		if at >= 0 {
			i = n.items[at]
		}
	}
	why := "Item not checked out to this patron"
	if p != nil && i != nil && i.borrower == p.Card {
		why = n.lend(p, i, false)
	}
	fixed, fields := n.loanAnswer(m, i, why, why == "")
	n.mu.Unlock()
	return n.answer(m, "30", fixed, n.institutionLast(fields...)...)
}

// lend gives an item to a patron, or once more; the text is the reason of a No. n.mu is held.
func (n *session) lend(p *Patron, i *Item, undo bool) string {
	now := n.cfg.Now()
	switch {
	case p == nil:
		return "Invalid patron"
	case i == nil:
		return "Item not in catalogue"
	case undo && i.borrower == p.Card:
		i.borrower = ""
		return ""
	case p.Blocked:
		return "Patron is blocked"
	case i.borrower == p.Card:
		if i.renewals >= maxRenewals {
			return "Too many renewals"
		}
		if len(i.holds) > 0 {
			return "Item is wanted by another patron"
		}
		i.renewals++
	case i.borrower != "":
		return "Item is checked out to another patron"
	case len(i.holds) > 0 && i.holds[0].card != p.Card:
		return "Item is on hold for another patron"
	default:
		if len(i.holds) > 0 {
			i.holds = i.holds[1:]
		}
		i.borrower, i.renewals, i.returned = p.Card, 0, false
	}
	i.due = now.Add(loanTime)
	return ""
}

// loanAnswer is what 12 and 30 share.
func (n *session) loanAnswer(m wire.Message, i *Item, why string, renewal bool) (string, []wire.Field) {
	fields := []wire.Field{{ID: "AA", Value: m.Value("AA")}, {ID: "AB", Value: m.Value("AB")}}
	if i == nil {
		fields = append(fields, wire.Field{ID: "AJ"}, wire.Field{ID: "AH"})
	} else {
		due := ""
		if why == "" {
			due = n.day(i.due)
		}
		fields[1].Value = i.ID
		fields = append(fields, wire.Field{ID: "AJ", Value: i.Title}, wire.Field{ID: "AH", Value: due}, wire.Field{ID: "CK", Value: i.Media})
	}
	if why != "" {
		fields = append(fields, wire.Field{ID: "AF", Value: why})
	}
	ok := why == ""
	return bit(ok) + yn(ok && renewal) + "N" + yn(ok && !renewal) + n.date(), fields
}

// checkin answers 09.
func (n *session) checkin(m wire.Message) bool {
	n.mu.Lock()
	i := n.item(m.Value("AB"))
	fields := []wire.Field{{ID: "AB", Value: m.Value("AB")}, {ID: "AQ"}}
	alert := false
	if i != nil {
		i.borrower, i.returned = "", true
		fields[1].Value = i.Location
		fields = append(fields, wire.Field{ID: "AJ", Value: i.Title}, wire.Field{ID: "CK", Value: i.Media})
		if len(i.holds) > 0 {
			alert = true
			fields = append(fields, wire.Field{ID: "CV", Value: "01"}, wire.Field{ID: "CT", Value: i.holds[0].pickup}, wire.Field{ID: "CY", Value: i.holds[0].card})
		}
	} else {
		fields = append(fields, wire.Field{ID: "AF", Value: "Item not in catalogue"})
	}
	n.mu.Unlock()
	return n.answer(m, "10", bit(i != nil)+yn(i != nil)+"N"+yn(alert)+n.date(), n.institutionLast(fields...)...)
}

// renewAll answers 65.
func (n *session) renewAll(m wire.Message) bool {
	n.mu.Lock()
	p := n.patron(m.Value("AA"))
	var done, left []wire.Field
	for _, i := range n.items {
		if p == nil || i.borrower != p.Card {
			continue
		}
		if n.lend(p, i, false) == "" {
			done = append(done, wire.Field{ID: "BM", Value: i.ID})
		} else {
			left = append(left, wire.Field{ID: "BN", Value: i.ID})
		}
	}
	n.mu.Unlock()
	fixed := bit(p != nil) + fmt.Sprintf("%04d%04d", len(done), len(left)) + n.date()
	return n.answer(m, "66", fixed, n.institutionLast(append(done, left...)...)...)
}

// holdRequest answers 15.
func (n *session) holdRequest(m wire.Message) bool {
	n.mu.Lock()
	p, i := n.patron(m.Value("AA")), n.item(m.Value("AB"))
	fields := []wire.Field{{ID: "AA", Value: m.Value("AA")}, {ID: "AB", Value: m.Value("AB")}}
	ok, available := p != nil && i != nil, false
	if ok {
		at := slices.IndexFunc(i.holds, func(h hold) bool { return h.card == p.Card })
		wanted := hold{card: p.Card, pickup: m.Value("BS")}
		switch mode := m.FixedValue("hold_mode"); {
		case mode == "+" && at < 0 && i.borrower != p.Card:
			i.holds = append(i.holds, wanted)
		case mode == "-" && at >= 0:
			i.holds = slices.Delete(i.holds, at, at+1)
		case mode == "*" && at >= 0:
			i.holds[at] = wanted
		default:
			ok = false
		}
		available = ok && i.borrower == "" && len(i.holds) > 0 && i.holds[0].card == p.Card
		if place := slices.IndexFunc(i.holds, func(h hold) bool { return h.card == p.Card }); place >= 0 {
			fields = append(fields, wire.Field{ID: "BR", Value: strconv.Itoa(place + 1)}, wire.Field{ID: "BS", Value: i.holds[place].pickup})
		}
		fields = append(fields, wire.Field{ID: "AJ", Value: i.Title})
	}
	n.mu.Unlock()
	if !ok {
		fields = append(fields, wire.Field{ID: "AF", Value: "Hold not possible"})
	}
	return n.answer(m, "16", bit(ok)+yn(available)+n.date(), n.institutionLast(fields...)...)
}

// itemInformation answers 17.
func (n *session) itemInformation(m wire.Message) bool {
	n.mu.Lock()
	i := n.item(m.Value("AB"))
	status := "01"
	fields := []wire.Field{{ID: "AB", Value: m.Value("AB")}, {ID: "AJ"}}
	if i != nil {
		fields[1].Value = i.Title
		fields = append(fields, wire.Field{ID: "CF", Value: strconv.Itoa(len(i.holds))}, wire.Field{ID: "CK", Value: i.Media}, wire.Field{ID: "AQ", Value: i.Location})
		switch {
		case i.borrower != "":
			status = "04"
			fields = append(fields, wire.Field{ID: "AH", Value: n.day(i.due)})
		case len(i.holds) > 0:
			status = "08"
		case i.returned:
			status = "09"
		default:
			status = "03"
		}
		if i.Properties != "" {
			fields = append(fields, wire.Field{ID: "CH", Value: i.Properties})
		}
	}
	n.mu.Unlock()
	return n.answer(m, "18", status+"00"+"01"+n.date(), fields...)
}

// itemStatusUpdate answers 19.
func (n *session) itemStatusUpdate(m wire.Message) bool {
	n.mu.Lock()
	i := n.item(m.Value("AB"))
	fields := []wire.Field{{ID: "AB", Value: m.Value("AB")}}
	if i != nil {
		i.Properties = m.Value("CH")
		fields = append(fields, wire.Field{ID: "AJ", Value: i.Title}, wire.Field{ID: "CH", Value: i.Properties})
	}
	n.mu.Unlock()
	return n.answer(m, "20", bit(i != nil)+n.date(), fields...)
}

// block answers 01, and 25 with lift.
func (n *session) block(m wire.Message, lift bool) bool {
	n.mu.Lock()
	if p := n.patron(m.Value("AA")); p != nil {
		p.Blocked = !lift
	}
	status, fields, _ := n.account(m)
	n.mu.Unlock()
	code := "24"
	if lift {
		code = "26"
	}
	return n.answer(m, code, status+"001"+n.date(), n.institutionLast(fields...)...)
}

// lists are the things of a patron by their position in the summary: fields of 64. n.mu is held.
func (n *session) lists(p *Patron) (holds, overdue, charged []wire.Field) {
	for _, i := range n.items {
		if slices.ContainsFunc(i.holds, func(h hold) bool { return h.card == p.Card }) {
			holds = append(holds, wire.Field{ID: "AS", Value: i.ID})
		}
		if i.borrower == p.Card {
			charged = append(charged, wire.Field{ID: "AU", Value: i.ID})
			if i.due.Before(n.cfg.Now()) {
				overdue = append(overdue, wire.Field{ID: "AT", Value: i.ID})
			}
		}
	}
	return holds, overdue, charged
}
