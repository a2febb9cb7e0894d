package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrTLS: the connection cannot be made safe. Nothing was asked; a person must look at names, certificates and
// versions, and the sentence beside it says at which.
var ErrTLS = errors.New("no safe connection to the library system")

// explained turns what the TLS library says into a sentence for whoever set the connection up. Other errors stay.
func explained(err error) error {
	if err == nil || errors.Is(err, ErrTLS) {
		return err
	}
	if why := sentence(err); why != "" {
		return fmt.Errorf("%w: %s (%w)", ErrTLS, why, err)
	}
	return err
}

const wantsCertificate = "it wants a client certificate; name the files of ours"

// refusedBy says whether the other end has refused the handshake, and not we.
func refusedBy(err error) bool { return strings.Contains(err.Error(), "remote error: tls:") }

func sentence(err error) string {
	var (
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		header  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("its certificate is not made out to %q but to %s; set the server name to one of these", name.Host, strings.Join(name.Certificate.DNSNames, ", "))
	case errors.As(err, &unknown):
		return "its certificate is signed by an authority that is not trusted here; name the right file of authorities"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		const day = time.DateOnly
		return fmt.Sprintf("its certificate is good from %s to %s only; renew it, or set this unit's clock right",
			invalid.Cert.NotBefore.Format(day), invalid.Cert.NotAfter.Format(day))
	case errors.As(err, &invalid):
		return "its certificate may not be used for this"
	case errors.As(err, &header):
		return "it does not speak TLS at this address and port"
	}
	text := err.Error()
	for _, known := range []struct{ sign, sentence string }{
		{"protocol version", "it speaks no TLS as new as 1.2"},
		{"certificate required", wantsCertificate},
		{"bad certificate", "it wants another client certificate than it was shown"},
		{"unknown certificate authority", "it does not trust the authority of our client certificate"},
		{"expired certificate", "our client certificate has expired"},
		{"handshake failure", "it found no way to agree on a cipher or a certificate"},
	} {
		if strings.Contains(text, "tls: ") && strings.Contains(text, known.sign) {
			return known.sentence
		}
	}
	return ""
}
