package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/sip2"
)

// ILS is the library system.
type ILS struct {
	Route       string   `toml:"route"`
	Address     Address  `toml:"address"`
	Profile     string   `toml:"profile"` // built in, or the whole path of the site's own file; empty: the route's careful one
	TLS         bool     `toml:"tls"`
	CAFile      string   `toml:"ca_file"`     // PEM; empty: the system's
	ServerName  string   `toml:"server_name"` // empty: the host of the address
	CertFile    string   `toml:"cert_file"`   // PEM, the kiosk's own certificate where the library wants one
	KeyFile     string   `toml:"key_file"`    // PEM, its key
	Charset     string   `toml:"charset"`     // empty: UTF-8
	Login       string   `toml:"login"`
	Password    Secret   `toml:"password"`
	TelnetLogin bool     `toml:"telnet_login"` // login and password are typed at prompts, before any SIP2
	Institution string   `toml:"institution"`
	Location    string   `toml:"location"`
	Quiet       Duration `toml:"quiet"`       // a posting is applied within this time or never; 0: as the profile says
	Answer      Duration `toml:"answer"`      // longest wait for the answer to a posting
	KeepAlive   Duration `toml:"keep_alive"`  // an idle connection is kept open after this; 0: it is not
	TestSystem  bool     `toml:"test_system"` // no real accounts: kioskctl may change them, and unproven profiles are taken

	TerminalPassword Secret `toml:"terminal_password"` // AC in each message; not the login's
	PINInFeePaid     bool   `toml:"pin_in_fee_paid"`   // the library wants the patron's PIN with each posting
	ErrorDetection   string `toml:"error_detection"`   // "on", "strict": answers without a checksum prove nothing, "off"
	FeePaidOrder     string `toml:"fee_paid_order"`    // "patron-last": a cut message names no patron; "document"

	Polaris Polaris `toml:"polaris"`
	Aleph   Aleph   `toml:"aleph"`
}

// Polaris is what the route over Polaris PAPI needs besides. Login and password are those of the staff user.
type Polaris struct {
	AccessID     string  `toml:"access_id"`
	AccessKey    Secret  `toml:"access_key"`
	Algorithm    string  `toml:"algorithm"`    // "sha1", "sha256": how requests are signed
	SignAs       Address `toml:"sign_as"`      // the address by which the server knows itself; empty: that of ils.address
	Domain       string  `toml:"domain"`       // of the staff user
	Workstation  int     `toml:"workstation"`  // the kiosk's own in Polaris
	User         int     `toml:"user"`         // 0: the one of the login
	Organisation int     `toml:"organisation"` // 1: the whole system
	Application  int     `toml:"application"`
	Language     int     `toml:"language"`
	AskPIN       bool    `toml:"ask_pin"`       // patrons type their PIN
	CreditMethod int     `toml:"credit_method"` // payment method of credit cards
	DebitMethod  int     `toml:"debit_method"`  // and of debit cards
}

// Aleph is what the route over Aleph's RESTful services needs besides.
type Aleph struct {
	XServer      Address  `toml:"x_server"`
	XUser        string   `toml:"x_user"`
	XPassword    Secret   `toml:"x_password"`
	Library      string   `toml:"library"`      // where cards are looked up; empty: the server's own
	Institutions []string `toml:"institutions"` // these are paid here only; empty: all
	AskPIN       bool     `toml:"ask_pin"`      // patrons type their PIN
}

func defaultILS() ILS {
	return ILS{Route: "sip2", Answer: Duration(45 * time.Second), ErrorDetection: "on", FeePaidOrder: "patron-last",
		Polaris: Polaris{Algorithm: "sha1", Organisation: 1, Application: 100, Language: 1033, CreditMethod: 12, DebitMethod: 13}}
}

// route is what the check knows of a route.
type route struct {
	schemes  []string // of the address
	standard string   // the profile where none is named
	profiles func() []string
	traits   func(profile string) (ils.Traits, error)
}

var routes = map[string]route{
	"sip2": {[]string{"tcp"}, "generic", sip2.Profiles, func(name string) (ils.Traits, error) {
		p, err := sip2.FindProfile(name)
		return p.Traits, err
	}},
	"polaris": {[]string{"https", "http"}, "single-pay", polaris.Profiles, func(name string) (ils.Traits, error) {
		p, err := polaris.FindProfile(name)
		return p.Traits, err
	}},
	"aleph": {[]string{"https", "http"}, "pay-cash", aleph.Profiles, func(name string) (ils.Traits, error) {
		p, err := aleph.FindProfile(name)
		return p.Traits, err
	}},
}

// routeTables are the routes with a table of their own.
var routeTables = []string{"aleph", "polaris"}

// traits are those of the profile. The error says what is wrong with it.
func (c ILS) traits() (ils.Traits, error) {
	r, known := routes[c.Route]
	if !known {
		return ils.Traits{}, fmt.Errorf("there is no route %q", c.Route)
	}
	return r.traits(c.Profile)
}

func (k *checker) ils() {
	c := k.c.ILS
	k.oneOf("ils.route", c.Route, "sip2", "polaris", "aleph")
	r, known := routes[c.Route]
	if !known {
		return
	}
	k.address("ils.address", c.Address, r.schemes...)
	k.profile(r)
	k.waits()
	k.tls()
	for _, table := range routeTables {
		if c.Route != table && k.said("ils."+table) {
			k.say("ils."+table, fmt.Sprintf("the route is %q", c.Route), fmt.Sprintf("remove the table, or set route = %q", table))
		}
	}
	switch c.Route {
	case "sip2":
		k.sip2()
		return
	case "polaris":
		k.polaris()
	case "aleph":
		k.aleph()
	}
	k.onlySIP2()
}

// onlySIP2 finds what is set and means nothing to the other routes.
func (k *checker) onlySIP2() {
	c, usual := k.c.ILS, defaultILS()
	for key, set := range map[string]bool{"charset": c.Charset != "", "telnet_login": c.TelnetLogin, "institution": c.Institution != "", "location": c.Location != "",
		"keep_alive": c.KeepAlive != 0, "terminal_password": c.TerminalPassword != "", "pin_in_fee_paid": c.PINInFeePaid,
		"error_detection": c.ErrorDetection != usual.ErrorDetection, "fee_paid_order": c.FeePaidOrder != usual.FeePaidOrder} {
		if set {
			k.say("ils."+key, fmt.Sprintf("the route %q does not know this key", c.Route), "remove it; it belongs to SIP2")
		}
	}
}

func (k *checker) profile(r route) {
	name := k.c.ILS.Profile
	if !filepath.IsAbs(name) {
		k.oneOf("ils.profile", name, r.profiles()...)
	} else if _, err := r.traits(name); err != nil {
		k.say("ils.profile", err.Error(), "let kioskctl ils probe write the file, or mend it")
	}
}

func (k *checker) waits() {
	c := k.c.ILS
	if quiet := time.Duration(c.Quiet); quiet != 0 && (quiet < time.Second || quiet > time.Hour) {
		k.say("ils.quiet", fmt.Sprintf("%s is no quiet time", quiet), `use a time between 1s and 1h; "120s" is right for most library systems`)
	}
	if time.Duration(c.Answer) < time.Second || time.Duration(c.Answer) > 10*time.Minute {
		k.say("ils.answer", fmt.Sprintf("%s is no waiting time", time.Duration(c.Answer)), `use a time between 1s and 10m; "45s" is right for most library systems`)
	}
}

func (k *checker) sip2() {
	c := k.c.ILS
	k.oneOf("ils.charset", c.Charset, "", "utf-8", "latin-1", "cp850", "cp437", "ascii")
	if alive := time.Duration(c.KeepAlive); alive != 0 && (alive < time.Second || alive > time.Hour) {
		k.say("ils.keep_alive", fmt.Sprintf("%s is no time to keep a connection open", alive), `use a time between 1s and 1h, such as "5m", or leave it out`)
	}
	k.oneOf("ils.error_detection", c.ErrorDetection, "on", "strict", "off")
	k.oneOf("ils.fee_paid_order", c.FeePaidOrder, "patron-last", "document")
	if c.TelnetLogin && c.Login == "" {
		k.say("ils.telnet_login", "there is no login to type at the prompts", "set login and password, or remove telnet_login")
	}
}

func (k *checker) polaris() {
	c := k.c.ILS.Polaris
	k.needed("ils.polaris.access_id", c.AccessID, "write the API access id that the library has made for the kiosk")
	k.needed("ils.polaris.access_key", string(c.AccessKey), `refer to the API access key as access_key = "credential:papi"`)
	k.needed("ils.login", k.c.ILS.Login, "write the Polaris staff user of the kiosk")
	k.needed("ils.password", string(k.c.ILS.Password), `refer to the staff user's password as password = "credential:polaris"`)
	k.oneOf("ils.polaris.algorithm", c.Algorithm, "sha1", "sha256")
	if c.SignAs.Scheme != "" {
		k.address("ils.polaris.sign_as", c.SignAs, "https", "http")
	}
	if c.Workstation <= 0 {
		k.say("ils.polaris.workstation", "the kiosk's workstation in Polaris is not named", "write the id of a workstation that the library has registered for this kiosk")
	}
	for key, n := range map[string]int{"user": c.User, "organisation": c.Organisation - 1, "application": c.Application - 1, "language": c.Language - 1} {
		if n < 0 {
			k.say("ils.polaris."+key, "this is no id", "use a whole number above 0, or leave it out")
		}
	}
	for key, n := range map[string]int{"credit_method": c.CreditMethod, "debit_method": c.DebitMethod} {
		if !slices.Contains([]int{11, 12, 13, 14, 15, 17}, n) {
			k.say("ils.polaris."+key, fmt.Sprintf("%d is no payment method of Polaris", n), "use 12 for a credit card, 13 for a debit card, 17 for a smart card")
		}
	}
}

func (k *checker) aleph() {
	c := k.c.ILS.Aleph
	k.address("ils.aleph.x_server", c.XServer, "https", "http")
	if (c.XUser == "") != (c.XPassword == "") {
		k.say("ils.aleph.x_user", "the X-server's user and password belong together", "set both x_user and x_password, or neither")
	}
	for _, i := range c.Institutions {
		if strings.TrimSpace(i) == "" {
			k.say("ils.aleph.institutions", "an institution has no name", `write ADM libraries as institutions = ["USM50"]`)
		}
	}
}

// tls wants patrons and passwords to go in clear only where the file says so in so many words.
func (k *checker) tls() {
	c := k.c.ILS
	secure := c.TLS || c.Address.Scheme == "https"
	switch {
	case c.Address.Scheme == "http" && c.TLS:
		k.say("ils.tls", "the address says http://", "let the address say https://")
	case !secure && (c.CAFile != "" || c.ServerName != "" || c.CertFile != ""):
		k.say("ils.tls", "a certificate is named but TLS is off", "set tls = true or remove ca_file, server_name and cert_file")
	default:
		k.inClear("ils.address", c.Address)
	}
	k.inClear("ils.aleph.x_server", c.Aleph.XServer)
	if (c.CertFile == "") != (c.KeyFile == "") {
		k.say("ils.cert_file", "a certificate and its key belong together", "set both cert_file and key_file, or neither")
	}
}

// inClear finds an address outside of this machine that is spoken to without TLS though nobody says so.
func (k *checker) inClear(key string, a Address) {
	loopback := loopbackHost(a.Hostname())
	plain := a.Scheme == "http" || k.c.ILS.Route == "sip2" && !k.c.ILS.TLS
	if a.Hostname() == "" || !plain || loopback || k.said("ils.tls") {
		return
	}
	mend := "use https://"
	if a.Scheme == "tcp" {
		key, mend = "ils.tls", "set tls = true"
	}
	k.say(key, "patrons' numbers and the password would go over the network in clear",
		mend+", or write tls = false if a tunnel or a network of its own protects the line")
}
