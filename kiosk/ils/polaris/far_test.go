package polaris_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/ilstest"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/polaris/polaristest"
	"selfpay/kiosk/ils/rest/resttest"
)

const (
	accessKey = "EXAMPLE-ACCESS-KEY-0001"
	password  = "secret<word>"
	card      = "21756003332022"
)

// far is a Polaris for tests.
func far(t *testing.T, change func(*polaristest.Config)) *polaristest.Server {
	t.Helper()
	cfg := polaristest.Config{AccessID: "EXAMPLEID", AccessKey: accessKey, SignBase: "https://ils.example.org", Domain: "LIBRARY", Login: "kiosk01", Password: password,
		Workstations: []int{12}, Decimals: 2, Cards: map[string]string{"anna.smith": card},
		Patrons: []resttest.Patron{
			{Card: card, Number: "299377", Name: "Anna Smith", PIN: "1234", Fees: []resttest.Fee{
				{ID: "680938", Description: "Lost Item", OutstandingMinor: 1250}, {ID: "680941", Description: "Overdue", OutstandingMinor: 300}}},
			{Card: "21756003332060", Number: "299378", Name: "Jo Doe", PIN: "4711", Blocked: true, Fees: []resttest.Fee{{ID: "680950", OutstandingMinor: 500}}},
			{Card: "21756003332061", Number: "299379", Name: "Nil Owing"},
		}}
	if change != nil {
		change(&cfg)
	}
	s := polaristest.New(cfg)
	t.Cleanup(func() { s.Close() })
	return s
}

func address(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// config is how a kiosk reaches s in memory: without TLS, signing for the address that s believes in.
func config(t *testing.T, s *polaristest.Server, change func(*polaris.Config)) polaris.Config {
	t.Helper()
	cfg := polaris.Config{Base: address(t, "http://ils.example.org"), SignBase: address(t, "https://ils.example.org"), Dial: s.Dial,
		AccessID: "EXAMPLEID", AccessKey: accessKey, Domain: "LIBRARY", Login: "kiosk01", Password: password, Workstation: 12,
		Profile: "single-pay", Kiosk: "kiosk01", Currency: "EUR"}
	if change != nil {
		change(&cfg)
	}
	return cfg
}

func near(t *testing.T, s *polaristest.Server, change func(*polaris.Config)) *polaris.Library {
	t.Helper()
	l, err := polaris.New(config(t, s, change), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// provedProfile is a site's own profile: the reference is readable there, and overpayment is refused.
func provedProfile(t *testing.T, pay string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "site.toml")
	text := fmt.Sprintf("pay = %q\n[traits]\nfee_ids = %t\npartial = %t\noverpayment_refused = true\nreference_readable = true\nquiet = \"120s\"\n", pay, pay == "charge", pay == "charge")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestContract(t *testing.T) {
	for name, c := range map[string]struct {
		kiosk   func(*testing.T, *polaris.Config)
		library func(*polaristest.Config)
	}{
		"single-pay":                {},
		"pay-all":                   {kiosk: func(_ *testing.T, c *polaris.Config) { c.Profile = "pay-all" }},
		"reference readable":        {kiosk: func(t *testing.T, c *polaris.Config) { c.Profile = provedProfile(t, "charge") }},
		"reference readable, lumps": {kiosk: func(t *testing.T, c *polaris.Config) { c.Profile = provedProfile(t, "all") }},
		"with PIN":                  {kiosk: func(_ *testing.T, c *polaris.Config) { c.AskPIN = true }},
		"SHA-256, and a credit among the charges": {
			kiosk: func(_ *testing.T, c *polaris.Config) { c.Algorithm = "sha256" },
			library: func(c *polaristest.Config) {
				c.Algorithm, c.CreditRow, c.OtherBarcode = "sha256", true, true
			}},
	} {
		t.Run(name, func(t *testing.T) {
			ilstest.Run(t, func(t *testing.T) ilstest.Far {
				s := far(t, c.library)
				asksPIN := false
				l := near(t, s, func(cfg *polaris.Config) {
					if c.kiosk != nil {
						c.kiosk(t, cfg)
					}
					asksPIN = cfg.AskPIN
				})
				f := ilstest.Far{
					Library: l,
					Patron:  ils.Patron{Card: card},
					Unknown: ils.Patron{Card: "99999999999999"},
					Fault: func(f ilstest.Fault) {
						if err := s.Next(string(f)); err != nil {
							t.Fatal(err)
						}
					},
					Cut:     s.Cut,
					Restore: s.Restore,
					Booked:  func(reference string) int { return bookedUnder(s, reference) },
					Deaf:    s.Deafen,
					Waive: func() {
						if err := s.Waive(card, "680938"); err != nil {
							t.Fatal(err)
						}
					},
					Charge: func(minor int64) {
						s.Change(card, func(p *resttest.Patron) {
							p.Fees = append(p.Fees, resttest.Fee{ID: "700001", AmountMinor: minor, OutstandingMinor: minor})
						})
					},
				}
				if asksPIN {
					f.Patron.PIN, f.WithPIN = "1234", ils.Patron{Card: "21756003332060", PIN: "4711"}
				}
				return f
			})
		})
	}
}

func bookedUnder(s *polaristest.Server, reference string) int {
	n := 0
	for _, p := range s.Books().Postings {
		if p.Reference == reference {
			n++
		}
	}
	return n
}

// count counts the calls of a method at the far end.
func count(s *polaristest.Server, method string) int {
	n := 0
	for _, c := range s.Calls() {
		if c == method {
			n++
		}
	}
	return n
}

// noisy is a log that keeps everything that is written to it.
type noisy struct{ bytes.Buffer }

func (n *noisy) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(n, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// script is a far end that says what it is told to, whole answers in turn.
func script(answers ...string) func(ctx context.Context, address string) (net.Conn, error) {
	return func(context.Context, string) (net.Conn, error) {
		near, far := net.Pipe()
		answer := "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
		if len(answers) > 0 {
			answer, answers = answers[0], answers[1:]
		}
		go func() {
			defer far.Close()
			buffer := make([]byte, 64<<10)
			if _, err := far.Read(buffer); err != nil {
				return
			}
			far.Write([]byte(answer))
		}()
		return near, nil
	}
}

// ok is a whole HTTP answer.
func ok(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func goodLogin() string {
	return ok("<AuthenticationResult><PAPIErrorCode>0</PAPIErrorCode><ErrorMessage/><AccessToken>EXAMPLETOKEN0001</AccessToken><AccessSecret>EXAMPLESECRET0001</AccessSecret><PolarisUserID>34</PolarisUserID></AuthenticationResult>")
}

func textOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}
