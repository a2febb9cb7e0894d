package sip2

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/sip"
	"selfpay/sip/wire"
)

// read gets fees and total out of an answer, exactly. An error means that something does not add up or is in a form
// that this profile does not know; nothing is guessed then. Errors quote nothing of the answer.
func (p Profile) read(answer sip.PatronInformationResponse, currency money.Currency) ([]ils.Fee, money.Amount, error) {
	none := money.Of(0, currency)
	if answer.Currency != "" && answer.Currency != sip.Currency(currency) {
		return nil, none, errors.New("the account is in another currency")
	}
	total := none
	if answer.Fees != "" {
		var err error
		if total, err = p.amount(answer.Fees, currency); err != nil {
			return nil, none, errors.New("the total is no exact amount")
		}
	}
	var lines []string
	for _, line := range answer.Fines {
		if strings.TrimSpace(line) != "" { // Koha pads its list with blank entries (measured)
			lines = append(lines, line)
		}
	}
	var fees []ils.Fee
	var err error
	switch p.Reads.Fees {
	case TotalOnly:
		switch {
		case answer.Fees == "" && (len(lines) > 0 || answer.FineItems > 0):
			return nil, none, errors.New("fees are listed without a total")
		case answer.Fees == "" && answer.FineItems == sip.Unknown && !p.Reads.ZeroUnsaid:
			return nil, none, errors.New("neither a total nor a number of fees is said")
		}
		return nil, total, nil
	case Groups:
		fees, err = p.groups(answer.Fields, currency)
	default:
		if answer.FineItems != sip.Unknown && answer.FineItems != len(lines) {
			return nil, none, fmt.Errorf("%d fees are announced and %d listed", answer.FineItems, len(lines))
		}
		fees, err = p.lines(lines, currency)
	}
	if err != nil {
		return nil, none, err
	}
	sum := none
	seen := map[string]bool{}
	for i, fee := range fees {
		if seen[fee.ID] && p.Traits.FeeIDs {
			return nil, none, fmt.Errorf("fee %d of %d has the id of another", i+1, len(fees))
		}
		seen[fee.ID] = true
		if sum, err = sum.Add(fee.Balance); err != nil {
			return nil, none, errors.New("the fees are too large to add")
		}
	}
	if zero := len(fees) == 0 && (p.Reads.ZeroUnsaid || answer.FineItems == 0); answer.Fees == "" && !zero {
		return nil, none, errors.New("there is no total to hold the fees against")
	}
	if total != sum {
		return nil, none, errors.New("the fees do not add up to the total")
	}
	return fees, total, nil
}

// count is how many fees an answer counts or lists; empty where there is none.
func count(answer sip.PatronInformationResponse) string {
	n := answer.FineItems
	if n == sip.Unknown {
		n = 0
		for _, line := range answer.Fines {
			if strings.TrimSpace(line) != "" {
				n++
			}
		}
	}
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// lines reads fees that stand in AV, one each. All must be in one form.
func (p Profile) lines(lines []string, currency money.Currency) ([]ils.Fee, error) {
	var first error
	for _, parse := range readers[p.Reads.Fees] {
		var fees []ils.Fee
		var err error
		for i, line := range lines {
			var fee ils.Fee
			if fee, err = parse(p, line, currency); err == nil && p.Traits.FeeIDs && !p.goodID(fee.ID) {
				err = errors.New("the id has another form than this library system's")
			}
			if err != nil {
				err = fmt.Errorf("fee %d of %d: %w", i+1, len(lines), err)
				break
			}
			fees = append(fees, fee)
		}
		if err == nil {
			return fees, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// readers are the forms in which a fee stands in one AV.
var readers = map[FeeForm][]func(Profile, string, money.Currency) (ils.Fee, error){
	IDFirst: {Profile.readFee}, EvergreenIDs: {Profile.read3M, Profile.readSwyerB}, EvergreenText: {Profile.readLegacy}, Marked: {Profile.readMarked}}

// groups reads fees that are groups of fields. Fields before the first group, and those of other meaning, are passed over;
// order is all that ties a group together.
func (p Profile) groups(fields []wire.Field, currency money.Currency) ([]ils.Fee, error) {
	at := p.Reads.Fee
	var fees []ils.Fee
	for _, f := range fields {
		if f.ID == at.begin() {
			if n := len(fees); n > 0 {
				if err := whole(fees[n-1]); err != nil {
					return nil, fmt.Errorf("fee %d: %w", n, err)
				}
			}
			fees = append(fees, ils.Fee{})
		}
		n := len(fees)
		if n == 0 {
			if f.ID == at.ID || f.ID == at.Balance {
				return nil, errors.New("an id or a balance belongs to no fee")
			}
			continue
		}
		if err := p.add(&fees[n-1], f.ID, f.Value, currency); err != nil {
			return nil, fmt.Errorf("fee %d: %w", n, err)
		}
	}
	if n := len(fees); n > 0 {
		if err := whole(fees[n-1]); err != nil {
			return nil, fmt.Errorf("fee %d: %w", n, err)
		}
	}
	return fees, nil
}

// readMarked reads a fee whose parts stand behind marks: "I104^F12.50^TThe Hobbit". Pieces with other marks are passed
// over.
func (p Profile) readMarked(line string, currency money.Currency) (ils.Fee, error) {
	at := p.Reads.Fee
	var fee ils.Fee
	for piece := range strings.SplitSeq(line, at.Separator) {
		for _, mark := range append([]string{at.ID, at.Balance}, at.Description...) {
			if value, found := strings.CutPrefix(piece, mark); found {
				if err := p.add(&fee, mark, value, currency); err != nil {
					return ils.Fee{}, err
				}
			}
		}
	}
	return fee, whole(fee)
}

// add puts one part, known by its field or its mark, into a fee.
func (p Profile) add(fee *ils.Fee, mark, value string, currency money.Currency) error {
	at := p.Reads.Fee
	switch {
	case mark == at.ID && fee.ID != "":
		return errors.New("there are two ids")
	case mark == at.ID && !p.goodID(value):
		return errors.New("the id has another form than this library system's")
	case mark == at.ID:
		fee.ID = value
	case mark == at.Balance && fee.Balance.Positive():
		return errors.New("there are two balances")
	case mark == at.Balance:
		balance, err := p.amount(value, currency)
		if err != nil || !balance.Positive() {
			return errors.New("the balance is no amount above zero")
		}
		fee.Balance = balance
	case value != "" && slices.Contains(at.Description, mark):
		fee.Description = strings.TrimSpace(fee.Description + " " + value)
	}
	return nil
}

// whole refuses a fee of which a part has not come.
func whole(fee ils.Fee) error {
	switch {
	case fee.ID == "":
		return errors.New("there is no id")
	case !fee.Balance.Positive():
		return errors.New("there is no balance")
	}
	return nil
}

// amount reads an amount, with thousands grouped by commas where the profile says so.
func (p Profile) amount(text string, currency money.Currency) (money.Amount, error) {
	if number, fraction, point := strings.Cut(text, "."); p.Reads.Thousands && point && strings.Contains(number, ",") {
		groups := strings.Split(number, ",")
		for i, group := range groups {
			if !digits(group) || len(group) > 3 || (i > 0 && len(group) != 3) || (i == 0 && group[0] == '0') {
				return money.Amount{}, errors.New("the thousands are not grouped")
			}
		}
		text = strings.Join(groups, "") + "." + fraction
	}
	return money.Parse(text, currency)
}

// goodID says whether a fee's id has the form that this library system gives.
func (p Profile) goodID(id string) bool {
	switch p.Reads.ID {
	case Digits:
		return digits(id)
	case UUID:
		return uuid(id)
	case Word:
		return id != "" && len(id) <= 40 && !strings.Contains(id, "AY") && !strings.Contains(id, "AZ") &&
			!strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '|' })
	}
	return false
}

func digits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// uuid says whether text is a UUID and nothing else, in small letters as FOLIO writes them.
func uuid(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch i {
		case 8, 13, 18, 23:
			if text[i] != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdef", rune(text[i])) {
				return false
			}
		}
	}
	return true
}

// read3M reads Evergreen's forms 3m and swyer_a: <id> $<amount> "<LOST|FINE|FEE>" <title>
// (Application/SIP2/Patron.pm).
func (p Profile) read3M(line string, currency money.Currency) (ils.Fee, error) {
	id, rest, found := strings.Cut(line, " $")
	if !found {
		return ils.Fee{}, errors.New("there is no id with an amount behind it")
	}
	amount, rest, found := strings.Cut(rest, ` "`)
	kind, title, ended := strings.Cut(rest, `"`)
	if !found || !ended {
		return ils.Fee{}, errors.New("there is no kind behind the amount")
	}
	switch kind {
	case "LOST", "FINE", "FEE":
	default:
		return ils.Fee{}, errors.New("the kind is none of LOST, FINE and FEE")
	}
	return p.fee(id, strings.TrimSpace(title), amount, currency)
}

// readSwyerB reads Evergreen's form swyer_b: Charge-Number: <id>, Amount-Due: <amount>, Fine-Type: <kind>, Title: <title>
// (Application/SIP2/Patron.pm).
func (p Profile) readSwyerB(line string, currency money.Currency) (ils.Fee, error) {
	rest, found := strings.CutPrefix(line, "Charge-Number: ")
	if !found {
		return ils.Fee{}, errors.New("there is no charge number")
	}
	id, rest, found := strings.Cut(rest, ", Amount-Due: ")
	if !found {
		return ils.Fee{}, errors.New("there is no amount due")
	}
	amount, rest, found := strings.Cut(rest, ", Fine-Type: ")
	if !found {
		return ils.Fee{}, errors.New("there is no fine type")
	}
	_, title, found := strings.Cut(rest, ", Title: ")
	if !found {
		return ils.Fee{}, errors.New("there is no title")
	}
	return p.fee(id, title, amount, currency)
}

// readLegacy reads Evergreen's form eg_legacy: <amount> <kind> <title> (OpenILS/SIP/Patron.pm). It has no id.
func (p Profile) readLegacy(line string, currency money.Currency) (ils.Fee, error) {
	amount, text, found := strings.Cut(line, " ")
	if !found {
		return ils.Fee{}, errors.New("there is nothing behind the amount")
	}
	return p.fee("", text, amount, currency)
}

// fee makes a fee of its parts.
func (p Profile) fee(id, description, amount string, currency money.Currency) (ils.Fee, error) {
	balance, err := p.amount(amount, currency)
	if err != nil || !balance.Positive() {
		return ils.Fee{}, errors.New("the amount is no amount above zero")
	}
	return ils.Fee{ID: id, Description: description, Balance: balance}, nil
}

// readFee reads "<id> <description> <amount>".
func (p Profile) readFee(line string, currency money.Currency) (ils.Fee, error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return ils.Fee{}, errors.New("there is no id and amount")
	}
	id, last := words[0], words[len(words)-1]
	if !p.goodID(id) {
		return ils.Fee{}, errors.New("the first word is no fee id")
	}
	balance, err := p.amount(last, currency)
	if err != nil || !balance.Positive() {
		return ils.Fee{}, errors.New("the last word is no amount above zero")
	}
	return ils.Fee{ID: id, Description: strings.Join(words[1:len(words)-1], " "), Balance: balance}, nil
}
