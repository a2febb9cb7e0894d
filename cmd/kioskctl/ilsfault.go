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

	"selfpay/cmd/parts"
	"selfpay/device"
	"selfpay/kiosk/config"
	"selfpay/kiosk/ils/rest"
	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// cannotAsk is the sentence for a library system that could not be asked: what is wrong there, and what to look at.
func cannotAsk(c config.Config, err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("ended before the library system had answered")
	}
	what, mend := trouble(c, "ils.address", err)
	return fmt.Errorf("the library system at %s %s; %s", c.ILS.Address.Host, what, mend)
}

// trouble says what is wrong with a library system, and the mend. key is where its address stands.
func trouble(c config.Config, key string, err error) (what, mend string) {
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
	case errors.Is(err, client.ErrUnsupported):
		return "does not offer this message to this login", "kioskctl ils status shows what it offers; ask the library to allow it"
	case errors.Is(err, client.ErrLogin), errors.Is(err, device.ErrAttention) && !errors.Is(err, client.ErrTLS):
		return fmt.Sprintf("refuses the login %q", c.ILS.Login),
			"look at ils.login, ils.password and ils.location, and ask the library whether this login may use SIP2"
	case errors.As(err, &name):
		return fmt.Sprintf("cannot be found: the name %q is not known here", name.Name), "look at " + key + ", and at the station's name server"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "takes no connections: nothing listens there", "is its server up, and is the port in " + key + " right?"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "cannot be reached: there is no way to this address", "look at the network cable, at " + key + " and at the firewall"
	case errors.As(err, &plain):
		return "does not speak TLS there", "name its TLS port in " + key + "; without TLS only a protected line may be spoken over"
	case errors.As(err, &far) && far.Op == "remote error": // so package tls names an alert of the far end
		return "refuses the TLS connection: " + far.Err.Error(), "it must offer TLS 1.2 or newer; where it wants a certificate of the kiosk's own, name the files in ils.cert_file and ils.key_file"
	case errors.As(err, &file) && (file.Path == c.ILS.CertFile || file.Path == c.ILS.KeyFile):
		return "cannot be shown the kiosk's certificate: " + file.Error(), "name its files in ils.cert_file and ils.key_file, and let the kiosk's user read them"
	case errors.As(err, &file):
		return "cannot be told from an impostor: " + file.Error(), "name the file of its certificate authority in ils.ca_file, and let the kiosk's user read it"
	case errors.Is(err, client.ErrTLS):
		return "could not be asked: " + err.Error(), "look at ca_file, server_name, cert_file and key_file in [ils]"
	case errors.Is(err, client.ErrSilent):
		return "takes the connection and does not answer", "is its SIP2 server busy, and is this a SIP2 port without TLS in front?"
	case errors.Is(err, client.ErrClosed) && c.ILS.TLS:
		return "ends the connection without an answer", "is the SIP2 server behind its TLS up, and may this station's address use it?"
	case errors.Is(err, client.ErrClosed):
		return "ends the connection without an answer", "is this its TLS port (then set tls = true), and may this station's address use it?"
	case errors.Is(err, wire.ErrNotSIP2), errors.Is(err, sip.ErrUnreadable):
		return "answers, but not as SIP2 wants it", "is ils.address its SIP2 port? kioskctl ils proxy shows what it says"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "does not answer", "is it up, is " + key + " right, and does the firewall let this station through?"
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

// server is an address at which a library system over HTTP is asked.
type server struct {
	at   config.Address
	key  string // where it stands in the configuration
	path string // the usual one
}

// servers are those of the route, the one that is asked first at the front.
func servers(c config.Config) []server {
	if c.ILS.Route == "aleph" {
		return []server{{c.ILS.Address, "ils.address", "/rest-dlf"}, {c.ILS.Aleph.XServer, "ils.aleph.x_server", "/X"}}
	}
	return []server{{c.ILS.Address, "ils.address", "/PAPIService"}}
}

// open opens a connection as the route does, and sends nothing.
func (s server) open(ctx context.Context, c config.Config) error {
	line := client.Config{Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", rest.HostPort(&s.at.URL))
	}}
	if s.at.Scheme == "https" {
		known := parts.Certificates(c)
		if known.ServerName == "" {
			known.ServerName = s.at.Hostname()
		}
		line.TLS = &known
	}
	conn, err := line.Open(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

// faultOverHTTP is cannotAsk for the routes over HTTP. Their errors say in words what is wrong and hold no cause, so it is
// tried here whether a connection can be made. refused says whether the library system has answered that it will not have
// this kiosk, rather than not answered.
func faultOverHTTP(ctx context.Context, c config.Config, err error) (fault error, refused bool) {
	all := servers(c)
	for _, s := range all {
		bad := s.open(ctx, c)
		if ctx.Err() != nil {
			return cannotAsk(c, context.Canceled), false
		}
		if bad != nil {
			what, mend := trouble(c, s.key, bad)
			return fmt.Errorf("the library system at %s %s; %s", s.at.Host, what, mend), false
		}
	}
	said, at := inWords(c, err), all[0]
	for i, name := range []string{"the REST server: ", "the X-server: "} {
		if rest, cut := strings.CutPrefix(said, name); cut && i < len(all) {
			said, at = rest, all[i]
		}
	}
	what, mend, refused := answerTrouble(c, at, said)
	return fmt.Errorf("the library system at %s %s; %s", at.at.Host, what, mend), refused && errors.Is(err, device.ErrAttention)
}

// inWords is an error of a route over HTTP without its name, the deed and the class.
func inWords(c config.Config, err error) string {
	text := err.Error()
	for _, deed := range []string{"ready", "account"} {
		text = strings.TrimPrefix(text, c.ILS.Route+": "+deed+": ")
	}
	for _, class := range []error{device.ErrNotSent, device.ErrDoubt, device.ErrAttention} {
		text = strings.TrimSuffix(strings.ReplaceAll(text, class.Error()+": ", ""), ": "+class.Error())
	}
	return text
}

// answerTrouble is what is wrong with a library system over HTTP that a connection can be made to, and the mend. refused is
// false where what answers may not be it.
func answerTrouble(c config.Config, at server, said string) (what, mend string, refused bool) {
	words, look, _ := strings.Cut(said, "; ")
	has := func(text string) bool { return strings.Contains(said, text) }
	switch {
	case has(context.DeadlineExceeded.Error()), has("i/o timeout"):
		return "does not answer within " + time.Duration(c.ILS.Answer).String(), "is it busy, and is " + at.key + " right?", false
	case has("remote error: tls: "):
		return "refuses the TLS connection: " + words, "where it wants a certificate of the kiosk's own, name the files in ils.cert_file and ils.key_file", false
	case has("sign-in page"), has("a web page"):
		return "is not what answers there: " + words, "let the kiosk reach it without signing in, and look at " + at.key, false
	case has("library login refused"):
		return fmt.Sprintf("refuses the login %q %s", c.ILS.Login, strings.TrimPrefix(words, "library login refused ")),
			"look at ils.login, ils.password and ils.polaris.domain, then at access_id, access_key, algorithm and sign_as in [ils.polaris]; " +
				"wait five minutes before the next try: three refused logins lock the user", true
	case has("the X-server answers: "):
		_, answer, _ := strings.Cut(said, "the X-server answers: ")
		return "has an X-server that gives no answer to the user of this kiosk: " + answer,
			"look at x_user, x_password and library in [ils.aleph], and ask the library for the user's right to the X-services", true
	case has("this address is not let in"):
		return "does not let in the address of this kiosk", "it must stand in both lists of the library: server_ip_allowed for the X-server, and that of the REST server", true
	case has("HTTP 403") && look != "":
		return "answers with HTTP 403", "ask the library whether it lets in the address of this kiosk", true
	case look != "":
		return "takes no payments from this kiosk: " + words, look, true
	}
	return "could not be asked: " + words, fmt.Sprintf("is %s right? An https port is written https://, and a path there replaces %s", at.key, at.path), false
}

// keptBySystemd is the error of a configuration whose secret this program cannot read, with the mend where it is one of
// kioskd's credentials.
func keptBySystemd(err error) error {
	if err != nil && strings.Contains(err.Error(), "credential ") {
		return fmt.Errorf("%w; while kioskd runs, root may use what it was given: CREDENTIALS_DIRECTORY=/run/credentials/kioskd.service kioskctl ils", err)
	}
	return err
}
