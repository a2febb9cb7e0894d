package polaris

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
)

// Account reads who the patron is and what is owed. It changes nothing and may be repeated. See ils.Library for the
// errors. Every reading has a connection of its own, so it is always younger than the doubt.
func (l *Library) Account(ctx context.Context, p ils.Patron, after ils.Doubt) (account ils.Account, err error) {
	defer func(began time.Time) { ils.Note(l.log, "account", began, err) }(time.Now())
	barcode, err := l.barcode(ctx, p.Card)
	if err == nil && l.cfg.AskPIN && p.PIN != "" {
		err = l.checkPIN(ctx, barcode, p.PIN)
	}
	if err == nil {
		account, err = l.owed(ctx, barcode, after)
	}
	switch {
	case err != nil:
		return ils.Account{}, fmt.Errorf("polaris: account: %w", err)
	case l.cfg.AskPIN && p.PIN == "":
		return account, fmt.Errorf("polaris: account: %w", ils.ErrPINNeeded)
	}
	return account, nil
}

func validate(barcode string) question {
	return question{name: "validate", resource: "patron/" + barcode, root: "PatronValidateResult"}
}

// barcode asks who a card belongs to. The answer may name another barcode than was scanned: a user name is taken as well.
func (l *Library) barcode(ctx context.Context, card string) (string, error) {
	if !goodBarcode(card) {
		return "", ils.ErrUnknownPatron // no such barcode can be asked for
	}
	var v validation
	_, err := l.ask(ctx, validate(card), &v)
	switch {
	case errors.Is(err, errDenied):
		return "", l.stranger(card)
	case err != nil:
		return "", err
	case strings.TrimSpace(v.ValidPatron) != "true":
		return "", ils.ErrUnknownPatron
	}
	barcode := v.barcode(card)
	if !goodBarcode(barcode) {
		return "", fmt.Errorf("%w: the patron's barcode has signs that cannot stand in an address", ils.ErrFeesUnreadable)
	}
	l.remember(card, barcode)
	return barcode, nil
}

// mostCards is how many cards are kept in memory with their barcodes.
const mostCards = 200

func (l *Library) remember(card, barcode string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known = true
	clear(l.strangers)
	if len(l.barcodes) >= mostCards {
		clear(l.barcodes)
	}
	l.barcodes[card] = barcode
}

// barcodeOf is the barcode of a card, as the last reading had it, else the card itself.
func (l *Library) barcodeOf(card string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if barcode, known := l.barcodes[card]; known {
		return barcode
	}
	return card
}

// enoughStrangers cards that may not be looked up, without one that may, are no wrong cards but a missing permission.
const enoughStrangers = 3

// stranger is a card that was answered with 401 under a session that is accepted. The guide shows that answer for
// PatronValidate and does not say when; it may mean a card that nobody has, so one such card must not put the kiosk out of
// service. A card that was found before is none of these: its postings in the queue are not given back for it.
func (l *Library) stranger(card string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, found := l.barcodes[card]; found {
		return needsStaff("the library refuses to look up a card that it knew (HTTP 401); look at the permissions of the API access key")
	}
	if l.known {
		return ils.ErrUnknownPatron
	}
	l.strangers[card] = true
	if len(l.strangers) < enoughStrangers {
		return needsStaff("the library refuses to look up the card (HTTP 401); nobody has it, or the API access key may not call PatronValidate")
	}
	clear(l.strangers)
	return l.notAllowed("validate")
}

// checkPIN holds a PIN against the library's: a call that is signed with it. There is one such call for each PIN that is
// typed, since three wrong ones in five minutes lock the patron out (PAPI guide, AuthenticatePatron).
func (l *Library) checkPIN(ctx context.Context, barcode, pin string) error {
	q := validate(barcode)
	answer, err := l.papi.send(ctx, call{name: "PIN", method: http.MethodGet, path: l.papi.public(q.resource), secret: pin})
	switch {
	case err != nil:
		return unreachable(err)
	case answer.Status == http.StatusUnauthorized && l.papi.clockError() != nil:
		return l.papi.clockError()
	case answer.Status == http.StatusUnauthorized:
		return ils.ErrPINNeeded
	}
	var v validation
	code, err := l.read(q, answer, &v)
	switch {
	case code == -3001: // "Unable to authenticate the patron credentials" (AuthenticatePatron)
		return ils.ErrPINNeeded
	case err != nil:
		return err
	case strings.TrimSpace(v.ValidPatron) != "true":
		return ils.ErrPINNeeded
	}
	return nil
}

// owed reads the account of a barcode.
func (l *Library) owed(ctx context.Context, barcode string, after ils.Doubt) (ils.Account, error) {
	var basic basicData
	if _, err := l.asStaff(ctx, basicDataOf(barcode), &basic); err != nil {
		return ils.Account{}, err
	}
	open, err := l.rows(ctx, barcode, "outstanding")
	if err != nil {
		return ils.Account{}, err
	}
	account := ils.Account{Initials: basic.initials(), Blocked: basic.blocked()}
	if account.Fees, account.Total, err = open.charges(l.cfg.Currency); err != nil {
		return ils.Account{}, fmt.Errorf("%w: %w", ils.ErrFeesUnreadable, err)
	}
	if l.profile.Pay == payAll {
		err = isBalance(account.Total, basic.Data.ChargeBalance)
	} else {
		err = notEmptied(account.Total, basic.Data.ChargeBalance)
	}
	if err != nil {
		return ils.Account{}, fmt.Errorf("%w: %w", ils.ErrFeesUnreadable, err)
	}
	if !l.profile.Traits.ReferenceReadable || after.Reference == "" {
		return account, nil
	}
	sum, err := l.bookedUnder(ctx, barcode, after.Reference, open)
	account.Booked = &sum
	if err != nil {
		return ils.Account{}, err
	}
	return account, nil
}

// isBalance wants the charges to add up to what the library itself says is owed: otherwise a lump would pay a charge that
// is not listed, or be refused. The charges keep their ids, so that as much owed for other charges is not held for the
// same account.
func isBalance(sum money.Amount, balance string) error {
	owed, err := amount(balance, sum.Currency)
	switch {
	case err != nil:
		return errors.New("the charge balance is no exact amount")
	case owed != sum:
		return errors.New("the charges do not add up to the charge balance")
	}
	return nil
}

// notEmptied refuses a list without charges where the library itself says that something is owed: whatever was in doubt
// would look as if it were paid.
func notEmptied(sum money.Amount, balance string) error {
	if owed, err := amount(balance, sum.Currency); err == nil && owed.Positive() && !sum.Positive() {
		return errors.New("no charge is listed, and the charge balance is above zero")
	}
	return nil
}

// rows reads one list of an account: outstanding, or reconciled. A code above zero is how many rows there are.
func (l *Library) rows(ctx context.Context, barcode, list string) (accountRows, error) {
	var rows accountRows
	announced, err := l.asStaff(ctx, rowsQuestion(barcode, list), &rows)
	if err == nil && announced > len(rows.Rows) {
		err = fmt.Errorf("%w: more rows are announced than listed", ils.ErrFeesUnreadable)
	}
	return rows, err
}

func rowsQuestion(barcode, list string) question {
	return question{name: list, resource: "patron/" + barcode + "/account/" + list, root: "PatronAccountGetResult"}
}

func basicDataOf(barcode string) question {
	return question{name: "basicdata", resource: "patron/" + barcode + "/basicdata", root: "PatronBasicDataGetResult"}
}

// bookedUnder looks for payments with our reference in both lists of the account.
func (l *Library) bookedUnder(ctx context.Context, barcode, reference string, open accountRows) (money.Amount, error) {
	closed, err := l.rows(ctx, barcode, "reconciled")
	if err != nil {
		return money.Amount{}, err
	}
	sum, err := booked(reference, l.cfg.Currency, open, closed)
	if err != nil {
		return money.Amount{}, fmt.Errorf("%w: %w", ils.ErrFeesUnreadable, err)
	}
	return sum, nil
}
