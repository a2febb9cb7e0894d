package aleph_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/sip/certtest"
	"selfpay/sip/client"
)

func TestOneInstitutionsPaymentLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		if err := post(t, l, legOf(t, account(t, l, ils.Doubt{}), "USM50")); err != nil {
			t.Fatal(err)
		}
		a := account(t, l, ils.Doubt{})
		if len(a.Fees) != 1 || a.Fees[0].ID != "LAW50" || a.Total != money.Of(550, "EUR") {
			t.Errorf("what is left is %+v", a.Fees)
		}
		if b := s.Books().Postings; len(b) != 1 || b[0].Fee != "USM50" || b[0].AmountMinor != 125300 {
			t.Errorf("booked is %+v", b)
		}
	})
}

func TestARefusalTellsTheReplyCodeAndNoPatron(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
		if err := s.Next("refuse"); err != nil {
			t.Fatal(err)
		}
		err := post(t, l, leg)
		wantClass(t, "Post", err, device.ErrRefused)
		if want := "aleph: post 4821-000123-01: refused: reply code 0017: Cash of patron … could not be paid"; err.Error() != want {
			t.Errorf("the error is %q", err)
		}
	})
}

func TestMoreOrLessThanWhatIsOpenIsRefusedAndBooksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		for _, by := range []int64{1, -1} {
			leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
			leg.Amount.Minor += by
			wantClass(t, "Post", post(t, l, leg), device.ErrRefused)
		}
		if len(s.Books().Postings) > 0 {
			t.Error("booked")
		}
	})
}

func TestRedirectOfAPaymentIsDoubtAndNeverFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
		if err := s.Next("redirect"); err != nil {
			t.Fatal(err)
		}
		wantClass(t, "Post", post(t, l, leg), device.ErrDoubt)
		if n := booked(s, leg.Reference); n != 0 {
			t.Errorf("booked %d times: the redirect was followed", n)
		}
	})
}

func TestErrorAfterBookingIsDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
		if err := s.Next("error"); err != nil {
			t.Fatal(err)
		}
		wantClass(t, "Post", post(t, l, leg), device.ErrDoubt)
	})
}

func TestOnlyAWholeYesIsAYes(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   error
	}{
		"yes":                     {`<put-pat-cash><reply-text>ok</reply-text><reply-code>0000</reply-code></put-pat-cash>`, nil},
		"yes with another root":   {`<?xml version="1.0"?><put-patron-cash><reply-code> 0000 </reply-code></put-patron-cash>`, nil},
		"no":                      {`<put-pat-cash><reply-text>Failed</reply-text><reply-code>0001</reply-code></put-pat-cash>`, device.ErrRefused},
		"nothing":                 {``, device.ErrDoubt},
		"half":                    {`<put-pat-cash><reply-text>ok</reply-text><reply-code>0000</reply-code>`, device.ErrDoubt},
		"two codes":               {`<put-pat-cash><reply-code>0000</reply-code><reply-code>0001</reply-code></put-pat-cash>`, device.ErrDoubt},
		"two documents":           {`<put-pat-cash><reply-code>0000</reply-code></put-pat-cash><put-pat-cash><reply-code>0000</reply-code></put-pat-cash>`, device.ErrDoubt},
		"no code":                 {`<put-pat-cash><reply-text>ok</reply-text></put-pat-cash>`, device.ErrDoubt},
		"an empty code":           {`<put-pat-cash><reply-code/></put-pat-cash>`, device.ErrDoubt},
		"a code that is none":     {`<put-pat-cash><reply-code>ok</reply-code></put-pat-cash>`, device.ErrDoubt},
		"a code somewhere inside": {`<put-pat-cash><other><reply-code>0000</reply-code></other></put-pat-cash>`, device.ErrDoubt},
		"a web page with a code":  {`<html><reply-code>0000</reply-code></html>`, device.ErrDoubt},
		"text":                    {`0000 ok`, device.ErrDoubt},
		"the cash list":           {`<get-pat-cash><reply-text>ok</reply-text><reply-code>0000</reply-code><cash-list/></get-pat-cash>`, device.ErrDoubt},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := answering(t, with(c.answer), nil)
				_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: card}, Fee: "USM50", Amount: money.Of(1250, "EUR")})
				wantClass(t, "Post", err, c.want)
			})
		})
	}
}

// A server that takes no PUT, or not from here, leaves every payment in doubt, and its readings do not tell.
func TestAPaymentThatIsNotLetThroughNeedsAttention(t *testing.T) {
	for _, status := range []int{307, 401, 403, 404, 405} {
		synctest.Test(t, func(t *testing.T) {
			taken := false
			l := answering(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/X" && r.URL.Query().Get("bor_id") == "":
					fmt.Fprint(w, "<bor-by-key><error>Bor_Id must be filled</error></bor-by-key>")
				case r.URL.Path == "/X":
					fmt.Fprint(w, key)
				case r.Method == http.MethodPut && !taken:
					w.WriteHeader(status)
				default:
					fmt.Fprint(w, "<put-pat-cash><reply-code>0000</reply-code></put-pat-cash>")
				}
			}, nil)
			wantClass(t, "Ready", l.Ready(t.Context()), nil)
			leg := ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: card}, Fee: "USM50", Amount: money.Of(1250, "EUR")}
			wantClass(t, "Post", post(t, l, leg), device.ErrDoubt)
			wantClass(t, fmt.Sprintf("Ready after %d", status), l.Ready(t.Context()), device.ErrAttention)
			time.Sleep(time.Hour + time.Second)
			wantClass(t, "Ready after an hour", l.Ready(t.Context()), nil)
			wantClass(t, "Post", post(t, l, leg), device.ErrDoubt)
			taken = true
			wantClass(t, "Post that is taken", post(t, l, leg), nil)
			wantClass(t, "Ready after that", l.Ready(t.Context()), nil)
		})
	}
}

func TestYesWithAnotherStatusIsDoubt(t *testing.T) {
	for _, status := range []int{201, 204, 302, 307, 400, 401, 403, 404, 409, 500, 503} {
		synctest.Test(t, func(t *testing.T) {
			l := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/X" {
					w.WriteHeader(status)
				}
				if status != 204 || r.URL.Path == "/X" {
					with(`<put-pat-cash><reply-code>0000</reply-code></put-pat-cash>`)(w, r)
				}
			}, nil)
			_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: card}, Fee: "USM50", Amount: money.Of(1250, "EUR")})
			wantClass(t, fmt.Sprint("Post with status ", status), err, device.ErrDoubt)
		})
	}
}

func TestPaymentIsSentAsClientsSendIt(t *testing.T) {
	for _, c := range []struct {
		profile  string
		currency money.Currency
		minor    int64
		want     string
	}{
		{"", "EUR", 125300, `post_xml=<pay-cash-parameters><sum>1253.00</sum><pay-reference>4821-000123-01</pay-reference></pay-cash-parameters>`},
		{"", "ISK", 700, `post_xml=<pay-cash-parameters><sum>700.00</sum><pay-reference>4821-000123-01</pay-reference></pay-cash-parameters>`},
		{site(t), "EUR", 5, "post_xml=<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<pay-cash-parameters><sum>0.05</sum><pay-reference>4821-000123-01</pay-reference></pay-cash-parameters>"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var line, body string
			var header http.Header
			l := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPut {
					var got bytes.Buffer
					got.ReadFrom(r.Body)
					line, body, header = r.Method+" "+r.RequestURI, got.String(), r.Header
				}
				with(`<put-pat-cash><reply-code>0000</reply-code></put-pat-cash>`)(w, r)
			}, func(cfg *aleph.Config) { cfg.Profile, cfg.Currency = c.profile, c.currency })
			_, err := l.Post(t.Context(), ils.Leg{Reference: "4821-000123-01", Patron: ils.Patron{Card: card}, Fee: "USM50", Amount: money.Of(c.minor, c.currency)})
			if err != nil {
				t.Fatal(err)
			}
			if want := "PUT /rest-dlf/patron/" + number + "/circulationActions/cash?institution=USM50"; line != want || body != c.want {
				t.Errorf("sent:\n%s\n%s\nwant:\n%s\n%s", line, body, want, c.want)
			}
			for name := range header {
				if strings.Contains(name, "Idempotency") {
					t.Errorf("the header %s is sent", name)
				}
			}
		})
	}
}

func TestOnePostingRunsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		l := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				running--
				mu.Unlock()
			}
			with(`<put-pat-cash><reply-code>0000</reply-code></put-pat-cash>`)(w, r)
		}, nil)
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				leg := ils.Leg{Reference: fmt.Sprintf("4821-000123-%02d", i), Patron: ils.Patron{Card: card}, Fee: "USM50", Amount: money.Of(1, "EUR")}
				if _, err := l.Post(t.Context(), leg); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most != 1 {
			t.Errorf("%d postings ran at a time", most)
		}
	})
}

func TestContentTypeIsTheProfiles(t *testing.T) {
	text, err := os.ReadFile(site(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), `content_type = ""`, `content_type = "text/xml"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for profile, want := range map[string]string{"": "", path: "text/xml"} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, func(c *alephtest.Config) { c.NeedContentType = want })
			l := near(t, s, func(c *aleph.Config) { c.Profile, c.Quiet = profile, 7*time.Second })
			if err := post(t, l, legOf(t, account(t, l, ils.Doubt{}), "USM50")); err != nil {
				t.Errorf("Post with %q = %v", want, err)
			}
			if l.Traits().Quiet != 7*time.Second {
				t.Errorf("the quiet time is %v", l.Traits().Quiet)
			}
		})
	}
}

func TestPaymentOverTLS(t *testing.T) {
	pair, authority := certtest.For(t, certtest.Today(), "aleph.example.org")
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := far(t, nil)
	go s.Serve(tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{pair}}))
	at := address(t, "https://"+plain.Addr().String())
	over := func(security client.TLS) *aleph.Library {
		return library(t, config(t, nil), func(c *aleph.Config) { c.Base, c.XServer, c.TLS = at, at, security })
	}
	l := over(client.TLS{ServerName: "aleph.example.org", CAFile: authority})
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	leg := legOf(t, account(t, l, ils.Doubt{}), "USM50")
	if err := post(t, l, leg); err != nil {
		t.Fatal(err)
	}
	if n := booked(s, leg.Reference); n != 1 {
		t.Errorf("booked %d times", n)
	}
	stranger := over(client.TLS{ServerName: "other.example.org", CAFile: authority})
	wantClass(t, "Ready with another name", stranger.Ready(t.Context()), device.ErrAttention)
	wantClass(t, "Post with another name", post(t, stranger, leg), device.ErrNotSent)
	if n := booked(s, leg.Reference); n != 1 {
		t.Errorf("booked %d times", n)
	}
}
