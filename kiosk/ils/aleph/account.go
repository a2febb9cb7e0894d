package aleph

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
)

// longestDescription fits the patron's screen.
const longestDescription = 90

// account makes of the list what the kiosk offers: one fee for each institution that is paid here, over exactly what is open
// there. A patron with money left over is sent to the desk: whether Pay Cash takes the debits or what is left after the
// credits is unknown.
func (l cashList) account(here []string, currency money.Currency) (ils.Account, error) {
	a := ils.Account{Total: money.Of(0, currency), Mark: l.mark(here)}
	for _, code := range l.order {
		if len(here) > 0 && !slices.Contains(here, code) {
			continue
		}
		if l.hasCredit(code) {
			return ils.Account{}, unreadable("the patron has an open credit, which the desk must use up first")
		}
		if !l.numbered(code) {
			return ils.Account{}, unreadable("a charge has no number of its own")
		}
		balance, err := l.sum(open, code, currency)
		if err != nil {
			return ils.Account{}, err
		}
		if !balance.Positive() {
			continue
		}
		a.Fees = append(a.Fees, ils.Fee{ID: code, Balance: balance, Description: l.describe(code)})
		if a.Total, err = a.Total.Add(balance); err != nil {
			return ils.Account{}, unreadable("the charges are too large to add")
		}
	}
	return a, nil
}

// hasCredit says whether money of the patron lies at an institution. A credit that cannot be read is one.
func (l cashList) hasCredit(code string) bool {
	return slices.ContainsFunc(l.rows, func(r row) bool {
		return r.kind == credit && r.institution == code && (r.sumErr != nil || r.sum.Positive())
	})
}

// numbered says whether the open charges of an institution can be told apart. See mark: without its number, a charge that was
// paid could not be told from another of the same sum that came up meanwhile.
func (l cashList) numbered(code string) bool {
	seen := map[string]bool{"": true}
	for _, r := range l.rows {
		if r.kind == open && r.institution == code {
			if seen[r.key] {
				return false
			}
			seen[r.key] = true
		}
	}
	return true
}

// sum adds up the rows of a kind at an institution, or everywhere where code is empty.
func (l cashList) sum(of kind, code string, currency money.Currency) (money.Amount, error) {
	sum := money.Of(0, currency)
	for i, r := range l.rows {
		if r.kind != of || code != "" && r.institution != code {
			continue
		}
		if r.sumErr != nil {
			return sum, unreadable("row %d: %w", i+1, r.sumErr)
		}
		var err error
		if sum, err = sum.Add(r.sum); err != nil {
			return sum, unreadable("the charges are too large to add")
		}
	}
	return sum, nil
}

// agrees holds the rows against the sums that the list shows. Whether these hold what was handed to the bursar is unknown:
// either is exact.
func (l cashList) agrees(currency money.Currency) error {
	for _, shown := range l.shown {
		sum, err := l.sum(open, shown.institution, currency)
		if err != nil {
			return err
		}
		if shown.sum == sum {
			continue
		}
		moved, err := l.sum(transferred, shown.institution, currency)
		if err != nil {
			return err
		}
		if both, err := sum.Add(moved); err != nil || both != shown.sum {
			return unreadable("the charges do not add up to the sum that the list shows")
		}
	}
	return nil
}

// describe is the institution with what is owed there: "Central Library: Overdue fine; Lost item".
func (l cashList) describe(code string) string {
	var titles []string
	for _, r := range l.rows {
		if r.kind == open && r.institution == code && r.title != "" && !slices.Contains(titles, r.title) {
			titles = append(titles, r.title)
		}
	}
	name := l.names[code]
	if name == "" {
		name = code
	}
	if len(titles) > 0 {
		name += ": " + strings.Join(titles, "; ")
	}
	return clean(name, longestDescription)
}

// mark is a digest of the charges that are open and paid here. An institution is one fee, so that a charge of the same sum
// that comes up while a posting is in doubt would else look as if nothing had been booked.
func (l cashList) mark(here []string) string {
	var keys []string
	for _, r := range l.rows {
		if r.kind == open && (len(here) == 0 || slices.Contains(here, r.institution)) {
			keys = append(keys, r.institution+"/"+r.key)
		}
	}
	if len(keys) == 0 {
		return ""
	}
	slices.Sort(keys)
	digest := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	return hex.EncodeToString(digest[:8])
}

// booked is what the list shows as paid under a reference: the charges that it closed, or the row of the payment itself.
// Where both stand there they are the same money; where they differ, the sum of both is no payment's.
func (l cashList) booked(reference string, currency money.Currency) (money.Amount, error) {
	charges, payments := money.Of(0, currency), money.Of(0, currency)
	for _, r := range l.rows {
		if r.kind == open || r.kind == transferred || !mentions(r.identifier, reference) && !mentions(r.description, reference) {
			continue
		}
		sum := &charges
		if r.payment || r.kind != closed {
			sum = &payments
		}
		var err error
		if *sum, err = sum.Add(r.sum); err != nil || r.sumErr != nil {
			return charges, unreadable("a sum under our reference is no exact amount")
		}
	}
	if charges == payments {
		return charges, nil
	}
	both, err := charges.Add(payments)
	if err != nil {
		return charges, unreadable("a sum under our reference is no exact amount")
	}
	return both, nil
}

// mentions says whether a text holds a reference as a whole word: a longer reference is another one.
func mentions(text, reference string) bool {
	inWord := func(c byte) bool {
		return c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	for at := 0; reference != ""; {
		found := strings.Index(text[at:], reference)
		if found < 0 {
			return false
		}
		begin, end := at+found, at+found+len(reference)
		if (begin == 0 || !inWord(text[begin-1])) && (end == len(text) || !inWord(text[end])) {
			return true
		}
		at = begin + 1
	}
	return false
}

// nameless stands for the initials of a patron whose name Aleph does not tell: no payment fails for want of a name.
const nameless = "·"

// initials are those of a name, "Nordmann, Kari" as Aleph keeps it (z303-name).
func initials(name string) string {
	if letters := ils.Initials(name); letters != "" {
		return letters
	}
	return nameless
}

// holder is what an X-service tells of the person: name and blocks.
type holder struct {
	id      string
	name    string
	blocked bool
}

// readHolder reads the answer of bor-auth and bor-info: z303 with the name, and the blocks of z303 and z305, which are 00
// where there is none (seen in a recorded answer in the project Solvberget).
func readHolder(root element) (holder, error) {
	z303 := root.all("z303")
	if len(z303) != 1 {
		return holder{}, errors.New("the answer tells no person")
	}
	h := holder{id: z303[0].said("z303-id"), name: z303[0].said("z303-name")}
	for _, part := range append(z303, root.all("z305")...) {
		for n := 1; n <= 3; n++ {
			if block := part.said(fmt.Sprintf("%s-delinq-%d", part.name(), n)); strings.Trim(block, "0 ") != "" {
				h.blocked = true
			}
		}
	}
	return h, nil
}
