package surround

import (
	"crypto/tls"
	"fmt"
	"time"

	"selfpay/sip/certtest"
)

// newAuthority makes the certificate of a library system on this machine, good for a year, and writes it to dir.
func newAuthority(dir string) (tls.Certificate, error) {
	good := certtest.Validity{From: time.Now().Add(-time.Hour), To: time.Now().AddDate(1, 0, 0)}
	pair, _, err := certtest.New(dir, good, "127.0.0.1", "::1", "localhost")
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("the certificate of the library system cannot be written: %w", err)
	}
	return pair, nil
}
