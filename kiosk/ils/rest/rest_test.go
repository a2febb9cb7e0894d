package rest_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ils/rest"
	"selfpay/sip/certtest"
	"selfpay/sip/client"
)

// far answers each connection with what say makes of the request, and counts the requests.
type far struct {
	say      func(conn net.Conn, r *http.Request)
	requests atomic.Int64
}

func (f *far) dial(context.Context, string) (net.Conn, error) {
	near, conn := net.Pipe()
	go func() {
		defer conn.Close()
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			f.requests.Add(1)
			f.say(conn, r)
		}
	}()
	return near, nil
}

// saying is a far end that writes this text and ends the connection.
func saying(text string) *far {
	return &far{say: func(conn net.Conn, _ *http.Request) {
		io.WriteString(conn, text)
		conn.Close()
	}}
}

var place = &url.URL{Scheme: "http", Host: "ils.example.org:8080"}

func payment() rest.Request {
	return rest.Request{Method: http.MethodPut, Dial: place, Target: "/pay?wsid=1", Body: []byte("<pay/>")}
}

func (f *far) send(t *testing.T, r rest.Request) (rest.Answer, error) {
	t.Helper()
	return rest.New(rest.Config{Dial: f.dial}).Send(t.Context(), r)
}

func TestAnAnswerOfAnyStatusIsAnAnswer(t *testing.T) {
	for _, status := range []int{200, 201, 302, 307, 308, 401, 403, 404, 500, 503} {
		f := saying(fmt.Sprintf("HTTP/1.1 %d Word\r\nDate: Fri, 06 Nov 2026 09:05:07 GMT\r\nLocation: http://elsewhere.example.org/\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\nok", status))
		a, err := f.send(t, payment())
		if err != nil || a.Status != status || string(a.Body) != "ok" || !a.Date.Equal(time.Date(2026, 11, 6, 9, 5, 7, 0, time.UTC)) {
			t.Errorf("%d: %+v, %v", status, a, err)
		}
		if n := f.requests.Load(); n != 1 {
			t.Errorf("%d: %d requests", status, n)
		}
	}
}

func TestWhatMayHaveArrivedIsNeverSentAgain(t *testing.T) {
	for name, say := range map[string]func(net.Conn, *http.Request){
		"the connection ends": func(c net.Conn, _ *http.Request) { c.Close() },
		"it ends in between":  func(c net.Conn, _ *http.Request) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-"); c.Close() },
		"not HTTP":            func(c net.Conn, _ *http.Request) { io.WriteString(c, "941AY1AZFDFC\r\n"); c.Close() },
	} {
		for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodGet} {
			f := &far{say: say}
			r := payment()
			r.Method, r.Header = method, http.Header{"Idempotency-Key": {"1"}}
			_, err := f.send(t, r)
			if !errors.Is(err, device.ErrDoubt) || errors.Is(err, device.ErrNotSent) {
				t.Errorf("%s, %s: %v, want in doubt", name, method, err)
			}
			if n := f.requests.Load(); n != 1 {
				t.Errorf("%s, %s: %d requests", name, method, n)
			}
		}
	}
}

func TestAnAnswerThatWasCutIsDoubtAtEveryByte(t *testing.T) {
	whole := "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 5\r\n\r\n<ok/>"
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<ok/>\r\n0\r\n\r\n"
	for _, text := range []string{whole, chunked} {
		for cut := range len(text) {
			if a, err := saying(text[:cut]).send(t, payment()); !errors.Is(err, device.ErrDoubt) {
				t.Errorf("after %d of %d bytes: %+v, %v", cut, len(text), a, err)
			}
		}
		if a, err := saying(text).send(t, payment()); err != nil || string(a.Body) != "<ok/>" {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

func TestWhatCannotBeReachedIsNotSent(t *testing.T) {
	refused := errors.New("refused")
	c := rest.New(rest.Config{Dial: func(context.Context, string) (net.Conn, error) { return nil, refused }})
	if _, err := c.Send(t.Context(), payment()); !errors.Is(err, device.ErrNotSent) || !errors.Is(err, refused) {
		t.Errorf("Send = %v", err)
	}
	for _, target := range []string{"", "pay", "http://elsewhere.example.org/pay", "/pay\r\nX: y"} {
		r := payment()
		r.Target = target
		f := saying("")
		if _, err := f.send(t, r); !errors.Is(err, device.ErrNotSent) || f.requests.Load() > 0 {
			t.Errorf("%q: %v, %d requests", target, err, f.requests.Load())
		}
	}
}

func TestSilenceIsDoubtWhenTheWaitIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{say: func(c net.Conn, _ *http.Request) { <-t.Context().Done() }}
		begun := time.Now()
		c := rest.New(rest.Config{Dial: f.dial, Answer: 30 * time.Second})
		_, err := c.Send(t.Context(), payment())
		if !errors.Is(err, device.ErrDoubt) || !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 30*time.Second {
			t.Errorf("Send = %v after %s", err, time.Since(begun))
		}
	})
}

func TestProvisionalAnswersArePassedOver(t *testing.T) {
	more := strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 3)
	if a, err := saying(more+"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").send(t, payment()); err != nil || a.Status != 200 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := saying(strings.Repeat(more, 10)).send(t, payment()); !errors.Is(err, device.ErrDoubt) {
		t.Errorf("an endless row of them: %v", err)
	}
}

func TestAnAnswerWithoutEndIsNotTakenIn(t *testing.T) {
	for name, say := range map[string]func(net.Conn){
		"header": func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for err := error(nil); err == nil; _, err = io.WriteString(c, "X-More: "+strings.Repeat("x", 1000)+"\r\n") {
			}
		},
		"body": func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for err := error(nil); err == nil; _, err = io.WriteString(c, strings.Repeat("x", 10_000)) {
			}
		},
	} {
		f := &far{say: func(c net.Conn, _ *http.Request) { say(c) }}
		if _, err := f.send(t, payment()); !errors.Is(err, device.ErrDoubt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsQuoteNothingOfTheAnswer(t *testing.T) {
	for _, text := range []string{"HTTP/1.1 2x0 20017000042317\r\n\r\n", "20017000042317\r\n\r\n", "HTTP/1.1 200 OK\r\n20017000042317\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 20017000042317x\r\n\r\n"} {
		if _, err := saying(text).send(t, payment()); err == nil || strings.Contains(err.Error(), "20017000042317") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTheRequestIsSentAsItWasWritten(t *testing.T) {
	var seen *http.Request
	f := &far{say: func(c net.Conn, r *http.Request) {
		seen = r
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}}
	r := payment()
	r.Target, r.Host, r.Header = "/a%2Fb/c%20d?x=1&y=%3D", "ils.example.org", http.Header{"X-Signed": {"yes"}}
	if _, err := f.send(t, r); err != nil {
		t.Fatal(err)
	}
	if seen.RequestURI != r.Target || seen.Host != "ils.example.org" || seen.Header.Get("X-Signed") != "yes" || seen.ContentLength != 6 || len(seen.TransferEncoding) > 0 {
		t.Errorf("%s %s %v %d %v", seen.RequestURI, seen.Host, seen.Header, seen.ContentLength, seen.TransferEncoding)
	}
}

func TestOnlyTheConfiguredAuthorityIsBelieved(t *testing.T) {
	cert, file := certtest.For(t, certtest.Today(), "127.0.0.1")
	_, other := certtest.For(t, certtest.Today(), "127.0.0.1")
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var requests atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests.Add(1) })}
	go server.Serve(l)
	defer server.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go server.Serve(plain)
	for name, c := range map[string]struct {
		tls     client.TLS
		at      net.Addr
		refused bool
	}{
		"the authority":         {client.TLS{CAFile: file}, l.Addr(), false},
		"another authority":     {client.TLS{CAFile: other}, l.Addr(), true},
		"the machine's":         {client.TLS{}, l.Addr(), true},
		"another name":          {client.TLS{CAFile: file, ServerName: "ils.example.org"}, l.Addr(), true},
		"a file that is absent": {client.TLS{CAFile: file + "x"}, l.Addr(), true},
		"no TLS there":          {client.TLS{CAFile: file}, plain.Addr(), true},
	} {
		requests.Store(0)
		r := payment()
		r.Dial = &url.URL{Scheme: "https", Host: c.at.String()}
		_, err := rest.New(rest.Config{TLS: c.tls}).Send(t.Context(), r)
		if c.refused != errors.Is(err, rest.ErrTLS) || c.refused != errors.Is(err, device.ErrNotSent) || c.refused == (requests.Load() > 0) {
			t.Errorf("%s: %v, %d requests", name, err, requests.Load())
		}
	}
}

type document struct {
	Code string `xml:"reply-code"`
}

func TestOnlyAWholeDocumentOfItsKindIsRead(t *testing.T) {
	const good = `<?xml version="1.0" encoding="utf-8"?><reply xmlns:i="http://example.org/i"><reply-code>0000</reply-code></reply>`
	var d document
	if err := rest.ParseXML([]byte(good), "reply", &d); err != nil || d.Code != "0000" {
		t.Errorf("%+v, %v", d, err)
	}
	for cut := range len(good) {
		if err := rest.ParseXML([]byte(good[:cut]), "reply", &document{}); err == nil {
			t.Errorf("a document of %d of %d bytes is read", cut, len(good))
		}
	}
	for name, text := range map[string]string{
		"another root": `<other><reply-code>0000</reply-code></other>`,
		"a page":       `<html><body><reply><reply-code>0000</reply-code></reply></body></html>`,
		"two":          `<reply><reply-code>0000</reply-code></reply><reply/>`,
		"set":          `<?xml version="1.0" encoding="utf-7"?><reply/>`,
		"entity":       `<!DOCTYPE reply [<!ENTITY a "0000">]><reply><reply-code>&a;</reply-code></reply>`,
		"nothing":      "",
	} {
		err := rest.ParseXML([]byte(text), "reply", &document{})
		if err == nil || strings.Contains(err.Error(), "0000") {
			t.Errorf("%s: %v", name, err)
		}
	}
	latin := append([]byte(`<?xml version="1.0" encoding="ISO-8859-1"?><reply><reply-code>M`), append([]byte{0xfc}, "ller</reply-code></reply>"...)...)
	if err := rest.ParseXML(latin, "reply", &d); err != nil || d.Code != "Müller" {
		t.Errorf("%+v, %v", d, err)
	}
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte(`<reply><reply-code>0000</reply-code></reply>`))
	f.Add([]byte(`<?xml version="1.0" encoding="windows-1252"?><reply/>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var d document
		if err := rest.ParseXML(body, "reply", &d); err != nil && d.Code != "" && strings.Contains(err.Error(), d.Code) && len(d.Code) > 12 {
			t.Errorf("the error quotes the document: %v", err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	f.Add("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		far := saying(text)
		a, err := far.send(t, payment())
		if err != nil && !errors.Is(err, device.ErrDoubt) {
			t.Errorf("Send = %v, want in doubt", err)
		}
		if err == nil && (a.Status < 200 || a.Status > 999) {
			t.Errorf("status %d", a.Status)
		}
		if n := far.requests.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}
