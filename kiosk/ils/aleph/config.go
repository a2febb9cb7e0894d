package aleph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/rest"
	"selfpay/sip/client"
)

// Config is one Aleph as one site has set it up.
type Config struct {
	Base    *url.URL // the RESTful API, http(s)://host:port; /rest-dlf is appended unless it has a path of its own
	XServer *url.URL // the X-server, http(s)://host:port; /X is appended unless it has a path of its own
	// Dial reaches an address "host:port"; nil: over TCP.
	Dial         func(ctx context.Context, address string) (net.Conn, error)
	TLS          client.TLS // for addresses with https
	XUser        string     // staff user of the X-server; empty: its default user
	XPassword    string
	Library      string   // the X-services' parameter library, "USM50"; may be empty
	Institutions []string // the ADM libraries whose charges are paid at this kiosk; empty: all
	AskPIN       bool     // the patron's PIN is asked for and held against bor-auth
	Profile      string   // see FindProfile; empty: Standard
	Currency     money.Currency
	Quiet        time.Duration // replaces the profile's quiet time when above 0
	Answer       time.Duration // the longest wait for an answer, connecting included; 0: 45 s
	Now          func() time.Time
}

// Library is an Aleph over its RESTful API and its X-server. It implements ils.Library.
type Library struct {
	cfg     Config
	profile Profile
	client  *rest.Client
	log     *slog.Logger
	turn    chan struct{} // one posting at a time

	ids   memory
	ahead atomic.Pointer[time.Duration] // Aleph's clock before ours
	shut  atomic.Pointer[shut]          // the last payment was not let through; nil: it was
}

var _ ils.Library = (*Library)(nil)

// New makes a library that is reached at the two addresses of cfg. It opens nothing; each call opens its own connections.
// The error is a mistake in the configuration.
func New(cfg Config, log *slog.Logger) (*Library, error) {
	p, err := FindProfile(cfg.Profile)
	if err != nil {
		return nil, fmt.Errorf("aleph: %w", err)
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("aleph: %w", err)
	}
	cfg.Base, cfg.XServer = at(cfg.Base, "/rest-dlf"), at(cfg.XServer, "/X")
	if cfg.Quiet > 0 {
		p.Traits.Quiet = cfg.Quiet
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Library{cfg: cfg, profile: p, log: log, turn: make(chan struct{}, 1), client: rest.New(rest.Config{Dial: cfg.Dial, TLS: cfg.TLS, Answer: cfg.Answer})}, nil
}

func (cfg Config) check() error {
	for name, address := range map[string]*url.URL{"address": cfg.Base, "x_server": cfg.XServer} {
		if address == nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
			return fmt.Errorf("%s is no http or https address: write it as in https://aleph.example.org:1892", name)
		}
		if address.User != nil || address.RawQuery != "" {
			return fmt.Errorf("%s holds more than scheme, host, port and path: take the rest out", name)
		}
	}
	for _, code := range cfg.Institutions {
		if !goodCode(code) {
			return fmt.Errorf("institution %.20q is no code of an ADM library: write it as in USM50", code)
		}
	}
	switch {
	case !cfg.Currency.Known():
		return fmt.Errorf("currency %q is not known", cfg.Currency)
	case cfg.Currency.Exponent() > 2:
		return fmt.Errorf("currency %s has thousandths, and Aleph keeps hundredths: it cannot be paid by this route", cfg.Currency)
	case cfg.XUser == "" && cfg.XPassword != "":
		return errors.New("x_password is given without x_user: name the user")
	}
	return nil
}

// at is an address with its usual path, unless it has one of its own.
func at(address *url.URL, usual string) *url.URL {
	with := *address
	if with.Path = "/" + strings.Trim(with.Path, "/"); with.Path == "/" {
		with.Path = usual
	}
	with.RawPath = ""
	return &with
}

// only is the institution of charges that name none: there is one only where a single one is paid here.
func (cfg Config) only() string {
	if len(cfg.Institutions) == 1 {
		return cfg.Institutions[0]
	}
	return ""
}
