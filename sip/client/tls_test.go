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
	"testing"
	"time"

	"selfpay/sip"
	"selfpay/sip/client"
)

// certificate makes a certificate for "ils.example.org" and writes it as a PEM file.
func certificate(t *testing.T) (pair tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"ils.example.org"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
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

func TestTLSWantsTheRightNameAuthorityAndVersion(t *testing.T) {
	pair, file := certificate(t)
	_, other := certificate(t)
	for _, c := range []struct {
		name   string
		tls    client.TLS
		newest uint16
		good   bool
	}{
		{name: "well", tls: client.TLS{ServerName: "ils.example.org", CAFile: file}, newest: tls.VersionTLS13, good: true},
		{name: "TLS 1.2", tls: client.TLS{ServerName: "ils.example.org", CAFile: file}, newest: tls.VersionTLS12, good: true},
		{name: "TLS 1.1", tls: client.TLS{ServerName: "ils.example.org", CAFile: file}, newest: tls.VersionTLS11},
		{name: "another name", tls: client.TLS{ServerName: "other.example.org", CAFile: file}, newest: tls.VersionTLS13},
		{name: "another authority", tls: client.TLS{ServerName: "ils.example.org", CAFile: other}, newest: tls.VersionTLS13},
		{name: "no such file", tls: client.TLS{ServerName: "ils.example.org", CAFile: file + "x"}, newest: tls.VersionTLS13},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := library(t, nil)
			plain, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				_ = s.Serve(tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: c.newest}))
			}()
			u := unit(t, s, func(cfg *client.Config) {
				cfg.TLS = &c.tls
				cfg.Dial = func(ctx context.Context) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, "tcp", plain.Addr().String())
				}
			})
			_, err = u.FeePaid(t.Context(), feePaid("4821-000123-01"))
			if (err == nil) != c.good || (!c.good && !errors.Is(err, sip.ErrNotSent)) {
				t.Errorf("FeePaid = %v", err)
			}
		})
	}
}
