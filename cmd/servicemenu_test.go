package cmd_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

// screenShows waits until the page shows a screen, and gives its words.
func (s *station) screenShows(screen string) (page string) {
	s.t.Helper()
	s.eventually("the page shows "+screen, func() (bool, string) {
		answer, err := http.Get(s.around.Screen())
		if err != nil {
			return false, err.Error()
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		page = string(body)
		return err == nil && strings.Contains(page, `data-name="`+screen+`"`), page
	})
	return page
}

// alone runs kioskctl where there is no station, for its document.
func alone(t *testing.T, words ...string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(programs, "kioskctl"), append([]string{"--json"}, words...)...).Output()
	if err != nil {
		t.Fatalf("kioskctl %v: %v", words, err)
	}
	return string(out)
}

func TestATechnicianOpensTheServiceMenuByASignedCode(t *testing.T) {
	t.Parallel()
	private := filepath.Join(t.TempDir(), "service.pem")
	made := alone(t, "service-code", "key", private)
	var public struct{ Key string }
	if err := json.Unmarshal([]byte(made), &public); err != nil {
		t.Fatalf("%v: %s", err, made)
	}
	var code struct{ Code string }
	if err := json.Unmarshal([]byte(alone(t, "service-code", "make", "--key", private, "--staff", "Jo", "--station", "demo-01")), &code); err != nil {
		t.Fatal(err)
	}
	s := newStation(t, surround.Options{}, "\n[health]\n", "\n[service]\nkey = \""+public.Key+"\"\n\n[health]\n").begin().ready().scannerThere()
	paid := s.patron(cardOneFee)
	paid.said(t, "booked")
	s.order("scan", code.Code[:len(code.Code)-20])
	s.screenShows("message")
	s.acts("message", "leave", "")
	s.order("scan", code.Code)
	s.screenShows("service")
	s.acts("service", "devices", "")
	if page := s.screenShows("service-devices"); !strings.Contains(page, "printer") {
		t.Errorf("no printer among the devices: %s", page)
	}
	s.acts("service-devices", "back", "")
	s.acts("service", "self-test", "")
	s.order("scan", cardOneFee)
	s.eventually("a label and all checks are told", func() (bool, string) {
		page := s.screenShows("service-test")
		return strings.Contains(page, "has read a library card") && strings.Contains(page, "ils:link") && !strings.Contains(page, cardOneFee), page
	})
	s.acts("service-test", "back", "")
	s.acts("service", "payments", "")
	page := s.screenShows("service-payments")
	if !strings.Contains(page, paid.Reference) || strings.Contains(page, cardOneFee) {
		t.Errorf("payment %s: %s", paid.Reference, page)
	}
	s.acts("service-payments", "reprint", paid.Reference)
	s.eventually("the receipt is printed again", func() (bool, string) {
		page := s.screenShows("service-payments")
		return strings.Contains(page, `data-note="printed"`), page
	})
	s.acts("service-payments", "back", "")
	s.acts("service", "rest", "")
	s.acts("service", "leave", "")
	s.notReady("service")
	if out, status := s.ctl("ledger", "notes"); status != 0 || !strings.Contains(out, "Jo") || !strings.Contains(out, "service menu") {
		t.Errorf("the ledger's notes: %d\n%s", status, out)
	}
	s.eventually("the code opens the menu again", func() (bool, string) {
		s.order("scan", "4711") // the same label once more would count for the one before
		s.order("scan", code.Code)
		out, _ := s.ctl("status", "--json")
		return strings.Contains(out, `"screen":"service"`), out
	})
	s.acts("service", "rest", "")
	s.acts("service", "leave", "")
	s.ready()
	if strings.Contains(s.log(), code.Code[10:40]) {
		t.Error("the log holds the code")
	}
}
