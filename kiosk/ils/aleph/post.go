package aleph

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/rest"
)

// Post tells Aleph that what is open at one institution was paid. It is sent once. Aleph gives no number for it. See
// ils.Library for the errors.
func (l *Library) Post(ctx context.Context, leg ils.Leg) (number string, err error) {
	defer func(began time.Time) { ils.Note(l.log, "post "+leg.Reference, began, err) }(time.Now())
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("aleph: post %s: another posting is under way: %w: %w", leg.Reference, device.ErrNotSent, ctx.Err())
	}
	if err := l.postable(leg); err != nil {
		return "", fmt.Errorf("aleph: post %s: %w: %w", leg.Reference, device.ErrNotSent, err)
	}
	id, known := l.ids.find(leg.Patron.Card)
	if !known {
		if id, err = l.resolve(ctx, leg.Patron.Card); err != nil {
			return "", fmt.Errorf("aleph: post %s: the patron cannot be looked up: %w: %v", leg.Reference, device.ErrNotSent, err)
		}
	}
	if err := l.pay(ctx, id, leg, nil); err != nil {
		return "", fmt.Errorf("aleph: post %s: %w", leg.Reference, err)
	}
	return "", nil
}

// postable refuses a leg that Aleph would book wrongly.
func (l *Library) postable(leg ils.Leg) error {
	if err := leg.Check(l.cfg.Currency); err != nil {
		return err
	}
	here := l.cfg.Institutions
	switch {
	case !goodCode(leg.Fee):
		return errors.New("no institution is named")
	case len(here) > 0 && !slices.Contains(here, leg.Fee):
		return errors.New("the institution is not paid at this kiosk")
	case !goodKey(leg.Patron.Card):
		return errors.New("no such card can exist")
	}
	return nil
}

// payment is the body of Pay Cash, as two public clients send it (rvk-utd/ding2, AlephClient.php; the registration tool of
// the Czech Academy's library).
type payment struct {
	XMLName   xml.Name `xml:"pay-cash-parameters"`
	Sum       string   `xml:"sum"`
	Reference string   `xml:"pay-reference"`
}

// body is the payment as it is sent: XML behind a word that looks like a form, and not encoded as one.
func (p Profile) body(sum money.Amount, reference string) ([]byte, error) {
	text, err := xml.Marshal(payment{Sum: sumText(sum), Reference: reference})
	if err != nil {
		return nil, err
	}
	declaration := ""
	if p.Declaration {
		declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	}
	return slices.Concat([]byte("post_xml="+declaration), text), nil
}

// pay sends the payment. Its errors have a class. A refusal is another reply code than 0000 in a whole answer with status
// 200; whatever else is no yes is doubt, a refused address and a redirect too. sent is called when all of it has left; it may
// be nil.
func (l *Library) pay(ctx context.Context, id string, leg ils.Leg, sent func()) error {
	body, err := l.profile.body(leg.Amount, leg.Reference)
	if err != nil {
		return fmt.Errorf("%w: %w", device.ErrNotSent, err)
	}
	request := rest.Request{Method: http.MethodPut, Target: l.cashTarget(id) + "?institution=" + url.QueryEscape(leg.Fee), Body: body, Sent: sent}
	if l.profile.ContentType != "" {
		request.Header = http.Header{"Content-Type": {l.profile.ContentType}}
	}
	answer, err := l.send(ctx, request)
	if err != nil {
		return err // has its class
	}
	l.lookAt(answer)
	switch said, err := paid(answer, id); {
	case err != nil:
		return fmt.Errorf("%w: %w", device.ErrDoubt, err)
	case said.code != fine:
		return fmt.Errorf("%w: %s", device.ErrRefused, said)
	}
	return nil
}

// shutLasts is how long a payment that was not let through keeps the kiosk from taking others, where none is taken before.
const shutLasts = time.Hour

// shut is a payment that was not let through.
type shut struct {
	err   error
	until time.Time
}

// lookAt remembers that a payment was not let through: the next would not be either, and no reading shows it.
func (l *Library) lookAt(a rest.Answer) {
	switch err := usable(a); {
	case err == nil:
		l.shut.Store(nil)
	case errors.Is(err, errBarred) || a.Status >= 300 && a.Status < 500:
		l.shut.Store(&shut{err, l.cfg.Now().Add(shutLasts)})
	}
}

// paid reads the answer to a payment. Its root is put-pat-cash by inference, so that any root will do but that of a list,
// which has the reply code 0000 too: what counts is a whole document with status 200 and one reply code.
func paid(a rest.Answer, id string) (reply, error) {
	if a.Status != http.StatusOK {
		return reply{}, statusError(a.Status)
	}
	root, err := parse(bytes.TrimSpace(a.Body))
	switch {
	case err != nil:
		return reply{}, err
	case strings.HasPrefix(root.name(), "get-"):
		return reply{}, errors.New("the answer is that of another question")
	}
	return readReply(root, id)
}
