package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
	"selfpay/kiosk/ils"
)

// overHTTP lets ask ask the library system where the route is none over SIP2. done is false where it is.
func (t *tool) overHTTP(ctx context.Context, ask func(context.Context, config.Config, ils.Library) error) (done bool, err error) {
	c, err := t.load()
	if err != nil {
		return true, err
	}
	if c.ILS.Route == "sip2" {
		return false, nil
	}
	library, err := parts.Library(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return true, keptBySystemd(err)
	}
	defer library.Close()
	return true, ask(ctx, c, library)
}

// routeStatus is what can be said of a library system over HTTP.
type routeStatus struct {
	Route              string `json:"route"`
	Profile            string `json:"profile"`
	Ready              bool   `json:"ready"`            // fees can be paid
	Reason             string `json:"reason,omitempty"` // why not
	FeeIDs             bool   `json:"fee_ids"`
	Partial            bool   `json:"partial"`
	OverpaymentRefused bool   `json:"overpayment_refused"`
	ReferenceReadable  bool   `json:"reference_readable"`
	QuietSeconds       int    `json:"quiet_s"`
	ClockDifference    *int   `json:"clock_difference_s"` // the library's clock minus ours; null where it was not said
}

func (t *tool) routeStatus(ctx context.Context, c config.Config, library ils.Library) error {
	err := library.Ready(ctx)
	traits := library.Traits()
	d := routeStatus{Route: c.ILS.Route, Profile: c.ILS.Profile, Ready: err == nil, FeeIDs: traits.FeeIDs, Partial: traits.Partial,
		OverpaymentRefused: traits.OverpaymentRefused, ReferenceReadable: traits.ReferenceReadable, QuietSeconds: int(traits.Quiet.Seconds())}
	if ahead, known := library.Clock(); known {
		seconds := int(ahead.Round(time.Second).Seconds())
		d.ClockDifference = &seconds
	}
	if err != nil {
		fault, _ := faultOverHTTP(ctx, c, err)
		d.Reason = fault.Error()
	}
	if t.json {
		return errors.Join(t.document(d), notWellIf(err != nil))
	}
	if err == nil {
		t.say("the library system at %s takes payments", c.ILS.Address.Host)
	} else {
		t.say("%s", d.Reason)
	}
	t.say("route          %s, profile %s", d.Route, d.Profile)
	t.say("paid           %s", map[bool]string{true: "fee by fee", false: "the whole account at once"}[d.FeeIDs])
	t.say("in part        %s", yesNo(d.Partial))
	t.say("too much       %s", map[bool]string{true: "refused", false: "perhaps taken"}[d.OverpaymentRefused])
	t.say("our reference  %s", map[bool]string{true: "can be read again", false: "cannot be read again, as far as is known"}[d.ReferenceReadable])
	t.say("quiet time     %s", traits.Quiet)
	if d.ClockDifference != nil {
		t.say("clock          %s", clockWords(*d.ClockDifference))
	}
	return notWellIf(err != nil)
}

func (t *tool) routeLogin(ctx context.Context, c config.Config, library ils.Library) error {
	err := library.Ready(ctx)
	d := libraryLogin{Accepted: err == nil, Login: c.ILS.Login}
	if c.ILS.Route == "aleph" {
		d.Login = c.ILS.Aleph.XUser
	}
	if err != nil {
		fault, refused := faultOverHTTP(ctx, c, err)
		if !refused {
			return fault
		}
		d.Reason = fault.Error()
	}
	switch {
	case t.json:
		return errors.Join(t.document(d), notWellIf(!d.Accepted))
	case d.Accepted && d.Login == "":
		t.say("the library system at %s knows the kiosk by its address", c.ILS.Address.Host)
	case d.Accepted:
		t.say("the library system at %s accepts the login %q", c.ILS.Address.Host, d.Login)
	default:
		t.say("%s", d.Reason)
	}
	return notWellIf(!d.Accepted)
}

func notWellIf(bad bool) error {
	if bad {
		return errNotWell
	}
	return nil
}

func yesNo(is bool) string { return map[bool]string{true: "yes", false: "no"}[is] }

// readOverHTTP reads an account as the kiosk does, over a route over HTTP.
func readOverHTTP(ctx context.Context, c config.Config, p ils.Patron) (reading, error) {
	library, err := parts.Library(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return reading{}, keptBySystemd(err)
	}
	defer library.Close()
	r := reading{answered: true, wholly: !library.Traits().FeeIDs}
	r.account, r.refused = library.Account(ctx, p, ils.Doubt{})
	if errors.Is(r.refused, ils.ErrPINNeeded) && r.account.Total.Currency == "" { // nothing was read with a wrong PIN, and without one it is
		if r.account, err = library.Account(ctx, ils.Patron{Card: p.Card}, ils.Doubt{}); err != nil && !errors.Is(err, ils.ErrPINNeeded) {
			r.refused = err
		}
	}
	if r.refused != nil && !ils.IsRefusedAccount(r.refused) {
		if err := library.Ready(ctx); err != nil { // it tells more: which server it is, and what to look at
			r.refused = err
		}
		fault, _ := faultOverHTTP(ctx, c, r.refused)
		return r, fault
	}
	r.reason = refusal(r.refused, p.PIN != "")
	if errors.Is(r.refused, ils.ErrFeesUnreadable) {
		_, why, _ := strings.Cut(r.refused.Error(), ils.ErrFeesUnreadable.Error()+": ")
		r.reason = "the fees cannot be read exactly, so the kiosk would offer none: " + why + "; look at the account in the staff client"
	}
	return r, nil
}
