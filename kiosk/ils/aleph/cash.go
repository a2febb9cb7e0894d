package aleph

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
)

// Bounds of a cash list.
const (
	mostRows     = 2000
	longestTitle = 60
)

// reply is what every answer of the RESTful API begins with. 0000 is yes, whatever else is no, also with HTTP 200.
type reply struct{ code, text string }

const fine = "0000"

// readReply wants exactly one reply-code, of four digits, right below the root. Without it the answer is not Aleph's. id
// is kept out of the text.
func readReply(root element, id string) (reply, error) {
	codes := root.all("reply-code")
	if len(codes) != 1 {
		return reply{}, fmt.Errorf("the answer has %d reply codes", len(codes))
	}
	code := strings.TrimSpace(codes[0].Text)
	if len(code) != 4 || checkDigits(code) != nil {
		return reply{}, errors.New("the reply code is none")
	}
	return reply{code, words(root.said("reply-text"), id)}, nil
}

func (r reply) String() string {
	if r.text == "" {
		return "reply code " + r.code
	}
	return fmt.Sprintf("reply code %s: %s", r.code, r.text)
}

// kind is what a row of the cash list is to the kiosk.
type kind string

const (
	open        kind = "open"        // a debit that can be paid
	closed      kind = "closed"      // paid
	paying      kind = "payment"     // not a charge but a payment
	transferred kind = "transferred" // handed to the bursar, or waived: neither paid nor payable here
	credit      kind = "credit"      // money of the patron that is not used up
)

// row is one cash transaction (Z31).
type row struct {
	institution string
	kind        kind
	payment     bool   // its type is that of a payment
	key         string // tells it from the others
	sum         money.Amount
	sumErr      error // the sum cannot be read, which matters only where it is needed
	how         number
	identifier  string // z31-payment-identifier
	description string // z31-description
	title       string // what the charge is for, for the screen
}

// cashList is a patron's cash list.
type cashList struct {
	names map[string]string // of the institutions by their codes
	order []string          // their codes in the list's order
	rows  []row
	shown []shownSum
}

// shownSum is a sum that the list shows beside its rows.
type shownSum struct {
	institution string // empty: of the whole list
	sum         money.Amount
}

// errOther: the answer is about another patron.
var errOther = errors.New("the answer is for another patron")

// reading reads the cash list of one patron.
type reading struct {
	id       string // internal id of the patron who was asked for
	profile  Profile
	currency money.Currency
	only     string // the code of rows that name no institution; empty: there is none
	list     cashList
	cashes   int // rows seen anywhere
}

// readCash reads a cash list exactly. Errors without ils.ErrFeesUnreadable mean that this is not the patron's list.
func (r reading) readCash(body []byte) (cashList, error) {
	root, err := parse(body)
	if err != nil {
		return cashList{}, err
	}
	said, err := readReply(root, r.id)
	switch {
	case err != nil:
		return cashList{}, err
	case said.code != fine:
		return cashList{}, errors.New(said.String())
	}
	r.list.names = map[string]string{}
	if err := r.walk(root, ""); err != nil {
		return cashList{}, err
	}
	return r.list, r.list.agrees(r.currency)
}

func unreadable(format string, of ...any) error {
	return fmt.Errorf("%w: %w", ils.ErrFeesUnreadable, fmt.Errorf(format, of...))
}

// walk finds rows wherever they stand, as the client VuFind does: a row that was passed over would look like a paid one.
func (r *reading) walk(e element, institution string) error {
	switch e.name() {
	case "institution":
		code, err := r.institution(e)
		if err != nil {
			return err
		}
		institution = code
	case "cash":
		return r.row(e, institution)
	}
	for _, c := range e.Children {
		if err := r.walk(c, institution); err != nil {
			return err
		}
		if (c.name() == "open-sum" || c.name() == "total") && strings.TrimSpace(c.Text) != "" {
			sum, _, err := amount(c.Text, r.currency)
			if err != nil {
				return unreadable("the sum of the list is no exact amount")
			}
			r.list.shown = append(r.list.shown, shownSum{institution, sum})
		}
	}
	return nil
}

// institution notes an institution. Its code is what a payment names.
func (r *reading) institution(e element) (string, error) {
	code := e.attr("code")
	if code == "" {
		code = r.only
	}
	if code == "" && len(e.all("cash")) == 0 {
		return "", nil
	}
	if !goodCode(code) {
		return "", unreadable("an institution has no code: name the one that is paid at this kiosk in institutions")
	}
	if _, known := r.list.names[code]; !known {
		r.list.order = append(r.list.order, code)
		r.list.names[code] = clean(e.said("inst-name"), longestTitle)
	}
	return code, nil
}

// goodCode wants letters and digits, as in USM50.
func goodCode(code string) bool {
	return code != "" && len(code) <= 20 && !strings.ContainsFunc(code, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_'
	})
}

// single are the fields that decide about a row: none may stand there twice.
var single = []string{"z31-type", "z31-status", "z31-credit-debit", "z31-sum", "open-sum", "z31-payment-date", "z31-payment-identifier", "z31-id", "z31-sequence"}

// row reads one row. Its fields stand in z31 in the full view, and directly in cash in the brief one.
func (r *reading) row(cash element, institution string) error {
	if r.cashes++; r.cashes > mostRows {
		return unreadable("the list has more than %d rows", mostRows)
	}
	if institution == "" {
		if institution = r.only; institution == "" {
			return unreadable("row %d belongs to no institution", r.cashes)
		}
		r.named(institution)
	}
	fields := cash
	if z31 := cash.all("z31"); len(z31) == 1 {
		fields = z31[0]
	} else if len(z31) > 1 {
		return unreadable("row %d is several", r.cashes)
	}
	for _, name := range single {
		if _, once := fields.text(name); !once {
			return unreadable("row %d has %s twice", r.cashes, name)
		}
	}
	if !r.same(cash, fields) {
		return errOther
	}
	found := row{institution: institution, identifier: fields.said("z31-payment-identifier"), description: fields.said("z31-description"),
		key: key(cash, fields), title: title(fields), payment: r.isPayment(fields.said("z31-type"))}
	found.sum, found.how, found.sumErr = r.sum(fields)
	var err error
	if found.kind, err = r.kind(cash, fields); err != nil {
		return unreadable("row %d: %w", r.cashes, err)
	}
	r.list.rows = append(r.list.rows, found)
	return nil
}

func (r *reading) named(code string) {
	if _, known := r.list.names[code]; !known {
		r.list.order = append(r.list.order, code)
		r.list.names[code] = ""
	}
}

// same says whether a row is this patron's, by what it says of itself: the link to itself, and its key in the database.
func (r *reading) same(cash, fields element) bool {
	if _, behind, found := strings.Cut(cash.attr("href"), "/patron/"); found {
		id, _, _ := strings.Cut(behind, "/")
		id, err := url.PathUnescape(id)
		if err != nil || !strings.EqualFold(strings.TrimSpace(id), r.id) {
			return false
		}
	}
	id := fields.said("z31-id")
	return id == "" || strings.EqualFold(id, r.id)
}

// sum is the sum of a row. z31-sum stays as it was charged (knowledge article "Credit/Debit Accounting in Aleph"); where the
// list also shows what is open of it, both must be the same.
func (r *reading) sum(fields element) (money.Amount, number, error) {
	texts := []string{fields.said("z31-sum"), fields.said("open-sum")}
	if texts[0] == "" {
		texts = texts[1:]
	}
	sum, how, err := amount(texts[0], r.currency)
	if err != nil || len(texts) == 1 || texts[1] == "" {
		return sum, how, err
	}
	if left, _, err := amount(texts[1], r.currency); err != nil || left != sum {
		return money.Amount{}, how, errors.New("what is open of a charge is another sum than the charge")
	}
	return sum, how, nil
}

// kind says what a row is. Texts of Aleph's are translated, so that only dates, letters and attributes count; the one text
// that counts is the profile's.
func (r *reading) kind(cash, fields element) (kind, error) {
	way := strings.ToLower(cash.attr("type"))
	letter := strings.ToUpper(fields.said("z31-credit-debit") + " ")[:1]
	switch {
	case strings.Trim(fields.said("z31-payment-date"), "0 ") != "" || fields.said("z31-status") == "C":
		return closed, nil
	case r.isPayment(fields.said("z31-type")):
		return paying, nil
	case strings.EqualFold(cash.attr("transferred"), "Y"), fields.said("z31-status") == "W", fields.said("z31-status") == "T":
		return transferred, nil
	case way == "debit" && letter != "C" || way == "" && letter == "D":
		return open, nil
	case way == "credit" && letter != "D" || way == "" && letter == "C":
		return credit, nil
	}
	return "", errors.New("it is neither clearly a debit nor a credit")
}

func (r *reading) isPayment(kind string) bool {
	for _, payment := range r.profile.PaymentTypes {
		if strings.EqualFold(kind, payment) {
			return true
		}
	}
	return false
}

// key is the sequence of a row within its patron, or the last part of the link to it.
func key(cash, fields element) string {
	if sequence := fields.said("z31-sequence"); sequence != "" {
		return sequence
	}
	href, _, _ := strings.Cut(cash.attr("href"), "?")
	return href[strings.LastIndex(href, "/")+1:]
}

// title is what a charge is for. A type that is a number says nothing to a patron.
func title(fields element) string {
	if description := clean(fields.said("z31-description"), longestTitle); description != "" {
		return description
	}
	if kind := fields.said("z31-type"); checkDigits(kind) != nil {
		return clean(kind, longestTitle)
	}
	return ""
}
