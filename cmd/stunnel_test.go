package cmd_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/config"
)

// authority signs certificates, as a library's own authority does.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string // PEM
	issued      int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t), file: filepath.Join(t.TempDir(), "ca.pem")}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Library authority " + a.file}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err == nil {
		a.certificate, err = x509.ParseCertificate(der)
	}
	if err == nil {
		err = os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue writes a certificate for a name, with its key, over whatever stands in file.
func (a *authority) issue(name, file string) {
	a.t.Helper()
	a.issued++
	key := newKey(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(100 + a.issued), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

const tlsName = "ils.example.org"

// tunnel is Debian's stunnel in front of a library system.
type tunnel struct {
	t           *testing.T
	address     string
	certificate string // file
	settings    string // file
	command     *exec.Cmd
	log         bytes.Buffer
}

// newTunnel starts stunnel on a free port.
func newTunnel(t *testing.T, library string, a *authority) *tunnel {
	t.Helper()
	if _, err := exec.LookPath("stunnel"); err != nil {
		t.Fatal("stunnel is not here; install it with: make deps")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tunnel{t: t, address: l.Addr().String(), certificate: filepath.Join(t.TempDir(), "server.pem"), settings: filepath.Join(t.TempDir(), "stunnel.conf")}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	a.issue(tlsName, w.certificate)
	text := fmt.Sprintf("foreground = yes\npid =\nsyslog = no\n[sip2]\naccept = %s\nconnect = %s\ncert = %s\n", w.address, library, w.certificate)
	if err := os.WriteFile(w.settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	w.start()
	return w
}

// start waits until stunnel takes connections.
func (w *tunnel) start() {
	w.t.Helper()
	w.command = exec.Command("stunnel", w.settings)
	w.command.Stdout, w.command.Stderr = &w.log, &w.log
	w.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.command.Start(); err != nil {
		w.t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", w.address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			w.stop()
			w.t.Fatalf("stunnel does not listen: %s", w.log.String())
		}
	}
}

// stop ends stunnel and every connection through it.
func (w *tunnel) stop() {
	if w.command == nil {
		return
	}
	w.command.Process.Kill()
	w.command.Wait()
	w.command = nil
}

func (w *tunnel) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

// libraryOf is where a station's library system is.
func (s *station) libraryOf() string {
	s.t.Helper()
	c, err := config.Load(s.around.ConfigPath())
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ILS.Address.Host
}

// change edits the configuration; each old text must be there.
func (s *station) change(pairs ...string) {
	s.t.Helper()
	text, err := os.ReadFile(s.around.ConfigPath())
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !bytes.Contains(text, []byte(pairs[i])) {
			s.t.Fatalf("the configuration has nothing of %q", pairs[i])
		}
		text = bytes.ReplaceAll(text, []byte(pairs[i]), []byte(pairs[i+1]))
	}
	if err := os.WriteFile(s.around.ConfigPath(), text, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// behindTLS puts stunnel between a station and its library system.
func behindTLS(t *testing.T, a *authority) (*station, *tunnel) {
	t.Helper()
	s := newStation(t, surround.Options{})
	library := s.libraryOf()
	w := newTunnel(t, library, a)
	s.change(library, w.address, "tls = false", fmt.Sprintf("tls = true\nserver_name = %q\nca_file = %q", tlsName, a.file))
	return s, w
}

// tells runs kioskctl ils status and checks its exit status and words.
func (s *station) tells(want int, words ...string) {
	s.t.Helper()
	out, status := s.ctl("ils", "status")
	if status != want {
		s.t.Errorf("ils status ends with %d, want %d: %s", status, want, out)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			s.t.Errorf("ils status says nothing of %q: %s", w, out)
		}
	}
}

func TestPaymentsArePostedThroughStunnelAcrossItsRestartAndANewCertificate(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s, w := behindTLS(t, a)
	s.tells(0, "is on line")
	s.begin().ready()
	s.patron(cardTwoFees).said(t, "booked")
	w.restart()
	s.ready()
	s.patron(cardOneFee).said(t, "booked")
	a.issue(tlsName, w.certificate)
	w.restart()
	s.ready()
	s.patron(cardThreeFees).said(t, "booked")
	s.booksAgree(twoFees + oneFee + threeFees)
	if out, status := s.ctl("ils", "fees", cardThreeFees); status != 0 || !strings.Contains(out, "nothing is owed") {
		t.Errorf("ils fees: %d %s", status, out)
	}
}

func TestNoPaymentIsOfferedWhileTheLibraryMayBeAnImpostor(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t), newAuthority(t)
	s, w := behindTLS(t, a)
	s.begin().ready()
	other.issue(tlsName, w.certificate)
	w.restart()
	s.notReady("library-refuses")
	s.tells(1, "the authority in "+a.file+" has not signed", "ask the library whether its certificate was changed")
	s.patron(cardOneFee).said(t, "library-refuses")
	s.nothingMoved()
	a.issue(tlsName, w.certificate)
	w.restart()
	s.ready()
	s.patron(cardOneFee).said(t, "booked")
	s.booksAgree(oneFee)
}

func TestTheTechnicianIsToldWhatIsWrongWithTheTLS(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t), newAuthority(t)
	s, w := behindTLS(t, a)
	s.tells(0, "is on line")

	a.issue("other.example.org", w.certificate)
	w.restart()
	s.tells(1, `made out to other.example.org and not to "`+tlsName+`"`, "ils.server_name")
	a.issue(tlsName, w.certificate)
	w.restart()
	s.tells(0)

	s.change(a.file, other.file)
	s.tells(1, "the authority in "+other.file+" has not signed")
	s.change(fmt.Sprintf("ca_file = %q", other.file), "")
	s.tells(1, "an authority that this station does not know", "name it in ils.ca_file")
	s.change("tls = true", fmt.Sprintf("tls = true\nca_file = %q", a.file))
	s.tells(0)

	s.order("link", "ils", "cut") // stunnel answers, and finds nobody behind it
	s.tells(1, "ends the connection without an answer", "is the SIP2 server behind its TLS up")
	s.order("link", "ils", "restore")
	s.tells(0)

	w.stop()
	s.tells(1, "takes no connections: nothing listens there", "is the port in ils.address right?")
	w.start()
	s.change("tls = true", "tls = false", fmt.Sprintf("server_name = %q", tlsName), "", fmt.Sprintf("ca_file = %q", a.file), "")
	s.tells(1, "then set tls = true")
}

func TestThePaymentOfAKioskCanBeWatchedBetweenItAndTheTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	s, w := behindTLS(t, a)
	text, err := os.ReadFile(s.around.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "proxy.toml") // the way to the library; kioskd goes to the proxy, which is on the same machine
	if err := os.WriteFile(outside, text, 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := exec.Command(filepath.Join(programs, "kioskctl"), "--config", outside, "ils", "proxy", "--listen", "127.0.0.1:0")
	var shown bytes.Buffer
	proxy.Stdout = &shown
	proxy.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	told, err := proxy.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Process.Kill() })
	lines := bufio.NewReader(told)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(first, "listens on ")
	address, _, _ := strings.Cut(after, " ")
	s.change(w.address, address, "tls = true", "tls = false", fmt.Sprintf("server_name = %q", tlsName), "", fmt.Sprintf("ca_file = %q", a.file), "")
	s.tells(0, "is on line")
	s.begin().ready()
	s.patron(cardTwoFees).said(t, "booked")
	s.booksAgree(twoFees)
	if err := proxy.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Fatal(err)
	}
	if err := proxy.Wait(); err != nil {
		t.Errorf("the proxy ends with %v", err)
	}
	for _, want := range []string{"to library: 93 Login", "to library: 37 Fee Paid", "to client: 38 Fee Paid Response", "BV fee amount               2.50"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("the proxy shows nothing of %q: %s", want, shown.String())
		}
	}
	for _, secret := range []string{"demo-password", cardTwoFees, "Anna"} {
		if strings.Contains(shown.String(), secret) {
			t.Errorf("the proxy shows %q", secret)
		}
	}
}
