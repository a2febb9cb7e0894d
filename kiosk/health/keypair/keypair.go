// Package keypair holds a certificate with its key, for a listener or as the station's own name towards others. The files
// are read again when they have changed, so that a renewed certificate needs no restart.
package keypair

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Pair is a certificate and its key. Make it with Load. Its methods may be called from several goroutines.
type Pair struct {
	certificate, key string
	log              *slog.Logger

	mu     sync.Mutex
	pair   *tls.Certificate
	read   [2]version // the files as they were read
	looked time.Time
}

// version tells a file from the one that stood there before.
type version struct {
	modified time.Time
	size     int64
}

// lookAgain is the pause between two looks at the files, however often the certificate is needed.
const lookAgain = time.Second

// Load reads PEM files: the certificate with those between it and its authority, and the key.
func Load(certificate, key string, log *slog.Logger) (*Pair, error) {
	p := &Pair{certificate: certificate, key: key, log: log}
	if err := p.load(p.versions()); err != nil {
		return nil, err
	}
	return p, nil
}

// Certificate is the newest pair that fits. While new files do not fit, as between the writing of the one and of the
// other, the old pair stands.
func (p *Pair) Certificate() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.looked) < lookAgain {
		return p.pair
	}
	if now := p.versions(); now != p.read {
		if err := p.load(now); err != nil {
			p.log.Warn("a new certificate cannot be used; the old one stands", "error", err)
		} else {
			p.log.Info("a new certificate is used", "file", p.certificate, "until", p.pair.Leaf.NotAfter)
		}
	}
	p.looked = time.Now()
	return p.pair
}

// Expires is when the certificate is not valid any more.
func (p *Pair) Expires() time.Time { return p.Certificate().Leaf.NotAfter }

// ForServer is for tls.Config.GetCertificate.
func (p *Pair) ForServer(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.Certificate(), nil }

// ForClient is for tls.Config.GetClientCertificate.
func (p *Pair) ForClient(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return p.Certificate(), nil
}

func (p *Pair) versions() (now [2]version) {
	for i, path := range []string{p.certificate, p.key} {
		if info, err := os.Stat(path); err == nil {
			now[i] = version{info.ModTime(), info.Size()}
		}
	}
	return now
}

func (p *Pair) load(now [2]version) error {
	pair, err := tls.LoadX509KeyPair(p.certificate, p.key)
	p.read = now // what did not fit is not read again until it changes
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", p.certificate, p.key, err)
	}
	p.pair = &pair
	return nil
}

// Authorities reads a PEM file of certificates by which others are known.
func Authorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certificates of an authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("certificates of an authority: %s has none in PEM", path)
	}
	return pool, nil
}
