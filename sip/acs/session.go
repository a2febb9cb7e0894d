package acs

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"selfpay/sip/wire"
)

// session is one connection.
type session struct {
	*System
	conn     net.Conn
	lines    chan []byte
	gone     chan struct{} // closed when the far side has ended the connection
	loggedIn bool
	mute     bool
	out      chan []byte   // to the writer
	written  chan struct{} // closed when the writer has ended
	last     wire.Message  // the last answer, for 97
}

// handle answers one line. false ends the connection.
func (n *session) handle(line []byte) bool {
	m, err := n.cfg.Format.Parse(line)
	if err != nil {
		return n.send(wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK})
	}
	n.mu.Lock()
	n.seen = append(n.seen, m.Code)
	n.mu.Unlock()
	if n.mute {
		return true
	}
	if m.Checksum == wire.Bad || (n.cfg.NeedAZ && m.Checksum == wire.Absent) {
		return n.send(wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK})
	}
	if n.cfg.Login != "" && !n.loggedIn && m.Code != "93" {
		return n.cfg.Mode != Koha // Koha closes, others just do not answer
	}
	switch m.Code {
	case "93":
		n.loggedIn = n.cfg.Login == "" || (m.Value("CN") == n.cfg.Login && m.Value("CO") == n.cfg.Password)
		return n.answer(m, "94", bit(n.loggedIn)) && n.loggedIn
	case "99":
		return n.status(m)
	case "63":
		if !n.hold(n.gone) {
			return false
		}
		return n.information(m)
	case "23":
		return n.patronStatus(m)
	case "35":
		return n.answer(m, "36", "Y"+n.date(), n.institutionLast(
			wire.Field{ID: "AA", Value: m.Value("AA")})...)
	case "37":
		return n.feePaid(m)
	case "97":
		if n.last.Code == "" {
			return n.send(wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK})
		}
		again := n.last
		again.Sequence = 0
		return n.send(again)
	}
	return n.send(wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK})
}

// institutionLast puts AO where the mode has it.
func (n *session) institutionLast(fields ...wire.Field) []wire.Field {
	ao := wire.Field{ID: "AO", Value: n.cfg.Institution}
	if n.cfg.Mode == Koha {
		return append(fields, ao)
	}
	return append([]wire.Field{ao}, fields...)
}

// reply makes an answer: with a checksum only if the request had one.
func reply(to wire.Message, code, fixed string, fields ...wire.Field) wire.Message {
	return wire.Message{Code: code, Fixed: fixed, Fields: fields, Sequence: to.Sequence, Checksum: to.Checksum}
}

func (n *session) answer(to wire.Message, code, fixed string, fields ...wire.Field) bool {
	n.last = reply(to, code, fixed, fields...)
	return n.send(n.last)
}

func (n *session) encode(m wire.Message) ([]byte, error) {
	m.Fields = slices.Clone(m.Fields)
	for i, f := range m.Fields {
		m.Fields[i].Value = n.cfg.Format.Fit(f.Value)
	}
	return n.cfg.Format.Encode(m)
}

func (n *session) send(m wire.Message) bool {
	b, err := n.encode(m)
	if err != nil {
		return false
	}
	return n.write(b)
}

// write queues bytes for the writer, so that an answer that nobody reads does not keep the next request out. false
// means that the connection is gone.
func (n *session) write(b []byte) bool {
	select {
	case n.out <- b:
		return true
	case <-n.written:
		return false
	}
}

// writeAll writes what is queued until out is closed or the connection fails.
func (n *session) writeAll() {
	defer close(n.written)
	for b := range n.out {
		if _, err := n.conn.Write(b); err != nil {
			return
		}
	}
}

func (n *session) date() string { return n.cfg.Now().Format("20060102    150405") }

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func yn(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

func (n *session) status(m wire.Message) bool {
	return n.answer(m, "98", yn(!n.cfg.OffLine)+"NNNNN"+"010"+"003"+n.date()+"2.00",
		wire.Field{ID: "AO", Value: n.cfg.Institution}, wire.Field{ID: "AM", Value: n.cfg.LibraryName},
		wire.Field{ID: "BX", Value: n.cfg.Messages})
}

// patronStatus answers 23.
func (n *session) patronStatus(m wire.Message) bool {
	n.mu.Lock()
	status, fields, _ := n.account(m)
	n.mu.Unlock()
	return n.answer(m, "24", status+"001"+n.date(), n.institutionLast(fields...)...)
}

// information answers 63.
func (n *session) information(m wire.Message) bool {
	n.mu.Lock()
	status, fields, fees := n.account(m)
	var list []wire.Field
	if strings.HasPrefix(m.FixedValue("summary"), "   Y") {
		for _, f := range fees {
			list = append(list, wire.Field{ID: "AV", Value: n.describe(f)})
		}
	}
	n.mu.Unlock()
	list = window(list, m.Value("BP"), m.Value("BQ"), n.cfg.Mode == Koha)
	counts := fmt.Sprintf("%04d%04d%04d%04d%04d%04d", 0, 0, 0, len(fees), 0, 0)
	if n.cfg.Mode == Koha {
		fields = append(fields, wire.Field{ID: "CC", Value: "5"})
	}
	return n.answer(m, "64", status+"001"+n.date()+counts, n.institutionLast(append(fields, list...)...)...)
}

// window cuts a list to BP and BQ, from 1 and inclusive. Koha pads it to BQ with blank entries (measured).
func window(list []wire.Field, first, last string, pad bool) []wire.Field {
	if end, err := strconv.Atoi(last); err == nil && end >= 0 && end <= 9999 {
		for pad && len(list) > 0 && len(list) < end {
			list = append(list, wire.Field{ID: "AV", Value: " "})
		}
		list = list[:min(end, len(list))]
	}
	if start, err := strconv.Atoi(first); err == nil && start > 0 {
		list = list[min(start-1, len(list)):]
	}
	return list
}

// account is what 24 and 64 share; n.mu is held.
func (n *session) account(m wire.Message) (status string, fields []wire.Field, open []Fee) {
	card := m.Value("AA")
	p := n.patron(card)
	if p == nil {
		return strings.Repeat("Y", 4) + strings.Repeat(" ", 10), []wire.Field{{ID: "AA", Value: card}, {ID: "AE"}, {ID: "BL", Value: "N"}}, nil
	}
	flags := []byte(strings.Repeat(" ", 14))
	if p.Blocked {
		flags[0] = 'Y'
	}
	for _, f := range p.Fees {
		if f.OutstandingMinor != 0 {
			open = append(open, f)
		}
	}
	fields = []wire.Field{{ID: "AA", Value: card}, {ID: "AE", Value: p.Name}, {ID: "BL", Value: "Y"},
		{ID: "CQ", Value: yn(p.PIN == "" || p.PIN == m.Value("AD"))}}
	owed := p.owed()
	switch {
	case n.cfg.Mode == Generic:
		fields = append(fields, wire.Field{ID: "BH", Value: n.cfg.Currency}, wire.Field{ID: "BV", Value: n.decimal(owed)})
	case owed-p.CreditMinor > 0:
		fields = append(fields, wire.Field{ID: "BV", Value: n.short(owed - p.CreditMinor)})
	case p.CreditMinor > owed:
		fields = append(fields, wire.Field{ID: "AF", Value: "Patron has credit of " + n.decimal(p.CreditMinor-owed)})
	}
	return string(flags), fields, open
}

func (n *session) describe(f Fee) string {
	text := strings.TrimSpace(f.Kind + " " + f.Description)
	if n.cfg.Mode == Koha {
		return f.ID + " " + text + " " + n.decimal(f.OutstandingMinor)
	}
	return text + ": " + n.decimal(f.OutstandingMinor) + " " + n.cfg.Currency
}

// decimal writes minor units with all digits of the currency.
func (n *session) decimal(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	digits := fmt.Sprintf("%0*d", n.cfg.Decimals+1, minor)
	if n.cfg.Decimals == 0 {
		return sign + digits
	}
	point := len(digits) - n.cfg.Decimals
	return sign + digits[:point] + "." + digits[point:]
}

// short is decimal without the digits behind the point when they are all zero.
func (n *session) short(minor int64) string {
	whole, fraction, _ := strings.Cut(n.decimal(minor), ".")
	if strings.Trim(fraction, "0") == "" {
		return whole
	}
	return whole + "." + fraction
}

// minor reads a BV.
func (n *session) minor(text string) (int64, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > n.cfg.Decimals {
		return 0, false
	}
	for _, c := range whole + fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	v, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", n.cfg.Decimals-len(fraction)), 10, 64)
	return v, err == nil && v > 0
}

// feePaid books a 37, or meets it with the fault that was ordered.
func (n *session) feePaid(m wire.Message) bool {
	fault := n.takeFault()
	switch fault {
	case Silent:
		n.mute = true
		return true
	case Refuse:
		return n.answerFeePaid(m, false, "Payment refused")
	case Foreign:
		return n.answer(m, "38", "Y"+n.date(), n.institutionLast(
			wire.Field{ID: "AA", Value: "F" + m.Value("AA")}, wire.Field{ID: "BK", Value: m.Value("BK")})...)
	case Again:
		return n.send(wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK})
	case Late:
		timer := time.NewTimer(n.cfg.Late)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-n.end:
			return false
		}
	}
	ok, text := n.book(m)
	switch fault {
	case ApplySilent:
		n.mute = true
		return true
	case Lost:
		n.last = n.feePaidResponse(m, ok, text)
		return true
	case Garble:
		n.last = n.feePaidResponse(m, ok, text)
		b, err := n.encode(n.last)
		if err != nil {
			return false
		}
		return n.write(bytes.Replace(b, []byte("AA"), []byte("AB"), 1))
	case Drop:
		b, err := n.encode(n.feePaidResponse(m, ok, text))
		if err == nil {
			n.write(b[:len(b)/2])
		}
		return false
	case Duplicate:
		if !n.answerFeePaid(m, ok, text) {
			return false
		}
		return n.send(n.last)
	}
	return n.answerFeePaid(m, ok, text)
}

func (n *session) feePaidResponse(m wire.Message, ok bool, text string) wire.Message {
	fields := []wire.Field{{ID: "AA", Value: m.Value("AA")}}
	if bk, sent := m.Lookup("BK"); sent && !n.cfg.NoEcho {
		fields = append(fields, wire.Field{ID: "BK", Value: bk})
	}
	if text != "" {
		fields = append(fields, wire.Field{ID: "AF", Value: text})
	}
	return reply(m, "38", yn(ok)+n.date(), n.institutionLast(fields...)...)
}

func (n *session) answerFeePaid(m wire.Message, ok bool, text string) bool {
	n.last = n.feePaidResponse(m, ok, text)
	return n.send(n.last)
}

// book pays a fee or lowers the account. text is the reason of a No.
func (n *session) book(m wire.Message) (ok bool, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	amount, readable := n.minor(m.Value("BV"))
	p := n.patron(m.Value("AA"))
	fee := m.Value("CG")
	switch {
	case p == nil:
		return false, "Invalid patron"
	case !readable:
		return false, "Invalid amount"
	case n.cfg.Mode == Generic && fee != "":
		return false, "Fee identifiers are not supported"
	case n.cfg.Mode == Generic && amount > p.owed():
		return false, "Amount is more than is owed"
	}
	left := amount
	pay := func(f *Fee) {
		part := min(left, max(f.OutstandingMinor, 0))
		f.OutstandingMinor -= part
		left -= part
	}
	if fee != "" {
		line := n.line(fee)
		if line == nil {
			return false, "" // Koha says no and does not say why (measured)
		}
		pay(line)
	}
	for i := range p.Fees {
		pay(&p.Fees[i])
	}
	p.CreditMinor += left
	n.postings = append(n.postings, Posting{Reference: m.Value("BK"), Card: p.Card, Fee: fee, AmountMinor: amount})
	return true, ""
}

// line finds a fee whoever owns it, as Koha does.
func (n *session) line(id string) *Fee {
	for _, p := range n.patrons {
		for i := range p.Fees {
			if p.Fees[i].ID == id {
				return &p.Fees[i]
			}
		}
	}
	return nil
}
