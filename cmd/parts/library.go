// Package parts makes the parts of a station from its configuration, one way for all programs: what kioskctl tries
// at commissioning is what kioskd will use. It opens nothing.
package parts

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"selfpay/kiosk/config"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/probe"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// Library makes the configured route to the library system. The error is a mistake in the configuration, or a
// password that cannot be read.
func Library(c config.Config, log *slog.Logger) (ils.Library, error) {
	switch c.ILS.Route {
	case "polaris":
		cfg, err := Polaris(c)
		if err != nil {
			return nil, err
		}
		return polaris.New(cfg, log)
	case "aleph":
		cfg, err := Aleph(c)
		if err != nil {
			return nil, err
		}
		return aleph.New(cfg, log)
	}
	cfg, err := SIP2(c)
	if err != nil {
		return nil, err
	}
	return sip2.New(cfg, log)
}

// Probe makes the commissioning of the configured route. The errors are those of Library.
func Probe(c config.Config, log *slog.Logger) (probe.Route, error) {
	switch c.ILS.Route {
	case "polaris":
		cfg, err := Polaris(c)
		if err != nil {
			return nil, err
		}
		return polaris.NewProbe(cfg, log)
	case "aleph":
		cfg, err := Aleph(c)
		if err != nil {
			return nil, err
		}
		return aleph.NewProbe(cfg, log)
	}
	cfg, err := SIP2(c)
	if err != nil {
		return nil, err
	}
	return sip2.NewProbe(cfg, log)
}

// Polaris is the configuration as the route over Polaris PAPI takes it. The errors are those of Library.
func Polaris(c config.Config) (polaris.Config, error) {
	p := c.ILS.Polaris
	password, err := c.ILS.Password.Read()
	if err != nil {
		return polaris.Config{}, fmt.Errorf("ils.password: %w", err)
	}
	accessKey, err := p.AccessKey.Read()
	if err != nil {
		return polaris.Config{}, fmt.Errorf("ils.polaris.access_key: %w", err)
	}
	var signBase *url.URL
	if p.SignAs.Scheme != "" {
		signBase = &p.SignAs.URL
	}
	return polaris.Config{
		Base: &c.ILS.Address.URL, SignBase: signBase, TLS: Certificates(c), AccessID: p.AccessID, AccessKey: accessKey, Algorithm: p.Algorithm,
		Domain: p.Domain, Login: c.ILS.Login, Password: password, Language: p.Language, Application: p.Application, Organisation: p.Organisation,
		Workstation: p.Workstation, User: p.User, AskPIN: p.AskPIN, Profile: c.ILS.Profile, CreditMethod: p.CreditMethod, DebitMethod: p.DebitMethod,
		Kiosk: c.Kiosk.ID, Currency: c.Kiosk.Currency, Quiet: time.Duration(c.ILS.Quiet), Answer: time.Duration(c.ILS.Answer),
	}, nil
}

// Aleph is the configuration as the route over Aleph's RESTful services takes it. The errors are those of Library.
func Aleph(c config.Config) (aleph.Config, error) {
	a := c.ILS.Aleph
	password, err := a.XPassword.Read()
	if err != nil {
		return aleph.Config{}, fmt.Errorf("ils.aleph.x_password: %w", err)
	}
	return aleph.Config{
		Base: &c.ILS.Address.URL, XServer: &a.XServer.URL, TLS: Certificates(c), XUser: a.XUser, XPassword: password, Library: a.Library,
		Institutions: a.Institutions, AskPIN: a.AskPIN, Profile: c.ILS.Profile, Currency: c.Kiosk.Currency,
		Quiet: time.Duration(c.ILS.Quiet), Answer: time.Duration(c.ILS.Answer),
	}, nil
}

// Certificates are those by which the library system and this station know each other.
func Certificates(c config.Config) client.TLS {
	return client.TLS{ServerName: c.ILS.ServerName, CAFile: c.ILS.CAFile, CertFile: c.ILS.CertFile, KeyFile: c.ILS.KeyFile}
}

// SIP2 is the configuration as the route over SIP2 takes it. The errors are those of Library.
func SIP2(c config.Config) (sip2.Config, error) {
	password, err := c.ILS.Password.Read()
	if err != nil {
		return sip2.Config{}, fmt.Errorf("ils.password: %w", err)
	}
	terminalPassword, err := c.ILS.TerminalPassword.Read()
	if err != nil {
		return sip2.Config{}, fmt.Errorf("ils.terminal_password: %w", err)
	}
	charset := wire.Charset("")
	if c.ILS.Charset != "" {
		if charset, err = wire.ParseCharset(c.ILS.Charset); err != nil {
			return sip2.Config{}, fmt.Errorf("ils.charset: %w", err)
		}
	}
	var secure *client.TLS
	if c.ILS.TLS {
		known := Certificates(c)
		if known.ServerName == "" {
			known.ServerName = c.ILS.Address.Hostname()
		}
		secure = &known
	}
	return sip2.Config{
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", c.ILS.Address.Host)
		},
		TLS: secure, Login: c.ILS.Login, Password: password, Location: c.ILS.Location, Institution: c.ILS.Institution,
		Telnet: c.ILS.TelnetLogin, TerminalPassword: terminalPassword, PINInFeePaid: c.ILS.PINInFeePaid,
		ErrorDetection: errorDetection[c.ILS.ErrorDetection], Order: order[c.ILS.FeePaidOrder], KeepAlive: time.Duration(c.ILS.KeepAlive),
		Profile: c.ILS.Profile, Currency: c.Kiosk.Currency, Charset: charset,
		Timeouts: client.Timeouts{FeePaid: time.Duration(c.ILS.Answer), Resend: min(10*time.Second, time.Duration(c.ILS.Answer))},
		Quiet:    time.Duration(c.ILS.Quiet), TestSystem: c.ILS.TestSystem,
	}, nil
}

// The words of the configuration.
var (
	errorDetection = map[string]client.ErrorDetection{"on": client.Detect, "strict": client.Strict, "off": client.NoDetection}
	order          = map[string]sip.Order{"patron-last": sip.PatronLast, "document": sip.Canonical}
)

// Client is the same library system without the kiosk's contract around it, for whoever asks it in the words of the
// SIP2 document. The errors are those of Library.
func Client(c config.Config) (client.Config, error) {
	cfg, err := SIP2(c)
	if err != nil {
		return client.Config{}, err
	}
	return cfg.Connection()
}
