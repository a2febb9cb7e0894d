package aleph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/rest"
)

// Traits says what this Aleph can do, from its profile.
func (l *Library) Traits() ils.Traits { return l.profile.Traits }

// Clock is how far Aleph's clock is ahead of ours, by the last answer of its RESTful API that told the time (header Date).
func (l *Library) Clock() (ahead time.Duration, known bool) {
	if d := l.ahead.Load(); d != nil {
		return *d, true
	}
	return 0, false
}

// Close ends nothing, since no connection outlives its question.
func (l *Library) Close() error { return nil }

// Ready asks whether fees can be paid now: whether both servers answer this address and this user. It changes nothing and
// may be repeated. device.ErrAttention: staff must act. Any other error: Aleph could not be asked.
func (l *Library) Ready(ctx context.Context) (err error) {
	defer func(began time.Time) { ils.NoteReady(l.log, began, err) }(time.Now())
	if err := l.restAnswers(ctx); err != nil {
		return unreachable("ready", fmt.Errorf("the REST server: %w", err))
	}
	if err := l.xAnswers(ctx); err != nil {
		return unreachable("ready", fmt.Errorf("the X-server: %w", err))
	}
	if s := l.shut.Load(); s != nil && l.cfg.Now().Before(s.until) {
		return unreachable("ready", fmt.Errorf("%w: a payment is not let through: %w", errMend, s.err))
	}
	return nil
}

// restAnswers asks for the list of what there is, which the RESTful API gives to everybody it lets in.
func (l *Library) restAnswers(ctx context.Context) error {
	answer, err := l.send(ctx, rest.Request{Method: http.MethodGet, Target: l.cfg.Base.EscapedPath() + "/"})
	if err != nil {
		return err
	}
	if err := usable(answer); err != nil {
		return err
	}
	if text := strings.ToLower(string(answer.Body)); strings.Contains(text, "<form") || strings.Contains(text, "<input") {
		return errSignIn
	}
	return nil
}

// errSignIn: something in between asks for a person.
var errSignIn = errors.New("a sign-in page answers in the place of Aleph")

// xAnswers asks for the id of no card. The X-server's documented error to that means that address, user and password are
// right; with any other it would not tell an id either.
func (l *Library) xAnswers(ctx context.Context) error {
	_, err := l.ask(ctx, borByKey, url.Values{"bor_id": {""}})
	var no errSaidNo
	switch {
	case errors.As(err, &no) && (no.is(saidNoID) || no.is(saidWrong) || no.is(saidNobody)):
		return nil
	case errors.As(err, &no):
		return fmt.Errorf("%w: look at x_user, x_password and the user's right to %s: %w", errMend, borByKey, err)
	case err == nil:
		return errors.New("it tells an id where no card was named")
	}
	return err
}

// errMend is in an error that staff must mend.
var errMend = errors.New("set up in another way than needed")

// send asks the RESTful API, and learns its clock.
func (l *Library) send(ctx context.Context, r rest.Request) (rest.Answer, error) {
	r.Dial = l.cfg.Base
	answer, err := l.client.Send(ctx, r)
	if err == nil && !answer.Date.IsZero() {
		ahead := answer.Date.Sub(l.cfg.Now()).Round(time.Second)
		l.ahead.Store(&ahead)
	}
	return answer, err
}

// unreachable is the error of a question that had no use. The classes that package rest gives are those of a posting: a
// question changes nothing, whether it arrived or not.
func unreachable(what string, err error) error {
	var status statusError
	switch {
	case errors.Is(err, rest.ErrTLS):
		return fmt.Errorf("aleph: %s: %w: %w: %v", what, device.ErrAttention, rest.ErrTLS, err)
	case errors.Is(err, errBarred), errors.Is(err, errMend), errors.As(err, &status) && status < 500:
		return fmt.Errorf("aleph: %s: %w: %v", what, device.ErrAttention, err)
	}
	return fmt.Errorf("aleph: %s: %w: %v", what, device.ErrNotSent, err)
}

// Account reads who the patron is and what is owed, on connections that are younger than any doubt. It changes nothing and
// may be repeated. See ils.Library for the errors.
func (l *Library) Account(ctx context.Context, p ils.Patron, after ils.Doubt) (account ils.Account, err error) {
	defer func(began time.Time) { ils.Note(l.log, "account", began, err) }(time.Now())
	id, err := l.resolve(ctx, p.Card)
	if err != nil {
		return ils.Account{}, refusedOr("account", err)
	}
	who, pin := l.holder(ctx, id, p)
	if pin != nil && !errors.Is(pin, ils.ErrPINNeeded) {
		return ils.Account{}, refusedOr("account", pin)
	}
	list, err := l.cash(ctx, id)
	if err != nil {
		return ils.Account{}, refusedOr("account", err)
	}
	if account, err = l.clear(list, after); err != nil {
		return ils.Account{}, refusedOr("account", err)
	}
	account.Initials, account.Blocked = initials(who.name), who.blocked
	if pin != nil {
		return account, fmt.Errorf("aleph: account: %w", pin)
	}
	return account, nil
}

// refusedOr is an error about this account, or that the account could not be read.
func refusedOr(what string, err error) error {
	if ils.IsRefusedAccount(err) {
		return fmt.Errorf("aleph: %s: %w", what, err)
	}
	return unreachable(what, err)
}

// cash reads a patron's cash list of all institutions.
func (l *Library) cash(ctx context.Context, id string) (cashList, error) {
	body, err := l.cashBody(ctx, id)
	if err != nil {
		return cashList{}, err
	}
	r := reading{id: id, profile: l.profile, currency: l.cfg.Currency, only: l.cfg.only()}
	return r.readCash(body)
}

func (l *Library) cashBody(ctx context.Context, id string) ([]byte, error) {
	answer, err := l.send(ctx, rest.Request{Method: http.MethodGet, Target: l.cashTarget(id) + "?view=full"})
	if err != nil {
		return nil, err
	}
	return answer.Body, usable(answer)
}

func (l *Library) cashTarget(id string) string {
	return l.cfg.Base.EscapedPath() + "/patron/" + url.PathEscape(id) + "/circulationActions/cash"
}

// clear makes the account, and says what it tells about a posting in doubt.
func (l *Library) clear(list cashList, after ils.Doubt) (ils.Account, error) {
	account, err := list.account(l.cfg.Institutions, l.cfg.Currency)
	if err != nil || after.Reference == "" || !l.profile.Traits.ReferenceReadable {
		return account, err
	}
	booked, err := list.booked(after.Reference, l.cfg.Currency)
	if err != nil {
		return ils.Account{}, err
	}
	account.Booked = &booked
	return account, nil
}
