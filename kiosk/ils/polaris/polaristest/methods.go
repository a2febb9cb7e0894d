package polaristest

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"selfpay/kiosk/ils/rest/resttest"
	"selfpay/sip/acs"
)

const namespace = `xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`

// reply writes an answer: the code, and what else stands in it.
func reply(w http.ResponseWriter, root string, code int, words, rest string) {
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	message := "<ErrorMessage/>"
	if words != "" {
		message = "<ErrorMessage>" + escape(words) + "</ErrorMessage>"
	}
	fmt.Fprintf(w, "<%s %s><PAPIErrorCode>%d</PAPIErrorCode>%s%s</%s>", root, namespace, code, message, rest, root)
}

func escape(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text))
	return b.String()
}

// version needs no authorisation.
func (s *Server) version(w http.ResponseWriter, _ *http.Request) {
	s.called("api")
	reply(w, "ApiResult", 0, "", "<Version>8.0.64721.0</Version><Major>8</Major><Minor>0</Minor><Build>64721</Build><Revision>0</Revision>")
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	s.called("login")
	if !s.signed(r, "") || s.denied("login") {
		unauthorised(w)
		return
	}
	said, err := elements(r.Body, "AuthenticationData", "Domain", "Username", "Password")
	good := err == nil && said[0] == s.cfg.Domain && said[1] == s.cfg.Login && said[2] == s.cfg.Password
	id, secret, granted := s.grant(good)
	switch {
	case !granted && s.cfg.LoginCode != 0:
		reply(w, "AuthenticationResult", s.cfg.LoginCode, "Authentication failed", `<AccessToken i:nil="true"/><AccessSecret i:nil="true"/>`)
	case !granted:
		unauthorised(w)
	default:
		reply(w, "AuthenticationResult", 0, "", fmt.Sprintf("<AccessToken>%s</AccessToken><AccessSecret>%s</AccessSecret><PolarisUserID>%d</PolarisUserID><BranchID>5</BranchID><AuthExpDate>2011-07-26T15:48:39.437</AuthExpDate>", id, secret, s.cfg.User))
	}
}

func (s *Server) carriers(w http.ResponseWriter, _ *http.Request) {
	reply(w, "SAMobilePhoneCarriersGetResult", 1, "", "<SAMobilePhoneCarriersGetRows><SAMobilePhoneCarriersGetRow><CarrierID>1</CarrierID><CarrierName>AT&amp;T</CarrierName>"+
		"<Email2SMSEmailAddress>@txt.att.net</Email2SMSEmailAddress><NumberOfDigits>10</NumberOfDigits><Display>true</Display></SAMobilePhoneCarriersGetRow></SAMobilePhoneCarriersGetRows>")
}

// patron finds whom a call is about, and answers it where there is nobody.
func (s *Server) patron(w http.ResponseWriter, r *http.Request, root string, byName bool) (resttest.Patron, bool) {
	name := r.PathValue("barcode")
	if byName {
		name = s.barcode(name)
	}
	p, known := s.Find(func(p resttest.Patron) bool { return p.Card == name })
	switch {
	case !known && s.cfg.Unknown401:
		unauthorised(w)
	case !known:
		reply(w, root, -3000, "Patron does not exist", "")
	case slices.Contains(s.cfg.Secured, name):
		reply(w, root, -3621, "Patron record is secured", "")
		known = false
	}
	return p, known
}

func (s *Server) validate(w http.ResponseWriter, r *http.Request) {
	p, known := s.patron(w, r, "PatronValidateResult", true)
	if !known {
		return
	}
	second := "<PatronCodeID>1</PatronCodeID><PatronBarcode>" + escape(p.Card) + "</PatronBarcode>"
	if s.cfg.OtherBarcode {
		second = ""
	}
	reply(w, "PatronValidateResult", 0, "", fmt.Sprintf("<Barcode>%s</Barcode><ValidPatron>true</ValidPatron><PatronID>%s</PatronID>%s<AssignedBranchID>90</AssignedBranchID>"+
		"<AssignedBranchName>Saratoga Springs Public Library</AssignedBranchName><ExpirationDate>2030-04-08T00:00:00</ExpirationDate>", escape(p.Card), escape(p.Number), second))
}

func (s *Server) basicData(w http.ResponseWriter, r *http.Request) {
	p, known := s.patron(w, r, "PatronBasicDataGetResult", false)
	if !known {
		return
	}
	first, last, _ := strings.Cut(p.Name, " ")
	blocks := `<PatronSystemBlocks i:nil="true"/>`
	if p.Blocked {
		blocks = "<PatronSystemBlocks><PatronSystemBlock><BlockID>1024</BlockID><BlockDescription>Patron account has been submitted to collection agency: Amsterdam</BlockDescription></PatronSystemBlock></PatronSystemBlocks>"
	}
	reply(w, "PatronBasicDataGetResult", 0, "", fmt.Sprintf(`<PatronBasicData><PatronID>%s</PatronID><Barcode>%s</Barcode><NameFirst>%s</NameFirst><NameLast>%s</NameLast><NameMiddle i:nil="true"/>`+
		`<ChargeBalance>%s</ChargeBalance><CreditBalance>1.0000</CreditBalance><DepositBalance>0.0000</DepositBalance><BirthDate i:nil="true"/>%s</PatronBasicData>`,
		escape(p.Number), escape(p.Card), escape(first), escape(last), s.text(p.Owed()), blocks))
}

const accountRoot = "PatronAccountGetResult"

// row is one row of an account, with the elements in the order of the guide's example.
func (s *Server) row(id, kind, words, fee string, minor, open int64, note string) string {
	return fmt.Sprintf("<PatronAccountGetRow><TransactionID>%s</TransactionID><TransactionDate>2026-09-09T17:18:31</TransactionDate><BranchID>3</BranchID><BranchName>Amsterdam Free Library</BranchName>"+
		"<TransactionTypeID>%s</TransactionTypeID><TransactionTypeDescription>%s</TransactionTypeDescription><FeeDescription>%s</FeeDescription><TransactionAmount>%s</TransactionAmount>"+
		"<OutstandingAmount>%s</OutstandingAmount><FreeTextNote>%s</FreeTextNote><ItemID>0</ItemID><Barcode/><BibID>0</BibID><FormatID>0</FormatID><FormatDescription/><Title/><Author/><CallNumber/>"+
		"<CheckOutDate>0001-01-01T00:00:00</CheckOutDate><DueDate>0001-01-01T00:00:00</DueDate></PatronAccountGetRow>", escape(id), kind, words, escape(fee), s.text(minor), s.text(open), escape(note))
}

func (s *Server) outstanding(w http.ResponseWriter, r *http.Request) {
	s.WaitIfHeld(r)
	p, known := s.patron(w, r, accountRoot, false)
	if !known {
		return
	}
	var rows []string
	for _, f := range p.Fees {
		if f.OutstandingMinor > 0 {
			rows = append(rows, s.row(f.ID, "1", "Charge", f.Description, f.AmountMinor, f.OutstandingMinor, ""))
		}
	}
	if s.cfg.CreditRow {
		rows = append(rows, s.row("999", "8", "Credit from Deposit/Pay", "", 100, 100, ""))
	}
	list(w, rows)
}

func (s *Server) reconciled(w http.ResponseWriter, r *http.Request) {
	p, known := s.patron(w, r, accountRoot, false)
	if !known {
		return
	}
	var rows []string
	closed := map[string]bool{}
	for _, f := range p.Fees {
		if closed[f.ID] = f.OutstandingMinor == 0; closed[f.ID] {
			rows = append(rows, s.row(f.ID, "1", "Charge", f.Description, f.AmountMinor, 0, ""))
		}
	}
	words := map[string]string{"2": "Payment for a Charge", "6": "Waive Existing Charge"}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, done := range s.payments {
		if done.card != p.Card || done.voided || s.cfg.HidesPartly && !closed[done.charge] {
			continue
		}
		if s.cfg.ListsMore {
			done.minor++
		}
		rows = append(rows, s.row(strconv.Itoa(done.id), done.kind, words[done.kind], "", done.minor, 0, done.note))
	}
	list(w, rows)
}

func list(w http.ResponseWriter, rows []string) {
	if len(rows) == 0 {
		reply(w, accountRoot, 0, "", `<PatronAccountGetRows i:nil="true"/>`)
		return
	}
	reply(w, accountRoot, len(rows), "", "<PatronAccountGetRows>"+strings.Join(rows, "")+"</PatronAccountGetRows>")
}

const payRoot = "PatronAccountPayResult"

// order is a payment as it was asked for.
type order struct {
	card  string
	minor int64
	note  string
}

// order reads a payment. code is what to refuse it with.
func (s *Server) order(r *http.Request, p resttest.Patron) (o order, code int, words string) {
	if code, words := s.caller(r); code != 0 {
		return o, code, words
	}
	said, err := elements(r.Body, "PatronAccountPayData", "TxnAmount", "PaymentMethodID", "FreeTextNote")
	if err != nil {
		return o, -6, "Invalid parameter"
	}
	minor, good := s.minor(said[0])
	if !good {
		return o, -3603, "Invalid transaction amount"
	}
	if !slices.Contains([]string{"11", "12", "13", "14", "15", "17"}, said[1]) {
		return o, -3602, "Invalid payment method"
	}
	return order{card: p.Card, minor: minor, note: said[2]}, 0, ""
}

// minor reads an amount above zero in minor units.
func (s *Server) minor(text string) (int64, bool) {
	value, good := new(big.Rat).SetString(text)
	if !good || strings.ContainsAny(text, "/eE") || len(text) > 20 {
		return 0, false
	}
	for range s.cfg.Decimals {
		value.Mul(value, big.NewRat(10, 1))
	}
	return value.Num().Int64(), value.IsInt() && value.Sign() > 0 && value.Num().IsInt64()
}

func (s *Server) pay(w http.ResponseWriter, r *http.Request) {
	p, known := s.patron(w, r, payRoot, false)
	if !known {
		return
	}
	o, code, words := s.order(r, p)
	if code != 0 {
		refusePay(w, code, words)
		return
	}
	charge, id := r.PathValue("charge"), 0
	s.Pay(w, r, resttest.Payment{
		Book: func() bool {
			code, id = s.bookCharge(o, charge)
			return code == 0
		},
		Answer: func(w http.ResponseWriter, booked bool) {
			if !booked {
				refusePay(w, code, "The charge cannot be paid")
				return
			}
			s.accept(w, fmt.Sprintf("<PayTxnID>%d</PayTxnID>", id))
		},
		Refuse:  func(w http.ResponseWriter) { refusePay(w, -11, "Validation failed") },
		Foreign: anotherAnswer,
	})
}

// anotherAnswer is a well answer to another question: an account with nothing outstanding.
func anotherAnswer(w http.ResponseWriter) { reply(w, accountRoot, 0, "", "<PatronAccountGetRows/>") }

// bookCharge books a payment on one charge.
func (s *Server) bookCharge(o order, charge string) (code, id int) {
	s.booking.Lock()
	defer s.booking.Unlock()
	p, _ := s.Find(func(p resttest.Patron) bool { return p.Card == o.card })
	at := slices.IndexFunc(p.Fees, func(f resttest.Fee) bool { return f.ID == charge })
	if at < 0 {
		_, other := s.Find(func(p resttest.Patron) bool {
			return slices.ContainsFunc(p.Fees, func(f resttest.Fee) bool { return f.ID == charge })
		})
		if other {
			return -3601, 0
		}
		return -3600, 0
	}
	if o.minor > p.Fees[at].OutstandingMinor && !s.cfg.TakesTooMuch {
		return -3603, 0
	}
	s.bookFee(o.card, charge, "2", o.note, o.minor, func(n int) { id = n })
	s.Posted(acs.Posting{Reference: firstWord(o.note), Card: o.card, Fee: charge, AmountMinor: o.minor})
	return 0, id
}

func (s *Server) payAll(w http.ResponseWriter, r *http.Request) {
	p, known := s.patron(w, r, payRoot, false)
	if !known {
		return
	}
	o, code, words := s.order(r, p)
	if code == 0 && o.note == "" {
		code, words = -6, "Invalid parameter"
	}
	if code != 0 {
		reply(w, payRoot, code, words, "")
		return
	}
	s.Pay(w, r, resttest.Payment{
		Book: func() bool { return s.bookAll(o) },
		Answer: func(w http.ResponseWriter, booked bool) {
			if !booked {
				reply(w, payRoot, -3610, "Payment amount is greater than the charges", "")
				return
			}
			s.accept(w, "")
		},
		Refuse:  func(w http.ResponseWriter) { reply(w, payRoot, -11, "Validation failed", "") },
		Foreign: anotherAnswer,
	})
}

// bookAll books a lump on the charges, oldest first: one row for each.
func (s *Server) bookAll(o order) bool {
	s.booking.Lock()
	defer s.booking.Unlock()
	p, _ := s.Find(func(p resttest.Patron) bool { return p.Card == o.card })
	if o.minor > p.Owed() && !s.cfg.TakesTooMuch {
		return false
	}
	left := o.minor
	for _, f := range p.Fees {
		if part := min(left, f.OutstandingMinor); part > 0 {
			s.bookFee(o.card, f.ID, "2", o.note, part, nil)
			left -= part
		}
	}
	s.Posted(acs.Posting{Reference: firstWord(o.note), Card: o.card, AmountMinor: o.minor})
	return true
}

// accept answers a payment that is booked.
func (s *Server) accept(w http.ResponseWriter, rest string) {
	s.mu.Lock()
	code, words := s.cfg.SuccessCode, ""
	if len(s.codes) > 0 {
		code, words, s.codes = s.codes[0], "ordered", s.codes[1:]
	}
	s.mu.Unlock()
	reply(w, payRoot, code, words, rest)
}

func refusePay(w http.ResponseWriter, code int, words string) {
	reply(w, payRoot, code, words, "<PayTxnID>0</PayTxnID>")
}

func (s *Server) void(w http.ResponseWriter, r *http.Request) {
	const root = "PatronAccountVoidPaymentResult"
	p, known := s.patron(w, r, root, false)
	if !known {
		return
	}
	if code, words := s.caller(r); code != 0 {
		reply(w, root, code, words, "")
		return
	}
	if code := s.unbook(p.Card, r.PathValue("payment")); code != 0 {
		reply(w, root, code, "The payment cannot be voided", "")
		return
	}
	reply(w, root, 0, "", "")
}

// unbook takes a payment back. code is what to refuse it with.
func (s *Server) unbook(card, id string) (code int) {
	s.mu.Lock()
	at := slices.IndexFunc(s.payments, func(p payment) bool { return strconv.Itoa(p.id) == id && p.kind == "2" })
	if at < 0 {
		s.mu.Unlock()
		return -3606
	}
	done := &s.payments[at]
	switch {
	case done.card != card:
		code = -3607
	case done.voided:
		code = -3608
	}
	if code != 0 || s.cfg.KeepsVoided {
		s.mu.Unlock()
		return code
	}
	done.voided = true
	charge, minor := done.charge, done.minor
	s.mu.Unlock()
	s.Change(card, func(p *resttest.Patron) {
		for i := range p.Fees {
			if p.Fees[i].ID == charge {
				p.Fees[i].OutstandingMinor = min(p.Fees[i].OutstandingMinor+minor, p.Fees[i].AmountMinor)
			}
		}
	})
	return 0
}

func firstWord(note string) string {
	word, _, _ := strings.Cut(note, " ")
	return word
}

// elements reads a body that is root with these children, in this order and no others.
func elements(body io.Reader, root string, names ...string) ([]string, error) {
	d := xml.NewDecoder(io.LimitReader(body, 64<<10))
	var values []string
	depth := 0
	for {
		t, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) && len(values) == len(names) && depth == 0 {
				return values, nil
			}
			return nil, errors.New("polaristest: the body is not as the guide has it")
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 && t.Name.Local != root || depth == 1 && (len(values) >= len(names) || t.Name.Local != names[len(values)]) || depth > 1 {
				return nil, errors.New("polaristest: the body's elements are in another order, or others")
			}
			if depth++; depth == 2 {
				values = append(values, "")
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 2 {
				values[len(values)-1] += string(t)
			}
		}
	}
}
