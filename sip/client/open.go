package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// Open dials the library system, with TLS where that is configured, and leaves the rest to the caller: nothing is
// sent, not even a login. It is for programs that pass on what others say. ErrTLS stands in the error where the
// connection could be made and is not safe.
func (c Config) Open(ctx context.Context) (net.Conn, error) {
	opening, cancel := context.WithTimeout(ctx, c.Timeouts.filled().Connect)
	defer cancel()
	raw, err := c.Dial(opening)
	if err != nil || c.TLS == nil {
		return raw, err
	}
	settings, err := c.TLS.Config()
	if err != nil {
		(&conn{Conn: raw}).reset()
		return nil, fmt.Errorf("%w: %w", ErrTLS, err)
	}
	asked := false // for a certificate of ours, which is not there
	if len(settings.Certificates) == 0 {
		settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return &tls.Certificate{}, nil
		}
	}
	secure := tls.Client(raw, settings)
	if err := secure.HandshakeContext(opening); err != nil {
		(&conn{Conn: raw}).reset()
		if asked && refusedBy(err) {
			err = fmt.Errorf("%w: %s (%w)", ErrTLS, wantsCertificate, err)
		}
		return nil, fmt.Errorf("TLS: %w", explained(err))
	}
	return secure, nil
}
