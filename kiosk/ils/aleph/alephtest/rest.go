package alephtest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"selfpay/kiosk/ils/rest/resttest"
	"selfpay/sip/acs"
)

// The reply codes beside 0000 are invented.
const (
	noSuchPatron = "0023"
	notPaid      = "0017"
	badInput     = "0002"
)

// rest answers the RESTful API.
func (s *System) rest(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if r.URL.Path == "/rest-dlf/" {
		fmt.Fprint(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rest-dlf><patron/><record/></rest-dlf>\n")
		return
	}
	number, found := strings.CutPrefix(r.URL.Path, "/rest-dlf/patron/")
	number, found2 := strings.CutSuffix(number, "/circulationActions/cash")
	if !found || !found2 {
		http.Error(w, "", http.StatusNotFound)
		return
	}
	switch r.Method {
	case http.MethodGet:
		s.orders.WaitIfHeld(r)
		s.list(w, number, r.URL.Query().Get("institution"), r.URL.Query().Get("view") == "full" && !s.cfg.Brief)
	case http.MethodPut:
		s.put(w, r, number)
	default:
		http.Error(w, "", http.StatusMethodNotAllowed)
	}
}

// reply writes an answer of the RESTful API.
func reply(w http.ResponseWriter, root, code, text, rest string) {
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s>\n%s%s%s</%s>\n", root, field("reply-text", text), field("reply-code", code), rest, root)
}

func (s *System) byNumber(number string) (resttest.Patron, bool) {
	return s.accounts.Find(func(p resttest.Patron) bool { return p.Number == number })
}

// input is the body of Pay Cash.
type input struct {
	XMLName   xml.Name `xml:"pay-cash-parameters"`
	Sum       string   `xml:"sum"`
	Reference string   `xml:"pay-reference"`
}

// read reads the body of a payment as far as it is known: a word, then XML that is not encoded as a form. wrong says what is
// wrong with it, empty where nothing is.
func (s *System) read(r *http.Request) (in input, hundredths int64, wrong string) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	text, is := strings.CutPrefix(string(body), "post_xml=")
	switch {
	case err != nil || !is:
		return in, 0, "Parameter post_xml is missing"
	case s.cfg.NeedContentType != "" && r.Header.Get("Content-Type") != s.cfg.NeedContentType:
		return in, 0, "Input XML is missing"
	case s.cfg.NeedDeclaration && !strings.HasPrefix(text, "<?xml"), xml.Unmarshal([]byte(text), &in) != nil:
		return in, 0, "Input XML is not valid"
	}
	whole, fraction, _ := strings.Cut(in.Sum, ".")
	hundredths, err = strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	if err != nil || len(fraction) > 2 || hundredths <= 0 {
		return in, 0, "Sum is not valid"
	}
	return in, hundredths, ""
}

func (s *System) put(w http.ResponseWriter, r *http.Request, number string) {
	const root = "put-pat-cash"
	in, sum, wrong := s.read(r)
	p, known := s.byNumber(number)
	institution := r.URL.Query().Get("institution")
	switch {
	case wrong != "":
		reply(w, root, badInput, wrong, "")
		return
	case !known:
		reply(w, root, noSuchPatron, "Patron "+number+" does not exist", "")
		return
	}
	no := func(w http.ResponseWriter) {
		reply(w, root, notPaid, "Cash of patron "+number+" could not be paid", "")
	}
	s.orders.Pay(w, r, resttest.Payment{
		Book: func() bool { return s.book(p.Card, institution, in.Reference, sum) },
		Answer: func(w http.ResponseWriter, booked bool) {
			if !booked {
				no(w)
				return
			}
			reply(w, root, "0000", "ok", "")
		},
		Refuse:  no,
		Foreign: func(w http.ResponseWriter) { s.list(w, number, "", true) },
	})
}

// book pays what is open at an institution, oldest first. false: this Aleph refuses the sum.
func (s *System) book(card, institution, reference string, sum int64) (booked bool) {
	err := s.accounts.Change(card, func(p *resttest.Patron) {
		open := int64(0)
		for _, f := range p.Fees {
			if f.Branch == institution {
				open += f.OutstandingMinor
			}
		}
		if sum > open && s.cfg.Over == Refused || sum < open && !s.cfg.Partial {
			return
		}
		booked = true
		s.pay(p, institution, reference, sum)
	})
	if err != nil || !booked {
		return false
	}
	s.accounts.Posted(acs.Posting{Reference: reference, Card: card, Fee: institution, AmountMinor: sum})
	return true
}

func (s *System) pay(p *resttest.Patron, institution, reference string, sum int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	kept := reference
	if s.cfg.Cut > 0 {
		kept = kept[:min(len(kept), s.cfg.Cut)]
	}
	if s.cfg.Hidden {
		kept = ""
	}
	s.lumps = append(s.lumps, lump{p.Card, institution, kept, sum, now})
	for i := range p.Fees {
		f := &p.Fees[i]
		if f.Branch != institution || f.OutstandingMinor == 0 {
			continue
		}
		part := min(sum, f.OutstandingMinor)
		sum -= part
		if f.OutstandingMinor -= part; f.OutstandingMinor == 0 {
			s.paid[p.Card+"/"+f.ID] = paidBy{now, kept}
		}
	}
	if sum > 0 {
		s.credits = append(s.credits, Extra{Card: p.Card, Institution: institution, Kind: Credit, Description: "Credit", AmountMinor: sum})
	}
}
