package polaris

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ils/rest"
)

// papi sends signed calls. It is stateless but for the clock.
type papi struct {
	cfg    Config
	client *rest.Client
	log    *slog.Logger
	ahead  atomic.Pointer[time.Duration] // the server's clock before ours
}

// service is the path of the service below the host, where an address names none (PAPI guide, "Polaris API - Overview").
const service = "/PAPIService"

// call is one call of a method.
type call struct {
	name     string // for logs and errors: "outstanding"
	method   string
	path     string // below the service, as it is sent: nothing in it needs escaping
	unsigned bool
	token    string // of the staff session, for public methods that staff call in place of the patron
	secret   string // ends what is signed: the staff session's, the patron's PIN, or nothing
	body     []byte
	sent     func() // see rest.Request
}

// public is the path of a public method, and of the one protected method that needs no token.
func (p *papi) public(resource string) string { return p.path("public", resource) }

// protected is the path of a protected method; the token of the staff session is part of it.
func (p *papi) protected(token, resource string) string {
	return p.path("protected", token+"/"+resource)
}

func (p *papi) path(scope, rest string) string {
	return fmt.Sprintf("/REST/%s/v1/%d/%d/%d/%s", scope, p.cfg.Language, p.cfg.Application, p.cfg.Organisation, rest)
}

// send sends a call once. Any status is an answer; the error carries the class of rest.Client.Send.
func (p *papi) send(ctx context.Context, c call) (answer rest.Answer, err error) {
	began := time.Now()
	defer func() { p.note(c, began, answer.Status, err) }()
	header := http.Header{"Accept": {"application/xml"}}
	if c.body != nil {
		header.Set("Content-Type", "application/xml")
	}
	if c.token != "" {
		header.Set("X-PAPI-AccessToken", c.token)
	}
	now := p.cfg.Now()
	if !c.unsigned {
		date := now.UTC().Format(http.TimeFormat)
		header["PolarisDate"] = []string{date} // not Date, which proxies write anew; in the guide's letters
		header.Set("Authorization", "PWS "+p.cfg.AccessID+":"+signature(p.cfg.Algorithm, p.cfg.AccessKey, c.method, p.signed(c.path), date, c.secret))
	}
	answer, err = p.client.Send(ctx, rest.Request{Method: c.method, Dial: p.cfg.Base, Target: serviceOf(p.cfg.Base) + c.path, Header: header, Body: c.body, Sent: c.sent})
	if err == nil && !answer.Date.IsZero() {
		ahead := answer.Date.Sub(p.cfg.Now()).Round(time.Second)
		p.ahead.Store(&ahead)
	}
	return answer, err
}

// signed is the address that the server takes itself to be called by (its setting ExternalHostname).
func (p *papi) signed(path string) string {
	return p.cfg.SignBase.Scheme + "://" + p.cfg.SignBase.Host + serviceOf(p.cfg.SignBase) + path
}

func serviceOf(base *url.URL) string {
	if path := strings.TrimRight(base.Path, "/"); path != "" {
		return path
	}
	return service
}

// note writes one line per call. Neither the path nor the answer stand in it: they hold card, token and name.
func (p *papi) note(c call, began time.Time, status int, err error) {
	attributes := []any{"call", c.name, "took", time.Since(began)}
	if err != nil {
		attributes = append(attributes, "error", err)
	} else {
		attributes = append(attributes, "status", status)
	}
	p.log.Debug("library: call", attributes...)
}

// mostDrift is how far the clocks may differ before payments are stopped: at 30 minutes every call is refused (PAPI
// guide, "Polaris API - Overview", Date).
const mostDrift = 25 * time.Minute

// clockError says that the clocks differ too much, nil where they do not.
func (p *papi) clockError() error {
	d := p.ahead.Load()
	if d == nil || d.Abs() <= mostDrift {
		return nil
	}
	return needsStaff("the clocks of library and kiosk differ by %s, and calls fail at 30 minutes; look at the time service of both", d.Abs().Round(time.Second))
}

// needsStaff is an error that a person must mend.
func needsStaff(format string, values ...any) error {
	return fmt.Errorf(format+": %w", append(values, device.ErrAttention)...)
}

// unreachable is the error of a question that could not be asked: a question changes nothing, so nothing can have
// happened, whatever became of it on the way.
func unreachable(err error) error {
	text := err.Error()
	for _, class := range []error{device.ErrNotSent, device.ErrDoubt} {
		text = strings.TrimPrefix(text, class.Error()+": ")
	}
	if errors.Is(err, rest.ErrTLS) {
		return needsStaff("%s; look at address, ca_file and server_name", text)
	}
	return notNow("%s", text)
}

// notNow is a question without a usable answer.
func notNow(format string, values ...any) error {
	return fmt.Errorf(format+": %w", append(values, device.ErrNotSent)...)
}

// statusError is the error of a status that is no answer of the method, and not 401.
func (p *papi) statusError(status int) error {
	switch {
	case status == http.StatusForbidden && p.cfg.Base.Scheme == "http":
		return needsStaff("the library takes no calls without TLS; use an https address")
	case status == http.StatusForbidden:
		return needsStaff("the library answered with HTTP 403; look at the addresses that may call it")
	}
	return notNow("the library answered with HTTP %d", status)
}
