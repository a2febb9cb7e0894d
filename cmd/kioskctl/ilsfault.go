package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"selfpay/device"
	"selfpay/kiosk/config"
	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// cannotAsk is the sentence for a library system that could not be asked: what is wrong there, and what to look at.
func cannotAsk(c config.Config, err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("ended before the library system had answered")
	}
	what, mend := trouble(c, err)
	return fmt.Errorf("the library system at %s %s; %s", c.ILS.Address.Host, what, mend)
}

// trouble says what is wrong with a library system, and the mend.
func trouble(c config.Config, err error) (what, mend string) {
	if what, mend = certificateTrouble(c, err); what != "" {
		return what, mend
	}
	var (
		name  *net.DNSError
		far   *net.OpError
		plain tls.RecordHeaderError
		file  *fs.PathError
		slow  net.Error
	)
	switch {
	case c.ILS.Route != "sip2" && errors.Is(err, device.ErrAttention):
		return attention(c, err)
	case errors.Is(err, client.ErrUnsupported):
		return "does not offer this message to this login", "kioskctl ils status shows what it offers; ask the library to allow it"
	case errors.Is(err, client.ErrLogin), errors.Is(err, device.ErrAttention) && !errors.Is(err, client.ErrTLS):
		return fmt.Sprintf("refuses the login %q", c.ILS.Login),
			"look at ils.login, ils.password and ils.location, and ask the library whether this login may use SIP2"
	case errors.As(err, &name):
		return fmt.Sprintf("cannot be found: the name %q is not known here", name.Name), "look at ils.address, and at the station's name server"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "takes no connections: nothing listens there", "is its server up, and is the port in ils.address right?"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "cannot be reached: there is no way to this address", "look at the network cable, at ils.address and at the firewall"
	case errors.As(err, &plain):
		return "does not speak TLS there", "name its TLS port in ils.address; tls = false is for a protected line only"
	case errors.As(err, &far) && far.Op == "remote error": // so package tls names an alert of the far end
		return "refuses the TLS connection: " + far.Err.Error(), "it must offer TLS 1.2 or newer, and want no certificate of the kiosk"
	case errors.As(err, &file):
		return "cannot be told from an impostor: " + file.Error(), "name the file of its certificate authority in ils.ca_file, and let the kiosk's user read it"
	case errors.Is(err, client.ErrTLS):
		return "could not be asked: " + err.Error(), "look at tls, ca_file and server_name in [ils]"
	case errors.Is(err, client.ErrSilent):
		return "takes the connection and does not answer", "is its SIP2 server busy, and is this a SIP2 port without TLS in front?"
	case errors.Is(err, client.ErrClosed) && c.ILS.TLS:
		return "ends the connection without an answer", "is the SIP2 server behind its TLS up, and may this station's address use it?"
	case errors.Is(err, client.ErrClosed):
		return "ends the connection without an answer", "is this its TLS port (then set tls = true), and may this station's address use it?"
	case errors.Is(err, wire.ErrNotSIP2), errors.Is(err, sip.ErrUnreadable):
		return "answers, but not as SIP2 wants it", "is ils.address its SIP2 port? kioskctl ils proxy shows what it says"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "does not answer", "is it up, is ils.address right, and does the firewall let this station through?"
	}
	return "could not be asked: " + err.Error(), "look at [ils] in the configuration"
}

// certificateTrouble is what is wrong with a certificate; empty when it is something else.
func certificateTrouble(c config.Config, err error) (what, mend string) {
	var (
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &name):
		return fmt.Sprintf("has a certificate that is made out to %s and not to %q", strings.Join(name.Certificate.DNSNames, ", "), name.Host),
			"if this is the right server, write that name into ils.server_name"
	case errors.As(err, &unknown) && c.ILS.CAFile != "":
		return "has a certificate that the authority in " + c.ILS.CAFile + " has not signed",
			"ask the library whether its certificate was changed, and put the new authority into that file"
	case errors.As(err, &unknown):
		return "has a certificate from an authority that this station does not know", "get the authority's file from the library and name it in ils.ca_file"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("has a certificate that is good from %s to %s only, and it is %s here", invalid.Cert.NotBefore.Format(time.DateOnly),
			invalid.Cert.NotAfter.Format(time.DateOnly), time.Now().Format(time.DateOnly)), "set the station's clock right, or ask the library to renew the certificate"
	case errors.As(err, &invalid):
		return "has a certificate that may not be used for this: " + invalid.Error(), "ask the library for a server's certificate"
	}
	return "", ""
}
