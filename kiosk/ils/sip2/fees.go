package sip2

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

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
	switch p.fees {
	case totalOnly:
		if answer.Fees == "" && (len(lines) > 0 || answer.FineItems > 0) {
			return nil, none, errors.New("fees are listed without a total")
		}
		return nil, total, nil
	case folioGroups:
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
		if seen[fee.ID] && p.goodID != nil {
			return nil, none, fmt.Errorf("fee %d of %d has the id of another", i+1, len(fees))
		}
		seen[fee.ID] = true
		if sum, err = sum.Add(fee.Balance); err != nil {
			return nil, none, errors.New("the fees are too large to add")
		}
	}
	if zero := len(fees) == 0 && (p.zeroUnsaid || answer.FineItems == 0); answer.Fees == "" && !zero {
		return nil, none, errors.New("there is no total to hold the fees against")
	}
	if total != sum {
		return nil, none, errors.New("the fees do not add up to the total")
	}
	if p.fees == evergreenText {
		return nil, total, nil
	}
	return fees, total, nil
}

// lines reads fees that stand in AV, one each. All must be in one form.
func (p Profile) lines(lines []string, currency money.Currency) ([]ils.Fee, error) {
	reads := map[feeForm][]func(string, money.Currency) (ils.Fee, error){
		idFirst: {readFee}, evergreenIDs: {read3M, readSwyerB}, evergreenText: {readLegacy}}[p.fees]
	var first error
	for _, read := range reads {
		var fees []ils.Fee
		var err error
		for i, line := range lines {
			var fee ils.Fee
			if fee, err = read(line, currency); err == nil && p.goodID != nil && !p.goodID(fee.ID) {
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

// groups reads fees that are groups of fields, each beginning with CG and holding one FA. Fields before the first
// group, and those of other meaning, are passed over; order is all that ties a group together.
func (p Profile) groups(fields []wire.Field, currency money.Currency) ([]ils.Fee, error) {
	var fees []ils.Fee
	closed := true // the last group has its balance
	for _, f := range fields {
		n := len(fees)
		switch f.ID {
		case "CG":
			switch {
			case !closed:
				return nil, fmt.Errorf("fee %d has no balance", n)
			case !p.goodID(f.Value):
				return nil, fmt.Errorf("fee %d: the id has another form than this library system's", n+1)
			}
			closed = false
			fees = append(fees, ils.Fee{ID: f.Value})
		case "FA":
			if n == 0 || closed {
				return nil, errors.New("a balance belongs to no fee, or a fee has two")
			}
			balance, err := p.amount(f.Value, currency)
			if err != nil || !balance.Positive() {
				return nil, fmt.Errorf("fee %d: the balance is no amount above zero", n)
			}
			closed, fees[n-1].Balance = true, balance
		case "FD", "FF":
			if n > 0 && f.Value != "" {
				fees[n-1].Description = strings.TrimSpace(fees[n-1].Description + " " + f.Value)
			}
		}
	}
	if !closed {
		return nil, fmt.Errorf("fee %d has no balance", len(fees))
	}
	return fees, nil
}

// amount reads an amount. FOLIO edge-sip2 groups thousands with commas (pattern ",##0.00").
func (p Profile) amount(text string, currency money.Currency) (money.Amount, error) {
	if whole, fraction, point := strings.Cut(text, "."); p.fees == folioGroups && point && strings.Contains(whole, ",") {
		groups := strings.Split(whole, ",")
		for i, group := range groups {
			if !digits(group) || len(group) > 3 || (i > 0 && len(group) != 3) || (i == 0 && group[0] == '0') {
				return money.Amount{}, errors.New("the thousands are not grouped")
			}
		}
		text = strings.Join(groups, "") + "." + fraction
	}
	return money.Parse(text, currency)
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
func read3M(line string, currency money.Currency) (ils.Fee, error) {
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
	return fee(id, strings.TrimSpace(title), amount, currency)
}

// readSwyerB reads Evergreen's form swyer_b: Charge-Number: <id>, Amount-Due: <amount>, Fine-Type: <kind>, Title: <title>
// (Application/SIP2/Patron.pm).
func readSwyerB(line string, currency money.Currency) (ils.Fee, error) {
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
	return fee(id, title, amount, currency)
}

// readLegacy reads Evergreen's form eg_legacy: <amount> <kind> <title> (OpenILS/SIP/Patron.pm). It has no id.
func readLegacy(line string, currency money.Currency) (ils.Fee, error) {
	amount, text, found := strings.Cut(line, " ")
	if !found {
		return ils.Fee{}, errors.New("there is nothing behind the amount")
	}
	return fee("", text, amount, currency)
}

// fee makes a fee of its parts.
func fee(id, description, amount string, currency money.Currency) (ils.Fee, error) {
	balance, err := money.Parse(amount, currency)
	if err != nil || !balance.Positive() {
		return ils.Fee{}, errors.New("the amount is no amount above zero")
	}
	return ils.Fee{ID: id, Description: description, Balance: balance}, nil
}

// readFee reads "<id> <description> <amount>".
func readFee(line string, currency money.Currency) (ils.Fee, error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return ils.Fee{}, errors.New("there is no id and amount")
	}
	id, last := words[0], words[len(words)-1]
	if !digits(id) {
		return ils.Fee{}, errors.New("the first word is no fee id")
	}
	balance, err := money.Parse(last, currency)
	if err != nil || !balance.Positive() {
		return ils.Fee{}, errors.New("the last word is no amount above zero")
	}
	return ils.Fee{ID: id, Description: strings.Join(words[1:len(words)-1], " "), Balance: balance}, nil
}

// initials makes at most three letters of a personal name, given name first: "Müller, Anna Maria" becomes "AMM".
func initials(name string) string {
	if family, given, found := strings.Cut(name, ","); found {
		name = given + " " + family
	}
	var letters []rune
	for _, word := range strings.Fields(name) {
		first := []rune(word)[0]
		if unicode.IsLetter(first) && len(letters) < 3 {
			letters = append(letters, unicode.ToUpper(first))
		}
	}
	return string(letters)
}
