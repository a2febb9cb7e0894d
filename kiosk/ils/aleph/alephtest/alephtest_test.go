package alephtest_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/ils/aleph/alephtest"
	"selfpay/kiosk/ils/rest/resttest"
)

// paths are the elements of a document, each with its parents and its attributes.
func paths(t *testing.T, text io.Reader) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	var at []string
	for d := xml.NewDecoder(text); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			at = append(at, token.Name.Local)
			found[strings.Join(at, "/")] = true
			for _, a := range token.Attr {
				found[strings.Join(at, "/")+"@"+a.Name.Local] = true
			}
		case xml.EndElement:
			at = at[:len(at)-1]
		}
	}
}

// TestAnswersHaveTheShapesOfTheDocuments: the simulator writes nothing that the golden answers do not have.
func TestAnswersHaveTheShapesOfTheDocuments(t *testing.T) {
	s, err := alephtest.New(alephtest.Config{ListClosed: true, PaymentRows: true,
		Institutions: []alephtest.Institution{{Code: "USM50", Name: "Main"}},
		Extra:        []alephtest.Extra{{Card: "1", Institution: "USM50", Kind: alephtest.Transferred, AmountMinor: 1}},
		Patrons: []resttest.Patron{{Card: "1", Number: "LIB1", PIN: "1", Name: "Kari Nordmann",
			Fees: []resttest.Fee{{ID: "0000001", Branch: "USM50", OutstandingMinor: 500}}}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	at := "http://" + l.Addr().String()
	for _, c := range []struct{ method, path, body, golden string }{
		{http.MethodGet, "/rest-dlf/patron/LIB1/circulationActions/cash?view=full", "", "cash-full.xml"},
		{http.MethodGet, "/rest-dlf/patron/LIB1/circulationActions/cash", "", "cash-brief.xml"},
		{http.MethodPut, "/rest-dlf/patron/LIB1/circulationActions/cash?institution=USM50",
			"post_xml=<pay-cash-parameters><sum>5.00</sum><pay-reference>1-1-1</pay-reference></pay-cash-parameters>", "put-pat-cash.xml"},
		{http.MethodGet, "/rest-dlf/patron/LIB1/circulationActions/cash?view=full", "", "cash-full.xml"},
		{http.MethodGet, "/X?" + url.Values{"op": {"bor-by-key"}, "bor_id": {"1"}}.Encode(), "", "bor-by-key.xml"},
		{http.MethodGet, "/X?" + url.Values{"op": {"bor-info"}, "bor_id": {"LIB1"}}.Encode(), "", "bor-info.xml"},
		{http.MethodGet, "/X?" + url.Values{"op": {"bor-auth"}, "bor_id": {"1"}, "verification": {"2"}}.Encode(), "", "bor-auth-error.xml"},
	} {
		request := httptest.NewRequest(c.method, at+c.path, strings.NewReader(c.body))
		request.RequestURI = ""
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		golden, err := os.Open(filepath.Join("..", "testdata", c.golden))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(golden)
		golden.Close()
		if err != nil {
			t.Fatal(err)
		}
		known := paths(t, strings.NewReader(strings.Replace(string(text), "ISO-8859-1", "UTF-8", 1)))
		for path := range paths(t, answer.Body) {
			if !known[path] && !strings.HasPrefix(path, "get-pat-cash/charges/institution/cash/z31-") {
				t.Errorf("%s %s: %s is not in %s", c.method, c.path, path, c.golden)
			}
		}
		answer.Body.Close()
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
