package aleph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/rest"
)

// The X-services that are asked.
const (
	borByKey = "bor-by-key" // card to internal id
	borInfo  = "bor-info"   // name and blocks
	borAuth  = "bor-auth"   // the same, when the PIN is right
)

// What the X-server says when it does not know a card, or a PIN. (Developer network, bor_by_key; knowledge articles
// "X-server: Error in Verification" and "WWW-X Error in Verification".)
const (
	saidNoID     = "bor_id must be filled"
	saidNoPIN    = "both bor_id and verification must be supplied"
	saidWrong    = "error in verification"
	saidNobody   = "error retrieving global patron record"
	longestKey   = 20 // BOR_ID and VERIFICATION, X(20)
	nameWait     = 10 * time.Second
	longestError = 200
)

// errBarred: an allow-list does not hold the kiosk's address.
var errBarred = errors.New("this address is not let in: the kiosk's address must stand in both lists, " +
	"server_ip_allowed for the X-server and that of the REST server")

// errSaidNo is an error that the X-server answered, in words that are safe to repeat.
type errSaidNo struct {
	text    string
	secrets []string
}

func (e errSaidNo) Error() string { return "the X-server answers: " + words(e.text, e.secrets...) }

func (e errSaidNo) is(text string) bool { return strings.EqualFold(clean(e.text, longestError), text) }

// goodKey says whether a card or an id is of signs that need no care anywhere.
func goodKey(key string) bool {
	return key != "" && len(key) <= longestKey && key[0] != '.' && !strings.ContainsFunc(key, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '_' && c != '-'
	})
}

// ask asks the X-server. Card, PIN and password travel in the question, so that nothing of it may be repeated in an error.
func (l *Library) ask(ctx context.Context, service string, with url.Values) (element, error) {
	with.Set("op", service)
	if l.cfg.Library != "" {
		with.Set("library", l.cfg.Library)
	}
	if l.cfg.XUser != "" {
		with.Set("user_name", l.cfg.XUser)
		with.Set("user_password", l.cfg.XPassword)
	}
	form := strings.ReplaceAll(with.Encode(), "+", "%20")
	request := rest.Request{Method: http.MethodGet, Dial: l.cfg.XServer, Target: l.cfg.XServer.EscapedPath() + "?" + form}
	if l.profile.XPost {
		request.Method, request.Target, request.Body = http.MethodPost, l.cfg.XServer.EscapedPath(), []byte(form)
		request.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	}
	answer, err := l.client.Send(ctx, request)
	if err != nil {
		return element{}, err
	}
	if err := usable(answer); err != nil {
		return element{}, err
	}
	root, err := parse(answer.Body)
	if err != nil {
		return element{}, err
	}
	if said := root.all("error"); len(said) > 0 {
		return element{}, errSaidNo{said[0].Text, []string{with.Get("bor_id"), with.Get("verification"), l.cfg.XUser, l.cfg.XPassword}}
	}
	if root.name() != service {
		return element{}, fmt.Errorf("the X-server answers another question than %s", service)
	}
	return root, nil
}

// usable says whether an answer can be Aleph's. The X-server's web server says that an address is not let in with status 200
// (knowledge article "Can I customize 403 error message returned by Aleph Web server?").
func usable(a rest.Answer) error {
	text := strings.ToLower(string(a.Body[:min(len(a.Body), 4<<10)]))
	switch {
	case a.Status == http.StatusForbidden, a.Status == http.StatusUnauthorized,
		strings.Contains(text, "access from ip address") && strings.Contains(text, "not allowed"):
		return errBarred
	case a.Status != http.StatusOK:
		return statusError(a.Status)
	}
	return nil
}

// statusError is an answer with another status than 200.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("the answer has the status %d", int(s)) }

// resolve finds the internal id of a card. Its errors are without a class, but for the two about the patron.
func (l *Library) resolve(ctx context.Context, card string) (string, error) {
	if !goodKey(card) {
		return "", ils.ErrUnknownPatron
	}
	root, err := l.ask(ctx, borByKey, url.Values{"bor_id": {card}})
	var no errSaidNo
	switch {
	case errors.As(err, &no) && (no.is(saidWrong) || no.is(saidNobody)):
		return "", ils.ErrUnknownPatron // no PIN was sent, so that it cannot be that
	case err != nil:
		return "", err
	}
	id, once := root.text("internal-id")
	if !once || !goodKey(id) {
		return "", errors.New("the X-server tells no internal id that can be used")
	}
	l.ids.keep(card, id, mostIDs)
	return id, nil
}

// holder reads who the patron is, and with a PIN whether it is right. Where nothing but a name is wanted, its absence is no
// error: a payment does not fail for it.
func (l *Library) holder(ctx context.Context, id string, p ils.Patron) (holder, error) {
	switch {
	case !l.cfg.AskPIN:
		ctx, stop := context.WithTimeout(ctx, nameWait)
		defer stop()
		h, err := l.person(ctx, id, borInfo, url.Values{"bor_id": {id}, "loans": {"N"}, "cash": {"N"}, "hold": {"N"}})
		if err != nil {
			l.log.Info("library: the name is not told", "error", err)
		}
		return h, nil
	case p.PIN == "" || len(p.PIN) > longestKey || strings.ContainsFunc(p.PIN, func(c rune) bool { return c < ' ' || c > '~' }):
		return holder{}, ils.ErrPINNeeded
	}
	h, err := l.person(ctx, id, borAuth, url.Values{"bor_id": {p.Card}, "verification": {p.PIN}})
	var no errSaidNo
	if errors.As(err, &no) && (no.is(saidWrong) || no.is(saidNoPIN)) {
		return holder{}, ils.ErrPINNeeded // the card is known, so that it is the PIN
	}
	return h, err
}

// person asks one of the services that tell of a person. Another person than the one asked for is an error.
func (l *Library) person(ctx context.Context, id, service string, with url.Values) (holder, error) {
	root, err := l.ask(ctx, service, with)
	if err != nil {
		return holder{}, err
	}
	h, err := readHolder(root)
	switch {
	case err != nil:
		return holder{}, err
	case !strings.EqualFold(h.id, id):
		return holder{}, errOther
	}
	return h, nil
}
