// Package certtest makes certificates for library systems of tests and demonstrations.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Validity is from when to when a certificate is good.
type Validity struct{ From, To time.Time }

// Today is good now, and for a day.
func Today() Validity { return Validity{time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 1)} }

// FileName is the file of the certificate, in the folder.
const FileName = "ca.pem"

// New makes a certificate for hosts, names or addresses, that signs itself, and writes it to folder as PEM. Its key stays
// in memory. The error is that of the file system.
func New(folder string, good Validity, hosts ...string) (pair tls.Certificate, file string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return tls.Certificate{}, "", err
	}
	sheet := &x509.Certificate{SerialNumber: serial, NotBefore: good.From, NotAfter: good.To, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	for _, h := range hosts {
		if address := net.ParseIP(h); address != nil {
			sheet.IPAddresses = append(sheet.IPAddresses, address)
		} else {
			sheet.DNSNames = append(sheet.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, sheet, sheet, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	file = filepath.Join(folder, FileName)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file, os.WriteFile(file, text, 0o644)
}

// T is what For needs of a test, so that programs that use New carry no test framework.
type T interface {
	Helper()
	TempDir() string
	Fatal(args ...any)
}

// For is New in a folder of the test's own.
func For(t T, good Validity, hosts ...string) (pair tls.Certificate, file string) {
	t.Helper()
	pair, file, err := New(t.TempDir(), good, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return pair, file
}

// KeyFile writes the key of a certificate to a file of the test's own, as PEM.
func KeyFile(t T, pair tls.Certificate) string {
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
