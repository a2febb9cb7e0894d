package polaris

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ils"
)

// longestNote is the longest note on a payment, in ASCII. How long it may be is not documented.
const longestNote = 60

// payData is the body of a payment. "XML elements must be in the order shown" (PAPI guide, PatronAccountPay,
// PatronAccountPayAll).
type payData struct {
	XMLName         xml.Name `xml:"PatronAccountPayData"`
	TxnAmount       string
	PaymentMethodID int
	FreeTextNote    string
}

// Post tells the library that one leg is paid, once. See ils.Library for the errors. Only a whole answer of the method
// with a code of zero or above is a yes, only the codes that are read as "not executed" are a no; all else is doubt, HTTP
// 401 too: whether the server looks at the signature before it books is not documented.
func (l *Library) Post(ctx context.Context, leg ils.Leg) (number string, err error) {
	defer func(began time.Time) { ils.Note(l.log, "post "+leg.Reference, began, err) }(time.Now())
	if err := l.postable(leg); err != nil {
		return "", fmt.Errorf("polaris: post %s: %w: %w", leg.Reference, device.ErrNotSent, err)
	}
	number, err = l.pay(ctx, leg, nil)
	if err != nil {
		return "", fmt.Errorf("polaris: post %s: %w", leg.Reference, err)
	}
	return number, nil
}

// pay sends a payment. sent is called when it has left; it may be nil.
func (l *Library) pay(ctx context.Context, leg ils.Leg, sent func()) (string, error) {
	body, err := xml.Marshal(payData{TxnAmount: leg.Amount.Text(), PaymentMethodID: l.method(leg.CardName), FreeTextNote: l.noteOn(leg.Reference)})
	if err != nil {
		return "", fmt.Errorf("%w: the payment cannot be written", device.ErrNotSent)
	}
	what := leg.Fee + "/pay"
	if leg.Fee == "" {
		what = "lumpsumpayment"
	}
	number, err := l.change(ctx, change{name: "pay", method: http.MethodPut, card: leg.Patron.Card, what: what, body: body, root: "PatronAccountPayResult",
		numbered: leg.Fee != "", sent: sent})
	if err == nil {
		l.paid.Store(true)
		l.alarm.end("")
	}
	return number, err
}

// Void takes back a payment by the number that its Post had given. The charge is owed again; the bank card is not touched.
// It is for commissioning and never used for a patron. The errors are those of Post.
func (l *Library) Void(ctx context.Context, card, paymentNumber string) (err error) {
	defer func(began time.Time) { ils.Note(l.log, "void", began, err) }(time.Now())
	if !goodID(paymentNumber) || !goodBarcode(card) {
		return fmt.Errorf("polaris: void: %w: no payment's number", device.ErrNotSent)
	}
	if _, err := l.change(ctx, change{name: "void", method: http.MethodDelete, card: card, what: paymentNumber + "/void/payment", root: "PatronAccountVoidPaymentResult"}); err != nil {
		return fmt.Errorf("polaris: void: %w", err)
	}
	return nil
}

// change is a call that changes an account.
type change struct {
	name   string
	method string
	card   string
	what   string // below the account
	body   []byte
	root   string // of the answer
	sent   func()

	numbered bool // a number of 0 in the answer contradicts its yes
}

// change sends one change, once, and says what became of it.
func (l *Library) change(ctx context.Context, c change) (string, error) {
	select {
	case l.posting <- struct{}{}:
		defer func() { <-l.posting }()
	case <-ctx.Done():
		return "", notNow("%w", ctx.Err())
	}
	s, err := l.session(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %s", device.ErrNotSent, withoutClass(err))
	}
	answer, err := l.papi.send(ctx, call{name: c.name, method: c.method, secret: s.secret, body: c.body, sent: c.sent,
		path: l.papi.protected(s.token, fmt.Sprintf("patron/%s/account/%s?wsid=%d&userid=%d", l.barcodeOf(c.card), c.what, l.cfg.Workstation, s.user))})
	if err != nil {
		return "", err
	}
	if answer.Status == http.StatusUnauthorized {
		return "", l.changeDenied(ctx, s, c.name)
	}
	l.denied.Store(0)
	if answer.Status != http.StatusOK {
		if answer.Status >= 300 && answer.Status < 500 { // so it will be with the next: no reading would show it
			l.alarm.raise(c.name, fmt.Sprintf("the library answered a payment with HTTP %d; look at address and organisation, and at what lets calls through to the library system",
				answer.Status), l.cfg.Now())
		}
		return "", fmt.Errorf("%w: the library answered with HTTP %d", device.ErrDoubt, answer.Status)
	}
	var r payResult
	code, err := parse(answer.Body, c.root, &r)
	if err == nil && code < 0 {
		return "", l.said(c.name, code)
	}
	number, badNumber := r.number()
	if c.numbered && number == "" && r.failed() {
		badNumber = errors.New("the answer says yes, with the number of a payment that failed")
	}
	if err = errors.Join(err, badNumber); err != nil {
		return "", fmt.Errorf("%w: %w", device.ErrDoubt, err)
	}
	return number, nil
}

// changeDenied is a change that was answered with 401. Once, the session may have ended between reading and paying. Twice
// in a row, with a new session in between, this key may not do it.
func (l *Library) changeDenied(ctx context.Context, s session, name string) error {
	l.refuse(ctx, s)
	if err := l.papi.clockError(); err != nil {
		return fmt.Errorf("%w: %s", device.ErrDoubt, withoutClass(err))
	}
	if l.denied.Add(1) > 1 {
		_ = l.notAllowed(name)
	}
	return fmt.Errorf("%w: the library answered with HTTP 401", device.ErrDoubt)
}

// said is the error of a code below zero.
func (l *Library) said(name string, code int) error {
	m := meanings[code]
	// a wrong workstation may be told by the code of a general failure: before the first payment that succeeds it is the
	// likely reason, and every payment would end in doubt
	if m.outcome == refusedStaff || code == -1 && !l.paid.Load() {
		l.alarm.raise(name, fmt.Sprintf("the library answered a payment with %s; look at workstation, user and organisation", say(code)), l.cfg.Now())
	}
	class := device.ErrDoubt
	if m.outcome != inDoubt {
		class = device.ErrRefused
	}
	return fmt.Errorf("%w: the library answered with %s", class, say(code))
}

// withoutClass is the text of an error whose class does not hold for what it is part of.
func withoutClass(err error) string {
	text := err.Error()
	for _, class := range []error{device.ErrAttention, device.ErrNotSent} {
		text = strings.TrimSuffix(text, ": "+class.Error())
	}
	return text
}

// postable refuses a leg that this library system would book wrongly.
func (l *Library) postable(leg ils.Leg) error {
	if err := leg.Check(l.cfg.Currency); err != nil {
		return err
	}
	switch {
	case !goodBarcode(leg.Patron.Card):
		return errors.New("the card cannot stand in an address")
	case l.profile.Pay == payCharge && !goodID(leg.Fee):
		return errors.New("no charge is named by its number, and this library system wants one")
	case l.profile.Pay == payAll && leg.Fee != "":
		return errors.New("a charge is named, and here the whole account is paid")
	}
	return nil
}

// noteOn is the note on a payment, for people at the library and for finding it again: the reference comes first.
func (l *Library) noteOn(reference string) string {
	kiosk := strings.Map(func(r rune) rune {
		if r < 128 && (plain(string(r)) || r == ' ') {
			return r
		}
		return '-'
	}, l.cfg.Kiosk)
	note := strings.TrimSpace(reference + " selfpay " + kiosk)
	return strings.TrimSpace(note[:min(len(note), longestNote)])
}

// debitNames are words in the names that terminals give to schemes of debit cards.
var debitNames = []string{"debit", "girocard", "maestro", "v pay", "vpay", "ec-karte", "electronic cash", "bancontact", "interac", "dankort"}

// method is the payment method for a bank card's scheme. A scheme that is not known counts as credit.
func (l *Library) method(cardName string) int {
	name := strings.ToLower(cardName)
	for _, debit := range debitNames {
		if strings.Contains(name, debit) {
			return l.cfg.DebitMethod
		}
	}
	return l.cfg.CreditMethod
}
