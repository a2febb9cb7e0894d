package heartbeat

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/health/keypair"
)

// The limits of one call.
const (
	longestCall   = 20 * time.Second
	longestAnswer = 64 << 10 // bytes; nothing of it is used
)

// Client makes the client for calls. It follows no redirect: what is sent is for the named address. own is the station's
// certificate, nil: none; roots are by whom the other side is known, nil: those of the system.
func Client(own *keypair.Pair, roots *x509.CertPool) *http.Client {
	secure := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	if own != nil {
		secure.GetClientCertificate = own.ForClient
	}
	return &http.Client{
		Timeout:       longestCall,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, TLSHandshakeTimeout: longestCall / 2,
			MaxResponseHeaderBytes: 16 << 10, MaxIdleConns: 1, IdleConnTimeout: 2 * time.Minute},
	}
}

// call sends one request. Its error does not show the address, which may be a secret.
func call(c *http.Client, r *http.Request) error {
	r.Header.Set("User-Agent", "selfpay-kioskd")
	answer, err := c.Do(r)
	var shown *url.Error
	if errors.As(err, &shown) {
		err = shown.Err
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, longestAnswer))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %d", answer.StatusCode)
	}
	return nil
}

// silentTooLong is how long nobody may have been reached before staff is told. Payments never wait for it.
const silentTooLong = time.Hour

// link tells health since when somebody was not reached. Its log has one line for each change.
type link struct {
	check   string
	measure func(check string, status health.Status, value int64, unit, output string)
	log     *slog.Logger

	reached time.Time // last
	failed  error
}

func (l *link) note(err error) {
	if (err == nil) != (l.failed == nil) {
		l.log.Info("call", "check", l.check, "reached", err == nil, "error", err)
	}
	if l.failed = err; err == nil {
		l.reached = time.Now()
	}
	l.tell()
}

func (l *link) tell() {
	silent := time.Since(l.reached)
	status, output := health.Pass, ""
	if silent > silentTooLong {
		status = health.Warn
	}
	if l.failed != nil {
		output = "not reached: " + l.failed.Error()
	}
	l.measure(l.check, status, int64(silent.Seconds()), "s", output)
}

// waitFor waits unless ctx ends, which it says by false.
func waitFor(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
