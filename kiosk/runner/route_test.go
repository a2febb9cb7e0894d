package runner_test

import (
	"context"
	"net"
	"net/url"
	"testing"

	"selfpay/drivers/zvt/zvttest"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/polaris/polaristest"
	"selfpay/kiosk/ils/rest/resttest"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip/acs"
)

// farLibrary is a simulated library system, whatever it speaks.
type farLibrary interface {
	Close() error
	Books() acs.Books
}

// route is one way to a library system, with its far end: where a payment goes and how often it fails on order.
type route struct {
	name  string
	begin func(w *world) (far farLibrary, next func(fault string) error, connect func(*program) ils.Library)
}

// accounts are the patron of newWorld as a library system over HTTP knows them: two fees at two branches.
func accounts() []resttest.Patron {
	return []resttest.Patron{{Card: card, Number: "CEN000501", Name: "Anna Müller", Fees: []resttest.Fee{
		{ID: "104", Branch: "CEN50", Description: "Momo", OutstandingMinor: 250},
		{ID: "105", Branch: "LAW50", Description: "Krabat", OutstandingMinor: 1000}}}}
}

// routes are all the ways, each with the profiles that differ for the money.
var routes = []route{
	{"sip2 koha", overSIP2(acs.Koha, "koha")},
	{"sip2 generic", overSIP2(acs.Generic, "generic")},
	{"polaris single-pay", overPolaris("single-pay")},
	{"polaris pay-all", overPolaris("pay-all")},
	{"aleph pay-cash", overAleph},
}

func overSIP2(mode acs.Mode, profile string) func(*world) (farLibrary, func(string) error, func(*program) ils.Library) {
	return func(w *world) (farLibrary, func(string) error, func(*program) ils.Library) {
		s, err := acs.New(acs.Config{Mode: mode, Institution: "CPL", Currency: "EUR", Decimals: 2, Patrons: []acs.Patron{
			{Card: card, Name: "Anna Müller", Fees: []acs.Fee{
				{ID: "104", Description: "Momo", OutstandingMinor: 250},
				{ID: "105", Description: "Krabat", OutstandingMinor: 1000}}}}})
		if err != nil {
			w.t.Fatal(err)
		}
		return s, func(fault string) error { return s.Next(acs.Fault(fault)) }, func(p *program) ils.Library {
			dial := p.tracked(func(ctx context.Context, _ string) (net.Conn, error) { return s.Dial(ctx) })
			l, err := sip2.New(sip2.Config{Profile: profile, Currency: "EUR", Institution: "CPL",
				Dial: func(ctx context.Context) (net.Conn, error) { return dial(ctx, "") }}, w.log)
			if err != nil {
				w.t.Fatal(err)
			}
			return l
		}
	}
}

var place = &url.URL{Scheme: "http", Host: "ils.example.org"}

func overPolaris(profile string) func(*world) (farLibrary, func(string) error, func(*program) ils.Library) {
	return func(w *world) (farLibrary, func(string) error, func(*program) ils.Library) {
		s := polaristest.New(polaristest.Config{AccessID: "KIOSK", AccessKey: "key", Domain: "library", Login: "kiosk01", Password: "word",
			Workstations: []int{12}, Decimals: 2, Patrons: accounts()})
		return s, func(fault string) error { return s.Next(fault) }, func(p *program) ils.Library {
			l, err := polaris.New(polaris.Config{Base: place, Dial: p.tracked(s.Dial), AccessID: "KIOSK", AccessKey: "key", Domain: "library",
				Login: "kiosk01", Password: "word", Workstation: 12, Profile: profile, Kiosk: "main-01", Currency: "EUR"}, w.log)
			if err != nil {
				w.t.Fatal(err)
			}
			return l
		}
	}
}

func overAleph(w *world) (farLibrary, func(string) error, func(*program) ils.Library) {
	s, err := alephtest.New(alephtest.Config{Patrons: accounts()})
	if err != nil {
		w.t.Fatal(err)
	}
	return s, func(fault string) error { return s.Next(fault) }, func(p *program) ils.Library {
		l, err := aleph.New(aleph.Config{Base: place, XServer: place, Dial: p.tracked(s.Dial), Profile: "pay-cash", Currency: "EUR"}, w.log)
		if err != nil {
			w.t.Fatal(err)
		}
		return l
	}
}

// TestBooksAgreeOverEveryRouteWhereverTheKioskIsKilled kills the program before and after every event that a payment
// saves, over each route and with each mood of its library system, starts it again, and compares all books.
func TestBooksAgreeOverEveryRouteWhereverTheKioskIsKilled(t *testing.T) {
	for _, r := range routes {
		for _, mood := range []string{"", "refuse", "silent", "apply-silent", "drop", "booked-no"} {
			name := mood
			if name == "" {
				name = "all well"
			}
			t.Run(r.name+"/"+name, func(t *testing.T) {
				killed := 0
				for n := 1; ; n++ {
					died := false
					for _, after := range []bool{false, true} {
						died = lifeAndDeath(t, &r, mood, zvttest.Keep, crash{n, after}) || died
					}
					if !died {
						break
					}
					killed++
				}
				if killed < 6 {
					t.Errorf("killed at %d events only", killed)
				}
				t.Logf("killed before and after each of %d events", killed)
			})
		}
	}
}
