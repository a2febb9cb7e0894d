package wire

// Kind says which texts a fixed field may hold.
type Kind int

// The kinds of fixed fields in the SIP2 document.
const (
	Text   Kind = iota // anything
	YN                 // Y or N
	YNU                // Y, N or U for unknown
	Bit                // 0 or 1
	Digits             // decimal digits; blanks where the system does not count
	Date               // YYYYMMDDZZZZHHMMSS, blanks for none
	Flags              // positions that hold Y or a blank
)

// FixedField is one field of a message's fixed part, which has neither identifier nor delimiter.
type FixedField struct {
	Name  string // as in the SIP2 document, in snake case
	Width int    // characters
	Kind  Kind
}

// Layout is the form of one message: what its fixed part holds and which fields the document requires.
type Layout struct {
	Code     string
	Name     string // as in the SIP2 document
	Fixed    []FixedField
	Required []string // field identifiers; servers leave some of them out
}

// shape is a layout with what follows from it.
type shape struct {
	Layout
	width int   // of the whole fixed part
	dates []int // where dates begin in it
}

// Width is the length of the whole fixed part, in characters.
func (l Layout) Width() int {
	width := 0
	for _, f := range l.Fixed {
		width += f.Width
	}
	return width
}

// LayoutOf finds the layout of a message by its code, "37".
func LayoutOf(code string) (Layout, bool) {
	if l := layoutAt(code); l != nil {
		return l.Layout, true
	}
	return Layout{}, false
}

// Layouts lists all messages of SIP2 2.00, requests before their answers.
func Layouts() []Layout { return append([]Layout(nil), table...) }

// layouts has the layout of each code at its number, nil where the document has none.
var layouts = func() (at [100]*shape) {
	for _, layout := range table {
		l := &shape{Layout: layout}
		for _, f := range l.Fixed {
			if f.Kind == Date {
				l.dates = append(l.dates, l.width)
			}
			l.width += f.Width
		}
		at[codeNumber(l.Code)] = l
	}
	return at
}()

// layoutAt is LayoutOf without a copy.
func layoutAt(code string) *shape {
	if len(code) != 2 || !isDigit(code[0]) || !isDigit(code[1]) {
		return nil
	}
	return layouts[codeNumber(code)]
}

func codeNumber(code string) int { return int(code[0]-'0')*10 + int(code[1]-'0') }

// datesWhole says whether no date of a fixed part is shorter than its width.
func (l *shape) datesWhole(fixed []byte) bool {
	for _, at := range l.dates {
		if b := fixed[at:]; !allDigits(b[12:18]) {
			if _, n := shortDate(b); n > 0 {
				return false
			}
		}
	}
	return true
}

var (
	date      = FixedField{"transaction_date", 18, Date}
	okBit     = FixedField{"ok", 1, Bit}
	language  = FixedField{"language", 3, Digits}
	status    = FixedField{"patron_status", 14, Flags}
	noBlock   = FixedField{"no_block", 1, YN}
	renewalOK = FixedField{"renewal_ok", 1, YN}
	magnetic  = FixedField{"magnetic_media", 1, YNU}
	nbDueDate = FixedField{"nb_due_date", 18, Date}
	version   = FixedField{"protocol_version", 4, Text}
)

// table is the list of messages in the SIP2 document, version 2.12.
var table = []Layout{
	{"23", "Patron Status Request", []FixedField{language, date}, []string{"AO", "AA", "AC", "AD"}},
	{"24", "Patron Status Response", []FixedField{status, language, date}, []string{"AO", "AA", "AE"}},
	{"11", "Checkout", []FixedField{{"sc_renewal_policy", 1, YN}, noBlock, date, nbDueDate}, []string{"AO", "AA", "AB", "AC"}},
	{"12", "Checkout Response", []FixedField{okBit, renewalOK, magnetic, {"desensitize", 1, YNU}, date}, []string{"AO", "AA", "AB", "AJ", "AH"}},
	{"09", "Checkin", []FixedField{noBlock, date, {"return_date", 18, Date}}, []string{"AP", "AO", "AB", "AC"}},
	{"10", "Checkin Response", []FixedField{okBit, {"resensitize", 1, YN}, magnetic, {"alert", 1, YN}, date}, []string{"AO", "AB", "AQ"}},
	{"01", "Block Patron", []FixedField{{"card_retained", 1, YN}, date}, []string{"AO", "AL", "AA", "AC"}},
	{"99", "SC Status", []FixedField{{"status_code", 1, Digits}, {"max_print_width", 3, Digits}, version}, nil},
	{"98", "ACS Status", []FixedField{{"on_line_status", 1, YN}, {"checkin_ok", 1, YN}, {"checkout_ok", 1, YN},
		{"acs_renewal_policy", 1, YN}, {"status_update_ok", 1, YN}, {"off_line_ok", 1, YN}, {"timeout_period", 3, Digits},
		{"retries_allowed", 3, Digits}, {"date_time_sync", 18, Date}, version}, []string{"AO", "BX"}},
	{"97", "Request ACS Resend", nil, nil},
	{"96", "Request SC Resend", nil, nil},
	{"93", "Login", []FixedField{{"uid_algorithm", 1, Text}, {"pwd_algorithm", 1, Text}}, []string{"CN", "CO"}},
	{"94", "Login Response", []FixedField{okBit}, nil},
	{"63", "Patron Information", []FixedField{language, date, {"summary", 10, Flags}}, []string{"AO", "AA"}},
	{"64", "Patron Information Response", []FixedField{status, language, date, {"hold_items_count", 4, Digits},
		{"overdue_items_count", 4, Digits}, {"charged_items_count", 4, Digits}, {"fine_items_count", 4, Digits},
		{"recall_items_count", 4, Digits}, {"unavailable_holds_count", 4, Digits}}, []string{"AO", "AA", "AE"}},
	{"35", "End Patron Session", []FixedField{date}, []string{"AO", "AA"}},
	{"36", "End Session Response", []FixedField{{"end_session", 1, YN}, date}, []string{"AO", "AA"}},
	{"37", "Fee Paid", []FixedField{date, {"fee_type", 2, Text}, {"payment_type", 2, Text}, {"currency_type", 3, Text}}, []string{"BV", "AO", "AA"}},
	{"38", "Fee Paid Response", []FixedField{{"payment_accepted", 1, YN}, date}, []string{"AO", "AA"}},
	{"17", "Item Information", []FixedField{date}, []string{"AO", "AB"}},
	{"18", "Item Information Response", []FixedField{{"circulation_status", 2, Digits}, {"security_marker", 2, Digits}, {"fee_type", 2, Text}, date}, []string{"AB", "AJ"}},
	{"19", "Item Status Update", []FixedField{date}, []string{"AO", "AB", "CH"}},
	{"20", "Item Status Update Response", []FixedField{{"item_properties_ok", 1, Bit}, date}, []string{"AB"}},
	{"25", "Patron Enable", []FixedField{date}, []string{"AO", "AA"}},
	{"26", "Patron Enable Response", []FixedField{status, language, date}, []string{"AO", "AA", "AE"}},
	{"15", "Hold", []FixedField{{"hold_mode", 1, Text}, date}, []string{"AO", "AA"}},
	{"16", "Hold Response", []FixedField{okBit, {"available", 1, YN}, date}, []string{"AO", "AA"}},
	{"29", "Renew", []FixedField{{"third_party_allowed", 1, YN}, noBlock, date, nbDueDate}, []string{"AO", "AA"}},
	{"30", "Renew Response", []FixedField{okBit, renewalOK, magnetic, {"desensitize", 1, YNU}, date}, []string{"AO", "AA", "AB", "AJ", "AH"}},
	{"65", "Renew All", []FixedField{date}, []string{"AO", "AA"}},
	{"66", "Renew All Response", []FixedField{okBit, {"renewed_count", 4, Digits}, {"unrenewed_count", 4, Digits}, date}, []string{"AO"}},
}
