package parts

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"selfpay/kiosk/config"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/health/keypair"
)

// Access is who may look at the health page. The error is a mistake in the configuration, or a file that cannot be read.
func Access(c config.Config, log *slog.Logger) (a health.Access, err error) {
	h := c.Health
	if a.Token, err = token("health.token", h.Token); err != nil {
		return a, err
	}
	if a.Pair, err = pair("health.certificate", h.Certificate, h.Key, log); err != nil {
		return a, err
	}
	a.Clients, err = authorities("health.client_ca", h.ClientCA)
	return a, err
}

// Heartbeat is how the hub is called. The errors are those of Access.
func Heartbeat(c config.Config, log *slog.Logger) (hub heartbeat.HubConfig, err error) {
	h := c.Health
	hub.URL = h.Heartbeat
	if hub.Token, err = token("health.heartbeat_token", h.HeartbeatToken); err != nil {
		return hub, err
	}
	if hub.Own, err = pair("health.heartbeat_certificate", h.HeartbeatCertificate, h.HeartbeatKey, log); err != nil {
		return hub, err
	}
	roots, err := authorities("health.ca_file", h.CAFile)
	hub.Client = heartbeat.Client(hub.Own, roots)
	return hub, err
}

// Ping is how the service is called that raises the alarm when it is not. The errors are those of Access.
func Ping(c config.Config) (ping heartbeat.PingConfig, err error) {
	h := c.Health
	address, err := h.Ping.Read()
	if err == nil {
		err = config.CallableURL(address)
	}
	if err != nil {
		return ping, of("health.ping", err)
	}
	ping.URL, _ = url.Parse(address) // CallableURL has parsed it
	ping.Every = time.Duration(h.PingEvery)
	roots, err := authorities("health.ca_file", h.CAFile)
	ping.Client = heartbeat.Client(nil, roots)
	return ping, err
}

func token(key string, s config.Secret) (string, error) {
	text, err := s.Read()
	if err == nil && s != "" { // an empty file must not open the page to everybody
		err = config.TokenFits(text)
	}
	return text, of(key, err)
}

// pair loads a certificate with its key; nil where none is named.
func pair(key string, certificate, keyFile config.File, log *slog.Logger) (*keypair.Pair, error) {
	if certificate == "" || keyFile == "" {
		return nil, nil
	}
	first, err := certificate.Path()
	second, err2 := keyFile.Path()
	if err == nil {
		err = err2
	}
	if err != nil {
		return nil, of(key, err)
	}
	p, err := keypair.Load(first, second, log)
	return p, of(key, err)
}

// authorities reads those who sign certificates; nil where none are named.
func authorities(key string, f config.File) (*x509.CertPool, error) {
	path, err := f.Path()
	if err != nil || path == "" {
		return nil, of(key, err)
	}
	pool, err := keypair.Authorities(path)
	return pool, of(key, err)
}

// of names the key of the configuration that an error is about.
func of(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", key, err)
}

// CheckHealth looks at certificates and keys, as far as whoever checks may read them.
func CheckHealth(c config.Config, say func(key, what, mend string)) {
	h := c.Health
	quiet := slog.New(slog.DiscardHandler)
	_, certificate := pair("health.certificate", h.Certificate, h.Key, quiet)
	_, clients := authorities("health.client_ca", h.ClientCA)
	_, own := pair("health.heartbeat_certificate", h.HeartbeatCertificate, h.HeartbeatKey, quiet)
	_, others := authorities("health.ca_file", h.CAFile)
	_, desk := pair("desk.certificate", c.Desk.Certificate, c.Desk.Key, quiet)
	for _, err := range []error{certificate, clients, own, others, desk} {
		if err != nil && !errors.Is(err, fs.ErrPermission) && !(os.Getenv("CREDENTIALS_DIRECTORY") == "" && strings.Contains(err.Error(), "LoadCredential=")) {
			key, what, _ := strings.Cut(err.Error(), ": ")
			say(key, what, "certificates and keys are files in PEM; see docs/monitoring.md")
		}
	}
}
