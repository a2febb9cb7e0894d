package sip2

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/sip"
)

// read gets fees and total out of an answer, exactly. An error means that something does not add up or is in a form
// that this profile does not know; nothing is guessed then. Errors quote nothing of the answer.
func (p Profile) read(answer sip.PatronInformationResponse, currency money.Currency) ([]ils.Fee, money.Amount, error) {
	none := money.Of(0, currency)
	if answer.Currency != "" && answer.Currency != sip.Currency(currency) {
		return nil, none, errors.New("the account is in another currency")
	}
	var lines []string
	for _, line := range answer.Fines {
		if strings.TrimSpace(line) != "" { // Koha pads its list with blank entries (measured)
			lines = append(lines, line)
		}
	}
	total := none
	if answer.Fees != "" {
		var err error
		if total, err = money.Parse(answer.Fees, currency); err != nil {
			return nil, none, errors.New("the total is no exact amount")
		}
	}
	if p.fees == totalOnly {
		if answer.Fees == "" && (len(lines) > 0 || answer.FineItems > 0) {
			return nil, none, errors.New("fees are listed without a total")
		}
		return nil, total, nil
	}
	if answer.FineItems != sip.Unknown && answer.FineItems != len(lines) {
		return nil, none, fmt.Errorf("%d fees are announced and %d listed", answer.FineItems, len(lines))
	}
	sum := none
	var fees []ils.Fee
	seen := map[string]bool{}
	for i, line := range lines {
		fee, err := readFee(line, currency)
		switch {
		case err != nil:
			return nil, none, fmt.Errorf("fee %d of %d: %w", i+1, len(lines), err)
		case seen[fee.ID]:
			return nil, none, fmt.Errorf("fee %d of %d has the id of another", i+1, len(lines))
		}
		seen[fee.ID] = true
		if sum, err = sum.Add(fee.Balance); err != nil {
			return nil, none, errors.New("the fees are too large to add")
		}
		fees = append(fees, fee)
	}
	if answer.Fees == "" && !p.zeroUnsaid {
		total = sum
	}
	if total != sum {
		return nil, none, errors.New("the fees do not add up to the total")
	}
	return fees, total, nil
}

// readFee reads "<id> <description> <amount>".
func readFee(line string, currency money.Currency) (ils.Fee, error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return ils.Fee{}, errors.New("there is no id and amount")
	}
	id, last := words[0], words[len(words)-1]
	if strings.Trim(id, "0123456789") != "" {
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
