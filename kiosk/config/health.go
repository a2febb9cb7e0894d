package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Health is what others may watch, and what goes out to them.
type Health struct {
	Listen      string `toml:"listen"`
	Certificate File   `toml:"certificate"` // with Key: the page is served over TLS
	Key         File   `toml:"key"`
	Token       Secret `toml:"token"`     // whoever asks must know it
	ClientCA    File   `toml:"client_ca"` // whoever asks must have a certificate of this authority

	Ping      Secret   `toml:"ping"` // called while the station is well; whoever knows it can call it too
	PingEvery Duration `toml:"ping_every"`

	Heartbeat            string `toml:"heartbeat"` // takes the health document
	HeartbeatToken       Secret `toml:"heartbeat_token"`
	HeartbeatCertificate File   `toml:"heartbeat_certificate"`
	HeartbeatKey         File   `toml:"heartbeat_key"`
	CAFile               File   `toml:"ca_file"` // authority of ping and heartbeat; empty: those of the system
}

func defaultHealth() Health {
	return Health{Listen: "127.0.0.1:9100", PingEvery: Duration(time.Minute)}
}

// File refers to a file: file:PATH or credential:NAME. Unlike a Secret it cannot be the content itself.
type File string

// Path is where the file is; empty where none is named.
func (f File) Path() (string, error) {
	kind, name, _ := strings.Cut(string(f), ":")
	if kind == "credential" {
		return credentialPath(name)
	}
	return name, nil
}

// credentialPath is where systemd has put a credential.
func credentialPath(name string) (string, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", fmt.Errorf("credential %q cannot be read: systemd has given this program none; add LoadCredential=%s to the unit", name, name)
	}
	return filepath.Join(dir, filepath.Base(name)), nil
}

// shortestToken is how many characters a token has at least: one that nobody guesses.
const shortestToken = 16

func (k *checker) health() {
	h := k.c.Health
	k.file("health.certificate", h.Certificate)
	k.file("health.key", h.Key)
	k.file("health.client_ca", h.ClientCA)
	k.file("health.heartbeat_certificate", h.HeartbeatCertificate)
	k.file("health.heartbeat_key", h.HeartbeatKey)
	k.file("health.ca_file", h.CAFile)
	k.token("health.token", h.Token)
	k.token("health.heartbeat_token", h.HeartbeatToken)
	k.healthListen()
	k.both("health.certificate", "health.key", h.Certificate, h.Key)
	if h.ClientCA != "" && h.Certificate == "" {
		k.say("health.client_ca", "without TLS nobody shows a certificate", "set health.certificate and health.key too")
	}
	if kind, _, _ := strings.Cut(string(h.Ping), ":"); kind != "file" && kind != "credential" {
		k.outward("health.ping", string(h.Ping), false)
	}
	if every := time.Duration(h.PingEvery); every < 10*time.Second || every > time.Hour {
		k.say("health.ping_every", fmt.Sprintf("%s is no pause between two pings", every), `use a time between 10s and 1h, such as "60s"`)
	}
	k.outward("health.heartbeat", h.Heartbeat, true)
	k.both("health.heartbeat_certificate", "health.heartbeat_key", h.HeartbeatCertificate, h.HeartbeatKey)
}

// healthListen: whoever is not on this machine must prove who they are, over TLS.
func (k *checker) healthListen() {
	h := k.c.Health
	host, port, err := net.SplitHostPort(h.Listen)
	if err != nil || port == "" {
		k.say("health.listen", fmt.Sprintf("%q is no host and port", h.Listen), `write it as "127.0.0.1:9100"`)
		return
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return
	}
	const mend = `listen on 127.0.0.1 or [::1] only, or set health.certificate and health.key, and health.token or health.client_ca or both`
	switch {
	case h.Certificate == "" && h.Key == "":
		k.say("health.listen", fmt.Sprintf("%q can be reached from outside, and there is no TLS", h.Listen), mend)
	case h.Token == "" && h.ClientCA == "":
		k.say("health.listen", fmt.Sprintf("%q can be reached from outside by anybody", h.Listen), mend)
	}
}

func (k *checker) file(key string, f File) {
	kind, name, found := strings.Cut(string(f), ":")
	switch {
	case f == "":
	case !found || kind != "file" && kind != "credential" || name == "":
		k.say(key, "this is no file", "write file:/etc/kiosk/NAME.pem or credential:NAME")
	case kind == "file" && !filepath.IsAbs(name):
		k.say(key, fmt.Sprintf("%q is no absolute path", name), "write the whole path: file:/etc/kiosk/NAME.pem")
	}
}

// both wants none or both of a certificate and its key.
func (k *checker) both(certificateKey, keyKey string, certificate, key File) {
	switch {
	case certificate != "" && key == "":
		k.say(certificateKey, "there is no key for it", "set "+keyKey+" too")
	case certificate == "" && key != "":
		k.say(keyKey, "there is no certificate for it", "set "+certificateKey+" too")
	}
}

// token looks at a token that stands in the file itself; one that is elsewhere is looked at when it is read.
func (k *checker) token(key string, s Secret) {
	if s.String() != "(hidden)" {
		return
	}
	if err := TokenFits(string(s)); err != nil {
		k.say(key, err.Error(), "make one with: openssl rand -hex 24")
	}
}

// TokenFits says whether a token is long enough, and of characters that a header may hold.
func TokenFits(token string) error {
	switch {
	case len(token) < shortestToken || len(token) > 512:
		return fmt.Errorf("a token has %d to 512 characters", shortestToken)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("a token has no spaces and only ASCII characters")
	}
	return nil
}

// outward looks at an address that the station calls. A word that is secret is not shown.
func (k *checker) outward(key, address string, show bool) {
	if err := CallableURL(address); address != "" && err != nil {
		what := err.Error()
		if u, e := url.Parse(address); show && e == nil {
			what = fmt.Sprintf("%s: %s", u.Redacted(), what)
		}
		k.say(key, what, "write it as https://monitoring.example.org/path; http:// only on this machine")
	}
}

// CallableURL says whether an address can be called without telling others on the way what is sent.
func CallableURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return fmt.Errorf("this is no address")
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && here):
		return fmt.Errorf("others on the way can read what is sent there")
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("user, password and what stands behind # are not sent")
	}
	return nil
}
