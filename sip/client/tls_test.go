package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"selfpay/sip"
	"selfpay/sip/certtest"
	"selfpay/sip/client"
)

func TestTLSSaysInASentenceWhatToMend(t *testing.T) {
	pair, file := certtest.For(t, certtest.Today(), "ils.example.org")
	_, other := certtest.For(t, certtest.Today(), "ils.example.org")
	old, oldFile := certtest.For(t, certtest.Validity{From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)}, "ils.example.org")
	next, nextFile := certtest.For(t, certtest.Validity{From: time.Now().AddDate(1, 0, 0), To: time.Now().AddDate(2, 0, 0)}, "ils.example.org")
	ours, oursFile := certtest.For(t, certtest.Today(), "ils.example.org")
	authorities := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(ours.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	authorities.AddCert(leaf)
	good := client.TLS{ServerName: "ils.example.org", CAFile: file}
	withOurs := good
	withOurs.CertFile, withOurs.KeyFile = oursFile, certtest.KeyFile(t, ours)
	withAnother := good
	withAnother.CertFile, withAnother.KeyFile = file, certtest.KeyFile(t, pair)
	demand := tls.RequireAndVerifyClientCert
	for _, c := range []struct {
		name   string
		tls    client.TLS
		server *tls.Config
		plain  bool
		want   string // a word of the sentence; empty: all is well
	}{
		{name: "well", tls: good},
		{name: "TLS 1.2", tls: good, server: &tls.Config{MaxVersion: tls.VersionTLS12}},
		{name: "TLS 1.1", tls: good, server: &tls.Config{MaxVersion: tls.VersionTLS11}, want: "no TLS as new as 1.2"},
		{name: "another name", tls: client.TLS{ServerName: "other.example.org", CAFile: file}, want: `not made out to "other.example.org" but to ils.example.org`},
		{name: "another authority", tls: client.TLS{ServerName: "ils.example.org", CAFile: other}, want: "authority that is not trusted here"},
		{name: "expired", tls: client.TLS{ServerName: "ils.example.org", CAFile: oldFile}, server: &tls.Config{Certificates: []tls.Certificate{old}}, want: "good from 2020-01-01 to 2021-01-01 only"},
		{name: "not yet good", tls: client.TLS{ServerName: "ils.example.org", CAFile: nextFile}, server: &tls.Config{Certificates: []tls.Certificate{next}}, want: "set this unit's clock right"},
		{name: "client certificate shown", tls: withOurs, server: &tls.Config{ClientAuth: demand, ClientCAs: authorities}},
		{name: "client certificate shown, TLS 1.2", tls: withOurs, server: &tls.Config{ClientAuth: demand, ClientCAs: authorities, MaxVersion: tls.VersionTLS12}},
		{name: "client certificate missing", tls: good, server: &tls.Config{ClientAuth: demand, ClientCAs: authorities}, want: "wants a client certificate"},
		{name: "client certificate missing, TLS 1.2", tls: good, server: &tls.Config{ClientAuth: demand, ClientCAs: authorities, MaxVersion: tls.VersionTLS12}, want: "client certificate"},
		{name: "another client certificate", tls: withAnother, server: &tls.Config{ClientAuth: demand, ClientCAs: authorities}, want: "client certificate"},
		{name: "no TLS at all", tls: good, plain: true, want: "does not speak TLS"},
		{name: "no such file", tls: client.TLS{ServerName: "ils.example.org", CAFile: file + "x"}, want: "certificate authorities"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := library(t, nil)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := c.server
			if server == nil {
				server = &tls.Config{}
			}
			server.MinVersion = tls.VersionTLS10
			if server.Certificates == nil {
				server.Certificates = []tls.Certificate{pair}
			}
			listener := l
			if !c.plain {
				listener = tls.NewListener(l, server)
			}
			go func() { _ = s.Serve(listener) }()
			u := unit(t, s, func(cfg *client.Config) {
				cfg.TLS = &c.tls
				cfg.Dial = func(ctx context.Context) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
				}
			})
			_, err = u.FeePaid(t.Context(), feePaid("4821-000123-01"))
			switch {
			case c.want == "" && err != nil:
				t.Errorf("FeePaid = %v", err)
			case c.want == "":
			case !errors.Is(err, sip.ErrNotSent) || errors.Is(err, sip.ErrDoubt) || !strings.Contains(err.Error(), c.want):
				t.Errorf("FeePaid = %v, want a word on %q", err, c.want)
			case !errors.Is(err, client.ErrTLS):
				t.Errorf("FeePaid = %v, want %v", err, client.ErrTLS)
			}
		})
	}
}
