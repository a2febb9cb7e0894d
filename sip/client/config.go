package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"selfpay/sip"
	"selfpay/sip/wire"
)

// Dial opens the link to the library system. It is called again after the link was lost; the client closes what it
// returns. Close must end it at once; a TCP connection is reset rather than closed in good order after a failure.
type Dial func(ctx context.Context) (net.Conn, error)

// Timeouts are the longest waits. Connecting, login and answers are timed apart, because a library system may
// accept connections it does not serve (Koha 19.06 with all its processes busy, measured). Zero means the default.
type Timeouts struct {
	Connect time.Duration // dial and TLS handshake; 10 s
	Login   time.Duration // answer to 93 and to the 99 after it; 10 s
	Answer  time.Duration // answer to a question, never below the timeout that the library system asks for; 15 s
	FeePaid time.Duration // answer to 37, never below the timeout that the library system asks for; 45 s
	Resend  time.Duration // answer to 97; 10 s
}

func (t Timeouts) filled() Timeouts {
	for _, f := range []struct {
		at       *time.Duration
		standard time.Duration
	}{{&t.Connect, 10 * time.Second}, {&t.Login, 10 * time.Second}, {&t.Answer, 15 * time.Second},
		{&t.FeePaid, 45 * time.Second}, {&t.Resend, 10 * time.Second}} {
		if *f.at <= 0 {
			*f.at = f.standard
		}
	}
	return t
}

// ErrorDetection says how AY and AZ are used.
type ErrorDetection int

const (
	// Detect sends AY and AZ and checks them in answers that have them.
	Detect ErrorDetection = iota
	// Strict also wants them in every answer: a 38 without AZ is in doubt.
	Strict
	// NoDetection sends neither.
	NoDetection
)

// Echo says what BK in a 38 proves.
type Echo int

const (
	// EchoIfPresent: where there is a BK it must be ours; where there is none, the sequence number must be.
	EchoIfPresent Echo = iota
	// EchoRequired: only a 38 with our BK is an answer to our payment.
	EchoRequired
	// EchoIgnored: the library system writes numbers of its own there (CARL.X); the sequence number must be ours.
	EchoIgnored
)

// TLS asks for TLS 1.2 or newer over the dialled connection. Files are read when connecting.
type TLS struct {
	ServerName string // as in the library system's certificate
	CAFile     string // PEM, the only authorities trusted; empty means those of the machine
	CertFile   string // PEM, client certificate where the library system wants one (Alma)
	KeyFile    string // PEM, its key
}

// Config reads the files. The server must show a certificate made out to ServerName. It may be called again, and reads
// them anew.
func (t TLS) Config() (*tls.Config, error) {
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("certificate authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificate authorities: no certificate in %s", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// Direction is which way a traced line went.
type Direction string

// The directions.
const (
	Sent     Direction = "sent"
	Received Direction = "received"
)

// Config is one library system as one site has set it up.
type Config struct {
	Dial             Dial
	TLS              *TLS // nil leaves the connection as Dial made it
	Format           wire.Format
	Login            *sip.Login // nil where the library system knows us by address
	Telnet           *Telnet    // login at prompts, before any SIP2; nil where there are none
	Institution      string     // AO; empty means the one from 98
	TerminalPassword string     // AC
	Timeouts         Timeouts
	// Retries is how often a question, or anything answered by 96, is sent again; 0 means 2, below 0 never. After 96 the
	// library system's own number is kept to where it is lower.
	Retries        int
	ErrorDetection ErrorDetection
	Echo           Echo
	NoResend       bool      // the library system has no use for 97: a Fee Paid without a clear answer is in doubt at once
	Order          sip.Order // of Fee Paid's fields
	UTC            bool      // dates with zone letter Z instead of local time
	Limit          int       // bytes per message from the library system; 0 means wire.DefaultLimit
	// KeepAlive is how long the connection may be idle before a 99 keeps it open; 0 never sends one. Some library
	// systems close idle connections (Koha's client_timeout, 600 s in its sample).
	KeepAlive time.Duration
	// IgnoreSupport sends messages also where 98 says that they are not supported, for systems whose BX is wrong.
	IgnoreSupport bool
	// Now is the clock for the dates in messages and for Since; nil means time.Now.
	Now func() time.Time
	// Trace sees each line with everything masked that says something about a person; nil for none. It is called
	// while a request runs and must not call the client.
	Trace func(Direction, string)
}

// ErrLogin: the library system refused the login. Nothing was asked; a person must look at user and password.
var ErrLogin = errors.New("library login refused")

// ErrInstitution: the institution (AO) cannot be written in the configured character set, so no patron can be asked for.
// Mostly the library system writes in another one.
var ErrInstitution = errors.New("the institution (AO) cannot be written in the configured character set")
