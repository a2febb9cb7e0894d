package alephtest

import (
	"fmt"
	"net/http"
	"strings"

	"selfpay/kiosk/ils/rest/resttest"
)

const session = "MQCE3DG3SECET7SGSG1HYJJUFHL6M6H3MQJ1CUP2P75F6N6FQ1"

// xServer answers the X-services that are known, by GET and by POST.
func (s *System) xServer(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || s.cfg.GetOnly && r.Method != http.MethodGet {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	service := r.Form.Get("op")
	services := map[string]func(key, verification string) string{"bor-by-key": s.borByKey, "bor-auth": s.borAuth, "bor-info": s.borInfo}
	answer := services[service]
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	switch {
	case answer == nil:
		service, answer = "error", func(string, string) string { return failed("Service does not exist") }
	case s.cfg.XUser != "" && (r.Form.Get("user_name") != s.cfg.XUser || r.Form.Get("user_password") != s.cfg.XPassword):
		answer = func(string, string) string { return failed("User is not permitted to use this service") }
	}
	fmt.Fprintf(w, "<?xml version = \"1.0\" encoding = \"UTF-8\"?>\n<%s>\n%s<session-id>%s</session-id>\n</%s>\n", service,
		answer(r.Form.Get("bor_id"), r.Form.Get("verification")), session, service)
}

func failed(why string) string { return "<error>" + escape(why) + "</error>\n" }

// find finds a patron by one of the keys: the card or the internal id.
func (s *System) find(key string) (resttest.Patron, bool) {
	return s.accounts.Find(func(p resttest.Patron) bool { return key != "" && (p.Card == key || p.Number == key) })
}

func (s *System) borByKey(key, verification string) string {
	p, known := s.find(key)
	switch {
	case key == "":
		return failed("Bor_Id must be filled")
	case !known, verification != "" && !right(p, verification):
		return failed("Error in Verification")
	}
	return field("internal-id", p.Number)
}

// right says whether a PIN is a patron's; a patron without one has every PIN.
func right(p resttest.Patron, verification string) bool { return p.PIN == "" || p.PIN == verification }

func (s *System) borAuth(key, verification string) string {
	p, known := s.find(key)
	switch {
	case key == "" || verification == "":
		return failed("Both Bor_Id and Verification must be supplied")
	case !known || !right(p, verification):
		return failed("Error in Verification")
	}
	return person(p)
}

func (s *System) borInfo(key, _ string) string {
	p, known := s.find(key)
	if !known {
		return failed("Error retrieving Global Patron Record")
	}
	return person(p)
}

// person is a patron's record, family name first.
func person(p resttest.Patron) string {
	name := p.Name
	if at := strings.LastIndex(name, " "); at > 0 {
		name = name[at+1:] + ", " + name[:at]
	}
	block := "00"
	if p.Blocked {
		block = "03"
	}
	return "<z303>\n" + field("z303-id", p.Number) + field("z303-name", name) + field("z303-delinq-1", "00") + "</z303>\n" +
		"<z305>\n" + field("z305-id", p.Number) + field("z305-delinq-1", block) + "</z305>\n"
}
