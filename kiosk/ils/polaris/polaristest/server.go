// Package polaristest is a Polaris with its interface PAPI, for tests, demonstrations and training. It speaks HTTP on a
// real listener or in memory, checks every signature with code of its own, keeps accounts, and misbehaves on order.
//
// What it says is taken from the vendor's PAPI guide for Polaris 8.0: the pages "Polaris API - Overview", "PAPI Protected
// Methods", "AuthenticateStaffUser", "PatronValidate", "PatronBasicDataGet", "PatronAccountGet", "PatronAccountPay",
// "PatronAccountPayAll", "PatronAccountVoid", "SAMobilePhoneCarriersGet" and "Api", with their examples. Where the guide is
// silent the behaviour is a choice: an option of Config, or said where it is made. It is XML only.
//
//   - A body in another order than the guide's is answered with -6. The guide says that the order is significant; what the
//     real one answers is not documented.
//   - A body without Content-Length is answered with HTTP 411.
//   - A charge that is paid already, or a payment above its balance, is answered with -3603.
//   - Payments stand among the reconciled rows, with their note, at once.
package polaristest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"selfpay/kiosk/ils/rest/resttest"
)

// Config is one Polaris.
type Config struct {
	AccessID  string
	AccessKey string
	Algorithm string // "sha1" or "sha256"; empty: "sha1"
	SignBase  string // the address it takes itself to be called by, "https://ils.example.org"; empty: that of the request
	Domain    string
	Login     string
	Password  string

	User         int      // PolarisUserID of the login; 0: 799
	Users        []int    // who else may take money
	Workstations []int    // that are registered
	Decimals     int      // of the currency
	Deny         []string // methods that the key may not call, by the names in Calls
	Patrons      []resttest.Patron
	Cards        map[string]string // other names of patrons, to the barcode: user names
	Secured      []string          // barcodes of patrons whose record is secured

	Secure    bool          // plain HTTP is answered with 403
	Ahead     time.Duration // of its clock
	TokenLife time.Duration // 0: 24 hours
	OneToken  bool          // a login ends the token before it

	LoginCode       int  // a refused login is answered with this code; 0: with HTTP 401
	WorkstationCode int  // 0: -1, as in the guide's examples; or -9000
	UserCode        int  // 0: -8000
	SuccessCode     int  // of a payment, 0 or above
	Unknown401      bool // a patron that does not exist is answered with HTTP 401 instead of -3000
	OtherBarcode    bool // PatronValidate names the barcode as Barcode only, as in the guide's example
	CreditRow       bool // a credit, type 8, stands among the open rows
	TakesTooMuch    bool // bad manners: more than is owed is taken
	NoteLength      int  // notes are cut to this; 0: they are not
	NoNotes         bool // notes are not kept
	HidesPartly     bool // a payment is listed only when its charge is paid in full
	ListsMore       bool // bad manners: payments are listed with one unit more
	KeepsVoided     bool // bad manners: a void is answered well, and nothing is taken back
}

// Server is a Polaris. Make it with New and end it with Close.
type Server struct {
	*resttest.Server
	*resttest.Orders
	*resttest.Accounts
	cfg     Config
	booking sync.Mutex // one payment is booked at a time

	mu          sync.Mutex
	tokens      map[string]*token
	issued      int
	failed      []time.Time // refused logins
	calls       []string
	payments    []payment
	last        int // transaction id
	codes       []int
	expireAtPay bool
	deaf        bool
}

type token struct {
	secret string
	until  time.Time
}

type payment struct {
	id     int
	card   string
	charge string
	minor  int64
	note   string
	kind   string // TransactionTypeID
	voided bool
}

// New makes a Polaris that answers Dial at once.
func New(cfg Config) *Server {
	if cfg.Algorithm == "" {
		cfg.Algorithm = "sha1"
	}
	for _, d := range []struct {
		value *int
		is    int
	}{{&cfg.User, 799}, {&cfg.WorkstationCode, -1}, {&cfg.UserCode, -8000}} {
		if *d.value == 0 {
			*d.value = d.is
		}
	}
	if cfg.TokenLife == 0 {
		cfg.TokenLife = 24 * time.Hour
	}
	s := &Server{cfg: cfg, Orders: resttest.NewOrders(), Accounts: resttest.NewAccounts(cfg.Patrons), tokens: map[string]*token{}, last: 6545}
	s.Server = resttest.NewServer(s.handler())
	return s
}

// Next orders faults by name: those of resttest, "expired" (all staff sessions end now), "expired-at-payment" (they end when
// the next payment arrives) and "slow-database" (the next payment is booked and answered with -9).
func (s *Server) Next(names ...string) error {
	own := map[string]func(){"expired": s.ExpireTokens, "expired-at-payment": s.ExpireAtNextPayment, "slow-database": func() { s.AnswerAfterBooking(-9) }}
	for _, name := range names {
		if do := own[name]; do != nil {
			do()
		} else if err := s.Orders.Next(name); err != nil {
			return fmt.Errorf("%w, nor expired, expired-at-payment, slow-database", err)
		}
	}
	return nil
}

// Close ends all connections and listeners, and gives up what was still to be booked.
func (s *Server) Close() error {
	s.End()
	return s.Server.Close()
}

// Calls are the methods called so far, in order: login, validate, basicdata, outstanding, reconciled, pay, lumpsumpayment,
// void, mobilephonecarriers, api. One that was refused for its signature counts as well.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// ExpireTokens ends all staff sessions, as the server's own job does.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// ExpireAtNextPayment ends all staff sessions when the next payment arrives, before it is looked at.
func (s *Server) ExpireAtNextPayment() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expireAtPay = true
}

// AnswerAfterBooking answers the next payments that are booked with these codes, -9 for one.
func (s *Server) AnswerAfterBooking(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes = append(s.codes, codes...)
}

// Deafen refuses all logins from now on, and ends all sessions.
func (s *Server) Deafen() {
	s.ExpireTokens()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = true
}

// Deny takes the right to a method from the key, by its name in Calls.
func (s *Server) Deny(methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Deny = append(s.cfg.Deny, methods...)
}

// Allow gives it back.
func (s *Server) Allow(methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Deny = slices.DeleteFunc(slices.Clone(s.cfg.Deny), func(m string) bool { return slices.Contains(methods, m) })
}

// Waive lets the library's staff cancel what is outstanding of a charge.
func (s *Server) Waive(card, charge string) error {
	return s.bookFee(card, charge, "6", "waived at the desk", 0, nil)
}

// TakeAtDesk lets the library's staff take the money for a charge.
func (s *Server) TakeAtDesk(card, charge string) error {
	return s.bookFee(card, charge, "2", "paid at the desk", 0, nil)
}

// bookFee takes an amount off a charge, all of it where minor is 0. taken is told of the row.
func (s *Server) bookFee(card, charge, kind, note string, minor int64, taken func(id int)) error {
	return s.Change(card, func(p *resttest.Patron) {
		for i := range p.Fees {
			if f := &p.Fees[i]; f.ID == charge {
				off := minor
				if off == 0 {
					off = f.OutstandingMinor
				}
				f.OutstandingMinor = max(0, f.OutstandingMinor-off)
				id := s.write(payment{card: card, charge: charge, minor: off, note: note, kind: kind})
				if taken != nil {
					taken(id)
				}
			}
		}
	})
}

// write adds a row to the accounts' history and gives its id.
func (s *Server) write(p payment) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	p.id = s.last
	switch n := s.cfg.NoteLength; {
	case s.cfg.NoNotes:
		p.note = ""
	case n > 0 && len(p.note) > n:
		p.note = p.note[:n]
	}
	s.payments = append(s.payments, p)
	return p.id
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	const root = "/PAPIService/REST/"
	const public, protected = root + "public/v1/{language}/{application}/{organisation}/", root + "protected/v1/{language}/{application}/{organisation}/"
	mux.HandleFunc("GET "+public+"api", s.version)
	mux.HandleFunc("POST "+protected+"authenticator/staff", s.login)
	mux.HandleFunc("GET "+protected+"{token}/sysadmin/mobilephonecarriers", s.allowed("mobilephonecarriers", s.carriers))
	mux.HandleFunc("GET "+public+"patron/{barcode}", s.allowed("validate", s.validate))
	mux.HandleFunc("GET "+public+"patron/{barcode}/basicdata", s.allowed("basicdata", s.basicData))
	mux.HandleFunc("GET "+public+"patron/{barcode}/account/outstanding", s.allowed("outstanding", s.outstanding))
	mux.HandleFunc("GET "+public+"patron/{barcode}/account/reconciled", s.allowed("reconciled", s.reconciled))
	mux.HandleFunc("PUT "+protected+"{token}/patron/{barcode}/account/{charge}/pay", s.allowed("pay", s.pay))
	mux.HandleFunc("PUT "+protected+"{token}/patron/{barcode}/account/lumpsumpayment", s.allowed("lumpsumpayment", s.payAll))
	mux.HandleFunc("DELETE "+protected+"{token}/patron/{barcode}/account/{payment}/void/payment", s.allowed("void", s.void))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		switch {
		case s.cfg.Secure && r.TLS == nil:
			http.Error(w, "403 - Forbidden: Access is denied.", http.StatusForbidden)
		case r.ContentLength < 0:
			http.Error(w, "Length Required", http.StatusLengthRequired)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func (s *Server) now() time.Time { return time.Now().Add(s.cfg.Ahead) }

func (s *Server) called(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, name)
}

// allowed lets a call through whose signature is good, whose session lives, and which the key may make.
func (s *Server) allowed(name string, do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.called(name)
		secret, alive := s.secret(r, name)
		if !alive || !s.signed(r, secret) || s.denied(name) {
			unauthorised(w)
			return
		}
		do(w, r)
	}
}

func (s *Server) denied(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.cfg.Deny, name)
}

// secret is what must end the signed text: the staff session's secret, by the token in the path or in the header, else the
// patron's PIN.
func (s *Server) secret(r *http.Request, name string) (string, bool) {
	p, known := s.Find(func(p resttest.Patron) bool { return p.Card == s.barcode(r.PathValue("barcode")) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expireAtPay && (name == "pay" || name == "lumpsumpayment") {
		s.expireAtPay = false
		clear(s.tokens)
	}
	id := r.PathValue("token")
	if id == "" {
		id = r.Header.Get("X-PAPI-AccessToken")
	}
	if id == "" {
		return p.PIN, known
	}
	t := s.tokens[id]
	if t == nil || s.now().After(t.until) {
		return "", false
	}
	return t.secret, true
}

// signed checks the signature of a call.
func (s *Server) signed(r *http.Request, secret string) bool {
	date := r.Header.Get("PolarisDate")
	if date == "" {
		date = r.Header.Get("Date")
	}
	at, err := time.Parse(time.RFC1123, date)
	if err != nil || s.now().Sub(at).Abs() > 30*time.Minute {
		return false
	}
	base := s.cfg.SignBase
	if base == "" {
		base = "http://" + r.Host
		if r.TLS != nil {
			base = "https://" + r.Host
		}
	}
	mac := hmac.New(sha1.New, []byte(s.cfg.AccessKey))
	if s.cfg.Algorithm == "sha256" {
		mac = hmac.New(sha256.New, []byte(s.cfg.AccessKey))
	}
	for _, part := range []string{r.Method, base, r.RequestURI, date, secret} {
		mac.Write([]byte(part))
	}
	want := "PWS " + s.cfg.AccessID + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(r.Header.Get("Authorization")))
}

// unauthorised is the guide's answer to a wrong signature, and to a right that is missing.
func unauthorised(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `PWS realm="Polaris API"`)
	w.WriteHeader(http.StatusUnauthorized)
}

// barcode is the barcode of a card or of a user name.
func (s *Server) barcode(name string) string {
	if barcode, other := s.cfg.Cards[name]; other {
		return barcode
	}
	return name
}

// Lock-out: "If three failed attempts are made in the last five minutes, temporarily lock the account."
const (
	failures  = 3
	lockedFor = 5 * time.Minute
)

// locked says whether the staff user is locked out now.
func (s *Server) locked() bool {
	s.failed = slices.DeleteFunc(s.failed, func(at time.Time) bool { return time.Since(at) > lockedFor })
	return len(s.failed) >= failures
}

// grant notes a login, and makes a session for a good one.
func (s *Server) grant(good bool) (id, secret string, granted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked() {
		return "", "", false
	}
	if !good || s.deaf {
		s.failed = append(s.failed, time.Now())
		return "", "", false
	}
	s.failed = nil
	if s.cfg.OneToken {
		clear(s.tokens)
	}
	s.issued++
	id, secret = fmt.Sprintf("IGYhCPGcutuKmZFcKUystVAkgmi4%04d", s.issued), fmt.Sprintf("B8sD7y0CYOhl%04d", s.issued)
	s.tokens[id] = &token{secret: secret, until: s.now().Add(s.cfg.TokenLife)}
	return id, secret, true
}

// caller checks workstation and user of a change, and gives the code to refuse it with.
func (s *Server) caller(r *http.Request) (code int, words string) {
	station, _ := strconv.Atoi(r.URL.Query().Get("wsid"))
	user, _ := strconv.Atoi(r.URL.Query().Get("userid"))
	switch {
	case !slices.Contains(s.cfg.Workstations, station):
		return s.cfg.WorkstationCode, "Invalid workstation ID."
	case user != s.cfg.User && !slices.Contains(s.cfg.Users, user):
		return s.cfg.UserCode, "Invalid Polaris user."
	}
	return 0, ""
}

// text writes an amount with four decimals, as the guide's examples do.
func (s *Server) text(minor int64) string {
	scale := int64(1)
	for range s.cfg.Decimals {
		scale *= 10
	}
	return fmt.Sprintf("%d.%0*d", minor/scale, s.cfg.Decimals, minor%scale) + strings.Repeat("0", max(0, 4-s.cfg.Decimals))
}
