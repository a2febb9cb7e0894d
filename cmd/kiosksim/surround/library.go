package surround

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"

	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/polaris/polaristest"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip/acs"
)

// library is a simulated library system, whatever it speaks.
type library interface {
	Serve(net.Listener) error
	Close() error
	Cut()
	Restore()
	Next(faults ...string) error
	WaitHolding(context.Context) error
	Release()
	Books() acs.Books
}

// Routes are the ways to the library system that can be simulated.
const Routes = "sip2,polaris,aleph"

// route is one way to the library system.
type route struct {
	modes    func() []string // the makes of library systems, or the profiles, that Options.Mode may name
	standard string          // where Options.Mode is empty
	https    bool            // it is reached by https only
	make     func(Options) (library, error)
}

var routes = map[string]route{
	"sip2":    {sip2Modes, "koha", false, newACS},
	"polaris": {polaris.Profiles, "single-pay", true, newPolaris},
	"aleph":   {aleph.Profiles, "pay-cash", false, newAleph},
}

// Credentials of the kiosk at the simulated library systems.
const (
	login       = "kiosk01"
	password    = "demo-password"
	accessID    = "KIOSK"
	accessKey   = "demo-access-key"
	domain      = "library"
	workstation = 12
	staffUser   = 34
	xUser       = "kiosk"
	xPassword   = "demo-x-password"
	mainBranch  = "CEN50"
	lawBranch   = "LAW50"
)

// acsLibrary is a library system that speaks SIP2, with its faults by name.
type acsLibrary struct{ *acs.System }

func (l acsLibrary) Next(names ...string) error {
	for _, name := range names {
		fault, err := acs.ParseFault(name)
		if err != nil {
			return err
		}
		if err := l.System.Next(fault); err != nil {
			return err
		}
	}
	return nil
}

func sip2Modes() []string {
	var names []string
	for _, m := range acs.Modes() {
		names = append(names, string(m))
	}
	return names
}

// Modes names what each route can be like, for people.
func Modes() string {
	var all []string
	for _, name := range strings.Split(Routes, ",") {
		all = append(all, name+": "+strings.Join(routes[name].modes(), ", "))
	}
	return strings.Join(all, "; ")
}

// newLibrary makes the library system of a route and mode with its patrons.
func newLibrary(o Options) (library, error) {
	r, known := routes[o.ILS]
	if !known {
		return nil, fmt.Errorf("there is no route %q; there are %s", o.ILS, Routes)
	}
	if modes := r.modes(); !slices.Contains(modes, o.Mode) {
		return nil, fmt.Errorf("there is no library system of the mode %q; there are %s", o.Mode, strings.Join(modes, ", "))
	}
	return r.make(o)
}

func newACS(o Options) (library, error) {
	s, err := acs.New(acs.Config{Mode: acs.Mode(o.Mode), NeedPIN: o.NeedPIN, Institution: "CPL", LibraryName: "Central Library", Currency: "EUR",
		Decimals: 2, Login: login, Password: password, Patrons: acsPatrons(o.FeesTimes)})
	if err != nil {
		return nil, err
	}
	return acsLibrary{s}, nil
}

// profileFor is the kiosk's profile for a library system of that mode: its own where there is one, else the careful one.
func profileFor(o Options) string {
	if o.ILS != "sip2" || slices.Contains(sip2.Profiles(), o.Mode) {
		return o.Mode
	}
	return string(acs.Generic)
}

func (s *Surround) startLibrary() (err error) {
	if s.library, err = newLibrary(s.options); err != nil {
		return err
	}
	s.closers = append(s.closers, s.library)
	if !routes[s.options.ILS].https {
		s.places.Library, err = s.listen(s.library.Serve)
		return err
	}
	cert, err := newAuthority(s.dir)
	if err != nil {
		return err
	}
	s.places.Library, err = s.listen(func(l net.Listener) error {
		return s.library.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	})
	return err
}

func newPolaris(o Options) (library, error) {
	return polaristest.New(polaristest.Config{AccessID: accessID, AccessKey: accessKey, Domain: domain, Login: login, Password: password,
		User: staffUser, Workstations: []int{workstation}, Decimals: 2, Patrons: accounts(o.FeesTimes), Secure: !o.Plain}), nil
}

func newAleph(o Options) (library, error) {
	return alephtest.New(alephtest.Config{Patrons: accounts(o.FeesTimes), XUser: xUser, XPassword: xPassword,
		Institutions: []alephtest.Institution{{Code: mainBranch, Name: "Central Library"}, {Code: lawBranch, Name: "Law Library"}}})
}
