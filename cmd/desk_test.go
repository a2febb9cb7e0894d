package cmd_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/health/keypair"
	"selfpay/sip/certtest"
)

// TestTheDeskFindsAPaymentByTheCodeOnItsReceipt has a patron pay at a running station, and the desk look the payment up over TLS.
func TestTheDeskFindsAPaymentByTheCodeOnItsReceipt(t *testing.T) {
	t.Parallel()
	own, certificate := certtest.For(t, certtest.Today(), "127.0.0.1")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	free.Close()
	const password = "four words that differ"
	s := newStation(t, surround.Options{}, "\n[health]\n", "\n[desk]\nlisten = \""+at+"\"\ncertificate = \"file:"+certificate+"\"\nkey = \"file:"+certtest.KeyFile(t, own)+
		"\"\npassword = \""+password+"\"\n\n[health]\n")
	s.begin().ready()
	visit := s.patron(cardTwoFees)
	visit.said(t, "booked")
	code := regexp.MustCompile(`\d{4}-\d+`).FindString(visit.Said)
	roots, err := keypair.Authorities(certificate)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	desk := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer desk.CloseIdleConnections()
	read := func(answer *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		find(t, "the desk's page", text)
		return string(text)
	}
	if text := read(desk.PostForm("https://"+at+"/login", url.Values{"password": {password}})); !strings.Contains(text, ">"+code+"</a>") || !strings.Contains(text, "paid and booked") {
		t.Errorf("%s is not on the desk's page: %s", code, text)
	}
	if text := read(desk.Get("https://" + at + "/payment?code=" + code)); !strings.Contains(text, "The patron confirmed") {
		t.Errorf("the payment: %s", text)
	}
	s.eventually("health watches the page and its certificate", func() (bool, string) {
		out, _ := s.ctl("status", "--json")
		return strings.Contains(out, `"desk:certificate":{"status":`) && strings.Contains(out, `"desk:page":{"status":"pass"`), out
	})
	if out, _ := s.ctl("config", "show"); strings.Contains(out, password) || strings.Contains(s.log(), password) {
		t.Errorf("the password is told")
	}
}
