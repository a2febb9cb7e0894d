package polaris

import (
	"errors"
	"strconv"
	"strings"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/rest"
)

// Bounds of what an answer may hold.
const (
	mostRows   = 2000
	longestID  = 18 // digits; more do not fit into 64 bits
	longestKey = 128
)

// The answers of PAPI, as far as they are read. Values are text, because an empty element is no zero: encoding/xml would
// read <PAPIErrorCode/> as success. (PAPI guide, the page of each method.)

// result is what every answer begins with.
type result struct {
	Codes []string `xml:"PAPIErrorCode"`
}

// code is the one PAPIErrorCode. Below zero: an error; zero or above: success, sometimes with a number of rows.
func (r result) code() (int, error) {
	if len(r.Codes) != 1 {
		return 0, errors.New("the answer has no PAPIErrorCode, or several")
	}
	text := strings.TrimSpace(r.Codes[0])
	if digits, _ := strings.CutPrefix(text, "-"); digits == "" || len(digits) > 9 || !onlyDigits(digits) {
		return 0, errors.New("the answer's PAPIErrorCode is no number")
	}
	code, err := strconv.Atoi(text)
	return code, err
}

// parse reads an answer into v, which embeds result, and gives its code.
func parse(body []byte, root string, v interface{ code() (int, error) }) (int, error) {
	if err := rest.ParseXML(body, root, v); err != nil {
		return 0, err
	}
	return v.code()
}

// authentication is the answer to AuthenticateStaffUser. AuthExpDate is not read: it is local time without a zone.
type authentication struct {
	result
	AccessToken   string
	AccessSecret  string
	PolarisUserID string
}

// validation is the answer to PatronValidate.
type validation struct {
	result
	ValidPatron   string
	PatronBarcode string
	Barcode       string
}

// barcode is what the patron is called from here on: the card may have been a user name.
func (v validation) barcode(scanned string) string {
	for _, said := range []string{v.PatronBarcode, v.Barcode} {
		if said = strings.TrimSpace(said); said != "" {
			return said
		}
	}
	return scanned
}

// basicData is the answer to PatronBasicDataGet.
type basicData struct {
	result
	Data struct {
		NameFirst     string
		NameMiddle    string
		NameLast      string
		ChargeBalance string
		Blocks        []string `xml:"PatronSystemBlocks>PatronSystemBlock>BlockID"`
	} `xml:"PatronBasicData"`
}

// The blocks that paying may lift (PAPI guide, PatronBasicDataGet, PatronSystemBlock). The others are about the record:
// registered by oneself, address to be checked, registered off line, registration to be renewed.
const (
	blockCollection   = "1024" // the account was given to a collection agency
	blockRegistration = "4096" // the registration fee is open
)

// blocked says whether the patron has a block that paying may lift. A patron of whom the collection agency has heard may
// pay here and stays blocked, until the library has heard of it in its own way.
func (b basicData) blocked() bool {
	for _, id := range b.Data.Blocks {
		if id = strings.TrimSpace(id); id == blockCollection || id == blockRegistration {
			return true
		}
	}
	return false
}

// initials are those of the holder.
func (b basicData) initials() string {
	return ils.Initials(b.Data.NameFirst + " " + b.Data.NameMiddle + " " + b.Data.NameLast)
}

// accountRows is the answer to PatronAccountGet, for what is outstanding and for what is reconciled.
type accountRows struct {
	result
	Rows []accountRow `xml:"PatronAccountGetRows>PatronAccountGetRow"`
}

type accountRow struct {
	TransactionID     string
	TransactionTypeID string
	FeeDescription    string
	Title             string
	TransactionAmount string
	OutstandingAmount string
	FreeTextNote      string
}

// The types of row that count here (PAPI guide, PatronAccountGet, TransactionTypeID). Type 8, credit, stands among the
// outstanding rows and is nothing that can be paid.
const (
	typeCharge  = "1"
	typePayment = "2"
)

// charges are the rows that can be paid, in the library's order, oldest first. An error means that one cannot be read
// exactly; nothing is guessed then. Errors quote nothing of the answer.
func (a accountRows) charges(currency money.Currency) ([]ils.Fee, money.Amount, error) {
	total := money.Of(0, currency)
	if len(a.Rows) > mostRows {
		return nil, total, errors.New("there are too many rows")
	}
	var fees []ils.Fee
	seen := map[string]bool{}
	for _, row := range a.Rows {
		if strings.TrimSpace(row.TransactionTypeID) != typeCharge {
			continue
		}
		id := strings.TrimSpace(row.TransactionID)
		balance, err := amount(row.OutstandingAmount, currency)
		switch {
		case err != nil:
			return nil, total, errors.New("what is outstanding of a charge is no exact amount")
		case balance.Minor < 0:
			return nil, total, errors.New("less than nothing is outstanding of a charge")
		case balance.Minor == 0:
			continue
		case !goodID(id):
			return nil, total, errors.New("a charge has no id")
		case seen[id]:
			return nil, total, errors.New("two charges have the same id")
		}
		seen[id] = true
		if total, err = total.Add(balance); err != nil {
			return nil, total, errors.New("the charges are too large to add")
		}
		fees = append(fees, ils.Fee{ID: id, Description: row.description(), Balance: balance})
	}
	return fees, total, nil
}

func (r accountRow) description() string {
	return strings.Join(strings.Fields(r.FeeDescription+" "+r.Title), " ")
}

// booked is what stands under our reference in the rows of several lists: payments whose note begins with it, as a whole
// word. A lump stands in several rows; a row that stands in two lists counts once.
func booked(reference string, currency money.Currency, lists ...accountRows) (money.Amount, error) {
	sum := money.Of(0, currency)
	seen := map[string]bool{}
	for _, list := range lists {
		for _, row := range list.Rows {
			id := strings.TrimSpace(row.TransactionID)
			if !row.pays(reference) || seen[id] {
				continue
			}
			seen[id] = true
			paid, err := amount(row.TransactionAmount, currency)
			if err != nil || !paid.Positive() || !goodID(id) {
				return sum, errors.New("a payment with our reference has no id or no amount above zero")
			}
			if sum, err = sum.Add(paid); err != nil {
				return sum, errors.New("the payments with our reference are too large to add")
			}
		}
	}
	return sum, nil
}

// pays says whether the row is a payment under that reference.
func (r accountRow) pays(reference string) bool {
	words := strings.Fields(r.FreeTextNote)
	return strings.TrimSpace(r.TransactionTypeID) == typePayment && len(words) > 0 && words[0] == reference
}

// payResult is the answer to PatronAccountPay, PatronAccountPayAll and PatronAccountVoid.
type payResult struct {
	result
	PayTxnIDs []string `xml:"PayTxnID"`
}

// failed says whether the answer shows the number that a failed payment brings (PAPI guide, PatronAccountPay).
func (p payResult) failed() bool {
	return len(p.PayTxnIDs) == 1 && strings.TrimSpace(p.PayTxnIDs[0]) == "0"
}

// number is the library's id of the payment. 0 is what a failed payment brings, and no id.
func (p payResult) number() (string, error) {
	if len(p.PayTxnIDs) == 0 {
		return "", nil
	}
	id := strings.TrimSpace(p.PayTxnIDs[0])
	switch {
	case len(p.PayTxnIDs) > 1, id != "" && !goodID(id) && strings.Trim(id, "0") != "":
		return "", errors.New("the answer's PayTxnID is no id")
	case strings.Trim(id, "0") == "":
		return "", nil
	}
	return id, nil
}

// amount reads money as the server writes it, with a point and up to four decimals, "2.0000". Digits behind those of the
// currency must be zeros: nothing is rounded.
func amount(text string, currency money.Currency) (money.Amount, error) {
	text = strings.TrimSpace(text)
	whole, fraction, pointed := strings.Cut(text, ".")
	if strings.Contains(text, ",") {
		return money.Amount{}, money.ErrUnreadable
	}
	if n := currency.Exponent(); pointed && len(fraction) > n {
		if len(fraction) > 8 || strings.Trim(fraction[n:], "0") != "" {
			return money.Amount{}, money.ErrUnreadable
		}
		text = whole
		if n > 0 {
			text += "." + fraction[:n]
		}
	}
	return money.Parse(text, currency)
}

// goodID wants a transaction id: digits, and more than nothing.
func goodID(id string) bool {
	return id != "" && len(id) <= longestID && onlyDigits(id) && strings.Trim(id, "0") != ""
}

func onlyDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// goodBarcode wants what stands in a path as it is, so that the address that is signed is the one the server sees. The
// guide warns that a plus sign becomes a blank on the way (PatronBasicDataGet).
func goodBarcode(barcode string) bool {
	return len(barcode) <= 64 && strings.Trim(barcode, ".") != "" && plain(barcode)
}

// goodKey wants of a token that it stands in a path as it is.
func goodKey(token string) bool {
	return token != "" && len(token) <= longestKey && strings.Trim(token, ".") != "" && plain(token)
}

func plain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
