package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/client"
	sipdecode "selfpay/sip/decode"
	"selfpay/sip/wire"
)

// running is a proxy as built program.
type running struct {
	t       *testing.T
	command *exec.Cmd
	address string
	out     io.Reader
	errs    *bufio.Reader
	told    strings.Builder // on standard error
}

// proxyOf starts kioskctl ils proxy and waits until it listens.
func proxyOf(t *testing.T, p place, words ...string) *running {
	t.Helper()
	r := &running{t: t, command: exec.Command(program, slices.Concat([]string{"--config", p.config, "ils", "proxy", "--listen", "127.0.0.1:0"}, words)...)}
	var err error
	if r.out, err = r.command.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	errs, err := r.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.errs = bufio.NewReader(errs)
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.command.Process.Kill() })
	first, err := r.errs.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(first, "listens on ")
	r.address, _, _ = strings.Cut(after, " ")
	r.told.WriteString(first)
	return r
}

// waitFor reads standard error up to some words.
func (r *running) waitFor(words string) {
	r.t.Helper()
	for !strings.Contains(r.told.String(), words) {
		line, err := r.errs.ReadString('\n')
		r.told.WriteString(line)
		if err != nil {
			r.t.Fatalf("it says nothing of %q: %s", words, r.told.String())
		}
	}
}

// interrupt ends the proxy as Ctrl-C does, and returns all it has printed.
func (r *running) interrupt() said {
	r.t.Helper()
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	out, err := io.ReadAll(r.out)
	rest, err2 := io.ReadAll(r.errs)
	if err := errors.Join(err, err2); err != nil {
		r.t.Fatal(err)
	}
	r.told.Write(rest)
	var exit *exec.ExitError
	if err := r.command.Wait(); err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return said{string(out), r.told.String(), r.command.ProcessState.ExitCode()}
}

// tap keeps what goes over a connection.
type tap struct {
	net.Conn
	mu       *sync.Mutex
	in, over *bytes.Buffer
}

func newTap(c net.Conn) tap { return tap{c, &sync.Mutex{}, &bytes.Buffer{}, &bytes.Buffer{}} }

func (c tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	c.in.Write(b[:n])
	c.mu.Unlock()
	return n, err
}

func (c tap) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.mu.Lock()
	c.over.Write(b[:n])
	c.mu.Unlock()
	return n, err
}

func (c tap) seen() (in, out string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.in.String(), c.over.String()
}

// tapped notes every connection of a listener.
type tapped struct {
	net.Listener
	taps chan tap
}

func (l tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := newTap(c)
	l.taps <- t
	return t, nil
}

func TestAWholePaymentGoesThroughTheProxyUnchanged(t *testing.T) {
	for _, format := range [][]string{nil, {"--json"}} {
		library, _ := libraryAt(t, nil)
		l := tapped{listen(t), make(chan tap, 1)}
		go library.Serve(l)
		proxy := proxyOf(t, at(t, l.Addr().String(), well...), format...)
		var near tap
		unit := client.New(client.Config{Login: &sip.Login{User: "kiosk01", Password: kioskWord}, TerminalPassword: "terminal-word",
			Dial: func(ctx context.Context) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, "tcp", proxy.address)
				near = newTap(c)
				return near, err
			}})
		account, err := unit.PatronInformation(t.Context(), sip.PatronInformation{List: sip.FineItems, Patron: cardPIN, PatronPassword: patronPIN})
		if err != nil || account.Fees != "6.40" || account.Name != "Nora Frei" {
			t.Fatalf("PatronInformation = %+v, %v", account, err)
		}
		if _, err := unit.FeePaid(t.Context(), sip.FeePaid{FeeType: sip.FeeOther, PaymentType: sip.PaidCreditCard, Currency: "EUR", Amount: "6.40",
			Patron: cardPIN, PatronPassword: patronPIN, Fee: "106", Transaction: "4821-000123-01"}); err != nil {
			t.Fatal(err)
		}
		if _, err := unit.EndPatronSession(t.Context(), sip.EndPatronSession{Patron: cardPIN, PatronPassword: patronPIN}); err != nil {
			t.Fatal(err)
		}
		if b := library.Books().Postings; len(b) != 1 || b[0].AmountMinor != 640 {
			t.Errorf("booked %+v", b)
		}
		unit.Close()
		proxy.waitFor("connection 1 ended")
		far := <-l.taps
		nearIn, nearOut := near.seen()
		farIn, farOut := far.seen()
		if nearIn != farOut || nearOut != farIn || !strings.Contains(nearOut, patronPIN) {
			t.Errorf("changed on its way:\n%q\n%q\n%q\n%q", nearOut, farIn, farOut, nearIn)
		}
		s := proxy.interrupt()
		if s.status != 0 {
			t.Errorf("%+v", s)
		}
		for _, secret := range []string{kioskWord, patronPIN, cardPIN, "terminal-word", "Nora", "Frei"} {
			if strings.Contains(s.out+s.err, secret) {
				t.Errorf("%q is printed: %s", secret, s.out)
			}
		}
		if format == nil {
			s.has(t, 0, "connection 1, to library: 37 Fee Paid", "connection 1, to client: 38 Fee Paid Response", "payment accepted", "AA patron identifier        ****",
				"AD patron password          ****", "AC terminal password        ****", "CO login password           ****", "BV fee amount               6.40", "BK transaction id           4821-000123-01")
			continue
		}
		var order []string
		for _, d := range documents[proxied](t, s.out) {
			order = append(order, d.Message)
			if d.Connection != 1 || d.Time.IsZero() || d.Checksum != "ok" || (d.Direction == toLibrary) != slices.Contains([]string{"93", "99", "63", "37", "35"}, d.Message) {
				t.Errorf("%+v", d)
			}
		}
		if got := strings.Join(order, " "); got != "93 94 99 98 63 64 99 98 37 38 35 36" {
			t.Errorf("the messages are %s", got)
		}
	}
}

// echo is a far end that a test drives by hand.
func echo(t *testing.T) (net.Listener, func() *net.TCPConn) {
	t.Helper()
	l := listen(t)
	return l, func() *net.TCPConn {
		t.Helper()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c.(*net.TCPConn)
	}
}

func dialTo(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// arrives reads just what was written at the other end.
func arrives(t *testing.T, from net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(from, got); err != nil || string(got) != want {
		t.Fatalf("%q arrives, %v, want %q", got, err, want)
	}
}

func send(t *testing.T, to net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Fatal(err)
	}
}

func TestBytesAreForwardedBeforeAMessageIsWhole(t *testing.T) {
	l, accept := echo(t)
	proxy := proxyOf(t, at(t, l.Addr().String(), well...))
	near := dialTo(t, proxy.address)
	far := accept()
	for _, b := range "9900402.00" { // no end comes
		send(t, near, string(b))
		arrives(t, far, string(b))
	}
	send(t, far, "\xff\x00login: ")
	arrives(t, near, "\xff\x00login: ")
	send(t, near, "12-my-password\r\n") // a line that begins like a message
	arrives(t, far, "12-my-password\r\n")
	send(t, near, strings.Repeat("x", wire.DefaultLimit+10)+"\r")
	arrives(t, far, strings.Repeat("x", wire.DefaultLimit+10)+"\r")
	if s := proxy.interrupt(); strings.Contains(s.out+s.err, "my-password") || !strings.Contains(s.out, "is not shown") {
		t.Errorf("%+v", s)
	}
}

// A library system may carry out what an orderly end has cut off.
func TestAnEndIsPassedOnAsItIs(t *testing.T) {
	l, accept := echo(t)
	proxy := proxyOf(t, at(t, l.Addr().String(), well...))

	near := dialTo(t, proxy.address)
	far := accept()
	send(t, near, "half")
	if err := near.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(far); err != nil || string(got) != "half" {
		t.Errorf("an orderly end arrives as %q, %v", got, err)
	}
	send(t, far, "still answered")
	arrives(t, near, "still answered")
	far.Close()
	proxy.waitFor("connection 1 ended")

	near = dialTo(t, proxy.address)
	far = accept()
	send(t, near, "half")
	arrives(t, far, "half")
	reset(near)
	if _, err := far.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a reset of the client arrives as %v", err)
	}
	proxy.waitFor("connection 2 ended")

	near = dialTo(t, proxy.address)
	far = accept()
	send(t, near, "x")
	arrives(t, far, "x")
	reset(far)
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a reset of the library system arrives as %v", err)
	}
	proxy.waitFor("connection 3 ended")

	near = dialTo(t, proxy.address)
	accept()
	s := proxy.interrupt() // with a connection open
	if s.status != 0 || !strings.Contains(s.out, "The message has no end (CR).") {
		t.Errorf("%+v", s)
	}
	if _, err := near.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlives the proxy")
	}
}

func TestAStoppedScreenHoldsNothingUp(t *testing.T) {
	l, accept := echo(t)
	proxy := proxyOf(t, at(t, l.Addr().String(), well...)) // nobody reads what it prints
	near := dialTo(t, proxy.address)
	far := accept()
	message := "9900402.00\r"
	for range 2000 { // more than fits into a pipe
		send(t, near, message)
		arrives(t, far, message)
	}
	if s := proxy.interrupt(); strings.Count(s.out, "99 SC Status") != 2000 {
		t.Errorf("%d messages are printed", strings.Count(s.out, "99 SC Status"))
	}
}

func TestALibrarySystemThatIsDownIsToldByTheProxy(t *testing.T) {
	gone := listen(t)
	gone.Close()
	proxy := proxyOf(t, at(t, gone.Addr().String(), well...))
	if near, err := net.Dial("tcp", proxy.address); err == nil { // the reset may be as fast as the connection
		defer near.Close()
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the client learns %v", err)
		}
	}
	proxy.waitFor("takes no connections: nothing listens there")
	if s := proxy.interrupt(); s.status != 0 || s.out != "" {
		t.Errorf("%+v", s)
	}
}

func TestTheProxyMayLeadToAnotherLibrarySystem(t *testing.T) {
	gone := listen(t)
	gone.Close()
	_, address := libraryAt(t, nil)
	proxy := proxyOf(t, at(t, gone.Addr().String(), well...), "--to", address)
	unit := client.New(client.Config{Login: &sip.Login{User: "kiosk01", Password: kioskWord}, Dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", proxy.address)
	}})
	defer unit.Close()
	if s, err := unit.Status(t.Context()); err != nil || !s.OnLine {
		t.Errorf("Status = %+v, %v", s, err)
	}
}

func TestTheProxyListensOnThisMachineOnly(t *testing.T) {
	p := at(t, "127.0.0.1:6001", well...)
	for _, where := range []string{"0.0.0.0:6001", ":6001", "192.0.2.1:6001", "[::]:6001", "ils.example.org:6001", "6001", "127.0.0.1"} {
		p.asks(t, "", "ils", "proxy", "--listen", where).has(t, exitUsage, "listens on this machine only")
	}
	p.asks(t, "", "ils", "proxy").has(t, exitUsage, "--listen")
	p.asks(t, "", "ils", "proxy", "--listen", "127.0.0.1:0", "--to", "nowhere").has(t, exitUsage, "named by host and port")
	taken := listen(t)
	p.asks(t, "", "ils", "proxy", "--listen", taken.Addr().String()).has(t, exitNotWell, "the proxy cannot listen", "choose another port")
}

func TestWhatMayNotBeShownIsHiddenWhereverItStands(t *testing.T) {
	const bankCard = "4111111111111111"
	v := &veil{}
	for _, line := range []string{
		"2300120261121    140550AOCPL|AA20017000042317|ACterm-word|AD47119|",
		"24              00120261121    140550AOCPL|AAx|AEAnna Müller|AFHello Anna Müller, card 20017000042317, PIN 47119|AGcard " + bankCard + "|",
		"9300CNkiosk|COs3cr3t-word|",
		"9300COs3cr3t-word",
		"93COs3cr3t-word|",
		"2300120261121    140550AOCPL|xADs3cr3t-other|AD|",
		"64              00120261121    140550000000000000000000000000AOCPL|AA2|AEx|BDMüller street|BEa@Müller|BF47119|CY20017000042317|DAMüller|PBs3cr3t-word|U147119|",
		"password: s3cr3t-word", "11s3cr3t-word", "s3cr3t-word", "77AD47119|AFs3cr3t-word|",
		"9900402.00AFs3cr3t-word", "9900402.00s3cr3t-word|",
	} {
		d := v.lift([]byte(line), "")
		shown := headline(d) + strings.Join(explainMessage(d), "\n")
		for _, secret := range []string{"20017000042317", "term-word", "47119", "Müller", "s3cr3t", bankCard} {
			if strings.Contains(shown, secret) {
				t.Errorf("%q shows %q: %s", line, secret, shown)
			}
		}
	}
	if d := v.lift([]byte("38Y20261121    140550AOCPL|AA20017000042317|BK4821-000123-01|"), ""); !slices.Contains(d.Fields, sipdecode.Field{ID: "BK", Value: "4821-000123-01"}) {
		t.Errorf("%+v", d)
	}
	cards := &veil{cards: true}
	if d := cards.lift([]byte("2300120261121    140550AOCPL|AA20017000042317|AC|AD47119|"), ""); d.Fields[1].Value != "20017000042317" || d.Fields[2].Value != "" || d.Fields[3].Value != hidden {
		t.Errorf("%+v", d.Fields)
	}
	for range 2 * rememberedSecrets {
		v.lift([]byte("9300COs3cr3t-word"+time.Now().String()+"|"), "")
	}
	if len(v.known) > rememberedSecrets {
		t.Errorf("%d values are remembered", len(v.known))
	}
}

func TestFixedFieldsAreSaidInWords(t *testing.T) {
	d := sipdecode.Decode([]byte("64YY        Y   00120261121    140550000000000000000200000000AA1|"), "")
	text := strings.Join(explainMessage(d), "\n")
	for _, want := range []string{"charge privileges denied, renewal denied, excessive fines", "2026-11-21 14:05:50", "patron identifier"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing of %q: %s", want, text)
		}
	}
	d = sipdecode.Decode([]byte("6300120261121    140550   Y      AA1|"), "")
	if text := strings.Join(explainMessage(d), "\n"); !strings.Contains(text, "---Y------") {
		t.Error(text)
	}
}

func TestTheWordsAreThoseOfTheLibrary(t *testing.T) {
	_, address := libraryAt(t, func(c *acs.Config) { c.Format.Charset = "cp850"; c.Patrons[0].Fees[0].Description = "Überzogen" })
	p := at(t, address, append(slices.Clone(well), `charset = "cp850"`)...)
	p.asks(t, "", "ils", "fees", cardOwing).has(t, 0, "Überzogen")
	p.asks(t, "", "ils", "raw", "6300120261121    140550   Y      AOCPL|AA"+cardOwing+"|AC|AD|").has(t, 0, "Überzogen")
}
