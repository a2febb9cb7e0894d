package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/sip"
	"selfpay/sip/client"
)

// certificate makes a certificate for "ils.example.org" and writes it as a PEM file.
func certificate(t *testing.T) (pair tls.Certificate, file string) {
	t.Helper()
	return certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func certificateFor(t *testing.T, from, to time.Time) (pair tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"ils.example.org"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// keyFile writes the key of a certificate.
func keyFile(t *testing.T, pair tls.Certificate) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTLSSaysInASentenceWhatToMend(t *testing.T) {
	pair, file := certificate(t)
	_, other := certificate(t)
	old, oldFile := certificateFor(t, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC))
	next, nextFile := certificateFor(t, time.Now().AddDate(1, 0, 0), time.Now().AddDate(2, 0, 0))
	ours, oursFile := certificate(t)
	authorities := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(ours.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	authorities.AddCert(leaf)
	good := client.TLS{ServerName: "ils.example.org", CAFile: file}
	withOurs := good
	withOurs.CertFile, withOurs.KeyFile = oursFile, keyFile(t, ours)
	withAnother := good
	withAnother.CertFile, withAnother.KeyFile = file, keyFile(t, pair)
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
