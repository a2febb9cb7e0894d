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
	lines    chan arrived
	gone     chan struct{} // closed when the far side has ended the connection
	loggedIn bool
	mute     bool
	out      chan []byte   // to the writer
	written  chan struct{} // closed when the writer has ended
	last     wire.Message  // the last answer, for 97
	before   string        // AY and AZ of the request before, where answers are replayed
	joined   bool          // the answer waits for the next one
	waiting  []byte        // answers that wait for the next one
	talked   bool          // a message was written
}

// handle answers one line. false ends the connection.
func (n *session) handle(line []byte) bool {
	m, err := n.cfg.Format.Parse(line)
	if err != nil {
		return n.misunderstood()
	}
	n.mu.Lock()
	n.seen = append(n.seen, m.Code)
	n.mu.Unlock()
	if n.mute {
		return true
	}
	if n.is.FirstAZ && bytes.Count(line, []byte("AZ")) > 1 {
		m.Checksum = wire.Bad
	}
	if (m.Checksum == wire.Bad && (n.cfg.NeedAZ || !n.is.ForgetsSums)) || (n.cfg.NeedAZ && m.Checksum == wire.Absent) {
		return n.send(wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK})
	}
	if n.cfg.Login != "" && !n.loggedIn && m.Code != "93" {
		return n.is.Stranger == Ignored
	}
	if n.is.Replays && n.cfg.NeedAZ && m.Code != "97" {
		mark := fmt.Sprint(m.Sequence, string(m.Raw[len(m.Raw)-4:]))
		if mark == n.before && n.last.Code != "" {
			return n.send(n.last)
		}
		n.before = mark
	}
	switch m.Code {
	case "93":
		n.loggedIn = n.cfg.Login == "" || (m.Value("CN") == n.cfg.Login && m.Value("CO") == n.cfg.Password)
		return n.answer(m, "94", bit(n.loggedIn)) && (n.loggedIn || !n.is.LoginClosesOnNo)
	case "99":
		return n.status(m)
	case "63":
		if !n.gate.Pass(n.gone, n.end) {
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
	case "11":
		return n.checkout(m)
	case "09":
		return n.checkin(m)
	case "29":
		return n.renew(m)
	case "65":
		return n.renewAll(m)
	case "15":
		return n.holdRequest(m)
	case "17":
		return n.itemInformation(m)
	case "19":
		return n.itemStatusUpdate(m)
	case "01":
		return n.block(m, false)
	case "25":
		return n.block(m, true)
	case "97":
		if n.last.Code == "" {
			return n.misunderstood()
		}
		again := n.last
		if n.is.ResendsZero {
			again.Sequence = 0
		}
		return n.send(again)
	case "96": // the unit could not read the last answer
		if n.last.Code == "" {
			return true
		}
		return n.send(n.last)
	}
	return n.misunderstood()
}

// misunderstood answers what is no request.
func (n *session) misunderstood() bool {
	if n.is.PlainTextFaults {
		return n.write([]byte("Problems handling the request: no handler\r"))
	}
	return n.send(wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK})
}

// institutionLast puts AO where the mode has it.
func (n *session) institutionLast(fields ...wire.Field) []wire.Field {
	ao := wire.Field{ID: "AO", Value: n.cfg.Institution}
	if n.is.InstitutionLast {
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
		if n.is.EscapesDelimiter {
			f.Value = strings.ReplaceAll(f.Value, "|", "&#124;")
		}
		if text := []rune(f.Value); n.is.CutsValues > 0 && len(text) > n.is.CutsValues {
			f.Value = string(text[:n.is.CutsValues])
		}
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
	if n.is.LateLF && n.talked {
		b = append([]byte("\n"), b...)
	}
	n.talked = true
	if n.waiting = append(n.waiting, b...); n.joined {
		return true
	}
	b, n.waiting = n.waiting, nil
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
		size := max(len(b), 1)
		if n.is.SplitWrites {
			size = 1
		}
		for piece := range slices.Chunk(b, size) {
			if _, err := n.conn.Write(piece); err != nil {
				return
			}
		}
	}
}

func (n *session) date() string {
	zone := n.is.Zone
	if zone == "" {
		zone = "    "
	}
	now := n.cfg.Now()
	return now.Format("20060102") + zone + now.Format("150405")
}

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
	return n.answer(m, "98", yn(!n.cfg.OffLine)+"YYYYN"+fmt.Sprintf("%03d", n.cfg.Timeout)+n.cfg.Retries+n.date()+"2.00",
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
	var holds, overdue, charged, list []wire.Field
	if p := n.patron(m.Value("AA")); p != nil {
		holds, overdue, charged = n.lists(p)
	}
	switch strings.IndexByte(m.FixedValue("summary"), 'Y') { // the first, as Koha does it
	case 0:
		list = holds
	case 1:
		list = overdue
	case 2:
		list = charged
	case 3:
		list = n.feeFields(fees)
	}
	n.mu.Unlock()
	if n.is.Fees != FeesFOLIO && n.is.Fees != FeesAleph { // which list groups of fields
		list = window(list, m.Value("BP"), m.Value("BQ"), n.is.PadsLists)
	}
	counts := fmt.Sprintf("%04d%04d%04d%04d%04d%04d", len(holds), len(overdue), len(charged), len(fees), 0, 0)
	if n.is.FeeLimit != "" {
		fields = append(fields, wire.Field{ID: "CC", Value: n.is.FeeLimit})
	}
	return n.answer(m, "64", status+"001"+n.date()+counts, n.institutionLast(slices.Concat(fields, list, n.is.OwnFields)...)...)
}

// window cuts a list to BP and BQ, from 1 and inclusive. Koha pads it to BQ with blank entries (measured).
func window(list []wire.Field, first, last string, pad bool) []wire.Field {
	if end, err := strconv.Atoi(last); err == nil && end >= 0 && end <= 9999 {
		for pad && len(list) > 0 && len(list) < end {
			list = append(list, wire.Field{ID: list[0].ID, Value: " "})
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
	if n.is.NamesCurrency {
		fields = append(fields, wire.Field{ID: "BH", Value: n.cfg.Currency})
	}
	text := n.decimal(owed - p.CreditMinor)
	if n.is.ShortAmounts {
		text = n.short(owed - p.CreditMinor)
	}
	if n.is.Fees == FeesFOLIO {
		text = grouped(text)
	}
	switch {
	case owed-p.CreditMinor > 0 || !n.is.ZeroUnsaid:
		fields = append(fields, wire.Field{ID: "BV", Value: text})
	case p.CreditMinor > owed && n.is.SaysCredit:
		fields = append(fields, wire.Field{ID: "AF", Value: "Patron has credit of " + n.decimal(p.CreditMinor-owed)})
	}
	return string(flags), fields, open
}

// feeFields are fees as this library system lists them.
func (n *session) feeFields(fees []Fee) []wire.Field {
	var lines, groups []wire.Field
	add := func(text string) { lines = append(lines, wire.Field{ID: "AV", Value: text}) }
	for _, f := range fees {
		text, amount := strings.TrimSpace(f.Kind+" "+f.Description), n.decimal(f.OutstandingMinor)
		switch n.is.Fees {
		case FeesKoha:
			add(f.ID + " " + text + " " + amount)
		case FeesText:
			add(text + ": " + amount + " " + n.cfg.Currency)
		case FeesEGLegacy:
			add(amount + " " + text)
		case Fees3M, FeesSwyerA:
			add(f.ID + " $" + amount + ` "` + evergreenKind(f.Kind) + `" ` + f.Description)
		case FeesFSIP2:
			add(f.ID + " " + amount + ` "` + f.Kind + `" ` + f.Description)
		case FeesSwyerB:
			add("Charge-Number: " + f.ID + ", Amount-Due: " + amount + ", Fine-Type: " + evergreenKind(f.Kind) + ", Title: " + f.Description)
		case FeesCARLX:
			add("I" + f.ID + "^T" + f.Description + "^F" + amount + "^S" + f.Kind)
		case FeesAleph:
			groups = append(groups, wire.Field{ID: "EK", Value: f.ID}, wire.Field{ID: "EI", Value: "1"}, wire.Field{ID: "EA", Value: amount},
				wire.Field{ID: "ET", Value: text}, wire.Field{ID: "EF", Value: "N"})
		case FeesFOLIO:
			add("B" + f.ID[:min(8, len(f.ID))])
			groups = append(groups, wire.Field{ID: "CG", Value: f.ID}, wire.Field{ID: "FA", Value: grouped(amount)},
				wire.Field{ID: "FB", Value: "B" + f.ID[:min(8, len(f.ID))]}, wire.Field{ID: "FC", Value: n.cfg.Now().Format("02.01.2006")},
				wire.Field{ID: "FD", Value: f.Description}, wire.Field{ID: "FE", Value: "fe" + f.ID}, wire.Field{ID: "FF", Value: f.Kind})
		}
	}
	return append(lines, groups...)
}

// evergreenKind is one of the three words that Evergreen has for a fee.
func evergreenKind(kind string) string {
	switch lower := strings.ToLower(kind); {
	case strings.Contains(lower, "lost"):
		return "LOST"
	case strings.Contains(lower, "overdue"):
		return "FINE"
	}
	return "FEE"
}

// grouped writes thousands with commas, as edge-sip2's pattern ",##0.00" does.
func grouped(amount string) string {
	whole, fraction, point := strings.Cut(amount, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if point {
		return sign + whole + "." + fraction
	}
	return sign + whole
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

// minor reads a BV. Koha takes what stands at its beginning for a number, and nothing for zero (measured).
func (n *session) minor(text string) (int64, bool) {
	if n.is.ReadsAnyAmount {
		return n.begins(text), true
	}
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

// begins is the number that a text begins with, cut to the currency's digits.
func (n *session) begins(text string) int64 {
	text = strings.TrimLeft(text, " ")
	negative := strings.HasPrefix(text, "-")
	text = strings.TrimLeft(text, "+-")
	end := 0
	for end < len(text) && end < 15 && (text[end] >= '0' && text[end] <= '9' || text[end] == '.' && !strings.Contains(text[:end], ".")) {
		end++
	}
	whole, fraction, _ := strings.Cut(text[:end], ".")
	fraction = (fraction + strings.Repeat("0", n.cfg.Decimals))[:n.cfg.Decimals]
	v, err := strconv.ParseInt(whole+fraction, 10, 64)
	switch {
	case err != nil:
		return 0
	case negative:
		return -v
	}
	return v
}

// hasPIN says whether a message carries its patron's PIN.
func (n *session) hasPIN(m wire.Message) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.patron(m.Value("AA"))
	return p != nil && p.PIN == m.Value("AD")
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
	if n.cfg.NeedPIN && !n.hasPIN(m) {
		return n.answerFeePaid(m, false, "PIN missing or wrong")
	}
	delay := n.is.LateApply
	if fault == ApplyLate {
		delay = n.cfg.ApplyLate
	}
	if delay > 0 {
		time.AfterFunc(delay, func() { n.book(m) })
		n.mute = true
		return true
	}
	ok, text := n.book(m)
	if text == dead {
		return false
	}
	switch fault {
	case PlainText:
		return n.write([]byte("Problems handling the request: Connection was closed\r"))
	case BookedNo:
		return n.answerFeePaid(m, false, "")
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
	if bk, sent := m.Lookup("BK"); sent && n.is.EchoesReference && !n.cfg.NoEcho {
		if n.is.OwnReference {
			n.mu.Lock()
			bk = fmt.Sprintf("R%d", len(n.postings))
			n.mu.Unlock()
		}
		fields = append(fields, wire.Field{ID: "BK", Value: bk})
	}
	if id := m.Value("CG"); ok && (n.is.Fees == FeesFOLIO || n.is.Fees == FeesFSIP2) && startsWithUUID(id) { // account, remaining, date, fee, applied
		n.mu.Lock()
		line, _ := n.line(id)
		booked := n.postings[len(n.postings)-1]
		n.mu.Unlock()
		if booked.Fee == id { // and not the whole account instead
			fields = append(fields, wire.Field{ID: "CG", Value: id}, wire.Field{ID: "FA", Value: grouped(n.decimal(line.OutstandingMinor))},
				wire.Field{ID: "FC", Value: n.cfg.Now().Format("02.01.2006")}, wire.Field{ID: "FE", Value: "fe" + id}, wire.Field{ID: "FG", Value: n.decimal(booked.AmountMinor)})
		}
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

// dead as the reason of a No means that the process died before it had answered.
const dead = "\x00dead"

// book pays a fee or lowers the account. text is the reason of a No.
func (n *session) book(m wire.Message) (ok bool, text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	amount, readable := n.minor(m.Value("BV"))
	p := n.patron(m.Value("AA"))
	id := m.Value("CG")
	if n.is.UnknownFeeIsAll && !startsWithUUID(id) {
		id = "" // the whole account is paid
	}
	kind := m.FixedValue("payment_type")
	switch {
	case len(n.is.PaymentTypes) > 0 && !slices.Contains(n.is.PaymentTypes, kind), p == nil && n.is.StrangerDies:
		return false, dead
	case p == nil:
		return false, "Invalid patron"
	case !readable:
		return false, "Invalid amount"
	case n.is.NamedFeesOnly && id == "":
		return false, "No fee is named"
	case !n.is.TakesFeeIDs && id != "":
		return false, "Fee identifiers are not supported"
	case n.is.WholeOnly && amount < p.owed():
		return false, "Only the whole account can be paid"
	}
	if n.is.Pairs {
		return n.bookPairs(m, p, amount)
	}
	var line *Fee
	owed := p.owed()
	if id != "" {
		owner := (*Patron)(nil)
		if line, owner = n.line(id); line != nil && n.is.Over == Capped && line.OutstandingMinor <= 0 {
			line = nil // closed
		}
		switch {
		case line == nil && n.is.ElseAll:
			id = ""
		case line != nil && n.is.ChecksOwner && owner != p && n.is.SilentOwner:
			return false, ""
		case line == nil, n.is.ChecksOwner && owner != p:
			return false, n.why("Fee not found")
		}
		if n.is.ChecksOwner && line != nil {
			owed = line.OutstandingMinor
		}
	}
	if n.is.Over == Capped {
		if line != nil {
			owed = line.OutstandingMinor
		}
		amount = min(amount, owed)
	}
	if text := n.tooMuch(amount, owed, id); text != "" || n.is.Over != ToCredit && amount > owed {
		return false, text
	}
	left := amount
	pay := func(f *Fee) {
		part := min(left, max(f.OutstandingMinor, 0))
		f.OutstandingMinor -= part
		left -= part
	}
	if amount < 0 { // a debt (Koha, measured)
		p.Fees = append(p.Fees, Fee{ID: fmt.Sprintf("9%d", len(n.postings)), Description: "Payment", AmountMinor: -amount, OutstandingMinor: -amount})
		left = 0
	}
	if line != nil {
		pay(line)
	}
	if id == "" && n.is.Evenly {
		if amount, left = p.payEvenly(amount), 0; amount == 0 {
			return false, "Payment failed"
		}
	}
	for i := range p.Fees {
		pay(&p.Fees[i])
	}
	p.CreditMinor += left
	posting := Posting{Reference: m.Value("BK"), Card: p.Card, Fee: id, AmountMinor: amount}
	if n.is.KeepsApproval && (kind == "01" || kind == "02") {
		posting.Approval = m.Value("BK")
	}
	n.postings = append(n.postings, posting)
	return true, ""
}

// bookPairs pays the fees that pairs of BZ, the amount, and EK, the key, name (Aleph, inferred): all of them or none.
func (n *session) bookPairs(m wire.Message, p *Patron, amount int64) (ok bool, text string) {
	shares := map[*Fee]int64{}
	var keys []string
	sum, share := int64(0), int64(0)
	for _, f := range m.Fields {
		switch f.ID {
		case "BZ":
			var readable bool
			if share, readable = n.minor(f.Value); !readable {
				return false, "Invalid amount"
			}
		case "EK":
			fee, owner := n.line(f.Value)
			if fee == nil || owner != p || share <= 0 || shares[fee]+share > fee.OutstandingMinor {
				return false, "Cash transaction cannot be paid"
			}
			shares[fee] += share
			keys, sum, share = append(keys, f.Value), sum+share, 0
		}
	}
	if sum != amount {
		return false, "Amount is not that of the cash transactions"
	}
	for fee, part := range shares {
		fee.OutstandingMinor -= part
	}
	n.postings = append(n.postings, Posting{Reference: m.Value("BK"), Card: p.Card, Fee: strings.Join(keys, ","), AmountMinor: amount})
	return true, ""
}

// payEvenly gives each open fee the same share, the last one also what does not divide. It returns what was booked.
func (p *Patron) payEvenly(amount int64) (booked int64) {
	var open []*Fee
	for i := range p.Fees {
		if p.Fees[i].OutstandingMinor > 0 {
			open = append(open, &p.Fees[i])
		}
	}
	for i, f := range open {
		share := amount / int64(len(open))
		if i == len(open)-1 {
			share += amount % int64(len(open))
		}
		if share <= f.OutstandingMinor {
			f.OutstandingMinor -= share
			booked += share
		}
	}
	return booked
}

// tooMuch is the reason for which a payment of more than is owed is refused; empty when it is not, or without a word.
func (n *session) tooMuch(amount, owed int64, id string) string {
	const text = "Amount is more than is owed"
	switch {
	case n.is.Over == RefusedRound && twoDigits(amount) > twoDigits(owed),
		n.is.Over == Refused && amount > owed,
		n.is.Over == RefusedByLine && amount > owed && id == "":
		return n.why(text)
	case n.is.Over == RefusedByLine && amount > owed:
		return dead
	}
	return ""
}

// twoDigits rounds to two significant digits, half up, as edge-sip2 compares amounts.
func twoDigits(v int64) int64 {
	unit := int64(1)
	for v/unit >= 100 {
		unit *= 10
	}
	return (v + unit/2) / unit * unit
}

// why is the text of a refusal, where there is one: Koha says no and does not say why (measured).
func (n *session) why(text string) string {
	if n.is.SilentRefusal {
		return ""
	}
	return text
}

func startsWithUUID(id string) bool {
	if len(id) < 36 {
		return false
	}
	for i, c := range id[:36] {
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// line finds a fee whoever owns it, and its owner.
func (n *session) line(id string) (*Fee, *Patron) {
	for _, p := range n.patrons {
		for i := range p.Fees {
			if p.Fees[i].ID == id {
				return &p.Fees[i], p
			}
		}
	}
	return nil, nil
}
